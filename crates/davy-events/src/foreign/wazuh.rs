//! Wazuh: names begin in lower case.
//!
//! Source: Wazuh, Windows event channel decoder (`win.system`, `win.eventdata`).

use super::Found;
use super::names;
use super::parts::{Parts, at, keywords, object, text, time};
use serde_json::{Map, Value};

/// The decoded event alone.
pub(super) fn read(event: Map<String, Value>) -> Option<Found> {
    decoded(&Value::Object(event))
}

/// An alert with the event in it.
pub(super) fn read_alert(event: Map<String, Value>) -> Option<Found> {
    decoded(event.get("data")?)
}

fn decoded(event: &Value) -> Option<Found> {
    let at = |path: &str| at(event, path);
    let (provider, id) = (text(at("/win/system/providerName")), text(at("/win/system/eventID")));
    let upper = |(name, value): (String, Value)| (names::spelled(&provider, &id, &name), value);
    let message = text(at("/win/system/message"));
    let data = object(at("/win/eventdata")).into_iter().map(upper).collect();
    // That a log was cleared is told beside the data.
    let cleared = at("/win/logFileCleared").as_object().cloned();
    let cleared = cleared.map(|members| members.into_iter().map(upper).collect());
    Found::parts(Parts {
        guid: text(at("/win/system/providerGuid")),
        version: text(at("/win/system/version")),
        level: text(at("/win/system/level")),
        task: text(at("/win/system/task")),
        opcode: text(at("/win/system/opcode")),
        keywords: keywords(at("/win/system/keywords")),
        time: time(at("/win/system/systemTime")),
        record: text(at("/win/system/eventRecordID")),
        process: text(at("/win/system/processID")),
        thread: text(at("/win/system/threadID")),
        channel: text(at("/win/system/channel")),
        computer: text(at("/win/system/computer")),
        message: message.trim_matches('"').to_owned(),
        provider,
        id,
        user_data: cleared.map(|members| ("LogFileCleared".to_owned(), Value::Object(members))),
        data,
        ..Parts::default()
    })
}
