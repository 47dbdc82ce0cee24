//! `eventcount`. Search Reference, eventcount.

use super::metadata::{agg, events, index_options};
use super::stats::{aggregate, by_keys};
use crate::command::{Command, Order};
use crate::example;
use crate::expr::Typed;
use crate::fields::{FieldSet, Fields};
use crate::plan::{Failed, Plan, PlanCx, column_expr};
use crate::spec::{CommandSpec, Kind, ParseCx, Support};
use datafusion_expr::when;
use davy_spl::ast::{ArgKind, Args, Grammar};

pub(super) static SPEC: CommandSpec = CommandSpec {
    name: "eventcount",
    aliases: &[],
    kind: Kind::Generating,
    grammar: Grammar::General,
    syntax: "eventcount [index=<name>]... [summarize=<bool>] [report_size=<bool>] [list_vix=<bool>]",
    summary: "The number of events that are read, in all or, with summarize=false, of each index.",
    examples: &[example!("| eventcount summarize=false index=*" => varies)],
    source: "Search Reference, eventcount",
    support: Support::Limited("report_size: inputs are files, not indexes"),
    parse,
};

#[derive(Debug)]
struct EventCount {
    indexes: Vec<String>,
    summarize: bool,
}

fn parse(args: &Args, cx: &mut ParseCx<'_>) -> Option<Box<dyn Command>> {
    let names =
        ["index", "summarize", "report_size", "list_vix", "list_federated_remote", "splunk_server"];
    let reader = cx.reader(args);
    let indexes = index_options(reader.items);
    let (options, left) = reader.options(&names, cx);
    if let Some(extra) = left.iter().find(|a| a.kind != ArgKind::Comma) {
        return cx.bad(extra.span.0, "`eventcount` takes only `key=value` arguments");
    }
    let summarize = options.flag("summarize", true, cx);
    Some(Box::new(EventCount { indexes, summarize }))
}

impl Command for EventCount {
    fn needs(&self, _: &FieldSet) -> FieldSet {
        FieldSet::none()
    }

    fn fields(&self, _: &Fields) -> Fields {
        match self.summarize {
            true => Fields::of(["count"]),
            false => Fields::of(["count", "index", "server"]),
        }
    }

    fn order(&self) -> Order {
        Order::Makes
    }

    fn plan(&self, _: Plan, cx: &PlanCx<'_>) -> Result<Plan, Failed> {
        let plan = events(FieldSet::of(["index"]), &self.indexes, cx)?;
        let count: Vec<_> = agg("count", None, "count", cx).into_iter().collect();
        if self.summarize {
            return aggregate(plan, &count, &[], cx);
        }
        // Events without an index are in Splunk's default one.
        let main = Typed::text("main").expr;
        let index = plan.column("index").materialized();
        let index = when(index.clone().is_null(), main).otherwise(index)?;
        let index = Typed::of(index, crate::column::Ty::Text);
        let plan = plan.with_columns(vec![("index".to_owned(), index)])?;
        let by = ["index".to_owned()];
        let plan = by_keys(aggregate(plan, &count, &by, cx)?, &by, cx)?;
        plan.project(vec![
            ("count".to_owned(), column_expr("count")),
            ("index".to_owned(), column_expr("index")),
            ("server".to_owned(), Typed::text("local").expr),
        ])
    }
}
