//! What the Event Viewer saves as CSV: the columns of its list, the message behind them without a
//! name. It names neither the log nor the computer; the log is that of the provider. And what
//! `wevtutil` prints as text: `Name: value` lines, and the message below `Description:`.
//!
//! Source: Event Viewer, "Save All Events As", CSV; the channels that Windows' providers write to;
//! `wevtutil query-events`, format `text`.

use super::parts::{Parts, level, text, time};
use super::{Found, parts::SYSMON};
use serde_json::{Map, Value};

/// The name under which a table's column of messages is given, since the table names none.
pub(crate) const MESSAGE: &str = "Message";

/// The columns, in English; before them stands `Level`, or `Keywords` of the Security log.
pub(crate) const COLUMNS: [&str; 4] = ["Date and Time", "Source", "Event ID", "Task Category"];

pub(super) fn read(event: Map<String, Value>) -> Option<Found> {
    let get = |key: &str| event.get(key).unwrap_or(&Value::Null);
    let provider = text(get("Source"));
    let words = text(get("Keywords"));
    let channel = channel(&provider, &text(get("Event ID")));
    Found::parts(Parts {
        level: level(&channel, get("Level")),
        id: text(get("Event ID")),
        time: time(get("Date and Time")),
        computer: "unknown".to_owned(),
        message: text(get(MESSAGE)),
        keywords: super::parts::audit(&words).to_owned(),
        provider,
        channel,
        ..Parts::default()
    })
}

/// How an event begins that `wevtutil` printed: `Event[0]:`, alone on a line.
pub(crate) fn is_listed(line: &[u8]) -> bool {
    let number = line.trim_ascii_end().strip_prefix(b"Event[");
    let number = number.and_then(|rest| rest.strip_suffix(b"]:").or(rest.strip_suffix(b"]")));
    number.is_some_and(|number| !number.is_empty() && number.iter().all(u8::is_ascii_digit))
}

/// The XML of such an event.
pub(crate) fn listed(block: &str) -> Option<String> {
    let (head, message) = block.split_once("Description:").unwrap_or((block, ""));
    let get = |name: &str| {
        let mut lines = head.lines().filter_map(|line| line.trim().split_once(':'));
        let found = lines.find(|(known, _)| known.trim() == name);
        Value::from(found.map_or("", |(_, value)| value.trim()))
    };
    let channel = text(&get("Log Name"));
    Parts {
        provider: text(&get("Source")),
        level: level(&channel, &get("Level")),
        id: text(&get("Event ID")),
        keywords: super::parts::audit(&text(&get("Keyword"))).to_owned(),
        time: time(&get("Date")),
        computer: text(&get("Computer")),
        message: message.trim().to_owned(),
        channel,
        ..Parts::default()
    }
    .into_xml()
}

/// The log that a provider writes to.
pub(super) fn channel(provider: &str, id: &str) -> String {
    match (provider, id) {
        ("Microsoft-Windows-Sysmon", _) => SYSMON.to_owned(),
        ("Microsoft-Windows-Security-Auditing", _)
        | ("Microsoft-Windows-Eventlog", "1100" | "1102") => "Security".to_owned(),
        ("PowerShell", _) => "Windows PowerShell".to_owned(),
        (
            "Service Control Manager"
            | "Microsoft-Windows-Eventlog"
            | "EventLog"
            | "Microsoft-Windows-DistributedCOM"
            | "Microsoft-Windows-Kernel-General"
            | "Microsoft-Windows-Kernel-Power"
            | "Microsoft-Windows-GroupPolicy"
            | "User32",
            _,
        ) => "System".to_owned(),
        (name, _) if name.starts_with("Microsoft-Windows-") => format!("{name}/Operational"),
        _ => "Application".to_owned(),
    }
}
