//! Plain lines: one event a line, with what time and key=value pairs can be recognised in it.
//! Sysmon for Linux writes its events as XML behind a header of syslog.

use crate::decode::Step;
use crate::known::Known;
use crate::rows::{Run, SlotId};
use crate::shape::Kind;
use crate::stamp;
use crate::text::known::{syslog, tell};
use crate::text::{Lines, kv, own_meta, text_slot};
use crate::xml::{lossy, scan, shaper::WindowsShaper};

pub(crate) struct LineDecoder {
    lines: Lines,
    /// The kinds that were seen, the last one first.
    slots: Vec<(Option<Known>, SlotId)>,
    windows: WindowsShaper,
    /// The time of the line before, for one that tells none.
    before: Option<f64>,
}

impl Default for LineDecoder {
    fn default() -> Self {
        Self {
            lines: Lines::new(),
            slots: Vec::new(),
            windows: WindowsShaper::default(),
            before: None,
        }
    }
}

impl Step for LineDecoder {
    fn step(&mut self, run: &mut Run<'_>, text: &[u8], base: u64, last: bool) -> usize {
        let mut at = 0;
        while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty() && !run.stopped) {
            let offset = base + at as u64;
            let (line, taken) = self.lines.next(run, rest, offset, last);
            if taken == 0 {
                return at;
            }
            at += taken;
            if let Some(line) = line.filter(|line| !line.trim_ascii().is_empty()) {
                let line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line);
                self.event(run, line, offset);
            }
        }
        text.len()
    }
}

impl LineDecoder {
    fn slot(&mut self, run: &mut Run<'_>, known: Option<Known>) -> SlotId {
        if let Some(at) = self.slots.iter().position(|(kind, _)| *kind == known) {
            self.slots.swap(0, at);
        } else {
            let slot = text_slot(run, Kind::Line, &own_meta(known.as_ref()), None);
            self.slots.insert(0, (known, slot));
        }
        self.slots
            .first()
            .map_or_else(|| text_slot(run, Kind::Line, &own_meta(None), None), |s| s.1)
    }

    fn event(&mut self, run: &mut Run<'_>, line: &[u8], offset: u64) {
        let raw = lossy(run, line, offset);
        let now = run.meta.now;
        if let Some(at) = raw.find("<Event><System><Provider Name=\"Linux-Sysmon\"")
            && let Some(event) = raw.get(at..).map(str::trim_end)
            && event.ends_with("</Event>")
        {
            let canonical = scan::canonical(event);
            let event = canonical.as_deref().unwrap_or(event);
            let time = stamp::leading(&raw, now);
            return self.windows.event(run, Kind::WindowsXml, event, time);
        }
        let header = syslog(&raw);
        let known = match run.meta.sourcetype {
            Some(_) => None,
            None => tell(&raw, header.as_ref(), &run.meta.name),
        };
        let slot = self.slot(run, known);
        let Some(rows) = run.row(slot) else { return };
        rows.set("_raw", &raw);
        // Splunk's `syslog-host` takes the host from the header.
        if let Some(header) = header {
            rows.set("host", header.host);
        }
        kv::fields(&raw, |name, value| rows.set(name, value));
        // As Splunk: an event without a time has that of the one before it in its source.
        let before = self.before.or(run.meta.before);
        let time = stamp::leading(&raw, now).or(before).unwrap_or(now);
        self.before = Some(time);
        run.counts.before = Some(time.to_bits());
        run.end_row(slot, time);
    }
}
