//! `pivot`. Search Reference, pivot.
//!
//! A pivot is a search over a dataset's events, so it is written as one and run.

use crate::codes;
use crate::command::{Command, Order};
use crate::example;
use crate::fields::{FieldSet, Fields};
use crate::inner;
use crate::parse::ArgReader;
use crate::plan::{Failed, Plan, PlanCx};
use crate::spec::{CommandSpec, Kind, ParseCx, Support};
use davy_spl::ast::{ArgKind, Args, CallArgs, Grammar};
use std::fmt::Write;

pub(super) static SPEC: CommandSpec = CommandSpec {
    name: "pivot",
    aliases: &[],
    kind: Kind::Generating,
    grammar: Grammar::General,
    syntax: "pivot <model> <dataset> <function>(<field>) [AS <name>]... [FILTER <field> <comparison> <value>]... [SPLITROW <field> [AS <name>] [PERIOD <unit>]]... [SPLITCOL <field>] [LIMIT <field> BY TOP|BOTTOM <N> <function>(<field>)] [SORT <N> <field>] [NUMCOLS <N>] [SHOWOTHER <0|1>]",
    summary: "A table over a dataset: cell values, split into rows and columns.",
    examples: &[
        example!("| pivot Endpoint Processes count(Processes) AS \"Processes\" SPLITROW dest" => varies),
    ],
    source: "Search Reference, pivot",
    support: Support::Limited(
        "no RANGE splits, no row and column summaries, and columns split by one field only over rows split by one",
    ),
    parse,
};

#[derive(Debug)]
struct Pivot {
    search: String,
}

/// The words that begin a part.
const PARTS: [&str; 9] = [
    "filter",
    "limit",
    "splitrow",
    "splitcol",
    "sort",
    "numcols",
    "showother",
    "rowsummary",
    "colsummary",
];

#[derive(Debug, Default)]
struct Parts {
    values: Vec<String>,
    filters: Vec<String>,
    /// (field, shown name, span)
    rows: Vec<(String, String, Option<&'static str>)>,
    columns: Vec<(String, Option<&'static str>)>,
    limit: Option<String>,
    sort: Option<String>,
    numcols: Option<String>,
    other: bool,
}

fn parse(args: &Args, cx: &mut ParseCx<'_>) -> Option<Box<dyn Command>> {
    let Args::General(items) = args else { return None };
    let mut reader = ArgReader::of(items);
    let (Some(model), Some(dataset)) = (reader.field(), reader.field()) else {
        return cx.missing("a data model and a dataset");
    };
    let mut parts = Parts { other: true, ..Parts::default() };
    loop {
        reader.skip_commas();
        let Some(arg) = reader.peek() else { break };
        if let ArgKind::Call { .. } = &arg.kind {
            value(&mut reader, &dataset.value, &mut parts, cx)?;
            continue;
        }
        let word =
            match &arg.kind {
                ArgKind::Word(word) => word.to_ascii_lowercase(),
                _ => return cx.bad(
                    arg.span.0,
                    "a cell value or one of FILTER, SPLITROW, SPLITCOL, LIMIT, SORT is needed here",
                ),
            };
        if let Some(help) = instead(&word, &model.value, &dataset.value) {
            cx.report(
                codes::BAD_ARGUMENT
                    .at(arg.span.0, format!("`pivot` has no {} here", word.to_ascii_uppercase()))
                    .help(help),
            );
            return None;
        }
        if !PARTS.contains(&word.as_str()) {
            return cx.bad(
                arg.span.0,
                "a cell value or one of FILTER, SPLITROW, SPLITCOL, LIMIT, SORT is needed here",
            );
        }
        reader.next_arg();
        part(&word, &mut reader, &mut parts, cx)?;
    }
    if parts.values.is_empty() {
        return cx.missing("a cell value, such as `count(DATASET)`");
    }
    if !parts.columns.is_empty() && (parts.columns.len() > 1 || parts.rows.len() > 1) {
        return cx
            .bad(cx.span(), "columns can be split by one field, and then rows by one at most");
    }
    let search = written(&model.value, &dataset.value, &parts);
    Some(Box::new(Pivot { search }))
}

/// What to write in the place of an option of SPLITROW and SPLITCOL that there is not.
fn instead(word: &str, model: &str, dataset: &str) -> Option<String> {
    let made = match word {
        "range" => "bin FIELD span=10",
        "truelabel" | "falselabel" => "eval FIELD=if(FIELD=\"true\", \"yes\", \"no\")",
        _ => return None,
    };
    Some(format!(
        "write a search: `| datamodel {model} {dataset} flat | {made} | stats count BY FIELD`"
    ))
}

/// `count(DATASET) AS "name"`; the dataset stands for its events.
fn value(
    reader: &mut ArgReader<'_>,
    dataset: &str,
    parts: &mut Parts,
    cx: &mut ParseCx<'_>,
) -> Option<()> {
    let arg = reader.next_arg()?;
    let (call, shown) = call(&arg.kind, dataset)?;
    let name = match reader.keyword("as") {
        true => match reader.field() {
            Some(name) => name.value,
            None => return cx.bad(arg.span.0, "`AS` needs a name after it"),
        },
        false => shown,
    };
    parts.values.push(format!("{call} AS {}", text(&name)));
    Some(())
}

fn call(kind: &ArgKind, dataset: &str) -> Option<(String, String)> {
    let ArgKind::Call { name, args: CallArgs::Items(items) } = kind else { return None };
    let field = items.iter().find_map(crate::parse::arg_text)?;
    let function = name.value.to_ascii_lowercase();
    let shown = format!("{}({field})", name.value);
    match field == dataset && function == "count" {
        true => Some(("count".to_owned(), shown)),
        false => Some((format!("{function}({})", text(bare(&field, dataset))), shown)),
    }
}

fn bare<'f>(field: &'f str, dataset: &str) -> &'f str {
    field.strip_prefix(dataset).and_then(|f| f.strip_prefix('.')).unwrap_or(field)
}

