//! Velociraptor, and PowerShell's cast to XML: the tree of the event, attributes being members
//! like any other.
//!
//! Sources: Velociraptor, `parse_evtx`; PowerShell, `[xml]$event.ToXml()`.

use super::Found;
use super::parts::{Parts, at, keywords, object, text, time};
use super::tree::named_data;
use serde_json::{Map, Value};

pub(super) fn read(event: Map<String, Value>) -> Option<Found> {
    let document = Value::Object(event);
    let at = |path: &str| at(&document, path);
    let id = match at("/System/EventID") {
        Value::Object(id) => {
            let inner = ["Value", "#text", "Text", "_"].iter().find_map(|name| id.get(*name));
            inner.map(text).unwrap_or_default()
        }
        id => text(id),
    };
    let created = match at("/System/TimeCreated") {
        Value::Object(_) => at("/System/TimeCreated/SystemTime"),
        time => time,
    };
    let provider = match at("/System/Provider") {
        Value::Object(_) => at("/System/Provider/Name"),
        name => name,
    };
    Found::parts(Parts {
        provider: text(provider),
        guid: text(at("/System/Provider/Guid")),
        id,
        version: text(at("/System/Version")),
        level: text(at("/System/Level")),
        task: text(at("/System/Task")),
        opcode: text(at("/System/Opcode")),
        keywords: keywords(at("/System/Keywords")),
        time: time(created),
        record: text(at("/System/EventRecordID")),
        process: text(at("/System/Execution/ProcessID")),
        thread: text(at("/System/Execution/ThreadID")),
        channel: text(at("/System/Channel")),
        computer: text(at("/System/Computer")),
        user: text(at("/System/Security/UserID")),
        data: named_data(at("/EventData")),
        user_data: object(at("/UserData")).into_iter().next(),
        message: text(at("/Message")),
        ..Parts::default()
    })
}
