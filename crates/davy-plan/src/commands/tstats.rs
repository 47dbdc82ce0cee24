//! `tstats`. Search Reference, tstats.

use super::modelled::{Modelled, Named, base};
use super::stats;
use crate::aggs::{self, Agg};
use crate::buckets::{self, BinOptions};
use crate::codes;
use crate::column::Ty;
use crate::command::{Bound, Command, Order};
use crate::example;
use crate::expr::Typed;
use crate::fields::{FieldSet, Fields};
use crate::node::ConcatNode;
use crate::parse::{ArgReader, Options};
use crate::plan::{Failed, Plan, PlanCx, Scan, align};
use crate::search;
use crate::spec::{CommandSpec, Kind, ParseCx, Support};
use crate::timerange;
use datafusion_expr::when;
use davy_diag::{Span, Spanned};
use davy_spl::ast::{Arg, Args, CmpOp, Grammar, SearchExpr, TstatsArgs};
use std::sync::Arc;

mod prefix;

pub(super) static SPEC: CommandSpec = CommandSpec {
    name: "tstats",
    aliases: &[],
    kind: Kind::Generating,
    grammar: Grammar::Tstats,
    syntax: "tstats [prestats=<bool>] [append=<bool>] [summariesonly=<bool>] [allow_old_summaries=<bool>] [fillnull_value=<text>] <aggregation> [AS <name>]... [FROM datamodel=<model>[.<dataset>]] [WHERE <search>] [BY (<field>|PREFIX(<text>))... [span=<span>]]",
    summary: "Statistics over the events of a data model's dataset, whose fields are named DATASET.FIELD, or over the fields of all events. There are no summaries: the events themselves are read, so `summariesonly` and its kin change nothing.",
    examples: &[
        example!("| tstats count FROM datamodel=Endpoint.Processes BY Processes.dest" => varies),
        example!("| tstats count WHERE index=* BY sourcetype, _time span=1h" => varies),
    ],
    source: "Search Reference, tstats",
    support: Support::Full,
    parse,
};

/// What `tstats` and `mstats` have in common.
#[derive(Debug)]
pub(super) struct Stats {
    pub(super) aggs: Vec<Agg>,
    pub(super) filter: Option<SearchExpr>,
    subs: Vec<Bound>,
    pub(super) by: Vec<Spanned<String>>,
    /// `PREFIX(user=)`: fields that are segments of the raw text.
    prefixes: Vec<Spanned<String>>,
    pub(super) span: Option<Spanned<String>>,
    pub(super) prestats: bool,
    append: bool,
    fill: Option<String>,
}

#[derive(Debug)]
struct Tstats {
    stats: Stats,
    model: Option<Named>,
}

fn parse(args: &Args, cx: &mut ParseCx<'_>) -> Option<Box<dyn Command>> {
    let Args::Tstats(args) = args else { return None };
    let names = [
        "prestats",
        "local",
        "append",
        "summariesonly",
        "include_reduced_buckets",
        "allow_old_summaries",
        "use_summary_index_values",
        "chunk_size",
        "fillnull_value",
        "datamodel",
        "sid",
    ];
    let (options, left) = ArgReader::of(&args.head).options(&names, cx);
    for flag in ["summariesonly", "allow_old_summaries", "local", "include_reduced_buckets"] {
        options.flag(flag, false, cx);
    }
    let model = options.text("datamodel").map(|text| Named::read(&text));
    if let Some(sid) = options.text("sid") {
        return refused(sid.span, cx);
    }
    let stats = Stats::read(args, &options, left, &["from"], cx)?;
    if let (Some(_), Some(prefix)) = (&model, stats.prefixes.first()) {
        return cx
            .bad(prefix.span, "`PREFIX()` reads raw events, and a data model has fields only");
    }
    Some(Box::new(Tstats { stats, model }))
}

fn refused<T>(span: Span, cx: &mut ParseCx<'_>) -> Option<T> {
    cx.report(
        codes::REFUSED
            .at(span, "`tstats` cannot read what `tscollect` wrote: there are no index files here")
            .help("search the events, or write rows to a lookup with `outputlookup`"),
    );
    None
}

