//! `union`. Search Reference, union.

use super::append::{SUBSEARCH_OPTIONS, concat, shared_needs, sub_limit};
use super::from;
use crate::command::{Bound, Command};
use crate::example;
use crate::fields::{FieldSet, Fields};
use crate::parse::{arg_subsearch, arg_text};
use crate::plan::{Failed, Plan, PlanCx};
use crate::spec::{CommandSpec, Kind, ParseCx, Support};
use davy_diag::Spanned;
use davy_spl::ast::{ArgKind, Args, Grammar};

pub(super) static SPEC: CommandSpec = CommandSpec {
    name: "union",
    aliases: &[],
    kind: Kind::Transforming,
    grammar: Grammar::General,
    syntax: "union [maxtime=<seconds>] [maxout=<N>] [timeout=<seconds>] <dataset>... where a dataset is [<search>], lookup:<name>, inputlookup:<name>, savedsearch:<name> or datamodel:<name>",
    summary: "The rows of all datasets, one after the other; as a later command, after the rows that are there.",
    examples: &[
        example!("| union [| makeresults | eval a=1] [| makeresults | eval a=2] | table a" => table "a\n1\n2"),
        example!("| makeresults | eval a=0 | union [| makeresults | eval a=1] | table a" => table "a\n0\n1"),
    ],
    source: "Search Reference, union",
    support: Support::Full,
    parse,
};

#[derive(Debug)]
struct Union {
    parts: Vec<Part>,
    limit: Option<usize>,
    first: bool,
}

#[derive(Debug)]
enum Part {
    Bound(Bound),
    /// The search that reads a dataset.
    Named(Bound),
}

fn parse(args: &Args, cx: &mut ParseCx<'_>) -> Option<Box<dyn Command>> {
    let (options, left) = cx.reader(args).options(&SUBSEARCH_OPTIONS, cx);
    let limit = sub_limit(&options, cx);
    let mut parts = Vec::new();
    for arg in left {
        if arg.kind == ArgKind::Comma {
            continue;
        }
        if let Some(pipeline) = arg_subsearch(arg) {
            parts.push(Part::Bound(cx.bind(pipeline)));
            continue;
        }
        let word = Spanned::new(arg_text(arg).unwrap_or_default(), arg.span.0);
        parts.push(Part::Named(from::dataset(&word, cx)?));
    }
    if parts.is_empty() || (cx.first && parts.len() < 2) {
        return cx.missing("two datasets");
    }
    Some(Box::new(Union { parts, limit, first: cx.first }))
}

impl Command for Union {
    fn needs(&self, out: &FieldSet) -> FieldSet {
        shared_needs(out, self.subsearches())
    }

    fn fields(&self, input: &Fields) -> Fields {
        let mut fields = if self.first { Fields::default() } else { input.clone() };
        for part in &self.parts {
            let (Part::Bound(sub) | Part::Named(sub)) = part;
            if let Some(sub) = sub.left(Fields::default()) {
                sub.names.iter().for_each(|n| fields.add(n));
                fields.open |= sub.open;
            }
        }
        fields
    }

    fn subsearches(&self) -> Vec<&Bound> {
        self.parts.iter().map(|(Part::Bound(sub) | Part::Named(sub))| sub).collect()
    }

    fn plan(&self, input: Plan, cx: &PlanCx<'_>) -> Result<Plan, Failed> {
        let limit = self.limit.unwrap_or(cx.engine.limits().append_rows);
        let out = self.needs(cx.out);
        let mut plans = if self.first { Vec::new() } else { vec![input.clone()] };
        for part in &self.parts {
            plans.push(match part {
                Part::Bound(sub) => cx.plan_of(cx.subrows(sub, &out, limit)?)?,
                Part::Named(sub) => cx.subplan(sub, &out, true)?,
            });
        }
        Ok(concat(plans)?.unwrap_or(input))
    }
}
