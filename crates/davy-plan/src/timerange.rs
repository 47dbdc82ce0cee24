//! The time range of a search: its own modifiers win over the caller's.
//! Search Manual, "Specify time modifiers in your search".

use crate::codes;
use crate::env::Env;
use crate::parse::ParseCx;
use crate::plan::{Failed, PlanCx};
use crate::search::{reads, time_modifiers};
use crate::timefmt;
use davy_diag::{Diagnostic, Spanned};
use davy_spl::ast::{CmpOp, SearchExpr, SearchValue};
use davy_spl::parse_time_modifier;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use std::cell::Cell;
use std::rc::Rc;

/// Seconds since the epoch: from `earliest` on, before `latest`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TimeRange {
    pub earliest: f64,
    pub latest: f64,
}

/// The range that the leading search of a pipeline asks for, where later commands find it: they are
/// planned after it. A search in brackets has one of its own.
#[derive(Debug, Clone, Default)]
pub struct Asked(Rc<Cell<Option<TimeRange>>>);

impl Asked {
    /// What the leading command asked for; that of the caller where it asked for nothing.
    pub(crate) fn or(&self, env: &Env) -> TimeRange {
        let callers = TimeRange { earliest: env.earliest, latest: env.latest };
        self.0.get().unwrap_or(callers)
    }

    /// The leading command is planned: commands after it that read events change nothing any more.
    pub(crate) fn settle(&self, env: &Env) {
        self.0.set(Some(self.or(env)));
    }

    fn set(&self, range: TimeRange) {
        if self.0.get().is_none() {
            self.0.set(Some(range));
        }
    }
}

/// Reports time modifiers that cannot be read.
pub(crate) fn check(expr: &SearchExpr, cx: &mut ParseCx<'_>) {
    let zone = TimeZone::UTC;
    let clock = Clock { format: format(expr), ..Clock::plain(0.0, &zone) };
    for (key, value) in time_modifiers(expr) {
        if let Err(diagnostic) = clock.bound(&key.value, value) {
            cx.report(*diagnostic);
        }
    }
}

/// The range that the search and its caller ask for; commands after it are told of it.
pub(crate) fn of(expr: Option<&SearchExpr>, cx: &PlanCx<'_>) -> Result<TimeRange, Failed> {
    let callers = TimeRange { earliest: cx.env.earliest, latest: cx.env.latest };
    let Some(expr) = expr else { return Ok(callers) };
    let clock = Clock::new(expr, cx.env);
    let ends = clock.ends(expr).map_err(|d| Failed::from(*d))?;
    // When events were indexed is no range of theirs.
    let shown = Clock { indexed: false, ..clock }.ends(expr).map_err(|d| Failed::from(*d))?;
    cx.asked.set(shown.asked(cx.env));
    Ok(ends.within(callers))
}

/// The range that a scan's filter asks for with another clock. `None` where that changes more than
/// the range: ranges of alternatives are comparisons in the filter.
pub fn range_of(filter: &SearchExpr, env: &Env) -> Option<TimeRange> {
    let mut read = Vec::new();
    reads(filter, &mut read);
    if has_windows(filter) || read.iter().any(|(name, _)| name == "_time") {
        return None;
    }
    let ends = Clock::new(filter, env).ends(filter).ok()?;
    Some(ends.within(TimeRange { earliest: env.earliest, latest: env.latest }))
}

/// Whether time modifiers stand in alternatives, so that each has a range of its own.
pub(crate) fn has_windows(expr: &SearchExpr) -> bool {
    match expr {
        SearchExpr::And(list) => list.iter().any(has_windows),
        SearchExpr::Or(_) | SearchExpr::Not(..) => !time_modifiers(expr).is_empty(),
        _ => false,
    }
}

/// The expression with the time modifiers in its alternatives as comparisons of `_time`.
pub(crate) fn windows(expr: SearchExpr, cx: &PlanCx<'_>) -> Result<SearchExpr, Failed> {
    if !has_windows(&expr) {
        return Ok(expr);
    }
    let format = format(&expr).map(str::to_owned);
    let clock = Clock { format: format.as_deref(), ..Clock::plain(cx.env.now, &cx.env.zone) };
    clock.lowered(expr, false).map_err(|d| Failed::from(*d))
}

