//! `eventstats`. Search Reference, eventstats.

use crate::aggs::{self, Agg, allnum};
use crate::column::Ty;
use crate::command::{Command, Order};
use crate::example;
use crate::fields::{FieldSet, Fields};
use crate::node::ConcatNode;
use crate::parse::ArgReader;
use crate::plan::{Failed, Plan, PlanCx};
use crate::spec::{CommandSpec, Kind, ParseCx, Support};
use crate::value::Val;
use crate::walk::{Row, Walk, Walker, group_key};
use datafusion_common::{DataFusionError, Result as DfResult, ScalarValue};
use datafusion_expr::{Expr, LogicalPlanBuilder, lit};
use davy_diag::{Span, Spanned};
use davy_spl::ast::{Arg, Args, Grammar};
use foldhash::fast::RandomState;
use std::collections::HashMap;
use std::hash::BuildHasher;
use std::sync::Arc;

pub(super) static SPEC: CommandSpec = CommandSpec {
    name: "eventstats",
    aliases: &[],
    kind: Kind::Transforming,
    grammar: Grammar::General,
    syntax: "eventstats [allnum=<bool>] <aggregation> [AS <name>]... [BY <field-list>]",
    summary: "Adds to every row the aggregations over all rows, or over those with the same BY fields.",
    examples: &[
        example!("| makeresults count=3 | streamstats count AS n | eventstats sum(n) AS s | table n s" => table "n,s\n1,6\n2,6\n3,6"),
        example!("| makeresults count=4 | streamstats count AS n | eval k=n%2 | eventstats max(n) AS m BY k | table n m" => table "n,m\n1,3\n2,4\n3,3\n4,4"),
    ],
    source: "Search Reference, eventstats",
    support: Support::Full,
    parse,
};

#[derive(Debug)]
struct EventStats {
    aggs: Vec<Agg>,
    by: Vec<Spanned<String>>,
    allnum: bool,
}

fn parse(args: &Args, cx: &mut ParseCx<'_>) -> Option<Box<dyn Command>> {
    let (options, left) = cx.reader(args).options(&["allnum"], cx);
    let allnum = options.flag("allnum", false, cx);
    let left: Vec<Arg> = left.into_iter().cloned().collect();
    let mut reader = ArgReader::of(&left);
    let aggs = aggs::read(&mut reader, &["by"], cx);
    let by = reader.by(cx)?;
    if let Some(extra) = reader.peek() {
        return cx.bad(extra.span.0, "an aggregation or `BY` is needed here");
    }
    if aggs.is_empty() {
        return cx.lacks("an aggregation");
    }
    Some(Box::new(EventStats { aggs, by, allnum }))
}

impl Command for EventStats {
    fn needs(&self, out: &FieldSet) -> FieldSet {
        aggs::needs_beside(&self.aggs, out).with(self.reads().into_iter().map(|(n, _)| n))
    }

    fn fields(&self, input: &Fields) -> Fields {
        aggs::fields_beside(&self.aggs, input)
    }

    fn reads(&self) -> Vec<(String, Span)> {
        let mut out: Vec<_> = self.by.iter().map(|b| (b.value.clone(), b.span)).collect();
        self.aggs.iter().for_each(|a| a.reads(&mut out));
        out
    }

    fn order(&self) -> Order {
        if aggs::ordered(&self.aggs) { Order::Needs } else { Order::Keeps }
    }

    fn makes_rows(&self) -> bool {
        false
    }

