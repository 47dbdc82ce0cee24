//! EvtxECmd, as JSON and as CSV: the event's data is a text of JSON in `Payload`.
//!
//! Source: EvtxECmd, the columns of its output, and its payload (XML turned into JSON with `@` for
//! attributes).

use super::Found;
use super::parts::{Parts, at, audit, keywords, level, text, time};
use super::tree::{attributed, named_data};
use serde_json::{Map, Value};

pub(super) fn read(event: Map<String, Value>) -> Option<Found> {
    let get = |key: &str| event.get(key).unwrap_or(&Value::Null);
    let payload: Value = match get("Payload") {
        Value::String(text) => serde_json::from_str(text).unwrap_or_default(),
        payload => payload.clone(),
    };
    let channel = text(get("Channel"));
    let words = text(get("Keywords"));
    let mask = match audit(&words) {
        "" => keywords(get("Keywords")),
        mask => mask.to_owned(),
    };
    let user_data = at(&payload, "/UserData").as_object().and_then(|members| {
        let (name, value) = members.iter().next()?;
        Some((name.clone(), attributed(value)))
    });
    Found::parts(Parts {
        provider: text(get("Provider")),
        id: text(get("EventId")),
        level: level(&channel, get("Level")),
        keywords: mask,
        time: time(get("TimeCreated")),
        record: text(get("EventRecordId")),
        process: text(get("ProcessId")),
        thread: text(get("ThreadId")),
        computer: text(get("Computer")),
        user: text(get("UserId")),
        data: named_data(at(&payload, "/EventData")),
        user_data,
        channel,
        ..Parts::default()
    })
}
