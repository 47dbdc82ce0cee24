//! Splunk's stash format, in which risk and notable events are kept:
//! `1700000000, search_name="…", k="v", k="another"`. Values may span lines.

use crate::decode::Step;
use crate::model::{Meta, ProblemKind};
use crate::rows::{Rows, Run};
use crate::shape::Kind;
use crate::stamp;
use crate::text::text_slot;
use crate::xml::lossy;
use std::fmt;

#[derive(Default)]
pub(crate) struct StashDecoder;

impl Step for StashDecoder {
    fn step(&mut self, run: &mut Run<'_>, text: &[u8], base: u64, last: bool) -> usize {
        let mut at = 0;
        while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty() && !run.stopped) {
            let max = run.options.max_line;
            let size = match end_of_event(rest.get(..max).unwrap_or(rest)) {
                Some(size) => size,
                None if rest.len() > max => {
                    let message = "an event is longer than the limit and was cut".to_owned();
                    run.problem(ProblemKind::Limit, Some(base + at as u64), message);
                    max
                }
                None if last => rest.len(),
                None => return at,
            };
            let line = rest.get(..size).unwrap_or_default().trim_ascii();
            if !line.is_empty() {
                event(run, line, base + at as u64);
            }
            at += size;
        }
        text.len()
    }
}

/// The line break in no quotes that ends an event.
fn end_of_event(text: &[u8]) -> Option<usize> {
    let mut quoted = false;
    let mut at = 0;
    loop {
        let hit = at + memchr::memchr3(b'"', b'\\', b'\n', text.get(at..)?)?;
        at = hit + 1;
        match text.get(hit)? {
            b'"' => quoted = !quoted,
            b'\\' if quoted => at = hit + 2,
            b'\n' if !quoted => return Some(at),
            _ => {}
        }
    }
}

fn event(run: &mut Run<'_>, line: &[u8], offset: u64) {
    let raw = lossy(run, line, offset);
    let mut value = String::new();
    row(run, &raw, |rows| {
        rows.set("_raw", &raw);
        let mut rest = raw.split_once(',').map_or(&*raw, |(_, rest)| rest);
        while let Some((name, tail)) = rest.split_once('=') {
            let name = name.trim_start_matches([',', ' ', '\n', '\r']);
            let written;
            (written, rest) = split_value(tail);
            if name.is_empty() || name == "source" || !rows.takes(name) {
                continue;
            }
            value.clear();
            read_value(written, &mut value);
            if !value.is_empty() {
                rows.set(name, &value);
            }
        }
    });
}

/// One row, whose text begins with its time.
fn row(run: &mut Run<'_>, text: &str, fill: impl FnOnce(&mut Rows)) {
    let own = Meta { sourcetype: Some("stash".to_owned()), ..Meta::default() };
    let slot = text_slot(run, Kind::Stash, &own, None);
    let (now, meta) = (run.meta.now, run.meta);
    let Some(rows) = run.row(slot) else { return };
    // Each search is a source of its own; a shape for each would be a plan for each.
    rows.set("source", meta.source.as_deref().unwrap_or(&meta.name));
    fill(rows);
    let time = stamp::leading(text, now).unwrap_or(now);
    run.end_row(slot, time);
}

/// An event that can be written as stash text, of which the most part is rarely asked for.
pub trait StashEvent: fmt::Debug + Send + Sync {
    /// The time, as its text begins.
    fn stamp(&self) -> String;

    /// Each value of each field, as it reads in the text.
    fn fields(&self, give: &mut dyn FnMut(&str, &str));

    /// The text without a line break at its end.
    fn write(&self, out: &mut String);
}

/// Gives the rows that the event's text would give.
pub(crate) fn known_event(run: &mut Run<'_>, known: &dyn StashEvent) {
    let mut plain = true;
    known.fields(&mut |name, _| plain &= is_plain(name));
    if !plain {
        let mut text = String::new();
        known.write(&mut text);
        return event(run, text.as_bytes(), 0);
    }
    row(run, &known.stamp(), |rows| {
        rows.write("_raw", |out| known.write(out));
        known.fields(&mut |name, value| {
            if name != "source" && !value.is_empty() && rows.takes(name) {
                rows.set(name, value);
            }
        });
    });
}

/// Whether a name reads in a text as it is.
fn is_plain(name: &str) -> bool {
    !name.is_empty() && name.trim_start() == name && !name.contains(['=', ',', '"', '\n', '\r'])
}

/// A value as it is written, quoted with backslashes or bare up to a comma, and what follows.
fn split_value(text: &str) -> (&str, &str) {
    let Some(body) = text.strip_prefix('"') else {
        return text.split_once(", ").unwrap_or((text, ""));
    };
    let bytes = body.as_bytes();
    let mut at = 0;
    while let Some(hit) = bytes.get(at..).and_then(|rest| memchr::memchr2(b'"', b'\\', rest)) {
        at += hit;
        if bytes.get(at) == Some(&b'"') {
            let (value, rest) = text.split_at(at + 2);
            return (value, rest);
        }
        at += 2;
    }
    (text, "")
}

fn read_value(written: &str, value: &mut String) {
    let Some(body) = written.strip_prefix('"') else {
        return value.push_str(written.trim());
    };
    let mut rest = body;
    while let Some(at) = memchr::memchr2(b'"', b'\\', rest.as_bytes()) {
        let (plain, tail) = rest.split_at(at);
        value.push_str(plain);
        let Some(tail) = tail.strip_prefix('\\') else { return };
        let mut escaped = tail.chars();
        if let Some(c) = escaped.next() {
            if !matches!(c, '"' | '\\') {
                value.push('\\');
            }
            value.push(c);
        }
        rest = escaped.as_str();
    }
    value.push_str(rest);
}
