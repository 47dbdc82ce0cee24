//! The shapes of Windows events that come as XML text, and their rows.

use crate::model::Meta;
use crate::rows::{Run, SlotId, Target};
use crate::shape::{Kind, Shape};
use crate::stamp;
use crate::xml::event::{self, WindowsEvent};
use crate::xml::scan;
use std::collections::HashMap;
use std::sync::Arc;

/// Past so many sets of names, hostile or dynamic, names are no longer part of a shape.
const MAX_SHAPES: usize = 1024;

/// Sysmon for Linux writes to syslog, in the XML of Windows events.
const LINUX: &str = "Linux-Sysmon/Operational";

#[derive(Default)]
pub(crate) struct WindowsShaper {
    /// Places in `made`.
    slots: HashMap<String, usize>,
    made: Vec<Made>,
    key: String,
    /// The key of the event before, since many come in a row.
    last: Option<(String, usize)>,
}

/// A shape that was met.
struct Made {
    slot: SlotId,
    /// Where the values of its fields go, in their order, once that was asked; nothing where the
    /// names are no part of the shape.
    targets: Option<Vec<Option<Target>>>,
    named: bool,
}

impl WindowsShaper {
    /// Adds one event, given as a single line of XML. `time` stands in for one it does not have.
    pub(crate) fn event(&mut self, run: &mut Run<'_>, kind: Kind, raw: &str, time: Option<f64>) {
        let meta = run.meta;
        self.event_as(run, kind, raw, time, meta);
    }

    /// As `event`, with metadata of the event's own.
    pub(crate) fn event_as(
        &mut self,
        run: &mut Run<'_>,
        kind: Kind,
        raw: &str,
        time: Option<f64>,
        meta: &Meta,
    ) {
        let mut event = WindowsEvent::default();
        event::read(raw, &mut event);
        let at = self.slot(run, kind, &event, meta);
        let Some(made) = self.made.get_mut(at) else { return };
        let slot = made.slot;
        let now = run.meta.now;
        let time = stamp::value(event.time, now).or(time).unwrap_or(now);
        let decode = run.options.decode_entities;
        let Some(rows) = run.row(slot) else { return };
        if made.targets.is_none() || !made.named {
            let targets = event.fields.iter().map(|(name, _)| rows.target(name));
            made.targets = Some(targets.collect());
        }
        let targets = made.targets.as_deref().unwrap_or_default();
        for ((name, value), target) in event.fields.iter().zip(targets) {
            let Some(target) = target else { continue };
            rows.write_to(target, |out| match decode && !name.ends_with("_Xml") {
                true => scan::decode_entities(value, out),
                false => out.push_str(value),
            });
        }
        if !event.computer.is_empty() {
            rows.set("host", event.computer);
        }
        rows.set("_raw", raw);
        run.end_row(slot, time);
    }

    fn slot(
        &mut self,
        run: &mut Run<'_>,
        kind: Kind,
        event: &WindowsEvent<'_>,
        meta: &Meta,
    ) -> usize {
        let named = self.slots.len() < MAX_SHAPES;
        self.key.clear();
        let stated = [&meta.source, &meta.sourcetype, &meta.host, &meta.index];
        let stated = stated.map(|text| text.as_deref().unwrap_or_default());
        let own = [event.provider, event.channel, event.event_id];
        for part in own.into_iter().chain(stated) {
            self.key.push_str(part);
            self.key.push('\0');
        }
        let fixed = self.key.len();
        for (name, _) in &event.fields {
            self.key.push_str(name);
            self.key.push('\0');
        }
        if let Some((key, at)) = &self.last
            && *key == self.key
        {
            return *at;
        }
        if let Some(at) = self.slots.get(&self.key).copied() {
            self.last = Some((self.key.clone(), at));
            return at;
        }
        if !named {
            self.key.truncate(fixed);
            if let Some(at) = self.slots.get(&self.key) {
                return *at;
            }
        }
        let names: Vec<&str> = event.fields.iter().map(|(name, _)| *name).collect();
        let constants = [event.provider, event.channel, event.event_id];
        let shape = windows_shape(meta, kind, constants, &names, named);
        self.made.push(Made { slot: run.slot(shape), targets: None, named });
        let at = self.made.len() - 1;
        self.slots.insert(self.key.clone(), at);
        at
    }
}

/// The shape of events of a provider, channel and id. `names` lists their fields, with repeats.
pub(crate) fn windows_shape(
    meta: &Meta,
    kind: Kind,
    [provider, channel, event_id]: [&str; 3],
    names: &[&str],
    closed: bool,
) -> Shape {
    let text = |text: &str| -> Arc<str> { crate::mv::clean(text.into()).into() };
    let source = match &meta.source {
        Some(source) => text(source),
        None if channel == LINUX => text(&["Syslog:", channel].concat()),
        None => text(&["XmlWinEventLog:", channel].concat()),
    };
    let sourcetype = if channel == LINUX { "sysmon:linux" } else { "XmlWinEventLog" };
    let mut constants: Vec<(Arc<str>, Arc<str>)> = vec![
        ("source".into(), source),
        ("sourcetype".into(), text(meta.sourcetype.as_deref().unwrap_or(sourcetype))),
        ("index".into(), text(meta.index.as_deref().unwrap_or("main"))),
    ];
    if let Some(host) = &meta.host {
        constants.push(("host".into(), text(host)));
    }
    let own =
        [("Name", provider), ("Channel", channel), ("EventID", event_id), ("EventCode", event_id)];
    for (name, value) in own {
        // A field that the event's data has too holds both values, so it is no constant.
        let repeated = names.iter().filter(|known| **known == name).count() > 1;
        if closed && !repeated && !value.is_empty() {
            constants.push((name.into(), text(value)));
        }
    }
    let fields = closed.then(|| {
        let always = ["host", "_raw", "_time"];
        names.iter().chain(&always).map(|name| text(name)).collect()
    });
    Shape::new(kind, constants, fields)
}