impl Stats {
    pub(super) fn read(
        args: &TstatsArgs,
        options: &Options<'_>,
        left: Vec<&Arg>,
        until: &[&str],
        cx: &mut ParseCx<'_>,
    ) -> Option<Stats> {
        let mut left: Vec<Arg> = left.into_iter().cloned().collect();
        let mut prefixes = Vec::new();
        prefix::take(&mut left, &mut prefixes, cx)?;
        let mut reader = ArgReader::of(&left);
        let aggs = aggs::read(&mut reader, until, cx);
        if reader.keyword("from")
            && let Some(extra) = reader.peek()
        {
            return refused(extra.span.0, cx);
        }
        if let Some(extra) = reader.peek() {
            return cx.bad(extra.span.0, "an aggregation, `FROM`, `WHERE` or `BY` is needed here");
        }
        if aggs.is_empty() {
            return cx.lacks("an aggregation");
        }
        let (by_options, by_left) =
            ArgReader::of(&args.by).options(&["span", "fillnull_value"], cx);
        // `WHERE index=* span=1h`, as the documentation of `mstats` has it.
        let (filter, in_filter) = match args.filter.clone() {
            Some(filter) => without_span(filter),
            None => (None, None),
        };
        let span =
            by_options.text("span").or(in_filter).filter(|s| !s.value.eq_ignore_ascii_case("auto"));
        if let Some(span) = &span
            && let Err(e) = davy_spl::parse_bin_span(&span.value)
        {
            return cx.bad(span.span, format!("this is no span of time: {e}"));
        }
        let mut by_left: Vec<Arg> = by_left.into_iter().cloned().collect();
        prefix::take(&mut by_left, &mut prefixes, cx)?;
        let mut reader = ArgReader::of(&by_left);
        let by = reader.fields(&[]);
        if let Some(extra) = reader.peek() {
            return cx.bad(extra.span.0, "a field is needed here");
        }
        if args.grouped && args.by.is_empty() {
            return cx.missing("a field after BY");
        }
        cx.condition_after_by(&by);
        if let Some(filter) = &filter {
            timerange::check(filter, cx);
        }
        let subs = match &filter {
            Some(filter) => search::subsearches(filter).into_iter().map(|p| cx.bind(p)).collect(),
            None => Vec::new(),
        };
        Some(Stats {
            aggs,
            filter,
            subs,
            by,
            prefixes,
            span,
            prestats: options.flag("prestats", false, cx),
            append: options.flag("append", false, cx),
            fill: options
                .text("fillnull_value")
                .or(by_options.text("fillnull_value"))
                .map(|t| t.value),
        })
    }

    pub(super) fn reads(&self) -> Vec<(String, Span)> {
        let mut out: Vec<_> = self.by.iter().map(|b| (b.value.clone(), b.span)).collect();
        self.aggs.iter().for_each(|a| a.reads(&mut out));
        if let Some(filter) = &self.filter {
            search::reads(filter, &mut out);
            if timerange::has_windows(filter) {
                out.extend(self.aggs.first().map(|a| ("_time".to_owned(), a.span)));
            }
        }
        out
    }

    /// The filter with its searches in brackets run.
    pub(super) fn resolved(&self, cx: &PlanCx<'_>) -> Result<Option<SearchExpr>, Failed> {
        let filter = self.filter.as_ref();
        filter.map(|f| search::resolve(f, &mut self.subs.iter(), cx)).transpose()
    }

    pub(super) fn ordered(&self) -> bool {
        self.prestats || aggs::ordered(&self.aggs)
    }

    pub(super) fn needs(&self, out: &FieldSet) -> FieldSet {
        if self.append { out.clone() } else { FieldSet::none() }
    }

    pub(super) fn fields(&self, input: &Fields) -> Fields {
        let mut fields = Fields::of(self.by.iter().map(|b| b.value.clone()));
        for agg in aggs::spread(&self.aggs, &[]) {
            fields.add(agg.alias);
        }
        fields.open = self.prestats || self.wild();
        if self.append {
            input.names.iter().for_each(|n| fields.add(n.clone()));
            fields.open |= input.open;
        }
        fields
    }

    pub(super) fn wild(&self) -> bool {
        aggs::wild(&self.aggs)
    }

    pub(super) fn subsearches(&self) -> Vec<&Bound> {
        self.subs.iter().collect()
    }

    /// Aggregates the events that were found.
    pub(super) fn finish(
        &self,
        events: Plan,
        by: &[String],
        aggs: &[Agg],
        input: Plan,
        cx: &PlanCx<'_>,
    ) -> Result<Plan, Failed> {
        let mut plan = events;
        if by.iter().any(|b| b == "_time") {
            // Without a span, seconds: summaries know nothing finer.
            let second = || Spanned::new("1s".to_owned(), cx.span);
            let span = Some(self.span.clone().unwrap_or_else(second));
            let options = BinOptions { span, ..BinOptions::default() };
            let cut = buckets::resolve(&options, true, 1, cx, || Ok(None))?;
            let value = buckets::bucket(&cut, plan.column("_time").expr);
            plan = plan.with_columns(vec![("_time".to_owned(), Typed::of(value, Ty::Num))])?;
        }
        if let Some(fill) = &self.fill {
            let mut set = Vec::new();
            for name in by.iter().filter(|n| *n != "_time") {
                let text = plan.column(name).into_ty(Ty::Text).expr;
                let filled =
                    when(text.clone().is_null(), Typed::text(fill).expr).otherwise(text)?;
                set.push((name.clone(), Typed::of(filled, Ty::Text)));
            }
            plan = plan.with_columns(set)?;
        }
        // What `prestats` leaves is for the next command to aggregate: the events themselves do.
        if !self.prestats {
            plan = stats::aggregate(plan, aggs, by, cx)?;
            if cx.ordered && !by.is_empty() {
                plan = stats::by_keys(plan, by, cx)?;
            }
        }
        if self.append {
            let (first, second) = align(input, plan)?;
            plan = Plan::new(ConcatNode::plan(vec![first.logical, second.logical])?);
        }
        Ok(plan)
    }
}

