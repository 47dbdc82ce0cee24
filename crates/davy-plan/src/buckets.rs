//! Buckets of time and of numbers, as `chart` and `timechart` cut their axes.
//! Search Reference, bin ("Bin options") and timechart ("Bin time spans").

mod function;

pub(crate) use function::bucket;

use crate::column::Ty;
use crate::env::Env;
use crate::plan::{Failed, Plan, PlanCx};
use crate::value::{Val, fmt_num};
use datafusion_expr::{Expr, LogicalPlanBuilder};
use datafusion_functions_aggregate::expr_fn;
use davy_diag::Spanned;
use davy_spl::{TimeModifier, TimeSpan, TimeUnit, parse_span};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp, Zoned};
use std::sync::Arc;

/// How an axis is cut.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Buckets {
    Time(TimeBuckets),
    /// Ranges of this width, the low end inclusive.
    Width(f64),
    /// Ranges from `coefficient * base^n` to the next.
    Log {
        coefficient: f64,
        base: f64,
    },
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct TimeBuckets {
    pub(crate) span: TimeSpan,
    /// Where buckets start; shorter than a day only.
    pub(crate) align: f64,
    pub(crate) env: Arc<Zone>,
}

#[derive(Debug, PartialEq)]
pub(crate) struct Zone(pub(crate) TimeZone);

/// The options that say how an axis is cut, as written.
#[derive(Debug, Clone, Default)]
pub(crate) struct BinOptions {
    pub(crate) span: Option<Spanned<String>>,
    pub(crate) bins: Option<Spanned<usize>>,
    pub(crate) start: Option<f64>,
    pub(crate) end: Option<f64>,
    pub(crate) min_span: Option<Spanned<String>>,
    pub(crate) align: Option<Spanned<String>>,
}

impl BinOptions {
    pub(crate) fn is_empty(&self) -> bool {
        self.span.is_none() && self.bins.is_none() && self.min_span.is_none()
    }
}

/// The spans among which a default is chosen: the first that makes few enough buckets.
const LADDER: [(i64, TimeUnit); 11] = [
    (1, TimeUnit::Second),
    (5, TimeUnit::Second),
    (10, TimeUnit::Second),
    (30, TimeUnit::Second),
    (1, TimeUnit::Minute),
    (5, TimeUnit::Minute),
    (10, TimeUnit::Minute),
    (30, TimeUnit::Minute),
    (1, TimeUnit::Hour),
    (1, TimeUnit::Day),
    (1, TimeUnit::Month),
];

/// Seconds of a span, a month having 30 days.
pub(crate) fn seconds(span: &TimeSpan) -> f64 {
    let days = match span.unit {
        TimeUnit::Month => 30.0,
        TimeUnit::Quarter => 90.0,
        TimeUnit::Year => 365.0,
        _ => return span.fixed().map_or(1.0, |d| d.as_secs_f64()),
    };
    days * 86_400.0 * span.count as f64
}

impl TimeBuckets {
    pub(crate) fn new(span: TimeSpan, align: f64, zone: &TimeZone) -> Self {
        TimeBuckets { span, align, env: Arc::new(Zone(zone.clone())) }
    }

    /// The widest step of the ladder that is needed for `range` in at most `bins` buckets.
    pub(crate) fn choose(range: (f64, f64), bins: usize, least: f64, zone: &TimeZone) -> Self {
        let at_most = bins.max(1) as f64;
        let mut chosen = None;
        for (count, unit) in LADDER {
            let span = TimeSpan { count, unit, snap: None };
            let buckets = TimeBuckets::new(span, 0.0, zone);
            if seconds(&span) < least {
                continue;
            }
            let covered = range.1 - buckets.floor(range.0);
            chosen = Some(buckets);
            if covered / seconds(&span) <= at_most {
                break;
            }
        }
        chosen.unwrap_or_else(|| {
            TimeBuckets::new(TimeSpan { count: 1, unit: TimeUnit::Month, snap: None }, 0.0, zone)
        })
    }

    /// Longer than any time of day: buckets follow the calendar.
    fn calendar(&self) -> bool {
        matches!(
            self.span.unit,
            TimeUnit::Day | TimeUnit::Week | TimeUnit::Month | TimeUnit::Quarter | TimeUnit::Year
        )
    }

    /// The start of the bucket that holds `at`.
    pub(crate) fn floor(&self, at: f64) -> f64 {
        if !at.is_finite() {
            return at;
        }
        if self.calendar() {
            return self.calendar_floor(at).unwrap_or(at);
        }
        let width = seconds(&self.span);
        let base = match self.align {
            // Unless told otherwise, buckets start at midnight of the zone.
            0.0 => -zoned(at, &self.env.0).map_or(0.0, |z| f64::from(z.offset().seconds())),
            align => align,
        };
        let start = ((at - base) / width).floor() * width + base;
        // Fractions of a second keep their decimal form.
        (start * 1e6).round() / 1e6
    }

