//! Plain lines: one event a line, with what time and key=value pairs can be recognised in it.
//! Behind a header of syslog or another carrier's there may be an event as XML (Sysmon for Linux,
//! forwarders of Windows events) or JSON.

use crate::decode::Step;
use crate::foreign::{self, snare, viewer};
use crate::json::JsonDecoder;
use crate::known::Known;
use crate::rows::{Run, SlotId};
use crate::shape::Kind;
use crate::stamp;
use crate::text::known::{behind, syslog, tell};
use crate::text::{Lines, own_meta, pairs, set_found, text_slot, time};
use crate::xml::{lossy, scan, shaper::WindowsShaper};

pub(crate) struct LineDecoder {
    lines: Lines,
    /// The kinds that were seen, the last one first.
    slots: Vec<(Option<Known>, SlotId)>,
    windows: WindowsShaper,
    json: JsonDecoder,
    /// An event of several lines as far as it was read.
    block: Option<Block>,
    /// The time of the line before, for one that tells none.
    before: Option<f64>,
}

impl Default for LineDecoder {
    fn default() -> Self {
        Self {
            lines: Lines::new(),
            slots: Vec::new(),
            windows: WindowsShaper::default(),
            json: JsonDecoder::default(),
            block: None,
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
            let Some(line) = line else { continue };
            if line.trim_ascii().is_empty() {
                match &mut self.block {
                    Some(block) if matches!(block.kind, Kept::Alert | Kept::Journal) => {
                        self.end_block(run);
                    }
                    Some(block) if block.kind == Kept::Listed => block.text.push(b'\n'),
                    _ => {}
                }
            } else {
                let line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line);
                self.line(run, line, offset);
            }
        }
        if last {
            self.end_block(run);
        }
        text.len()
    }
}

struct Block {
    text: Vec<u8>,
    offset: u64,
    kind: Kept,
}

/// What ends an event of several lines.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kept {
    /// An empty line.
    Alert,
    /// The next line that is a date.
    Dated,
    /// The next event's heading.
    Listed,
    /// An empty line: a record of the journal, as `journalctl -o export` writes it.
    Journal,
}

impl Kept {
    /// The kind of event that begins with this line; alerts and lists only where nobody says what
    /// the lines are.
    fn of(line: &[u8], stated: bool) -> Option<Kept> {
        match () {
            () if is_date(line) => Some(Kept::Dated),
            () if stated => None,
            () if viewer::is_listed(line) => Some(Kept::Listed),
            () if line.starts_with(ALERT) => Some(Kept::Alert),
            () if line.starts_with(b"__CURSOR=") => Some(Kept::Journal),
            () => None,
        }
    }

    /// Whether the line may be of such an event. Below a date stand pairs, headings, and what is
    /// indented below these, as Splunk's inputs on Windows write them.
    fn takes(self, line: &[u8]) -> bool {
        let name = line.iter().take_while(|b| b.is_ascii_alphanumeric() || **b == b'_').count();
        self != Kept::Dated
            || matches!(line.first(), Some(b' ' | b'\t'))
            || name > 0 && line.get(name) == Some(&b'=')
            || line.trim_ascii_end().ends_with(b":")
    }
}

/// What ends an event of Splunk's monitor of Active Directory.
const END: &[u8] = b"---splunk-admon-end-of-event---";

/// `05/04/2026 09:30:00.123` and nothing else.
fn is_date(line: &[u8]) -> bool {
    let line = line.trim_ascii_end();
    let slash = |at: usize| line.get(at) == Some(&b'/');
    (19..=30).contains(&line.len())
        && slash(2)
        && slash(5)
        && line.iter().all(|b| b.is_ascii_digit() || b"/:. APM".contains(b))
}

/// How an alert of Snort begins that goes on to an empty line.
const ALERT: &[u8] = b"[**] [";
/// As many bytes of an event of several lines are kept.
const BLOCK: usize = 64 << 10;

