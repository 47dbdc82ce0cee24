//! `autoregress`. Search Reference, autoregress.

use super::accum::needs;
use crate::command::{Command, Order};
use crate::example;
use crate::fields::{FieldSet, Fields};
use crate::parse::ArgReader;
use crate::plan::{Failed, Plan, PlanCx};
use crate::spec::{CommandSpec, Kind, ParseCx, Support};
use crate::value::Val;
use crate::walk::{Row, Walk, Walker};
use datafusion_common::Result as DfResult;
use davy_diag::{Span, Spanned};
use davy_spl::ast::{Arg, Args, Grammar};
use std::collections::VecDeque;

pub(super) static SPEC: CommandSpec = CommandSpec {
    name: "autoregress",
    aliases: &[],
    kind: Kind::Sequential,
    grammar: Grammar::General,
    syntax: "autoregress <field> [AS <name>] [p=<N>|p=<N>-<N>]",
    summary: "Copies the value of one or more rows before into each row.",
    examples: &[
        example!("| makeresults count=3 | streamstats count AS n | autoregress n AS before | table n before" => table "n,before\n1,\n2,1\n3,2"),
        example!("| makeresults count=3 | streamstats count AS n | autoregress n p=1-2 | table n_p1 n_p2" => table "n_p1,n_p2\n,\n1,\n2,1"),
    ],
    source: "Search Reference, autoregress",
    support: Support::Full,
    parse,
};

#[derive(Debug)]
struct AutoRegress {
    field: Spanned<String>,
    /// How many rows before, and the name.
    copies: Vec<(usize, String)>,
}

/// Copies of one field that may be made.
const MOST_COPIES: usize = 1000;

fn parse(args: &Args, cx: &mut ParseCx<'_>) -> Option<Box<dyn Command>> {
    let (options, left) = cx.reader(args).options(&["p"], cx);
    let left: Vec<Arg> = left.into_iter().cloned().collect();
    let mut reader = ArgReader::of(&left);
    let Some(field) = reader.field() else { return cx.missing("a field") };
    let mut name = None;
    if reader.keyword("as") {
        match reader.field() {
            Some(given) => name = Some(given),
            None => return cx.bad(field.span, "`AS` needs a name after it"),
        }
    }
    if let Some(extra) = reader.peek() {
        return cx.bad(extra.span.0, "`autoregress` takes one field");
    }
    let (from, to) = match options.text("p") {
        None => (1, 1),
        Some(text) => {
            let (a, b) = text.value.split_once('-').unwrap_or((&text.value, &text.value));
            match (a.trim().parse::<usize>(), b.trim().parse::<usize>()) {
                (Ok(a), Ok(b)) if 0 < a && a <= b && b <= MOST_COPIES => (a, b),
                _ => {
                    return cx.bad(
                        text.span,
                        "`p` is a number of rows, 1 or more, or a range of them such as 1-3",
                    );
                }
            }
        }
    };
    let copies = match name {
        Some(name) if from == to => vec![(from, name.value)],
        Some(name) => {
            let range = options.text("p").map_or(name.span, |p| p.span);
            return cx.bad(range, "`AS` names one copy; leave it out with a range");
        }
        None => (from..=to).map(|p| (p, format!("{}_p{p}", field.value))).collect(),
    };
    Some(Box::new(AutoRegress { field, copies }))
}

impl Command for AutoRegress {
    fn needs(&self, out: &FieldSet) -> FieldSet {
        let made: Vec<String> = self.copies.iter().map(|(_, n)| n.clone()).collect();
        needs(out, &made, &self.field.value)
    }

    fn fields(&self, input: &Fields) -> Fields {
        let mut fields = input.clone();
        self.copies.iter().for_each(|(_, n)| fields.add(n));
        fields
    }

    fn reads(&self) -> Vec<(String, Span)> {
        vec![(self.field.value.clone(), self.field.span)]
    }

    fn order(&self) -> Order {
        Order::Needs
    }

    fn plan(&self, input: Plan, _: &PlanCx<'_>) -> Result<Plan, Failed> {
        let ty = input.column(&self.field.value).ty;
        let sets = self.copies.iter().map(|(_, n)| (n.clone(), ty)).collect();
        let back: Vec<usize> = self.copies.iter().map(|(p, _)| *p).collect();
        let start = move || {
            Box::new(State { back: back.clone(), before: VecDeque::new() }) as Box<dyn Walker>
        };
        Walk::new("autoregress", vec![self.field.value.clone()], sets, start).plan(input)
    }
}

struct State {
    back: Vec<usize>,
    /// The latest first.
    before: VecDeque<Val<'static>>,
}

impl Walker for State {
    fn row(&mut self, row: Row<'_>, out: &mut [Val<'static>]) -> DfResult<bool> {
        for (slot, back) in out.iter_mut().zip(&self.back) {
            *slot = self.before.get(back - 1).cloned().unwrap_or(Val::Null);
        }
        self.before.push_front(row.get(0).into_owned());
        self.before.truncate(self.back.iter().max().copied().unwrap_or(1));
        Ok(true)
    }
}
