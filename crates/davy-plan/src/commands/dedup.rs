//! `dedup`. Search Reference, dedup.

use crate::column::Ty;
use crate::command::{Command, Order};
use crate::example;
use crate::expr::Typed;
use crate::fields::{FieldSet, Fields};
use crate::hoist::Firsts;
use crate::node::{SortKey, SortNode};
use crate::parse::ArgReader;
use crate::plan::{Failed, Plan, PlanCx};
use crate::spec::{CommandSpec, Kind, ParseCx, Support};
use crate::value::Val;
use crate::walk::{Row, Walk, Walker, push_key};
use datafusion_common::Result as DfResult;
use davy_diag::{Span, Spanned};
use davy_spl::ast::{Arg, ArgKind, Args, Grammar};
use foldhash::fast::RandomState;
use std::collections::HashMap;
use std::hash::BuildHasher;

pub(super) static SPEC: CommandSpec = CommandSpec {
    name: "dedup",
    aliases: &[],
    kind: Kind::Sequential,
    grammar: Grammar::General,
    syntax: "dedup [<N>] <field-list> [keepevents=<bool>] [keepempty=<bool>] [consecutive=<bool>] [sortby [+|-]<field>...]",
    summary: "Keeps the first N rows (1) of each combination of values. Rows that lack one of the fields are dropped unless `keepempty=t`; `keepevents=t` keeps the rows and removes the fields from them.",
    examples: &[
        example!("| makeresults count=6 | streamstats count AS n | eval k=n%2 | dedup k | table n" => table "n\n1\n2"),
        example!("| makeresults count=6 | streamstats count AS n | eval k=n%2 | dedup 2 k | table n" => table "n\n1\n2\n3\n4"),
        example!("| makeresults count=6 | streamstats count AS n | eval k=n%2 | dedup k sortby -n | table n" => table "n\n6\n5"),
    ],
    source: "Search Reference, dedup",
    support: Support::Full,
    parse,
};

#[derive(Debug)]
struct Dedup {
    keep: usize,
    names: Vec<Spanned<String>>,
    keep_events: bool,
    keep_empty: bool,
    consecutive: bool,
    sort: Vec<super::sort::Key>,
}

fn parse(args: &Args, cx: &mut ParseCx<'_>) -> Option<Box<dyn Command>> {
    let (options, left) = cx.reader(args).options(&["keepevents", "keepempty", "consecutive"], cx);
    let keep_events = options.flag("keepevents", false, cx);
    let keep_empty = options.flag("keepempty", false, cx);
    let consecutive = options.flag("consecutive", false, cx);
    let left: Vec<Arg> = left.into_iter().cloned().collect();
    let mut reader = ArgReader::of(&left);
    let mut keep = 1;
    if let Some(ArgKind::Word(word)) = reader.peek().map(|a| &a.kind)
        && let Ok(n) = word.parse::<isize>()
    {
        let n = usize::try_from(n).unwrap_or(0);
        if n == 0 {
            return cx.bad(cx.span(), "`dedup` keeps at least one row of each combination");
        }
        keep = n;
        reader.next_arg();
    }
    let names = reader.fields(&["sortby"]);
    let mut sort = Vec::new();
    if reader.keyword("sortby") {
        sort = super::sort::keys(&mut reader, cx)?;
        if sort.is_empty() {
            return cx.missing("a field after `sortby`");
        }
    }
    if let Some(extra) = reader.peek() {
        return cx.bad(extra.span.0, "a field name is needed here");
    }
    if names.is_empty() {
        return cx.missing("at least one field");
    }
    if let Some(wild) = names.iter().find(|n| n.value.contains('*')) {
        return cx.bad(wild.span, "`dedup` takes no wildcards");
    }
    Some(Box::new(Dedup { keep, names, keep_events, keep_empty, consecutive, sort }))
}

impl Command for Dedup {
    fn needs(&self, out: &FieldSet) -> FieldSet {
        out.clone().with(self.reads().into_iter().map(|(n, _)| n))
    }

    fn fields(&self, input: &Fields) -> Fields {
        input.clone()
    }

    fn reads(&self) -> Vec<(String, Span)> {
        let mut out: Vec<_> = self.names.iter().map(|n| (n.value.clone(), n.span)).collect();
        if let Some(first) = self.names.first() {
            out.extend(self.sort.iter().map(|k| (k.field.clone(), first.span)));
        }
        out
    }

    fn order(&self) -> Order {
        Order::Needs
    }

    fn makes_rows(&self) -> bool {
        false
    }

