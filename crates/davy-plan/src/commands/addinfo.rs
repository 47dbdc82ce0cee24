//! `addinfo`. Search Reference, addinfo.

use crate::command::Command;
use crate::example;
use crate::expr::Typed;
use crate::fields::{FieldSet, Fields};
use crate::plan::{Failed, Plan, PlanCx};
use crate::spec::{CommandSpec, Kind, ParseCx, Support};
use davy_spl::ast::{Args, Grammar};

pub(super) static SPEC: CommandSpec = CommandSpec {
    name: "addinfo",
    aliases: &[],
    kind: Kind::Streaming,
    grammar: Grammar::General,
    syntax: "addinfo",
    summary: "Adds what is known of the search: info_min_time and info_max_time (its time range), info_search_time (its start), info_sid.",
    examples: &[
        example!("| makeresults | addinfo | table info_max_time" => table "info_max_time\n+Infinity"),
    ],
    source: "Search Reference, addinfo",
    support: Support::Full,
    parse,
};

const NAMES: [&str; 4] = ["info_min_time", "info_max_time", "info_sid", "info_search_time"];

#[derive(Debug)]
struct AddInfo;

fn parse(args: &Args, cx: &mut ParseCx<'_>) -> Option<Box<dyn Command>> {
    if let Some(extra) = cx.reader(args).peek() {
        return cx.bad(extra.span.0, "`addinfo` takes no arguments");
    }
    Some(Box::new(AddInfo))
}

impl Command for AddInfo {
    fn needs(&self, out: &FieldSet) -> FieldSet {
        out.before(&NAMES.map(str::to_owned), &[])
    }

    fn fields(&self, input: &Fields) -> Fields {
        let mut fields = input.clone();
        NAMES.into_iter().for_each(|name| fields.add(name));
        fields
    }

    fn plan(&self, input: Plan, cx: &PlanCx<'_>) -> Result<Plan, Failed> {
        let (env, range) = (cx.env, cx.range());
        let end = |n: f64, open: &str| match n.is_finite() {
            true => Typed::num(n),
            false => Typed::text(open),
        };
        let sid = format!("{:.0}.1", env.now);
        input.with_columns(vec![
            ("info_min_time".to_owned(), end(range.earliest, "0.000")),
            ("info_max_time".to_owned(), end(range.latest, "+Infinity")),
            ("info_sid".to_owned(), Typed::text(&sid)),
            ("info_search_time".to_owned(), Typed::num(env.now)),
        ])
    }
}
