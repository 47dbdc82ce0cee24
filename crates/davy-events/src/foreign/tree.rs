//! A Windows event as `evtx_dump` renders it in JSON, back to the XML it came from. Attributes stand
//! in the element as `#attributes`, or as members that begin with `@`, as converters of XML have
//! them, or beside it as `NAME_attributes`, as Chainsaw writes them.

use serde_json::{Map, Value};

/// `None` if the text is no such event.
pub(super) fn to_xml(text: &str) -> Option<String> {
    let mut document: Value = serde_json::from_str(text).ok()?;
    if marked(document.get("Event")?) {
        document = attributed(&document);
    }
    let event = document.get("Event")?.as_object()?;
    event.get("System")?.as_object()?;
    let beside = document.get("Event_attributes");
    let mut out = String::with_capacity(text.len() * 2);
    out.push_str("<Event");
    let space = event.get("#attributes").or(beside);
    let space = space.and_then(|a| a.get("xmlns")).and_then(Value::as_str);
    attribute(
        "xmlns",
        space.unwrap_or("http://schemas.microsoft.com/win/2004/08/events/event"),
        &mut out,
    );
    out.push('>');
    // Objects have their members in any order, `evtx_dump`'s in that of the alphabet.
    let rank = |name: &str| match name {
        "System" => 0,
        "RenderingInfo" => 2,
        _ => 1,
    };
    let mut parts: Vec<(&String, &Value)> = event.iter().collect();
    parts.sort_by_key(|(name, _)| rank(name));
    for (name, value) in parts {
        match (name.as_str(), value) {
            ("#attributes", _) => {}
            (name, _) if of_another(name, event) => {}
            ("EventData", value @ Value::Object(data)) => {
                out.push_str("<EventData>");
                if data.get("Data").is_some_and(holds_names) {
                    for (name, value) in named_data(value) {
                        datum(&name, &value, &mut out);
                    }
                } else {
                    for (name, value) in data {
                        datum(own_name(name, data), value, &mut out);
                    }
                }
                out.push_str("</EventData>");
            }
            _ => inside(name, value, event, &mut out),
        }
    }
    out.push_str("</Event>");
    Some(out)
}

/// Whether members of the event begin with `@`.
fn marked(event: &Value) -> bool {
    let system = event.get("System").and_then(Value::as_object).into_iter().flatten();
    let inside = |object: &Map<String, Value>| object.keys().any(|name| name.starts_with('@'));
    system.filter_map(|(_, value)| value.as_object()).any(inside)
}

/// A tree whose attributes are members that begin with `@`, with these as `#attributes`.
pub(super) fn attributed(value: &Value) -> Value {
    match value {
        Value::Object(object) => {
            let (mut attributes, mut out) = (Map::new(), Map::new());
            for (name, value) in object {
                match name.strip_prefix('@') {
                    Some(name) => attributes.insert(name.to_owned(), value.clone()),
                    None => out.insert(name.clone(), attributed(value)),
                };
            }
            if !attributes.is_empty() {
                out.insert("#attributes".to_owned(), Value::Object(attributes));
            }
            Value::Object(out)
        }
        Value::Array(items) => Value::Array(items.iter().map(attributed).collect()),
        value => value.clone(),
    }
}

/// The name of a datum that is an object with its name and its text.
fn named(item: &Value) -> Option<(String, Value)> {
    let object = item.as_object()?;
    let own = object.get("#attributes").and_then(|a| a.get("Name"));
    let name = own.or_else(|| object.get("@Name")).or_else(|| object.get("Name"))?.as_str()?;
    let text = ["#text", "Text", "Value", "content", "_"].iter().find_map(|key| object.get(*key));
    Some((name.to_owned(), text.cloned().unwrap_or_default()))
}

fn holds_names(data: &Value) -> bool {
    match data {
        Value::Array(items) => items.iter().any(|item| named(item).is_some()),
        item => named(item).is_some(),
    }
}

/// The data of an event: members by their names, or a list `Data` of names and texts.
pub(super) fn named_data(data: &Value) -> Vec<(String, Value)> {
    let mut out = Vec::new();
    for (name, value) in data.as_object().into_iter().flatten() {
        match (name.as_str(), value) {
            ("#attributes" | "xmlns", _) => {}
            (name, _) if name.starts_with('@') => {}
            ("Data", value) if holds_names(value) => list(value, |item| {
                out.push(named(item).unwrap_or_else(|| ("Data".to_owned(), item.clone())));
            }),
            _ => out.push((name.clone(), value.clone())),
        }
    }
    out
}

