//! Windows events as classic text: a line with the date, `Name=value` lines, and a message whose
//! sections hold `Name:<tab>value` lines.

use crate::decode::Step;
use crate::model::{Meta, ProblemKind};
use crate::rows::Run;
use crate::shape::Kind;
use crate::stamp;
use crate::text::text_slot;
use crate::xml::lossy;

#[derive(Default)]
pub(crate) struct WinEventLogDecoder;

/// `05/04/2026 09:12:33 AM`, alone on a line.
fn is_date_line(line: &[u8]) -> bool {
    let line = line.trim_ascii_end();
    let slash = |at: usize| line.get(at) == Some(&b'/');
    (19..=30).contains(&line.len())
        && slash(2)
        && slash(5)
        && line.first().is_some_and(u8::is_ascii_digit)
        && (line.ends_with(b"AM") || line.ends_with(b"PM") || line.ends_with(b"."))
}

/// Whether a text begins with such an event.
pub(crate) fn is_win_event_log(text: &[u8]) -> bool {
    let mut lines = text.split(|b| *b == b'\n');
    let first = lines.next().unwrap_or_default();
    is_date_line(first) && lines.next().is_some_and(|line| line.starts_with(b"LogName="))
}

impl Step for WinEventLogDecoder {
    fn step(&mut self, run: &mut Run<'_>, text: &[u8], base: u64, last: bool) -> usize {
        let mut at = 0;
        while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty() && !run.stopped) {
            let max = run.options.max_line;
            let size = match next_event(rest) {
                Some(size) => size,
                None if last => rest.len(),
                None if rest.len() > max => rest.len(),
                None => return at,
            };
            let offset = base + at as u64;
            if size > max {
                let message = "an event is longer than the limit and was cut".to_owned();
                run.problem(ProblemKind::Limit, Some(offset), message);
            }
            let block = rest.get(..size.min(max)).unwrap_or_default().trim_ascii();
            if !block.is_empty() {
                event(run, block, offset);
            }
            at += size;
        }
        text.len()
    }
}

/// Where the next date line begins.
fn next_event(text: &[u8]) -> Option<usize> {
    memchr::memchr_iter(b'\n', text).map(|at| at + 1).find(|start| {
        let rest = text.get(*start..).unwrap_or_default();
        memchr::memchr(b'\n', rest).is_some_and(|end| {
            is_date_line(rest.get(..end).unwrap_or_default())
                && rest.get(end + 1..).is_some_and(|after| after.starts_with(b"LogName="))
        })
    })
}

fn event(run: &mut Run<'_>, block: &[u8], offset: u64) {
    let raw = lossy(run, block, offset).into_owned();
    win_event(run, &raw, Meta::default());
}

/// One event as text; `stated` is what a wrapper says of it.
pub(crate) fn win_event(run: &mut Run<'_>, raw: &str, stated: Meta) {
    let mut fields: Vec<(String, String)> = Vec::new();
    let mut lines = raw.lines();
    let date = lines.next().unwrap_or_default();
    let mut message = None;
    for line in lines.by_ref() {
        let Some((name, value)) = line.split_once('=') else { continue };
        if name == "Message" {
            let start = raw.find("\nMessage=").map_or(raw.len(), |at| at + "\nMessage=".len());
            message = raw.get(start..).map(str::trim_end);
            break;
        }
        fields.push((name.trim().to_owned(), value.trim().to_owned()));
    }
    if let Some(message) = message {
        fields.push(("Message".to_owned(), message.to_owned()));
        sections(message, &mut fields);
    }
    let get = |wanted: &str| {
        fields.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.clone())
    };
    let log = get("LogName").unwrap_or_default();
    let own = Meta {
        source: stated.source.or_else(|| Some(format!("WinEventLog:{log}"))),
        sourcetype: stated.sourcetype.or_else(|| Some("WinEventLog".to_owned())),
        host: stated.host.or_else(|| get("ComputerName")),
        index: stated.index,
        ..Meta::default()
    };
    let slot = text_slot(run, Kind::WinEventLog, &own, None);
    let now = run.meta.now;
    let Some(rows) = run.row(slot) else { return };
    rows.set("_raw", raw);
    for (name, value) in &fields {
        if !value.is_empty() {
            rows.set(name, value);
        }
    }
    run.end_row(slot, stamp::value(date, now).unwrap_or(now));
}

/// `Account Name:<tab>value` gives Account_Name; a name again in another section, one more value.
fn sections(message: &str, fields: &mut Vec<(String, String)>) {
    for line in message.lines() {
        let Some((name, value)) = line.split_once(':') else { continue };
        let name = name.trim();
        let indented = line.starts_with([' ', '\t']);
        // Prose has colons too; names are short, and their values stand apart.
        if name.is_empty() || name.len() > 60 || !(indented || value.starts_with(['\t', ' '])) {
            continue;
        }
        let value = value.trim();
        if !value.is_empty() {
            let clean = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
            let name: String = name.chars().map(clean).collect();
            fields.push((name.trim_matches('_').to_owned(), value.to_owned()));
        }
    }
}
