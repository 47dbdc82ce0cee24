//! PowerShell's `Get-EventLog` and WMI's `Win32_NTLogEvent`: the values of the event's data in their
//! order, and its message.
//!
//! Sources: .NET, `EventLogEntry`; WMI, `Win32_NTLogEvent`.

use super::Found;
use super::parts::{Parts, audit, first, number, text, time};
use super::viewer;
use serde_json::{Map, Value};

pub(super) fn read(event: Map<String, Value>) -> Option<Found> {
    let get = |key: &str| event.get(key).unwrap_or(&Value::Null);
    let (provider, id) = (text(get("Source")), text(get("EventID")));
    Found::parts(Parts {
        level: kind(get("EntryType")).to_owned(),
        keywords: audited(get("EntryType")).to_owned(),
        task: number(get("CategoryNumber")),
        time: time(&first(&event, &["TimeGenerated", "TimeWritten"])),
        record: text(get("Index")),
        channel: match text(get("Log")) {
            log if log.is_empty() => viewer::channel(&provider, &id),
            log => log,
        },
        computer: text(get("MachineName")),
        message: text(get("Message")),
        values: values(get("ReplacementStrings")),
        provider,
        id,
        ..Parts::default()
    })
}

pub(super) fn read_wmi(event: Map<String, Value>) -> Option<Found> {
    let get = |key: &str| event.get(key).unwrap_or(&Value::Null);
    Found::parts(Parts {
        provider: text(get("SourceName")),
        id: text(get("EventCode")),
        level: kind(get("EventType")).to_owned(),
        keywords: audited(get("EventType")).to_owned(),
        task: number(get("Category")),
        time: wmi_time(&text(&first(&event, &["TimeGenerated", "TimeWritten"]))),
        record: text(get("RecordNumber")),
        channel: text(get("Logfile")),
        computer: text(get("ComputerName")),
        message: text(get("Message")),
        values: values(get("InsertionStrings")),
        ..Parts::default()
    })
}

/// A list; tables have only the name of its type.
fn values(list: &Value) -> Vec<Value> {
    list.as_array().cloned().unwrap_or_default()
}

/// The level of a kind of entry, by its number or its name.
fn kind(value: &Value) -> &'static str {
    match text(value).as_str() {
        "1" | "Error" => "2",
        "2" | "Warning" => "3",
        "3" | "4" | "Information" => "4",
        _ => "0",
    }
}

/// The keywords of an audit. `EventLogEntryType` numbers them 8 and 16, WMI 4 and 5.
fn audited(value: &Value) -> &'static str {
    match text(value).as_str() {
        "8" => audit("success"),
        "16" | "5" => audit("failure"),
        word => audit(word),
    }
}

/// `20260504093000.123456+060`: the zone is in minutes.
fn wmi_time(text: &str) -> String {
    let digits = |from: usize, to: usize| text.get(from..to).filter(|t| t.len() == to - from);
    let parts = || {
        let (date, clock) = (digits(0, 8)?, digits(8, 14)?);
        let fraction = text.get(15..21)?;
        let minutes: i64 = text.get(21..)?.parse().ok()?;
        let (y, m, d) = (date.get(..4)?, date.get(4..6)?, date.get(6..)?);
        let (h, min, s) = (clock.get(..2)?, clock.get(2..4)?, clock.get(4..)?);
        let sign = if minutes < 0 { '-' } else { '+' };
        let (hours, rest) = (minutes.abs() / 60, minutes.abs() % 60);
        let stamp = format!("{y}-{m}-{d}T{h}:{min}:{s}.{fraction}{sign}{hours:02}:{rest:02}");
        Some(time(&Value::from(stamp)))
    };
    parts().unwrap_or_else(|| time(&Value::from(text)))
}
