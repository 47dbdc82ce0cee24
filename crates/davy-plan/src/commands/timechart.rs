//! `timechart`. Search Reference, timechart.

use super::chart::made;
use super::charting::args::{self, ChartArgs};
use super::charting::{group, pivot};
use crate::aggs;
use crate::buckets::{self, Buckets};
use crate::command::{Command, Order};
use crate::example;
use crate::fields::{FieldSet, Fields};
use crate::plan::{Failed, Plan, PlanCx};
use crate::spec::{CommandSpec, Kind, ParseCx, Support};
use crate::timerange::TimeRange;
use davy_diag::Span;
use davy_spl::ast::{Args, Grammar};

pub(super) static SPEC: CommandSpec = CommandSpec {
    name: "timechart",
    aliases: &["sitimechart"],
    kind: Kind::Barrier,
    grammar: Grammar::General,
    syntax: "timechart [span=<time> | bins=<N>] [minspan=<time>] [aligntime=<time>] [limit=<N|topN|bottomN>] [useother=<bool>] [usenull=<bool>] [otherstr=<string>] [nullstr=<string>] [agg=<function>] [cont=<bool>] [partial=<bool>] [fixedrange=<bool>] [sep=<string>] [format=<string>] (<aggregation> | eval(<expression>)) [AS <name>]... [BY <field> [where <function> <in topN | notin bottomN | > N | < N>]]",
    summary: "A row for each span of time (the shortest that makes at most 100 of them, unless `span` says), with the aggregations or, with BY, a column for each value of a field: the 10 with the greatest sums, OTHER and NULL.",
    examples: &[
        example!("| makeresults count=3 | streamstats count AS n | eval _time=1777890000+n*60 | timechart span=1m count | table count" => rows 3),
        example!("| makeresults count=2 | streamstats count AS n | eval _time=1777890000+n*3600 | timechart span=30m count | table count" => table "count\n1\n0\n1"),
        example!("| makeresults format=csv data=\"_time,u\n1777890000,a\n1777890001,b\" | timechart span=1h count BY u | table a b" => table "a,b\n1,1"),
    ],
    source: "Search Reference, timechart",
    support: Support::Full,
    parse,
};

#[derive(Debug)]
struct TimeChart {
    args: ChartArgs,
}

fn parse(args: &Args, cx: &mut ParseCx<'_>) -> Option<Box<dyn Command>> {
    let Args::General(items) = args else { return None };
    let args = args::read(items, true, cx)?;
    Some(Box::new(TimeChart { args }))
}

impl Command for TimeChart {
    fn needs(&self, _: &FieldSet) -> FieldSet {
        let mut needs = FieldSet::of(self.reads().into_iter().map(|(n, _)| n));
        needs.all = self.args.wild();
        needs
    }

    fn fields(&self, input: &Fields) -> Fields {
        made(&self.args, input)
    }

    fn reads(&self) -> Vec<(String, Span)> {
        self.args.reads()
    }

    fn order(&self) -> Order {
        if aggs::ordered(&self.args.aggs()) { Order::Needs } else { Order::Makes }
    }

    fn plan(&self, input: Plan, cx: &PlanCx<'_>) -> Result<Plan, Failed> {
        draw(&self.args, input, cx)
    }
}

/// The chart of these arguments, whose axis is `_time`.
pub(super) fn draw(args: &ChartArgs, input: Plan, cx: &PlanCx<'_>) -> Result<Plan, Failed> {
    let Some(row) = &args.row else { return Ok(input) };
    let input = if input.open() && args.wild() { cx.close(input)? } else { input };
    let measures = args.spread(&input.names());
    let asked = asked_range(cx);
    // The data's own range costs a pass over it, so it is asked for only where it matters.
    let mut seen: Option<Option<(f64, f64)>> = None;
    let mut data = || -> Result<Option<(f64, f64)>, Failed> {
        if let Some(known) = seen {
            return Ok(known);
        }
        let known = buckets::extent(&input, "_time", cx)?;
        seen = Some(known);
        Ok(known)
    };
    let range = if args.fixed_range { asked } else { None };
    let cut = buckets::resolve(&row.bins, true, 100, cx, || match range {
        Some(range) => Ok(Some(range)),
        None => data(),
    })?;
    let ends = if args.partial { None } else { range.map_or_else(&mut data, |r| Ok(Some(r)))? };
    let drops = args.column.is_some() && !(args.use_null && args.use_other);
    let extent = match range {
        // The end of a range is not in it.
        Some((from, to)) if cut.floor(to) >= to => Some((cut.floor(from), cut.floor(to - 1e-6))),
        Some((from, to)) => Some((cut.floor(from), cut.floor(to))),
        // The axis covers all events, also those whose series is left out.
        None if drops => data()?.map(|(from, to)| (cut.floor(from), cut.floor(to))),
        None => None,
    };
    let prepared = group::prepare(input.clone(), args, Some(cut.clone()), cx)?;
    let mut rows = pivot::table(&prepared, args, &measures, extent, cx)?;
    if let Some((from, to)) = ends {
        let to = if range.is_some() { to } else { to.max(cx.env.now) };
        rows.rows.retain(|row| whole(&cut, row.first().and_then(|v| v.num()), from, to));
    }
    cx.plan_of(rows)
}

/// The search's own time range, where both of its ends are known.
fn asked_range(cx: &PlanCx<'_>) -> Option<(f64, f64)> {
    let TimeRange { earliest: from, latest: to } = cx.range();
    (from > 0.0 && from.is_finite() && to.is_finite() && from < to).then_some((from, to))
}

/// Whether a bucket lies in the range as a whole.
fn whole(cut: &Buckets, start: Option<f64>, from: f64, to: f64) -> bool {
    start.is_some_and(|start| start >= from && cut.next(start) <= to)
}
