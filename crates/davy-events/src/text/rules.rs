//! Plain text of which somebody says how it breaks into events and when these happened, as Splunk's
//! `props.conf` does for its storing.

use crate::decode::Step;
use crate::model::ProblemKind;
use crate::rows::{Run, SlotId};
use crate::shape::Kind;
use crate::text::known::syslog;
use crate::text::{own_meta, pairs, set_found, text_slot};
use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

/// What is said of a text.
pub trait TextRules: fmt::Debug + Send + Sync {
    /// Where the line that begins at a byte of the text ends, and where the next one begins, which is
    /// further on. `None`: no line ends in this text.
    fn line_end(&self, text: &str, from: usize) -> Option<(usize, usize)>;

    /// Whether a line belongs to the event before it.
    fn joins(&self, line: &str, event: &Gathered, now: f64) -> bool;

    /// Takes note of a line that is put to an event.
    fn took(&self, line: &str, event: &mut Gathered);

    /// When an event happened, in seconds since 1970. `None`: when the one before it did.
    fn time(&self, event: &str, now: f64) -> Option<f64>;

    /// The event as it is kept.
    fn kept<'t>(&self, event: &'t str) -> Cow<'t, str>;
}

/// What is known of an event as far as it was read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Gathered {
    pub lines: usize,
    /// The next line is another event's.
    pub ended: bool,
    /// The next lines belong to it until one ends it.
    pub held: bool,
}

pub(crate) struct RuledDecoder {
    rules: Arc<dyn TextRules>,
    slot: Option<SlotId>,
    event: Option<Event>,
    /// The time of the event before, for one that tells none.
    before: Option<f64>,
}

struct Event {
    text: String,
    gathered: Gathered,
}

impl Step for RuledDecoder {
    fn step(&mut self, run: &mut Run<'_>, text: &[u8], base: u64, last: bool) -> usize {
        let max = run.options.max_line;
        let whole = match memchr::memrchr(b'\n', text) {
            _ if last || text.len() > max => text.len(),
            Some(at) => at + 1,
            None => return 0,
        };
        let shown = same_length(run, text.get(..whole).unwrap_or_default(), base);
        let mut at = 0;
        while at < shown.len() && !run.stopped {
            let (end, next) = match self.rules.line_end(&shown, at) {
                // What ends a line may go on behind what is there.
                Some((_, next)) if !last && next >= shown.len() => break,
                Some(found) => found,
                None if last => (shown.len(), shown.len()),
                None if shown.len() - at <= max => break,
                None => {
                    let message = "a line is longer than the limit and was cut".to_owned();
                    run.problem(ProblemKind::Limit, Some(base + at as u64), message);
                    (shown.len(), shown.len())
                }
            };
            self.line(run, shown.get(at..end).unwrap_or_default());
            at = next.max(at + 1);
        }
        if last {
            self.end(run);
            return text.len();
        }
        at.min(shown.len())
    }
}

impl RuledDecoder {
    pub(crate) fn new(rules: Arc<dyn TextRules>) -> Self {
        RuledDecoder { rules, slot: None, event: None, before: None }
    }

    fn line(&mut self, run: &mut Run<'_>, line: &str) {
        let line = line.strip_prefix('\u{feff}').unwrap_or(line);
        if line.trim().is_empty() {
            return;
        }
        if let Some(event) = &mut self.event
            && event.text.len() + line.len() < run.options.max_line
            && self.rules.joins(line, &event.gathered, run.meta.now)
        {
            event.text.push('\n');
            event.text.push_str(line);
            self.rules.took(line, &mut event.gathered);
            return;
        }
        self.end(run);
        let mut gathered = Gathered::default();
        self.rules.took(line, &mut gathered);
        self.event = Some(Event { text: line.to_owned(), gathered });
    }

    fn end(&mut self, run: &mut Run<'_>) {
        let Some(Event { text, .. }) = self.event.take() else { return };
        let text = text.trim_end_matches(['\r', '\n']);
        let now = run.meta.now;
        let own = self.rules.time(text, now);
        let time = own.or(self.before).or(run.meta.before).unwrap_or(now);
        self.before = Some(time);
        run.counts.before = Some(time.to_bits());
        let raw = self.rules.kept(text);
        let slot =
            *self.slot.get_or_insert_with(|| text_slot(run, Kind::Line, &own_meta(None), None));
        let Some(rows) = run.row(slot) else { return };
        rows.set("_raw", &raw);
        if let Some(header) = syslog(&raw) {
            rows.set("host", header.host);
        }
        pairs(&raw, |name, value| set_found(rows, name, value));
        run.end_row(slot, time);
    }
}

/// The text with a question mark for each byte that is none of UTF-8, so that places stay.
fn same_length<'t>(run: &mut Run<'_>, bytes: &'t [u8], base: u64) -> Cow<'t, str> {
    let mut rest = match std::str::from_utf8(bytes) {
        Ok(text) => return Cow::Borrowed(text),
        Err(_) => bytes,
    };
    let mut out = String::with_capacity(bytes.len());
    let mut told = false;
    while !rest.is_empty() {
        let (valid, odd) = match std::str::from_utf8(rest) {
            Ok(text) => (text, 0),
            Err(error) => {
                let (valid, after) = rest.split_at(error.valid_up_to());
                let odd = error.error_len().unwrap_or(after.len());
                (std::str::from_utf8(valid).unwrap_or_default(), odd)
            }
        };
        if odd > 0 && !std::mem::replace(&mut told, true) {
            let message = "not valid UTF-8; read with question marks".to_owned();
            let at = base + (out.len() + valid.len()) as u64;
            run.problem(ProblemKind::Encoding, Some(at), message);
        }
        out.push_str(valid);
        out.extend(std::iter::repeat_n('?', odd));
        rest = rest.get(valid.len() + odd..).unwrap_or_default();
    }
    Cow::Owned(out)
}
