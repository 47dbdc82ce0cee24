//! `fieldformat`. Search Reference, fieldformat.

use crate::command::Command;
use crate::example;
use crate::expr::{Compiler, reads};
use crate::fields::{FieldSet, Fields};
use crate::plan::{Failed, Plan, PlanCx};
use crate::spec::{CommandSpec, Kind, ParseCx, Support};
use davy_diag::Span;
use davy_spl::ast::{Args, Assignment, Grammar};

pub(super) static SPEC: CommandSpec = CommandSpec {
    name: "fieldformat",
    aliases: &[],
    kind: Kind::Streaming,
    grammar: Grammar::Eval,
    syntax: "fieldformat <field>=<expression>",
    summary: "Says how a field is shown. Its value stays as it is, here as in what Splunk exports.",
    examples: &[
        example!("| makeresults | eval n=1000 | fieldformat n=tostring(n,\"commas\") | table n" => table "n\n1000"),
    ],
    source: "Search Reference, fieldformat",
    support: Support::Limited("results are not shown in another form than they have"),
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
