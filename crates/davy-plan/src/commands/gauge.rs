//! `gauge`. Search Reference, gauge.

use super::overrows::{Over, OverRows};
use crate::command::Command;
use crate::example;
use crate::fields::{FieldSet, Fields};
use crate::parse::{ArgReader, arg_text};
use crate::plan::{Failed, PlanCx, Rows};
use crate::spec::{CommandSpec, Kind, ParseCx, Support};
use crate::value::{Val, parse_num};
use davy_diag::Span;
use davy_spl::ast::{ArgKind, Args, Grammar};

pub(super) static SPEC: CommandSpec = CommandSpec {
    name: "gauge",
    aliases: &[],
    kind: Kind::Transforming,
    grammar: Grammar::General,
    syntax: "gauge <field | number> [<range> <range>...]",
    summary: "One row as a gauge shows it: the value of the first row as `x`, and the ends of the ranges as `y1`, `y2` and so on.",
    examples: &[
        example!("| makeresults | eval n=7 | gauge n 0 5 10" => table "x,y1,y2,y3\n7,0,5,10"),
    ],
    source: "Search Reference, gauge",
    support: Support::Limited("without ranges, `x` alone is given"),
    parse,
};

#[derive(Debug)]
enum Value {
    Field(String, Span),
    Number(f64),
}

#[derive(Debug)]
struct Gauge {
    values: Vec<Value>,
}

fn parse(args: &Args, cx: &mut ParseCx<'_>) -> Option<Box<dyn Command>> {
    let reader: ArgReader<'_> = cx.reader(args);
    let mut values = Vec::new();
    for arg in reader.items.iter().filter(|a| a.kind != ArgKind::Comma) {
        let Some(text) = arg_text(arg) else {
            return cx.bad(arg.span.0, "a field or a number is needed here");
        };
        values.push(match parse_num(&text) {
            Some(n) => Value::Number(n),
            None => Value::Field(text, arg.span.0),
        });
    }
    if values.is_empty() {
        return cx.missing("a field or a number");
    }
    Some(Box::new(Over(Gauge { values })))
}

impl Gauge {
    fn names(&self) -> Vec<String> {
        let name = |i| if i == 0 { "x".to_owned() } else { format!("y{i}") };
        (0..self.values.len()).map(name).collect()
    }
}

impl OverRows for Gauge {
    fn needs(&self, _: &FieldSet) -> FieldSet {
        FieldSet::of(self.reads().into_iter().map(|(n, _)| n))
    }

    fn fields(&self, _: &Fields) -> Fields {
        Fields::of(self.names())
    }

    fn reads(&self) -> Vec<(String, Span)> {
        let fields = self.values.iter().filter_map(|v| match v {
            Value::Field(name, span) => Some((name.clone(), *span)),
            Value::Number(_) => None,
        });
        fields.collect()
    }

    fn run(&self, rows: Rows, _: &PlanCx<'_>) -> Result<Rows, Failed> {
        let Some(first) = rows.rows.first() else {
            return Ok(Rows { names: self.names(), rows: Vec::new() });
        };
        let row = self.values.iter().map(|value| match value {
            Value::Number(n) => Val::Num(*n),
            Value::Field(name, _) => {
                rows.column(name).and_then(|i| first.get(i)).cloned().unwrap_or(Val::Null)
            }
        });
        Ok(Rows { names: self.names(), rows: vec![row.collect()] })
    }
}
