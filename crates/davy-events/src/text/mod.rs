//! Text formats: plain lines, key=value, CEF and LEEF, CSV, logs that name their columns, results of
//! Splunk in XML, its stash format, classic Windows event text.

mod cef;
mod columns;
mod csv;
mod devices;
pub(crate) mod known;
pub(crate) mod kv;
mod lines;
mod results;
mod rules;
mod stash;
mod winlog;

pub(crate) use columns::{ColumnsDecoder, begins as begins_with_names};
pub(crate) use csv::CsvDecoder;
pub(crate) use lines::LineDecoder;
pub(crate) use results::{ResultsDecoder, begins as begins_results};
pub(crate) use rules::RuledDecoder;
pub use rules::{Gathered, TextRules};
pub use stash::StashEvent;
pub(crate) use stash::{StashDecoder, known_event};
pub(crate) use winlog::{WinEventLogDecoder, is_win_event_log, win_event};

use crate::known::Known;
use crate::model::{Meta, ProblemKind};
use crate::rows::{Rows, Run, SlotId};
use crate::shape::{Kind, Shape};
use crate::stamp;
use std::sync::Arc;

/// The next line of a text and what it takes, its end included. 0 asks for more text. A line
/// over the limit is cut there, and the rest of it is passed over.
pub(crate) struct Lines {
    passing: bool,
}

impl Lines {
    pub(crate) fn new() -> Self {
        Self { passing: false }
    }

    pub(crate) fn next<'a>(
        &mut self,
        run: &mut Run<'_>,
        text: &'a [u8],
        offset: u64,
        last: bool,
    ) -> (Option<&'a [u8]>, usize) {
        let max = run.options.max_line;
        let (end, taken) = match memchr::memchr(b'\n', text) {
            Some(at) => (at, at + 1),
            None if last => (text.len(), text.len()),
            None if self.passing => return (None, text.len()),
            None if text.len() <= max => return (None, 0),
            None => (text.len(), text.len()),
        };
        let ended = last || taken > end;
        if std::mem::replace(&mut self.passing, !ended) {
            return (None, taken);
        }
        if end > max {
            let message = "a line is longer than the limit and was cut".to_owned();
            run.problem(ProblemKind::Limit, Some(offset), message);
        }
        let line = text.get(..end.min(max)).unwrap_or_default();
        (Some(line.strip_suffix(b"\r").unwrap_or(line)), taken)
    }
}

/// A shape of text events with the metadata as stated, and this sourcetype and source otherwise.
pub(crate) fn text_slot(
    run: &mut Run<'_>,
    kind: Kind,
    own: &Meta,
    fields: Option<Vec<Arc<str>>>,
) -> SlotId {
    let meta = run.meta;
    let pick = |stated: &Option<String>, own: &Option<String>, otherwise: &str| -> Arc<str> {
        let text = stated.as_deref().or(own.as_deref()).unwrap_or(otherwise);
        crate::mv::clean(text.into()).into()
    };
    let stem = meta.name.rsplit_once('.').map_or(meta.name.as_str(), |(stem, _)| stem);
    let mut constants: Vec<(Arc<str>, Arc<str>)> = vec![
        ("sourcetype".into(), pick(&meta.sourcetype, &own.sourcetype, stem)),
        ("index".into(), pick(&meta.index, &own.index, "main")),
    ];
    if kind != Kind::Stash {
        constants.push(("source".into(), pick(&meta.source, &own.source, &meta.name)));
    }
    if meta.host.is_some() || own.host.is_some() {
        constants.push(("host".into(), pick(&meta.host, &own.host, "")));
    }
    run.slot(Shape::new(kind, constants, fields))
}

/// The pairs that a line writes, by the rules of its form.
pub(crate) fn pairs(line: &str, mut each: impl FnMut(&str, &str)) {
    let signed = memchr::memmem::find(line.as_bytes(), b"EF:").is_some();
    if !signed || !cef::fields(line, &mut each) {
        kv::fields(line, each);
    }
}

/// Sets a field that was found in a text. As in Splunk, one that an event has in any case stays as
/// it is.
pub(crate) fn set_found(rows: &mut Rows, name: &str, value: &str) {
    if !matches!(name, "host" | "source" | "sourcetype" | "index" | "_raw" | "_time" | "__seq") {
        rows.set(name, value);
    }
}

/// The time of a line: where its kind has it, or the first that is near its start, or that of a field
/// whose name says so. The kind is the sourcetype, told by the content or by the user.
pub(crate) fn time(line: &str, sourcetype: Option<&str>, now: f64) -> Option<f64> {
    match sourcetype {
        // The start of the window in which the packets went.
        Some("aws:cloudwatchlogs:vpcflow") => {
            line.split_ascii_whitespace().nth(10).and_then(stamp::epoch)
        }
        // Month, day, year of two digits.
        Some("DhcpSrvLog") if known::is_lease(line) => {
            let mut cells = line.split(',').skip(1);
            let (date, clock) = (cells.next()?, cells.next()?);
            let (day, year) = date.rsplit_once('/')?;
            stamp::value(&format!("{day}/20{year} {clock}"), now)
        }
        Some("cef" | "leef") => {
            let own = cef::time(line).and_then(|text| stamp::value(&text, now));
            stamp::leading(line, now).or(own)
        }
        Some("linux:audit") => {
            let (_, rest) = line.split_once("audit(")?;
            stamp::leading(rest, now).or_else(|| stamp::epoch(rest.split(':').next()?))
        }
        _ => None,
    }
    .or_else(|| stamp::leading(line, now))
    .or_else(|| stated(line, now))
}

/// The time of a field far into a line, such as `time_local="22/Feb/2024:13:00:00 -0500"`.
fn stated(line: &str, now: f64) -> Option<f64> {
    const NAMES: [&str; 4] = ["time_local=", "timestamp=", "eventtime=", "time="];
    let after = NAMES.iter().find_map(|name| {
        let at = line.find(name)?;
        let before = line.get(..at)?.bytes().next_back();
        let whole = !before.is_some_and(|b| b.is_ascii_alphanumeric() || b == b'_');
        whole.then(|| line.get(at + name.len()..)).flatten()
    })?;
    stamp::beginning(after.trim_start_matches(['"', '\'', '[']), now)
}

/// Metadata that the content tells.
pub(crate) fn own_meta(known: Option<&Known>) -> Meta {
    let text = |text: &str| Some(text.to_owned());
    Meta {
        sourcetype: known.and_then(|k| text(&k.sourcetype)),
        source: known.and_then(|k| k.source.and_then(text)),
        index: known.and_then(|k| k.index.and_then(text)),
        ..Meta::default()
    }
}
