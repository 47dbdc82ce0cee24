//! `uniq`. Search Reference, uniq.

use super::overrows::{Over, OverRows};
use crate::example;
use crate::fields::Fields;
use crate::plan::{Failed, PlanCx, Rows};
use crate::spec::{CommandSpec, Kind, Support};
use davy_spl::ast::Grammar;

pub(super) static SPEC: CommandSpec = CommandSpec {
    name: "uniq",
    aliases: &[],
    kind: Kind::Sequential,
    grammar: Grammar::General,
    syntax: "uniq",
    summary: "Leaves out a row that is the same as the one before it, in all fields.",
    examples: &[
        example!("| makeresults format=csv data=\"a\n1\n1\n2\n1\" | table a | uniq" => table "a\n1\n2\n1"),
    ],
    source: "Search Reference, uniq",
    support: Support::Full,
    parse: |args, cx| {
        if let Some(extra) = cx.reader(args).peek() {
            return cx.bad(extra.span.0, "`uniq` takes no arguments");
        }
        Some(Box::new(Over(Uniq)))
    },
};

#[derive(Debug)]
struct Uniq;

impl OverRows for Uniq {
    fn fields(&self, input: &Fields) -> Fields {
        input.clone()
    }

    fn run(&self, mut rows: Rows, _: &PlanCx<'_>) -> Result<Rows, Failed> {
        rows.rows.dedup();
        Ok(rows)
    }
}
