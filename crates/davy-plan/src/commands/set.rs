//! `set`. Search Reference, set.

use crate::command::{Bound, Command, Order};
use crate::example;
use crate::fields::{FieldSet, Fields};
use crate::parse::{arg_subsearch, arg_text};
use crate::plan::{Failed, Plan, PlanCx, Rows};
use crate::spec::{CommandSpec, Kind, ParseCx, Support};
use crate::value::Val;
use davy_spl::ast::{Args, Grammar};
use std::collections::{BTreeMap, HashSet};

pub(super) static SPEC: CommandSpec = CommandSpec {
    name: "set",
    aliases: &[],
    kind: Kind::Generating,
    grammar: Grammar::General,
    syntax: "set (union|diff|intersect) [<search>] [<search>]",
    summary: "Rows that either search gives (union), only one of them (diff), or both (intersect). Two rows are the same when all their fields are.",
    examples: &[
        example!("| set union [| makeresults | eval a=1 | table a] [| makeresults | eval a=1 | table a]" => rows 1),
        example!("| set diff [| makeresults | eval a=1 | table a] [| makeresults | eval a=2 | table a]" => rows 2),
        example!("| set intersect [| makeresults | eval a=1 | table a] [| makeresults | eval a=2 | table a]" => rows 0),
    ],
    source: "Search Reference, set",
    support: Support::Full,
    parse,
};

#[derive(Debug)]
struct Set {
    how: How,
    left: Bound,
    right: Bound,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum How {
    Union,
    Diff,
    Intersect,
}

fn parse(args: &Args, cx: &mut ParseCx<'_>) -> Option<Box<dyn Command>> {
    let (_, left) = cx.reader(args).options(&[], cx);
    let mut left = left.into_iter();
    let how = match left.next() {
        Some(arg) => match arg_text(arg).unwrap_or_default().to_ascii_lowercase().as_str() {
            "union" => How::Union,
            "diff" => How::Diff,
            "intersect" => How::Intersect,
            _ => return cx.bad(arg.span.0, "`union`, `diff` or `intersect` is needed here"),
        },
        None => return cx.missing("`union`, `diff` or `intersect`"),
    };
    let mut subs = Vec::new();
    for arg in left {
        match arg_subsearch(arg) {
            Some(pipeline) => subs.push(cx.bind(pipeline)),
            None => return cx.bad(arg.span.0, "a search in brackets is needed here"),
        }
    }
    let mut subs = subs.into_iter();
    match (subs.next(), subs.next(), subs.next()) {
        (Some(left), Some(right), None) => Some(Box::new(Set { how, left, right })),
        _ => cx.missing("two searches in brackets"),
    }
}

/// All fields that a row has, by name: the order of columns does not matter.
type RowKey = BTreeMap<String, String>;

fn key(names: &[String], row: &[Val<'static>]) -> RowKey {
    let pairs = names.iter().zip(row);
    pairs.filter_map(|(n, v)| Some((n.clone(), v.text()?.into_owned()))).collect()
}

impl Command for Set {
    fn needs(&self, _: &FieldSet) -> FieldSet {
        FieldSet::none()
    }

    fn fields(&self, _: &Fields) -> Fields {
        let mut fields = Fields::default();
        for part in [&self.left, &self.right] {
            if let Some(sub) = part.left(Fields::default()) {
                sub.names.iter().for_each(|n| fields.add(n));
                fields.open |= sub.open;
            }
        }
        fields
    }

    fn order(&self) -> Order {
        Order::Makes
    }

    fn subsearches(&self) -> Vec<&Bound> {
        vec![&self.left, &self.right]
    }

    fn plan(&self, _: Plan, cx: &PlanCx<'_>) -> Result<Plan, Failed> {
        let limit = cx.engine.limits().append_rows;
        let left = cx.subrows(&self.left, &FieldSet::all(), limit)?;
        let right = cx.subrows(&self.right, &FieldSet::all(), limit)?;
        let keys = |rows: &Rows| -> HashSet<RowKey> {
            rows.rows.iter().map(|r| key(&rows.names, r)).collect()
        };
        let (in_left, in_right) = (keys(&left), keys(&right));
        let mut out = Rows::default();
        let mut seen = HashSet::new();
        for (side, rows) in [left, right].into_iter().enumerate() {
            let columns: Vec<usize> = rows.names.iter().map(|n| out.column_or_add(n)).collect();
            for row in rows.rows {
                let key = key(&rows.names, &row);
                let keep = match self.how {
                    How::Union => true,
                    How::Diff if side == 0 => !in_right.contains(&key),
                    How::Diff => !in_left.contains(&key),
                    How::Intersect => in_left.contains(&key) && in_right.contains(&key),
                };
                if !keep || !seen.insert(key) {
                    continue;
                }
                let mut placed = vec![Val::Null; out.names.len()];
                for (value, at) in row.into_iter().zip(&columns) {
                    if let Some(slot) = placed.get_mut(*at) {
                        *slot = value;
                    }
                }
                out.rows.push(placed);
            }
        }
        cx.plan_of(out)
    }
}
