//! `timewrap`. Search Reference, timewrap.

use super::overrows::{Over, OverRows};
use super::xyseries::unique;
use crate::buckets::seconds;
use crate::command::Command;
use crate::example;
use crate::fields::Fields;
use crate::parse::arg_text;
use crate::plan::{Failed, PlanCx, Rows};
use crate::spec::{CommandSpec, Kind, ParseCx, Support};
use crate::value::Val;
use davy_spl::ast::{Args, Grammar};
use davy_spl::{TimeSpan, TimeUnit, parse_span};
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

pub(super) static SPEC: CommandSpec = CommandSpec {
    name: "timewrap",
    aliases: &[],
    kind: Kind::Barrier,
    grammar: Grammar::General,
    syntax: "timewrap [<N>]<unit> [align=<now|end>] [series=<relative|exact|short>] [time_format=<format>]",
    summary: "Lays the periods of a `timechart` beside each other: a column for the latest day (week, …), one for the day before it, and so on.",
    examples: &[
        example!("| makeresults format=csv data=\"_time,count\n1777680000,1\n1777723200,2\n1777766400,3\n1777809600,4\" | table _time count | timewrap 1d | fields - _time" => table "1day_before,latest_day\n1,3\n2,4"),
    ],
    source: "Search Reference, timewrap",
    support: Support::Limited("a month counts as 30 days and a year as 365"),
    parse,
};

#[derive(Debug, Clone, Copy, PartialEq)]
enum Naming {
    Relative,
    Exact,
    Short,
}

#[derive(Debug)]
struct TimeWrap {
    span: TimeSpan,
    now: bool,
    naming: Naming,
    format: String,
}

fn parse(args: &Args, cx: &mut ParseCx<'_>) -> Option<Box<dyn Command>> {
    let (options, left) = cx.reader(args).options(&["align", "series", "time_format"], cx);
    let now = options.one_of("align", &["now", "end"], cx) == Some("now");
    let naming = match options.one_of("series", &["relative", "exact", "short"], cx) {
        Some("exact") => Naming::Exact,
        Some("short") => Naming::Short,
        _ => Naming::Relative,
    };
    let format = options.text("time_format").map(|t| t.value);
    let [arg] = left.as_slice() else {
        return cx.missing("one span, such as `1d` or `1week`");
    };
    let span = arg_text(arg).map(|t| parse_span(&t));
    let span = match span {
        Some(Ok(span)) => span,
        Some(Err(e)) => return cx.bad(arg.span.0, format!("this is no span of time: {e}")),
        None => return cx.bad(arg.span.0, "a span such as `1d` or `1week` is needed here"),
    };
    let format = format.unwrap_or_else(|| "%Y-%m-%d %H:%M:%S".to_owned());
    Some(Box::new(Over(TimeWrap { span, now, naming, format })))
}

fn unit_name(unit: TimeUnit) -> &'static str {
    match unit {
        TimeUnit::Minute => "minute",
        TimeUnit::Hour => "hour",
        TimeUnit::Day => "day",
        TimeUnit::Week => "week",
        TimeUnit::Month => "month",
        TimeUnit::Quarter => "quarter",
        TimeUnit::Year => "year",
        _ => "second",
    }
}

impl TimeWrap {
    /// The name of the period that lies that many before the latest, which starts at `start`.
    fn name(&self, back: usize, start: f64, cx: &PlanCx<'_>) -> String {
        let unit = unit_name(self.span.unit);
        let count = (back as i64).saturating_mul(self.span.count);
        match self.naming {
            Naming::Short => format!("s{back}"),
            Naming::Relative if back == 0 => format!("latest_{unit}"),
            Naming::Relative if count == 1 => format!("{count}{unit}_before"),
            Naming::Relative => format!("{count}{unit}s_before"),
            Naming::Exact => Timestamp::from_second(start as i64)
                .map(|t| t.to_zoned(cx.env.zone.clone()).strftime(&self.format).to_string())
                .unwrap_or_default(),
        }
    }
}

impl OverRows for TimeWrap {
    fn fields(&self, _: &Fields) -> Fields {
        Fields { names: vec!["_time".to_owned()], open: true }
    }

    fn run(&self, rows: Rows, cx: &PlanCx<'_>) -> Result<Rows, Failed> {
        let Some(time) = rows.column("_time") else { return Ok(rows) };
        let at = |row: &[Val<'static>]| row.get(time).and_then(Val::num);
        let mut times: Vec<f64> = rows.rows.iter().filter_map(|r| at(r)).collect();
        times.sort_by(f64::total_cmp);
        times.dedup();
        let Some(last) = times.last().copied() else { return Ok(rows) };
        let step = times.windows(2).map(|w| w.last().unwrap_or(&0.0) - w.first().unwrap_or(&0.0));
        let step = step.fold(f64::INFINITY, f64::min);
        let period = seconds(&self.span).max(1.0);
        let open = last + if step.is_finite() { step } else { period };
        let end = match self.now {
            true => cx.env.now.max(open),
            false if cx.range().latest.is_finite() => cx.range().latest.max(open),
            false => open,
        };
        let back = |t: f64| (((end - t) / period).ceil() - 1.0).max(0.0) as usize;
        let series: Vec<usize> = (0..rows.names.len())
            .filter(|i| *i != time && rows.names.get(*i).is_some_and(|n| !n.starts_with('_')))
            .collect();
        let mut lines: BTreeMap<u64, BTreeMap<(usize, usize), Val<'static>>> = BTreeMap::new();
        let mut filled: BTreeSet<usize> = BTreeSet::new();
        for row in &rows.rows {
            let Some(t) = at(row) else { continue };
            let back = back(t);
            filled.insert(back);
            let place = t + back as f64 * period;
            // Times after 1970 stand in the order of their bits.
            let line = lines.entry(place.max(0.0).to_bits()).or_default();
            for (nth, i) in series.iter().enumerate() {
                line.insert((nth, back), row.get(*i).cloned().unwrap_or(Val::Null));
            }
        }
        let mut out = Rows { names: vec!["_time".to_owned()], rows: Vec::new() };
        let mut columns = Vec::new();
        for (nth, i) in series.iter().enumerate() {
            let own = rows.names.get(*i).cloned().unwrap_or_default();
            // The oldest period first; one that holds nothing, such as what is to come until now, is
            // no column. SPL2 Search Reference, timewrap, "Combining the timewrap and timechart
            // commands".
            for back in filled.iter().rev().take(10_000).copied() {
                let start = end - (back as f64 + 1.0) * period;
                let name = self.name(back, start, cx);
                out.names.push(match series.len() {
                    1 => name,
                    _ => format!("{own}_{name}"),
                });
                columns.push((nth, back));
            }
        }
        for (place, mut cells) in lines {
            let mut row = vec![Val::Num(f64::from_bits(place))];
            row.extend(columns.iter().map(|c| cells.remove(c).unwrap_or(Val::Null)));
            out.rows.push(row);
        }
        Ok(unique(out))
    }
}
