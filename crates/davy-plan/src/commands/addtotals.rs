//! `addtotals` and `addcoltotals`. Search Reference, addtotals and addcoltotals.

use crate::column::Ty;
use crate::command::{Command, Order};
use crate::example;
use crate::fields::{FieldSet, Fields, wildcard_match};
use crate::plan::{Failed, Plan, PlanCx, Rows};
use crate::rowmap::{RowMap, Set, row_map};
use crate::spec::{CommandSpec, Kind, ParseCx, Support};
use crate::value::{Val, parse_num};
use davy_diag::{Span, Spanned};
use davy_spl::ast::{Args, Grammar};
use std::sync::Arc;

pub(super) static SPEC: CommandSpec = CommandSpec {
    name: "addtotals",
    aliases: &[],
    kind: Kind::Streaming,
    grammar: Grammar::General,
    syntax: "addtotals [row=<bool>] [col=<bool>] [labelfield=<field>] [label=<string>] [fieldname=<field>] [<field-list>]",
    summary: "Sums the numbers of each row into `Total`; with `col=t` adds a row with the sum of each column.",
    examples: &[
        example!("| makeresults | eval a=1, b=2, c=\"x\" | addtotals | table Total" => table "Total\n3"),
        example!("| makeresults count=2 | streamstats count AS n | table n | addtotals row=f col=t labelfield=name label=sum" => table "n,name\n1,\n2,\n3,sum"),
    ],
    source: "Search Reference, addtotals",
    support: Support::Full,
    parse,
};

pub(super) static COLUMNS_SPEC: CommandSpec = CommandSpec {
    name: "addcoltotals",
    aliases: &[],
    kind: Kind::Transforming,
    grammar: Grammar::General,
    syntax: "addcoltotals [labelfield=<field>] [label=<string>] [<wildcard-field-list>]",
    summary: "Adds a row with the sum of each column of numbers.",
    examples: &[
        example!("| makeresults count=2 | streamstats count AS n | table n | addcoltotals" => table "n\n1\n2\n3"),
    ],
    source: "Search Reference, addcoltotals",
    support: Support::Full,
    parse: parse_columns,
};

#[derive(Debug)]
struct AddTotals {
    row: Option<String>,
    col: bool,
    label: Option<(String, String)>,
    names: Vec<Spanned<String>>,
}

fn parse(args: &Args, cx: &mut ParseCx<'_>) -> Option<Box<dyn Command>> {
    let names = ["row", "col", "labelfield", "label", "fieldname"];
    let (options, left) = cx.reader(args).options(&names, cx);
    let row = options.flag("row", true, cx);
    let field = options.text("fieldname").map_or_else(|| "Total".to_owned(), |f| f.value);
    let label = label(options.text("labelfield"), options.text("label"));
    Some(Box::new(AddTotals {
        row: row.then_some(field),
        col: options.flag("col", false, cx),
        label,
        names: cx.field_list(&left)?,
    }))
}

fn parse_columns(args: &Args, cx: &mut ParseCx<'_>) -> Option<Box<dyn Command>> {
    let (options, left) = cx.reader(args).options(&["labelfield", "label"], cx);
    let label = label(options.text("labelfield"), options.text("label"));
    Some(Box::new(AddTotals { row: None, col: true, label, names: cx.field_list(&left)? }))
}

fn label(
    field: Option<Spanned<String>>,
    label: Option<Spanned<String>>,
) -> Option<(String, String)> {
    let label = label.map_or_else(|| "Total".to_owned(), |l| l.value);
    field.map(|f| (f.value, label))
}

impl AddTotals {
    fn wild(&self) -> bool {
        self.names.is_empty() || self.names.iter().any(|n| n.value.contains('*'))
    }

