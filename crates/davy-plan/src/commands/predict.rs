//! `predict`. Search Reference, predict.

use super::kalman::{self, Expected, bivariate};
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
    syntax: "predict (<field> [AS <name>])... [algorithm=<LL|LLT|LLP|LLP5|LLB|BiLL>] [correlate=<field>] [future_timespan=<N>] [holdback=<N>] [period=<N>] [upper<NN>=<name>] [lower<NN>=<name>] [suppress=<field>] [<field>...]",
    summary: "Expects each value of a series from those before it, with an interval that holds 95% of them, and goes on for some steps (5).",
    examples: &[
        example!("| makeresults count=20 | streamstats count AS n | eval _time=1777890000+n*60, v=5 | table _time v | predict v AS p algorithm=LL future_timespan=2" => rows 22),
        example!("| makeresults count=20 | streamstats count AS n | eval _time=1777890000+n*60, v=5 | table _time v | predict v AS p algorithm=LL future_timespan=1 | tail 1" => field "p" = "5"),
    ],
    source: "Search Reference, predict",
    support: Support::Limited("estimates come close to Splunk's, not to the last digit"),
    parse,
};

#[derive(Debug, Clone, Copy, PartialEq)]
enum Algorithm {
    Level,
    Trend,
    Period,
    Both,
    /// LLB: one series by another.
    By,
    /// BiLL: two series at once.
    Pair,
}

#[derive(Debug)]
struct Predict {
    groups: Vec<Group>,
}

/// Fields with the options that follow them.
#[derive(Debug)]
struct Group {
    /// The field and the name of its expectation.
    series: Vec<(Spanned<String>, String)>,
    algorithm: Algorithm,
    correlate: Option<Spanned<String>>,
    /// A field whose expectation is left out.
    suppress: Option<String>,
    /// Options were given, so that the next field is none of these.
    closed: bool,
    future: usize,
    holdback: usize,
    period: Option<usize>,
    upper: (f64, Option<String>),
    lower: (f64, Option<String>),
}

impl Group {
    fn new() -> Group {
        Group {
            series: Vec::new(),
            algorithm: Algorithm::Both,
            correlate: None,
            suppress: None,
            closed: false,
            future: 5,
            holdback: 0,
            period: None,
            upper: (95.0, None),
            lower: (95.0, None),
        }
    }

    /// The fields that the algorithm needs are there.
    fn check(&self, cx: &mut ParseCx<'_>) -> Option<()> {
        let Some((field, _)) = self.series.first() else { return cx.missing("a field") };
        match self.algorithm {
            Algorithm::By if self.correlate.is_none() => {
                cx.bad(field.span, "LLB needs `correlate=<field>`, the series to predict by")
            }
            Algorithm::Pair if self.series.len() != 2 => {
                cx.bad(field.span, "BiLL predicts two fields at once")
            }
            _ => Some(()),
        }
    }
}

fn parse(args: &Args, cx: &mut ParseCx<'_>) -> Option<Box<dyn Command>> {
    let mut groups: Vec<Group> = Vec::new();
    let mut current = Group::new();
    let mut reader = cx.reader(args);
    loop {
        reader.skip_commas();
        let Some(arg) = reader.peek() else { break };
        if let ArgKind::Option { key, not: false, value } = &arg.kind {
            reader.next_arg();
            option(&mut current, key, value, cx)?;
            current.closed = !current.series.is_empty();
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
        if current.closed {
            groups.push(std::mem::replace(&mut current, Group::new()));
        }
        current.series.push((field, name));
    }
    groups.push(current);
    for group in &groups {
        group.check(cx)?;
    }
    Some(Box::new(Over(Predict { groups })))
}

fn option(
    predict: &mut Group,
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
                "LLB" => Algorithm::By,
                "BILL" => Algorithm::Pair,
                _ => return cx.bad(span, "`algorithm` is LL, LLT, LLP, LLP5, LLB or BiLL"),
            };
        }
        "future_timespan" => predict.future = count(cx)?,
        "holdback" => predict.holdback = count(cx)?,
        "period" => match count(cx)? {
            0 => return cx.bad(span, "`period` is 1 or more"),
            n => predict.period = Some(n),
        },
        "suppress" => predict.suppress = Some(text),
        "nonnegative" | "start" | "interval" => {
            parse_bool(&text);
        }
        "correlate" | "correlate_field" => predict.correlate = Some(Spanned::new(text, span)),
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
                            .help("`predict` has algorithm, correlate, future_timespan, holdback, period, upper95 and lower95"),
                    );
                    return None;
                }
            }
        }
    }
    Some(())
}

impl Group {
    fn expect(&self, series: &[Option<f64>], future: usize) -> Vec<Expected> {
        let period = self.period.or_else(|| kalman::period(series));
        match (self.algorithm, period) {
            (Algorithm::Trend, _) | (Algorithm::Both, None) => {
                kalman::forecast(series, future, true)
            }
            (Algorithm::Period, Some(period)) => kalman::seasonal(series, future, period),
            (Algorithm::Both, Some(period)) => {
                let trend = kalman::forecast(series, future, true);
                let seasonal = kalman::seasonal(series, future, period);
                trend.iter().zip(&seasonal).map(|(a, b)| blend(a, b)).collect()
            }
            _ => kalman::forecast(series, future, false),
        }
    }

