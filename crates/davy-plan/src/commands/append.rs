//! `append`. Search Reference, append.

use crate::command::{Bound, Command};
use crate::example;
use crate::fields::{FieldSet, Fields};
use crate::node::ConcatNode;
use crate::parse::{Options, arg_subsearch};
use crate::plan::{Failed, Plan, PlanCx, align};
use crate::spec::{CommandSpec, Kind, ParseCx, Support};
use davy_spl::ast::{Arg, Args, Grammar};

pub(super) static SPEC: CommandSpec = CommandSpec {
    name: "append",
    aliases: &[],
    kind: Kind::Transforming,
    grammar: Grammar::General,
    syntax: "append [extendtimerange=<bool>] [maxtime=<seconds>] [maxout=<N>] [timeout=<seconds>] [<search>]",
    summary: "Puts the rows of a search in brackets after the rows that are there.",
    examples: &[
        example!("| makeresults | eval a=1 | append [| makeresults | eval a=2] | table a" => table "a\n1\n2"),
        example!("| makeresults count=2 | append maxout=1 [| makeresults count=5]" => rows 3),
    ],
    source: "Search Reference, append",
    support: Support::Full,
    parse,
};

#[derive(Debug)]
struct Append {
    sub: Bound,
    limit: Option<usize>,
    /// Nothing stands before it.
    first: bool,
}

fn parse(args: &Args, cx: &mut ParseCx<'_>) -> Option<Box<dyn Command>> {
    let (options, left) = cx.reader(args).options(&SUBSEARCH_OPTIONS, cx);
    let limit = sub_limit(&options, cx);
    let sub = only_subsearch(&left, cx)?;
    Some(Box::new(Append { sub, limit, first: cx.first }))
}

/// What `append`, `appendcols` and `union` may say of their searches in brackets.
pub(super) const SUBSEARCH_OPTIONS: [&str; 4] = ["extendtimerange", "maxtime", "maxout", "timeout"];

/// Reads the options of [`SUBSEARCH_OPTIONS`]; `maxout` if there is one, 0 being none. Times are
/// checked and not kept: a search here runs to its end.
pub(super) fn sub_limit(options: &Options<'_>, cx: &mut ParseCx<'_>) -> Option<usize> {
    options.flag("extendtimerange", false, cx);
    options.number("maxtime", cx);
    options.number("timeout", cx);
    options.count("maxout", cx).filter(|n| *n > 0)
}

/// The one search in brackets that must be there.
pub(super) fn only_subsearch(left: &[&Arg], cx: &mut ParseCx<'_>) -> Option<Bound> {
    let mut found = None;
    for arg in left {
        match arg_subsearch(arg) {
            Some(pipeline) if found.is_none() => found = Some(cx.bind(pipeline)),
            _ => return cx.bad(arg.span.0, "one search in brackets is needed here"),
        }
    }
    match found {
        Some(bound) => Some(bound),
        None => cx.missing("a search in brackets"),
    }
}

/// `out`, and where all fields are wanted the names that `subs` leave behind: so that a field
/// is a column in all parts, and not packed in one of them.
pub(super) fn shared_needs<'b>(
    out: &FieldSet,
    subs: impl IntoIterator<Item = &'b Bound>,
) -> FieldSet {
    let mut needs = out.clone();
    if needs.all {
        for sub in subs {
            if let Some(fields) = sub.left(Fields::default()) {
                needs = needs.with(fields.names.iter().cloned());
            }
        }
    }
    needs
}

/// One after the other.
pub(super) fn concat(plans: Vec<Plan>) -> Result<Option<Plan>, Failed> {
    let mut all: Option<(Plan, Vec<Plan>)> = None;
    for plan in plans {
        all = Some(match all {
            None => (plan.clone(), vec![plan]),
            Some((first, list)) => {
                let (first, plan) = align(first, plan)?;
                // What stands before takes on the columns of all.
                let mut aligned = Vec::with_capacity(list.len() + 1);
                for part in list {
                    aligned.push(align(first.clone(), part)?.1);
                }
                aligned.push(plan);
                (first, aligned)
            }
        });
    }
    let Some((first, list)) = all else { return Ok(None) };
    Ok(Some(match list.len() {
        1 => first,
        _ => Plan::new(ConcatNode::plan(list.into_iter().map(|p| p.logical).collect())?),
    }))
}

impl Command for Append {
    fn needs(&self, out: &FieldSet) -> FieldSet {
        shared_needs(out, [&self.sub])
    }

    fn fields(&self, input: &Fields) -> Fields {
        let mut fields = if self.first { Fields::default() } else { input.clone() };
        if let Some(sub) = self.sub.left(Fields::default()) {
            sub.names.iter().for_each(|n| fields.add(n));
            fields.open |= sub.open;
        }
        fields
    }

    fn subsearches(&self) -> Vec<&Bound> {
        vec![&self.sub]
    }

    fn plan(&self, input: Plan, cx: &PlanCx<'_>) -> Result<Plan, Failed> {
        let limit = self.limit.unwrap_or(cx.engine.limits().append_rows);
        let out = if self.first { cx.out.clone() } else { self.needs(cx.out) };
        let sub = cx.plan_of(cx.subrows(&self.sub, &out, limit)?)?;
        if self.first {
            return Ok(sub);
        }
        Ok(concat(vec![input.clone(), sub])?.unwrap_or(input))
    }
}
