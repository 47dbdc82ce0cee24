//! `tail`. Search Reference, tail.

use crate::command::{Command, Order};
use crate::example;
use crate::fields::{FieldSet, Fields};
use crate::parse::arg_text;
use crate::plan::{Failed, Plan, PlanCx};
use crate::spec::{CommandSpec, Kind, ParseCx, Support};
use davy_spl::ast::{Args, Grammar};

pub(super) static SPEC: CommandSpec = CommandSpec {
    name: "tail",
    aliases: &[],
    kind: Kind::Sequential,
    grammar: Grammar::General,
    syntax: "tail [<N>]",
    summary: "Keeps the last N rows (10), the last one first.",
    examples: &[
        example!("| makeresults count=20 | tail" => rows 10),
        example!("| makeresults count=4 | streamstats count AS n | tail 2 | table n" => table "n\n4\n3"),
    ],
    source: "Search Reference, tail",
    support: Support::Full,
    parse,
};

#[derive(Debug)]
struct Tail {
    limit: usize,
}

fn parse(args: &Args, cx: &mut ParseCx<'_>) -> Option<Box<dyn Command>> {
    let (options, left) = cx.reader(args).options(&["limit"], cx);
    let mut limit = options.count("limit", cx).unwrap_or(10);
    for arg in left {
        match arg_text(arg).and_then(|t| t.parse::<usize>().ok()) {
            Some(n) => limit = n,
            None => return cx.bad(arg.span.0, "a number of rows is needed here"),
        }
    }
    Some(Box::new(Tail { limit }))
}

impl Command for Tail {
    fn needs(&self, out: &FieldSet) -> FieldSet {
        out.clone()
    }

    fn fields(&self, input: &Fields) -> Fields {
        input.clone()
    }

    fn order(&self) -> Order {
        Order::Needs
    }

    fn makes_rows(&self) -> bool {
        false
    }

    fn plan(&self, input: Plan, _: &PlanCx<'_>) -> Result<Plan, Failed> {
        super::reverse::reversed(input, Some(self.limit))
    }
}
