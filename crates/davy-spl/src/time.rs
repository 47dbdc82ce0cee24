//! Splunk's time modifiers (`-70m@m`, `@w1`, `now`) and spans (`1h`).
//!
//! Follows the Search Reference, "Time modifiers": an offset is applied first, then the snap,
//! then any further offsets; a missing count is 1.

use jiff::{SignedDuration, Timestamp, Zoned, civil};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TimeUnit {
    Microsecond,
    Millisecond,
    Centisecond,
    Decisecond,
    Second,
    Minute,
    Hour,
    Day,
    Week,
    Month,
    Quarter,
    Year,
}

#[derive(Debug, Clone, PartialEq)]
pub enum TimeModifier {
    Now,
    /// Seconds since 1970.
    Epoch(SignedDuration),
    /// `10/19/2009:0:0:0`, in the zone of `now`.
    Absolute(civil::DateTime),
    /// Steps from `now`, left to right.
    Relative(Vec<TimeStep>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimeStep {
    Add(i64, TimeUnit),
    /// Back to the start of the unit.
    Snap(TimeUnit),
    /// Back to a day of the week, 0 is Sunday.
    SnapWeekday(u8),
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TimeModifierError {
    #[error("a time such as `-1h`, `-1d@d`, `now` or `10/19/2024:00:00:00` is missing")]
    Empty,
    #[error("`{0}` is not a unit of time; units are s, m, h, d, w, mon, q, y")]
    Unit(String),
    #[error("`{0}` cannot stand in a time; write for example `-1h`, `-1d@d` or `now`")]
    Unexpected(String),
    #[error("`{0}` is out of range")]
    Range(String),
    #[error("`{0}` is too long; the longest is 10,000 years, `10000y`")]
    Long(String),
    #[error("`{0}` divides no second evenly; write whole seconds as `1s`, parts as `250ms`")]
    Uneven(String),
}

/// A length of time, as in `span=1h` or `maxspan=5m`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeSpan {
    pub count: i64,
    pub unit: TimeUnit,
    /// `5m@d`: where the spans start.
    pub snap: Option<TimeStep>,
}

impl TimeSpan {
    /// The most of a unit that a span holds: 10,000 years, so that sums of it and a time are in
    /// reach of the calendar's arithmetic.
    fn most(unit: TimeUnit) -> i64 {
        const YEARS: i64 = 10_000;
        const SECONDS: i64 = YEARS * 365 * 86_400;
        match unit {
            TimeUnit::Microsecond => SECONDS * 1_000_000,
            TimeUnit::Millisecond => SECONDS * 1_000,
            TimeUnit::Centisecond => SECONDS * 100,
            TimeUnit::Decisecond => SECONDS * 10,
            TimeUnit::Second => SECONDS,
            TimeUnit::Minute => SECONDS / 60,
            TimeUnit::Hour => SECONDS / 3_600,
            TimeUnit::Day => SECONDS / 86_400,
            TimeUnit::Week => SECONDS / (7 * 86_400),
            TimeUnit::Month => YEARS * 12,
            TimeUnit::Quarter => YEARS * 4,
            TimeUnit::Year => YEARS,
        }
    }

    /// The length if it is always the same; a month, quarter or year is not.
    pub fn fixed(&self) -> Option<SignedDuration> {
        let micros: i64 = match self.unit {
            TimeUnit::Microsecond => 1,
            TimeUnit::Millisecond => 1_000,
            TimeUnit::Centisecond => 10_000,
            TimeUnit::Decisecond => 100_000,
            TimeUnit::Second => 1_000_000,
            TimeUnit::Minute => 60_000_000,
            TimeUnit::Hour => 3_600_000_000,
            TimeUnit::Day => 86_400_000_000,
            TimeUnit::Week => 7 * 86_400_000_000,
            TimeUnit::Month | TimeUnit::Quarter | TimeUnit::Year => return None,
        };
        self.count.checked_mul(micros).map(SignedDuration::from_micros)
    }
}

/// Reads what `earliest=`, `latest=` and `relative_time()` take.
pub fn parse_time_modifier(text: &str) -> Result<TimeModifier, TimeModifierError> {
    let text = text.trim();
    if text.is_empty() {
        return Err(TimeModifierError::Empty);
    }
    if text.eq_ignore_ascii_case("now") || text.eq_ignore_ascii_case("now()") {
        return Ok(TimeModifier::Now);
    }
    if text.bytes().all(|b| b.is_ascii_digit() || b == b'.') {
        return epoch(text);
    }
    if text.contains('/') {
        return absolute(text);
    }
    // A real-time window has the same ends as a relative one at any one moment.
    let rest = strip_word(text, "rt").or_else(|| strip_word(text, "now")).unwrap_or(text);
    steps(rest).map(TimeModifier::Relative)
}

fn strip_word<'a>(text: &'a str, word: &str) -> Option<&'a str> {
    let head = text.get(..word.len())?;
    let rest = text.get(word.len()..)?;
    let ends = rest.is_empty() || rest.starts_with(['+', '-', '@']);
    (ends && head.eq_ignore_ascii_case(word)).then_some(rest)
}

