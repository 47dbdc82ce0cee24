//! `davy knowledge coverage`: of each data source of the content, which of its fields are produced
//! from its example, and with which values.

use super::reasons::{self, Holds};
use crate::content::ContentArgs;
use crate::exit::Exit;
use crate::interrupt;
use crate::output;
use crate::settings::{RangeArgs, usage};
use clap::{Args, ValueEnum};
use davy_exec::{Coverage, Example, coverage, stated};
use davy_knowledge::Base;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt::Write;

/// Tells which of the fields that data sources list are produced from their examples.
#[derive(Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    content: ContentArgs,
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
    holds: Holds,
    expected: usize,
    /// With the reason.
    missing: Vec<(String, String)>,
    values: Values,
}

/// What became of the values of the fields that are there.
#[derive(Default)]
struct Values {
    /// The example says the value under the field's own name, and it is that.
    equal: usize,
    /// It is another, with the reason.
    other: Vec<(String, &'static str)>,
    /// Under another name the example has this value.
    taken: usize,
    /// Made: constants, classes, names of places, parts put together.
    made: usize,
}

pub(super) fn run(args: Arguments) -> Result<Exit, Exit> {
    let loaded = args.content.open()?;
    let knowledge = loaded.knowledge();
    let session = args.range.session()?;
    interrupt::ends(&session);
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
        let said = stated(log);
        let holds = reasons::holds(log, &from, &said);
        let of = reasons::Example { log, holds, stated: &said };
        let values = values(&got, log, &said, &given(&loaded.base, &kind, &from));
        let missing = got.missing.into_iter().map(|field| {
            let why = reasons::missing(&field, &of);
            (field, why)
        });
        let missing = missing.collect();
        rows.push(Row { name, holds, expected: source.fields.len(), missing, values });
    }
    rows.sort_by(|a, b| a.name.cmp(&b.name));
    let text = match args.format {
        Shown::Json => format!("{:#}\n", object(&rows, &without)),
        Shown::Table | Shown::Md => table(&rows, &without, args.format == Shown::Md),
    };
    Ok(output::say(&text))
}

/// The fields that add-ons define for events of a source.
fn given(base: &Base, sourcetype: &str, source: &str) -> Vec<std::sync::Arc<str>> {
    base.view(sourcetype, source).fields()
}

fn values(
    got: &Coverage,
    log: &str,
    said: &BTreeMap<String, Vec<String>>,
    given: &[std::sync::Arc<str>],
) -> Values {
    let mut out = Values::default();
    for (field, value) in &got.produced {
        match said.get(field) {
            Some(said) if reasons::same(value, said) => out.equal += 1,
            Some(_) => {
                let defined = given.iter().any(|name| **name == **field);
                let why = if defined {
                    "an add-on defines the field in place of the event's own"
                } else {
                    "not what the example says"
                };
                out.other.push((field.clone(), why));
            }
            None if value.iter().all(|v| !v.is_empty() && log.contains(v.as_str())) => {
                out.taken += 1;
            }
            None => out.made += 1,
        }
    }
    out
}

/// (expected, produced) over some rows.
fn sum<'a>(rows: impl Iterator<Item = &'a Row>) -> (usize, usize) {
    rows.fold((0, 0), |(e, p), row| (e + row.expected, p + row.expected - row.missing.len()))
}

fn share((expected, produced): (usize, usize)) -> String {
    let percent = 100.0 * produced as f64 / (expected.max(1)) as f64;
    format!("{produced} of {expected} ({percent:.2} %)")
}

