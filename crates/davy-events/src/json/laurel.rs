//! Records of Linux's audit system that LAUREL put into one object, as the lines that auditd writes.
//!
//! Source: laurel(8), "Output": `ID`, and a member for each record, a list where there may be several;
//! arguments in `ARGV`, numbers as `0x…` and `0o…`, names of ids in capitals.

use super::parse::Flat;
use serde_json::{Map, Value};
use std::fmt::Write;

/// What auditd writes in quotes.
const QUOTED: [&str; 9] = ["comm", "exe", "name", "cwd", "key", "acct", "proctitle", "cmd", "unit"];

/// The lines, and the node that they come from; nothing if the object is no such event.
pub(super) fn lines(flat: &Flat, raw: &str) -> Option<(Vec<String>, Option<String>)> {
    let id = flat.get("ID")?;
    let (time, number) = id.split_once(':')?;
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    (time.split('.').all(digits) && digits(number)).then_some(())?;
    let event: Map<String, Value> = serde_json::from_str(raw).ok()?;
    let is_record = |name: &str| {
        name.len() > 2
            && name.bytes().all(|b| b.is_ascii_uppercase() || b == b'_' || b.is_ascii_digit())
    };
    let mut lines = Vec::new();
    // The call comes first, as auditd has it.
    let call = event.get_key_value("SYSCALL");
    let others = event.iter().filter(|(name, _)| *name != "SYSCALL");
    for (name, value) in call.into_iter().chain(others).filter(|(name, _)| is_record(name)) {
        let records = match value {
            Value::Array(list) => list.as_slice(),
            one => std::slice::from_ref(one),
        };
        for record in records.iter().filter_map(Value::as_object) {
            lines.push(line(name, id, record));
        }
    }
    (!lines.is_empty()).then(|| (lines, flat.get("NODE").map(str::to_owned)))
}

fn line(kind: &str, id: &str, record: &Map<String, Value>) -> String {
    let mut out = format!("type={kind} msg=audit({id}):");
    let arguments = record.get("ARGV").and_then(Value::as_array);
    let arguments: Vec<&str> = arguments.into_iter().flatten().filter_map(Value::as_str).collect();
    match kind {
        "PROCTITLE" if !arguments.is_empty() => {
            pair(&mut out, "proctitle", &arguments.join(" "), true)
        }
        _ => {
            for (at, argument) in arguments.iter().enumerate() {
                pair(&mut out, &format!("a{at}"), argument, true);
            }
        }
    }
    let is_name = |name: &str| name.bytes().all(|b| b.is_ascii_uppercase() || b == b'_');
    let mut names = String::new();
    for (name, value) in record.iter().filter(|(name, _)| *name != "ARGV") {
        let named = is_name(name);
        let to = if named { &mut names } else { &mut out };
        let quoted =
            QUOTED.contains(&name.as_str()) || named && name != "ARCH" && name != "SYSCALL";
        match value {
            Value::Null => pair(to, name, "(null)", false),
            Value::String(text) if quoted => pair(to, name, text, true),
            Value::String(text) => pair(to, name, number(text).unwrap_or(text), false),
            Value::Number(number) => pair(to, name, &number.to_string(), false),
            // What LAUREL adds of other processes.
            _ => {}
        }
    }
    if !names.is_empty() {
        out.push('\u{1d}');
        out.push_str(names.trim_start());
    }
    out
}

/// As auditd writes numbers of other bases.
fn number(text: &str) -> Option<&str> {
    match text.as_bytes() {
        [b'0', b'x', rest @ ..] if rest.iter().all(u8::is_ascii_hexdigit) => text.get(2..),
        _ => None,
    }
}

fn pair(out: &mut String, name: &str, value: &str, quoted: bool) {
    // Writing to a text cannot fail.
    let _ = match (value.strip_prefix("0o"), quoted || value.contains(' ')) {
        (Some(octal), false) => write!(out, " {name}=0{octal}"),
        (_, false) => write!(out, " {name}={value}"),
        _ if !value.contains('"') => write!(out, " {name}=\"{value}\""),
        _ if !value.contains('\'') => write!(out, " {name}='{value}'"),
        _ => write!(out, " {name}=\"{}\"", value.replace('"', "\\\"")),
    };
}
