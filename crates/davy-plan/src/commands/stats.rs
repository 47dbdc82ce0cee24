//! `stats`. Search Reference, stats.

use crate::aggs::{self, Agg, allnum};
use crate::command::{Command, Order};
use crate::example;
use crate::explode::explode;
use crate::expr::{Compiler, Typed};
use crate::fields::{FieldSet, Fields};
use crate::plan::{Failed, Plan, PlanCx, column_expr, projected};
use crate::spec::{CommandSpec, Kind, ParseCx, Support};
use datafusion_common::DFSchema;
use datafusion_expr::{Aggregate, EmptyRelation, Expr, LogicalPlan, lit, when};
use davy_diag::{Span, Spanned};
use davy_spl::ast::{Args, Grammar};
use std::sync::Arc;

pub(super) static SPEC: CommandSpec = CommandSpec {
    name: "stats",
    aliases: &["sistats"],
    kind: Kind::Transforming,
    grammar: Grammar::General,
    syntax: "stats [allnum=<bool>] [delim=<string>] [partitions=<N>] <aggregation> [AS <name>]... [BY <field-list>] [dedup_splitvals=<bool>]",
    summary: "One row for each combination of the BY fields (one row in all without BY), with the aggregations over its rows. Rows that lack a BY field are left out; a BY field with several values counts for each of them.",
    examples: &[
        example!("| makeresults count=4 | streamstats count AS n | stats count sum(n) AS s" => table "count,s\n4,10"),
        example!("| makeresults | eval x=1 | where x>1 | stats count" => field "count" = "0"),
        example!("| makeresults count=4 | streamstats count AS n | eval k=n%2 | stats count BY k" => rows 2),
    ],
    source: "Search Reference, stats",
    support: Support::Full,
    parse,
};

#[derive(Debug)]
struct Stats {
    aggs: Vec<Agg>,
    by: Vec<Spanned<String>>,
    /// Calculations only over fields whose values are all numbers.
    allnum: bool,
    /// Equal values within one row of a BY field count once.
    dedup: bool,
    /// What a `nomv` right after puts between values.
    delim: Option<String>,
}

fn parse(args: &Args, cx: &mut ParseCx<'_>) -> Option<Box<dyn Command>> {
    let names = [
        "allnum",
        "partitions",
        "delim",
        "dedup_splitvals",
        "summariesonly",
        "allow_old_summaries",
    ];
    let (options, left) = cx.reader(args).options(&names, cx);
    let allnum = options.flag("allnum", false, cx);
    let delim = options.text("delim").map(|d| d.value);
    let dedup = options.flag("dedup_splitvals", false, cx);
    let left: Vec<_> = left.into_iter().cloned().collect();
    let mut reader = crate::parse::ArgReader::of(&left);
    let aggs = aggs::read(&mut reader, &["by"], cx);
    let by = reader.by(cx)?;
    if let Some(extra) = reader.peek() {
        return cx.bad(extra.span.0, "an aggregation or `BY` is needed here");
    }
    if aggs.is_empty() {
        return cx.lacks("an aggregation");
    }
    Some(Box::new(Stats { aggs, by, allnum, dedup, delim }))
}

impl Command for Stats {
    fn needs(&self, _: &FieldSet) -> FieldSet {
        let mut needs = FieldSet::of(self.reads().into_iter().map(|(n, _)| n));
        needs.all = aggs::wild(&self.aggs);
        needs
    }

    fn fields(&self, input: &Fields) -> Fields {
        let mut fields = Fields::of(self.by.iter().map(|b| b.value.clone()));
        for agg in aggs::spread(&self.aggs, &input.names) {
            fields.add(agg.alias);
        }
        fields.open = aggs::wild(&self.aggs) && input.open;
        fields
    }

    fn reads(&self) -> Vec<(String, Span)> {
        let mut out: Vec<_> = self.by.iter().map(|b| (b.value.clone(), b.span)).collect();
        self.aggs.iter().for_each(|a| a.reads(&mut out));
        out
    }

    fn order(&self) -> Order {
        if aggs::ordered(&self.aggs) { Order::Needs } else { Order::Makes }
    }

    fn makes_rows(&self) -> bool {
        self.by.is_empty()
    }