    fn plan(&self, input: Plan, cx: &PlanCx<'_>) -> Result<Plan, Failed> {
        let names: Vec<String> = self.names.iter().map(|n| n.value.clone()).collect();
        let sets = match self.keep_events {
            true => names.iter().map(|n| (n.clone(), input.column(n).ty)).collect(),
            false => Vec::new(),
        };
        let sets: Vec<(String, Ty)> = sets;
        let (keep, keep_empty, keep_events) = (self.keep, self.keep_empty, self.keep_events);
        let (count, consecutive) = (names.len(), self.consecutive);
        let start = move || {
            Box::new(State {
                keep,
                keep_empty,
                keep_events,
                consecutive,
                count,
                seen: HashMap::new(),
                bytes: 0,
                key: String::new(),
                hasher: RandomState::default(),
            }) as Box<dyn Walker>
        };
        // The order decides which rows stay.
        let input = match self.sort.is_empty() {
            true => input,
            false => super::sort::sorted(input, &self.sort, None, cx)?,
        };
        let columns = names.iter().all(|n| input.has_column(n));
        let walk = Walk::new("dedup", names.clone(), sets, start).of_keys(!consecutive);
        // Where only the first row of each combination stays, few rows need be put in order.
        let single = keep == 1 && !keep_events && !keep_empty && !consecutive;
        if !single || !columns {
            return walk.plan(input);
        }
        match input.firsts(&names)? {
            Firsts::Unknown(plan) => walk.plan(plan),
            // Sorts go to disk as a whole, and what was seen key by key.
            Firsts::Few { plan, keys, extra } if cx.engine.bounded() => {
                adjacent(plan, &names, keys)?.without_columns(&extra)
            }
            Firsts::Few { plan, keys, extra } => {
                let plan = Plan::new(SortNode::plan(plan.logical, keys, None));
                walk.plan(plan)?.without_columns(&extra)
            }
        }
    }
}

/// The first row of each combination in the order of `keys`, and in that order: sorted by the
/// combination, so that a look at the row before tells which are first.
fn adjacent(plan: Plan, names: &[String], keys: Vec<SortKey>) -> Result<Plan, Failed> {
    let held: Vec<(String, Typed)> = names
        .iter()
        .enumerate()
        .map(|(i, n)| (format!("__same{i}"), plan.column(n).into_ty(Ty::Text)))
        .collect();
    let same: Vec<String> = held.iter().map(|(n, _)| n.clone()).collect();
    let by =
        same.iter().map(|n| SortKey { column: n.clone(), descending: false, nulls_first: false });
    let by: Vec<SortKey> = by.chain(keys.iter().cloned()).collect();
    let plan = Plan::new(SortNode::plan(plan.with_columns(held)?.logical, by, None));
    let count = same.len();
    let start = move || Box::new(Next { count, last: None, key: String::new() }) as Box<dyn Walker>;
    let plan = Walk::new("dedup", same.clone(), Vec::new(), start).plan(plan)?;
    let plan = plan.without_columns(&same)?;
    Ok(Plan::new(SortNode::plan(plan.logical, keys, None)))
}

/// Keeps rows that differ from the one before.
struct Next {
    count: usize,
    last: Option<String>,
    key: String,
}

impl Walker for Next {
    fn row(&mut self, row: Row<'_>, _: &mut [Val<'static>]) -> DfResult<bool> {
        self.key.clear();
        for i in 0..self.count {
            let Some(text) = row.get(i).text().map(|t| t.into_owned()) else { return Ok(false) };
            push_key(&mut self.key, &text);
        }
        let first = self.last.as_ref() != Some(&self.key);
        if first {
            self.last = Some(self.key.clone());
        }
        Ok(first)
    }
}

struct State {
    keep: usize,
    keep_empty: bool,
    keep_events: bool,
    consecutive: bool,
    count: usize,
    seen: HashMap<String, usize>,
    bytes: usize,
    key: String,
    hasher: RandomState,
}

impl State {
    /// Writes the row's combination of values to `key`; `false` where one of them is missing.
    fn write_key(&self, row: Row<'_>, key: &mut String) -> bool {
        key.clear();
        for i in 0..self.count {
            match row.get(i).text() {
                Some(text) => push_key(key, &text),
                None => return false,
            }
        }
        true
    }
}

impl Walker for State {
    fn row(&mut self, row: Row<'_>, out: &mut [Val<'static>]) -> DfResult<bool> {
        let mut key = std::mem::take(&mut self.key);
        let empty = !self.write_key(row, &mut key);
        self.key = key;
        let first = if empty {
            self.keep_empty
        } else {
            match self.seen.get_mut(&self.key) {
                Some(seen) => {
                    *seen += 1;
                    *seen <= self.keep
                }
                None => {
                    if self.consecutive {
                        self.seen.clear();
                        self.bytes = 0;
                    }
                    // The key, and its place in a table that is partly empty.
                    self.bytes += self.key.len() + 72;
                    self.seen.insert(self.key.clone(), 1);
                    true
                }
            }
        };
        if self.keep_events && first {
            for (i, slot) in out.iter_mut().enumerate() {
                *slot = row.get(i).into_owned();
            }
        }
        // Rows that lack a field stay as they are where rows are kept.
        Ok(first || (self.keep_events && (!empty || self.keep_empty)))
    }

    fn size(&self) -> usize {
        self.bytes
    }

    fn apart(&self, row: Row<'_>) -> DfResult<Option<u64>> {
        let mut key = String::new();
        let whole = self.write_key(row, &mut key);
        Ok((whole && !self.seen.contains_key(&key)).then(|| self.hasher.hash_one(&key)))
    }
}
