//! The time range of a search: its own modifiers win over the caller's.
//! Search Manual, "Specify time modifiers in your search".

use crate::codes;
use crate::parse::ParseCx;
use crate::plan::{Failed, PlanCx};
use crate::search::time_modifiers;
use davy_diag::Diagnostic;
use davy_spl::ast::{SearchExpr, SearchValue};
use davy_spl::parse_time_modifier;
use jiff::Timestamp;
use jiff::tz::TimeZone;

/// Seconds since the epoch: from `earliest` on, before `latest`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TimeRange {
    pub earliest: f64,
    pub latest: f64,
}

/// Reports time modifiers that cannot be read.
pub(crate) fn check(expr: &SearchExpr, cx: &mut ParseCx<'_>) {
    for (key, value) in time_modifiers(expr) {
        if let Err(diagnostic) = resolve(&key.value, value, 0.0, &TimeZone::UTC) {
            cx.report(*diagnostic);
        }
    }
}

/// The range that the search and its caller ask for.
pub(crate) fn of(expr: Option<&SearchExpr>, cx: &PlanCx<'_>) -> Result<TimeRange, Failed> {
    let mut range = TimeRange { earliest: cx.env.earliest, latest: cx.env.latest };
    let Some(expr) = expr else { return Ok(range) };
    for (key, value) in time_modifiers(expr) {
        let bound =
            resolve(&key.value, value, cx.env.now, &cx.env.zone).map_err(|d| Failed::from(*d))?;
        match bound {
            Some(Bound::Earliest(t)) => range.earliest = t,
            Some(Bound::Latest(t)) => range.latest = t,
            None => {}
        }
    }
    Ok(range)
}

enum Bound {
    Earliest(f64),
    Latest(f64),
}

fn resolve(
    key: &str,
    value: &SearchValue,
    now: f64,
    zone: &TimeZone,
) -> Result<Option<Bound>, Box<Diagnostic>> {
    let key = key.to_ascii_lowercase();
    let ago = |unit: &str| instant(&format!("-{}{unit}", value.text), value, now, zone);
    Ok(Some(match key.as_str() {
        "earliest" | "_index_earliest" | "index_earliest" | "starttime" | "starttimeu" => {
            Bound::Earliest(instant(&value.text, value, now, zone)?)
        }
        "latest" | "_index_latest" | "index_latest" | "endtime" | "endtimeu" => {
            Bound::Latest(instant(&value.text, value, now, zone)?)
        }
        "starthoursago" | "searchtimespanhours" => Bound::Earliest(ago("h")?),
        "startminutesago" | "searchtimespanminutes" => Bound::Earliest(ago("m")?),
        "startdaysago" | "daysago" | "searchtimespandays" => Bound::Earliest(ago("d")?),
        "hoursago" => Bound::Earliest(ago("h")?),
        "minutesago" => Bound::Earliest(ago("m")?),
        "startmonthsago" | "monthsago" | "searchtimespanmonths" => Bound::Earliest(ago("mon")?),
        "endhoursago" => Bound::Latest(ago("h")?),
        "endminutesago" => Bound::Latest(ago("m")?),
        "enddaysago" => Bound::Latest(ago("d")?),
        "endmonthsago" => Bound::Latest(ago("mon")?),
        _ => return Ok(None),
    }))
}

fn instant(
    text: &str,
    value: &SearchValue,
    now: f64,
    zone: &TimeZone,
) -> Result<f64, Box<Diagnostic>> {
    let at = parse_instant(text, now, zone);
    at.ok_or_else(|| {
        Box::new(
            codes::BAD_ARGUMENT
                .at(value.span.0, format!("`{}` is no point in time", value.text))
                .help("write -24h, -7d@d, now, an epoch time or 05/27/2026:18:00:00"),
        )
    })
}

/// A time modifier as seconds since the epoch.
pub fn parse_instant(text: &str, now: f64, zone: &TimeZone) -> Option<f64> {
    let micros = (now * 1e6).round();
    let now = Timestamp::from_microsecond(micros as i64).ok()?.to_zoned(zone.clone());
    let at = parse_time_modifier(text).ok()?.resolve(now);
    Some(at.as_microsecond() as f64 / 1e6)
}
