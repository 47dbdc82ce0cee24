//! Winlogbeat and the Elastic agent, with the names of ECS, nested or with dots.
//!
//! Source: Winlogbeat Reference, exported fields (`winlog`), and that of version 6.

use super::Found;
use super::ecs;
use super::parts::{Parts, at, audit, level, number, object, text, time};
use serde_json::{Map, Value};

pub(super) fn read(event: Map<String, Value>) -> Option<Found> {
    let document = Value::Object(nested(event));
    let at = |path: &str| at(&document, path);
    // With `include_xml` the event itself is there.
    if let Some(xml) = at("/event/original").as_str().filter(|xml| xml.starts_with("<Event")) {
        return Some(Found::Xml(xml.to_owned()));
    }
    let channel = text(at("/winlog/channel"));
    if channel.is_empty() {
        return None;
    }
    let words = at("/winlog/keywords");
    let words: String =
        words.as_array().map_or_else(|| text(words), |words| words.iter().map(text).collect());
    let id = match text(at("/winlog/event_id")) {
        id if id.is_empty() => text(at("/event/code")),
        id => id,
    };
    let provider = text(at("/winlog/provider_name"));
    let user_data = at("/winlog/user_data").as_object().map(|members| {
        let name = members.get("xml_name").map(text).filter(|n| !n.is_empty());
        let mut members = members.clone();
        members.remove("xml_name");
        (name.unwrap_or_else(|| "EventXML".to_owned()), Value::Object(members))
    });
    let mut data = plain(object(at("/winlog/event_data")), &provider);
    if user_data.is_none() {
        ecs::complete(&document, &channel, &id, &mut data);
    }
    let word = match at("/log/level") {
        Value::Null => at("/winlog/level"),
        word => word,
    };
    let created = match at("/winlog/time_created") {
        Value::Null => at("/@timestamp"),
        created => created,
    };
    Found::parts(Parts {
        guid: text(at("/winlog/provider_guid")),
        id,
        version: text(at("/winlog/version")),
        level: level(&channel, word),
        task: number(at("/winlog/task")),
        opcode: number(at("/winlog/opcode")),
        keywords: audit(&words).to_owned(),
        time: time(created),
        record: text(at("/winlog/record_id")),
        process: text(at("/winlog/process/pid")),
        thread: text(at("/winlog/process/thread/id")),
        computer: first_text(&[
            at("/winlog/computer_name"),
            at("/host/name"),
            at("/host/hostname"),
        ]),
        user: text(at("/winlog/user/identifier")),
        message: text(at("/message")),
        data,
        user_data,
        provider,
        channel,
        ..Parts::default()
    })
}

/// As winlogbeat wrote before its seventh version, without a wrapper.
pub(super) fn read_old(event: Map<String, Value>) -> Option<Found> {
    let get = |key: &str| event.get(key).unwrap_or(&Value::Null);
    let channel = text(get("log_name"));
    let words = get("keywords").as_array().into_iter().flatten().map(text).collect::<String>();
    let provider = text(get("source_name"));
    Found::parts(Parts {
        guid: text(get("provider_guid")),
        id: text(get("event_id")),
        version: text(get("version")),
        level: level(&channel, get("level")),
        task: number(get("task")),
        opcode: number(get("opcode")),
        keywords: audit(&words).to_owned(),
        time: time(get("@timestamp")),
        record: text(get("record_number")),
        process: text(get("process_id")),
        thread: text(get("thread_id")),
        computer: text(get("computer_name")),
        user: get("user").get("identifier").map(text).unwrap_or_default(),
        message: text(get("message")),
        data: plain(object(get("event_data")), &provider),
        provider,
        channel,
        ..Parts::default()
    })
}

fn first_text(values: &[&Value]) -> String {
    values.iter().map(|value| text(value)).find(|text| !text.is_empty()).unwrap_or_default()
}

/// Values without names are `param1`, `param2` here, which only services truly call them.
fn plain(data: Vec<(String, Value)>, provider: &str) -> Vec<(String, Value)> {
    let numbered = |name: &str| {
        name.strip_prefix("param").is_some_and(|n| n.bytes().all(|b| b.is_ascii_digit()))
    };
    match provider != "Service Control Manager" && data.iter().all(|(name, _)| numbered(name)) {
        true => data.into_iter().map(|(_, value)| ("Data".to_owned(), value)).collect(),
        false => data,
    }
}

/// Members whose names are paths with dots, as exports have them, put where the paths lead; lists
/// of one value become the value.
pub(super) fn nested(event: Map<String, Value>) -> Map<String, Value> {
    if !event.keys().any(|name| name.contains('.')) {
        return event;
    }
    let mut out = Map::new();
    for (name, value) in event {
        // The same value again, as it is indexed.
        if !name.ends_with(".keyword") {
            let value = match value {
                Value::Array(mut items) if items.len() == 1 => items.remove(0),
                value => value,
            };
            insert(&mut out, &name, value);
        }
    }
    out
}

fn insert(into: &mut Map<String, Value>, path: &str, value: Value) {
    let Some((head, rest)) = path.split_once('.') else {
        match (into.get_mut(path), value) {
            (Some(Value::Object(there)), Value::Object(more)) => there.extend(more),
            (_, value) => {
                into.insert(path.to_owned(), value);
            }
        }
        return;
    };
    let below = into.entry(head).or_insert_with(|| Value::Object(Map::new()));
    if !below.is_object() {
        *below = Value::Object(Map::new());
    }
    if let Value::Object(below) = below {
        insert(below, rest, value);
    }
}
