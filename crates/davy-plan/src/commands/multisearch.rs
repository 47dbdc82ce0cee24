//! `multisearch`. Search Reference, multisearch.

use super::append::{concat, shared_needs};
use crate::codes;
use crate::command::{Bound, BoundStage, Command, Order};
use crate::example;
use crate::fields::{FieldSet, Fields};
use crate::parse::arg_subsearch;
use crate::plan::{Failed, Plan, PlanCx};
use crate::spec::{CommandSpec, Kind, ParseCx, Support};
use davy_spl::ast::{Args, Grammar};

pub(super) static SPEC: CommandSpec = CommandSpec {
    name: "multisearch",
    aliases: &[],
    kind: Kind::Generating,
    grammar: Grammar::General,
    syntax: "multisearch [<search>] [<search>]...",
    summary: "The rows of two or more searches, newest first. Commands that need all rows, such as `stats` and `sort`, belong after it.",
    examples: &[
        example!("| multisearch [| makeresults | eval a=1] [| makeresults | eval a=2] | table a" => rows 2),
    ],
    source: "Search Reference, multisearch",
    support: Support::Full,
    parse,
};

#[derive(Debug)]
struct MultiSearch {
    parts: Vec<Bound>,
}

fn parse(args: &Args, cx: &mut ParseCx<'_>) -> Option<Box<dyn Command>> {
    let (_, left) = cx.reader(args).options(&[], cx);
    let mut parts = Vec::new();
    for arg in left {
        match arg_subsearch(arg) {
            Some(pipeline) => {
                let part = cx.bind(pipeline);
                streaming(&part, cx)?;
                parts.push(part);
            }
            None => return cx.bad(arg.span.0, "a search in brackets is needed here"),
        }
    }
    if parts.len() < 2 {
        return cx.missing("at least two searches in brackets");
    }
    Some(Box::new(MultiSearch { parts }))
}

/// "Multisearch subsearches might only contain purely streaming operations", Splunk says.
fn streaming(part: &Bound, cx: &mut ParseCx<'_>) -> Option<()> {
    let gathers = |s: &&BoundStage| matches!(s.spec.kind, Kind::Transforming | Kind::Barrier);
    let Some(stage) = part.stages.iter().skip(1).find(gathers) else { return Some(()) };
    let name = stage.spec.name;
    cx.report(
        codes::BAD_ARGUMENT
            .at(stage.span, format!("`{name}` needs all rows, which `multisearch` does not allow"))
            .help(format!("put `{name}` after `multisearch`, or use `| union [...] [...]`")),
    );
    None
}

impl Command for MultiSearch {
    fn needs(&self, _: &FieldSet) -> FieldSet {
        FieldSet::none()
    }

    fn fields(&self, _: &Fields) -> Fields {
        let mut fields = Fields::default();
        for part in &self.parts {
            if let Some(sub) = part.left(Fields::default()) {
                sub.names.iter().for_each(|n| fields.add(n));
                fields.open |= sub.open;
            }
        }
        fields
    }

    fn order(&self) -> Order {
        Order::Makes
    }

    fn subsearches(&self) -> Vec<&Bound> {
        self.parts.iter().collect()
    }

    fn plan(&self, input: Plan, cx: &PlanCx<'_>) -> Result<Plan, Failed> {
        let mut out = shared_needs(cx.out, &self.parts);
        if cx.ordered {
            out.add("_time");
        }
        let plans = self
            .parts
            .iter()
            .map(|part| cx.subplan(part, &out, cx.ordered))
            .collect::<Result<Vec<Plan>, Failed>>()?;
        let plan = concat(plans)?.unwrap_or(input);
        Ok(if cx.ordered && plan.has_column("_time") { plan.newest_first() } else { plan })
    }
}