fn epoch(text: &str) -> Result<TimeModifier, TimeModifierError> {
    let range = || TimeModifierError::Range(text.to_owned());
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    if part.contains('.') {
        return Err(TimeModifierError::Unexpected(text.to_owned()));
    }
    let seconds: i64 = if whole.is_empty() { 0 } else { whole.parse().map_err(|_| range())? };
    let digits: String = part.chars().chain(std::iter::repeat('0')).take(9).collect();
    let nanos: i32 = digits.parse().map_err(|_| range())?;
    let duration = SignedDuration::new(seconds, nanos);
    Timestamp::from_duration(duration).map_err(|_| range())?;
    Ok(TimeModifier::Epoch(duration))
}

/// `%m/%d/%Y:%H:%M:%S`, or with `%y`; the time of day may be left out or cut short.
fn absolute(text: &str) -> Result<TimeModifier, TimeModifierError> {
    let bad = || TimeModifierError::Unexpected(text.to_owned());
    let (date, clock) = text.split_once(':').unwrap_or((text, ""));
    let date: Vec<i16> =
        date.split('/').map(str::parse).collect::<Result<_, _>>().map_err(|_| bad())?;
    let clock: Vec<&str> = if clock.is_empty() { Vec::new() } else { clock.split(':').collect() };
    let &[month, day, mut year] = date.as_slice() else { return Err(bad()) };
    // `8/13/18`
    if (0..100).contains(&year) {
        year += if year < 69 { 2000 } else { 1900 };
    }
    if clock.len() > 3 {
        return Err(bad());
    }
    let part = |i: usize| clock.get(i).map_or(Ok(0i8), |t| t.parse().map_err(|_| bad()));
    let (second, fraction) = match clock.get(2).and_then(|t| t.split_once('.')) {
        Some((second, fraction)) => (second.parse().map_err(|_| bad())?, fraction),
        None => (part(2)?, ""),
    };
    if !fraction.bytes().all(|b| b.is_ascii_digit()) {
        return Err(bad());
    }
    let digits: String = fraction.chars().chain(std::iter::repeat('0')).take(9).collect();
    let nanos: i32 = digits.parse().map_err(|_| bad())?;
    let (month, day) =
        (i8::try_from(month).map_err(|_| bad())?, i8::try_from(day).map_err(|_| bad())?);
    civil::DateTime::new(year, month, day, part(0)?, part(1)?, second, nanos)
        .map(TimeModifier::Absolute)
        .map_err(|_| TimeModifierError::Range(text.to_owned()))
}

fn steps(text: &str) -> Result<Vec<TimeStep>, TimeModifierError> {
    let mut steps = Vec::new();
    let mut rest = text.trim_start();
    while let Some(sign) = rest.chars().next() {
        rest = rest.get(sign.len_utf8()..).unwrap_or("");
        match sign {
            '+' | '-' => {
                let (count, after) = number(rest.trim_start())?;
                let (unit, after) = unit(after, count.is_some())?;
                let count = count.unwrap_or(1);
                steps.push(TimeStep::Add(if sign == '-' { -count } else { count }, unit));
                rest = after;
            }
            '@' => {
                let (step, after) = snap(rest)?;
                steps.push(step);
                rest = after;
            }
            _ => return Err(TimeModifierError::Unexpected(text.to_owned())),
        }
        rest = rest.trim_start();
    }
    Ok(steps)
}

