//! Results of a search as Splunk gives them in XML: a `result` a row, a `field` in it a field.
//!
//! Source: REST API Reference, search/jobs/{id}/results, `output_mode=xml`; Splunk Web's export.

use crate::decode::Step;
use crate::json::JsonDecoder;
use crate::model::ProblemKind;
use crate::rows::Run;
use crate::xml::{lossy, scan};

#[derive(Default)]
pub(crate) struct ResultsDecoder {
    json: JsonDecoder,
}

/// Whether a text in XML is of this kind.
pub(crate) fn begins(text: &[u8]) -> bool {
    let head = text.get(..256).unwrap_or(text);
    memchr::memmem::find(head, b"<results ").is_some()
        || memchr::memmem::find(head, b"<results>").is_some()
}

const END: &[u8] = b"</result>";

impl Step for ResultsDecoder {
    fn step(&mut self, run: &mut Run<'_>, text: &[u8], base: u64, last: bool) -> usize {
        let mut at = 0;
        while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty() && !run.stopped) {
            let Some(start) = start(rest) else { break };
            let body = rest.get(start..).unwrap_or_default();
            let offset = base + (at + start) as u64;
            let Some(end) = memchr::memmem::find(body, END) else {
                if body.len() > run.options.max_line {
                    let message = "a result is longer than the limit and was left out".to_owned();
                    run.problem(ProblemKind::Limit, Some(offset), message);
                    return text.len();
                }
                if last {
                    let message = "the input ends in the middle of a result".to_owned();
                    run.problem(ProblemKind::Truncated, Some(offset), message);
                }
                return if last { text.len() } else { at + start };
            };
            let row = lossy(run, body.get(..end).unwrap_or_default(), offset).into_owned();
            let fields = fields(&row);
            let fields: Vec<(&str, &str)> =
                fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            self.json.table_row(run, &row, &fields);
            at += start + end + END.len();
        }
        // What stands between results is no event; a tag may be cut at the end.
        if last { text.len() } else { at.max(text.len().saturating_sub(b"<result ".len())) }
    }
}

/// Where the next result begins.
fn start(text: &[u8]) -> Option<usize> {
    memchr::memmem::find_iter(text, b"<result")
        .find(|at| matches!(text.get(at + b"<result".len()), Some(b' ' | b'>')))
}

/// The names and values of a result; a field of several values stands several times.
fn fields(row: &str) -> Vec<(String, String)> {
    let mut out = Vec::new();
    for field in row.split("<field ").skip(1) {
        let Some((name, rest)) = attribute(field) else { continue };
        let rest = rest.split("</field>").next().unwrap_or(rest);
        // The text of an event is in a `v`, with what was searched for between marks.
        let (open, close) =
            if rest.contains("<text>") { ("<text", "</text>") } else { ("<v", "</v>") };
        for part in rest.split(open).skip(1) {
            let Some((_, text)) = part.split_once('>') else { continue };
            let text = text.split(close).next().unwrap_or(text);
            let mut value = String::new();
            scan::decode_entities(&without_marks(text), &mut value);
            out.push((name.clone(), value));
        }
    }
    out
}

/// The value of `k`, and what stands behind the tag.
fn attribute(field: &str) -> Option<(String, &str)> {
    let (tag, rest) = field.split_once('>')?;
    let quoted = tag.split_once("k=")?.1;
    let quote = quoted.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
    let name = quoted.get(1..)?.split(quote).next()?;
    let mut out = String::new();
    scan::decode_entities(name, &mut out);
    Some((out, rest))
}

/// A text without `<sg h="1">` and `</sg>`.
fn without_marks(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, tag)) = rest.split_once('<') {
        out.push_str(before);
        rest = tag.split_once('>').map_or("", |(_, after)| after);
    }
    out.push_str(rest);
    out
}
