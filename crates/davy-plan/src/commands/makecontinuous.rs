//! `makecontinuous`. Search Reference, makecontinuous.

use super::charting::pivot::fill;
use super::overrows::{Over, OverRows};
use crate::buckets::{self, BinOptions};
use crate::codes;
use crate::command::Command;
use crate::example;
use crate::fields::{FieldSet, Fields};
use crate::parse::ArgReader;
use crate::plan::{Failed, PlanCx, Rows};
use crate::spec::{CommandSpec, Kind, ParseCx, Support};
use crate::value::Val;
use davy_diag::{Span, Spanned};
use davy_spl::ast::{Arg, Args, Grammar};
use std::collections::HashSet;

pub(super) static SPEC: CommandSpec = CommandSpec {
    name: "makecontinuous",
    aliases: &[],
    kind: Kind::Barrier,
    grammar: Grammar::General,
    syntax: "makecontinuous [<field>] [span=<span>] [bins=<N>] [start=<number>] [end=<number>] [aligntime=<time>]",
    summary: "Moves a field (`_time`) to the starts of equal steps and adds a row for each step that has none.",
    examples: &[
        example!("| makeresults format=csv data=\"n,c\n10,a\n40,b\" | table n c | makecontinuous n span=10" => table "n,c\n10,a\n20,\n30,\n40,b"),
    ],
    source: "Search Reference, makecontinuous",
    support: Support::Full,
    parse,
};

#[derive(Debug)]
struct MakeContinuous {
    field: Spanned<String>,
    bins: BinOptions,
}

fn parse(args: &Args, cx: &mut ParseCx<'_>) -> Option<Box<dyn Command>> {
    let (options, left) =
        cx.reader(args).options(&["span", "bins", "start", "end", "minspan", "aligntime"], cx);
    let bins = BinOptions {
        span: options.text("span"),
        bins: match options.count("bins", cx) {
            Some(0) => return cx.bad(cx.span(), "`bins` is a whole number, 1 or more"),
            bins => bins.map(|n| Spanned::new(n, cx.span())),
        },
        start: options.number("start", cx),
        end: options.number("end", cx),
        min_span: options.text("minspan"),
        align: options.text("aligntime"),
    };
    super::bin::widths(&bins, cx)?;
    let left: Vec<Arg> = left.into_iter().cloned().collect();
    let mut reader = ArgReader::of(&left);
    let field =
        reader.field().unwrap_or_else(|| Spanned::new("_time".to_owned(), cx.stage.name.span));
    if let Some(extra) = reader.peek() {
        return cx.bad(extra.span.0, "`makecontinuous` takes one field");
    }
    Some(Box::new(Over(MakeContinuous { field, bins })))
}

impl OverRows for MakeContinuous {
    fn needs(&self, out: &FieldSet) -> FieldSet {
        out.clone().with([self.field.value.clone()])
    }

    fn fields(&self, input: &Fields) -> Fields {
        input.clone()
    }

    fn reads(&self) -> Vec<(String, Span)> {
        vec![(self.field.value.clone(), self.field.span)]
    }

    fn run(&self, mut rows: Rows, cx: &PlanCx<'_>) -> Result<Rows, Failed> {
        let Some(at) = rows.column(&self.field.value) else { return Ok(rows) };
        let number = |row: &[Val<'static>]| row.get(at).and_then(Val::num);
        let (start, end) = (self.bins.start, self.bins.end);
        rows.rows.retain(|row| {
            number(row).is_none_or(|n| {
                start.is_none_or(|start| n >= start) && end.is_none_or(|end| n <= end)
            })
        });
        let numbers: Vec<f64> = rows.rows.iter().filter_map(|r| number(r)).collect();
        let low = numbers.iter().copied().reduce(f64::min);
        let range = low.zip(numbers.iter().copied().reduce(f64::max));
        let time = self.field.value == "_time";
        let cut =
            buckets::resolve(&self.bins, time, if time { 100 } else { 300 }, cx, || Ok(range))?;
        let mut seen: HashSet<u64> = HashSet::new();
        for row in &mut rows.rows {
            if let Some(slot) = row.get_mut(at)
                && let Some(n) = slot.num()
            {
                let floor = cut.floor(n);
                seen.insert(floor.to_bits());
                *slot = Val::Num(floor);
            }
        }
        let Some((low, high)) = range else { return Ok(rows) };
        let filled = fill(&cut, cut.floor(start.unwrap_or(low)), cut.floor(end.unwrap_or(high)));
        if filled.len() > 50_000 {
            return Err(codes::BAD_ARGUMENT
                .at(cx.span, "the steps between the least and the greatest value are too many")
                .help("choose a longer span")
                .into());
        }
        let width = rows.names.len();
        for start in filled.into_iter().filter(|s| !seen.contains(&s.to_bits())) {
            let mut row = vec![Val::Null; width];
            if let Some(slot) = row.get_mut(at) {
                *slot = Val::Num(start);
            }
            rows.rows.push(row);
        }
        let place = |row: &Vec<Val<'static>>| number(row).unwrap_or(f64::INFINITY);
        rows.rows.sort_by(|a, b| place(a).total_cmp(&place(b)));
        Ok(rows)
    }
}
