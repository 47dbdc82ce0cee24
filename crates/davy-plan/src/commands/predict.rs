//! `predict`. Search Reference, predict.

use super::kalman::{self, Expected};
use super::normal::deviations;
use super::overrows::{Over, OverRows};
use crate::codes;
use crate::command::Command;
use crate::example;
use crate::fields::{FieldSet, Fields};
use crate::parse::{arg_text, parse_bool};
use crate::plan::{Failed, PlanCx, Rows};
use crate::spec::{CommandSpec, Kind, ParseCx, Support};
use crate::value::Val;
use davy_diag::{Span, Spanned};
use davy_spl::ast::{Arg, ArgKind, Args, Grammar};

pub(super) static SPEC: CommandSpec = CommandSpec {
    name: "predict",
    aliases: &[],
    kind: Kind::Barrier,
    grammar: Grammar::General,
    syntax: "predict <field> [AS <name>] [<field> [AS <name>]]... [algorithm=<LL|LLT|LLP|LLP5>] [future_timespan=<N>] [holdback=<N>] [period=<N>] [upper<NN>=<name>] [lower<NN>=<name>] [suppress=<field>]",
    summary: "Expects each value of a series from those before it, with an interval that holds 95% of them, and goes on for some steps (5).",
    examples: &[
        example!("| makeresults count=20 | streamstats count AS n | eval _time=1777890000+n*60, v=5 | table _time v | predict v AS p algorithm=LL future_timespan=2" => rows 22),
        example!("| makeresults count=20 | streamstats count AS n | eval _time=1777890000+n*60, v=5 | table _time v | predict v AS p algorithm=LL future_timespan=1 | tail 1" => field "p" = "5"),
    ],
    source: "Search Reference, predict",
    support: Support::Limited(
        "LLB and BiLL, which need a second series; estimates come close to Splunk's, not to the last digit",
    ),
    parse,
};

#[derive(Debug, Clone, Copy, PartialEq)]
enum Algorithm {
    Level,
    Trend,
    Period,
    Both,
}

#[derive(Debug)]
struct Predict {
    /// The field and the name of its expectation.
    series: Vec<(Spanned<String>, String)>,
    algorithm: Algorithm,
    future: usize,
    holdback: usize,
    period: Option<usize>,
    upper: (f64, Option<String>),
    lower: (f64, Option<String>),
}

fn parse(args: &Args, cx: &mut ParseCx<'_>) -> Option<Box<dyn Command>> {
    let mut predict = Predict {
        series: Vec::new(),
        algorithm: Algorithm::Both,
        future: 5,
        holdback: 0,
        period: None,
        upper: (95.0, None),
        lower: (95.0, None),
    };
    let mut reader = cx.reader(args);
    loop {
        reader.skip_commas();
        let Some(arg) = reader.peek() else { break };
        if let ArgKind::Option { key, not: false, value } = &arg.kind {
            reader.next_arg();
            option(&mut predict, key, value, cx)?;
            continue;
        }
        let Some(field) = reader.field() else {
            return cx.bad(arg.span.0, "a field or an option is needed here");
        };
        let name = match reader.keyword("as") {
            true => match reader.field() {
                Some(name) => name.value,
                None => return cx.bad(field.span, "`AS` needs a name after it"),
            },
            false => format!("prediction({})", field.value),
        };
        predict.series.push((field, name));
    }
    if predict.series.is_empty() {
        return cx.missing("a field");
    }
    Some(Box::new(Over(predict)))
}

fn option(
    predict: &mut Predict,
    key: &Spanned<String>,
    value: &Arg,
    cx: &mut ParseCx<'_>,
) -> Option<()> {
    let span = value.span.0;
    let Some(text) = arg_text(value) else {
        return cx.bad(span, format!("`{}` needs a plain value", key.value));
    };
    let name = key.value.to_ascii_lowercase();
    let count = |cx: &mut ParseCx<'_>| match text.parse::<usize>() {
        Ok(n) if n <= 100_000 => Some(n),
        _ => cx.bad(span, format!("`{name}` is a whole number, 0 or more")),
    };
    match name.as_str() {
        "algorithm" => {
            predict.algorithm = match text.to_ascii_uppercase().as_str() {
                "LL" => Algorithm::Level,
                "LLT" => Algorithm::Trend,
                "LLP" | "LLP1" | "LLP2" => Algorithm::Period,
                "LLP5" => Algorithm::Both,
                "LLB" | "BILL" => {
                    cx.report(
                        codes::REFUSED
                            .at(span, format!("the algorithm `{text}` is not here"))
                            .help("use LL, LLT, LLP or LLP5 on each field"),
                    );
                    return None;
                }
                _ => return cx.bad(span, "`algorithm` is LL, LLT, LLP or LLP5"),
            };
        }
        "future_timespan" => predict.future = count(cx)?,
        "holdback" => predict.holdback = count(cx)?,
        "period" => match count(cx)? {
            0 => return cx.bad(span, "`period` is 1 or more"),
            n => predict.period = Some(n),
        },
        "suppress" | "nonnegative" | "start" | "interval" => {
            parse_bool(&text);
        }
        "correlate" | "correlate_field" => {
            return cx.bad(span, "a second series is used by LLB only, which is not here");
        }
        _ => {
            let bound = ["upper", "lower"].into_iter().find_map(|side| {
                let digits = name.strip_prefix(side)?;
                let percent = digits.parse::<f64>().ok().filter(|n| (0.0..100.0).contains(n))?;
                Some((side, percent))
            });
            match bound {
                Some(("upper", percent)) => predict.upper = (percent, Some(text)),
                Some((_, percent)) => predict.lower = (percent, Some(text)),
                None => {
                    cx.report(
                        codes::UNKNOWN_OPTION
                            .at(key.span, format!("`predict` has no option `{}`", key.value))
                            .help("`predict` has algorithm, future_timespan, holdback, period, upper95 and lower95"),
                    );
                    return None;
                }
            }
        }
    }
    Some(())
}

