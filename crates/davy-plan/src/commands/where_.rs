//! `where`. Search Reference, where.

use crate::command::{Bound, Command};
use crate::example;
use crate::expr::{Compiler, reads};
use crate::fields::{FieldSet, Fields};
use crate::plan::{Failed, Plan, PlanCx};
use crate::spec::{CommandSpec, Kind, ParseCx, Support};
use davy_diag::Span;
use davy_spl::ast::{Args, Expr, Grammar};

pub(super) static SPEC: CommandSpec = CommandSpec {
    name: "where",
    aliases: &[],
    kind: Kind::Streaming,
    grammar: Grammar::Where,
    syntax: "where <eval-expression>",
    summary: "Keeps the rows for which an eval expression is true. Words are field names, texts stand in quotes, AND binds tighter than OR, and text is compared with regard to case.",
    examples: &[
        example!("| makeresults count=3 | streamstats count AS n | where n>1 AND n<3" => rows 1),
        example!("| makeresults | eval user=\"Admin\" | where user=\"admin\"" => rows 0),
        example!("| makeresults | eval a=1 | where a=missing" => rows 0),
    ],
    source: "Search Reference, where",
    support: Support::Full,
    parse,
};

#[derive(Debug)]
struct Where {
    condition: Expr,
}

fn parse(args: &Args, cx: &mut ParseCx<'_>) -> Option<Box<dyn Command>> {
    let Args::Where(condition) = args else { return None };
    cx.check(condition);
    Some(Box::new(Where { condition: condition.clone() }))
}

impl Command for Where {
    fn needs(&self, out: &FieldSet) -> FieldSet {
        out.clone().with(self.reads().into_iter().map(|(n, _)| n))
    }

    fn fields(&self, input: &Fields) -> Fields {
        input.clone()
    }

    fn reads(&self) -> Vec<(String, Span)> {
        let mut out = Vec::new();
        reads(&self.condition, &mut out);
        out
    }

    fn subsearches(&self) -> Vec<&Bound> {
        Vec::new()
    }

    fn makes_rows(&self) -> bool {
        false
    }

    fn plan(&self, input: Plan, cx: &PlanCx<'_>) -> Result<Plan, Failed> {
        let mut compiler = Compiler::new(&input, cx);
        let condition = compiler.condition(&self.condition);
        let condition = compiler.finish(condition)?;
        input.filter(condition)
    }
}
