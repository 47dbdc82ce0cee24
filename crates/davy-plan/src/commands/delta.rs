//! `delta`. Search Reference, delta.

use super::accum::needs;
use crate::column::Ty;
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
    name: "delta",
    aliases: &[],
    kind: Kind::Sequential,
    grammar: Grammar::General,
    syntax: "delta <field> [AS <name>] [p=<N>]",
    summary: "The difference between the field in this row and in the row before, or N rows before.",
    examples: &[
        example!("| makeresults count=3 | streamstats count AS n | eval v=n*n | delta v AS d | table v d" => table "v,d\n1,\n4,3\n9,5"),
    ],
    source: "Search Reference, delta",
    support: Support::Full,
    parse,
};

#[derive(Debug)]
struct Delta {
    field: Spanned<String>,
    to: String,
    back: usize,
}

fn parse(args: &Args, cx: &mut ParseCx<'_>) -> Option<Box<dyn Command>> {
    let (options, left) = cx.reader(args).options(&["p"], cx);
    let back = options.count("p", cx).unwrap_or(1);
    if back == 0 {
        return cx.bad(cx.span(), "`p` is 1 or more");
    }
    let left: Vec<Arg> = left.into_iter().cloned().collect();
    let mut reader = ArgReader::of(&left);
    let Some(field) = reader.field() else { return cx.missing("a field") };
    let mut to = format!("delta({})", field.value);
    if reader.keyword("as") {
        match reader.field() {
            Some(name) => to = name.value,
            None => return cx.bad(field.span, "`AS` needs a name after it"),
        }
    }
    if let Some(extra) = reader.peek() {
        return cx.bad(extra.span.0, "`delta` takes one field");
    }
    Some(Box::new(Delta { field, to, back }))
}

impl Command for Delta {
    fn needs(&self, out: &FieldSet) -> FieldSet {
        needs(out, std::slice::from_ref(&self.to), &self.field.value)
    }

    fn fields(&self, input: &Fields) -> Fields {
        let mut fields = input.clone();
        fields.add(&self.to);
        fields
    }

    fn reads(&self) -> Vec<(String, Span)> {
        vec![(self.field.value.clone(), self.field.span)]
    }

    fn order(&self) -> Order {
        Order::Needs
    }

    fn plan(&self, input: Plan, _: &PlanCx<'_>) -> Result<Plan, Failed> {
        let back = self.back;
        let start = move || Box::new(State { back, before: VecDeque::new() }) as Box<dyn Walker>;
        let sets = vec![(self.to.clone(), Ty::Num)];
        Walk::new("delta", vec![self.field.value.clone()], sets, start).plan(input)
    }
}

struct State {
    back: usize,
    /// The oldest first.
    before: VecDeque<Option<f64>>,
}

impl Walker for State {
    fn row(&mut self, row: Row<'_>, out: &mut [Val<'static>]) -> DfResult<bool> {
        let now = row.get(0).num();
        let full = self.before.len() == self.back;
        let then = if full { self.before.pop_front().flatten() } else { None };
        if let (Some(slot), Some(now), Some(then)) = (out.first_mut(), now, then) {
            *slot = Val::Num(now - then);
        }
        self.before.push_back(now);
        Ok(true)
    }
}