impl Predict {
    fn expect(&self, series: &[Option<f64>], future: usize) -> Vec<Expected> {
        let period = self.period.or_else(|| kalman::period(series));
        match (self.algorithm, period) {
            (Algorithm::Level, _) | (Algorithm::Period, None) => {
                kalman::forecast(series, future, false)
            }
            (Algorithm::Trend, _) | (Algorithm::Both, None) => {
                kalman::forecast(series, future, true)
            }
            (Algorithm::Period, Some(period)) => kalman::seasonal(series, future, period),
            (Algorithm::Both, Some(period)) => {
                let trend = kalman::forecast(series, future, true);
                let seasonal = kalman::seasonal(series, future, period);
                trend.iter().zip(&seasonal).map(|(a, b)| blend(a, b)).collect()
            }
        }
    }
}

/// Two expectations as one, the surer weighing more.
fn blend(a: &Expected, b: &Expected) -> Expected {
    let (x, y) = (1.0 / a.variance.max(1e-12), 1.0 / b.variance.max(1e-12));
    Expected { mean: (a.mean * x + b.mean * y) / (x + y), variance: a.variance.min(b.variance) }
}

impl OverRows for Predict {
    fn needs(&self, out: &FieldSet) -> FieldSet {
        let fields = self.series.iter().map(|(f, _)| f.value.clone());
        out.clone().with(fields).with(["_time"])
    }

    fn fields(&self, input: &Fields) -> Fields {
        let mut fields = input.clone();
        for (_, name) in &self.series {
            for column in self.columns(name) {
                fields.add(column);
            }
        }
        fields
    }

    fn reads(&self) -> Vec<(String, Span)> {
        self.series.iter().map(|(f, _)| (f.value.clone(), f.span)).collect()
    }

    fn run(&self, mut rows: Rows, _: &PlanCx<'_>) -> Result<Rows, Failed> {
        let known = rows.rows.len();
        let held = known.saturating_sub(self.holdback);
        // Rows held back are expected as if they were still to come.
        let extra = self.future.saturating_sub(self.holdback);
        go_on(&mut rows, extra);
        for (field, name) in &self.series {
            let at = rows.column(&field.value);
            let series: Vec<Option<f64>> = rows
                .rows
                .iter()
                .take(held)
                .map(|row| at.and_then(|i| row.get(i)).and_then(Val::num))
                .collect();
            if series.iter().flatten().count() < 2 {
                return Err(codes::BAD_ARGUMENT
                    .at(field.span, format!("`{}` has fewer than two numbers here", field.value))
                    .help("predict a field that `timechart` has filled")
                    .into());
            }
            let expected = self.expect(&series, rows.rows.len().saturating_sub(held));
            let [mean, upper, lower] = self.columns(name).map(|n| rows.column_or_add(&n));
            let (above, below) =
                (deviations(self.upper.0 / 100.0), deviations(self.lower.0 / 100.0));
            let shown = match self.future < self.holdback {
                true => held + self.future,
                false => rows.rows.len(),
            };
            for (row, expected) in rows.rows.iter_mut().zip(&expected).take(shown.max(held)) {
                let deviation = expected.variance.max(0.0).sqrt();
                let values = [
                    (mean, expected.mean),
                    (upper, expected.mean + above * deviation),
                    (lower, expected.mean - below * deviation),
                ];
                for (at, value) in values {
                    if let Some(slot) = row.get_mut(at) {
                        *slot = Val::Num(value);
                    }
                }
            }
        }
        Ok(rows)
    }
}

impl Predict {
    /// The names of the expectation and of the bounds.
    fn columns(&self, name: &str) -> [String; 3] {
        let bound = |side: &str, (percent, given): &(f64, Option<String>)| match given {
            Some(given) if self.series.len() == 1 => given.clone(),
            Some(given) => format!("{given}({name})"),
            None => format!("{side}{percent}({name})"),
        };
        [name.to_owned(), bound("upper", &self.upper), bound("lower", &self.lower)]
    }
}

/// Adds rows for the steps to come.
fn go_on(rows: &mut Rows, steps: usize) {
    let time = rows.column("_time");
    let at = |i: usize| {
        let row = rows.rows.len().checked_sub(i).and_then(|i| rows.rows.get(i))?;
        row.get(time?).and_then(Val::num)
    };
    let (last, step) = match (at(1), at(2)) {
        (Some(last), Some(before)) => (Some(last), last - before),
        (last, _) => (last, 0.0),
    };
    let width = rows.names.len();
    for n in 1..=steps {
        let mut row = vec![Val::Null; width];
        if let (Some(time), Some(last)) = (time, last)
            && let Some(slot) = row.get_mut(time)
        {
            *slot = Val::Num(last + step * n as f64);
        }
        rows.rows.push(row);
    }
}
