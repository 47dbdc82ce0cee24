//! Logs whose columns are named in `#` lines: W3C extended logs (IIS, CloudFront, the firewall of
//! Windows), those of Exchange with commas, and the tab-separated logs of Zeek.
//!
//! Sources: W3C Extended Log File Format; Zeek, "Log Files", TSV; Splunk's `INDEXED_EXTRACTIONS =
//! w3c`, which makes names of letters, digits and `_`.

use crate::decode::Step;
use crate::known::{Known, zeek};
use crate::rows::{Run, SlotId};
use crate::shape::Kind;
use crate::stamp;
use crate::text::{Lines, own_meta, text_slot};
use crate::xml::lossy;
use std::sync::Arc;

/// Whether a text begins like one of these logs.
pub(crate) fn begins(text: &[u8]) -> bool {
    let first = text.split(|b| *b == b'\n').next().unwrap_or_default();
    [&b"#separator "[..], b"#Software: Microsoft", b"#Fields:", b"#Version: 1."]
        .iter()
        .any(|start| first.starts_with(start))
}

pub(crate) struct ColumnsDecoder {
    lines: Lines,
    names: Vec<Name>,
    tabs: bool,
    slot: Option<SlotId>,
    stream: Option<String>,
    /// Which of Exchange's logs this is.
    exchange: Option<String>,
}

struct Name {
    name: Arc<str>,
    /// Several values, set apart by commas.
    many: bool,
}

impl Default for ColumnsDecoder {
    fn default() -> Self {
        Self {
            lines: Lines::new(),
            names: Vec::new(),
            tabs: false,
            slot: None,
            stream: None,
            exchange: None,
        }
    }
}

impl Step for ColumnsDecoder {
    fn step(&mut self, run: &mut Run<'_>, text: &[u8], base: u64, last: bool) -> usize {
        let mut at = 0;
        while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty() && !run.stopped) {
            let offset = base + at as u64;
            let (line, taken) = self.lines.next(run, rest, offset, last);
            if taken == 0 {
                return at;
            }
            at += taken;
            let Some(line) = line.filter(|line| !line.trim_ascii().is_empty()) else { continue };
            let line = lossy(run, line, offset);
            match line.starts_with('#') {
                true => self.header(&line),
                false => self.event(run, &line),
            }
        }
        text.len()
    }
}

impl ColumnsDecoder {
    fn header(&mut self, line: &str) {
        if line.starts_with("#separator") {
            self.tabs = true;
        } else if let Some(stream) = line.strip_prefix("#path") {
            self.stream = Some(stream.trim().to_owned());
            self.slot = None;
        } else if let Some(types) = line.strip_prefix("#types\t") {
            for (name, kind) in self.names.iter_mut().zip(types.split('\t')) {
                name.many = kind.starts_with("set[") || kind.starts_with("vector[");
            }
        } else if let Some(names) = line.strip_prefix("#fields\t") {
            let named = |name: &str| Name { name: name.into(), many: false };
            self.names = names.split('\t').map(named).collect();
            self.slot = None;
        } else if line.starts_with("#Software: Microsoft Exchange") {
            self.exchange = Some(String::new());
        } else if let (Some(log), Some(own)) = (line.strip_prefix("#Log-type:"), &mut self.exchange)
        {
            log.trim().clone_into(own);
        } else if let Some(names) = line.strip_prefix("#Fields:") {
            let apart = |c: char| c.is_ascii_whitespace() || self.exchange.is_some() && c == ',';
            self.names = names.split(apart).filter(|name| !name.is_empty()).map(w3c).collect();
            self.tabs = self.names.iter().any(|n| &*n.name == "x_edge_location");
            self.slot = None;
        }
    }

    fn known(&self) -> Known {
        let has = |name: &str| self.names.iter().any(|n| &*n.name == name);
        match &self.stream {
            _ if let Some(log) = &self.exchange => match log.contains("Message Tracking") {
                true => Known::of("MSExchange:2013:MessageTracking"),
                false => Known::of(&format!("MSExchange:{}", log.replace(' ', ""))),
            },
            Some(stream) => zeek(stream),
            None if has("tcpflags") => Known::of("windows:firewall"),
            None if has("x_edge_location") => Known::of("aws:cloudfront:accesslogs").source("aws"),
            None => Known::of("MSWindows:IIS"),
        }
    }

    fn event(&mut self, run: &mut Run<'_>, line: &str) {
        let slot = match self.slot {
            Some(slot) => slot,
            None => {
                let own = own_meta(Some(&self.known()));
                *self.slot.insert(text_slot(run, Kind::Line, &own, None))
            }
        };
        let now = run.meta.now;
        let Some(rows) = run.row(slot) else { return };
        rows.set("_raw", line);
        let quoted;
        let cells: &mut dyn Iterator<Item = &str> = match self.exchange.is_some() {
            true => {
                quoted = super::csv::cells(line);
                &mut quoted.iter().map(String::as_str)
            }
            false => &mut line.split(if self.tabs { '\t' } else { ' ' }),
        };
        let (mut time, mut date, mut clock) = (None, None, None);
        for (column, cell) in self.names.iter().zip(cells) {
            match &*column.name {
                "ts" => time = stamp::epoch(cell).or_else(|| stamp::value(cell, now)),
                "date" => date = Some(cell),
                "time" => clock = Some(cell),
                _ => {}
            }
            match cell {
                "-" | "(empty)" | "" => {}
                _ if column.many => cell.split(',').for_each(|v| rows.set(&column.name, v)),
                _ => rows.set(&column.name, cell),
            }
        }
        if let (None, Some(date), Some(clock)) = (time, date, clock) {
            time = stamp::value(&format!("{date}T{clock}Z"), now);
        }
        run.end_row(slot, time.or_else(|| stamp::leading(line, now)).unwrap_or(now));
    }
}

/// `cs(User-Agent)` is `cs_User_Agent`.
fn w3c(name: &str) -> Name {
    let clean = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
    let name: String = name.chars().map(clean).collect();
    Name { name: name.trim_matches('_').into(), many: false }
}

#[cfg(test)]
mod tests {
    use super::w3c;

    #[test]
    fn names_are_words() {
        assert_eq!(&*w3c("cs(User-Agent)").name, "cs_User_Agent");
        assert_eq!(&*w3c("sc-status").name, "sc_status");
    }
}
