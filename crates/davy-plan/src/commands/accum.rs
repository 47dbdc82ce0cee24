//! `accum`. Search Reference, accum.

use crate::column::Ty;
use crate::command::{Command, Order};
use crate::example;
use crate::fields::{FieldSet, Fields};
use crate::plan::{Failed, Plan, PlanCx};
use crate::spec::{CommandSpec, Kind, ParseCx, Support};
use crate::value::Val;
use crate::walk::{Row, Walk, Walker};
use datafusion_common::Result as DfResult;
use davy_diag::{Span, Spanned};
use davy_spl::ast::{Args, Grammar};

pub(super) static SPEC: CommandSpec = CommandSpec {
    name: "accum",
    aliases: &[],
    kind: Kind::Sequential,
    grammar: Grammar::General,
    syntax: "accum <field> [AS <name>]",
    summary: "The running total of a field, in its place or in a new field.",
    examples: &[
        example!("| makeresults count=3 | streamstats count AS n | accum n AS total | table n total" => table "n,total\n1,1\n2,3\n3,6"),
    ],
    source: "Search Reference, accum",
    support: Support::Full,
    parse,
};

#[derive(Debug)]
struct Accum {
    field: Spanned<String>,
    to: String,
}

fn parse(args: &Args, cx: &mut ParseCx<'_>) -> Option<Box<dyn Command>> {
    let mut reader = cx.reader(args);
    let Some(field) = reader.field() else { return cx.missing("a field") };
    let mut to = field.value.clone();
    if reader.keyword("as") {
        match reader.field() {
            Some(name) => to = name.value,
            None => return cx.bad(field.span, "`AS` needs a name after it"),
        }
    }
    if let Some(extra) = reader.peek() {
        return cx.bad(extra.span.0, "`accum` takes one field");
    }
    Some(Box::new(Accum { field, to }))
}

/// What is needed when `made` is set from `read`.
pub(super) fn needs(out: &FieldSet, made: &[String], read: &str) -> FieldSet {
    let mut needs = out.clone();
    for name in made {
        if needs.all {
            needs.add(name);
        } else {
            needs.names.remove(name);
        }
    }
    needs.add(read);
    needs
}

impl Command for Accum {
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
        let in_place = self.to == self.field.value;
        // A value that is no number stays where it is.
        let ty = if in_place { input.column(&self.to).ty } else { Ty::Num };
        let ty = if ty == Ty::Null { Ty::Num } else { ty };
        let start = move || Box::new(State { total: 0.0, in_place }) as Box<dyn Walker>;
        let sets = vec![(self.to.clone(), ty)];
        Walk::new("accum", vec![self.field.value.clone()], sets, start).plan(input)
    }
}

struct State {
    total: f64,
    in_place: bool,
}

impl Walker for State {
    fn row(&mut self, row: Row<'_>, out: &mut [Val<'static>]) -> DfResult<bool> {
        let value = row.get(0);
        if let Some(slot) = out.first_mut() {
            match value.num() {
                Some(n) => {
                    self.total += n;
                    *slot = Val::Num(self.total);
                }
                None if self.in_place => *slot = value.into_owned(),
                None => {}
            }
        }
        Ok(true)
    }
}
