//! `loadjob`. Search Reference, loadjob.

use super::savedsearch::text_of;
use crate::codes;
use crate::command::{Command, Order};
use crate::fields::{FieldSet, Fields};
use crate::inner;
use crate::parse::arg_text;
use crate::plan::{Failed, Plan, PlanCx};
use crate::spec::{CommandSpec, Kind, ParseCx, Support};
use davy_diag::{Span, Spanned};
use davy_spl::ast::{Args, Grammar};

pub(super) static SPEC: CommandSpec = CommandSpec {
    name: "loadjob",
    aliases: &[],
    kind: Kind::Generating,
    grammar: Grammar::General,
    syntax: "loadjob savedsearch=\"<user>:<app>:<name>\" [events=<bool>] [job_delegate=<user>] [artifact_offset=<N>] [ignore_running=<bool>]",
    summary: "In Splunk, the results of a search that ran before. Here the saved search runs.",
    // An example would need content.
    examples: &[],
    source: "Search Reference, loadjob",
    support: Support::Limited(
        "results of earlier searches are not kept: the saved search runs, and a job's id is refused",
    ),
    parse,
};

#[derive(Debug)]
struct LoadJob {
    name: Spanned<String>,
}

fn parse(args: &Args, cx: &mut ParseCx<'_>) -> Option<Box<dyn Command>> {
    let names = ["savedsearch", "events", "job_delegate", "artifact_offset", "ignore_running"];
    let (options, left) = cx.reader(args).options(&names, cx);
    options.flag("events", false, cx);
    options.flag("ignore_running", true, cx);
    if options.count("artifact_offset", cx).is_some_and(|n| n > 0) {
        return refused(options.get("artifact_offset").map_or(cx.span(), |a| a.span.0), cx);
    }
    let Some(full) = options.text("savedsearch") else {
        return match left.iter().find(|a| arg_text(a).is_some()) {
            Some(sid) => refused(sid.span.0, cx),
            None => cx.missing("`savedsearch=\"<user>:<app>:<name>\"`"),
        };
    };
    let mut parts = full.value.splitn(3, ':');
    match (parts.next(), parts.next(), parts.next()) {
        (Some(_), Some(_), Some(name)) if !name.is_empty() => {
            Some(Box::new(LoadJob { name: Spanned::new(name.to_owned(), full.span) }))
        }
        _ => cx.bad(full.span, "the user, the app and the name are needed, with `:` between them"),
    }
}

fn refused<T>(span: Span, cx: &mut ParseCx<'_>) -> Option<T> {
    cx.report(
        codes::REFUSED
            .at(span, "results of earlier searches are not kept, so none can be loaded")
            .help("name the saved search: `loadjob savedsearch=\"user:app:name\"`"),
    );
    None
}

impl Command for LoadJob {
    fn needs(&self, _: &FieldSet) -> FieldSet {
        FieldSet::none()
    }

    fn fields(&self, _: &Fields) -> Fields {
        Fields::open()
    }

    fn order(&self) -> Order {
        Order::Makes
    }

    fn plan(&self, _: Plan, cx: &PlanCx<'_>) -> Result<Plan, Failed> {
        let text = text_of(&self.name.value, self.name.span, cx)?;
        inner::search(&text, cx)?.plan(cx.out, cx.ordered, cx)
    }
}
