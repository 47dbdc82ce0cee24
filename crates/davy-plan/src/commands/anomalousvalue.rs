//! `anomalousvalue`. Search Reference, anomalousvalue.

use super::fieldsummary::stats_of;
use super::normal::two_sided;
use super::overrows::{Over, OverRows};
use crate::command::Command;
use crate::example;
use crate::fields::{FieldSet, Fields, wildcard_match};
use crate::parse::ArgReader;
use crate::plan::{Failed, PlanCx, Rows};
use crate::spec::{CommandSpec, Kind, ParseCx, Support};
use crate::value::Val;
use davy_diag::{Span, Spanned};
use davy_spl::ast::{Arg, Args, Grammar};
use std::collections::HashMap;

pub(super) static SPEC: CommandSpec = CommandSpec {
    name: "anomalousvalue",
    aliases: &["anomalousvalues"],
    kind: Kind::Barrier,
    grammar: Grammar::General,
    syntax: "anomalousvalue [minsupcount=<N>] [maxanofreq=<number>] [minsupfreq=<number>] [minnormfreq=<number>] [action=<annotate|filter|summary>] [pthresh=<number>] [<field-list>]",
    summary: "Scores values that are rare, or numbers far from the mean, in fields that are filled often enough.",
    examples: &[
        example!("| makeresults count=200 | streamstats count AS n | eval v=if(n<3, 1000, n%5) | anomalousvalue action=filter v | table v" => table "v\n1000\n1000"),
    ],
    source: "Search Reference, anomalousvalue",
    support: Support::Limited(
        "Splunk's score is not published: here it is the probability of the value, by its frequency or by the normal distribution",
    ),
    parse,
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    Annotate,
    Filter,
    Summary,
}

#[derive(Debug)]
pub(super) struct AnomalousValue {
    action: Action,
    threshold: f64,
    min_count: f64,
    min_frequency: f64,
    max_anomalous: f64,
    min_normal: f64,
    names: Vec<Spanned<String>>,
}

impl AnomalousValue {
    pub(super) fn new(action: Action, threshold: f64, names: Vec<Spanned<String>>) -> Self {
        AnomalousValue {
            action,
            threshold,
            min_count: 100.0,
            min_frequency: 0.05,
            max_anomalous: 0.05,
            min_normal: 0.01,
            names,
        }
    }
}

fn parse(args: &Args, cx: &mut ParseCx<'_>) -> Option<Box<dyn Command>> {
    let known = ["minsupcount", "maxanofreq", "minsupfreq", "minnormfreq", "action", "pthresh"];
    let (options, left) = cx.reader(args).options(&known, cx);
    let action = match options.one_of("action", &["annotate", "filter", "summary"], cx) {
        Some("filter") => Action::Filter,
        Some("summary") => Action::Summary,
        _ => Action::Annotate,
    };
    let mut numbers = [100.0, 0.05, 0.05, 0.01, 0.01];
    let names = ["minsupcount", "maxanofreq", "minsupfreq", "minnormfreq", "pthresh"];
    for (name, slot) in names.iter().zip(&mut numbers) {
        if let Some(n) = options.number(name, cx) {
            *slot = n;
        }
    }
    let [min_count, max_anomalous, min_frequency, min_normal, threshold] = numbers;
    let left: Vec<Arg> = left.into_iter().cloned().collect();
    let mut reader = ArgReader::of(&left);
    let names = reader.fields(&[]);
    if let Some(extra) = reader.peek() {
        return cx.bad(extra.span.0, "a field is needed here");
    }
    let command = AnomalousValue::new(action, threshold, names);
    Some(Box::new(Over(AnomalousValue {
        min_count,
        min_frequency,
        max_anomalous,
        min_normal,
        ..command
    })))
}

/// The columns that the names ask for; all but internal ones when there are none.
pub(super) fn wanted(rows: &Rows, names: &[Spanned<String>]) -> Vec<usize> {
    rows.names
        .iter()
        .enumerate()
        .filter(|(_, name)| match names.is_empty() {
            true => !name.starts_with('_'),
            false => names.iter().any(|n| wildcard_match(&n.value, name)),
        })
        .map(|(i, _)| i)
        .collect()
}

/// One field's scores.
struct Scored {
    name: String,
    count: f64,
    distinct: usize,
    numeric: bool,
    stats: Option<(f64, f64)>,
    /// The probability of each row's value, where it is below the threshold.
    scores: Vec<Option<f64>>,
    anomalous: f64,
    used: bool,
}

