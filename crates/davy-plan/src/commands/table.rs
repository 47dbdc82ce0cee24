//! `table`. Search Reference, table.

use crate::command::Command;
use crate::example;
use crate::fields::{FieldSet, Fields, wildcard_match};
use crate::plan::{Failed, Plan, PlanCx};
use crate::spec::{CommandSpec, Kind, ParseCx, Support};
use davy_diag::{Span, Spanned};
use davy_spl::ast::{Args, Grammar};

pub(super) static SPEC: CommandSpec = CommandSpec {
    name: "table",
    aliases: &[],
    kind: Kind::Transforming,
    grammar: Grammar::General,
    syntax: "table <field-list>",
    summary: "Keeps only the named fields, in that order; `*` stands for anything.",
    examples: &[
        example!("| makeresults | eval b=2, a=1 | table a b" => table "a,b\n1,2"),
        example!("| makeresults | eval x1=1, y=2, x2=3 | table x*" => table "x1,x2\n1,3"),
    ],
    source: "Search Reference, table",
    support: Support::Full,
    parse,
};

#[derive(Debug)]
struct Table {
    names: Vec<Spanned<String>>,
}

fn parse(args: &Args, cx: &mut ParseCx<'_>) -> Option<Box<dyn Command>> {
    let mut reader = cx.reader(args);
    let names = reader.fields(&[]);
    if let Some(extra) = reader.peek() {
        return cx.bad(extra.span.0, "a field name is needed here");
    }
    if names.is_empty() {
        return cx.missing("at least one field");
    }
    Some(Box::new(Table { names }))
}

impl Table {
    fn wild(&self) -> bool {
        self.names.iter().any(|n| n.value.contains('*'))
    }

    /// The columns of the result, from those that are there.
    fn columns(&self, there: &[String]) -> Vec<String> {
        let mut columns: Vec<String> = Vec::new();
        for name in &self.names {
            if !name.value.contains('*') {
                if !columns.contains(&name.value) {
                    columns.push(name.value.clone());
                }
                continue;
            }
            for field in there {
                let internal = field.starts_with('_') && !name.value.starts_with('_');
                if wildcard_match(&name.value, field)
                    && !columns.contains(field)
                    && (!internal || (name.value == "*" && field == "_time"))
                {
                    columns.push(field.clone());
                }
            }
        }
        columns
    }
}

impl Command for Table {
    fn needs(&self, _: &FieldSet) -> FieldSet {
        let plain = self.names.iter().map(|n| n.value.clone()).filter(|n| !n.contains('*'));
        FieldSet { names: plain.collect(), all: self.wild() }
    }

    fn fields(&self, input: &Fields) -> Fields {
        if self.wild() {
            return Fields { names: self.columns(&input.names), open: input.open };
        }
        Fields::of(self.names.iter().map(|n| n.value.clone()))
    }

    fn reads(&self) -> Vec<(String, Span)> {
        self.names.iter().map(|n| (n.value.clone(), n.span)).collect()
    }

    fn makes_rows(&self) -> bool {
        false
    }

    fn plan(&self, input: Plan, cx: &PlanCx<'_>) -> Result<Plan, Failed> {
        let input = if input.open() && self.wild() { cx.close(input)? } else { input };
        let columns = self.columns(&input.names());
        let columns = columns.into_iter().map(|n| (n.clone(), input.column(&n).materialized()));
        let columns = columns.collect();
        input.project(columns)
    }
}
