//! Events as XML: in one line, as the event log gives it, or laid out, as tools export it.

use crate::writer::{El, Event};

fn escape(text: &str, attribute: bool) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    if attribute { text.replace('"', "&quot;").replace('\'', "&apos;") } else { text }
}

fn xml(el: &El, out: &mut String) {
    out.push_str(&format!("<{}", el.name));
    for (name, value) in el.attributes.iter().filter(|(_, value)| !value.is_empty()) {
        out.push_str(&format!(" {name}='{}'", escape(value, true)));
    }
    if el.text.is_none() && el.children.is_empty() {
        return out.push_str("/>");
    }
    out.push('>');
    out.push_str(&escape(el.text.as_deref().unwrap_or_default(), false));
    el.children.iter().for_each(|child| xml(child, out));
    out.push_str(&format!("</{}>", el.name));
}

pub(crate) fn event_xml(event: &Event) -> String {
    let seconds = event.time / 10_000_000 % 86_400;
    let time = format!(
        "2026-05-04T{:02}:{:02}:{:02}.{:07}Z",
        seconds / 3600,
        seconds / 60 % 60,
        seconds % 60,
        event.time % 10_000_000
    );
    let [a, b, c, d, e, f, g, h, rest @ ..] = event.guid;
    let hex = |bytes: &[u8]| bytes.iter().map(|b| format!("{b:02x}")).collect::<String>();
    let guid = [hex(&[d, c, b, a]), hex(&[f, e]), hex(&[h, g]), hex(&rest[..2]), hex(&rest[2..])];
    let user = event.user.as_ref().map_or(String::new(), |parts| {
        let parts: Vec<String> = parts.iter().map(u32::to_string).collect();
        format!(" UserID='S-1-5-{}'", parts.join("-"))
    });
    let mut out = format!(
        "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System>\
         <Provider Name='{}' Guid='{{{}}}'/><EventID>{}</EventID><Version>{}</Version>\
         <Level>{}</Level><Task>{}</Task><Opcode>0</Opcode><Keywords>{:#x}</Keywords>\
         <TimeCreated SystemTime='{time}'/><EventRecordID>{}</EventRecordID><Correlation/>\
         <Execution ProcessID='{}' ThreadID='{}'/><Channel>{}</Channel>\
         <Computer>{}</Computer><Security{user}/></System>",
        event.provider,
        guid.join("-"),
        event.id,
        event.version,
        event.level,
        event.task,
        event.keywords,
        event.record,
        event.process,
        event.thread,
        event.channel,
        event.computer,
    );
    xml(&event.data, &mut out);
    out + "</Event>"
}

/// What the Event Viewer saves: all events in one document, laid out.
pub(crate) fn document(events: &[Event]) -> String {
    let mut out =
        "<?xml version=\"1.0\" encoding=\"utf-8\" standalone=\"yes\"?>\n<Events>\n".to_owned();
    events.iter().for_each(|event| laid_out(&event_xml(event), &mut out));
    out + "</Events>\n"
}

/// Each tag on a line of its own; what follows text stays in its line.
fn laid_out(xml: &str, out: &mut String) {
    let mut depth = 1;
    let mut parts = xml.split_inclusive('>').peekable();
    let mut begun = false;
    while let Some(part) = parts.next() {
        let (close, alone) = (part.contains("</"), part.ends_with("/>"));
        if close {
            depth -= 1;
        }
        if !begun {
            out.push_str(&"  ".repeat(depth));
        }
        out.push_str(part);
        if !close && !alone {
            depth += 1;
        }
        // A text and its end, or an element with nothing in it.
        begun = !close && !alone && parts.peek().is_some_and(|next| !next.starts_with('<'));
        if let Some(next) = parts.peek() {
            begun |= !close && !alone && next.starts_with("</");
        }
        if !begun {
            out.push('\n');
        }
    }
}
