//! `Get-WinEvent | ConvertTo-Json`, or its columns as CSV: the values of the event's data in their
//! order, and its message.
//!
//! Source: .NET, `EventLogRecord` and `EventProperty`.

use super::Found;
use super::parts::{Parts, SYSMON, keywords, level, number, text, time};
use super::viewer;
use serde_json::{Map, Value};

pub(super) fn read(event: Map<String, Value>) -> Option<Found> {
    let get = |key: &str| event.get(key).unwrap_or(&Value::Null);
    let values = get("Properties").as_array().into_iter().flatten();
    let values: Vec<Value> = values.filter_map(|p| p.get("Value")).map(plain).collect();
    Found::parts(Parts {
        provider: text(get("ProviderName")),
        guid: text(get("ProviderId")),
        id: text(get("Id")),
        version: text(get("Version")),
        level: number(get("Level")),
        task: number(get("Task")),
        opcode: number(get("Opcode")),
        keywords: keywords(get("Keywords")),
        time: time(get("TimeCreated")),
        record: text(get("RecordId")),
        process: text(get("ProcessId")),
        thread: text(get("ThreadId")),
        channel: text(get("LogName")),
        computer: text(get("MachineName")),
        user: text(&plain(get("UserId"))),
        message: text(get("Message")),
        values,
        ..Parts::default()
    })
}

/// As `read`, of the few columns that `Get-WinEvent` shows unless told otherwise. Which log it was
/// is told by the provider, or else by the message.
pub(super) fn read_few(event: Map<String, Value>) -> Option<Found> {
    let get = |key: &str| event.get(key).unwrap_or(&Value::Null);
    let (id, message) = (text(get("Id")), text(get("Message")));
    let (provider, channel) = match text(get("ProviderName")) {
        own if own.is_empty() => told(&id, &message)?,
        own => (own.clone(), viewer::channel(&own, &id)),
    };
    Found::parts(Parts {
        level: level(&channel, get("LevelDisplayName")),
        time: time(get("TimeCreated")),
        record: text(get("RecordId")),
        computer: match text(get("MachineName")) {
            name if name.is_empty() => "unknown".to_owned(),
            name => name,
        },
        provider,
        channel,
        id,
        message,
        ..Parts::default()
    })
}

/// Provider and log of an event by how its message is written.
fn told(id: &str, message: &str) -> Option<(String, String)> {
    let (provider, channel) = match id {
        _ if message.contains("\nUtcTime: ") => ("Microsoft-Windows-Sysmon", SYSMON),
        "4104" if message.starts_with("Creating Scriptblock text (") => {
            ("Microsoft-Windows-PowerShell", "Microsoft-Windows-PowerShell/Operational")
        }
        "7045" if message.starts_with("A service was installed in the system") => {
            ("Service Control Manager", "System")
        }
        "1102" if message.starts_with("The audit log was cleared") => {
            ("Microsoft-Windows-Eventlog", "Security")
        }
        // The events of the audit policy, whose messages all have such parts.
        id if id.len() == 4
            && matches!(id.as_bytes().first(), Some(b'4'..=b'6'))
            && ["\nSubject:", "Security ID:", "Account Name:", "Process ID:"]
                .iter()
                .any(|part| message.contains(part)) =>
        {
            ("Microsoft-Windows-Security-Auditing", "Security")
        }
        _ => return None,
    };
    Some((provider.to_owned(), channel.to_owned()))
}

/// A security identifier is an object around its text.
fn plain(value: &Value) -> Value {
    match value {
        Value::Object(object) => object.get("Value").or(object.get("value")).cloned(),
        value => Some(value.clone()),
    }
    .unwrap_or_default()
}
