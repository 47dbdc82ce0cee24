//! Plain lines: one event a line, with what time and key=value pairs can be recognised in it.

use crate::decode::Step;
use crate::model::Meta;
use crate::rows::{Run, SlotId};
use crate::shape::Kind;
use crate::stamp;
use crate::text::{Lines, kv, text_slot};
use crate::xml::lossy;

pub(crate) struct LineDecoder {
    lines: Lines,
    slot: Option<SlotId>,
}

impl Default for LineDecoder {
    fn default() -> Self {
        Self { lines: Lines::new(), slot: None }
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
    fn event(&mut self, run: &mut Run<'_>, line: &[u8], offset: u64) {
        let slot = match self.slot {
            Some(slot) => slot,
            None => *self.slot.insert(text_slot(run, Kind::Line, &Meta::default(), None)),
        };
        let raw = lossy(run, line, offset);
        let now = run.meta.now;
        let Some(rows) = run.row(slot) else { return };
        rows.set("_raw", &raw);
        kv::fields(&raw, |name, value| rows.set(name, value));
        let time = stamp::leading(&raw, now).unwrap_or(now);
        run.end_row(slot, time);
    }
}
