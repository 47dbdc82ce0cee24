//! `rangemap`. Search Reference, rangemap.

use crate::column::Ty;
use crate::command::Command;
use crate::example;
use crate::fields::{FieldSet, Fields};
use crate::parse::arg_text;
use crate::plan::{Failed, Plan, PlanCx};
use crate::rowmap::{RowMap, Set, row_map};
use crate::spec::{CommandSpec, Kind, ParseCx, Support};
use crate::value::{Val, parse_num};
use davy_diag::{Span, Spanned};
use davy_spl::ast::{ArgKind, Args, Grammar};
use std::sync::Arc;

pub(super) static SPEC: CommandSpec = CommandSpec {
    name: "rangemap",
    aliases: &[],
    kind: Kind::Streaming,
    grammar: Grammar::General,
    syntax: "rangemap field=<field> [<name>=<N>-<N>]... [default=<string>]",
    summary: "Puts the names of the ranges in which a number lies, both ends inclusive, into the field `range`; `None` or the default when it lies in none.",
    examples: &[
        example!("| makeresults | eval n=7 | rangemap field=n low=1-5 high=6-10" => field "range" = "high"),
        example!("| makeresults | eval n=70 | rangemap field=n low=1-5 default=severe" => field "range" = "severe"),
    ],
    source: "Search Reference, rangemap",
    support: Support::Full,
    parse,
};

#[derive(Debug, Clone)]
struct Range {
    name: String,
    low: f64,
    high: f64,
}

#[derive(Debug)]
struct RangeMap {
    field: Spanned<String>,
    ranges: Vec<Range>,
    default: String,
}

fn parse(args: &Args, cx: &mut ParseCx<'_>) -> Option<Box<dyn Command>> {
    let mut field = None;
    let mut default = "None".to_owned();
    let mut ranges = Vec::new();
    for arg in cx.reader(args).items {
        let (ArgKind::Option { key, not: false, value }, _) = (&arg.kind, ()) else {
            if matches!(arg.kind, ArgKind::Comma) {
                continue;
            }
            return cx.bad(arg.span.0, "a range is `name=1-10`");
        };
        let Some(text) = arg_text(value) else {
            return cx.bad(value.span.0, "a range is `name=1-10`");
        };
        match key.value.to_ascii_lowercase().as_str() {
            "field" => field = Some(Spanned::new(text, value.span.0)),
            "default" => default = text,
            _ => match ends(&text) {
                Some((low, high)) => ranges.push(Range { name: key.value.clone(), low, high }),
                None => {
                    return cx.bad(value.span.0, "a range is two numbers, the lower first: `1-10`");
                }
            },
        }
    }
    let Some(field) = field else { return cx.missing("`field=`") };
    Some(Box::new(RangeMap { field, ranges, default }))
}

/// `-5--1`: the sign after the first number parts it from the second.
fn ends(text: &str) -> Option<(f64, f64)> {
    let at = text
        .char_indices()
        .skip(1)
        .find(|(at, c)| *c == '-' && !text.get(..*at).unwrap_or_default().ends_with(['e', 'E']))?;
    let low = parse_num(text.get(..at.0)?.trim())?;
    let high = parse_num(text.get(at.0 + 1..)?.trim())?;
    (low <= high).then_some((low, high))
}

impl Command for RangeMap {
    fn needs(&self, out: &FieldSet) -> FieldSet {
        out.before(&["range".to_owned()], std::slice::from_ref(&self.field.value))
    }

    fn fields(&self, input: &Fields) -> Fields {
        let mut fields = input.clone();
        fields.add("range");
        fields
    }

    fn reads(&self) -> Vec<(String, Span)> {
        vec![(self.field.value.clone(), self.field.span)]
    }

    fn plan(&self, input: Plan, _: &PlanCx<'_>) -> Result<Plan, Failed> {
        let map = Names { ranges: self.ranges.clone(), default: self.default.clone() };
        let reads = vec![self.field.value.clone()];
        row_map(input, reads, vec![Set::new("range", Ty::Text)], Arc::new(map))
    }
}

#[derive(Debug)]
struct Names {
    ranges: Vec<Range>,
    default: String,
}

impl RowMap for Names {
    fn name(&self) -> &'static str {
        "rangemap"
    }

    fn map(&self, args: &[Val<'_>], out: &mut [Option<Val<'static>>]) -> Result<(), String> {
        let (Some(value), Some(slot)) = (args.first(), out.first_mut()) else { return Ok(()) };
        let mut names: Vec<&str> = Vec::new();
        for n in value.values().iter().filter_map(|t| parse_num(t)) {
            for range in self.ranges.iter().filter(|r| r.low <= n && n <= r.high) {
                if !names.contains(&range.name.as_str()) {
                    names.push(&range.name);
                }
            }
        }
        *slot = Some(match names.is_empty() {
            true => Val::str(self.default.clone()),
            false => Val::multi(&names),
        });
        Ok(())
    }
}
