//! Rows of Plaso's timelines (Timesketch): an event of a Windows log as a message, its values in
//! their order. The log is that of the provider.
//!
//! Source: Plaso, output modules `dynamic` and `json_line`, and its formatter of
//! `windows:evtx:record`: `[4688 / 0x1250] Source Name: … Strings: ['…', '…'] Computer Name: …`.

use super::Found;
use super::parts::{Parts, text, time};
use super::viewer;
use serde_json::{Map, Value};

pub(super) fn read(event: Map<String, Value>) -> Option<Found> {
    let get = |key: &str| event.get(key).unwrap_or(&Value::Null);
    let message = text(get("message"));
    let (id, rest) = message.strip_prefix('[')?.split_once(" / 0x")?;
    let (_, rest) = rest.split_once(']')?;
    let part = |name: &str, next: &[&str]| {
        let (_, value) = rest.split_once(name)?;
        let end = next.iter().filter_map(|next| value.find(next)).min().unwrap_or(value.len());
        value.get(..end).map(|value| value.trim().to_owned())
    };
    let after = ["Message string: ", "Strings: ", "Computer Name: "];
    let provider = part("Source Name: ", &after)?;
    let tail = ["Record Number: ", "Event Level: "];
    // A string may hold what heads the next part: the last of these is it.
    let strings = rest.split_once("Strings: [").and_then(|(_, list)| {
        let end = list.rfind("] Computer Name: ").or_else(|| list.rfind(']'))?;
        list.get(..end)
    });
    let computer = rest.rsplit_once("Computer Name: ").map_or("", |(_, value)| value);
    let end = tail.iter().filter_map(|next| computer.find(next)).min().unwrap_or(computer.len());
    Found::parts(Parts {
        channel: viewer::channel(&provider, id),
        id: id.to_owned(),
        level: part("Event Level: ", &[]).unwrap_or_default(),
        record: part("Record Number: ", &["Event Level: "]).unwrap_or_default(),
        time: time(get("datetime")),
        computer: computer.get(..end).unwrap_or_default().trim().to_owned(),
        values: strings.map(listed).unwrap_or_default(),
        provider,
        ..Parts::default()
    })
}

/// The texts of a list as Python writes it, with commas or blanks between.
fn listed(list: &str) -> Vec<Value> {
    let mut out = Vec::new();
    let mut letters = list.chars();
    while let Some(quote) = letters.find(|c| matches!(c, '\'' | '"')) {
        let mut value = String::new();
        while let Some(c) = letters.next() {
            match c {
                c if c == quote => break,
                '\\' => match letters.next() {
                    Some('n') => value.push('\n'),
                    Some('r') => value.push('\r'),
                    Some('t') => value.push('\t'),
                    Some(c) if matches!(c, '\\' | '\'' | '"') => value.push(c),
                    other => {
                        value.push('\\');
                        value.extend(other);
                    }
                },
                c => value.push(c),
            }
        }
        out.push(Value::from(value));
    }
    out
}
