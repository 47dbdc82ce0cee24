//! What the Event Viewer saves as CSV: the columns of its list, the message behind them without a
//! name. It names neither the log nor the computer; the log is that of the provider.
//!
//! Source: Event Viewer, "Save All Events As", CSV; the channels that Windows' providers write to.

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

fn channel(provider: &str, id: &str) -> String {
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
