//! `sparkline`: an aggregation over time, as the values of one field. Search Reference, "Aggregate
//! functions" and stats, "sparkline".

use crate::aggs::{self, Agg, AggInput};
use crate::column::Ty;
use crate::example;
use crate::fold::{self, Fold};
use crate::parse::ParseCx;
use crate::spec::{AggArity, AggKernel, AggSpec, Ret, Support};
use crate::value::{Val, fmt_num};
use datafusion_expr::Expr;
use davy_diag::{Span, Spanned};
use davy_spl::ast::{Arg, ArgKind, CallArgs};
use std::collections::BTreeMap;

pub(crate) const NAME: &str = "sparkline";

/// The value that marks a field as a line to draw.
const MARK: &str = "##__SPARKLINE__##";

/// Splunk's limit (limits.conf, `[stats] sparkline_maxsize`).
const MOST: usize = 100;

/// The lengths of spans that are chosen from, in seconds; each is a multiple of the one before.
const SPANS: [f64; 12] =
    [1.0, 5.0, 10.0, 30.0, 60.0, 300.0, 600.0, 1800.0, 3600.0, 86400.0, 2_592_000.0, 31_104_000.0];

pub(super) static FUNCTIONS: &[AggSpec] = &[AggSpec {
    name: NAME,
    aliases: &[],
    syntax: "sparkline(count|<function>(<field>)[, <span>])",
    summary: "The aggregation over each span of time, as several values after a mark.",
    examples: &[
        example!("| makeresults count=3 | streamstats count AS n | eval _time=n*60 | stats sparkline(count, 1m) AS s" => field "s" = "##__SPARKLINE__##|1|1|1"),
    ],
    source: "Search Reference, stats, sparkline-agg-term",
    support: Support::Limited(
        "the line spans the events of its own group, not the search's time range",
    ),
    arg: AggArity::Optional,
    number: false,
    ordered: false,
    timed: true,
    ret: Ret::Text,
    kernel: |_| AggKernel::Fold(|_| Box::new(Line::empty())),
}];

/// `sparkline` alone counts.
pub(crate) fn counted(span: Span, cx: &mut ParseCx<'_>) -> Option<AggInput> {
    let (spec, number) = aggs::find(&Spanned::new("count".to_owned(), span), cx)?;
    let alias = "count".to_owned();
    let inner = Agg { spec, number, input: AggInput::None, alias, named: false, span };
    Some(AggInput::Spark(Box::new(inner), None))
}

/// The aggregation and the span between the parentheses.
pub(crate) fn read(args: &CallArgs, span: Span, cx: &mut ParseCx<'_>) -> Option<AggInput> {
    let CallArgs::Items(items) = args else {
        return cx.bad(span, "`sparkline` takes an aggregation: `sparkline(avg(x), 1h)`");
    };
    let items: Vec<&Arg> = items.iter().filter(|a| a.kind != ArgKind::Comma).collect();
    match items.as_slice() {
        [] => counted(span, cx),
        [inner] => Some(AggInput::Spark(Box::new(one(inner, cx)?), None)),
        [inner, length] => {
            let inner = one(inner, cx)?;
            let ArgKind::Word(text) = &length.kind else {
                return cx.bad(length.span.0, "a span is a number and a unit, for instance `1h`");
            };
            let read = davy_spl::parse_span(text);
            if let Err(e @ davy_spl::TimeModifierError::Long(_)) = &read {
                return cx.bad(length.span.0, format!("this is no span: {e}"));
            }
            let seconds = read.ok().and_then(|s| s.fixed());
            let Some(seconds) = seconds.map(|d| d.as_secs_f64()).filter(|s| *s > 0.0) else {
                return cx
                    .bad(length.span.0, format!("`{text}` is no span that `sparkline` knows"));
            };
            Some(AggInput::Spark(Box::new(inner), Some(seconds)))
        }
        [_, _, extra, ..] => cx.bad(extra.span.0, "`sparkline` takes an aggregation and a span"),
    }
}

fn one(arg: &Arg, cx: &mut ParseCx<'_>) -> Option<Agg> {
    let inner = aggs::read_one(arg, cx)?;
    match inner.input {
        AggInput::Wildcard(_) | AggInput::Spark(..) => {
            cx.bad(arg.span.0, "`sparkline` takes an aggregation of one field")
        }
        _ => Some(inner),
    }
}