impl AnomalousValue {
    fn score(&self, rows: &Rows, at: usize) -> Scored {
        let values: Vec<Option<String>> = rows
            .rows
            .iter()
            .map(|row| row.get(at).and_then(|v| v.text().map(|t| t.into_owned())))
            .collect();
        let mut counts: HashMap<&str, f64> = HashMap::new();
        for value in values.iter().flatten() {
            *counts.entry(value).or_default() += 1.0;
        }
        let count: f64 = counts.values().sum();
        let numbers: Vec<f64> =
            values.iter().flatten().filter_map(|v| crate::value::parse_num(v)).collect();
        let numeric = !numbers.is_empty() && numbers.len() as f64 == count;
        let stats = stats_of(&numbers).filter(|_| numeric);
        let probability = |value: &str| match stats {
            Some((_, deviation)) if deviation <= 0.0 => 1.0,
            Some((mean, deviation)) => {
                let n = crate::value::parse_num(value).unwrap_or(mean);
                two_sided((n - mean) / deviation)
            }
            None => counts.get(value).map_or(1.0, |n| n / count),
        };
        let scores: Vec<Option<f64>> = values
            .iter()
            .map(|v| v.as_deref().map(probability).filter(|p| *p < self.threshold))
            .collect();
        let anomalous = scores.iter().flatten().count() as f64 / count.max(1.0);
        let total = rows.rows.len().max(1) as f64;
        let used = count >= self.min_count
            && count / total >= self.min_frequency
            && anomalous <= self.max_anomalous
            && 1.0 - anomalous >= self.min_normal;
        let name = rows.names.get(at).cloned().unwrap_or_default();
        let distinct = counts.len();
        Scored { name, count, distinct, numeric, stats, scores, anomalous, used }
    }
}

const SUMMARY: [&str; 10] = [
    "fieldname",
    "count",
    "distinct_count",
    "mean",
    "stdev",
    "isNum",
    "anoFreq%",
    "normFreq%",
    "useCat",
    "useNum",
];

fn summary(list: &[Scored]) -> Rows {
    let yes = |b: bool| Val::str(if b { "YES" } else { "NO" });
    let percent = |n: f64| Val::str(format!("{:.2}", n * 100.0));
    let rows = list
        .iter()
        .map(|s| {
            vec![
                Val::str(s.name.clone()),
                Val::Num(s.count),
                Val::Num(s.distinct as f64),
                s.stats.map_or(Val::Null, |s| Val::Num(s.0)),
                s.stats.map_or(Val::Null, |s| Val::Num(s.1)),
                yes(s.numeric),
                percent(s.anomalous),
                percent(1.0 - s.anomalous),
                yes(s.used && !s.numeric),
                yes(s.used && s.numeric),
            ]
        })
        .collect();
    Rows { names: SUMMARY.map(str::to_owned).to_vec(), rows }
}

impl OverRows for AnomalousValue {
    fn needs(&self, out: &FieldSet) -> FieldSet {
        if self.names.is_empty() || self.names.iter().any(|n| n.value.contains('*')) {
            return FieldSet::all();
        }
        out.clone().with(self.names.iter().map(|n| n.value.clone()))
    }

    fn fields(&self, input: &Fields) -> Fields {
        if self.action == Action::Summary {
            return Fields::of(SUMMARY);
        }
        Fields { names: input.names.clone(), open: true }
    }

    fn reads(&self) -> Vec<(String, Span)> {
        self.names.iter().map(|n| (n.value.clone(), n.span)).collect()
    }

    fn run(&self, mut rows: Rows, _: &PlanCx<'_>) -> Result<Rows, Failed> {
        let list: Vec<Scored> =
            wanted(&rows, &self.names).into_iter().map(|at| self.score(&rows, at)).collect();
        if self.action == Action::Summary {
            return Ok(summary(&list));
        }
        let mut any = vec![false; rows.rows.len()];
        for scored in list.iter().filter(|s| s.used && s.anomalous > 0.0) {
            let kind = if scored.numeric { "Num" } else { "Cat" };
            let at = rows.column_or_add(&format!("Anomaly_Score_{kind}({})", scored.name));
            let lines = rows.rows.iter_mut().zip(&scored.scores).zip(&mut any);
            for ((row, score), any) in lines {
                if let (Some(score), Some(slot)) = (score, row.get_mut(at)) {
                    *slot = Val::Num(*score);
                    *any = true;
                }
            }
        }
        if self.action == Action::Filter {
            let mut any = any.into_iter();
            rows.rows.retain(|_| any.next().unwrap_or(false));
        }
        Ok(rows)
    }
}
