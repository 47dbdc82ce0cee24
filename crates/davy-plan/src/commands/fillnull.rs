//! `fillnull`. Search Reference, fillnull.

use crate::column::Ty;
use crate::command::Command;
use crate::example;
use crate::expr::Typed;
use crate::fields::{FieldSet, Fields, wildcard_match};
use crate::plan::{Failed, Plan, PlanCx};
use crate::spec::{CommandSpec, Kind, ParseCx, Support};
use crate::value::parse_num;
use datafusion_expr::{Expr, lit, when};
use davy_diag::Spanned;
use davy_spl::ast::{Args, Grammar};
use std::collections::HashSet;

pub(super) static SPEC: CommandSpec = CommandSpec {
    name: "fillnull",
    aliases: &[],
    kind: Kind::Streaming,
    grammar: Grammar::General,
    syntax: "fillnull [value=<string>] [<field-list>]",
    summary: "Puts a value (0) where a field is missing: in the named fields, which are made if they do not exist, or in all that have a value in some row.",
    examples: &[
        example!("| makeresults | fillnull value=none user | table user" => table "user\nnone"),
        example!("| makeresults format=csv data=\"a,b\n1,\n,2\" | fillnull | table a b" => table "a,b\n1,0\n0,2"),
    ],
    source: "Search Reference, fillnull",
    support: Support::Full,
    parse,
};

#[derive(Debug)]
struct FillNull {
    value: String,
    names: Vec<Spanned<String>>,
}

fn parse(args: &Args, cx: &mut ParseCx<'_>) -> Option<Box<dyn Command>> {
    let (options, left) = cx.reader(args).options(&["value"], cx);
    let value = options.text("value").map_or_else(|| "0".to_owned(), |v| v.value);
    let names = cx.field_list(&left)?;
    Some(Box::new(FillNull { value, names }))
}

impl FillNull {
    /// Which fields are there is not known before the rows are.
    fn open(&self) -> bool {
        self.names.is_empty() || self.names.iter().any(|n| n.value.contains('*'))
    }

    fn fits(&self, name: &str) -> bool {
        let internal = name.starts_with('_');
        match self.names.is_empty() {
            true => !internal,
            false => self
                .names
                .iter()
                .any(|n| wildcard_match(&n.value, name) && (!internal || n.value.starts_with('_'))),
        }
    }

    fn plain(&self) -> impl Iterator<Item = &String> {
        self.names.iter().map(|n| &n.value).filter(|n| !n.contains('*'))
    }
}

impl Command for FillNull {
    fn needs(&self, out: &FieldSet) -> FieldSet {
        let mut needs = out.clone();
        if self.open() {
            needs.all = true;
        }
        if needs.all { needs.with(self.plain().cloned()) } else { needs }
    }

    fn fields(&self, input: &Fields) -> Fields {
        let mut fields = input.clone();
        self.plain().for_each(|name| fields.add(name));
        fields
    }

    fn makes_rows(&self) -> bool {
        false
    }

    fn plan(&self, input: Plan, cx: &PlanCx<'_>) -> Result<Plan, Failed> {
        let input = if input.open() && self.open() { cx.close(input)? } else { input };
        let (input, held) = if self.open() { held(input, cx)? } else { (input, None) };
        let fits = |n: &String| {
            self.fits(n)
                && (held.as_ref().is_none_or(|h| h.contains(n)) || self.plain().any(|p| p == n))
        };
        let mut names: Vec<String> = input.names().into_iter().filter(fits).collect();
        for name in self.plain() {
            if !names.contains(name) && (cx.out.wants(name) || input.has_column(name)) {
                names.push(name.clone());
            }
        }
        let mut set = Vec::new();
        for name in names {
            let filled = self.filled(input.column(&name))?;
            set.push((name, filled));
        }
        input.with_columns(set)
    }
}

/// The rows in hand, and the columns in which some row has a value: to Splunk, the others do not
/// exist.
fn held(input: Plan, cx: &PlanCx<'_>) -> Result<(Plan, Option<HashSet<String>>), Failed> {
    let (schema, batches) = cx.engine.collect(&input.logical)?;
    let some = |i: usize| batches.iter().any(|b| b.column(i).logical_null_count() < b.num_rows());
    let fields = schema.fields().iter().enumerate();
    let held = fields.filter(|(i, _)| some(*i)).map(|(_, f)| f.name().clone()).collect();
    Ok((Plan::new(cx.engine.table(schema, batches)?), Some(held)))
}

impl FillNull {
    fn filled(&self, column: Typed) -> Result<Typed, Failed> {
        let number = parse_num(&self.value);
        let filled = |column: Expr, value: Expr| -> Result<Expr, Failed> {
            Ok(when(column.clone().is_null(), value).otherwise(column)?)
        };
        Ok(match (column.ty, number) {
            (Ty::Null, _) => Typed::text(&self.value),
            // A number that prints as it is written may stand among numbers.
            (Ty::Num, Some(n)) if crate::value::fmt_num(n) == self.value => {
                Typed::of(filled(column.float(), lit(n))?, Ty::Num)
            }
            _ => {
                let text = column.into_ty(Ty::Text).expr;
                Typed::of(filled(text, Typed::text(&self.value).expr)?, Ty::Text)
            }
        })
    }
}
