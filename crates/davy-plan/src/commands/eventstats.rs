//! `eventstats`. Search Reference, eventstats.

use crate::aggs::{self, Agg, AggInput, allnum};
use crate::column::Ty;
use crate::command::{Command, Order};
use crate::example;
use crate::fields::{FieldSet, Fields};
use crate::parse::ArgReader;
use crate::plan::{Failed, Plan, PlanCx};
use crate::spec::{CommandSpec, Kind, ParseCx, Support};
use crate::value::Val;
use crate::walk::{Row, Walk, Walker, group_key};
use datafusion_common::Result as DfResult;
use davy_diag::{Span, Spanned};
use davy_spl::ast::{Arg, Args, Grammar};
use std::collections::HashMap;
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
    let mut by = Vec::new();
    if reader.keyword("by") {
        by = reader.fields(&[]);
        if by.is_empty() {
            return cx.missing("a field after BY");
        }
    }
    if let Some(extra) = reader.peek() {
        return cx.bad(extra.span.0, "an aggregation or `BY` is needed here");
    }
    if aggs.is_empty() {
        return cx.lacks("an aggregation");
    }
    Some(Box::new(EventStats { aggs, by, allnum }))
}

impl EventStats {
    fn wild(&self) -> bool {
        self.aggs.iter().any(|a| matches!(a.input, AggInput::Wildcard(_)))
    }
}

impl Command for EventStats {
    fn needs(&self, out: &FieldSet) -> FieldSet {
        let mut needs = out.clone();
        for agg in &self.aggs {
            match needs.all {
                true => needs.add(&agg.alias),
                false => {
                    needs.names.remove(&agg.alias);
                    &mut needs
                }
            };
        }
        needs.all |= self.wild();
        needs.with(self.reads().into_iter().map(|(n, _)| n))
    }

    fn fields(&self, input: &Fields) -> Fields {
        let mut fields = input.clone();
        for agg in aggs::spread(&self.aggs, &input.names) {
            fields.add(agg.alias);
        }
        fields
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
        let input = match input.open() && self.wild() {
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
        let rows = cx.rows(&grouped.project(columns)?)?;
        let mut groups = HashMap::with_capacity(rows.rows.len());
        for row in rows.rows {
            let Some(key) = group_key(row.iter().take(by.len()).cloned()) else { continue };
            let mut values: Vec<Val<'static>> = row.into_iter().skip(by.len()).collect();
            for (extra, (i, _)) in others.iter().enumerate() {
                let found = values.get(count + extra).and_then(Val::num).unwrap_or(0.0);
                if found > 0.0
                    && let Some(slot) = values.get_mut(*i)
                {
                    *slot = Val::Null;
                }
            }
            groups.insert(key, values);
        }
        let sets = results.into_iter().zip(types).collect();
        let groups = Arc::new(groups);
        let width = by.len();
        let start = move || Box::new(Join { groups: groups.clone(), width }) as Box<dyn Walker>;
        Walk::new("eventstats", by, sets, start).in_any_order().of_statistics().plan(input)
    }
}

/// Puts the results of a row's group into it.
struct Join {
    groups: Arc<HashMap<String, Vec<Val<'static>>>>,
    width: usize,
}

impl Walker for Join {
    fn row(&mut self, row: Row<'_>, out: &mut [Val<'static>]) -> DfResult<bool> {
        let by: Vec<Val<'_>> = (0..self.width).map(|i| row.get(i)).collect();
        if by.iter().any(Val::is_multi) {
            self.several(&by, out);
        } else if let Some(found) = group_key(by).and_then(|key| self.groups.get(&key)) {
            for (slot, value) in out.iter_mut().zip(found) {
                *slot = value.clone();
            }
        }
        Ok(true)
    }
}

impl Join {
    /// A row in several groups holds the results of all of them.
    fn several(&self, by: &[Val<'_>], out: &mut [Val<'static>]) {
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
        let found: Vec<&Vec<Val<'static>>> = keys
            .into_iter()
            .filter_map(|key| group_key(key).and_then(|key| self.groups.get(&key)))
            .collect();
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