fn part(
    word: &str,
    reader: &mut ArgReader<'_>,
    parts: &mut Parts,
    cx: &mut ParseCx<'_>,
) -> Option<()> {
    match word {
        "filter" => parts.filters.push(filter(reader, cx)?),
        "splitrow" | "splitcol" => {
            let Some(field) = reader.field() else { return cx.missing("a field to split by") };
            let mut name = field.value.clone();
            if reader.keyword("as") {
                name = reader.field().map_or(name, |n| n.value);
            }
            let mut period = None;
            if reader.keyword("period") {
                let unit = reader.field().map(|u| u.value).unwrap_or_default();
                period = match unit.to_ascii_lowercase().as_str() {
                    "year" => Some("1y"),
                    "month" => Some("1mon"),
                    "day" => Some("1d"),
                    "hour" => Some("1h"),
                    "minute" => Some("1m"),
                    "second" => Some("1s"),
                    _ => None,
                };
            }
            match word {
                "splitrow" => parts.rows.push((field.value, name, period)),
                _ => parts.columns.push((field.value, period)),
            }
        }
        "sort" => {
            let count = reader.field().map(|c| c.value).unwrap_or_default();
            let mut fields = Vec::new();
            while let Some(field) = reader.peek().and_then(crate::parse::arg_text) {
                if PARTS.contains(&field.to_ascii_lowercase().as_str()) {
                    break;
                }
                reader.next_arg();
                let (sign, field) = match field.strip_prefix('-') {
                    Some(field) => ("- ", field.to_owned()),
                    None => ("", field),
                };
                fields.push(format!("{sign}{}", text(&field)));
            }
            parts.sort = Some(format!("{count} {}", fields.join(", ")));
        }
        "limit" => {
            reader.field();
            reader.keyword("by");
            let bottom = reader.keyword("bottom");
            if !bottom {
                reader.keyword("top");
            }
            let count = reader.field().map(|c| c.value).unwrap_or_default();
            let by = reader.next_arg().and_then(|a| call(&a.kind, ""));
            if let Some((by, _)) = by {
                let sign = if bottom { "" } else { "- " };
                parts.limit = Some(format!("{count} {sign}{}", text(&by)));
            }
        }
        "numcols" => parts.numcols = reader.field().map(|n| n.value),
        "showother" => {
            parts.other = reader.field().is_none_or(|n| n.value != "0" && n.value != "false");
        }
        _ => summary(word, reader, cx),
    }
    Some(())
}

/// ROWSUMMARY and COLSUMMARY, which would add sums.
fn summary(word: &str, reader: &mut ArgReader<'_>, cx: &mut ParseCx<'_>) {
    let Some(value) = reader.field() else { return };
    if !["true", "t", "1"].contains(&value.value.to_ascii_lowercase().as_str()) {
        return;
    }
    let command = if word == "rowsummary" { "addtotals" } else { "addcoltotals" };
    cx.report(
        codes::NO_EFFECT
            .at(value.span, format!("{} adds no sums here", word.to_ascii_uppercase()))
            .help(format!("add them with `| {command}` after `pivot`")),
    );
}

