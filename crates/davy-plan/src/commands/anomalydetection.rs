//! `anomalydetection`. Search Reference, anomalydetection.

use super::anomalousvalue::{self, Action, AnomalousValue};
use super::outlier::{Outlier, quantile};
use super::overrows::{Over, OverRows};
use crate::command::Command;
use crate::example;
use crate::fields::{FieldSet, Fields};
use crate::parse::{ArgReader, Options};
use crate::plan::{Failed, PlanCx, Rows};
use crate::spec::{CommandSpec, Kind, ParseCx, Support};
use crate::value::Val;
use davy_diag::{Span, Spanned};
use davy_spl::ast::{Arg, Args, Grammar};
use std::collections::HashMap;

pub(super) static SPEC: CommandSpec = CommandSpec {
    name: "anomalydetection",
    aliases: &[],
    kind: Kind::Barrier,
    grammar: Grammar::General,
    syntax: "anomalydetection [method=<histogram|zscore|iqr>] [action=<filter|annotate|summary|remove|transform>] [pthresh=<number>] [cutoff=<bool>] [<field-list>]",
    summary: "Keeps the events whose values are improbable together: the probability of an event is the product of the frequencies of its values. `zscore` works as `anomalousvalue`, `iqr` as `outlier`.",
    examples: &[
        example!("| makeresults count=40 | streamstats count AS n | eval u=if(n=7, \"eve\", \"ann\") | anomalydetection u | table u probable_cause" => table "u,probable_cause\neve,u"),
        example!("| makeresults count=40 | streamstats count AS n | eval u=if(n=7, \"eve\", \"ann\") | anomalydetection action=annotate u" => rows 40),
    ],
    source: "Search Reference, anomalydetection",
    support: Support::Limited(
        "Splunk's histogram bins and its `cutoff` formula are not published: bins follow Freedman and Diaconis, and the threshold lies 1.5 times the distance of the quartiles below the first",
    ),
    parse,
};

#[derive(Debug)]
struct Histogram {
    action: Action,
    threshold: Option<f64>,
    names: Vec<Spanned<String>>,
}

fn parse(args: &Args, cx: &mut ParseCx<'_>) -> Option<Box<dyn Command>> {
    let known = ["method", "action", "pthresh", "cutoff", "param", "uselower", "mark"];
    let (options, left) = cx.reader(args).options(&known, cx);
    let method = options.one_of("method", &["histogram", "zscore", "iqr"], cx);
    options.flag("cutoff", true, cx);
    let left: Vec<Arg> = left.into_iter().cloned().collect();
    let mut reader = ArgReader::of(&left);
    let names = reader.fields(&[]);
    if let Some(extra) = reader.peek() {
        return cx.bad(extra.span.0, "a field is needed here");
    }
    let threshold = probability(&options, cx);
    match method {
        Some("iqr") => {
            let actions = ["remove", "rm", "transform", "tf"];
            let action = options.one_of("action", &actions, cx);
            Some(Box::new(Over(Outlier {
                remove: matches!(action, Some("remove" | "rm")),
                mark: options.flag("mark", false, cx),
                lower: options.flag("uselower", false, cx),
                param: options.number("param", cx).unwrap_or(2.5),
                names,
            })))
        }
        method => {
            let action = match options.one_of("action", &["filter", "annotate", "summary"], cx) {
                Some("annotate") => Action::Annotate,
                Some("summary") => Action::Summary,
                _ => Action::Filter,
            };
            if method == Some("zscore") {
                let threshold = threshold.unwrap_or(0.01);
                return Some(Box::new(Over(AnomalousValue::new(action, threshold, names))));
            }
            Some(Box::new(Over(Histogram { action, threshold, names })))
        }
    }
}

/// `pthresh`, where it is given and right.
fn probability(options: &Options<'_>, cx: &mut ParseCx<'_>) -> Option<f64> {
    let n = options.number("pthresh", cx)?;
    if !(0.0..=1.0).contains(&n) {
        let span = options.text("pthresh").map_or(cx.span(), |t| t.span);
        return cx.bad(span, "`pthresh` is a probability from 0 to 1");
    }
    Some(n)
}

/// What made an event improbable.
#[derive(Debug, Clone)]
struct Score {
    log: f64,
    cause: Option<usize>,
    frequency: f64,
}

impl OverRows for Histogram {
    fn needs(&self, out: &FieldSet) -> FieldSet {
        if self.names.is_empty() {
            return FieldSet::all();
        }
        out.clone().with(self.names.iter().map(|n| n.value.clone()))
    }

    fn fields(&self, input: &Fields) -> Fields {
        if self.action == Action::Summary {
            return Fields::of(SUMMARY);
        }
        let mut fields = input.clone();
        ADDED.iter().for_each(|n| fields.add(*n));
        fields
    }

    fn reads(&self) -> Vec<(String, Span)> {
        self.names.iter().map(|n| (n.value.clone(), n.span)).collect()
    }

