//! `mstats`. Search Reference, mstats.

use super::charting::args::{ChartArgs, Split, chart_option};
use super::charting::measure::Measure;
use super::tstats::Stats;
use super::{chart, timechart};
use crate::aggs::{self, Agg, AggInput};
use crate::buckets::BinOptions;
use crate::column::Ty;
use crate::command::{Bound, Command, Order};
use crate::example;
use crate::expr::Typed;
use crate::fields::{FieldSet, Fields, wildcard_captures};
use crate::parse::{ArgReader, Options};
use crate::plan::{Failed, Plan, PlanCx, Scan};
use crate::search;
use crate::spec::{CommandSpec, Kind, ParseCx, Support};
use crate::timerange;
use datafusion_expr::{lit, when};
use davy_diag::{Span, Spanned};
use davy_spl::ast::{Args, CmpOp, Grammar, SearchExpr, SearchValue, Spanless};
use std::sync::Arc;

pub(super) static SPEC: CommandSpec = CommandSpec {
    name: "mstats",
    aliases: &[],
    kind: Kind::Generating,
    grammar: Grammar::Tstats,
    syntax: "mstats [chart=<bool>] [chart.limit=<N|topN|bottomN>] [chart.agg=<function>] [chart.usenull=<bool>] [chart.useother=<bool>] [chart.nullstr=<text>] [chart.otherstr=<text>] [prestats=<bool>] [append=<bool>] [fillnull_value=<text>] <function>(<metric>) [AS <name>]... [WHERE <search>] [BY <field-list>] [span=<span>]",
    summary: "Statistics over measurements. An event measures the metric NAME when it has a field `metric_name:NAME`, or `metric_name` and `_value`.",
    examples: &[
        example!("| mstats avg(cpu.usage) AS usage WHERE index=metrics BY host span=5m" => varies),
    ],
    source: "Search Reference, mstats",
    support: Support::Limited(
        "reads events with `metric_name:NAME` fields, or `metric_name` and `_value`; there are no metric indexes, and rollups change nothing",
    ),
    parse,
};

#[derive(Debug)]
struct Mstats {
    stats: Stats,
    /// How `chart=t` shows the result, but for its axes.
    chart: Option<ChartArgs>,
}

/// What `chart=t` may have.
const CHART: [&str; 6] = [
    "chart.limit",
    "chart.agg",
    "chart.usenull",
    "chart.useother",
    "chart.nullstr",
    "chart.otherstr",
];

fn parse(args: &Args, cx: &mut ParseCx<'_>) -> Option<Box<dyn Command>> {
    let Args::Tstats(args) = args else { return None };
    let mut names = vec![
        "chart",
        "prestats",
        "append",
        "backfill",
        "update_period",
        "fillnull_value",
        "chunk_size",
        "span",
    ];
    names.extend(CHART);
    let (options, left) = ArgReader::of(&args.head).options(&names, cx);
    let mut stats = Stats::read(args, &options, left, &[], cx)?;
    if stats.span.is_none() {
        stats.span = options.text("span");
    }
    let chart = match options.flag("chart", false, cx) {
        true => Some(charted(&stats, &options, cx)?),
        false => None,
    };
    Some(Box::new(Mstats { stats, chart }))
}

/// With a span, a row for each and at most one field for the series; without, a field for the rows
/// and perhaps one for the series.
fn charted(stats: &Stats, options: &Options<'_>, cx: &mut ParseCx<'_>) -> Option<ChartArgs> {
    let mut args = ChartArgs::new();
    for name in CHART {
        if let Some(value) = options.get(name) {
            let key = name.trim_start_matches("chart.").to_owned();
            chart_option(&Spanned::new(key, value.span.0), value, &mut args, false, cx)?;
        }
    }
    let split = |field: Spanned<String>, span: Option<Spanned<String>>| Split {
        field,
        bins: BinOptions { span, ..BinOptions::default() },
    };
    let mut by = stats.by.iter().cloned();
    args.row = match &stats.span {
        Some(span) => {
            let time = Spanned::new("_time".to_owned(), span.span);
            Some(split(time, Some(span.clone())))
        }
        None => by.next().map(|field| split(field, None)),
    };
    args.column = by.next().map(|field| split(field, None));
    if args.row.is_none() {
        return cx.missing("a span or a BY field with `chart=t`");
    }
    match by.next() {
        Some(extra) => cx.bad(extra.span, "`chart=t` has no axis left for this field"),
        None => Some(args),
    }
}

/// The metric that an aggregation reads.
fn metric(agg: &Agg) -> Option<&str> {
    match &agg.input {
        AggInput::Field(name) | AggInput::Wildcard(name) => Some(name),
        _ => None,
    }
}

impl Command for Mstats {
    fn needs(&self, out: &FieldSet) -> FieldSet {
        self.stats.needs(out)
    }

    fn fields(&self, input: &Fields) -> Fields {
        let mut fields = self.stats.fields(input);
        fields.open |= self.chart.is_some();
        if self.stats.span.is_some() {
            fields.add("_time");
        }
        fields
    }

