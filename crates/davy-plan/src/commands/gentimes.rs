//! `gentimes`. Search Reference, gentimes.

use crate::codes;
use crate::command::{Command, Order};
use crate::example;
use crate::fields::{FieldSet, Fields};
use crate::plan::{Failed, Plan, PlanCx, Rows};
use crate::spec::{CommandSpec, Kind, ParseCx, Support};
use crate::timerange::parse_instant;
use crate::value::Val;
use davy_diag::Spanned;
use davy_spl::ast::{Args, Grammar};
use davy_spl::{TimeModifier, TimeModifierError, TimeUnit, parse_span, parse_time_modifier};
use jiff::Timestamp;
use jiff::tz::TimeZone;

pub(super) static SPEC: CommandSpec = CommandSpec {
    name: "gentimes",
    aliases: &[],
    kind: Kind::Generating,
    grammar: Grammar::General,
    syntax: "gentimes start=<MM/DD/YYYY[:HH:MM:SS] | -<days>> [end=<MM/DD/YYYY[:HH:MM:SS] | -<days>>] [increment=<N><s|m|h|d>]",
    summary: "Makes a row for each step of time (a day) from `start` up to `end` (midnight), with its start and its last second.",
    examples: &[
        example!("| gentimes start=04/04/2021 end=04/07/2021" => rows 3),
        example!("| gentimes start=04/04/2021 end=04/05/2021 | table starttime, endtime, starthuman, endhuman" => table "starttime,endtime,starthuman,endhuman\n1617494400,1617580799,Sun Apr 4 00:00:00 2021,Sun Apr 4 23:59:59 2021"),
        example!("| gentimes start=04/04/2021 end=04/05/2021 increment=1h" => rows 24),
    ],
    source: "Search Reference, gentimes",
    support: Support::Full,
    parse,
};

const NAMES: [&str; 4] = ["starttime", "starthuman", "endtime", "endhuman"];

#[derive(Debug)]
struct GenTimes {
    start: Spanned<String>,
    end: Option<Spanned<String>>,
    step: f64,
}

fn parse(args: &Args, cx: &mut ParseCx<'_>) -> Option<Box<dyn Command>> {
    let (options, left) = cx.reader(args).options(&["start", "end", "increment"], cx);
    if let Some(extra) = left.first() {
        return cx.bad(extra.span.0, "`gentimes` takes only `key=value` arguments");
    }
    let Some(start) = options.text("start") else {
        return cx.missing("`start`, such as start=10/1/2020 or start=-5");
    };
    let end = options.text("end");
    for at in std::iter::once(&start).chain(&end) {
        if instant(&at.value, 0.0, &TimeZone::UTC).is_none() {
            return cx.bad(at.span, "this is no date such as 10/1/2020 and no number of days");
        }
    }
    let step = match options.text("increment") {
        None => 86_400.0,
        Some(text) => match parse_span(&text.value) {
            Ok(span)
                if matches!(
                    span.unit,
                    TimeUnit::Second | TimeUnit::Minute | TimeUnit::Hour | TimeUnit::Day
                ) =>
            {
                crate::buckets::seconds(&span)
            }
            Err(e @ TimeModifierError::Long(_)) => {
                return cx.bad(text.span, format!("this is no increment: {e}"));
            }
            _ => return cx.bad(text.span, "`increment` is a number of s, m, h or d"),
        },
    };
    Some(Box::new(GenTimes { start, end, step }))
}

/// A date, or midnight that many days ago.
fn instant(text: &str, now: f64, zone: &TimeZone) -> Option<f64> {
    if let Ok(days) = text.parse::<i64>()
        && days.abs() < 1_000_000
    {
        let sign = if days < 0 { '-' } else { '+' };
        return parse_instant(&format!("{sign}{}d@d", days.abs()), now, zone);
    }
    match parse_time_modifier(text) {
        Ok(TimeModifier::Absolute(_)) => parse_instant(text, now, zone),
        _ => None,
    }
}

impl Command for GenTimes {
    fn needs(&self, _: &FieldSet) -> FieldSet {
        FieldSet::none()
    }

    fn fields(&self, _: &Fields) -> Fields {
        Fields::of(NAMES)
    }

    fn order(&self) -> Order {
        Order::Makes
    }

    fn plan(&self, _: Plan, cx: &PlanCx<'_>) -> Result<Plan, Failed> {
        const MOST: usize = 1_000_000;
        let (now, zone) = (cx.env.now, &cx.env.zone);
        let start = instant(&self.start.value, now, zone).unwrap_or(now);
        let end = match &self.end {
            Some(end) => instant(&end.value, now, zone),
            None => parse_instant("@d", now, zone),
        };
        let end = end.unwrap_or(now);
        let mut rows = Rows { names: NAMES.map(str::to_owned).to_vec(), rows: Vec::new() };
        let mut at = start;
        while at < end {
            if rows.rows.len() >= MOST {
                return Err(codes::BAD_ARGUMENT
                    .at(cx.span, format!("this makes more than {MOST} rows"))
                    .help("choose a longer increment")
                    .into());
            }
            let next = step(at, self.step, zone);
            let last = next - 1.0;
            let row = [Val::Num(at), human(at, zone), Val::Num(last), human(last, zone)];
            rows.rows.push(row.to_vec());
            at = next;
        }
        cx.plan_of(rows)
    }
}

/// Days follow the calendar; shorter steps have their length.
fn step(at: f64, step: f64, zone: &TimeZone) -> f64 {
    if step % 86_400.0 == 0.0
        && let Some(next) = parse_instant(&format!("+{}d", step / 86_400.0), at, zone)
    {
        return next;
    }
    at + step
}

/// `Sun Apr 4 00:00:00 2021`
fn human(at: f64, zone: &TimeZone) -> Val<'static> {
    match Timestamp::from_second(at as i64) {
        Ok(at) => {
            let at = at.to_zoned(zone.clone());
            Val::str(at.strftime("%a %b %-d %H:%M:%S %Y").to_string())
        }
        Err(_) => Val::Null,
    }
}