    fn run(&self, mut rows: Rows, _: &PlanCx<'_>) -> Result<Rows, Failed> {
        let wanted = anomalousvalue::wanted(&rows, &self.names);
        let total = rows.rows.len();
        let start = Score { log: 0.0, cause: None, frequency: 1.0 };
        let mut scores = vec![start; total];
        let mut greatest: HashMap<usize, f64> = HashMap::new();
        for at in wanted {
            let frequencies = frequencies(&rows, at);
            let max = frequencies.iter().flatten().copied().fold(0.0, f64::max);
            greatest.insert(at, max);
            for (score, frequency) in scores.iter_mut().zip(frequencies) {
                let Some(frequency) = frequency else { continue };
                score.log += frequency.ln();
                if score.cause.is_none() || frequency < score.frequency {
                    score.cause = Some(at);
                    score.frequency = frequency;
                }
            }
        }
        let mut logs: Vec<f64> = scores.iter().map(|s| s.log).collect();
        logs.sort_by(f64::total_cmp);
        let first = quantile(&logs, 0.25).unwrap_or(0.0);
        let third = quantile(&logs, 0.75).unwrap_or(0.0);
        let threshold = match self.threshold {
            Some(p) => p.ln(),
            None => first - 1.5 * (third - first),
        };
        let anomalous: Vec<bool> = scores.iter().map(|s| s.log < threshold).collect();
        if self.action == Action::Summary {
            let n = anomalous.iter().filter(|a| **a).count();
            return Ok(summary(n, threshold, &logs, first, third));
        }
        let added: Vec<usize> = ADDED.iter().map(|n| rows.column_or_add(n)).collect();
        let names = rows.names.clone();
        for ((row, score), is) in rows.rows.iter_mut().zip(&scores).zip(&anomalous) {
            let Some(cause) = score.cause.filter(|_| *is) else { continue };
            let values = [
                Val::Num(score.log),
                names.get(cause).map_or(Val::Null, |n| Val::str(n.clone())),
                Val::Num(score.frequency),
                Val::Num(greatest.get(&cause).copied().unwrap_or(0.0)),
            ];
            for (at, value) in added.iter().zip(values) {
                if let Some(slot) = row.get_mut(*at) {
                    *slot = value;
                }
            }
        }
        if self.action == Action::Filter {
            let mut anomalous = anomalous.into_iter();
            rows.rows.retain(|_| anomalous.next().unwrap_or(false));
        }
        Ok(rows)
    }
}

const ADDED: [&str; 4] = ["log_event_prob", "probable_cause", "probable_cause_freq", "max_freq"];
const SUMMARY: [&str; 7] = [
    "num_anomalies",
    "thresh",
    "max_logprob",
    "min_logprob",
    "1st_quartile",
    "3rd_quartile",
    "mean_logprob",
];

fn summary(n: usize, threshold: f64, logs: &[f64], first: f64, third: f64) -> Rows {
    let number = |n: Option<f64>| n.map_or(Val::Null, Val::Num);
    let mean = logs.iter().sum::<f64>() / (logs.len().max(1)) as f64;
    Rows {
        names: SUMMARY.map(str::to_owned).to_vec(),
        rows: vec![vec![
            Val::Num(n as f64),
            Val::Num(threshold),
            number(logs.last().copied()),
            number(logs.first().copied()),
            Val::Num(first),
            Val::Num(third),
            Val::Num(mean),
        ]],
    }
}

/// How frequent each row's value of a column is: among the values, or the ranges of a histogram
/// where all are numbers.
fn frequencies(rows: &Rows, at: usize) -> Vec<Option<f64>> {
    let total = rows.rows.len() as f64;
    let texts: Vec<Option<String>> = rows
        .rows
        .iter()
        .map(|row| row.get(at).and_then(|v| v.text().map(|t| t.into_owned())))
        .collect();
    let mut numbers: Vec<f64> =
        texts.iter().flatten().filter_map(|t| crate::value::parse_num(t)).collect();
    let numeric = numbers.len() == texts.iter().flatten().count();
    numbers.sort_by(f64::total_cmp);
    let width = match (quantile(&numbers, 0.25), quantile(&numbers, 0.75)) {
        (Some(q1), Some(q3)) if numeric => 2.0 * (q3 - q1) / (numbers.len() as f64).cbrt(),
        _ => 0.0,
    };
    let keys: Vec<Option<String>> = match width > 0.0 {
        false => texts,
        true => texts
            .into_iter()
            .map(|t| {
                let n = crate::value::parse_num(&t?)?;
                Some(format!("{}", (n / width).floor()))
            })
            .collect(),
    };
    let mut counts: HashMap<&str, f64> = HashMap::new();
    for key in keys.iter().flatten() {
        *counts.entry(key).or_default() += 1.0;
    }
    keys.iter().map(|k| k.as_deref().and_then(|k| counts.get(k)).map(|n| n / total)).collect()
}