    fn order(&self) -> Order {
        Order::Makes
    }

    fn subsearches(&self) -> Vec<&Bound> {
        self.stats.subsearches()
    }

    fn plan(&self, input: Plan, cx: &PlanCx<'_>) -> Result<Plan, Failed> {
        let stats = &self.stats;
        let filter = stats.resolved(cx)?;
        let range = timerange::of(filter.as_ref(), cx)?;
        let filter = filter.map(|f| timerange::windows(f, cx)).transpose()?;
        let mut needs = FieldSet::of(stats.reads().into_iter().map(|(n, _)| n));
        needs.add("metric_name").add("_value").add("_time");
        if let Some(filter) = &filter {
            let mut reads = Vec::new();
            search::reads(filter, &mut reads);
            needs = needs.with(reads.into_iter().map(|(name, _)| name));
        }
        for name in stats.aggs.iter().filter_map(metric) {
            needs.add(format!("metric_name:{name}"));
        }
        needs.all = stats.wild();
        let scan = Scan {
            needs,
            earliest: range.earliest,
            latest: range.latest,
            filter: Some(Arc::new(measures(filter.clone(), &stats.aggs, cx.span))),
            ordered: stats.ordered(),
            dataset: None,
        };
        let mut plan = Plan::new(cx.engine.scan(&scan)?);
        if let Some(condition) = filter.as_ref().and_then(|f| search::condition(f, &plan, true)) {
            plan = plan.filter(condition)?;
        }
        if plan.open() {
            plan = cx.close(plan)?;
        }
        let mut metrics: Vec<String> = plan
            .names()
            .iter()
            .filter_map(|n| n.strip_prefix("metric_name:").map(str::to_owned))
            .collect();
        metrics.sort();
        let aggs = aggs::spread(&stats.aggs, &metrics);
        let mut set = Vec::new();
        for name in aggs.iter().filter_map(metric).filter(|n| *n != "_value") {
            set.push((name.to_owned(), measured(&plan, name)?));
        }
        // A metric that nothing measured still gives a column.
        for agg in &stats.aggs {
            if let Some(name) = metric(agg)
                && wildcard_captures(name, name).is_none()
            {
                set.push((name.to_owned(), Typed::null()));
            }
        }
        plan = plan.with_columns(set)?;
        if let Some(chart) = &self.chart {
            return drawn(chart, aggs, plan, cx);
        }
        let mut by: Vec<String> = stats.by.iter().map(|b| b.value.clone()).collect();
        if stats.span.is_some() && !by.iter().any(|b| b == "_time") {
            by.insert(0, "_time".to_owned());
        }
        stats.finish(plan, &by, &aggs, input, cx)
    }
}

fn drawn(chart: &ChartArgs, aggs: Vec<Agg>, plan: Plan, cx: &PlanCx<'_>) -> Result<Plan, Failed> {
    let mut args = chart.clone();
    for agg in aggs {
        args.measures.push(Measure { alias: agg.alias.clone(), aggs: vec![agg], expr: None });
    }
    match args.row.as_ref().is_some_and(|row| row.field.value == "_time") {
        true => timechart::draw(&args, plan, cx),
        false => chart::draw(&args, plan, cx),
    }
}

/// The search, of events that measure something. A metric whose name is only known by a pattern
/// is looked for by the text `metric_name` in the event. Windows events measure nothing.
fn measures(filter: Option<SearchExpr>, aggs: &[Agg], span: Span) -> SearchExpr {
    let value =
        |text: &str| SearchValue { text: text.to_owned(), quoted: true, span: Spanless(span) };
    let has = |field: &str, text: &str| SearchExpr::Compare {
        field: Spanned::new(field.to_owned(), span),
        op: Spanned::new(CmpOp::Eq, span),
        value: value(text),
    };
    let mut any = vec![has("metric_name", "*")];
    for name in aggs.iter().filter_map(metric) {
        any.push(match name.contains('*') {
            true => SearchExpr::Term(value("metric_name")),
            false => has(&format!("metric_name:{name}"), "*"),
        });
    }
    let windows = SearchExpr::Not(Box::new(has("sourcetype", "XmlWinEventLog")), Spanless(span));
    let mut all: Vec<SearchExpr> = filter.into_iter().collect();
    all.extend([windows, SearchExpr::Or(any)]);
    SearchExpr::And(all)
}

/// The measurements of a metric.
fn measured(plan: &Plan, name: &str) -> Result<Typed, Failed> {
    let own = plan.column(&format!("metric_name:{name}")).into_ty(Ty::Text).expr;
    let kind = plan.column("metric_name").into_ty(Ty::Text).expr;
    let value = plan.column("_value").into_ty(Ty::Text).expr;
    let expr = when(own.clone().is_not_null(), own)
        .when(kind.eq(lit(name)), value)
        .otherwise(Typed::null().into_ty(Ty::Text).expr)?;
    Ok(Typed::of(expr, Ty::Text))
}
