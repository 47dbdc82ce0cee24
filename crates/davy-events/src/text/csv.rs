//! CSV with a row of names first: tables, exports of Splunk's searches (`_raw`), Windows events in
//! the columns of other tools, audit records of Microsoft 365 (`AuditData`).

use crate::decode::Step;
use crate::foreign::{self, viewer};
use crate::json::JsonDecoder;
use crate::model::{Meta, ProblemKind};
use crate::rows::{Run, SlotId};
use crate::shape::Kind;
use crate::stamp;
use crate::text::text_slot;
use crate::xml::{lossy, scan, shaper::WindowsShaper};
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::sync::Arc;

const TIMES: [&str; 12] = [
    "_time",
    "time",
    "timestamp",
    "date",
    "datetime",
    "@timestamp",
    "TimeGenerated",
    "TimeCreated",
    "EventTime",
    "CreationDate",
    "CreationTime",
    "Date (UTC)",
];

/// What the rows of a table are.
#[derive(Clone, Copy)]
enum Rows {
    /// Rows.
    Plain,
    /// Results of a search, with what they are of.
    Exported,
    /// Each holds an event as a text in this column.
    Holding(usize),
    /// Objects of a kind that is told by its members, as tables of Azure Monitor.
    Objects,
    Windows(foreign::Form),
}

impl Rows {
    fn of(header: &[String], json: &mut JsonDecoder) -> Rows {
        let has = |name: &str| header.iter().any(|known| known == name);
        if has("_raw") || has("_time") && has("sourcetype") {
            return Rows::Exported;
        }
        if let Some(at) = header.iter().position(|name| name == "AuditData") {
            return Rows::Holding(at);
        }
        if let Some(form) = foreign::form(header.iter().map(String::as_str)) {
            return Rows::Windows(form);
        }
        if json.may_tell(header) { Rows::Objects } else { Rows::Plain }
    }
}

#[derive(Default)]
pub(crate) struct CsvDecoder {
    header: Option<(Vec<String>, Option<Rows>)>,
    slot: Option<SlotId>,
    json: JsonDecoder,
    windows: WindowsShaper,
}

impl Step for CsvDecoder {
    fn step(&mut self, run: &mut Run<'_>, text: &[u8], base: u64, last: bool) -> usize {
        let mut at = 0;
        while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty() && !run.stopped) {
            let max = run.options.max_line;
            let size = match end_of_row(rest.get(..max).unwrap_or(rest)) {
                Some(size) => size,
                None if rest.len() > max => {
                    let message = "a row is longer than the limit and was cut".to_owned();
                    run.problem(ProblemKind::Limit, Some(base + at as u64), message);
                    max
                }
                None if last => rest.len(),
                None => return at,
            };
            let row = rest.get(..size).unwrap_or_default();
            let row = row.strip_suffix(b"\n").unwrap_or(row);
            let row = row.strip_suffix(b"\r").unwrap_or(row);
            let row = row.strip_prefix(b"\xef\xbb\xbf").unwrap_or(row);
            if !row.trim_ascii().is_empty() {
                self.row(run, row, base + at as u64);
            }
            at += size;
        }
        text.len()
    }
}

fn end_of_row(text: &[u8]) -> Option<usize> {
    let mut quoted = false;
    memchr::memchr2_iter(b'"', b'\n', text).find_map(|hit| {
        let quote = text.get(hit) == Some(&b'"');
        quoted ^= quote;
        (!quote && !quoted).then_some(hit + 1)
    })
}

/// The cells of a row.
pub(super) fn cells(row: &str) -> Vec<String> {
    let mut cells = vec![String::new()];
    let mut quoted = false;
    let mut chars = row.chars().peekable();
    while let Some(c) = chars.next() {
        let Some(cell) = cells.last_mut() else { break };
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => {
                chars.next();
                cell.push('"');
            }
            '"' => quoted = !quoted,
            ',' if !quoted => cells.push(String::new()),
            c => cell.push(c),
        }
    }
    cells
}