    fn plan(&self, input: Plan, cx: &PlanCx<'_>) -> Result<Plan, Failed> {
        let input = match input.open() && aggs::wild(&self.aggs) {
            true => cx.close(input)?,
            false => cx.hold(&input, cx.ordered || aggs::ordered(&self.aggs))?,
        };
        let by: Vec<String> = self.by.iter().map(|b| b.value.clone()).collect();
        let names: Vec<String> = input.names().into_iter().filter(|n| !by.contains(n)).collect();
        let mut aggs = aggs::spread(&self.aggs, &names);
        if aggs.is_empty() {
            return Ok(input);
        }
        let others = if self.allnum { allnum::others(&aggs) } else { Vec::new() };
        let count = aggs.len();
        // Names of their own, so that a result named as a BY field does not hide it.
        let results: Vec<String> = aggs.iter().map(|a| a.alias.clone()).collect();
        for (i, agg) in aggs.iter_mut().enumerate() {
            agg.alias = format!("__result{i}");
        }
        aggs.extend(others.iter().map(|(_, agg)| agg.clone()));
        let grouped = super::stats::aggregate(input.clone(), &aggs, &by, cx)?;
        let types: Vec<Ty> = aggs.iter().map(|a| grouped.column(&a.alias).ty).collect();
        // Hidden columns do not come as rows.
        let shown = |i: usize| format!("result {i}");
        let mut columns: Vec<_> = by
            .iter()
            .enumerate()
            .map(|(i, n)| (format!("by {i}"), grouped.column(n).expr))
            .collect();
        columns.extend(
            aggs.iter().enumerate().map(|(i, a)| (shown(i), grouped.column(&a.alias).expr)),
        );
        let grouped = grouped.project(columns)?;
        let sets = results.into_iter().zip(types).collect();
        let others: Vec<usize> = others.iter().map(|(i, _)| *i).collect();
        let kinds = Kinds { by: by.len(), results: count, others };
        let rows = match cx.engine.bounded() {
            false => cx.rows(&grouped)?,
            true => {
                let grouped = cx.hold(&grouped, false)?;
                let some = LogicalPlanBuilder::from(grouped.logical.clone());
                let rows = cx.rows(&Plan::new(some.limit(0, Some(FEW + 1))?.build()?))?;
                if rows.rows.len() > FEW {
                    return streamed(input, grouped, by, sets, kinds);
                }
                rows
            }
        };
        let mut groups = Groups::default();
        rows.rows.into_iter().for_each(|row| groups.add(row, &kinds));
        let groups = Arc::new(groups);
        let width = by.len();
        let start = move || Box::new(Join { groups: groups.clone(), width }) as Box<dyn Walker>;
        Walk::new("eventstats", by, sets, start).in_any_order().of_statistics().plan(input)
    }
}

/// More groups than these are not all held, where there is a limit.
const FEW: usize = 50_000;

/// What the columns of the groups are.
#[derive(Debug, Clone)]
struct Kinds {
    by: usize,
    results: usize,
    /// Columns after the results: each counts the values that are no numbers of one result.
    others: Vec<usize>,
}

/// The groups' results and then the rows, as rows of one walk: what is held of groups that come late
/// can wait on disk together with their rows.
fn streamed(
    input: Plan,
    groups: Plan,
    by: Vec<String>,
    sets: Vec<(String, Ty)>,
    kinds: Kinds,
) -> Result<Plan, Failed> {
    let names = groups.all_names();
    let own: Vec<String> = (0..names.len()).map(|i| format!("__group{i}")).collect();
    let is_group = "__group".to_owned();
    let null = |name: &String, of: &Plan| -> Result<Expr, Failed> {
        Ok(lit(ScalarValue::try_from(&of.column(name).data_type)?))
    };
    let mut first = Vec::new();
    for name in input.all_names() {
        let null = null(&name, &input)?;
        first.push((name, null));
    }
    let mut then: Vec<_> =
        input.all_names().into_iter().map(|n| (n.clone(), input.column(&n).expr)).collect();
    for (name, own) in names.iter().zip(&own) {
        first.push((own.clone(), groups.column(name).expr));
        then.push((own.clone(), null(name, &groups)?));
    }
    first.push((is_group.clone(), lit(true)));
    then.push((is_group.clone(), lit(false)));
    let both = vec![groups.project(first)?.logical, input.project(then)?.logical];
    let reads = by.into_iter().chain(own.iter().cloned()).chain([is_group.clone()]).collect();
    let start = move || Box::new(Stream::new(kinds.clone())) as Box<dyn Walker>;
    let walk = Walk::new("eventstats", reads, sets, start).of_statistics().of_keys(true);
    let drop: Vec<String> = own.into_iter().chain([is_group]).collect();
    walk.plan(Plan::new(ConcatNode::plan(both)?))?.without_columns(&drop)
}

/// The results of groups by their keys.
#[derive(Default)]
struct Groups {
    results: HashMap<String, Vec<Val<'static>>, RandomState>,
    /// Bytes of texts in them.
    bytes: usize,
}

impl Groups {
    /// Adds a row of the groups' columns.
    fn add(&mut self, row: Vec<Val<'static>>, kinds: &Kinds) {
        let Some(key) = group_key(row.iter().take(kinds.by).cloned()) else { return };
        let mut values: Vec<Val<'static>> = row.into_iter().skip(kinds.by).collect();
        for (extra, i) in kinds.others.iter().enumerate() {
            let found = values.get(kinds.results + extra).and_then(Val::num).unwrap_or(0.0);
            if found > 0.0
                && let Some(slot) = values.get_mut(*i)
            {
                *slot = Val::Null;
            }
        }
        values.truncate(kinds.results);
        let text = |v: &Val<'_>| if let Val::Str(s) = v { s.len() } else { 0 };
        self.bytes += key.len() + values.iter().map(text).sum::<usize>();
        self.results.insert(key, values);
    }