/// The figures and what is left out of which.
fn head(rows: &[Row], without: &[String]) -> String {
    let mut out = String::new();
    let whole = || rows.iter().filter(|r| r.holds == Holds::Whole);
    let _ = writeln!(
        out,
        "- Whole examples ({} of {}): {}",
        whole().count(),
        rows.len(),
        share(sum(whole()))
    );
    let _ = writeln!(out, "- All examples: {}", share(sum(rows.iter())));
    let ended = rows.iter().filter(|r| r.holds != Holds::Cut);
    let _ = writeln!(out, "- Without those that end in the middle: {}", share(sum(ended)));
    let equal: usize = whole().map(|r| r.values.equal).sum();
    let others = || whole().flat_map(|r| &r.values.other);
    let said = equal + others().count();
    let wrong = others().filter(|(_, why)| why.starts_with("not")).count();
    let taken: usize = whole().map(|r| r.values.taken).sum();
    let made: usize = whole().map(|r| r.values.made).sum();
    let _ = writeln!(
        out,
        "- Values of those produced from whole examples: {} that the example states under the \
         field's own name are that value; of the others {} are of another by the add-on's own \
         definition and {wrong} are wrong. {taken} more fields have a value that stands in the \
         example under another name; {made} are made (constants, classes, numbers, what a server \
         adds), and no example says their value.",
        share((said, equal)),
        said - equal - wrong,
    );
    out.push_str("- Not whole is, told by the example alone:\n");
    for part in Holds::PARTS {
        let names = rows.iter().filter(|r| r.holds == part).map(|r| r.name.as_str());
        let names: Vec<&str> = names.collect();
        let _ = writeln!(out, "  - {} ({}): {}", part.rule(), names.len(), names.join(", "));
    }
    let _ =
        writeln!(out, "- Without example or fields ({}): {}", without.len(), without.join(", "));
    out
}

fn table(rows: &[Row], without: &[String], markdown: bool) -> String {
    let mut out = String::new();
    if markdown {
        out.push_str(
            "# Fields of published data sources\n\nMade by `davy knowledge coverage --format md` \
             over the data sources of the ESCU catalogue:\nthe fields that each lists, and those \
             that davy produces from its example. What an example\nstates is read by a plain \
             reader that shares nothing with the decoders.\n\n",
        );
    }
    out.push_str(&head(rows, without));
    out.push_str(
        "\n| Data source | Listed | Produced | Stated | Equal |\n|---|---:|---:|---:|---:|\n",
    );
    for row in rows {
        let cut = match row.holds {
            Holds::Whole => String::new(),
            part => format!(" ({})", part.named()),
        };
        let produced = row.expected - row.missing.len();
        let (equal, other) = (row.values.equal, row.values.other.len());
        let _ = writeln!(
            out,
            "| {}{cut} | {} | {produced} | {} | {equal} |",
            row.name,
            row.expected,
            equal + other
        );
    }
    out.push_str("\n| Data source | Missing | Why |\n|---|---|---|\n");
    for row in rows {
        by_reason(&mut out, &row.name, &row.missing);
    }
    out.push_str("\n| Data source | Another value | Why |\n|---|---|---|\n");
    for row in rows.iter().filter(|r| r.holds == Holds::Whole) {
        by_reason(&mut out, &row.name, &row.values.other);
    }
    out
}

/// One line a reason.
fn by_reason<W: AsRef<str>>(out: &mut String, name: &str, fields: &[(String, W)]) {
    let mut reasons: Vec<&str> = fields.iter().map(|(_, why)| why.as_ref()).collect();
    reasons.sort_unstable();
    reasons.dedup();
    for why in reasons {
        let of = fields.iter().filter(|(_, w)| w.as_ref() == why);
        let fields: Vec<&str> = of.map(|(field, _)| field.as_str()).collect();
        let _ = writeln!(out, "| {name} | {} | {why} |", fields.join(", "));
    }
}

fn object(rows: &[Row], without: &[String]) -> Value {
    let of = |row: &Row| {
        let missing = row.missing.iter().map(|(f, why)| json!({"field": f, "why": why}));
        let other = row.values.other.iter().map(|(f, why)| json!({"field": f, "why": why}));
        json!({
            "source": row.name,
            "whole": row.holds == Holds::Whole,
            "left_out": (row.holds != Holds::Whole).then(|| row.holds.named()),
            "expected": row.expected,
            "produced": row.expected - row.missing.len(),
            "missing": missing.collect::<Vec<_>>(),
            "values": {
                "equal": row.values.equal,
                "other": other.collect::<Vec<_>>(),
                "taken": row.values.taken,
                "made": row.values.made,
            },
        })
    };
    json!({"sources": rows.iter().map(of).collect::<Vec<_>>(), "without": without})
}
