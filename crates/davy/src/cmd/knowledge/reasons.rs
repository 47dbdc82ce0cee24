//! Why a listed field is not there, or has another value than the example says, as far as the
//! example tells.

use std::collections::BTreeMap;

/// How much of an event of its source an example holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Holds {
    Whole,
    /// It ends in the middle.
    Cut,
    /// Of a text of several lines only the first is left, a date.
    Date,
    Nothing,
    /// The event is of another log than the source.
    Other,
}

impl Holds {
    /// Those that are not whole, in the order in which they are told.
    pub(super) const PARTS: [Holds; 4] = [Holds::Cut, Holds::Date, Holds::Nothing, Holds::Other];

    /// What such an example is; nothing of a whole one.
    pub(super) fn named(self) -> &'static str {
        match self {
            Holds::Whole => "",
            Holds::Cut => "ends in the middle",
            Holds::Date => "a date only",
            Holds::Nothing => "empty",
            Holds::Other => "of another log",
        }
    }

    /// The rule by which an example is one of these.
    pub(super) fn rule(self) -> &'static str {
        match self {
            Holds::Whole => "",
            Holds::Cut => {
                "An example that ends in the middle of its event: it begins with `<` or `{` and \
                 does not end with `</Event>` or `}`"
            }
            Holds::Date => {
                "One that holds no event: of a text of several lines only the first is there, a \
                 date of at most 30 letters"
            }
            Holds::Nothing => "One that is empty",
            Holds::Other => {
                "One that is another source's: it names a `Channel` that is not in the `source` \
                 for which it stands"
            }
        }
    }
}

/// What an example is, of what it says of itself.
pub(super) fn holds(log: &str, source: &str, said: &BTreeMap<String, Vec<String>>) -> Holds {
    let channel = said.get("Channel").and_then(|v| v.first()).filter(|c| !c.is_empty());
    match log.trim() {
        "" => Holds::Nothing,
        log if !davy_exec::whole(log) && log.starts_with(['<', '{']) => Holds::Cut,
        log if !davy_exec::whole(log) => Holds::Date,
        _ if channel.is_some_and(|channel| !source.contains(channel.as_str())) => Holds::Other,
        _ => Holds::Whole,
    }
}

/// An example and what it says of itself.
pub(super) struct Example<'a> {
    pub(super) log: &'a str,
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
        Holds::Other => {
            let (channel, code) = (one("Channel"), one("EventCode"));
            return format!("the example is of another log: event {code} of {channel}");
        }
        Holds::Whole => {}
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