    /// Sets the results of a row with these values of the BY fields.
    fn look_up(&self, by: &[Val<'_>], out: &mut [Val<'static>]) {
        if by.iter().any(Val::is_multi) {
            return self.several(by, out);
        }
        if let Some(found) = group_key(by.iter().cloned()).and_then(|key| self.results.get(&key)) {
            for (slot, value) in out.iter_mut().zip(found) {
                *slot = value.clone();
            }
        }
    }

    /// A row in several groups holds the results of all of them.
    fn several(&self, by: &[Val<'_>], out: &mut [Val<'static>]) {
        let found: Vec<&Vec<Val<'static>>> =
            keys(by).iter().filter_map(|key| self.results.get(key)).collect();
        for (i, slot) in out.iter_mut().enumerate() {
            let mut texts: Vec<String> = Vec::new();
            for values in &found {
                for text in values.get(i).map(Val::values).unwrap_or_default() {
                    if !texts.iter().any(|t| *t == text) {
                        texts.push(text.into_owned());
                    }
                }
            }
            *slot = Val::multi(&texts);
        }
    }
}

/// The keys of all groups that a row with several values of BY fields is in.
fn keys(by: &[Val<'_>]) -> Vec<String> {
    let mut keys: Vec<Vec<Val<'_>>> = vec![Vec::new()];
    for value in by {
        let mut next = Vec::new();
        for key in &keys {
            for one in value.values() {
                let mut key = key.clone();
                key.push(Val::Str(one));
                next.push(key);
            }
        }
        keys = next;
    }
    keys.into_iter().filter_map(group_key).collect()
}

/// Puts the results of a row's group into it.
struct Join {
    groups: Arc<Groups>,
    width: usize,
}

impl Walker for Join {
    fn row(&mut self, row: Row<'_>, out: &mut [Val<'static>]) -> DfResult<bool> {
        let by: Vec<Val<'_>> = (0..self.width).map(|i| row.get(i)).collect();
        self.groups.look_up(&by, out);
        Ok(true)
    }
}

/// As [`Join`], where the groups come before the rows.
struct Stream {
    kinds: Kinds,
    groups: Groups,
    hasher: RandomState,
}

impl Stream {
    fn new(kinds: Kinds) -> Stream {
        Stream { kinds, groups: Groups::default(), hasher: RandomState::default() }
    }

    /// How many columns a group has.
    fn width(&self) -> usize {
        self.kinds.by + self.kinds.results + self.kinds.others.len()
    }

    fn is_group(&self, row: Row<'_>) -> bool {
        row.get(self.kinds.by + self.width()) == Val::Bool(true)
    }
}

impl Walker for Stream {
    fn row(&mut self, row: Row<'_>, out: &mut [Val<'static>]) -> DfResult<bool> {
        let by = self.kinds.by;
        if self.is_group(row) {
            let group = (by..by + self.width()).map(|i| row.get(i).into_owned()).collect();
            self.groups.add(group, &self.kinds);
            return Ok(false);
        }
        let by: Vec<Val<'_>> = (0..by).map(|i| row.get(i)).collect();
        self.groups.look_up(&by, out);
        Ok(true)
    }

    fn size(&self) -> usize {
        let each = 112 + self.kinds.results * size_of::<Val<'_>>();
        self.groups.results.len() * each + self.groups.bytes
    }

    fn apart(&self, row: Row<'_>) -> DfResult<Option<u64>> {
        let first = if self.is_group(row) { self.kinds.by } else { 0 };
        let by: Vec<Val<'_>> = (first..first + self.kinds.by).map(|i| row.get(i)).collect();
        let held = |key: &String| self.groups.results.contains_key(key);
        if by.iter().any(Val::is_multi) {
            // It needs the results of groups that lie in different parts.
            return match keys(&by).iter().all(held) {
                true => Ok(None),
                false => Err(DataFusionError::ResourcesExhausted(
                    "rows with several values of a BY field, among more groups than can be held"
                        .to_owned(),
                )),
            };
        }
        let key = group_key(by).filter(|key| !held(key));
        Ok(key.map(|key| self.hasher.hash_one(&key)))
    }
}
