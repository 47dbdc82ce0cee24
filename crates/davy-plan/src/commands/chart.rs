//! `chart`. Search Reference, chart.

use super::charting::args::{self, ChartArgs};
use super::charting::{group, pivot};
use crate::aggs;
use crate::command::{Command, Order};
use crate::example;
use crate::fields::{FieldSet, Fields};
use crate::plan::{Failed, Plan, PlanCx};
use crate::spec::{CommandSpec, Kind, ParseCx, Support};
use davy_diag::Span;
use davy_spl::ast::{Args, Grammar};

pub(super) static SPEC: CommandSpec = CommandSpec {
    name: "chart",
    aliases: &["sichart"],
    kind: Kind::Barrier,
    grammar: Grammar::General,
    syntax: "chart [limit=<N|topN|bottomN>] [useother=<bool>] [usenull=<bool>] [otherstr=<string>] [nullstr=<string>] [agg=<function>] [cont=<bool>] [sep=<string>] [format=<string>] (<aggregation> | eval(<expression>)) [AS <name>]... [BY <row-field> [span=<span>] [<column-field>] | OVER <row-field> [BY <column-field>]] [where <function> <in topN | notin bottomN | > N | < N>]",
    summary: "A table with a row for each value of one field and a column for each value of another. The 10 columns with the greatest sums stay; the others are added up in OTHER, and rows without the column field in NULL.",
    examples: &[
        example!("| makeresults format=csv data=\"a,b\nx,1\nx,2\ny,1\" | chart count BY a" => table "a,count\nx,2\ny,1"),
        example!("| makeresults format=csv data=\"a,b\nx,1\nx,2\ny,1\" | chart count OVER a BY b" => table "a,1,2\nx,1,1\ny,1,0"),
        example!("| makeresults format=csv data=\"n\n3\n7\n25\" | chart count BY n span=10" => table "n,count\n0-10,2\n10-20,0\n20-30,1"),
        example!("| makeresults format=csv data=\"a,b\nx,p\nx,q\nx,q\nx,r\" | chart limit=1 count OVER a BY b" => table "a,q,OTHER\nx,2,2"),
    ],
    source: "Search Reference, chart",
    support: Support::Full,
    parse,
};

#[derive(Debug)]
struct Chart {
    args: ChartArgs,
}

fn parse(args: &Args, cx: &mut ParseCx<'_>) -> Option<Box<dyn Command>> {
    let Args::General(items) = args else { return None };
    let args = args::read(items, false, cx)?;
    if args.column.is_none()
        && let Some(filter) = &args.filter
    {
        let message = format!("`where {}` chooses among columns, and there are none", filter.score);
        return cx.bad(cx.span(), message);
    }
    Some(Box::new(Chart { args }))
}

impl Command for Chart {
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

/// The chart of these arguments.
pub(super) fn draw(args: &ChartArgs, input: Plan, cx: &PlanCx<'_>) -> Result<Plan, Failed> {
    let input = if input.open() && args.wild() { cx.close(input)? } else { input };
    let measures = args.spread(&input.names());
    let prepared = group::prepare(input, args, None, cx)?;
    let rows = pivot::table(&prepared, args, &measures, None, cx)?;
    cx.plan_of(rows)
}

/// What is there after `chart` or `timechart`.
pub(super) fn made(args: &ChartArgs, input: &Fields) -> Fields {
    let mut fields = Fields::of(args.row.iter().map(|r| r.field.value.clone()));
    if args.column.is_some() {
        fields.open = true;
        return fields;
    }
    for measure in args.spread(&input.names) {
        fields.add(measure.alias);
    }
    fields.open = args.wild() && input.open;
    fields
}
