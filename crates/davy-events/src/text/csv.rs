//! CSV with a row of names first.

use crate::decode::Step;
use crate::model::{Meta, ProblemKind};
use crate::rows::{Run, SlotId};
use crate::shape::Kind;
use crate::stamp;
use crate::text::text_slot;
use crate::xml::lossy;
use std::sync::Arc;

const TIMES: [&str; 6] = ["_time", "time", "timestamp", "date", "datetime", "@timestamp"];

#[derive(Default)]
pub(crate) struct CsvDecoder {
    header: Option<Vec<String>>,
    slot: Option<SlotId>,
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

fn cells(row: &str) -> Vec<String> {
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
        let Some(header) = &self.header else {
            self.header =
                Some(cells(&raw).into_iter().map(|name| name.trim().to_owned()).collect());
            return;
        };
        let slot = match self.slot {
            Some(slot) => slot,
            None => {
                let always = ["_raw", "_time"].map(str::to_owned);
                let names = header.iter().chain(&always);
                let names: Vec<Arc<str>> = names.map(|name| name.as_str().into()).collect();
                let own = Meta { sourcetype: Some("csv".to_owned()), ..Meta::default() };
                *self.slot.insert(text_slot(run, Kind::Csv, &own, Some(names)))
            }
        };
        let now = run.meta.now;
        let Some(rows) = run.row(slot) else { return };
        let values = cells(&raw);
        let own_raw = header.iter().any(|name| name == "_raw");
        if !own_raw {
            rows.set("_raw", &raw);
        }
        let mut time = None;
        for (name, value) in header.iter().zip(&values) {
            if !value.is_empty() && name != "_time" {
                rows.set(name, value);
            }
            if time.is_none() && TIMES.iter().any(|known| known.eq_ignore_ascii_case(name)) {
                time = stamp::value(value, now);
            }
        }
        let time = time.or_else(|| stamp::leading(&raw, now)).unwrap_or(now);
        let odd = values.len() > header.len();
        run.end_row(slot, time);
        if odd {
            let message = "a CSV row has more cells than the header has names".to_owned();
            run.problem(ProblemKind::Corrupt, Some(offset), message);
        }
    }
}