    /// The expectations of each field over all rows, of which the first `held` are known.
    fn expectations(
        &self,
        rows: &Rows,
        held: usize,
        known: usize,
    ) -> Result<Vec<Vec<Expected>>, Failed> {
        let read = |field: &Spanned<String>, until: usize| -> Result<Vec<Option<f64>>, Failed> {
            let at = rows.column(&field.value);
            let values = rows.rows.iter().take(until);
            let series: Vec<Option<f64>> =
                values.map(|row| at.and_then(|i| row.get(i)).and_then(Val::num)).collect();
            if series.iter().flatten().count() < 2 {
                return Err(codes::BAD_ARGUMENT
                    .at(field.span, format!("`{}` has fewer than two numbers here", field.value))
                    .help("predict a field that `timechart` has filled")
                    .into());
            }
            Ok(series)
        };
        let future = rows.rows.len().saturating_sub(held);
        match (self.algorithm, &self.correlate, self.series.as_slice()) {
            (Algorithm::By, Some(other), fields) => {
                // The other series is known also where this one is held back.
                let other = read(other, known)?;
                fields
                    .iter()
                    .map(|(field, _)| {
                        Ok(bivariate::by(&read(field, held)?, &other, rows.rows.len()))
                    })
                    .collect()
            }
            (Algorithm::Pair, _, [(first, _), (second, _)]) => {
                let (a, b) = (read(first, held)?, read(second, held)?);
                Ok(Vec::from(bivariate::pair(&a, &b, rows.rows.len())))
            }
            (_, _, fields) => fields
                .iter()
                .map(|(field, _)| Ok(self.expect(&read(field, held)?, future)))
                .collect(),
        }
    }

    /// How many rows beyond those that are known it expects.
    fn extra(&self) -> usize {
        match self.algorithm {
            // "You would not use the future_timespan option if algorithm=LLB."
            Algorithm::By => 0,
            _ => self.future.saturating_sub(self.holdback),
        }
    }

    /// The names of the expectation and of the bounds.
    fn columns(&self, name: &str) -> [String; 3] {
        let bound = |side: &str, (percent, given): &(f64, Option<String>)| match given {
            Some(given) if self.series.len() == 1 => given.clone(),
            Some(given) => format!("{given}({name})"),
            None => format!("{side}{percent}({name})"),
        };
        [name.to_owned(), bound("upper", &self.upper), bound("lower", &self.lower)]
    }

    fn shown(&self) -> impl Iterator<Item = (usize, &str)> {
        let names = self.series.iter().map(|(field, name)| (field.value.as_str(), name.as_str()));
        names.enumerate().filter_map(|(nth, (field, name))| {
            let left_out = self.suppress.as_deref().is_some_and(|s| s == field || s == name);
            (!left_out).then_some((nth, name))
        })
    }

    fn write(&self, rows: &mut Rows, known: usize) -> Result<(), Failed> {
        // Rows held back are expected as if they were still to come.
        let held = known.saturating_sub(self.holdback);
        let all = self.expectations(rows, held, known)?;
        let until = match self.algorithm {
            Algorithm::By => known,
            _ => held + self.future,
        };
        for (nth, name) in self.shown() {
            let Some(expected) = all.get(nth) else { continue };
            let [mean, upper, lower] = self.columns(name).map(|n| rows.column_or_add(&n));
            let (above, below) =
                (deviations(self.upper.0 / 100.0), deviations(self.lower.0 / 100.0));
            for (row, expected) in rows.rows.iter_mut().zip(expected).take(until.max(held)) {
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
        Ok(())
    }
}

/// Two expectations as one, the surer weighing more.
fn blend(a: &Expected, b: &Expected) -> Expected {
    let (x, y) = (1.0 / a.variance.max(1e-12), 1.0 / b.variance.max(1e-12));
    Expected { mean: (a.mean * x + b.mean * y) / (x + y), variance: a.variance.min(b.variance) }
}

impl Predict {
    fn named(&self) -> impl Iterator<Item = &Spanned<String>> {
        let fields = self.groups.iter().flat_map(|g| g.series.iter().map(|(f, _)| f));
        fields.chain(self.groups.iter().filter_map(|g| g.correlate.as_ref()))
    }
}

impl OverRows for Predict {
    fn needs(&self, out: &FieldSet) -> FieldSet {
        out.clone().with(self.named().map(|f| f.value.clone())).with(["_time"])
    }

    fn fields(&self, input: &Fields) -> Fields {
        let mut fields = input.clone();
        for group in &self.groups {
            for (_, name) in group.shown() {
                for column in group.columns(name) {
                    fields.add(column);
                }
            }
        }
        fields
    }

    fn reads(&self) -> Vec<(String, Span)> {
        self.named().map(|f| (f.value.clone(), f.span)).collect()
    }

    fn run(&self, mut rows: Rows, cx: &PlanCx<'_>) -> Result<Rows, Failed> {
        let known = rows.rows.len();
        go_on(&mut rows, self.groups.iter().map(Group::extra).max().unwrap_or(0));
        for group in &self.groups {
            cx.engine.go_on()?;
            group.write(&mut rows, known)?;
        }
        Ok(rows)
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