/// What `timeformat=` says.
fn format(expr: &SearchExpr) -> Option<&str> {
    let given = time_modifiers(expr).into_iter().find(|(key, _)| key.value == "timeformat");
    given.map(|(_, value)| value.text.as_str())
}

enum Bound {
    Earliest(f64),
    Latest(f64),
}

#[derive(Default)]
struct Ends {
    earliest: Option<f64>,
    latest: Option<f64>,
}

impl Ends {
    /// In the place of the caller's.
    fn within(&self, callers: TimeRange) -> TimeRange {
        TimeRange {
            earliest: self.earliest.unwrap_or(callers.earliest),
            latest: self.latest.unwrap_or(callers.latest),
        }
    }

    /// As commands show it: a range that only begins ends now. Search Reference, Time modifiers,
    /// "Time modifiers and the Time Range Picker".
    fn asked(&self, env: &Env) -> TimeRange {
        let open = env.latest.is_infinite() && self.earliest.is_some();
        let latest = if open { env.now } else { env.latest };
        self.within(TimeRange { earliest: env.earliest, latest })
    }
}

#[derive(Clone, Copy)]
struct Clock<'a> {
    format: Option<&'a str>,
    now: f64,
    zone: &'a TimeZone,
    /// Ranges of the time of indexing count: here an event is indexed when it happens.
    indexed: bool,
}

impl<'a> Clock<'a> {
    fn new(expr: &'a SearchExpr, env: &'a Env) -> Self {
        Clock { format: format(expr), ..Clock::plain(env.now, &env.zone) }
    }

    fn plain(now: f64, zone: &'a TimeZone) -> Self {
        Clock { format: None, now, zone, indexed: true }
    }

    fn ends(&self, expr: &SearchExpr) -> Result<Ends, Box<Diagnostic>> {
        let mut ends = Ends::default();
        match expr {
            SearchExpr::Time { key, value } => match self.bound(&key.value, value)? {
                Some(Bound::Earliest(t)) => ends.earliest = Some(t),
                Some(Bound::Latest(t)) => ends.latest = Some(t),
                None => {}
            },
            // The last one wins.
            SearchExpr::And(list) => {
                for part in list {
                    let own = self.ends(part)?;
                    ends.earliest = own.earliest.or(ends.earliest);
                    ends.latest = own.latest.or(ends.latest);
                }
            }
            // From the first to the last of the windows.
            SearchExpr::Or(list) => {
                let all = list.iter().map(|e| self.ends(e)).collect::<Result<Vec<Ends>, _>>()?;
                let pick = |of: fn(&Ends) -> Option<f64>, better: fn(f64, f64) -> f64| {
                    let times: Option<Vec<f64>> = all.iter().map(of).collect();
                    times?.into_iter().reduce(better)
                };
                ends.earliest = pick(|e| e.earliest, f64::min);
                ends.latest = pick(|e| e.latest, f64::max);
            }
            _ => {}
        }
        Ok(ends)
    }

    fn lowered(&self, expr: SearchExpr, inside: bool) -> Result<SearchExpr, Box<Diagnostic>> {
        let all = |list: Vec<SearchExpr>, inside: bool| {
            list.into_iter().map(|e| self.lowered(e, inside)).collect::<Result<Vec<_>, _>>()
        };
        Ok(match expr {
            SearchExpr::And(list) => SearchExpr::And(all(list, inside)?),
            SearchExpr::Or(list) => SearchExpr::Or(all(list, true)?),
            SearchExpr::Not(inner, span) => {
                SearchExpr::Not(Box::new(self.lowered(*inner, true)?), span)
            }
            SearchExpr::Time { key, value } if inside => {
                let (op, text) = match self.bound(&key.value, &value)? {
                    Some(Bound::Earliest(t)) => (CmpOp::Ge, t.to_string()),
                    Some(Bound::Latest(t)) => (CmpOp::Lt, t.to_string()),
                    None => return Ok(SearchExpr::Time { key, value }),
                };
                SearchExpr::Compare {
                    field: Spanned::new("_time".to_owned(), key.span),
                    op: Spanned::new(op, key.span),
                    value: SearchValue { text, quoted: false, span: value.span },
                }
            }
            other => other,
        })
    }