    fn plan(&self, input: Plan, cx: &PlanCx<'_>) -> Result<Plan, Failed> {
        let by: Vec<String> = self.by.iter().map(|b| b.value.clone()).collect();
        let input = if input.open() && aggs::wild(&self.aggs) { cx.close(input)? } else { input };
        let names: Vec<String> = input.names().into_iter().filter(|n| !by.contains(n)).collect();
        let aggs = aggs::spread(&self.aggs, &names);
        let input = if self.dedup { distinct(input, &by, cx)? } else { input };
        let mut plan = match self.allnum {
            true => all_numbers(input, &aggs, &by, cx)?,
            false => aggregate(input, &aggs, &by, cx)?,
        };
        if cx.ordered && !by.is_empty() {
            plan = by_keys(plan, &by, cx)?;
        }
        let Some(delim) = &self.delim else { return Ok(plan) };
        let several = aggs.iter().filter(|a| ["list", "values"].contains(&a.spec.name));
        let held = several.map(|a| (super::nomv::delimiter(&a.alias), Typed::text(delim)));
        plan.with_columns(held.collect())
    }
}

/// As `aggregate`, without the calculations over values of which one is no number.
fn all_numbers(input: Plan, aggs: &[Agg], by: &[String], cx: &PlanCx<'_>) -> Result<Plan, Failed> {
    let others = allnum::others(aggs);
    let mut all = aggs.to_vec();
    all.extend(others.iter().map(|(_, agg)| agg.clone()));
    let plan = aggregate(input, &all, by, cx)?;
    let mut set = Vec::new();
    for (i, other) in &others {
        let Some(agg) = aggs.get(*i) else { continue };
        let value = plan.column(&agg.alias);
        let held = when(column_expr(&other.alias).eq(lit(0.0)), value.expr).end()?;
        set.push((agg.alias.clone(), Typed::of(held, value.ty)));
    }
    let drop: Vec<String> = others.into_iter().map(|(_, agg)| agg.alias).collect();
    plan.with_columns(set)?.without_columns(&drop)
}

/// Rows whose fields `names` hold each value once.
fn distinct(input: Plan, names: &[String], cx: &PlanCx<'_>) -> Result<Plan, Failed> {
    let mut set = Vec::new();
    for name in names.iter().filter(|n| input.has_column(n)) {
        let mut compiler = Compiler::new(&input, cx);
        let once = compiler.apply("mvdedup", vec![input.column(name)], cx.span);
        set.push((name.clone(), compiler.finish(once)?));
    }
    input.with_columns(set)
}

/// Groups by `by` (rows that lack one are left out, several values count each) and aggregates.
pub(super) fn aggregate(
    input: Plan,
    aggs: &[Agg],
    by: &[String],
    cx: &PlanCx<'_>,
) -> Result<Plan, Failed> {
    if by.is_empty() && aggs.is_empty() {
        // A pattern that no field fits.
        let schema = Arc::new(DFSchema::empty());
        let nothing = EmptyRelation { produce_one_row: false, schema };
        return Ok(Plan::new(LogicalPlan::EmptyRelation(nothing)));
    }
    let missing: Vec<(String, crate::expr::Typed)> = by
        .iter()
        .filter(|n| !input.has_column(n))
        .map(|n| (n.clone(), crate::expr::Typed::null()))
        .collect();
    let mut plan = if missing.is_empty() { input } else { input.with_columns(missing)? };
    let present = by.iter().map(|n| column_expr(n).is_not_null()).reduce(Expr::and);
    if let Some(present) = present {
        plan = explode(plan.filter(present)?, by)?;
    }
    let mut list: Vec<(String, Expr)> = Vec::new();
    for (i, agg) in aggs.iter().enumerate() {
        // Names of their own keep two aggregations with one alias apart.
        list.push((format!("__agg{i}"), aggs::plan_one(agg, &plan, cx)?));
    }
    let exprs: Vec<Expr> = list.iter().map(|(n, e)| e.clone().alias(n)).collect();
    // As with projections, the builder would look up each column again.
    let groups = aggs::group_exprs(by);
    let schema = projected(plan.logical.schema(), groups.iter().chain(&exprs))?;
    let input = Arc::new(plan.logical);
    let grouped = Aggregate::try_new_with_schema(input, groups, exprs, Arc::new(schema))?;
    let mut columns: Vec<(String, Expr)> = by.iter().map(|n| (n.clone(), column_expr(n))).collect();
    for ((held, _), agg) in list.iter().zip(aggs) {
        columns.retain(|(n, _)| *n != agg.alias);
        columns.push((agg.alias.clone(), column_expr(held)));
    }
    Plan::new(LogicalPlan::Aggregate(grouped)).project(columns)
}

/// Rows in the order of their keys: numbers before texts, as `sort` has it.
pub(super) fn by_keys(plan: Plan, by: &[String], cx: &PlanCx<'_>) -> Result<Plan, Failed> {
    let keys = by
        .iter()
        .map(|n| super::sort::Key {
            field: n.clone(),
            descending: false,
            how: super::sort::How::Auto,
        })
        .collect::<Vec<_>>();
    super::sort::sorted(plan, &keys, None, cx)
}
