//! `Get-WinEvent | ConvertTo-Json`, or its columns as CSV: the values of the event's data in their
//! order, and its message.
//!
//! Source: .NET, `EventLogRecord` and `EventProperty`.

use super::Found;
use super::parts::{Parts, keywords, number, text, time};
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

/// A security identifier is an object around its text.
fn plain(value: &Value) -> Value {
    match value {
        Value::Object(object) => object.get("Value").or(object.get("value")).cloned(),
        value => Some(value.clone()),
    }
    .unwrap_or_default()
}