/// `field comparison value` as a search.
fn filter(reader: &mut ArgReader<'_>, cx: &mut ParseCx<'_>) -> Option<String> {
    let here = reader.peek().map_or(cx.span(), |a| a.span.0);
    if let Some(ArgKind::Option { key, not, value }) = reader.peek().map(|a| &a.kind) {
        let sign = if *not { "!=" } else { "=" };
        let value = crate::parse::arg_text(value)?;
        reader.next_arg();
        return Some(format!("{}{sign}{}", key.value, text(&value)));
    }
    let Some(field) = reader.field() else { return cx.missing("a field after FILTER") };
    let Some(op) = reader.field() else {
        return cx.bad(here, "a comparison is needed here, such as `is` or `contains`");
    };
    let name = &field.value;
    let mut operand = || reader.field().map(|v| v.value.replace('"', "\\\"")).unwrap_or_default();
    Some(match op.value.to_ascii_lowercase().as_str() {
        "is" | "=" | "==" => format!("{name}=\"{}\"", operand()),
        "isnot" | "!=" => format!("{name}!=\"{}\"", operand()),
        "contains" => format!("{name}=\"*{}*\"", operand()),
        "doesnotcontain" => format!("NOT {name}=\"*{}*\"", operand()),
        "startswith" => format!("{name}=\"{}*\"", operand()),
        "endswith" => format!("{name}=\"*{}\"", operand()),
        "isnull" => format!("NOT {name}=*"),
        "isnotnull" => format!("{name}=*"),
        "<" | ">" | "<=" | ">=" => format!("{name}{}{}", op.value, operand()),
        "in" => {
            let list = match reader.next_arg().map(|a| &a.kind) {
                Some(ArgKind::Group(list)) => list.clone(),
                _ => return cx.bad(op.span, "`in` needs values in parentheses after it"),
            };
            format!("{name} IN ({list})")
        }
        _ => {
            return cx.bad(
                op.span,
                "the comparison is one of is, isNot, contains, doesNotContain, startsWith, endsWith, isNull, isNotNull, in, =, !=, <, <=, >, >=",
            );
        }
    })
}

fn text(name: &str) -> String {
    format!("\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\""))
}

/// The pivot as a search.
fn written(model: &str, dataset: &str, parts: &Parts) -> String {
    let mut out = format!("| datamodel {} {} flat", text(model), text(dataset));
    for filter in &parts.filters {
        let _ = write!(out, " | search {filter}");
    }
    let rows = parts.rows.iter().map(|(f, _, p)| (f, p));
    for (field, period) in rows.chain(parts.columns.iter().map(|(f, p)| (f, p))) {
        if let Some(period) = period {
            let _ = write!(out, " | bin {} span={period}", text(field));
        }
    }
    let values = parts.values.join(" ");
    match parts.columns.first() {
        Some((column, _)) => {
            let limit = parts.numcols.as_deref().unwrap_or("100");
            let _ = write!(out, " | chart limit={limit} useother={} {values}", parts.other);
            if let Some((row, ..)) = parts.rows.first() {
                let _ = write!(out, " OVER {}", text(row));
            }
            let _ = write!(out, " BY {}", text(column));
        }
        None => {
            let _ = write!(out, " | stats {values}");
            let by: Vec<String> = parts.rows.iter().map(|(f, ..)| text(f)).collect();
            if !by.is_empty() {
                let _ = write!(out, " BY {}", by.join(", "));
            }
        }
    }
    if let Some(limit) = &parts.limit {
        let _ = write!(out, " | sort {limit}");
    }
    for (field, name, _) in &parts.rows {
        if field != name {
            let _ = write!(out, " | rename {} AS {}", text(field), text(name));
        }
    }
    if let Some(sort) = &parts.sort {
        let _ = write!(out, " | sort {sort}");
    }
    out
}

impl Command for Pivot {
    fn needs(&self, _: &FieldSet) -> FieldSet {
        FieldSet::none()
    }

    fn fields(&self, _: &Fields) -> Fields {
        Fields::open()
    }

    fn order(&self) -> Order {
        Order::Makes
    }

    fn plan(&self, _: Plan, cx: &PlanCx<'_>) -> Result<Plan, Failed> {
        inner::search(&self.search, cx)?.plan(cx.out, cx.ordered, cx)
    }
}