    /// The start of the bucket after that which starts at `start`.
    pub(crate) fn next(&self, start: f64) -> f64 {
        if !self.calendar() {
            let raw = ((start + seconds(&self.span)) * 1e6).round() / 1e6;
            // Where the clocks change, the next bucket starts earlier or later.
            let floor = self.floor(raw);
            return if floor > start { floor } else { raw };
        }
        let (count, step) = (self.span.count, Span::new());
        let step = match self.span.unit {
            TimeUnit::Day => step.try_days(count),
            TimeUnit::Week => step.try_weeks(count),
            TimeUnit::Month => step.try_months(count),
            TimeUnit::Quarter => step.try_months(count.saturating_mul(3)),
            _ => step.try_years(count),
        };
        zoned(start, &self.env.0)
            .and_then(|z| z.checked_add(step.ok()?).ok())
            .map_or(start + seconds(&self.span), |z| epoch(&z))
    }

    fn calendar_floor(&self, at: f64) -> Option<f64> {
        let day = zoned(at, &self.env.0)?.date();
        let count = self.span.count.max(1);
        let first = Date::new(1970, 1, 1).ok()?;
        let date = match self.span.unit {
            TimeUnit::Day | TimeUnit::Week => {
                let since = i64::from(first.until(day).ok()?.get_days());
                let (width, shift) = match self.span.unit {
                    TimeUnit::Day => (count, 0),
                    // Weeks start on the first day of 1970, a Thursday, unless a day is asked for.
                    _ => (count.saturating_mul(7), self.week_start()),
                };
                let back = (since - shift).rem_euclid(width);
                day.checked_sub(Span::new().try_days(back).ok()?).ok()?
            }
            unit => {
                let months = match unit {
                    TimeUnit::Month => count,
                    TimeUnit::Quarter => count.saturating_mul(3),
                    _ => count.saturating_mul(12),
                };
                let since = (i64::from(day.year()) - 1970) * 12 + i64::from(day.month()) - 1;
                let back = since.rem_euclid(months);
                day.first_of_month().checked_sub(Span::new().try_months(back).ok()?).ok()?
            }
        };
        Some(epoch(&date.to_zoned(self.env.0.clone()).ok()?))
    }

    /// Days from Thursday to the day on which weeks start.
    fn week_start(&self) -> i64 {
        match self.span.snap {
            Some(davy_spl::TimeStep::SnapWeekday(day)) => (i64::from(day) + 3).rem_euclid(7),
            Some(davy_spl::TimeStep::Snap(TimeUnit::Week)) => 3,
            _ => 0,
        }
    }
}

fn zoned(at: f64, zone: &TimeZone) -> Option<Zoned> {
    let micros = (at * 1e6).round();
    (micros.abs() < 9e18)
        .then(|| Timestamp::from_microsecond(micros as i64).ok())
        .flatten()
        .map(|t| t.to_zoned(zone.clone()))
}

fn epoch(at: &Zoned) -> f64 {
    at.timestamp().as_microsecond() as f64 / 1e6
}

impl Buckets {
    /// The start of the bucket that holds `n`.
    pub(crate) fn floor(&self, n: f64) -> f64 {
        match self {
            Buckets::Time(time) => time.floor(n),
            Buckets::Width(width) => {
                // Multiples of a fraction may fall short by their rounding: 0.3 / 0.1.
                let (times, whole) = (n / width, (n / width).round());
                let near = width.fract() != 0.0
                    && (times - whole).abs() <= whole.abs() * 2.0 * f64::EPSILON;
                multiple(if near { whole } else { times.floor() }, *width)
            }
            Buckets::Log { coefficient, base } => {
                if n < *coefficient {
                    return 0.0;
                }
                let mut power = ((n / coefficient).ln() / base.ln()).floor();
                // Logarithms of whole powers may fall short by their rounding.
                if coefficient * base.powf(power + 1.0) <= n {
                    power += 1.0;
                }
                clean(coefficient * base.powf(power))
            }
        }
    }

    pub(crate) fn next(&self, start: f64) -> f64 {
        match self {
            Buckets::Time(time) => time.next(start),
            Buckets::Width(width) => multiple((start / width).round() + 1.0, *width),
            Buckets::Log { coefficient, .. } if start < *coefficient => *coefficient,
            Buckets::Log { base, .. } => clean(start * base),
        }
    }

