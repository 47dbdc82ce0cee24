//! `map`. Search Reference, map.

use crate::codes;
use crate::command::{Command, Order};
use crate::example;
use crate::fields::{FieldSet, Fields};
use crate::inner;
use crate::parse::arg_text;
use crate::plan::{Failed, Plan, PlanCx, Rows};
use crate::spec::{CommandSpec, Kind, ParseCx, Support};
use crate::value::Val;
use davy_diag::{Span, Spanned};
use davy_spl::ast::{ArgKind, Args, Grammar};

pub(super) static SPEC: CommandSpec = CommandSpec {
    name: "map",
    aliases: &[],
    kind: Kind::Barrier,
    grammar: Grammar::Template,
    syntax: "map (search=\"<search>\" | [<search>] | <saved-search>) [maxsearches=<N>]",
    summary: "Runs a search for each row, with the row's values in place of `$field$`; the results of all runs come one after the other.",
    examples: &[
        example!("| makeresults count=2 | streamstats count AS n | map search=\"| makeresults | eval m=$n$*10\" | table m" => table "m\n10\n20"),
        example!("| makeresults count=3 | map maxsearches=2 search=\"| makeresults\"" => rows 2),
        example!("| makeresults count=2 | map [ makeresults | eval n=\"$_serial_id$\" ] | table n" => table "n\n1\n2"),
    ],
    source: "Search Reference, map",
    support: Support::Full,
    parse,
};

#[derive(Debug)]
struct Map {
    text: Text,
    span: Span,
    max: Option<usize>,
}

#[derive(Debug)]
enum Text {
    Search(String),
    Saved(String),
}

fn parse(args: &Args, cx: &mut ParseCx<'_>) -> Option<Box<dyn Command>> {
    let (options, left) = cx.reader(args).options(&["search", "maxsearches"], cx);
    let max = options.count("maxsearches", cx);
    let mut text = options.text("search").map(|t| Spanned::new(Text::Search(t.value), t.span));
    for arg in left {
        if text.is_some() {
            return cx.bad(arg.span.0, "`map` takes one search");
        }
        text = match &arg.kind {
            ArgKind::Template(t) => Some(Spanned::new(Text::Search(inner::piped(t)), arg.span.0)),
            _ => match arg_text(arg) {
                Some(name) => Some(Spanned::new(Text::Saved(name), arg.span.0)),
                None => return cx.bad(arg.span.0, "a search is needed here"),
            },
        };
    }
    match text {
        Some(text) => Some(Box::new(Map { text: text.value, span: text.span, max })),
        None => cx.missing("a search"),
    }
}

/// Plain text and the fields between dollar signs; `$$` is a dollar sign.
fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        let (before, after) = rest.split_at(at);
        out.push(Piece::Text(before));
        let after = after.get(1..).unwrap_or("");
        match after.find('$') {
            Some(0) => {
                out.push(Piece::Text("$"));
                rest = after.get(1..).unwrap_or("");
            }
            Some(end) if is_field(after.get(..end).unwrap_or("")) => {
                out.push(Piece::Field(after.get(..end).unwrap_or("")));
                rest = after.get(end + 1..).unwrap_or("");
            }
            _ => {
                out.push(Piece::Text("$"));
                rest = after;
            }
        }
    }
    out.push(Piece::Text(rest));
    out
}

enum Piece<'t> {
    Text(&'t str),
    Field(&'t str),
}

/// A dollar sign may also end a regular expression, so not all between two is a name.
fn is_field(text: &str) -> bool {
    !text.is_empty()
        && text
            .chars()
            .all(|c| c.is_alphanumeric() || matches!(c, '_' | '.' | '-' | ':' | '{' | '}' | ' '))
        && !text.starts_with(' ')
        && !text.ends_with(' ')
}

impl Command for Map {
    fn needs(&self, _: &FieldSet) -> FieldSet {
        match &self.text {
            Text::Search(text) => FieldSet::of(pieces(text).into_iter().filter_map(|p| match p {
                Piece::Field(name) if name != SERIAL => Some(name.to_owned()),
                _ => None,
            })),
            Text::Saved(_) => FieldSet::all(),
        }
    }

    fn fields(&self, _: &Fields) -> Fields {
        Fields::open()
    }

    fn order(&self) -> Order {
        Order::Needs
    }

    fn plan(&self, input: Plan, cx: &PlanCx<'_>) -> Result<Plan, Failed> {
        let cx = PlanCx { span: self.span, ..cx.clone() };
        let text = match &self.text {
            Text::Search(text) => text.clone(),
            Text::Saved(name) => super::savedsearch::text_of(name, self.span, &cx)?,
        };
        let rows = cx.rows(&input)?;
        let max = self.max.unwrap_or(cx.engine.limits().map_searches);
        if rows.rows.len() > max {
            cx.engine.warn(
                codes::LIMIT_CUT
                    .at(self.span, format!("`map` ran for {max} of {} rows", rows.rows.len()))
                    .help("raise it with maxsearches=N"),
            );
        }
        let mut out = Rows::default();
        for (i, row) in rows.rows.iter().take(max).enumerate() {
            let text = filled(&text, &rows.names, row, i, &cx)?;
            let plan = inner::search(&text, &cx)?.plan(cx.out, true, &cx)?;
            let found = cx.rows(&plan)?;
            let columns: Vec<usize> = found.names.iter().map(|n| out.column_or_add(n)).collect();
            let width = out.names.len();
            for values in found.rows {
                let mut placed = vec![Val::Null; width];
                for (value, at) in values.into_iter().zip(&columns) {
                    if let Some(slot) = placed.get_mut(*at) {
                        *slot = value;
                    }
                }
                out.rows.push(placed);
            }
        }
        cx.plan_of(out)
    }
}

/// The number of the run, from 1.
const SERIAL: &str = "_serial_id";

fn filled(
    text: &str,
    names: &[String],
    row: &[Val<'static>],
    serial: usize,
    cx: &PlanCx<'_>,
) -> Result<String, Failed> {
    let mut out = String::new();
    for piece in pieces(text) {
        match piece {
            Piece::Text(text) => out.push_str(text),
            Piece::Field(SERIAL) => out.push_str(&(serial + 1).to_string()),
            Piece::Field(name) => {
                let at = names.iter().position(|n| n == name);
                let value = at.and_then(|at| row.get(at)).map(Val::values).unwrap_or_default();
                if value.is_empty() {
                    return Err(codes::NO_FIELD_FOR_MAP
                        .at(cx.span, format!("a row has no field `{name}` for this search"))
                        .help(format!("leave such rows out: `| where isnotnull('{name}')`"))
                        .into());
                }
                out.push_str(&value.join(" "));
            }
        }
    }
    Ok(out)
}
