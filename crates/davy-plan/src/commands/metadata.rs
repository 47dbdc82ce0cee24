//! `metadata`. Search Reference, metadata.

use super::stats::{aggregate, by_keys};
use crate::aggs::{Agg, AggInput};
use crate::command::{Command, Order};
use crate::example;
use crate::fields::{FieldSet, Fields};
use crate::plan::{Failed, Plan, PlanCx, Scan, column_expr};
use crate::spec::{CommandSpec, Kind, ParseCx, Support};
use davy_spl::ast::{ArgKind, Args, Grammar};

pub(super) static SPEC: CommandSpec = CommandSpec {
    name: "metadata",
    aliases: &[],
    kind: Kind::Generating,
    grammar: Grammar::General,
    syntax: "metadata type=<hosts|sources|sourcetypes> [index=<name>]... [splunk_server=<name>]... [datatype=<all|event|metric>]",
    summary: "The hosts, sources or source types of the events that are read: how many events each has, and when the first and the last.",
    examples: &[example!("| metadata type=sourcetypes index=*" => varies)],
    source: "Search Reference, metadata",
    support: Support::Limited(
        "recentTime is the time of the last event: when events were indexed is not known",
    ),
    parse,
};

const NAMES: [&str; 5] = ["firstTime", "lastTime", "recentTime", "totalCount", "type"];

#[derive(Debug)]
struct Metadata {
    field: &'static str,
    plural: &'static str,
    indexes: Vec<String>,
}

fn parse(args: &Args, cx: &mut ParseCx<'_>) -> Option<Box<dyn Command>> {
    let names = ["type", "index", "splunk_server", "splunk_server_group", "datatype"];
    let reader = cx.reader(args);
    let indexes = index_options(reader.items);
    let (options, left) = reader.options(&names, cx);
    if let Some(extra) = left.iter().find(|a| a.kind != ArgKind::Comma) {
        return cx.bad(extra.span.0, "`metadata` takes only `key=value` arguments");
    }
    if options.get("type").is_none() {
        return cx.missing("`type`: hosts, sources or sourcetypes");
    }
    let plural = options.one_of("type", &["hosts", "sources", "sourcetypes"], cx)?;
    let field = match plural {
        "hosts" => "host",
        "sources" => "source",
        _ => "sourcetype",
    };
    Some(Box::new(Metadata { field, plural, indexes }))
}

/// The values of `index=`, which may come several times.
pub(super) fn index_options(items: &[davy_spl::ast::Arg]) -> Vec<String> {
    items
        .iter()
        .filter_map(|arg| match &arg.kind {
            ArgKind::Option { key, value, .. } if key.value.eq_ignore_ascii_case("index") => {
                crate::parse::arg_text(value)
            }
            _ => None,
        })
        .collect()
}

/// The events of the indexes named; a file without an index is in all of them.
pub(super) fn events(needs: FieldSet, indexes: &[String], cx: &PlanCx<'_>) -> Result<Plan, Failed> {
    let scan = Scan {
        needs: needs.with(["index"]),
        earliest: cx.env.earliest,
        latest: cx.env.latest,
        filter: None,
        ordered: false,
        dataset: None,
    };
    let plan = Plan::new(cx.engine.scan(&scan)?);
    if indexes.is_empty() || indexes.iter().any(|i| i == "*") {
        return Ok(plan);
    }
    let texts: Vec<davy_spl::ast::SearchValue> = indexes
        .iter()
        .map(|text| davy_spl::ast::SearchValue {
            text: text.clone(),
            quoted: true,
            span: davy_spl::ast::Spanless(cx.span),
        })
        .collect();
    let field = davy_diag::Spanned::new("index".to_owned(), cx.span);
    let span = davy_spl::ast::Spanless(cx.span);
    let expr = davy_spl::ast::SearchExpr::In { field, values: texts, span };
    match crate::search::condition(&expr, &plan, false) {
        Some(condition) => {
            let none = column_expr("index").is_null();
            plan.filter(none.or(condition))
        }
        None => Ok(plan),
    }
}

/// An aggregation by its name.
pub(super) fn agg(name: &str, field: Option<&str>, alias: &str, cx: &PlanCx<'_>) -> Option<Agg> {
    let (spec, number) = crate::aggregates::find(name)?;
    let input = field.map_or(AggInput::None, |f| AggInput::Field(f.to_owned()));
    Some(Agg { spec, number, input, alias: alias.to_owned(), named: true, span: cx.span })
}

impl Command for Metadata {
    fn needs(&self, _: &FieldSet) -> FieldSet {
        FieldSet::none()
    }

    fn fields(&self, _: &Fields) -> Fields {
        Fields::of(std::iter::once(self.field).chain(NAMES))
    }

    fn order(&self) -> Order {
        Order::Makes
    }

    fn plan(&self, _: Plan, cx: &PlanCx<'_>) -> Result<Plan, Failed> {
        let plan = events(FieldSet::of([self.field, "_time"]), &self.indexes, cx)?;
        let aggs: Vec<Agg> = [
            agg("min", Some("_time"), "firstTime", cx),
            agg("max", Some("_time"), "lastTime", cx),
            agg("max", Some("_time"), "recentTime", cx),
            agg("count", None, "totalCount", cx),
        ]
        .into_iter()
        .flatten()
        .collect();
        let by = [self.field.to_owned()];
        let plan = aggregate(plan, &aggs, &by, cx)?;
        let kind = crate::expr::Typed::text(self.plural);
        let plan = plan.with_columns(vec![("type".to_owned(), kind)])?;
        by_keys(plan, &by, cx)
    }
}