    /// A bucket as a value: a time stays a time, a range of numbers is text.
    pub(crate) fn label(&self, start: f64) -> Val<'static> {
        match self {
            Buckets::Time(_) => Val::Num(start),
            _ => Val::str(format!("{}-{}", fmt_num(start), fmt_num(self.next(start)))),
        }
    }

    /// The start of a bucket from its value.
    pub(crate) fn start_of(&self, label: &Val<'_>) -> Option<f64> {
        if let Some(n) = label.num() {
            return Some(n);
        }
        let text = label.text()?;
        let dash = text.char_indices().skip(1).find(|(_, c)| *c == '-')?.0;
        crate::value::parse_num(text.get(..dash)?)
    }

    /// The kind of a bucketed column.
    pub(crate) fn ty(&self) -> Ty {
        match self {
            Buckets::Time(_) => Ty::Num,
            _ => Ty::Text,
        }
    }
}

/// So many times `width`, with no more decimals than `width` has.
fn multiple(times: f64, width: f64) -> f64 {
    let text = fmt_num(width);
    match text.split_once('.') {
        Some((_, decimals))
            if decimals.len() <= 12 && decimals.bytes().all(|b| b.is_ascii_digit()) =>
        {
            let scale = 10f64.powi(decimals.len() as i32);
            (times * width * scale).round() / scale
        }
        _ => clean(times * width),
    }
}

/// Without the noise of binary fractions.
fn clean(n: f64) -> f64 {
    fmt_num(n).parse().unwrap_or(n)
}

/// `2log5`, `log`: coefficient and base. Search Reference, bin, "log-span".
pub(crate) fn log_span(text: &str) -> Option<(f64, f64)> {
    let lower = text.to_ascii_lowercase();
    let (coefficient, base) = lower.split_once("log")?;
    let number = |t: &str, default: f64| match t {
        "" => Some(default),
        t => t.parse::<f64>().ok().filter(|n| n.is_finite()),
    };
    let (coefficient, base) = (number(coefficient, 1.0)?, number(base, 10.0)?);
    (coefficient >= 1.0 && base > 1.0 && coefficient < base).then_some((coefficient, base))
}

/// The buckets that `options` ask for over the numbers of `range` (asked for only when needed).
pub(crate) fn resolve(
    options: &BinOptions,
    time: bool,
    default_bins: usize,
    cx: &PlanCx<'_>,
    mut range: impl FnMut() -> Result<Option<(f64, f64)>, Failed>,
) -> Result<Buckets, Failed> {
    let bad =
        |text: &Spanned<String>, what: &str| {
            Failed::from(crate::codes::BAD_ARGUMENT.at(text.span, what.to_owned()).help(
                "write span=10 for numbers, span=1h or span=5m for times, span=log2 for powers",
            ))
        };
    if !time {
        if let Some(span) = &options.span {
            if let Some((coefficient, base)) = log_span(&span.value) {
                return Ok(Buckets::Log { coefficient, base });
            }
            // A span of time on a field of epoch times is so many seconds.
            let width = span.value.parse::<f64>().ok();
            let width = width.or_else(|| parse_span(&span.value).ok().map(|s| seconds(&s)));
            return match width {
                Some(width) if width > 0.0 && width.is_finite() => Ok(Buckets::Width(width)),
                _ => Err(bad(span, "this is no width of a range of numbers")),
            };
        }
        let (low, high) = range()?.unwrap_or((0.0, 0.0));
        // Both widen the range only; an end beyond the values is where the last bucket ends.
        let low = options.start.map_or(low, |start| low.min(start));
        let (high, open) = match options.end {
            Some(end) if end > high => (end, true),
            _ => (high, false),
        };
        let least = match &options.min_span {
            Some(text) => text
                .value
                .parse::<f64>()
                .map_err(|_| bad(text, "this is no width of a range of numbers"))?,
            None => 0.0,
        };
        let bins = options.bins.as_ref().map_or(default_bins, |b| b.value);
        return Ok(Buckets::Width(width_for(low, high, open, bins, least)));
    }
    let zone = &cx.env.zone;
    let time_span = |text: &Spanned<String>| {
        parse_span(&text.value).map_err(|e| bad(text, &format!("this is no span of time: {e}")))
    };
    let Some(span) = &options.span else {
        let least = options.min_span.as_ref().map(time_span).transpose()?;
        let bins = options.bins.as_ref().map_or(default_bins, |b| b.value);
        let (low, high) = range()?.unwrap_or((0.0, 0.0));
        let least = least.map_or(0.0, |s| seconds(&s));
        return Ok(Buckets::Time(TimeBuckets::choose((low, high), bins, least, zone)));
    };
    let span = time_span(span)?;
    let align = match &options.align {
        Some(align) => align_at(align, cx, range)?,
        None => 0.0,
    };
    Ok(Buckets::Time(TimeBuckets::new(span, align, zone)))
}