/// The expression; `args` are the value and the time.
pub(crate) fn aggregate(
    spec: &'static AggSpec,
    inner: &Agg,
    span: Option<f64>,
    args: Vec<Expr>,
) -> Expr {
    let (of, number) = (inner.spec, inner.number);
    let key = format!("{} {number} {span:?}", of.name);
    fold::nested(spec, key, args, move || Box::new(Line::new(of, number, span)))
}

/// The folds of the spans, by the number of the span since 1970.
#[derive(Debug)]
struct Line {
    of: Option<&'static AggSpec>,
    number: f64,
    /// Spans of a chosen length grow until there are few enough.
    grows: bool,
    span: f64,
    spans: BTreeMap<i64, Box<dyn Fold>>,
}

impl Line {
    fn new(of: &'static AggSpec, number: f64, span: Option<f64>) -> Self {
        Line {
            of: Some(of),
            number,
            grows: span.is_none(),
            span: span.unwrap_or(SPANS[0]),
            spans: BTreeMap::new(),
        }
    }

    fn empty() -> Self {
        Line { of: None, number: 0.0, grows: false, span: 1.0, spans: BTreeMap::new() }
    }

    fn at(&mut self, place: i64) -> Option<&mut Box<dyn Fold>> {
        let AggKernel::Fold(make) = (self.of?.kernel)(Ty::Text) else { return None };
        let number = self.number;
        Some(self.spans.entry(place).or_insert_with(|| make(number)))
    }

    /// Takes longer spans while there are too many.
    fn settle(&mut self) {
        while self.grows && self.length() > MOST as i64 {
            let Some(longer) = SPANS.iter().copied().find(|s| *s > self.span) else { return };
            self.lengthen(longer);
        }
    }

    fn lengthen(&mut self, longer: f64) {
        let factor = (longer / self.span).round() as i64;
        self.span = longer;
        for (place, fold) in std::mem::take(&mut self.spans) {
            let saved = fold.save();
            let saved: Vec<&str> = saved.iter().map(String::as_str).collect();
            if let Some(into) = self.at(place.div_euclid(factor)) {
                into.load(&saved);
            }
        }
    }

    fn length(&self) -> i64 {
        match (self.spans.keys().next(), self.spans.keys().next_back()) {
            (Some(first), Some(last)) => last.saturating_sub(*first).saturating_add(1),
            _ => 0,
        }
    }
}

impl Fold for Line {
    fn add(&mut self, value: &Val<'_>, time: f64) {
        if !time.is_finite() {
            return;
        }
        let place = (time / self.span).floor() as i64;
        if let Some(fold) = self.at(place) {
            fold.add(value, time);
        }
        self.settle();
    }

    /// The length of the spans, then for each its number, how many texts it has, and these.
    fn save(&self) -> Vec<String> {
        let mut out = vec![format!("{:?}", self.span)];
        for (place, fold) in &self.spans {
            let saved = fold.save();
            out.extend([place.to_string(), saved.len().to_string()]);
            out.extend(saved);
        }
        out
    }

    fn load(&mut self, saved: &[&str]) {
        let Some((span, mut rest)) = saved.split_first() else { return };
        let span: f64 = span.parse().unwrap_or(self.span);
        if span > self.span {
            self.lengthen(span);
        }
        let factor = (self.span / span).round().max(1.0) as i64;
        while let [place, count, after @ ..] = rest {
            let (Ok(place), Ok(count)) = (place.parse::<i64>(), count.parse::<usize>()) else {
                return;
            };
            let (texts, after) = after.split_at(count.min(after.len()));
            if let Some(fold) = self.at(place.div_euclid(factor)) {
                fold.load(texts);
            }
            rest = after;
        }
        self.settle();
    }

    fn finish(&self) -> Val<'static> {
        let Some(first) = self.spans.keys().next() else { return Val::Null };
        let mut values = vec![MARK.to_owned()];
        for step in 0..self.length().min(MOST as i64) {
            let value = self.spans.get(&(first + step)).map_or(Val::Null, |f| f.finish());
            values.push(value.num().map_or_else(|| "0".to_owned(), fmt_num));
        }
        Val::multi(&values)
    }

    fn size(&self) -> usize {
        self.spans.len() * 128 + 64
    }
}
