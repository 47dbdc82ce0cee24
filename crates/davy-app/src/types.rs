//! `eventtypes.conf` and `tags.conf`.

use crate::app::Reader;
use crate::expressions::search;
use crate::nested;
use davy_conf::{Conf, truth};
use davy_knowledge::EventType;
use davy_spl::Macros;
use std::collections::BTreeMap;
use std::sync::Arc;

pub(crate) fn read(
    eventtypes: &Conf,
    tags: &Conf,
    macros: &dyn Macros,
    cx: &mut Reader<'_>,
) -> Vec<EventType> {
    let mut tagged = tags_by_pair(tags, cx);
    let mut out = Vec::new();
    for stanza in eventtypes.stanzas() {
        let name = &stanza.name.value;
        let own = tagged.remove(&("eventtype".to_owned(), name.clone()));
        let disabled = eventtypes.setting(stanza, "disabled");
        if disabled.and_then(|s| truth(&s.value.value)) == Some(true) {
            continue;
        }
        for setting in stanza.own() {
            match setting.key.value.as_str() {
                "search" | "disabled" | "description" | "priority" | "color" => {}
                // The old way to tag.
                "tags" => {}
                _ => cx.unknown(stanza, setting),
            }
        }
        let Some(text) = eventtypes.setting(stanza, "search") else {
            cx.notes.stanza(cx.sources, stanza, "the event type has no `search`");
            continue;
        };
        if name.contains('%') {
            let why = "names with a field's value in them are not known";
            cx.notes.stanza(cx.sources, stanza, why);
            continue;
        }
        let origin = format!("{} [{name}]", cx.file_of(stanza));
        match search(cx.base.sources_mut(), macros, &origin, &text.value.value) {
            Ok((found, span)) => out.push(EventType {
                name: name.as_str().into(),
                search: found,
                tags: own.unwrap_or_default(),
                span,
            }),
            Err(why) => cx.notes.setting(cx.sources, stanza, text, why),
        }
    }
    nested::inline(eventtypes, &mut out, cx);
    pairs(tagged, macros, cx, &mut out);
    out
}

type Pairs = BTreeMap<(String, String), Vec<Arc<str>>>;

/// The tags of each field and value.
fn tags_by_pair(tags: &Conf, cx: &mut Reader<'_>) -> Pairs {
    let mut out = Pairs::new();
    for stanza in tags.stanzas() {
        let Some((field, value)) = stanza.name.value.split_once('=') else {
            cx.notes.stanza(cx.sources, stanza, "not `field=value`");
            continue;
        };
        let pair = (field.trim().to_owned(), unescaped(value.trim()));
        let list = out.entry(pair).or_default();
        for setting in tags.settings(stanza) {
            match truth(&setting.value.value) {
                Some(true) => list.push(setting.key.value.as_str().into()),
                Some(false) => {}
                None => cx.notes.setting(
                    cx.sources,
                    stanza,
                    setting,
                    "neither `enabled` nor `disabled`",
                ),
            }
        }
    }
    out.retain(|_, list| !list.is_empty());
    out
}

/// Values of tags have `%20` for a blank and so on.
fn unescaped(value: &str) -> String {
    let mut out = Vec::with_capacity(value.len());
    let mut rest = value.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let hex = after.get(..2).and_then(|h| std::str::from_utf8(h).ok());
        match hex.filter(|_| *first == b'%').and_then(|h| u8::from_str_radix(h, 16).ok()) {
            Some(byte) => {
                out.push(byte);
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                out.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// Tags of other fields' values, and of event types that another layer defines.
fn pairs(tagged: Pairs, macros: &dyn Macros, cx: &mut Reader<'_>, out: &mut Vec<EventType>) {
    for ((field, value), tags) in tagged {
        if field == "eventtype" {
            let known = cx.base.addons().iter().flat_map(|a| &a.eventtypes);
            let found: Vec<EventType> = known.filter(|e| *e.name == *value).cloned().collect();
            if found.is_empty() {
                let stanza = format!("eventtype={value}");
                cx.notes.item("tags.conf", &stanza, "", "no event type has this name");
            }
            out.extend(found.into_iter().map(|e| EventType {
                name: "".into(),
                tags: tags.clone(),
                ..e
            }));
            continue;
        }
        let quoted = value.replace('\\', "\\\\").replace('"', "\\\"");
        let text = format!("{field}=\"{quoted}\"");
        let origin = format!("tags.conf [{field}={value}]");
        match search(cx.base.sources_mut(), macros, &origin, &text) {
            Ok((found, span)) => {
                out.push(EventType { name: "".into(), search: found, tags, span });
            }
            Err(why) => cx.notes.item("tags.conf", &format!("{field}={value}"), "", why),
        }
    }
}
