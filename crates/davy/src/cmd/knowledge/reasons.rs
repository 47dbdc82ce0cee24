//! Why a listed field is not there, or has another value than the example says, as far as the
//! example tells.

use std::collections::BTreeMap;

/// How much of an event an example holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Holds {
    Whole,
    /// It ends in the middle.
    Cut,
    /// Of a text of several lines only the first is left, a date.
    Date,
    Nothing,
}

pub(super) fn holds(log: &str) -> Holds {
    match log.trim() {
        "" => Holds::Nothing,
        log if davy_exec::whole(log) => Holds::Whole,
        log if log.starts_with(['<', '{']) => Holds::Cut,
        _ => Holds::Date,
    }
}

/// An example and what it says of itself.
pub(super) struct Example<'a> {
    pub(super) log: &'a str,
    pub(super) source: &'a str,
    pub(super) holds: Holds,
    pub(super) stated: &'a BTreeMap<String, Vec<String>>,
}

/// Why a field is not there.
pub(super) fn missing(field: &str, of: &Example<'_>) -> String {
    let said = |name: &str| of.stated.get(name);
    let spaced = field.replace('_', " ");
    let one = |name: &str| said(name).and_then(|v| v.first()).map_or("", String::as_str);
    match of.holds {
        Holds::Cut => return "the example ends before it".to_owned(),
        Holds::Date => return "the example is a date and nothing else".to_owned(),
        Holds::Nothing => return "the example is empty".to_owned(),
        Holds::Whole => {}
    }
    if !one("Channel").is_empty() && !of.source.contains(one("Channel")) {
        let (channel, code) = (one("Channel"), one("EventCode"));
        return format!("the example is of another log: event {code} of {channel}");
    }
    if said(field).or_else(|| said(&spaced)).is_some_and(|v| v.iter().all(String::is_empty)) {
        return "empty in the example, and an empty value is no field (transforms.conf, \
                KEEP_EMPTY_VALS)"
            .to_owned();
    }
    if let Some(name) = field.strip_prefix("tag::") {
        return format!("no tag belongs to the value of `{name}` in this event");
    }
    match field {
        "tag" | "eventtype" => "no event type is for events like this one".to_owned(),
        "splunk_server_group" => "a property of a Splunk cluster".to_owned(),
        "timestamp" => "made where a Splunk server indexes structured data".to_owned(),
        _ if field.starts_with("aid_") => {
            "from the vendor's table of hosts, which a Splunk server collects".to_owned()
        }
        "user" | "src" | "src_ip" | "process_path" if of.log.contains("'>-</Data>") => {
            "the example has `-` where it would stand".to_owned()
        }
        _ if of.log.starts_with('{') && field.contains(['.', '{']) => {
            "the example has no such path; the list is of several events".to_owned()
        }
        _ => "nothing in the example gives it; the list is of several events".to_owned(),
    }
}

/// Whether a value is what the example says: the same texts, or the same number.
pub(super) fn same(got: &[String], said: &[String]) -> bool {
    let number = |text: &str| text.parse::<f64>().ok();
    got.len() == said.len()
        && got.iter().zip(said).all(|(a, b)| {
            a.trim() == b.trim() || matches!((number(a), number(b)), (Some(x), Some(y)) if x == y)
        })
}
