//! `require`. Search Reference, require.

use super::overrows::{Over, OverRows};
use crate::codes;
use crate::command::Order;
use crate::example;
use crate::fields::{FieldSet, Fields};
use crate::plan::{Failed, PlanCx, Rows};
use crate::spec::{CommandSpec, Kind, Support};
use davy_spl::ast::Grammar;

pub(super) static SPEC: CommandSpec = CommandSpec {
    name: "require",
    aliases: &[],
    kind: Kind::Barrier,
    grammar: Grammar::General,
    syntax: "require",
    summary: "Makes the search fail when no row comes here.",
    examples: &[example!("| makeresults | require" => rows 1)],
    source: "Search Reference, require",
    support: Support::Full,
    parse: |args, cx| {
        if let Some(extra) = cx.reader(args).peek() {
            return cx.bad(extra.span.0, "`require` takes no arguments");
        }
        Some(Box::new(Over(Require)))
    },
};

#[derive(Debug)]
struct Require;

impl OverRows for Require {
    fn needs(&self, out: &FieldSet) -> FieldSet {
        out.clone()
    }

    fn fields(&self, input: &Fields) -> Fields {
        input.clone()
    }

    fn order(&self) -> Order {
        Order::Keeps
    }

    fn run(&self, rows: Rows, cx: &PlanCx<'_>) -> Result<Rows, Failed> {
        if rows.rows.is_empty() {
            return Err(codes::RUNTIME
                .at(cx.span, "`require` found no rows")
                .help("the searches before it gave no result")
                .into());
        }
        Ok(rows)
    }
}