/// Whether these are the attributes of the element beside which they stand.
fn of_another(name: &str, object: &Map<String, Value>) -> bool {
    name.strip_suffix("_attributes").is_some_and(|of| !of.is_empty())
        && object.get(name).is_some_and(Value::is_object)
}

/// An element of an object, with the attributes that may stand beside it.
fn inside(name: &str, value: &Value, object: &Map<String, Value>, out: &mut String) {
    let own = own_name(name, object);
    match object.get(&format!("{name}_attributes")) {
        Some(beside @ Value::Object(_)) => {
            let mut whole = Map::new();
            whole.insert("#attributes".to_owned(), beside.clone());
            match value {
                Value::Object(members) => whole.extend(members.clone()),
                Value::Null => {}
                text => {
                    whole.insert("#text".to_owned(), text.clone());
                }
            }
            element(own, &Value::Object(whole), out);
        }
        _ => element(own, value, out),
    }
}

/// The elements of which only attributes are there.
fn bare(object: &Map<String, Value>, out: &mut String) {
    for (name, value) in object {
        if let Some(of) = name.strip_suffix("_attributes")
            && !of.is_empty()
            && value.is_object()
            && !object.contains_key(of)
        {
            inside(of, &Value::Null, object, out);
        }
    }
}

/// Repeated elements are numbered, `X`, `X_1`, `X_2`, since an object has each key once.
fn own_name<'a>(name: &'a str, object: &Map<String, Value>) -> &'a str {
    match name.rsplit_once('_') {
        Some((base, number))
            if number.bytes().all(|b| b.is_ascii_digit()) && object.contains_key(base) =>
        {
            base
        }
        _ => name,
    }
}

pub(super) fn datum(name: &str, value: &Value, out: &mut String) {
    match (name, value) {
        ("#attributes", _) => {}
        ("Data", Value::Object(object)) if object.contains_key("#text") => {
            list(object.get("#text").unwrap_or(&Value::Null), |item| element("Data", item, out));
        }
        ("Data" | "Binary", value) => list(value, |item| element(name, item, out)),
        _ => list(value, |item| {
            out.push_str("<Data");
            attribute("Name", name, out);
            out.push('>');
            content(item, out);
            out.push_str("</Data>");
        }),
    }
}

fn list(value: &Value, mut each: impl FnMut(&Value)) {
    match value {
        Value::Array(items) => items.iter().for_each(each),
        value => each(value),
    }
}

pub(super) fn element(name: &str, value: &Value, out: &mut String) {
    if let Value::Array(items) = value {
        return items.iter().for_each(|item| element(name, item, out));
    }
    out.push('<');
    out.push_str(name);
    let attributes = value.get("#attributes").and_then(Value::as_object);
    for (name, value) in attributes.into_iter().flatten() {
        let mut text = String::new();
        scalar(value, &mut text);
        attribute(name, &text, out);
    }
    let bare = value.as_object().is_some_and(|o| o.keys().all(|key| key == "#attributes"));
    if value.is_null() || bare {
        return out.push_str("/>");
    }
    out.push('>');
    content(value, out);
    out.push_str("</");
    out.push_str(name);
    out.push('>');
}

fn content(value: &Value, out: &mut String) {
    match value {
        Value::Object(object) => {
            for (name, value) in object {
                match name.as_str() {
                    "#attributes" => {}
                    "#text" => list(value, |item| content(item, out)),
                    name if of_another(name, object) => {}
                    _ => inside(name, value, object, out),
                }
            }
            bare(object, out);
        }
        Value::Array(items) => items.iter().for_each(|item| content(item, out)),
        value => {
            let mut text = String::new();
            scalar(value, &mut text);
            escape(&text, false, out);
        }
    }
}

pub(super) fn scalar(value: &Value, out: &mut String) {
    match value {
        Value::Null => {}
        Value::String(text) => out.push_str(text),
        other => out.push_str(&other.to_string()),
    }
}

pub(super) fn attribute(name: &str, value: &str, out: &mut String) {
    out.push(' ');
    out.push_str(name);
    out.push_str("='");
    escape(value, true, out);
    out.push('\'');
}

fn escape(text: &str, attribute: bool, out: &mut String) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' if attribute => out.push_str("&quot;"),
            '\'' if attribute => out.push_str("&apos;"),
            c => out.push(c),
        }
    }
}
