//! `localize`. Search Reference, localize.

use super::overrows::{Over, OverRows};
use crate::buckets::seconds;
use crate::command::{Command, Order};
use crate::example;
use crate::fields::{FieldSet, Fields};
use crate::plan::{Failed, PlanCx, Rows};
use crate::spec::{CommandSpec, Kind, ParseCx, Support};
use crate::value::Val;
use davy_spl::ast::{Args, Grammar};
use davy_spl::parse_span;

pub(super) static SPEC: CommandSpec = CommandSpec {
    name: "localize",
    aliases: &[],
    kind: Kind::Transforming,
    grammar: Grammar::General,
    syntax: "localize [maxpause=<span>] [timeafter=<span>] [timebefore=<span>]",
    summary: "The stretches of time in which rows follow each other within a minute, with half a minute before and after; the latest first.",
    examples: &[
        example!("| makeresults format=csv data=\"_time\n1777890000\n1777890050\n1777900000\" | localize" => table "starttime,endtime\n1777899970,1777900030\n1777889970,1777890080"),
    ],
    source: "Search Reference, localize",
    support: Support::Full,
    parse,
};

#[derive(Debug)]
struct Localize {
    pause: f64,
    after: f64,
    before: f64,
}

fn parse(args: &Args, cx: &mut ParseCx<'_>) -> Option<Box<dyn Command>> {
    let names = ["maxpause", "timeafter", "timebefore"];
    let (options, left) = cx.reader(args).options(&names, cx);
    if let Some(extra) = left.first() {
        return cx.bad(extra.span.0, "`localize` takes only `key=value` arguments");
    }
    let mut lengths = [60.0, 30.0, 30.0];
    for (name, slot) in names.iter().zip(&mut lengths) {
        let Some(text) = options.text(name) else { continue };
        match parse_span(&text.value) {
            Ok(span) => *slot = seconds(&span),
            Err(e) => return cx.bad(text.span, format!("this is no span of time: {e}")),
        }
    }
    let [pause, after, before] = lengths;
    Some(Box::new(Over(Localize { pause, after, before })))
}

impl OverRows for Localize {
    fn needs(&self, _: &FieldSet) -> FieldSet {
        FieldSet::of(["_time"])
    }

    fn fields(&self, _: &Fields) -> Fields {
        Fields::of(["starttime", "endtime"])
    }

    fn order(&self) -> Order {
        Order::Makes
    }

    fn run(&self, rows: Rows, _: &PlanCx<'_>) -> Result<Rows, Failed> {
        let time = rows.column("_time");
        let mut times: Vec<f64> = rows
            .rows
            .iter()
            .filter_map(|row| time.and_then(|i| row.get(i)).and_then(Val::num))
            .collect();
        times.sort_by(f64::total_cmp);
        let mut regions: Vec<(f64, f64)> = Vec::new();
        for at in times {
            match regions.last_mut() {
                Some((_, end)) if at - *end <= self.pause => *end = at,
                _ => regions.push((at, at)),
            }
        }
        let rows = regions
            .into_iter()
            .rev()
            .map(|(start, end)| vec![Val::Num(start - self.before), Val::Num(end + self.after)])
            .collect();
        Ok(Rows { names: vec!["starttime".to_owned(), "endtime".to_owned()], rows })
    }
}