/// Lines that stand between events and are none: those of `ausearch`, the names of the columns of
/// a flow log.
fn is_frame(line: &[u8]) -> bool {
    line == b"----"
        || [&b"time->"[..], b"version account-id ", b"ID,Date,Time,Description,"]
            .iter()
            .any(|start| line.starts_with(start))
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

    fn line(&mut self, run: &mut Run<'_>, line: &[u8], offset: u64) {
        let stated = run.meta.sourcetype.is_some();
        let begins = Kept::of(line, stated);
        if let Some(block) = &mut self.block {
            let next = begins.is_some_and(|kind| kind == block.kind);
            let fits = block.kind.takes(line) && block.text.len() + line.len() <= BLOCK;
            let ends = next || !fits || line.starts_with(END);
            if !ends {
                block.text.push(b'\n');
                block.text.extend_from_slice(line);
                return;
            }
            self.end_block(run);
        }
        match begins {
            Some(kind) => self.block = Some(Block { text: line.to_vec(), offset, kind }),
            None if line.starts_with(END) || !stated && is_frame(line) => {}
            None => self.event(run, line, offset),
        }
    }

    fn end_block(&mut self, run: &mut Run<'_>) {
        let Some(block) = self.block.take() else { return };
        let text = lossy(run, &block.text, block.offset);
        if block.kind == Kept::Journal {
            let fields: Vec<(&str, &str)> =
                text.lines().filter_map(|line| line.split_once('=')).collect();
            if self.json.journal(run, &fields) {
                return;
            }
        }
        match (block.kind == Kept::Listed).then(|| viewer::listed(&text)).flatten() {
            Some(xml) => self.windows.event(run, Kind::WindowsXml, &xml, None),
            None => self.event(run, &block.text, block.offset),
        }
    }

    /// The event that a line carries as XML or JSON; false if it is the line that is the event.
    fn carried(&mut self, run: &mut Run<'_>, raw: &str, host: Option<&str>) -> bool {
        let text = raw.trim_end();
        if text.ends_with("</Event>")
            && let Some(at) = text.find("<Event>").or_else(|| text.find("<Event "))
            && let Some(event) = text.get(at..)
        {
            let canonical = scan::canonical(event);
            let event = canonical.as_deref().unwrap_or(event);
            let time = stamp::leading(raw, run.meta.now);
            self.windows.event(run, Kind::WindowsXml, event, time);
            return true;
        }
        text.ends_with('}')
            && run.meta.sourcetype.is_none()
            && text
                .find('{')
                .and_then(|at| text.get(at..))
                .is_some_and(|object| self.json.carried(run, object, host))
    }

    /// A Windows event in the words of an agent; false if the line is none.
    fn windows(&mut self, run: &mut Run<'_>, raw: &str) -> bool {
        if run.meta.sourcetype.is_some() {
            return false;
        }
        let xml = match () {
            () if raw.contains("MSWinEventLog") => snare::xml(raw),
            () if raw.contains("AgentDevice=") => snare::collected(raw),
            () if raw.contains("EventID=\"") => structured(raw),
            () => None,
        };
        let Some(xml) = xml else { return false };
        let xml = scan::canonical(&xml).unwrap_or(xml);
        let time = stamp::leading(raw, run.meta.now);
        self.windows.event(run, Kind::Line, &xml, time);
        true
    }

    fn event(&mut self, run: &mut Run<'_>, line: &[u8], offset: u64) {
        let raw = lossy(run, line, offset);
        let now = run.meta.now;
        let header = syslog(&raw);
        // A container's log has the name of the stream there.
        let host = header.as_ref().map(|h| h.host);
        let host = host.filter(|host| !matches!(*host, "stdout" | "stderr"));
        let ends = matches!(raw.trim_end().as_bytes().last(), Some(b'>' | b'}'));
        if ends && self.carried(run, &raw, host) || self.windows(run, &raw) {
            return;
        }
        let known = match run.meta.sourcetype {
            Some(_) => None,
            None => tell(&raw, header.as_ref(), &run.meta.name),
        };
        let kind = known.as_ref().map(|known| known.sourcetype.as_str());
        let mut own = time(&raw, kind.or(run.meta.sourcetype.as_deref()), now);
        let plain = known.as_ref().is_none_or(|known| known.sourcetype == "syslog");
        let inner = header.as_ref().filter(|_| plain && run.meta.sourcetype.is_none());
        let inner = inner.and_then(|header| behind(header, &run.meta.name));
        let (raw, known): (&str, _) = match inner {
            Some((line, known)) => {
                own = time(line, Some(&known.sourcetype), now).or(own);
                (line, Some(known))
            }
            None => (&*raw, known),
        };
        let slot = self.slot(run, known);
        let Some(rows) = run.row(slot) else { return };
        rows.set("_raw", raw);
        // Splunk's `syslog-host` takes the host from the header.
        if let Some(header) = header {
            rows.set("host", header.host);
        }
        // Its add-on takes whole lines, whose values hold commas and equals signs.
        let directory = raw.contains("\nadmonEventType=");
        if !directory {
            pairs(raw, |name, value| set_found(rows, name, value));
        }
        // As Splunk: an event without a time has that of the one before it in its source.
        let before = self.before.or(run.meta.before);
        let time = own.or(before).unwrap_or(now);
        self.before = Some(time);
        run.counts.before = Some(time.to_bits());
        run.end_row(slot, time);
    }
}

/// The XML of a Windows event whose fields stand in the structured data of RFC 5424, as NXLog's
/// `to_syslog_ietf` writes them: `[ID NAME="VALUE" …] MESSAGE`.
fn structured(line: &str) -> Option<String> {
    let (_, rest) = line.split_once('[')?;
    let (_, mut rest) = rest.split_once(' ')?;
    let mut event = serde_json::Map::new();
    while let Some((name, after)) = rest.split_once("=\"") {
        let mut value = String::new();
        let mut chars = after.char_indices();
        let end = loop {
            match chars.next()? {
                (at, '"') => break at,
                (_, '\\') => value.push(chars.next()?.1),
                (_, c) => value.push(c),
            }
        };
        event.insert(name.trim().to_owned(), value.into());
        rest = after.get(end + 1..)?;
        if let Some(message) = rest.strip_prefix(']') {
            event.entry("Message").or_insert(message.trim().into());
            break;
        }
    }
    // Who sent the line stands in its header.
    let host = syslog(line).map(|header| header.host).unwrap_or_default();
    event.entry("Hostname").or_insert(host.into());
    foreign::form(event.keys().map(String::as_str))?.xml(event)
}
