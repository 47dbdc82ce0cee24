//! `mvcombine`. Search Reference, mvcombine.

use crate::command::{Command, Order};
use crate::example;
use crate::expr::Typed;
use crate::fields::{FieldSet, Fields};
use crate::plan::{Failed, Plan, PlanCx, Rows};
use crate::spec::{CommandSpec, Kind, ParseCx, Support};
use crate::value::Val;
use davy_diag::{Span, Spanned};
use davy_spl::ast::{Args, Grammar};
use std::collections::HashMap;

pub(super) static SPEC: CommandSpec = CommandSpec {
    name: "mvcombine",
    aliases: &[],
    kind: Kind::Barrier,
    grammar: Grammar::General,
    syntax: "mvcombine [delim=<string>] <field>",
    summary: "Makes one row of rows that differ in nothing but the field, which then holds all their values. `delim` (a blank) is what a `nomv` right after it puts between them.",
    examples: &[
        example!("| makeresults count=3 | streamstats count AS n | mvcombine n" => field "n" = "1|2|3"),
        example!("| makeresults format=csv data=\"h,n\na,1\nb,2\na,3\" | fields h n | mvcombine n" => rows 2),
    ],
    source: "Search Reference, mvcombine",
    support: Support::Full,
    parse,
};

#[derive(Debug)]
struct MvCombine {
    field: Spanned<String>,
    delim: String,
}

fn parse(args: &Args, cx: &mut ParseCx<'_>) -> Option<Box<dyn Command>> {
    let (options, left) = cx.reader(args).options(&["delim"], cx);
    let delim = options.text("delim").map_or_else(|| " ".to_owned(), |d| d.value);
    let mut fields = cx.field_list(&left)?.into_iter();
    let Some(field) = fields.next() else { return cx.missing("a field") };
    if let Some(extra) = fields.next() {
        return cx.bad(extra.span, "`mvcombine` takes one field");
    }
    if field.value.starts_with('_') {
        return cx.bad(field.span, "`mvcombine` does not combine internal fields");
    }
    Some(Box::new(MvCombine { field, delim }))
}

impl Command for MvCombine {
    fn needs(&self, out: &FieldSet) -> FieldSet {
        // Whether two rows are the same depends on every field.
        let mut needs = out.clone().with([self.field.value.clone()]);
        needs.all = true;
        needs
    }

    fn fields(&self, input: &Fields) -> Fields {
        input.clone()
    }

    fn reads(&self) -> Vec<(String, Span)> {
        vec![(self.field.value.clone(), self.field.span)]
    }

    fn order(&self) -> Order {
        Order::Needs
    }

    fn plan(&self, input: Plan, cx: &PlanCx<'_>) -> Result<Plan, Failed> {
        let rows = cx.rows(&input)?;
        let Some(at) = rows.column(&self.field.value) else { return cx.plan_of(rows) };
        let plan = cx.plan_of(combined(rows, at))?;
        let name = super::nomv::delimiter(&self.field.value);
        plan.with_columns(vec![(name, Typed::text(&self.delim))])
    }
}

fn combined(rows: Rows, at: usize) -> Rows {
    let mut places: HashMap<String, usize> = HashMap::new();
    let mut out: Vec<(Vec<Val<'static>>, Vec<String>)> = Vec::new();
    for row in rows.rows {
        let values: Vec<String> = row
            .get(at)
            .map(Val::values)
            .unwrap_or_default()
            .iter()
            .map(|v| v.to_string())
            .collect();
        if values.is_empty() {
            out.push((row, values));
            continue;
        }
        let mut key = String::new();
        for (i, value) in row.iter().enumerate().filter(|(i, _)| *i != at) {
            if let Some(text) = value.text() {
                key.push_str(&format!("{i}:{}:{text};", text.len()));
            }
        }
        match places.get(&key).and_then(|p| out.get_mut(*p)) {
            Some((_, held)) => held.extend(values),
            None => {
                places.insert(key, out.len());
                out.push((row, values));
            }
        }
    }
    let rows_out = out.into_iter().map(|(mut row, values)| {
        if let Some(slot) = row.get_mut(at)
            && values.len() > 1
        {
            *slot = Val::multi(&values);
        }
        row
    });
    Rows { names: rows.names, rows: rows_out.collect() }
}