fn number(text: &str) -> Result<(Option<i64>, &str), TimeModifierError> {
    let len = text.bytes().take_while(u8::is_ascii_digit).count();
    let (digits, rest) = text.split_at_checked(len).unwrap_or((text, ""));
    if digits.is_empty() {
        return Ok((None, rest));
    }
    let count = digits.parse().map_err(|_| TimeModifierError::Range(digits.to_owned()))?;
    Ok((Some(count), rest))
}

/// A unit's name; after a number it may be left out and means seconds.
fn unit(text: &str, optional: bool) -> Result<(TimeUnit, &str), TimeModifierError> {
    let len = text.bytes().take_while(u8::is_ascii_alphabetic).count();
    let (word, rest) = text.split_at_checked(len).unwrap_or((text, ""));
    if word.is_empty() && optional {
        return Ok((TimeUnit::Second, rest));
    }
    named(word).map(|unit| (unit, rest)).ok_or_else(|| TimeModifierError::Unit(word.to_owned()))
}

fn snap(text: &str) -> Result<(TimeStep, &str), TimeModifierError> {
    let (unit, rest) = unit(text, false)?;
    if unit == TimeUnit::Week
        && let Some(day) = rest.chars().next().and_then(|c| c.to_digit(10))
    {
        if day > 7 {
            return Err(TimeModifierError::Range(format!("@w{day}")));
        }
        // 7 is Sunday too.
        let rest = rest.get(1..).unwrap_or("");
        return Ok((TimeStep::SnapWeekday((day % 7) as u8), rest));
    }
    Ok((TimeStep::Snap(unit), rest))
}

fn named(word: &str) -> Option<TimeUnit> {
    Some(match word.to_ascii_lowercase().as_str() {
        "us" => TimeUnit::Microsecond,
        "ms" => TimeUnit::Millisecond,
        "cs" => TimeUnit::Centisecond,
        "ds" => TimeUnit::Decisecond,
        "s" | "sec" | "secs" | "second" | "seconds" => TimeUnit::Second,
        "m" | "min" | "mins" | "minute" | "minutes" => TimeUnit::Minute,
        "h" | "hr" | "hrs" | "hour" | "hours" => TimeUnit::Hour,
        "d" | "day" | "days" => TimeUnit::Day,
        "w" | "week" | "weeks" => TimeUnit::Week,
        "mon" | "month" | "months" => TimeUnit::Month,
        "q" | "qtr" | "qtrs" | "quarter" | "quarters" => TimeUnit::Quarter,
        "y" | "yr" | "yrs" | "year" | "years" => TimeUnit::Year,
        _ => return None,
    })
}

/// Reads `1h`, `5m@d`, `mon`, `30` (seconds).
pub fn parse_span(text: &str) -> Result<TimeSpan, TimeModifierError> {
    let text = text.trim();
    if text.is_empty() {
        return Err(TimeModifierError::Empty);
    }
    let (count, rest) = number(text).map_err(|_| TimeModifierError::Long(text.to_owned()))?;
    let (unit, rest) = unit(rest, count.is_some())?;
    let (snap, rest) = match rest.strip_prefix('@') {
        Some(rest) => snap(rest).map(|(step, rest)| (Some(step), rest))?,
        None => (None, rest),
    };
    if !rest.is_empty() {
        return Err(TimeModifierError::Unexpected(text.to_owned()));
    }
    let count = count.unwrap_or(1);
    if count == 0 {
        return Err(TimeModifierError::Range(text.to_owned()));
    }
    if count > TimeSpan::most(unit) {
        return Err(TimeModifierError::Long(text.to_owned()));
    }
    Ok(TimeSpan { count, unit, snap })
}

/// A span of buckets: one shorter than a second divides it evenly. Search Reference, bin,
/// "Subsecond bin time spans".
pub fn parse_bin_span(text: &str) -> Result<TimeSpan, TimeModifierError> {
    let span = parse_span(text)?;
    let units = match span.unit {
        TimeUnit::Decisecond => 10,
        TimeUnit::Centisecond => 100,
        TimeUnit::Millisecond => 1_000,
        TimeUnit::Microsecond => 1_000_000,
        _ => return Ok(span),
    };
    match span.count < units && units % span.count == 0 {
        true => Ok(span),
        false => Err(TimeModifierError::Uneven(text.to_owned())),
    }
}