/// Takes `span=…` out of the terms that all must hold.
fn without_span(expr: SearchExpr) -> (Option<SearchExpr>, Option<Spanned<String>>) {
    match expr {
        SearchExpr::And(list) => {
            let mut span = None;
            let list: Vec<SearchExpr> = list
                .into_iter()
                .filter_map(|e| {
                    let (kept, found) = without_span(e);
                    span = span.take().or(found);
                    kept
                })
                .collect();
            (Some(SearchExpr::And(list)), span)
        }
        SearchExpr::Compare { field, op, value }
            if field.value == "span" && op.value == CmpOp::Eq =>
        {
            (None, Some(Spanned::new(value.text, value.span.0)))
        }
        other => (Some(other), None),
    }
}

impl Command for Tstats {
    fn needs(&self, out: &FieldSet) -> FieldSet {
        self.stats.needs(out)
    }

    fn fields(&self, input: &Fields) -> Fields {
        self.stats.fields(input)
    }

    fn order(&self) -> Order {
        Order::Makes
    }

    fn subsearches(&self) -> Vec<&Bound> {
        self.stats.subsearches()
    }

    fn makes_rows(&self) -> bool {
        self.stats.by.is_empty()
    }

    fn plan(&self, input: Plan, cx: &PlanCx<'_>) -> Result<Plan, Failed> {
        let stats = &self.stats;
        let filter = stats.resolved(cx)?;
        let mut reads = stats.reads();
        if let Some(filter) = &filter {
            search::reads(filter, &mut reads);
        }
        let by: Vec<String> = stats.by.iter().map(|b| b.value.clone()).collect();
        let Some(named) = &self.model else {
            let (events, aggs) = self.plain(filter, &reads, cx)?;
            return stats.finish(events, &by, &aggs, input, cx);
        };
        let base = base(cx, named.model.span)?;
        let modelled = Modelled::new(&base, named, filter.as_ref(), &reads)?;
        modelled.check(&reads, cx);
        let shown = if stats.wild() { modelled.shown() } else { Vec::new() };
        let aggs = aggs::spread(&stats.aggs, &shown);
        let mut wanted: Vec<String> = Vec::new();
        let mut spread = Vec::new();
        aggs.iter().for_each(|a| a.reads(&mut spread));
        for (name, _) in reads.iter().chain(&spread) {
            if !wanted.contains(name) {
                wanted.push(name.clone());
            }
        }
        let events = modelled.events(&wanted, filter.as_ref(), stats.ordered(), cx)?;
        stats.finish(events, &by, &aggs, input, cx)
    }
}

impl Tstats {
    /// Over the fields of all events.
    fn plain(
        &self,
        filter: Option<SearchExpr>,
        reads: &[(String, Span)],
        cx: &PlanCx<'_>,
    ) -> Result<(Plan, Vec<Agg>), Failed> {
        let range = timerange::of(filter.as_ref(), cx)?;
        let filter = filter.map(|f| timerange::windows(f, cx)).transpose()?;
        let mut needs = FieldSet::of(reads.iter().map(|(n, _)| n.clone()));
        for prefix in &self.stats.prefixes {
            needs.names.remove(&prefix.value);
            needs.add("_raw");
        }
        needs.all = self.stats.wild();
        let ordered = self.stats.ordered();
        let scan = Scan {
            needs,
            earliest: range.earliest,
            latest: range.latest,
            filter: filter.clone().map(Arc::new),
            ordered,
            dataset: None,
        };
        let mut plan = Plan::new(cx.engine.scan(&scan)?);
        if let Some(condition) = filter.as_ref().and_then(|f| search::condition(f, &plan, true)) {
            plan = plan.filter(condition)?;
        }
        if ordered {
            plan = plan.newest_first();
        }
        if plan.open() {
            plan = cx.close(plan)?;
        }
        if !self.stats.prefixes.is_empty() {
            plan = prefix::columns(plan, &self.stats.prefixes)?;
        }
        let names = plan.names();
        Ok((plan, aggs::spread(&self.stats.aggs, &names)))
    }
}
