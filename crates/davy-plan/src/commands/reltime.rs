//! `reltime`. Search Reference, reltime.

use crate::column::Ty;
use crate::command::Command;
use crate::example;
use crate::fields::{FieldSet, Fields};
use crate::plan::{Failed, Plan, PlanCx};
use crate::rowmap::{RowMap, Set, row_map};
use crate::spec::{CommandSpec, Kind, ParseCx, Support};
use crate::value::Val;
use davy_spl::ast::{Args, Grammar};
use std::sync::Arc;

pub(super) static SPEC: CommandSpec = CommandSpec {
    name: "reltime",
    aliases: &[],
    kind: Kind::Streaming,
    grammar: Grammar::General,
    syntax: "reltime [timefield=<field>] [prefix=<string>]",
    summary: "Adds `reltime`, the time from `_time` to now in words: `5 days ago`.",
    examples: &[
        example!("| makeresults | eval _time=now()-7200 | reltime | table reltime" => table "reltime\n2 hours ago"),
    ],
    source: "Search Reference, reltime",
    support: Support::Full,
    parse,
};

#[derive(Debug)]
struct RelTime {
    field: String,
    to: String,
}

fn parse(args: &Args, cx: &mut ParseCx<'_>) -> Option<Box<dyn Command>> {
    let (options, left) = cx.reader(args).options(&["timefield", "prefix"], cx);
    if let Some(extra) = left.first() {
        return cx.bad(extra.span.0, "`reltime` takes only `timefield=` and `prefix=`");
    }
    let field = options.text("timefield").map_or_else(|| "_time".to_owned(), |t| t.value);
    let prefix = options.text("prefix").map(|p| p.value).unwrap_or_default();
    Some(Box::new(RelTime { field, to: format!("{prefix}reltime") }))
}

impl Command for RelTime {
    fn needs(&self, out: &FieldSet) -> FieldSet {
        out.before(std::slice::from_ref(&self.to), std::slice::from_ref(&self.field))
    }

    fn fields(&self, input: &Fields) -> Fields {
        let mut fields = input.clone();
        fields.add(&self.to);
        fields
    }

    fn plan(&self, input: Plan, cx: &PlanCx<'_>) -> Result<Plan, Failed> {
        let sets = vec![Set::new(&self.to, Ty::Text)];
        row_map(input, vec![self.field.clone()], sets, Arc::new(Words { now: cx.env.now }))
    }
}

#[derive(Debug)]
struct Words {
    now: f64,
}

impl RowMap for Words {
    fn name(&self) -> &'static str {
        "reltime"
    }

    fn map(&self, args: &[Val<'_>], out: &mut [Option<Val<'static>>]) -> Result<(), String> {
        let (Some(at), Some(slot)) = (args.first().and_then(Val::num), out.first_mut()) else {
            return Ok(());
        };
        *slot = Some(Val::str(words(self.now - at)));
        Ok(())
    }
}

const UNITS: [(f64, &str); 6] = [
    (31_536_000.0, "year"),
    (2_592_000.0, "month"),
    (86_400.0, "day"),
    (3_600.0, "hour"),
    (60.0, "minute"),
    (1.0, "second"),
];

fn words(past: f64) -> String {
    let length = past.abs();
    let unit = UNITS.iter().find(|(seconds, _)| length >= *seconds);
    let Some((seconds, name)) = unit else { return "now".to_owned() };
    let count = (length / seconds).floor();
    let plural = if count == 1.0 { "" } else { "s" };
    match past > 0.0 {
        true => format!("{count:.0} {name}{plural} ago"),
        false => format!("in {count:.0} {name}{plural}"),
    }
}
