//! `davy knowledge coverage`: of each data source of the content, which of its fields are produced
//! from its example.

use crate::exit::Exit;
use crate::settings::{RangeArgs, usage};
use crate::{content, output};
use clap::{Args, ValueEnum};
use davy_exec::{Example, coverage, whole};
use serde_json::{Value, json};
use std::fmt::Write;

/// Tells which of the fields that data sources list are produced from their examples.
#[derive(Args)]
pub(super) struct Arguments {
    /// A folder of content with data sources. May be repeated; later ones win.
    #[arg(long, value_name = "DIR")]
    content: Vec<String>,
    #[arg(long, value_enum, default_value = "table")]
    format: Shown,
    #[command(flatten)]
    range: RangeArgs,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Shown {
    Table,
    Json,
    Md,
}

struct Row {
    name: String,
    expected: usize,
    /// With the reason.
    missing: Vec<(String, &'static str)>,
    whole: bool,
    /// Of a text of several lines only the first is left, a date.
    first_line: bool,
}

pub(super) fn run(args: Arguments) -> Result<Exit, Exit> {
    let loaded = content::open(&args.content)?;
    let knowledge = loaded.knowledge();
    let session = args.range.session()?;
    let mut rows = Vec::new();
    let mut without = Vec::new();
    for source in loaded.content.data_sources() {
        let name = source.name.value.clone();
        let log = match &source.example_log {
            Some(log) if !source.fields.is_empty() => log,
            _ => {
                without.push(name);
                continue;
            }
        };
        let clean = |text: &str| text.trim_matches('"').to_owned();
        let (from, kind) = (clean(&source.source), clean(&source.sourcetype));
        let example =
            Example { text: log, source: &from, sourcetype: &kind, fields: &source.fields };
        let got =
            coverage(&session, &knowledge, example).map_err(|e| usage(&format!("{name}: {e}")))?;
        let whole = whole(log);
        let first_line = !whole && !log.trim_start().starts_with(['<', '{']);
        let missing = got.missing.into_iter().map(|field| {
            let why = reason(&field, log, whole);
            (field, why)
        });
        let missing = missing.collect();
        rows.push(Row { name, expected: source.fields.len(), missing, whole, first_line });
    }
    rows.sort_by(|a, b| a.name.cmp(&b.name));
    let text = match args.format {
        Shown::Json => format!("{:#}\n", object(&rows, &without)),
        Shown::Table | Shown::Md => table(&rows, &without, args.format == Shown::Md),
    };
    Ok(output::say(&text))
}

/// Why a field is not there, as far as the example tells.
fn reason(field: &str, log: &str, whole: bool) -> &'static str {
    let own = field.rsplit(['.', ':']).next().unwrap_or(field).trim_end_matches("{}");
    match () {
        () if !whole => "the example is cut short",
        () if field.starts_with("tag") => "no published tag for the values of this event",
        () if field == "splunk_server_group" => "a property of a Splunk cluster",
        () if !log.contains(own) => "the example has nothing of this name, nor a source for it",
        () => "not produced yet",
    }
}

/// (expected, produced) over some rows.
fn sum<'a>(rows: impl Iterator<Item = &'a Row>) -> (usize, usize) {
    rows.fold((0, 0), |(e, p), row| (e + row.expected, p + row.expected - row.missing.len()))
}

fn share((expected, produced): (usize, usize)) -> String {
    let percent = 100.0 * produced as f64 / (expected.max(1)) as f64;
    format!("{produced} of {expected} ({percent:.2} %)")
}

fn table(rows: &[Row], without: &[String], markdown: bool) -> String {
    let named = |keep: &dyn Fn(&Row) -> bool| {
        let names: Vec<&str> = rows.iter().filter(|r| keep(r)).map(|r| r.name.as_str()).collect();
        format!("({}): {}", names.len(), names.join(", "))
    };
    let mut out = String::new();
    if markdown {
        out.push_str(
            "# Fields of published data sources\n\nMade by `davy knowledge coverage --format md` \
             over the data sources of the ESCU catalogue:\nthe fields that each lists, and those \
             that davy produces from its example.\n\n",
        );
    }
    let _ = writeln!(out, "- All examples: {}", share(sum(rows.iter())));
    let ended = rows.iter().filter(|r| r.whole || r.first_line);
    let _ = writeln!(out, "- Without those that end in the middle: {}", share(sum(ended)));
    let _ = writeln!(
        out,
        "- Without those of which only a date is there either: {}",
        share(sum(rows.iter().filter(|r| r.whole)))
    );
    let _ = writeln!(out, "- Ending in the middle {}", named(&|r| !r.whole && !r.first_line));
    let _ =
        writeln!(out, "- Only a date, the first line of the event {}", named(&|r| r.first_line));
    let _ =
        writeln!(out, "- Without example or fields ({}): {}", without.len(), without.join(", "));
    out.push_str("\n| Data source | Listed | Produced |\n|---|---:|---:|\n");
    for row in rows {
        let cut = if row.whole { "" } else { " (cut short)" };
        let produced = row.expected - row.missing.len();
        let _ = writeln!(out, "| {}{cut} | {} | {produced} |", row.name, row.expected);
    }
    out.push_str("\n| Data source | Missing | Why |\n|---|---|---|\n");
    for row in rows {
        let mut reasons: Vec<&str> = row.missing.iter().map(|(_, why)| *why).collect();
        reasons.sort_unstable();
        reasons.dedup();
        for why in reasons {
            let of = row.missing.iter().filter(|(_, w)| *w == why);
            let fields: Vec<&str> = of.map(|(field, _)| field.as_str()).collect();
            let _ = writeln!(out, "| {} | {} | {why} |", row.name, fields.join(", "));
        }
    }
    out
}

fn object(rows: &[Row], without: &[String]) -> Value {
    let of = |row: &Row| {
        let missing = row.missing.iter().map(|(f, why)| json!({"field": f, "why": why}));
        json!({
            "source": row.name,
            "whole": row.whole,
            "expected": row.expected,
            "produced": row.expected - row.missing.len(),
            "missing": missing.collect::<Vec<_>>(),
        })
    };
    json!({"sources": rows.iter().map(of).collect::<Vec<_>>(), "without": without})
}
