//! `filldown`. Search Reference, filldown.

use crate::column::Ty;
use crate::command::{Command, Order};
use crate::example;
use crate::fields::{FieldSet, Fields, wildcard_match};
use crate::plan::{Failed, Plan, PlanCx};
use crate::spec::{CommandSpec, Kind, ParseCx, Support};
use crate::value::Val;
use crate::walk::{Row, Walk, Walker};
use datafusion_common::Result as DfResult;
use davy_diag::{Span, Spanned};
use davy_spl::ast::{Args, Grammar};

pub(super) static SPEC: CommandSpec = CommandSpec {
    name: "filldown",
    aliases: &[],
    kind: Kind::Sequential,
    grammar: Grammar::General,
    syntax: "filldown [<wildcard-field-list>]",
    summary: "Puts the last value of a field into the rows after it that have none; in all fields when none is named.",
    examples: &[
        example!("| makeresults format=csv data=\"a\n1\n\n2\n\" | filldown a | table a" => rows 3),
        example!("| makeresults count=3 | streamstats count AS n | eval a=if(n=1,\"x\",null()) | filldown a | table a" => table "a\nx\nx\nx"),
    ],
    source: "Search Reference, filldown",
    support: Support::Full,
    parse,
};

#[derive(Debug)]
struct FillDown {
    names: Vec<Spanned<String>>,
}

fn parse(args: &Args, cx: &mut ParseCx<'_>) -> Option<Box<dyn Command>> {
    let (_, left) = cx.reader(args).options(&[], cx);
    let names = cx.field_list(&left)?;
    Some(Box::new(FillDown { names }))
}

impl FillDown {
    fn wild(&self) -> bool {
        self.names.is_empty() || self.names.iter().any(|n| n.value.contains('*'))
    }

    fn fits(&self, name: &str) -> bool {
        match self.names.is_empty() {
            true => !name.starts_with('_'),
            false => self.names.iter().any(|n| {
                wildcard_match(&n.value, name)
                    && (!name.starts_with('_') || n.value.starts_with('_'))
            }),
        }
    }
}

impl Command for FillDown {
    fn needs(&self, out: &FieldSet) -> FieldSet {
        let plain = self.names.iter().map(|n| n.value.clone()).filter(|n| !n.contains('*'));
        if out.all { out.clone().with(plain) } else { out.clone() }
    }

    fn fields(&self, input: &Fields) -> Fields {
        input.clone()
    }

    fn reads(&self) -> Vec<(String, Span)> {
        self.names.iter().map(|n| (n.value.clone(), n.span)).collect()
    }

    fn order(&self) -> Order {
        Order::Needs
    }

    fn plan(&self, input: Plan, cx: &PlanCx<'_>) -> Result<Plan, Failed> {
        let input = if input.open() && self.wild() { cx.close(input)? } else { input };
        let names: Vec<String> = input.names().into_iter().filter(|n| self.fits(n)).collect();
        let sets: Vec<(String, Ty)> =
            names.iter().map(|n| (n.clone(), input.column(n).ty)).collect();
        let count = names.len();
        let start =
            move || -> Box<dyn Walker> { Box::new(Last { values: vec![Val::Null; count] }) };
        Walk::new("filldown", names, sets, start).plan(input)
    }
}

struct Last {
    values: Vec<Val<'static>>,
}

impl Walker for Last {
    fn row(&mut self, row: Row<'_>, out: &mut [Val<'static>]) -> DfResult<bool> {
        for (i, (last, slot)) in self.values.iter_mut().zip(out).enumerate() {
            let value = row.get(i);
            if !value.is_null() {
                *last = value.into_owned();
            }
            *slot = last.clone();
        }
        Ok(true)
    }
}
