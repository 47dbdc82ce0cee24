//! `associate`. Search Reference, associate: the entropy of a field, and what is left of it where
//! another field has one value.

use super::overrows::{Over, OverRows};
use crate::command::{Command, Order};
use crate::example;
use crate::fields::{FieldSet, Fields};
use crate::plan::{Failed, PlanCx, Rows};
use crate::spec::{CommandSpec, Kind, ParseCx, Support};
use crate::value::Val;
use davy_diag::{Span, Spanned};
use davy_spl::ast::{Args, Grammar};
use std::collections::BTreeMap;

pub(super) static SPEC: CommandSpec = CommandSpec {
    name: "associate",
    aliases: &[],
    kind: Kind::Barrier,
    grammar: Grammar::General,
    syntax: "associate [supcnt=<N>] [supfreq=<number>] [improv=<number>] [<field-list>]",
    summary: "For each value of a field that comes often enough (100 times and in a tenth of the rows): the fields whose entropy is less where it stands, by half a bit at least.",
    examples: &[
        example!("| makeresults format=csv data=\"a,b\nx,1\nx,1\ny,2\ny,2\" | table a b | associate supcnt=2 a b | table Reference_Key Reference_Value Target_Key Entropy_Improvement" => table "Reference_Key,Reference_Value,Target_Key,Entropy_Improvement\na,x,b,1\na,y,b,1\nb,1,a,1\nb,2,a,1"),
    ],
    source: "Search Reference, associate",
    support: Support::Limited("the order of rows is that of the fields and their values"),
    parse,
};

#[derive(Debug)]
struct Associate {
    count: f64,
    share: f64,
    improvement: f64,
    fields: Vec<Spanned<String>>,
}

fn parse(args: &Args, cx: &mut ParseCx<'_>) -> Option<Box<dyn Command>> {
    let (options, left) = cx.reader(args).options(&["supcnt", "supfreq", "improv"], cx);
    let fields = cx.field_list(&left)?;
    if let Some(wild) = fields.iter().find(|f| f.value.contains('*')) {
        return cx.bad(wild.span, "`associate` takes no wildcards");
    }
    Some(Box::new(Over(Associate {
        count: options.number("supcnt", cx).unwrap_or(100.0),
        share: options.number("supfreq", cx).unwrap_or(0.1),
        improvement: options.number("improv", cx).unwrap_or(0.5),
        fields,
    })))
}

const COLUMNS: [&str; 9] = [
    "Reference_Key",
    "Reference_Value",
    "Target_Key",
    "Unconditional_Entropy",
    "Conditional_Entropy",
    "Entropy_Improvement",
    "Top_Conditional_Value",
    "Description",
    "Support",
];

impl OverRows for Associate {
    fn needs(&self, _: &FieldSet) -> FieldSet {
        match self.fields.is_empty() {
            true => FieldSet::all(),
            false => FieldSet::of(self.fields.iter().map(|f| f.value.clone())),
        }
    }

    fn fields(&self, _: &Fields) -> Fields {
        Fields::of(COLUMNS)
    }

    fn reads(&self) -> Vec<(String, Span)> {
        self.fields.iter().map(|f| (f.value.clone(), f.span)).collect()
    }

    fn order(&self) -> Order {
        Order::Makes
    }

    fn run(&self, rows: Rows, cx: &PlanCx<'_>) -> Result<Rows, Failed> {
        let mut columns: Vec<(&String, usize)> = rows
            .names
            .iter()
            .enumerate()
            .filter(|(_, n)| match self.fields.is_empty() {
                true => !n.starts_with('_'),
                false => self.fields.iter().any(|f| f.value == **n),
            })
            .map(|(i, n)| (n, i))
            .collect();
        columns.sort();
        let total = rows.rows.len() as f64;
        let mut out = Rows { names: COLUMNS.map(str::to_owned).to_vec(), rows: Vec::new() };
        for (key, at) in &columns {
            for (value, with) in groups(&rows.rows, *at) {
                let support = with.len() as f64 / total;
                if (with.len() as f64) < self.count || support < self.share {
                    continue;
                }
                for (target, of) in columns.iter().filter(|(_, of)| of != at) {
                    cx.engine.go_on()?;
                    let all = counts(rows.rows.iter(), *of);
                    let some = counts(with.iter().copied(), *of);
                    let (before, after) = (entropy(&all), entropy(&some));
                    if some.is_empty() || before - after < self.improvement {
                        continue;
                    }
                    out.rows.push(vec![
                        Val::str((*key).clone()),
                        Val::str(value.clone()),
                        Val::str((*target).clone()),
                        Val::Num(before),
                        Val::Num(after),
                        Val::Num(before - after),
                        Val::str(top(&all, &some)),
                        Val::str(format!(
                            "When '{key}' has the value '{value}', the entropy of '{target}' decreases from {before:.3} to {after:.3}."
                        )),
                        Val::Num(support),
                    ]);
                }
            }
        }
        Ok(out)
    }
}

type Row = Vec<Val<'static>>;

/// The rows of each value of a column.
fn groups(rows: &[Row], at: usize) -> BTreeMap<String, Vec<&Row>> {
    let mut out: BTreeMap<String, Vec<&Row>> = BTreeMap::new();
    for row in rows {
        if let Some(text) = row.get(at).and_then(Val::text) {
            out.entry(text.into_owned()).or_default().push(row);
        }
    }
    out
}

/// How often each value of a column comes.
fn counts<'r>(rows: impl Iterator<Item = &'r Row>, at: usize) -> BTreeMap<String, f64> {
    let mut out: BTreeMap<String, f64> = BTreeMap::new();
    for text in rows.filter_map(|row| row.get(at)?.text()) {
        *out.entry(text.into_owned()).or_default() += 1.0;
    }
    out
}

/// Shannon's entropy in bits.
fn entropy(counts: &BTreeMap<String, f64>) -> f64 {
    let total: f64 = counts.values().sum();
    let bits: f64 = counts.values().map(|n| n / total * (total / n).log2()).sum();
    bits.max(0.0)
}

/// `503 (17.44% -> 33.96%)`: the most frequent value under the condition, its share of all rows and
/// of those.
fn top(all: &BTreeMap<String, f64>, some: &BTreeMap<String, f64>) -> String {
    let mut best: Option<(&String, f64)> = None;
    for (value, n) in some {
        if best.is_none_or(|(_, most)| *n > most) {
            best = Some((value, *n));
        }
    }
    let Some((value, n)) = best else { return String::new() };
    let share = |n: f64, of: &BTreeMap<String, f64>| 100.0 * n / of.values().sum::<f64>();
    let before = share(all.get(value).copied().unwrap_or(0.0), all);
    format!("{value} ({before:.2}% -> {:.2}%)", share(n, some))
}
