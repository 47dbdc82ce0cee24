//! `appendcols`. Search Reference, appendcols.

use super::append::{SUBSEARCH_OPTIONS, only_subsearch, sub_limit};
use crate::command::{Bound, Command, Order};
use crate::example;
use crate::fields::{FieldSet, Fields};
use crate::plan::{Failed, Plan, PlanCx, Rows};
use crate::spec::{CommandSpec, Kind, ParseCx, Support};
use crate::value::Val;
use davy_spl::ast::{Args, Grammar};

pub(super) static SPEC: CommandSpec = CommandSpec {
    name: "appendcols",
    aliases: &[],
    kind: Kind::Barrier,
    grammar: Grammar::General,
    syntax: "appendcols [override=<bool>] [maxtime=<seconds>] [maxout=<N>] [timeout=<seconds>] [<search>]",
    summary: "Puts the fields of the first row of a search in brackets into the first row, of the second into the second, and so on. A field that is there already stays unless `override=t`.",
    examples: &[
        example!("| makeresults | eval a=1 | appendcols [| makeresults | eval b=2] | table a b" => table "a,b\n1,2"),
        example!("| makeresults | eval a=1 | appendcols override=t [| makeresults | eval a=2] | table a" => table "a\n2"),
    ],
    source: "Search Reference, appendcols",
    support: Support::Full,
    parse,
};

#[derive(Debug)]
struct AppendCols {
    sub: Bound,
    limit: Option<usize>,
    overrides: bool,
    first: bool,
}

fn parse(args: &Args, cx: &mut ParseCx<'_>) -> Option<Box<dyn Command>> {
    let mut names = vec!["override"];
    names.extend(SUBSEARCH_OPTIONS);
    let (options, left) = cx.reader(args).options(&names, cx);
    let overrides = options.flag("override", false, cx);
    let limit = sub_limit(&options, cx);
    let sub = only_subsearch(&left, cx)?;
    Some(Box::new(AppendCols { sub, limit, overrides, first: cx.first }))
}

impl Command for AppendCols {
    fn needs(&self, out: &FieldSet) -> FieldSet {
        out.clone()
    }

    fn fields(&self, input: &Fields) -> Fields {
        let mut fields = input.clone();
        if let Some(sub) = self.sub.left(Fields::default()) {
            sub.names.iter().filter(|n| !n.starts_with('_')).for_each(|n| fields.add(n));
            fields.open |= sub.open;
        }
        fields
    }

    fn order(&self) -> Order {
        Order::Needs
    }

    fn subsearches(&self) -> Vec<&Bound> {
        vec![&self.sub]
    }

    fn plan(&self, input: Plan, cx: &PlanCx<'_>) -> Result<Plan, Failed> {
        let limit = self.limit.unwrap_or(cx.engine.limits().append_rows);
        let side = cx.subrows(&self.sub, cx.out, limit)?;
        let mut rows = if self.first { Rows::default() } else { cx.rows(&input)? };
        let columns: Vec<(usize, usize)> = side
            .names
            .iter()
            .enumerate()
            .filter(|(_, n)| !n.starts_with('_'))
            .map(|(from, n)| (from, rows.column_or_add(n)))
            .collect();
        let width = rows.names.len();
        for (i, mut values) in side.rows.into_iter().enumerate() {
            if i >= rows.rows.len() {
                rows.rows.push(vec![Val::Null; width]);
            }
            let Some(row) = rows.rows.get_mut(i) else { break };
            for (from, to) in &columns {
                let (Some(value), Some(slot)) = (values.get_mut(*from), row.get_mut(*to)) else {
                    continue;
                };
                if !value.is_null() && (self.overrides || slot.is_null()) {
                    *slot = std::mem::replace(value, Val::Null);
                }
            }
        }
        cx.plan_of(rows)
    }
}