impl CsvDecoder {
    fn row(&mut self, run: &mut Run<'_>, row: &[u8], offset: u64) {
        let raw = lossy(run, row, offset).into_owned();
        let Some((header, rows)) = &self.header else {
            // What `Export-Csv` writes first.
            if raw.starts_with("#TYPE ") {
                return;
            }
            // Log Analytics says the zone behind a name.
            let name = |name: String| name.trim().trim_end_matches(" [UTC]").to_owned();
            let mut header: Vec<String> = cells(&raw).into_iter().map(name).collect();
            // The Event Viewer names no column of messages.
            if viewer::COLUMNS.iter().all(|name| header.iter().any(|known| known == name)) {
                header.push(viewer::MESSAGE.to_owned());
            }
            let stated = run.meta.sourcetype.is_some();
            let rows = Rows::of(&header, &mut self.json);
            let own = !stated || matches!(rows, Rows::Exported);
            self.header = Some((header, own.then_some(rows)));
            return;
        };
        let values = cells(&raw);
        let filled = header.iter().map(String::as_str).zip(values.iter().map(String::as_str));
        let filled = filled.filter(|(_, value)| !value.is_empty());
        let own = rows.is_some();
        match rows.unwrap_or(Rows::Plain) {
            Rows::Exported => {
                let fields = exported(&filled.collect::<Vec<_>>());
                let fields: Vec<(&str, &str)> =
                    fields.iter().map(|(n, v)| (n.as_ref(), v.as_ref())).collect();
                self.json.in_csv = true;
                return self.json.table_row(run, &raw, &fields);
            }
            Rows::Holding(at) if values.get(at).is_some_and(|text| text.starts_with('{')) => {
                return self.json.wrapped(run, values.get(at).map_or("", String::as_str));
            }
            Rows::Windows(form) => {
                let event: Map<String, Value> =
                    filled.map(|(name, value)| (name.to_owned(), Value::from(value))).collect();
                if let Some(xml) = form.xml(event) {
                    let xml = scan::canonical(&xml).unwrap_or(xml);
                    return self.windows.event(run, Kind::Csv, &xml, None);
                }
            }
            Rows::Objects => {
                let object: Map<String, Value> =
                    filled.map(|(name, value)| (name.to_owned(), Value::from(value))).collect();
                if self.json.carried(run, &Value::Object(object).to_string(), None) {
                    return;
                }
            }
            Rows::Plain | Rows::Holding(_) => {
                // A cell may hold an event as it was.
                let held =
                    |value: &str| value.starts_with('{') || value.trim_end().ends_with("</Event>");
                let object: Map<String, Value> = match own && values.iter().any(|v| held(v)) {
                    true => filled.map(|(name, value)| (name.to_owned(), value.into())).collect(),
                    false => Map::new(),
                };
                if !object.is_empty()
                    && self.json.carried(run, &Value::Object(object).to_string(), None)
                {
                    return;
                }
            }
        }
        self.plain(run, &raw, &values, offset);
    }

    fn plain(&mut self, run: &mut Run<'_>, raw: &str, values: &[String], offset: u64) {
        let Some((header, _)) = &self.header else { return };
        let slot = match self.slot {
            Some(slot) => slot,
            None => {
                let always = ["_raw", "_time", "host"].map(str::to_owned);
                let names = header.iter().chain(&always);
                let names: Vec<Arc<str>> = names.map(|name| name.as_str().into()).collect();
                let own = Meta { sourcetype: Some("csv".to_owned()), ..Meta::default() };
                *self.slot.insert(text_slot(run, Kind::Csv, &own, Some(names)))
            }
        };
        let now = run.meta.now;
        let hosted = run.meta.host.is_some() || header.iter().any(|name| name == "host");
        let Some(rows) = run.row(slot) else { return };
        rows.set("_raw", raw);
        // Every event has a host.
        if !hosted {
            rows.set("host", "unknown");
        }
        let mut time = None;
        for (name, value) in header.iter().zip(values) {
            if !value.is_empty() && name != "_time" {
                rows.set(name, value);
            }
            if time.is_none() && TIMES.iter().any(|known| known.eq_ignore_ascii_case(name)) {
                time = stamp::value(value, now);
            }
        }
        let time = time.or_else(|| stamp::leading(raw, now)).unwrap_or(now);
        let odd = values.len() > header.len();
        run.end_row(slot, time);
        if odd {
            let message = "a CSV row has more cells than the header has names".to_owned();
            run.problem(ProblemKind::Corrupt, Some(offset), message);
        }
    }
}

/// The fields of a row that a search gave. A field of several values has them on its own in
/// `__mv_NAME`, each between `$`, where a `$` of its own is doubled.
fn exported<'r>(row: &[(&'r str, &'r str)]) -> Vec<(Cow<'r, str>, Cow<'r, str>)> {
    let several = |name: &str| {
        let (_, list) = row.iter().find(|(n, _)| n.strip_prefix("__mv_") == Some(name))?;
        list.strip_prefix('$')?.strip_suffix('$')
    };
    let mut out = Vec::new();
    for (name, value) in row.iter().filter(|(name, _)| !name.starts_with("__mv_")) {
        match several(name) {
            Some(list) => out.extend(
                list.split("$;$")
                    .map(|one| (Cow::Borrowed(*name), Cow::Owned(one.replace("$$", "$")))),
            ),
            None => out.push((Cow::Borrowed(*name), Cow::Borrowed(*value))),
        }
    }
    out
}
