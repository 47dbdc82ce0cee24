//! `metasearch`. Search Reference, metasearch.

use crate::command::{Command, Order};
use crate::example;
use crate::fields::{FieldSet, Fields};
use crate::inner;
use crate::plan::{Failed, Plan, PlanCx};
use crate::spec::{CommandSpec, Kind, ParseCx, Support};
use davy_spl::ast::{Args, Grammar};

pub(super) static SPEC: CommandSpec = CommandSpec {
    name: "metasearch",
    aliases: &[],
    kind: Kind::Generating,
    grammar: Grammar::Search,
    syntax: "metasearch [<search>]",
    summary: "The events that a search finds, with `_time`, `host`, `index`, `source`, `sourcetype` and `splunk_server` only.",
    examples: &[example!("| metasearch 404 host=\"webserver1\"" => varies)],
    source: "Search Reference, metasearch",
    support: Support::Full,
    parse,
};

const FIELDS: [&str; 6] = ["_time", "host", "index", "source", "sourcetype", "splunk_server"];

#[derive(Debug)]
struct MetaSearch {
    text: String,
}

fn parse(args: &Args, cx: &mut ParseCx<'_>) -> Option<Box<dyn Command>> {
    let Args::Search(_) = args else { return None };
    let stage = &cx.stage;
    let whole = cx.sources.text(stage.span.0);
    let name = stage.name.span;
    let typed = whole.trim_start().get(cx.sources.text(name).len()..).unwrap_or("");
    Some(Box::new(MetaSearch { text: typed.trim().to_owned() }))
}

impl Command for MetaSearch {
    fn needs(&self, _: &FieldSet) -> FieldSet {
        FieldSet::none()
    }

    fn fields(&self, _: &Fields) -> Fields {
        Fields::of(FIELDS.map(str::to_owned))
    }

    fn order(&self) -> Order {
        Order::Makes
    }

    fn plan(&self, _: Plan, cx: &PlanCx<'_>) -> Result<Plan, Failed> {
        let search = if self.text.is_empty() { "*" } else { &self.text };
        let text = format!("| search {search} | table {}", FIELDS.join(" "));
        inner::search(&text, cx)?.plan(cx.out, cx.ordered, cx)
    }
}
