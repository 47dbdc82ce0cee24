//! `appendpipe`. Search Reference, appendpipe.

use super::append::{concat, shared_needs};
use crate::command::{Bound, Command, Order};
use crate::example;
use crate::fields::{FieldSet, Fields};
use crate::parse::arg_subsearch;
use crate::plan::{Failed, Plan, PlanCx};
use crate::spec::{CommandSpec, Kind, ParseCx, Support};
use davy_spl::ast::{Args, Grammar};

pub(super) static SPEC: CommandSpec = CommandSpec {
    name: "appendpipe",
    aliases: &[],
    kind: Kind::Transforming,
    grammar: Grammar::General,
    syntax: "appendpipe [run_in_preview=<bool>] [<commands>]",
    summary: "Runs commands over the rows that are there and puts their result after them: subtotals, for instance.",
    examples: &[
        example!("| makeresults count=2 | streamstats count AS n | appendpipe [stats sum(n) AS n] | table n" => table "n\n1\n2\n3"),
    ],
    source: "Search Reference, appendpipe",
    support: Support::Full,
    parse,
};

#[derive(Debug)]
struct AppendPipe {
    sub: Bound,
}

fn parse(args: &Args, cx: &mut ParseCx<'_>) -> Option<Box<dyn Command>> {
    let (options, left) = cx.reader(args).options(&["run_in_preview"], cx);
    options.flag("run_in_preview", true, cx);
    let mut sub = None;
    for arg in left {
        match arg_subsearch(arg) {
            Some(pipeline) if sub.is_none() => sub = Some(cx.bind_following(pipeline)),
            _ => return cx.bad(arg.span.0, "commands in brackets are needed here"),
        }
    }
    match sub {
        Some(sub) => Some(Box::new(AppendPipe { sub })),
        None => cx.missing("commands in brackets"),
    }
}

impl AppendPipe {
    fn wanted(&self, out: &FieldSet) -> FieldSet {
        shared_needs(out, [&self.sub])
    }
}

impl Command for AppendPipe {
    fn needs(&self, out: &FieldSet) -> FieldSet {
        let wanted = self.wanted(out);
        match self.sub.demands(&wanted, true).first() {
            Some(first) => wanted.union(&first.needs),
            None => wanted,
        }
    }

    fn fields(&self, input: &Fields) -> Fields {
        let mut fields = input.clone();
        if let Some(sub) = self.sub.left(input.clone()) {
            sub.names.iter().for_each(|n| fields.add(n));
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
        // The commands in brackets may look at the order.
        let main = cx.hold(&input, true)?;
        let sub = cx.pipe(&self.sub, main.clone(), &self.wanted(cx.out), true)?;
        Ok(concat(vec![main.clone(), sub])?.unwrap_or(main))
    }
}
