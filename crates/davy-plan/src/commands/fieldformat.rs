//! `fieldformat`. Search Reference, fieldformat.

use crate::command::Command;
use crate::example;
use crate::expr::{Compiler, reads};
use crate::fields::{FieldSet, Fields};
use crate::plan::{Failed, Plan, PlanCx};
use crate::spec::{CommandSpec, Kind, ParseCx, Support};
use davy_diag::Span;
use davy_spl::ast::{Args, Assignment, Grammar, Target};
use std::sync::Arc;

pub(super) static SPEC: CommandSpec = CommandSpec {
    name: "fieldformat",
    aliases: &[],
    kind: Kind::Streaming,
    grammar: Grammar::Eval,
    syntax: "fieldformat <field>=<expression>",
    summary: "Says how a field is shown in a table. Its value stays as it is: for later commands, and in JSON and CSV, as in what Splunk exports.",
    examples: &[
        example!("| makeresults | eval n=1000 | fieldformat n=tostring(n,\"commas\") | table n" => table "n\n1000"),
    ],
    source: "Search Reference, fieldformat",
    support: Support::Full,
    parse,
};

#[derive(Debug)]
struct FieldFormat {
    list: Vec<Assignment>,
}

fn parse(args: &Args, cx: &mut ParseCx<'_>) -> Option<Box<dyn Command>> {
    let Args::Eval(list) = args else { return None };
    if list.is_empty() {
        return cx.missing("a field and an expression");
    }
    list.iter().for_each(|a| cx.check(&a.value));
    Some(Box::new(FieldFormat { list: list.clone() }))
}

impl Command for FieldFormat {
    fn needs(&self, out: &FieldSet) -> FieldSet {
        out.clone()
    }

    fn fields(&self, input: &Fields) -> Fields {
        input.clone()
    }

    fn reads(&self) -> Vec<(String, Span)> {
        let mut out = Vec::new();
        self.list.iter().for_each(|a| reads(&a.value, &mut out));
        out
    }

    fn shown(&self) -> Option<Arc<dyn Command>> {
        Some(Arc::new(Shown { list: self.list.clone() }))
    }

    fn plan(&self, input: Plan, cx: &PlanCx<'_>) -> Result<Plan, Failed> {
        // An expression that could not be computed is a mistake even when it only says how a
        // field is shown.
        for assignment in &self.list {
            let mut compiler = Compiler::new(&input, cx);
            let value = compiler.value(&assignment.value);
            compiler.finish(value)?;
        }
        Ok(input)
    }
}

/// The fields in the form in which they are shown, after all commands.
#[derive(Debug)]
struct Shown {
    list: Vec<Assignment>,
}

impl Command for Shown {
    fn needs(&self, out: &FieldSet) -> FieldSet {
        let mut names = Vec::new();
        for assignment in &self.list {
            reads(&assignment.value, &mut names);
            if let Target::Field(name) = &assignment.target {
                names.push((name.value.clone(), name.span));
            }
        }
        out.clone().with(names.into_iter().map(|(name, _)| name))
    }

    fn fields(&self, input: &Fields) -> Fields {
        input.clone()
    }

    fn plan(&self, input: Plan, cx: &PlanCx<'_>) -> Result<Plan, Failed> {
        let mut plan = input;
        for assignment in &self.list {
            let Target::Field(name) = &assignment.target else { continue };
            let mut names = vec![(name.value.clone(), name.span)];
            reads(&assignment.value, &mut names);
            // A later command may have left out the field, or what it is shown by.
            if !names.iter().all(|(name, _)| plan.has_column(name)) {
                continue;
            }
            let mut compiler = Compiler::new(&plan, cx);
            let value = compiler.value(&assignment.value);
            let value = compiler.finish(value)?;
            plan = plan.with_columns(vec![(name.value.clone(), value)])?;
        }
        Ok(plan)
    }
}
