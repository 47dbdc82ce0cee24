//! `fieldsummary`. Search Reference, fieldsummary.

use super::overrows::{Over, OverRows};
use crate::command::{Command, Order};
use crate::example;
use crate::fields::{FieldSet, Fields, wildcard_match};
use crate::parse::ArgReader;
use crate::plan::{Failed, PlanCx, Rows};
use crate::spec::{CommandSpec, Kind, ParseCx, Support};
use crate::value::{Val, parse_num};
use davy_diag::{Span, Spanned};
use davy_spl::ast::{Arg, Args, Grammar};
use std::collections::BTreeMap;

pub(super) static SPEC: CommandSpec = CommandSpec {
    name: "fieldsummary",
    aliases: &[],
    kind: Kind::Barrier,
    grammar: Grammar::General,
    syntax: "fieldsummary [maxvals=<N>] [<field-list>]",
    summary: "A row for each field: how many rows have it, how many different values, statistics of those that are numbers, and the most frequent values as JSON.",
    examples: &[
        example!("| makeresults format=csv data=\"u,n\na,1\na,3\" | table u n | fieldsummary | table field count distinct_count max mean min numeric_count" => table "field,count,distinct_count,max,mean,min,numeric_count\nn,2,2,3,2,1,2\nu,2,1,,,,0"),
        example!("| makeresults format=csv data=\"u\na\na\nb\" | fieldsummary maxvals=1 u" => field "values" = "[{\"value\":\"a\",\"count\":2}]"),
    ],
    source: "Search Reference, fieldsummary",
    support: Support::Full,
    parse,
};

const NAMES: [&str; 10] = [
    "field",
    "count",
    "distinct_count",
    "is_exact",
    "max",
    "mean",
    "min",
    "numeric_count",
    "stdev",
    "values",
];

#[derive(Debug)]
struct FieldSummary {
    max: usize,
    names: Vec<Spanned<String>>,
}

fn parse(args: &Args, cx: &mut ParseCx<'_>) -> Option<Box<dyn Command>> {
    let (options, left) = cx.reader(args).options(&["maxvals"], cx);
    let max = match options.count("maxvals", cx) {
        Some(0) => usize::MAX,
        max => max.unwrap_or(100),
    };
    let left: Vec<Arg> = left.into_iter().cloned().collect();
    let mut reader = ArgReader::of(&left);
    let names = reader.fields(&[]);
    if let Some(extra) = reader.peek() {
        return cx.bad(extra.span.0, "a field is needed here");
    }
    Some(Box::new(Over(FieldSummary { max, names })))
}

impl OverRows for FieldSummary {
    fn needs(&self, _: &FieldSet) -> FieldSet {
        if self.names.is_empty() || self.names.iter().any(|n| n.value.contains('*')) {
            return FieldSet::all();
        }
        FieldSet::of(self.names.iter().map(|n| n.value.clone()))
    }

    fn fields(&self, _: &Fields) -> Fields {
        Fields::of(NAMES)
    }

    fn reads(&self) -> Vec<(String, Span)> {
        self.names.iter().map(|n| (n.value.clone(), n.span)).collect()
    }

    fn order(&self) -> Order {
        Order::Makes
    }

    fn run(&self, rows: Rows, _: &PlanCx<'_>) -> Result<Rows, Failed> {
        let mut out = Rows { names: NAMES.map(str::to_owned).to_vec(), rows: Vec::new() };
        let mut wanted: Vec<(&String, usize)> = rows
            .names
            .iter()
            .enumerate()
            .filter(|(_, name)| match self.names.is_empty() {
                true => !name.starts_with('_'),
                false => self.names.iter().any(|n| wildcard_match(&n.value, name)),
            })
            .map(|(i, name)| (name, i))
            .collect();
        wanted.sort();
        for (name, at) in wanted {
            if let Some(row) = self.one(name, at, &rows) {
                out.rows.push(row);
            }
        }
        Ok(out)
    }
}

impl FieldSummary {
    fn one(&self, name: &str, at: usize, rows: &Rows) -> Option<Vec<Val<'static>>> {
        let mut count = 0.0;
        let mut values: BTreeMap<String, u64> = BTreeMap::new();
        let mut numbers: Vec<f64> = Vec::new();
        for row in &rows.rows {
            let Some(value) = row.get(at).filter(|v| !v.is_null()) else { continue };
            count += 1.0;
            for one in value.values() {
                numbers.extend(parse_num(&one));
                *values.entry(one.into_owned()).or_default() += 1;
            }
        }
        if count == 0.0 {
            return None;
        }
        let number = |n: Option<f64>| n.map_or(Val::Null, Val::Num);
        let distinct = values.len();
        let stats = stats_of(&numbers);
        let mut frequent: Vec<(String, u64)> = values.into_iter().collect();
        frequent.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        let list: Vec<String> = frequent
            .iter()
            .take(self.max)
            .map(|(value, n)| {
                let value = serde_json::Value::String(value.clone());
                format!("{{\"value\":{value},\"count\":{n}}}")
            })
            .collect();
        Some(vec![
            Val::str(name.to_owned()),
            Val::Num(count),
            Val::Num(distinct as f64),
            Val::Num(f64::from(u8::from(distinct <= self.max))),
            number(numbers.iter().copied().reduce(f64::max)),
            number(stats.map(|s| s.0)),
            number(numbers.iter().copied().reduce(f64::min)),
            Val::Num(numbers.len() as f64),
            number(stats.map(|s| s.1)),
            Val::str(format!("[{}]", list.join(","))),
        ])
    }
}

/// Mean and sample deviation; one number deviates by 0.
pub(super) fn stats_of(numbers: &[f64]) -> Option<(f64, f64)> {
    if numbers.is_empty() {
        return None;
    }
    let n = numbers.len() as f64;
    let mean = numbers.iter().sum::<f64>() / n;
    let squares: f64 = numbers.iter().map(|x| (x - mean) * (x - mean)).sum();
    let deviation = if n > 1.0 { (squares / (n - 1.0)).sqrt() } else { 0.0 };
    Some((mean, deviation))
}