    fn fits(&self, name: &str) -> bool {
        let own = self.row.as_deref() == Some(name) && self.names.iter().all(|n| n.value != name);
        match self.names.is_empty() {
            _ if own => false,
            true => !name.starts_with('_'),
            false => self.names.iter().any(|n| {
                wildcard_match(&n.value, name)
                    && (!name.starts_with('_') || n.value.starts_with('_'))
            }),
        }
    }
}

impl Command for AddTotals {
    fn needs(&self, out: &FieldSet) -> FieldSet {
        let wanted = self.row.as_ref().is_some_and(|f| out.wants(f));
        let mut needs = out.clone();
        if let Some(field) = &self.row
            && !out.all
            && self.names.iter().all(|n| n.value != *field)
        {
            needs.names.remove(field);
        }
        if out.all {
            needs = needs.with(self.row.clone());
        }
        if wanted {
            needs.all |= self.wild();
            let plain = self.names.iter().map(|n| n.value.clone()).filter(|n| !n.contains('*'));
            needs = needs.with(plain);
        }
        if let Some((field, _)) = self.label.as_ref().filter(|_| self.col && needs.all) {
            needs.add(field);
        }
        needs
    }

    fn fields(&self, input: &Fields) -> Fields {
        let mut fields = input.clone();
        if let Some(field) = &self.row {
            fields.add(field);
        }
        if let Some((field, _)) = self.label.as_ref().filter(|_| self.col) {
            fields.add(field);
        }
        fields
    }

    fn reads(&self) -> Vec<(String, Span)> {
        self.names.iter().map(|n| (n.value.clone(), n.span)).collect()
    }

    fn order(&self) -> Order {
        // The sums stand after the other rows.
        if self.col { Order::Needs } else { Order::Keeps }
    }

    fn plan(&self, input: Plan, cx: &PlanCx<'_>) -> Result<Plan, Failed> {
        let input = if input.open() && self.wild() { cx.close(input)? } else { input };
        let mut plan = input;
        if let Some(field) = &self.row {
            let names: Vec<String> = plan.names().into_iter().filter(|n| self.fits(n)).collect();
            plan = row_map(plan, names, vec![Set::new(field, Ty::Num)], Arc::new(Sum))?;
        }
        if !self.col {
            return Ok(plan);
        }
        let rows = cx.rows(&plan)?;
        cx.plan_of(self.with_sums(rows))
    }
}

impl AddTotals {
    fn with_sums(&self, mut rows: Rows) -> Rows {
        let mut sums: Vec<Val<'static>> = Vec::new();
        for (at, name) in rows.names.iter().enumerate() {
            let own = self.row.as_deref() == Some(name);
            if !own && !self.fits(name) {
                sums.push(Val::Null);
                continue;
            }
            let numbers: Vec<f64> =
                rows.rows.iter().filter_map(|r| r.get(at).and_then(sum)).collect();
            sums.push(match numbers.is_empty() {
                true => Val::Null,
                false => Val::Num(numbers.into_iter().sum()),
            });
        }
        rows.rows.push(sums);
        if let Some((field, label)) = &self.label {
            let at = rows.column_or_add(field);
            if let Some(slot) = rows.rows.last_mut().and_then(|r| r.get_mut(at)) {
                *slot = Val::str(label.clone());
            }
        }
        rows
    }
}

/// The sum of the numbers that a value holds.
fn sum(value: &Val<'_>) -> Option<f64> {
    if let Val::Num(n) = value {
        return Some(*n);
    }
    let numbers: Vec<f64> = value.values().iter().filter_map(|t| parse_num(t)).collect();
    (!numbers.is_empty()).then(|| numbers.into_iter().sum())
}

#[derive(Debug)]
struct Sum;

impl RowMap for Sum {
    fn name(&self) -> &'static str {
        "addtotals"
    }

    fn map(&self, args: &[Val<'_>], out: &mut [Option<Val<'static>>]) -> Result<(), String> {
        if let Some(slot) = out.first_mut() {
            *slot = Some(Val::Num(args.iter().filter_map(sum).sum()));
        }
        Ok(())
    }
}
