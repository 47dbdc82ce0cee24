//! Tuning files: what is known to be good, in YAML or CSV.
//!
//! ```yaml
//! - detection: Windows Export Certificate   # a name, an id, or a pattern with *
//!   field: dest
//!   value: backup-*
//!   reason: the nightly export of the backup servers
//!   expires: 2027-01-01
//! - detection: "*"
//!   where: user="svc_scan" AND count<5      # SPL, as after `where`; `search:` as after `search`
//!   reason: the scanner
//! ```
//!
//! In CSV the same keys are the names of the columns.

use crate::codes;
use crate::yaml::{self, Keys, Reader};
use davy_diag::{Diagnostics, FileId, SourceMap, Span, Spanned, closest};
use jiff::civil::Date;

const COLUMNS: [&str; 7] = ["detection", "field", "value", "where", "search", "reason", "expires"];

/// What makes a finding a known one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TuningTest {
    /// Every finding of the detection.
    All,
    /// One of the field's values is this, `*` standing for any text.
    Field { field: Spanned<String>, value: String },
    /// SPL as after `where`.
    Where(Spanned<String>),
    /// SPL as after `search`.
    Search(Spanned<String>),
}

/// One entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TuningEntry {
    /// A name, an id, a file's name, or a pattern of them.
    pub detection: Spanned<String>,
    pub test: TuningTest,
    pub reason: String,
    /// The last day on which it holds.
    pub expires: Option<Spanned<Date>>,
    /// `tuning.yml:12`
    pub place: String,
}

/// Reads a tuning file; CSV where its name says so. Entries with mistakes are left out.
pub fn read_tuning(
    file: FileId,
    sources: &mut SourceMap,
    diags: &mut Diagnostics,
) -> Vec<TuningEntry> {
    let name = sources.file(file).name.to_lowercase();
    let raw = match name.ends_with(".csv") {
        true => from_csv(file, sources, diags),
        false => from_yaml(file, sources, diags),
    };
    raw.into_iter().filter_map(|entry| entry.checked(sources, diags)).collect()
}

/// An entry as written.
#[derive(Default)]
struct Raw {
    span: Option<Span>,
    cells: [Option<Spanned<String>>; COLUMNS.len()],
}

fn from_yaml(file: FileId, sources: &mut SourceMap, diags: &mut Diagnostics) -> Vec<Raw> {
    let Some(node) = yaml::parse(file, sources, diags) else { return Vec::new() };
    let mut cx = Reader { sources, diags, errors: 0, strict: true };
    let items = cx.list("the file", &node);
    let maps: Vec<Keys<'_>> = items.iter().filter_map(|item| cx.map("entry", item)).collect();
    maps.into_iter()
        .map(|mut keys| {
            let mut raw = Raw { span: Some(keys.span), ..Raw::default() };
            for (cell, key) in raw.cells.iter_mut().zip(COLUMNS) {
                let node = keys.get(key);
                *cell = node.and_then(|node| cx.scalar(key, node));
            }
            keys.finish(&mut cx);
            raw
        })
        .collect()
}

fn from_csv(file: FileId, sources: &SourceMap, diags: &mut Diagnostics) -> Vec<Raw> {
    let text = sources.file(file).text.clone();
    let mut reader =
        csv::ReaderBuilder::new().flexible(true).has_headers(false).from_reader(text.as_bytes());
    let mut heads: Vec<Option<usize>> = Vec::new();
    let mut out = Vec::new();
    for record in reader.records() {
        let record = match record {
            Ok(record) => record,
            Err(error) => {
                let at = error.position().map_or(0, |p| p.byte() as usize);
                let span = line_at(file, &text, at);
                diags.push(codes::TUNING.at(span, format!("the line is no CSV: {error}")));
                continue;
            }
        };
        let span = line_at(file, &text, record.position().map_or(0, |p| p.byte() as usize));
        if heads.is_empty() {
            heads = record.iter().map(|head| column(head, span, diags)).collect();
            continue;
        }
        let mut raw = Raw { span: Some(span), ..Raw::default() };
        for (head, value) in heads.iter().zip(record.iter()) {
            if let Some(cell) = head.and_then(|at| raw.cells.get_mut(at))
                && !value.trim().is_empty()
            {
                *cell = Some(Spanned::new(value.trim().to_owned(), span));
            }
        }
        out.push(raw);
    }
    out
}

fn column(head: &str, span: Span, diags: &mut Diagnostics) -> Option<usize> {
    let head = head.trim().trim_start_matches('\u{feff}');
    let found = COLUMNS.iter().position(|c| c.eq_ignore_ascii_case(head));
    if found.is_none() {
        let near = closest(head, COLUMNS);
        let help = near.map_or_else(
            || format!("the columns are {}", COLUMNS.join(", ")),
            |near| format!("did you mean `{near}`?"),
        );
        diags.push(codes::TUNING.at(span, format!("no column `{head}` here")).help(help));
    }
    found
}

/// The line that begins there, without its break.
fn line_at(file: FileId, text: &str, at: usize) -> Span {
    let line = text.get(at..).and_then(|rest| rest.lines().next()).unwrap_or_default();
    file.span(at..at + line.len())
}

impl Raw {
    fn checked(self, sources: &SourceMap, diags: &mut Diagnostics) -> Option<TuningEntry> {
        let span = self.span?;
        let [detection, field, value, filter, search, reason, expires] = self.cells;
        let mut wrong = |at: Span, message: &str, help: &str| {
            diags.push(codes::TUNING.at(at, message).help(help));
        };
        let mut sound = true;
        if detection.is_none() {
            wrong(span, "`detection` is missing", "add a name, an id, or `*` for all");
            sound = false;
        }
        if reason.is_none() {
            wrong(span, "`reason` is missing", "say in `reason` why this is known to be good");
            sound = false;
        }
        let test = match (field, value, filter, search) {
            (None, None, None, None) => Some(TuningTest::All),
            (Some(field), Some(value), None, None) => {
                Some(TuningTest::Field { field, value: value.value })
            }
            (None, None, Some(filter), None) => Some(TuningTest::Where(filter)),
            (None, None, None, Some(search)) => Some(TuningTest::Search(search)),
            (Some(field), None, None, None) => {
                wrong(field.span, "`field` has no `value`", "add `value`; `*` stands for any text");
                None
            }
            (None, Some(value), None, None) => {
                wrong(value.span, "`value` has no `field`", "add `field` with the field's name");
                None
            }
            _ => {
                let help = "keep `field` with `value`, or `where`, or `search`";
                wrong(span, "an entry has one test", help);
                None
            }
        };
        let expires = match expires {
            None => None,
            Some(text) => match text.value.parse::<Date>() {
                Ok(date) => Some(Spanned::new(date, text.span)),
                Err(_) => {
                    let message = format!("`expires`: `{}` is no date", text.value);
                    wrong(text.span, &message, "write YYYY-MM-DD");
                    return None;
                }
            },
        };
        let place = format!("{}:{}", sources.file(span.file).name, sources.line_col(span).0);
        sound.then_some(TuningEntry {
            detection: detection?,
            test: test?,
            reason: reason?.value,
            expires,
            place,
        })
    }
}
