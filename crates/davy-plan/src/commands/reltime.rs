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
    syntax: "reltime [timefield=<fields>] [prefix=<string>]",
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
    /// The fields of times, each with the field for its words.
    pairs: Vec<(String, String)>,
}

fn parse(args: &Args, cx: &mut ParseCx<'_>) -> Option<Box<dyn Command>> {
    let (options, left) = cx.reader(args).options(&["timefield", "prefix"], cx);
    if let Some(extra) = left.first() {
        return cx.bad(extra.span.0, "`reltime` takes only `timefield=` and `prefix=`");
    }
    let times = options.text("timefield").map_or_else(|| "_time".to_owned(), |t| t.value);
    let fields: Vec<&str> =
        times.split([',', ' ']).map(str::trim).filter(|f| !f.is_empty()).collect();
    let prefix = options.text("prefix").map(|p| p.value);
    let pairs = fields.iter().map(|field| {
        let to = match &prefix {
            Some(prefix) => format!("{prefix}{field}"),
            None if fields.len() > 1 => format!("reltime_{field}"),
            None => "reltime".to_owned(),
        };
        ((*field).to_owned(), to)
    });
    Some(Box::new(RelTime { pairs: pairs.collect() }))
}

impl Command for RelTime {
    fn needs(&self, out: &FieldSet) -> FieldSet {
        let (reads, sets): (Vec<_>, Vec<_>) = self.pairs.iter().cloned().unzip();
        out.before(&sets, &reads)
    }

    fn fields(&self, input: &Fields) -> Fields {
        let mut fields = input.clone();
        self.pairs.iter().for_each(|(_, to)| fields.add(to));
        fields
    }

    fn plan(&self, input: Plan, cx: &PlanCx<'_>) -> Result<Plan, Failed> {
        let (reads, sets): (Vec<_>, Vec<_>) =
            self.pairs.iter().map(|(field, to)| (field.clone(), Set::new(to, Ty::Text))).unzip();
        row_map(input, reads, sets, Arc::new(Words { now: cx.env.now }))
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
        for (slot, at) in out.iter_mut().zip(args) {
            *slot = at.num().map(|at| Val::str(words(self.now - at)));
        }
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
