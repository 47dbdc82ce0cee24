//! Snare's and WinCollect's lines of Windows events, by themselves or behind a header of syslog:
//! values apart by tabs, the message in one line.
//!
//! Sources: Snare Enterprise Agent for Windows, event log format; IBM WinCollect, its syslog payload.

use super::parts::{Parts, audit, level, time};
use serde_json::Value;

/// The XML of the event of a line.
pub(crate) fn xml(line: &str) -> Option<String> {
    let (_, rest) = line.split_once("MSWinEventLog")?;
    // What relays write in place of a tab.
    let rest = rest.replace("#011", "\t");
    let mut cells = rest.strip_prefix('\t')?.split('\t').map(str::trim);
    let mut next = || cells.next().unwrap_or_default();
    let (_criticality, channel, _counter, date, id) = (next(), next(), next(), next(), next());
    let (provider, _user, _of, kind, computer) = (next(), next(), next(), next(), next());
    let _category = next();
    // The data and the message; either may be all that there is.
    let (data, message) = (next(), next());
    let message = if message.is_empty() || message.bytes().all(|b| b.is_ascii_digit()) {
        data
    } else {
        message
    };
    Parts {
        level: level(channel, &Value::from(kind)),
        keywords: audit(kind).to_owned(),
        time: time(&Value::from(dated(date))),
        provider: provider.to_owned(),
        channel: channel.to_owned(),
        id: id.to_owned(),
        computer: computer.to_owned(),
        message: unfolded(message),
        ..Parts::default()
    }
    .into_xml()
}

/// The XML of the event of a line of WinCollect, whose values have names.
pub(crate) fn collected(line: &str) -> Option<String> {
    let (_, rest) = line.split_once("AgentDevice=")?;
    let (head, message) = rest.split_once("\tMessage=").unwrap_or((rest, ""));
    let get = |name: &str| {
        let mut pairs = head.split('\t').filter_map(|pair| pair.split_once('='));
        pairs.find(|(known, _)| *known == name).map_or("", |(_, value)| value.trim())
    };
    let channel = get("AgentLogFile");
    Parts {
        level: level(channel, &Value::from(get("Level"))),
        keywords: audit(get("Keywords")).to_owned(),
        time: time(&Value::from(get("TimeGenerated"))),
        provider: get("Source").to_owned(),
        channel: channel.to_owned(),
        id: match get("EventIDCode") {
            "" => get("EventID").to_owned(),
            id => id.to_owned(),
        },
        record: get("RecordNumber").to_owned(),
        computer: match get("OriginatingComputer") {
            "" => get("Computer").to_owned(),
            name => name.to_owned(),
        },
        message: unfolded(message),
        ..Parts::default()
    }
    .into_xml()
}

/// `Mon May 04 09:30:00 2026` with the year before the clock.
fn dated(date: &str) -> String {
    match date.split_ascii_whitespace().collect::<Vec<_>>().as_slice() {
        [_, month, day, clock, year] => format!("{month} {day} {year} {clock}"),
        _ => date.to_owned(),
    }
}

/// A message whose lines were joined by blanks, in lines again: what ends with a colon is a heading
/// if another follows, or else the label of what follows.
pub(super) fn unfolded(message: &str) -> String {
    if message.contains('\n') {
        return message.to_owned();
    }
    let mut parts = message.split("  ").map(str::trim).filter(|part| !part.is_empty()).peekable();
    let mut out = parts.next().unwrap_or_default().to_owned();
    while let Some(part) = parts.next() {
        let value = parts.next_if(|next| part.ends_with(':') && !next.ends_with(':'));
        match value {
            Some(value) => {
                out.push_str("\n\t");
                out.push_str(part);
                out.push(' ');
                out.push_str(value);
            }
            None => {
                out.push('\n');
                out.push_str(part);
            }
        }
    }
    out
}