    fn bound(&self, key: &str, value: &SearchValue) -> Result<Option<Bound>, Box<Diagnostic>> {
        let key = key.to_ascii_lowercase();
        if !self.indexed && key.contains("index_") {
            return Ok(None);
        }
        let ago = |unit: &str| self.instant(&format!("-{}{unit}", value.text), value);
        Ok(Some(match key.as_str() {
            "earliest" | "_index_earliest" | "index_earliest" | "starttime" | "starttimeu" => {
                Bound::Earliest(self.instant(&value.text, value)?)
            }
            "latest" | "_index_latest" | "index_latest" | "endtime" | "endtimeu" => {
                Bound::Latest(self.instant(&value.text, value)?)
            }
            "starthoursago" | "hoursago" | "searchtimespanhours" => Bound::Earliest(ago("h")?),
            "startminutesago" | "minutesago" | "searchtimespanminutes" => {
                Bound::Earliest(ago("m")?)
            }
            "startdaysago" | "daysago" | "searchtimespandays" => Bound::Earliest(ago("d")?),
            "startmonthsago" | "monthsago" | "searchtimespanmonths" => Bound::Earliest(ago("mon")?),
            "endhoursago" => Bound::Latest(ago("h")?),
            "endminutesago" => Bound::Latest(ago("m")?),
            "enddaysago" => Bound::Latest(ago("d")?),
            "endmonthsago" => Bound::Latest(ago("mon")?),
            _ => return Ok(None),
        }))
    }

    /// A time that `timeformat=` describes, or one that needs no description.
    fn instant(&self, text: &str, value: &SearchValue) -> Result<f64, Box<Diagnostic>> {
        if let Some(plain) = real_time(text) {
            return Err(real_time_refused(value, plain));
        }
        let described = self.format.and_then(|f| timefmt::strptime(text, f, self.zone, self.now));
        let at = described.or_else(|| parse_instant(text, self.now, self.zone));
        at.ok_or_else(|| {
            Box::new(
                codes::BAD_ARGUMENT
                    .at(value.span.0, format!("`{}` is no point in time", value.text))
                    .help("write -24h, -7d@d, now, an epoch time or 05/27/2026:18:00:00"),
            )
        })
    }
}

/// What follows the `rt` of a time of a real-time search: `-5m` of `rt-5m` and of `-rt-5m`.
fn real_time(text: &str) -> Option<&str> {
    let text = text.trim().trim_start_matches(['-', '+']);
    let (word, rest) = (text.get(..2)?, text.get(2..)?);
    let ends = rest.is_empty() || rest.starts_with(['-', '+', '@', '(']);
    let named = word.eq_ignore_ascii_case("rt");
    (named && ends).then_some(rest)
}

/// Search Manual, "Specify time modifiers in your search": an error in a search string.
fn real_time_refused(value: &SearchValue, plain: &str) -> Box<Diagnostic> {
    let plain = if plain.starts_with(['-', '+', '@']) { plain } else { "now" };
    Box::new(
        codes::BAD_ARGUMENT
            .at(
                value.span.0,
                format!(
                    "`{}` is a time of a real-time search, which no search string can ask for",
                    value.text
                ),
            )
            .help(format!("write `{plain}` instead")),
    )
}

/// A time modifier as seconds since the epoch.
pub fn parse_instant(text: &str, now: f64, zone: &TimeZone) -> Option<f64> {
    let micros = (now * 1e6).round();
    let now = Timestamp::from_microsecond(micros as i64).ok()?.to_zoned(zone.clone());
    let at = parse_time_modifier(text).ok()?.resolve(now);
    Some(at.as_microsecond() as f64 / 1e6)
}
