//! JSON events: one a line, in an array, one after another over several lines; bare, or in the
//! wrappers of Splunk's HTTP collector and of its exports; Windows events as `evtx_dump` and other
//! tools give them.

mod carry;
mod container;
mod known;
mod laurel;
mod parse;
mod tables;
mod times;
mod wrap;

use crate::decode::Step;
use crate::known::Known;
use crate::model::{Meta, ProblemKind};
use crate::rows::{Run, SlotId};
use crate::shape::{Kind, Shape};
use crate::sniff::heading;
use crate::stamp;
use crate::text;
use crate::xml::{lossy, shaper::WindowsShaper};
use parse::{Failure, Flat};
use std::collections::HashMap;
use std::sync::Arc;
use times::{any_time, time_of};

#[derive(Default)]
pub(crate) struct JsonDecoder {
    flat: Flat,
    inner: Flat,
    slots: HashMap<[Option<String>; 4], SlotId>,
    windows: WindowsShaper,
    recogniser: known::Recogniser,
    tables: tables::Tables,
    /// Objects in whose array the events stand.
    around: usize,
    /// The time of the event before, for one that tells none.
    before: Option<f64>,
    /// Events since the last container: another comes at the start or behind one.
    events: usize,
    /// The time of the object around the event, for an event that tells none.
    outer: Option<f64>,
    /// The objects are rows of a CSV file.
    pub(crate) in_csv: bool,
}

/// What a wrapper says about its event.
#[derive(Default)]
struct Wrapper {
    source: Option<String>,
    sourcetype: Option<String>,
    host: Option<String>,
    index: Option<String>,
    time: Option<f64>,
    /// It is a row of results: its fields are as they stand.
    row: bool,
}

impl Step for JsonDecoder {
    fn step(&mut self, run: &mut Run<'_>, text: &[u8], base: u64, last: bool) -> usize {
        let mut at = 0;
        while !run.stopped {
            let rest = text.get(at..).unwrap_or_default();
            // Between events there may be the brackets and commas of an array.
            let skipped = rest
                .iter()
                .take_while(|b| b.is_ascii_whitespace() || matches!(b, b',' | b'[' | b']'))
                .count();
            at += skipped;
            if self.around > 0 {
                match container::end(text.get(at..).unwrap_or_default()) {
                    container::End::Of(taken) => {
                        at += taken;
                        self.around -= 1;
                        continue;
                    }
                    container::End::Another(taken) => {
                        at += taken;
                        continue;
                    }
                    container::End::Later if !last => return at,
                    container::End::Later | container::End::No => {}
                }
            }
            if text.get(at..at + 3) == Some(b"\xef\xbb\xbf") {
                at += 3;
                continue;
            }
            match heading(text.get(at..).unwrap_or_default()) {
                0 => {}
                taken if last || at + taken < text.len() => {
                    at += taken;
                    continue;
                }
                _ => return at,
            }
            let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) else {
                return text.len();
            };
            match self.open(run, rest) {
                Some((0, _)) if !last => return at,
                Some((taken, depth)) if taken > 0 => {
                    at += taken;
                    self.around += depth;
                    self.events = 0;
                    continue;
                }
                _ => {}
            }
            match self.one(run, rest, base + at as u64, last) {
                0 => return at,
                taken => at += taken,
            }
            self.events += usize::from(self.around == 0);
        }
        text.len()
    }
}

impl JsonDecoder {
    /// How much stands before the first event of an array in an object, if the text begins with
    /// that and the event is of a known kind. 0 asks for more text.
    fn open(&mut self, run: &Run<'_>, bytes: &[u8]) -> Option<(usize, usize)> {
        let (start, depth) = container::start(bytes, self.events < 2)?;
        let window = bytes.get(start..)?;
        let window = window.get(..run.options.max_line).unwrap_or(window);
        let text = match std::str::from_utf8(window) {
            Ok(text) => text,
            Err(error) => std::str::from_utf8(window.get(..error.valid_up_to())?).ok()?,
        };
        let mut first = std::mem::take(&mut self.inner);
        let read = first.read(text, run.options.json_depth);
        let size = *read.as_ref().unwrap_or(&0);
        let known = read.is_ok() && self.tells(run, &first, text.get(..size).unwrap_or_default());
        self.inner = first;
        match read {
            Err(Failure::Incomplete) if window.len() < run.options.max_line => Some((0, 0)),
            _ => known.then_some((start, depth)),
        }
    }

