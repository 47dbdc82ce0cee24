//! `analyzefields`. Search Reference, analyzefields.

use super::overrows::{Over, OverRows};
use crate::command::{Command, Order};
use crate::example;
use crate::fields::Fields;
use crate::plan::{Failed, PlanCx, Rows};
use crate::spec::{CommandSpec, Kind, ParseCx, Support};
use crate::value::Val;
use davy_diag::{Span, Spanned};
use davy_spl::ast::{Args, Grammar};
use std::collections::HashMap;

pub(super) static SPEC: CommandSpec = CommandSpec {
    name: "analyzefields",
    aliases: &["af"],
    kind: Kind::Barrier,
    grammar: Grammar::General,
    syntax: "analyzefields classfield=<field>",
    summary: "For each field of numbers: how often it comes together with the class field, and how often the class is guessed right from it.",
    examples: &[
        example!("| makeresults format=csv data=\"c,n\na,1\na,2\nb,9\nb,8\" | table c n | analyzefields classfield=c" => table "field,count,cocur,acc,balacc\nn,4,1,1,1"),
    ],
    source: "Search Reference, analyzefields",
    support: Support::Limited(
        "how Splunk guesses is not published: here, the class whose mean is nearest",
    ),
    parse,
};

const NAMES: [&str; 5] = ["field", "count", "cocur", "acc", "balacc"];

#[derive(Debug)]
struct AnalyzeFields {
    class: Spanned<String>,
}

fn parse(args: &Args, cx: &mut ParseCx<'_>) -> Option<Box<dyn Command>> {
    let (options, left) = cx.reader(args).options(&["classfield"], cx);
    if let Some(extra) = left.first() {
        return cx.bad(extra.span.0, "`analyzefields` takes only classfield=<field>");
    }
    let Some(class) = options.text("classfield") else {
        return cx.missing("`classfield`");
    };
    Some(Box::new(Over(AnalyzeFields { class })))
}

impl OverRows for AnalyzeFields {
    fn fields(&self, _: &Fields) -> Fields {
        Fields::of(NAMES)
    }

    fn reads(&self) -> Vec<(String, Span)> {
        vec![(self.class.value.clone(), self.class.span)]
    }

    fn order(&self) -> Order {
        Order::Makes
    }

    fn run(&self, rows: Rows, _: &PlanCx<'_>) -> Result<Rows, Failed> {
        let mut out = Rows { names: NAMES.map(str::to_owned).to_vec(), rows: Vec::new() };
        let Some(class) = rows.column(&self.class.value) else { return Ok(out) };
        let mut columns: Vec<(&String, usize)> = rows
            .names
            .iter()
            .enumerate()
            .filter(|(i, n)| *i != class && !n.starts_with('_'))
            .map(|(i, n)| (n, i))
            .collect();
        columns.sort();
        let classed = rows.rows.iter().filter(|row| row.get(class).is_some_and(|v| !v.is_null()));
        let classed = classed.count().max(1) as f64;
        for (name, at) in columns {
            let mut pairs: Vec<(String, f64)> = Vec::new();
            let mut count = 0.0;
            for row in &rows.rows {
                let Some(n) = row.get(at).and_then(Val::num) else { continue };
                count += 1.0;
                if let Some(class) = row.get(class).and_then(|v| v.text()) {
                    pairs.push((class.into_owned(), n));
                }
            }
            if count == 0.0 {
                continue;
            }
            let (right, balanced) = guesses(&pairs, count);
            out.rows.push(vec![
                Val::str(name.clone()),
                Val::Num(count),
                Val::Num(pairs.len() as f64 / classed),
                Val::Num(right),
                Val::Num(balanced),
            ]);
        }
        Ok(out)
    }
}

/// The share of right guesses among all rows with the field, and its mean over the classes.
fn guesses(pairs: &[(String, f64)], count: f64) -> (f64, f64) {
    let mut sums: HashMap<&str, (f64, f64)> = HashMap::new();
    for (class, n) in pairs {
        let slot = sums.entry(class).or_default();
        slot.0 += n;
        slot.1 += 1.0;
    }
    let mut means: Vec<(&str, f64)> = sums.iter().map(|(c, (sum, n))| (*c, sum / n)).collect();
    means.sort_by(|a, b| a.0.cmp(b.0));
    let mut right: HashMap<&str, f64> = HashMap::new();
    for (class, n) in pairs {
        let near = means.iter().min_by(|a, b| (a.1 - n).abs().total_cmp(&(b.1 - n).abs()));
        if near.is_some_and(|(guess, _)| guess == class) {
            *right.entry(class).or_default() += 1.0;
        }
    }
    let all: f64 = right.values().sum();
    let shares = sums.iter().map(|(c, (_, n))| right.get(c).copied().unwrap_or(0.0) / n);
    let balanced = shares.sum::<f64>() / sums.len().max(1) as f64;
    (all / count, balanced)
}
