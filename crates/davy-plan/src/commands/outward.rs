//! Commands that act on the world outside the search: sending, writing, keeping events. Their rows
//! go on; what they would do is not done here, which the user is told.
//! Search Reference, sendalert, sendemail, collect, outputcsv.

use crate::codes;
use crate::command::Command;
use crate::fields::{FieldSet, Fields};
use crate::parse::{ArgReader, arg_text};
use crate::plan::{Failed, Plan, PlanCx};
use crate::spec::{CommandSpec, Kind, ParseCx, Support};
use davy_spl::ast::{Args, Grammar};

pub(super) static SENDALERT: CommandSpec = CommandSpec {
    name: "sendalert",
    aliases: &[],
    kind: Kind::Streaming,
    grammar: Grammar::Raw,
    syntax: "sendalert <action> [param.<name>=<value>]...",
    summary: "In Splunk, starts an alert action. Here the rows go on and nothing is sent.",
    examples: &[crate::example!("| makeresults | sendalert risk param._risk_score=5" => rows 1)],
    source: "Search Reference, sendalert",
    support: Support::Limited("nothing is sent"),
    parse: |_, cx| noted("starts an alert action", cx),
};

pub(super) static SENDEMAIL: CommandSpec = CommandSpec {
    name: "sendemail",
    aliases: &[],
    kind: Kind::Streaming,
    grammar: Grammar::Raw,
    syntax: "sendemail to=<addresses> [subject=<string>] [message=<string>] [sendresults=<bool>]...",
    summary: "In Splunk, sends the rows by mail. Here the rows go on and nothing is sent.",
    examples: &[crate::example!("| makeresults | sendemail to=\"a@example.org\"" => rows 1)],
    source: "Search Reference, sendemail",
    support: Support::Limited("nothing is sent"),
    parse: |_, cx| noted("sends mail", cx),
};

pub(super) static OUTPUTCSV: CommandSpec = CommandSpec {
    name: "outputcsv",
    aliases: &[],
    kind: Kind::Streaming,
    grammar: Grammar::Raw,
    syntax: "outputcsv [append=<bool>] [create_empty=<bool>] [override_if_empty=<bool>] [<filename>]",
    summary: "In Splunk, writes the rows into a CSV file on the search head.",
    examples: &[],
    source: "Search Reference, outputcsv",
    support: Support::Refused {
        why: "a search writes no files",
        instead: "ask for the result as CSV and save it, or write a lookup with `outputlookup`",
    },
    parse: |_, _| None,
};

pub(super) static OUTPUTTEXT: CommandSpec = CommandSpec {
    name: "outputtext",
    aliases: &[],
    kind: Kind::Streaming,
    grammar: Grammar::Raw,
    syntax: "outputtext [usexml=<bool>]",
    summary: "In Splunk, puts the raw text into the field `_xml` for its own pages.",
    examples: &[],
    source: "Search Reference, outputtext",
    support: Support::Refused { why: "it serves Splunk's own pages", instead: "use `table _raw`" },
    parse: |_, _| None,
};

pub(super) static COLLECT: CommandSpec = CommandSpec {
    name: "collect",
    aliases: &["stash", "summaryindex", "sumindex"],
    kind: Kind::Barrier,
    grammar: Grammar::General,
    syntax: "collect index=<name> [addtime=<bool>] [file=<name>] [host=<name>] [marker=<string>] [output_format=(raw|hec)] [run_in_preview=<bool>] [source=<name>] [sourcetype=<name>] [spool=<bool>] [testmode=<bool>]",
    summary: "Keeps the rows as events of an index where there is one that does, and passes them on.",
    examples: &[crate::example!("| makeresults count=2 | collect index=summary" => rows 2)],
    source: "Search Reference, collect",
    support: Support::Limited("events are kept only where an index does"),
    parse: collect,
};

/// A command without an effect here.
#[derive(Debug)]
struct Noted {
    name: &'static str,
    does: &'static str,
}

fn noted(does: &'static str, cx: &mut ParseCx<'_>) -> Option<Box<dyn Command>> {
    Some(Box::new(Noted { name: cx.spec.name, does }))
}

impl Command for Noted {
    fn needs(&self, out: &FieldSet) -> FieldSet {
        out.clone()
    }

    fn fields(&self, input: &Fields) -> Fields {
        input.clone()
    }

    fn plan(&self, input: Plan, cx: &PlanCx<'_>) -> Result<Plan, Failed> {
        let message = format!("`{}` {} in Splunk; here it does nothing", self.name, self.does);
        cx.engine.warn(codes::NO_EFFECT.at(cx.span, message));
        Ok(input)
    }
}

#[derive(Debug)]
struct Collect {
    index: String,
    test: bool,
}

fn collect(args: &Args, cx: &mut ParseCx<'_>) -> Option<Box<dyn Command>> {
    let Args::General(items) = args else { return None };
    let names = [
        "index",
        "addtime",
        "file",
        "host",
        "marker",
        "output_format",
        "run_in_preview",
        "source",
        "sourcetype",
        "spool",
        "testmode",
        "uselb",
        "addinfo",
        "name",
    ];
    let (options, left) = ArgReader::of(items).options(&names, cx);
    let mut index = options.text("index").map(|t| t.value);
    for arg in left {
        match arg_text(arg) {
            Some(name) if index.is_none() => index = Some(name),
            _ => return cx.bad(arg.span.0, "`collect` takes only `key=value` arguments"),
        }
    }
    let test = options.flag("testmode", false, cx);
    match index {
        Some(index) => Some(Box::new(Collect { index, test })),
        None => cx.missing("`index=<name>`"),
    }
}

impl Command for Collect {
    fn needs(&self, out: &FieldSet) -> FieldSet {
        FieldSet::all().union(out)
    }

    fn fields(&self, input: &Fields) -> Fields {
        input.clone()
    }

    fn plan(&self, input: Plan, cx: &PlanCx<'_>) -> Result<Plan, Failed> {
        if self.test {
            return Ok(input);
        }
        let rows = cx.rows(&input)?;
        if let Err(why) = cx.engine.knowledge().collect(&self.index, &rows) {
            cx.engine.warn(codes::NO_EFFECT.at(cx.span, format!("no events were kept: {why}")));
        }
        cx.plan_of(rows)
    }
}