    /// One event at the start of the text. 0 asks for more text.
    fn one(&mut self, run: &mut Run<'_>, bytes: &[u8], offset: u64, last: bool) -> usize {
        let line = memchr::memchr(b'\n', bytes).map_or(bytes.len(), |at| at + 1);
        let max = run.options.max_line;
        let window = bytes.get(..max).unwrap_or(bytes);
        let cut = window.len() < bytes.len();
        // Validating a line is enough when the object ends in it, which is the usual case.
        let valid = |bytes: &[u8]| match std::str::from_utf8(bytes) {
            Ok(text) => (text.len(), true),
            // A character that is cut in two is whole in more text.
            Err(error) => (error.valid_up_to(), error.error_len().is_none()),
        };
        let mut result = Err(Failure::Incomplete);
        let first = line.min(window.len());
        for end in [first, 64 << 10, 1 << 20, window.len()] {
            if end < first || end > window.len() {
                continue;
            }
            let part = window.get(..end).unwrap_or_default();
            let (size, sound) = valid(part);
            let sound = sound && (size == part.len() || end < bytes.len() || !last);
            let text = part.get(..size).and_then(|p| std::str::from_utf8(p).ok());
            let text = text.unwrap_or_default();
            result = self.flat.read(text, run.options.json_depth);
            match result {
                Ok(size) => {
                    let raw = text.get(..size).unwrap_or_default();
                    self.event(run, raw);
                    return size;
                }
                Err(Failure::Incomplete) if sound => {}
                Err(Failure::Incomplete) => return self.bad_text(run, part, offset),
                Err(_) => break,
            }
        }
        if result == Err(Failure::Incomplete) && !last && !cut {
            return 0;
        }
        let (kind, message) = match result {
            Err(Failure::TooDeep(_)) => (
                ProblemKind::Limit,
                "JSON is nested deeper than the limit; its fields were not read",
            ),
            Err(Failure::Incomplete) if cut => {
                (ProblemKind::Limit, "an event is longer than the limit and was cut")
            }
            Err(Failure::Incomplete) => {
                (ProblemKind::Truncated, "the input ends in the middle of a JSON object")
            }
            _ => (ProblemKind::Corrupt, "this is not a valid JSON object"),
        };
        if first >= window.len() && !last && !cut {
            return 0;
        }
        run.problem(kind, Some(offset), message.to_owned());
        let taken = if cut && line > max { max } else { line };
        let text = lossy(run, bytes.get(..taken).unwrap_or(bytes), offset).into_owned();
        self.plain(run, text.trim(), &Wrapper::default(), None);
        taken
    }

    /// A line with bytes that are not UTF-8, once these are replaced.
    fn bad_text(&mut self, run: &mut Run<'_>, bytes: &[u8], offset: u64) -> usize {
        let line = memchr::memchr(b'\n', bytes).map_or(bytes.len(), |at| at + 1);
        let text = lossy(run, bytes.get(..line).unwrap_or(bytes), offset).into_owned();
        match self.flat.read(&text, run.options.json_depth) {
            Ok(size) => self.event(run, text.get(..size).unwrap_or_default()),
            Err(_) => self.plain(run, text.trim(), &Wrapper::default(), None),
        }
        line
    }

