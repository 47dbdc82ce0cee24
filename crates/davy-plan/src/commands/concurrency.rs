//! `concurrency`. Search Reference, concurrency.

use super::overrows::{Over, OverRows};
use crate::command::{Command, Order};
use crate::example;
use crate::fields::{FieldSet, Fields};
use crate::plan::{Failed, PlanCx, Rows};
use crate::spec::{CommandSpec, Kind, ParseCx, Support};
use crate::value::Val;
use davy_diag::{Span, Spanned};
use davy_spl::ast::{Args, Grammar};

pub(super) static SPEC: CommandSpec = CommandSpec {
    name: "concurrency",
    aliases: &[],
    kind: Kind::Barrier,
    grammar: Grammar::General,
    syntax: "concurrency duration=<field> [start=<field>] [output=<field>]",
    summary: "The number of events that were going on when each event started, itself included.",
    examples: &[
        example!("| makeresults format=csv data=\"s,d\n100,10\n105,10\n120,5\" | concurrency start=s duration=d | table s concurrency" => table "s,concurrency\n100,1\n105,2\n120,1"),
    ],
    source: "Search Reference, concurrency",
    support: Support::Full,
    parse,
};

#[derive(Debug)]
struct Concurrency {
    duration: Spanned<String>,
    start: String,
    output: String,
}

fn parse(args: &Args, cx: &mut ParseCx<'_>) -> Option<Box<dyn Command>> {
    let (options, left) = cx.reader(args).options(&["duration", "start", "output"], cx);
    if let Some(extra) = left.first() {
        return cx.bad(extra.span.0, "`concurrency` takes only `key=value` arguments");
    }
    let Some(duration) = options.text("duration") else { return cx.missing("`duration=<field>`") };
    let start = options.text("start").map_or("_time".to_owned(), |t| t.value);
    let output = options.text("output").map_or("concurrency".to_owned(), |t| t.value);
    Some(Box::new(Over(Concurrency { duration, start, output })))
}

impl OverRows for Concurrency {
    fn needs(&self, out: &FieldSet) -> FieldSet {
        let mut needs =
            super::accum::needs(out, std::slice::from_ref(&self.output), &self.duration.value);
        needs.add(&self.start);
        needs
    }

    fn fields(&self, input: &Fields) -> Fields {
        let mut fields = input.clone();
        fields.add(&self.output);
        fields
    }

    fn reads(&self) -> Vec<(String, Span)> {
        vec![(self.duration.value.clone(), self.duration.span)]
    }

    fn order(&self) -> Order {
        Order::Keeps
    }

    fn run(&self, rows: Rows, _: &PlanCx<'_>) -> Result<Rows, Failed> {
        let mut rows = rows;
        let (start, length) = (rows.column(&self.start), rows.column(&self.duration.value));
        let number = |row: &[Val<'static>], at: Option<usize>| {
            at.and_then(|at| row.get(at)).and_then(Val::num)
        };
        // An event without a start or a sound duration takes no part.
        let spans: Vec<Option<(f64, f64)>> = rows
            .rows
            .iter()
            .map(|row| {
                let (start, length) = (number(row, start)?, number(row, length)?);
                (length >= 0.0).then_some((start, start + length))
            })
            .collect();
        let mut starts: Vec<f64> = spans.iter().flatten().map(|s| s.0).collect();
        let mut ends: Vec<f64> = spans.iter().flatten().map(|s| s.1).collect();
        starts.sort_by(f64::total_cmp);
        ends.sort_by(f64::total_cmp);
        let output = rows.column_or_add(&self.output);
        for (row, span) in rows.rows.iter_mut().zip(spans) {
            let Some(slot) = row.get_mut(output) else { continue };
            *slot = match span {
                Some((at, end)) => {
                    let begun = starts.partition_point(|s| *s <= at);
                    let over = ends.partition_point(|e| *e <= at);
                    // An event without length is over when it starts, and counts itself.
                    Val::Num((begun - over + usize::from(end <= at)) as f64)
                }
                None => Val::Null,
            };
        }
        Ok(rows)
    }
}