/// What `aligntime` says.
fn align_at(
    align: &Spanned<String>,
    cx: &PlanCx<'_>,
    mut range: impl FnMut() -> Result<Option<(f64, f64)>, Failed>,
) -> Result<f64, Failed> {
    let (env, asked): (&Env, _) = (cx.env, cx.range());
    let ends = |open: f64, first: bool, range: Option<(f64, f64)>| match range {
        _ if open.is_finite() && open > 0.0 => open,
        Some((low, high)) => {
            if first {
                low
            } else {
                high
            }
        }
        None => 0.0,
    };
    match align.value.to_ascii_lowercase().as_str() {
        "earliest" => Ok(ends(asked.earliest, true, range()?)),
        "latest" => Ok(ends(asked.latest, false, range()?)),
        text => match davy_spl::parse_time_modifier(text) {
            Ok(TimeModifier::Now) => Ok(env.now),
            Ok(_) => Ok(crate::timerange::parse_instant(text, env.now, &env.zone).unwrap_or(0.0)),
            Err(e) => Err(crate::codes::BAD_ARGUMENT
                .at(align.span, format!("`aligntime` is no point in time: {e}"))
                .help("write aligntime=earliest, aligntime=latest or aligntime=@d+3h")
                .into()),
        },
    }
}

/// The least power of ten that cuts the range into few enough. The end of an open range needs no
/// bucket of its own.
fn width_for(low: f64, high: f64, open: bool, bins: usize, least: f64) -> f64 {
    let range = high - low;
    let bins = bins.max(1) as f64;
    if range <= 0.0 || !range.is_finite() {
        return if least > 0.0 { least } else { 1.0 };
    }
    let mut width = 10f64.powf((range / bins).log10().floor());
    for _ in 0..8 {
        let last = if open { (high / width).ceil() } else { (high / width).floor() + 1.0 };
        let count = last - (low / width).floor();
        if count <= bins && width >= least {
            break;
        }
        width *= 10.0;
    }
    clean(width)
}

/// The least and the greatest number of a column.
pub(crate) fn extent(
    plan: &Plan,
    name: &str,
    cx: &PlanCx<'_>,
) -> Result<Option<(f64, f64)>, Failed> {
    let value = plan.column(name).float();
    let exprs = [expr_fn::min(value.clone()).alias("low"), expr_fn::max(value).alias("high")];
    let none: Vec<Expr> = Vec::new();
    let logical = LogicalPlanBuilder::from(plan.logical.clone()).aggregate(none, exprs)?.build()?;
    let rows = cx.rows(&Plan::new(logical))?;
    let row = rows.rows.first();
    Ok(row.and_then(|r| Some((r.first()?.num()?, r.get(1)?.num()?))))
}

#[cfg(test)]
mod tests {
    use super::{Buckets, TimeBuckets, log_span};
    use davy_spl::parse_span;
    use jiff::tz::TimeZone;

    fn time(span: &str, zone: &str) -> Option<TimeBuckets> {
        let span = parse_span(span).ok()?;
        Some(TimeBuckets::new(span, 0.0, &TimeZone::get(zone).ok()?))
    }

    #[test]
    fn days_follow_the_zone() -> Result<(), &'static str> {
        let days = time("1d", "Europe/Berlin").ok_or("a zone")?;
        // The last Sunday of March 2026 has 23 hours there.
        let start = days.floor(1_774_740_000.0);
        assert_eq!(start, 1_774_738_800.0);
        assert_eq!(days.next(start) - start, 23.0 * 3600.0);
        Ok(())
    }

    #[test]
    fn hours_meet_again_after_the_clocks_change() -> Result<(), &'static str> {
        let hours = time("4h", "Europe/Berlin").ok_or("a zone")?;
        let mut at = hours.floor(1_774_700_000.0);
        for _ in 0..12 {
            let next = hours.next(at);
            assert!(next > at);
            assert_eq!(hours.floor(next), next);
            at = next;
        }
        Ok(())
    }

    #[test]
    fn months_and_quarters() -> Result<(), &'static str> {
        // 2026-05-04
        let at = 1_777_890_000.0;
        let months = time("1mon", "UTC").ok_or("a zone")?;
        assert_eq!(months.floor(at), 1_777_593_600.0);
        assert_eq!(months.next(1_777_593_600.0), 1_780_272_000.0);
        let quarters = time("1q", "UTC").ok_or("a zone")?;
        assert_eq!(quarters.floor(at), 1_775_001_600.0);
        Ok(())
    }

    #[test]
    fn powers_start_on_themselves() {
        let log = Buckets::Log { coefficient: 1.0, base: 10.0 };
        for (n, start) in [(0.5, 0.0), (1.0, 1.0), (999.0, 100.0), (1000.0, 1000.0)] {
            assert_eq!(log.floor(n), start, "{n}");
        }
        assert_eq!(log_span("2log5"), Some((2.0, 5.0)));
        assert_eq!(log_span("log"), Some((1.0, 10.0)));
        assert_eq!(log_span("5log2"), None);
    }
}