    /// An object, now in `flat`.
    fn event(&mut self, run: &mut Run<'_>, raw: &str) {
        // An answer of Elasticsearch, or a dump of an index, around the document.
        if self.flat.member(raw, "_index").is_some()
            && let Some(document) =
                self.flat.member(raw, "_source").or_else(|| self.flat.member(raw, "fields"))
            && self.inner.read(document, run.options.json_depth).is_ok()
        {
            std::mem::swap(&mut self.flat, &mut self.inner);
            return self.event(run, document);
        }
        let has = |key: &str| self.flat.members.iter().any(|(name, _)| name == key);
        if has("event")
            && self.flat.members.iter().all(|(name, _)| wrap::HEC.contains(&name.as_str()))
        {
            return self.hec(run, raw);
        }
        if has("result")
            && (has("preview") || has("offset") || has("lastrow") || self.flat.members.len() == 1)
            && self.flat.member(raw, "result").is_some_and(|result| result.starts_with('{'))
        {
            return self.export(run, raw);
        }
        // A stated sourcetype that is not of Windows means the object as it is, unless it is XML.
        let stated = run.meta.sourcetype.as_ref();
        if (has("Event") || stated.is_none_or(|s| s.to_ascii_lowercase().contains("wineventlog")))
            && let Some(xml) = wrap::windows_of(&self.flat, raw)
        {
            return self.windows.event(run, Kind::Json, &xml, self.outer);
        }
        if stated.is_none()
            && let Some(record) = self.tables.record(&self.flat, raw, run.meta.now)
        {
            return self.text(run, &record, &Wrapper::default(), None);
        }
        if stated.is_none() && (self.audited(run, raw, None) || self.unwrapped(run, raw)) {
            return;
        }
        let has = |key: &str| self.flat.members.iter().any(|(name, _)| name == key);
        // `aws cloudtrail lookup-events` and `Search-UnifiedAuditLog` give each event as a text.
        for name in ["CloudTrailEvent", "AuditData"] {
            let own = self.flat.get(name).filter(|text| text.starts_with('{'));
            if let Some(text) = own.map(str::to_owned) {
                return self.text(run, &text, &Wrapper::default(), None);
            }
        }
        let held = [
            "message",
            "full_log",
            "log",
            "MESSAGE",
            "event",
            "full_message",
            "SyslogMessage",
            "msg",
        ]
        .iter()
        .any(|name| has(name));
        let wrapped = stated.is_none() || has("@timestamp") || has("stream");
        let wrapped = wrapped && (held || has("@timestamp"));
        if wrapped && let Some((text, wrapper)) = wrap::shipped(&self.flat, run.meta.now) {
            return self.text(run, &text, &wrapper, None);
        }
        let row = has("_time") || has("_raw");
        let flat = std::mem::take(&mut self.flat);
        match row {
            true => self.row(run, raw, &flat),
            false => self.object(run, raw, &flat, &Wrapper::default(), None),
        }
        self.flat = flat;
    }

    /// The text of an event that was wrapped: XML, JSON, or a line.
    fn text(&mut self, run: &mut Run<'_>, raw: &str, wrapper: &Wrapper, extra: Option<&Flat>) {
        let raw = raw.trim();
        if raw.starts_with("<Event ") || raw.starts_with("<Event>") {
            let canonical = crate::xml::scan::canonical(raw);
            let raw = canonical.as_deref().unwrap_or(raw);
            // What the wrapper states holds for the event, what the caller states before it.
            let mut meta = run.meta.clone();
            meta.source = meta.source.or_else(|| wrapper.source.clone());
            meta.sourcetype = meta.sourcetype.or_else(|| wrapper.sourcetype.clone());
            meta.host = meta.host.or_else(|| wrapper.host.clone());
            meta.index = meta.index.or_else(|| wrapper.index.clone());
            return self.windows.event_as(run, Kind::Json, raw, wrapper.time, &meta);
        }
        if raw.starts_with('{') {
            let mut flat = Flat::default();
            if flat.read(raw, run.options.json_depth) == Ok(raw.len()) {
                let stated = run.meta.sourcetype.is_some() || wrapper.sourcetype.is_some();
                if !stated && let Some(xml) = wrap::windows_of(&flat, raw) {
                    return self.text(run, &xml, wrapper, extra);
                }
                return self.object(run, raw, &flat, wrapper, extra);
            }
        }
        if text::is_win_event_log(raw.as_bytes()) {
            let own = Meta {
                source: wrapper.source.clone(),
                sourcetype: wrapper.sourcetype.clone(),
                host: wrapper.host.clone(),
                index: wrapper.index.clone(),
                ..Meta::default()
            };
            return text::win_event(run, raw, own);
        }
        self.plain(run, raw, wrapper, extra);
    }

