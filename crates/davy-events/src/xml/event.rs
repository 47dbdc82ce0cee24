//! The fields of one Windows event, from its XML, as Splunk's add-on for Windows names them.

use crate::xml::scan::{Tag, TagKind, Tags, attributes};

/// What an event holds. Values are the text as it stands, entities included.
#[derive(Debug, Default)]
pub(crate) struct WindowsEvent<'a> {
    pub(crate) fields: Vec<(&'a str, &'a str)>,
    pub(crate) provider: &'a str,
    pub(crate) channel: &'a str,
    pub(crate) event_id: &'a str,
    pub(crate) computer: &'a str,
    pub(crate) time: &'a str,
}

/// The blocks that the add-on keeps whole, and the fields that hold them.
const BLOCKS: [(&str, &str); 5] = [
    ("System", "System_Props_Xml"),
    ("EventData", "EventData_Xml"),
    ("UserData", "UserData_Xml"),
    ("DebugData", "DebugData_Xml"),
    ("RenderingInfo", "RenderingInfo_Xml"),
];

/// Names of system values that an event is known under besides.
pub(crate) const ALIASES: [(&str, &str); 2] =
    [("EventID", "EventCode"), ("EventRecordID", "RecordNumber")];

/// Reads an event. One cut short gives what came before the cut.
pub(crate) fn read<'a>(text: &'a str, event: &mut WindowsEvent<'a>) {
    event.fields.clear();
    *event = WindowsEvent { fields: std::mem::take(&mut event.fields), ..Default::default() };
    let mut at = 0;
    // Where the first block begins: what a converter put before it is looked for there.
    let first = memchr::memmem::find(text.as_bytes(), b"<System").unwrap_or_default();
    let before = text.get(..first).unwrap_or_default();
    for (block, field) in BLOCKS {
        let found = block_in(text, block, &mut at);
        let found = found.or_else(|| {
            let early = block != "System" && before.contains("</");
            early.then(|| block_in(before, block, &mut 0)).flatten()
        });
        let Some(inner) = found else { continue };
        match block {
            "System" => system(inner, event),
            "EventData" => data(inner, event),
            "UserData" => cleared(inner, event),
            "RenderingInfo" => rendering(inner, event),
            _ => {}
        }
        push(event, field, inner);
    }
}

fn push<'a>(event: &mut WindowsEvent<'a>, name: &'a str, value: &'a str) {
    // A field without a value is no field, as in Splunk.
    if !value.is_empty() {
        event.fields.push((name, value));
    }
}

/// The inner text of a block of the event, looked for from `at` on.
fn block_in<'a>(text: &'a str, block: &str, at: &mut usize) -> Option<&'a str> {
    let from = *at;
    let rest = text.get(from..)?;
    let mut search = 0;
    let start = loop {
        let hit = search + rest.get(search..)?.find('<')?;
        let after = rest.get(hit + 1..)?;
        match after.strip_prefix(block).map(|tail| tail.as_bytes().first()) {
            Some(Some(b'>' | b' ' | b'/' | b'\t' | b'\r' | b'\n')) => break hit,
            // Blocks come in order, but any may be absent; those after System are looked for from
            // the end of it, and values hold no bare `<`.
            _ => search = hit + 1,
        }
    };
    let tag = Tags::new(rest.get(start..)?).next()?;
    if tag.kind == TagKind::Empty {
        return None;
    }
    let inner = start + tag.end;
    let body = rest.get(inner..)?;
    let close = ["</", block, ">"].concat();
    let end = memchr::memmem::rfind(body.as_bytes(), close.as_bytes());
    let size = end.unwrap_or_else(|| body.find("</Event>").unwrap_or(body.len()));
    *at = from + inner + size;
    body.get(..size)
}

/// Elements that hold text alone, and the attributes of all.
fn system<'a>(inner: &'a str, event: &mut WindowsEvent<'a>) {
    let mut open: Option<Tag<'a>> = None;
    for tag in Tags::new(inner) {
        if tag.kind == TagKind::Close {
            if let Some(start) = open.take().filter(|start| start.name == tag.name) {
                let value = inner.get(start.end..tag.start).unwrap_or_default();
                system_value(event, start.name, value);
            }
            continue;
        }
        for (name, value) in attributes(tag.attributes) {
            if !name.starts_with("xmlns") {
                attribute(event, tag.name, name, value);
            }
        }
        open = (tag.kind == TagKind::Open).then_some(tag);
    }
    if let Some(start) = open {
        let value = inner.get(start.end..).unwrap_or_default();
        system_value(event, start.name, value);
    }
}

fn system_value<'a>(event: &mut WindowsEvent<'a>, name: &'a str, value: &'a str) {
    match name {
        "Channel" => event.channel = value,
        "EventID" => event.event_id = value,
        "Computer" => event.computer = value,
        _ => {}
    }
    push(event, name, value);
    if let Some((_, alias)) = ALIASES.iter().find(|(known, _)| *known == name) {
        push(event, alias, value);
    }
}

fn attribute<'a>(event: &mut WindowsEvent<'a>, tag: &str, name: &'a str, value: &'a str) {
    match (tag, name) {
        ("Provider", "Name") => event.provider = value,
        ("TimeCreated", "SystemTime") => event.time = value,
        _ => {}
    }
    push(event, name, value);
}

/// `<Data Name='x'>v</Data>` is the field x, `<Data>v</Data>` a value of `Data`.
fn data<'a>(inner: &'a str, event: &mut WindowsEvent<'a>) {
    let mut tags = Tags::new(inner);
    while let Some(tag) = tags.next() {
        if tag.kind != TagKind::Open {
            continue;
        }
        let named = attributes(tag.attributes).find(|(name, _)| *name == "Name");
        let name = named.map_or(tag.name, |(_, value)| value);
        // Elements in a value belong to it.
        let mut depth = 1;
        let end = tags.by_ref().find_map(|inside| {
            match inside.kind {
                TagKind::Open if inside.name == tag.name => depth += 1,
                TagKind::Close if inside.name == tag.name => depth -= 1,
                _ => {}
            }
            (depth == 0).then_some(inside.start)
        });
        let value = inner.get(tag.end..end.unwrap_or(inner.len())).unwrap_or_default();
        push(event, name, value);
    }
}

/// The add-on takes fields from one kind of UserData: that the log was cleared.
fn cleared<'a>(inner: &'a str, event: &mut WindowsEvent<'a>) {
    let mut at = 0;
    let Some(body) = block_in(inner, "LogFileCleared", &mut at) else { return };
    push(event, "LogFileCleared_Xml", body);
    data(body, event);
}

fn rendering<'a>(inner: &'a str, event: &mut WindowsEvent<'a>) {
    let mut at = 0;
    if let Some(message) = block_in(inner, "Message", &mut at) {
        push(event, "Message", message);
    }
}
