//! Windows events as XML: one or more a line, spread over lines, or a whole exported document.

pub(crate) mod event;
pub(crate) mod scan;
pub(crate) mod shaper;

use crate::decode::Step;
use crate::model::ProblemKind;
use crate::rows::Run;
use crate::shape::Kind;
use crate::sniff::heading;
use shaper::WindowsShaper;
use std::borrow::Cow;

const CLOSE: &[u8] = b"</Event>";

#[derive(Default)]
pub(crate) struct XmlDecoder {
    shaper: WindowsShaper,
    /// That something between events was left out has been told.
    told: bool,
}

impl Step for XmlDecoder {
    fn step(&mut self, run: &mut Run<'_>, text: &[u8], base: u64, last: bool) -> usize {
        let mut at = 0;
        // The next end of an event, looked for once.
        let mut close = memchr::memmem::find(text, CLOSE);
        while !run.stopped {
            let Some(start) = next_open(text, at) else {
                return self.no_more(run, text, at, base, last);
            };
            self.between(run, text.get(at..start).unwrap_or_default(), base + at as u64);
            if close.is_some_and(|hit| hit < start) {
                close = memchr::memmem::find(text.get(start..).unwrap_or_default(), CLOSE)
                    .map(|hit| hit + start);
            }
            let window = close.unwrap_or(text.len()).min(start + run.options.max_line);
            let next = next_open(text.get(..window).unwrap_or(text), start + 6);
            let whole = close.filter(|hit| next.is_none() && hit - start <= run.options.max_line);
            let (end, cut) = match (whole, next) {
                (Some(hit), _) => (hit + CLOSE.len(), None),
                (None, Some(next)) => (next, Some("an event is cut short by the next one")),
                (None, None) if window < text.len() => {
                    (window, Some("an event is longer than the limit and was cut"))
                }
                (None, None) if !last => return start,
                (None, None) => (text.len(), Some("the input ends in the middle of an event")),
            };
            if let Some(message) = cut {
                let place = Some(base + start as u64);
                run.problem(ProblemKind::Truncated, place, message.to_owned());
            }
            self.event(run, text.get(start..end).unwrap_or_default(), base + start as u64);
            at = end;
        }
        text.len()
    }
}

impl XmlDecoder {
    /// Behind the last event: all is taken but what may be the start of another.
    fn no_more(
        &mut self,
        run: &mut Run<'_>,
        text: &[u8],
        at: usize,
        base: u64,
        last: bool,
    ) -> usize {
        let rest = text.get(at..).unwrap_or_default();
        if last {
            self.between(run, rest, base + at as u64);
            return text.len();
        }
        match memchr::memrchr(b'<', rest) {
            Some(hit) if rest.len() - hit < 16 => at + hit,
            _ => text.len(),
        }
    }

    /// Text that belongs to no event: fine if it is the frame of a document.
    fn between(&mut self, run: &mut Run<'_>, text: &[u8], offset: u64) {
        let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text).trim_ascii();
        let text = text.get(heading(text)..).unwrap_or_default().trim_ascii();
        let frame = text.is_empty() || (text.first() == Some(&b'<') && text.last() == Some(&b'>'));
        if !frame && !self.told {
            self.told = true;
            let message = "text that is not in an event was left out".to_owned();
            run.problem(ProblemKind::Corrupt, Some(offset), message);
        }
    }

    fn event(&mut self, run: &mut Run<'_>, bytes: &[u8], offset: u64) {
        let text = lossy(run, bytes, offset);
        let text = text.trim();
        let canonical = scan::canonical(text);
        self.shaper.event(run, Kind::WindowsXml, canonical.as_deref().unwrap_or(text), None);
    }
}

/// The text of an event; what is not UTF-8 is replaced, and counted as a problem.
pub(crate) fn lossy<'a>(run: &mut Run<'_>, bytes: &'a [u8], offset: u64) -> Cow<'a, str> {
    // The check alone is several times as fast as the walk that replaces.
    if let Ok(text) = std::str::from_utf8(bytes) {
        return Cow::Borrowed(text);
    }
    let message = "not valid UTF-8; read with replacement characters".to_owned();
    run.problem(ProblemKind::Encoding, Some(offset), message);
    String::from_utf8_lossy(bytes)
}

/// The next `<Event>` or `<Event …>`, not `<Events>` or `<EventData>`.
fn next_open(text: &[u8], from: usize) -> Option<usize> {
    let rest = text.get(from..)?;
    memchr::memmem::find_iter(rest, b"<Event")
        .map(|hit| hit + from)
        .find(|hit| matches!(text.get(hit + 6), Some(b'>' | b' ' | b'\t' | b'\r' | b'\n')))
}
