//! What an example says of itself, read plainly and by none of the decoders, so that what they
//! give can be held against it.

use serde_json::Value;
use std::collections::BTreeMap;

/// Names and the values that the text gives them, in the order in which they stand. Only names
/// whose values need no knowledge of the source are in it.
pub fn stated(text: &str) -> BTreeMap<String, Vec<String>> {
    let text = text.trim();
    let mut out = BTreeMap::new();
    match text.as_bytes().first() {
        Some(b'{') => {
            if let Ok(value) = serde_json::from_str::<Value>(text) {
                flatten(&value, String::new(), &mut out);
            }
        }
        Some(b'<') if text.starts_with("<Event") => xml(text, &mut out),
        Some(b'<') => {}
        Some(_) if text.contains("\nLogName=") => header(text, &mut out),
        _ => pairs(text, &mut out),
    }
    // What the caller says of these stands before what the event does.
    for metadata in ["host", "index", "source", "sourcetype"] {
        out.remove(metadata);
    }
    out
}

fn add(out: &mut BTreeMap<String, Vec<String>>, name: &str, value: String) {
    out.entry(name.to_owned()).or_default().push(value);
}

/// `a.b{}.c`, as Splunk's KV_MODE=json names what stands in objects and arrays.
fn flatten(value: &Value, path: String, out: &mut BTreeMap<String, Vec<String>>) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                let dot = if path.is_empty() { "" } else { "." };
                flatten(value, format!("{path}{dot}{name}"), out);
            }
        }
        Value::Array(items) => items.iter().for_each(|v| flatten(v, format!("{path}{{}}"), out)),
        Value::String(text) => add(out, &path, text.clone()),
        other => add(out, &path, other.to_string()),
    }
}

/// The text between two others, from `at` on, and where it ends.
fn between<'t>(text: &'t str, open: &str, close: &str) -> Option<&'t str> {
    let (_, rest) = text.split_once(open)?;
    rest.split_once(close).map(|(found, _)| found)
}

fn attribute<'t>(text: &'t str, element: &str, name: &str) -> Option<&'t str> {
    let (_, rest) = text.split_once(&format!("<{element} "))?;
    let (tag, _) = rest.split_once('>')?;
    let (_, value) = format_split(tag, name)?;
    let quote = value.chars().next()?;
    value.get(1..)?.split_once(quote).map(|(value, _)| value)
}

/// What stands before and after `NAME=`, as a word of its own.
fn format_split<'t>(tag: &'t str, name: &str) -> Option<(&'t str, &'t str)> {
    let wanted = format!("{name}=");
    let at = tag.match_indices(&wanted).map(|(at, _)| at).find(|at| {
        let before = tag.get(..*at).unwrap_or_default();
        before.is_empty() || before.ends_with(char::is_whitespace)
    })?;
    Some((tag.get(..at)?, tag.get(at + wanted.len()..)?))
}

/// Windows events: the elements and attributes of `System`, and named `Data`. Entities stay as they
/// are written: published detections look for `&gt;` in these fields.
fn xml(text: &str, out: &mut BTreeMap<String, Vec<String>>) {
    let system = between(text, "<System>", "</System>").unwrap_or_default();
    for name in ["Version", "Level", "Task", "Opcode", "Keywords", "Channel", "Computer"] {
        if let Some(value) = between(system, &format!("<{name}>"), &format!("</{name}>")) {
            add(out, name, value.to_owned());
        }
    }
    let id = system.split_once("<EventID").and_then(|(_, rest)| between(rest, ">", "<"));
    for name in ["EventID", "EventCode", "signature_id"] {
        id.iter().for_each(|id| add(out, name, (*id).to_owned()));
    }
    let record = between(system, "<EventRecordID>", "<");
    for name in ["EventRecordID", "RecordNumber"] {
        record.iter().for_each(|record| add(out, name, (*record).to_owned()));
    }
    for (element, name, field) in [
        ("Provider", "Name", "Name"),
        ("Provider", "Guid", "Guid"),
        ("TimeCreated", "SystemTime", "SystemTime"),
        ("Execution", "ProcessID", "ProcessID"),
        ("Execution", "ThreadID", "ThreadID"),
        ("Security", "UserID", "UserID"),
        ("Correlation", "ActivityID", "ActivityID"),
    ] {
        if let Some(value) = attribute(system, element, name) {
            add(out, field, value.to_owned());
        }
    }
    let mut rest = text;
    while let Some((_, after)) = rest.split_once("<Data ") {
        rest = after;
        let Some((tag, body)) = after.split_once('>') else { return };
        let Some((_, name)) = format_split(tag, "Name") else { continue };
        let name = name.trim_matches(['\'', '"', '/']);
        let value = match tag.ends_with('/') {
            true => "",
            false => body.split_once("</Data>").map_or("", |(value, _)| value),
        };
        out.retain(|known, _| known != name || !system.contains(&format!("<{name}>")));
        add(out, name, value.to_owned());
    }
}

/// The lines of classic Windows text before its message.
fn header(text: &str, out: &mut BTreeMap<String, Vec<String>>) {
    for line in text.lines().skip(1) {
        match line.split_once('=') {
            Some(("Message", _)) | None => return,
            Some((name, value)) => add(out, name.trim(), value.trim().to_owned()),
        }
    }
}

/// `name="value"`, and `name=value` up to a blank; a name that stands twice says nothing.
fn pairs(text: &str, out: &mut BTreeMap<String, Vec<String>>) {
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('=') {
        let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let start = before.rfind(|c| !word(c)).map_or(0, |at| at + 1);
        let name = before.get(start..).unwrap_or_default();
        let (value, next) = match after.strip_prefix('"') {
            Some(body) => body.split_once('"').unwrap_or((body, "")),
            None => after.split_once(char::is_whitespace).unwrap_or((after, "")),
        };
        // Bare values with other signs in them, or behind them, may end elsewhere.
        let bare = value.trim_end_matches(',');
        let plain = |c: char| c.is_ascii_alphanumeric() || "_./:@-".contains(c);
        if !name.is_empty() && (after.starts_with('"') || bare.chars().all(plain)) {
            add(out, name, bare.to_owned());
        }
        rest = match value.starts_with('\'') {
            true => after,
            false => next,
        };
    }
    out.retain(|_, values| values.len() == 1);
}

#[cfg(test)]
mod tests {
    use super::stated;

    fn of(text: &str, name: &str) -> Vec<String> {
        stated(text).remove(name).unwrap_or_default()
    }

    #[test]
    fn each_form_says_its_fields() {
        assert_eq!(of(r#"{"a":[{"b":1},{"b":"x"}]}"#, "a{}.b"), ["1", "x"]);
        let xml = "<Event><System><Provider Name='P' Guid='{1}'/><EventID Qualifiers='1'>7</EventID>\
                   </System><EventData><Data Name='a b'>1 &lt; 2</Data><Data Name='c'/></EventData></Event>";
        assert_eq!((of(xml, "Name"), of(xml, "EventCode")), (vec!["P".into()], vec!["7".into()]));
        assert_eq!((of(xml, "a b"), of(xml, "c")), (vec!["1 &lt; 2".into()], vec![String::new()]));
        assert_eq!(of("05/04/2026 09:12:33 AM\nLogName=X\nMessage=a=b", "LogName"), ["X"]);
        let line = r#"type=A msg='op=x acct="y" res=ok' exe="/a b" n=1 n=2"#;
        assert_eq!((of(line, "exe"), of(line, "acct")), (vec!["/a b".into()], vec!["y".into()]));
        assert!(of(line, "n").is_empty());
    }
}