    /// Metadata by the first that says it: the caller, the wrapper, the content.
    fn slot(&mut self, run: &mut Run<'_>, wrapper: &Wrapper, known: &Known) -> SlotId {
        let meta = run.meta;
        let told = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let key = [
            meta.source.clone().or_else(|| wrapper.source.clone()).or(known.source.and_then(told)),
            meta.sourcetype
                .clone()
                .or_else(|| wrapper.sourcetype.clone())
                .or_else(|| told(&known.sourcetype)),
            meta.host.clone().or_else(|| wrapper.host.clone()),
            meta.index.clone().or_else(|| wrapper.index.clone()).or(known.index.and_then(told)),
        ];
        if let Some(slot) = self.slots.get(&key) {
            return *slot;
        }
        let [source, sourcetype, host, index] = &key;
        let text = |text: &str| -> Arc<str> { crate::mv::clean(text.into()).into() };
        let mut constants: Vec<(Arc<str>, Arc<str>)> = vec![
            ("source".into(), text(source.as_deref().unwrap_or(&meta.name))),
            (
                "sourcetype".into(),
                text(sourcetype.as_deref().unwrap_or(if self.in_csv { "csv" } else { "_json" })),
            ),
            ("index".into(), text(index.as_deref().unwrap_or("main"))),
        ];
        if let Some(host) = host {
            constants.push(("host".into(), text(host)));
        }
        let slot = run.slot(Shape::new(Kind::Json, constants, None));
        self.slots.insert(key, slot);
        slot
    }

    fn object(
        &mut self,
        run: &mut Run<'_>,
        raw: &str,
        flat: &Flat,
        wrapper: &Wrapper,
        extra: Option<&Flat>,
    ) {
        let stated = run.meta.sourcetype.is_some() || wrapper.sourcetype.is_some();
        let known = match stated {
            true => Known::default(),
            false => self.recogniser.tell(flat, &run.meta.name).unwrap_or_default(),
        };
        let slot = self.slot(run, wrapper, &known);
        let now = run.meta.now;
        let mut hosted = run.meta.host.is_some() || wrapper.host.is_some();
        let Some(rows) = run.row(slot) else { return };
        rows.set("_raw", raw);
        for (name, value) in flat.fields() {
            hosted |= name == "host";
            if !known.prefix.is_empty() {
                rows.set(&[known.prefix, name].concat(), value);
            } else if !matches!(name, "_raw" | "_time" | "__seq") {
                rows.set(name, value);
            }
        }
        for (name, value) in extra.into_iter().flat_map(Flat::fields) {
            if !matches!(name, "_raw" | "_time" | "__seq") {
                rows.set(name, value);
            }
        }
        // Every event has a host.
        if !hosted && !wrapper.row {
            rows.set("host", "unknown");
        }
        let time = wrapper.time.or_else(|| time_of(flat, now));
        let time = time.or_else(|| any_time(flat, now)).or_else(|| stamp::leading(raw, now));
        let time = time.or(self.outer).or(self.before).or(run.meta.before).unwrap_or(now);
        self.before = Some(time);
        run.counts.before = Some(time.to_bits());
        run.end_row(slot, time);
    }

    fn plain(&mut self, run: &mut Run<'_>, raw: &str, wrapper: &Wrapper, extra: Option<&Flat>) {
        let stated = run.meta.sourcetype.is_some() || wrapper.sourcetype.is_some();
        let header = text::known::syslog(raw);
        let known = match stated {
            true => None,
            false => text::known::tell(raw, header.as_ref(), &run.meta.name),
        };
        let told = known.clone();
        let slot = self.slot(run, wrapper, &known.unwrap_or_default());
        let now = run.meta.now;
        let hosted = run.meta.host.is_some() || wrapper.host.is_some();
        let Some(rows) = run.row(slot) else { return };
        rows.set("_raw", raw);
        if !hosted {
            rows.set("host", header.map_or("unknown", |header| header.host));
        }
        // An export has the fields of its events, unless it was of the text alone.
        let exported = extra.is_some_and(|flat| {
            flat.get("_raw").is_some()
                && flat
                    .fields()
                    .any(|(name, _)| !name.starts_with('_') && !wrap::META.contains(&name))
        });
        if !exported && !raw.starts_with('{') {
            text::pairs(raw, |name, value| text::set_found(rows, name, value));
        }
        for (name, value) in extra.into_iter().flat_map(Flat::fields) {
            if !matches!(name, "_raw" | "_time" | "__seq") {
                rows.set(name.strip_suffix("{}").unwrap_or(name), value);
            }
        }
        let time = wrapper
            .time
            .or_else(|| text::time(raw, told.as_ref().map(|k| k.sourcetype.as_str()), now))
            .or(self.before);
        let time = time.or(run.meta.before).unwrap_or(now);
        self.before = Some(time);
        run.counts.before = Some(time.to_bits());
        run.end_row(slot, time);
    }
}