impl TimeModifier {
    /// The moment that is meant, `now` being the present. A moment before or after what can be
    /// represented becomes the earliest or latest one.
    pub fn resolve(&self, now: Zoned) -> Timestamp {
        match self {
            Self::Now => now.timestamp(),
            Self::Epoch(since) => Timestamp::from_duration(*since).unwrap_or(Timestamp::MAX),
            Self::Absolute(at) => at
                .to_zoned(now.time_zone().clone())
                .map_or(Timestamp::MAX, |zoned| zoned.timestamp()),
            Self::Relative(steps) => {
                let mut at = now;
                for step in steps {
                    match step.apply(&at) {
                        Ok(next) => at = next,
                        Err(_) if step.is_back() => return Timestamp::MIN,
                        Err(_) => return Timestamp::MAX,
                    }
                }
                at.timestamp()
            }
        }
    }
}

impl TimeStep {
    fn is_back(self) -> bool {
        !matches!(self, Self::Add(count, _) if count > 0)
    }

    fn apply(self, at: &Zoned) -> Result<Zoned, jiff::Error> {
        match self {
            Self::Add(count, unit) => add(at, count, unit),
            Self::Snap(TimeUnit::Week) => weekday(at, 0),
            Self::Snap(unit) => start_of(at, unit),
            Self::SnapWeekday(day) => weekday(at, day),
        }
    }
}

fn add(at: &Zoned, count: i64, unit: TimeUnit) -> Result<Zoned, jiff::Error> {
    let times = |n: i64| count.saturating_mul(n);
    let span = jiff::Span::new();
    let span = match unit {
        TimeUnit::Microsecond => span.try_microseconds(count)?,
        TimeUnit::Millisecond => span.try_milliseconds(count)?,
        TimeUnit::Centisecond => span.try_milliseconds(times(10))?,
        TimeUnit::Decisecond => span.try_milliseconds(times(100))?,
        TimeUnit::Second => span.try_seconds(count)?,
        TimeUnit::Minute => span.try_minutes(count)?,
        TimeUnit::Hour => span.try_hours(count)?,
        TimeUnit::Day => span.try_days(count)?,
        TimeUnit::Week => span.try_weeks(count)?,
        TimeUnit::Month => span.try_months(count)?,
        TimeUnit::Quarter => span.try_months(times(3))?,
        TimeUnit::Year => span.try_years(count)?,
    };
    at.checked_add(span)
}

fn start_of(at: &Zoned, unit: TimeUnit) -> Result<Zoned, jiff::Error> {
    let nanos = |step: i32| {
        let cut = at.subsec_nanosecond() / step * step;
        at.with().subsec_nanosecond(cut).build()
    };
    match unit {
        TimeUnit::Microsecond => nanos(1_000),
        TimeUnit::Millisecond => nanos(1_000_000),
        TimeUnit::Centisecond => nanos(10_000_000),
        TimeUnit::Decisecond => nanos(100_000_000),
        TimeUnit::Second => nanos(1_000_000_000),
        TimeUnit::Minute => at.with().second(0).subsec_nanosecond(0).build(),
        TimeUnit::Hour => at.with().minute(0).second(0).subsec_nanosecond(0).build(),
        TimeUnit::Day => at.start_of_day(),
        TimeUnit::Week => weekday(at, 0),
        TimeUnit::Month => at.with().day(1).build()?.start_of_day(),
        TimeUnit::Quarter => {
            let month = (at.month() - 1) / 3 * 3 + 1;
            at.with().day(1).month(month).build()?.start_of_day()
        }
        TimeUnit::Year => at.with().day(1).month(1).build()?.start_of_day(),
    }
}

/// Back to the start of the last day `day` (0 is Sunday), today included.
fn weekday(at: &Zoned, day: u8) -> Result<Zoned, jiff::Error> {
    let today = at.weekday().to_sunday_zero_offset();
    let back = (i64::from(today) - i64::from(day)).rem_euclid(7);
    at.checked_sub(jiff::Span::new().try_days(back)?)?.start_of_day()
}
