//! Reading times by a format.

use super::{DAYS, MONTHS, Piece, Pieces, expansion, zoned};
use jiff::civil::{Date, ISOWeekDate, Time, Weekday};
use jiff::tz::{Offset, TimeZone};

/// What has been read so far.
#[derive(Debug, Default)]
struct Parts {
    year: Option<i16>,
    century: Option<i16>,
    month: Option<i8>,
    day: Option<i8>,
    yday: Option<i16>,
    /// Days since Sunday.
    weekday: Option<i8>,
    /// `%U` or `%W`, and the weekday that its weeks begin with.
    week: Option<(i16, i8)>,
    iso_year: Option<i16>,
    iso_week: Option<i8>,
    hour: Option<i8>,
    hour12: Option<i8>,
    afternoon: Option<bool>,
    minute: Option<i8>,
    second: Option<i8>,
    nanos: i32,
    epoch: Option<i64>,
    zone: Option<TimeZone>,
}

/// Reads a time by a format, in seconds since 1970. Text after the end of the format is left
/// alone, as C's `strptime` does. Without a date it is today; a month or a year without a day is no
/// date.
pub fn strptime(text: &str, format: &str, zone: &TimeZone, now: f64) -> Option<f64> {
    let mut parts = Parts::default();
    read_all(text, format, &mut parts)?;
    parts.resolve(zone, now)
}

fn read_all<'t>(text: &'t str, format: &str, parts: &mut Parts) -> Option<&'t str> {
    let mut rest = text;
    let mut pieces = Pieces { rest: format };
    while let Some(piece) = pieces.next() {
        rest = match piece {
            Piece::Text(expected) => match literal(rest, expected) {
                Some(after) => after,
                // `%S.%N` also reads whole seconds (Search Reference, strptime, extended example).
                None => {
                    let after = literal(rest, expected.strip_suffix('.')?)?;
                    match pieces.next()? {
                        Piece::Variable { letter: 'N' | 'Q' | 'q' | 'f', .. } => after,
                        _ => return None,
                    }
                }
            },
            // `%s%3N` reads milliseconds since 1970: the last three digits are the fraction's.
            Piece::Variable { letter: 's', .. } => {
                let kept = match { pieces }.next() {
                    Some(Piece::Variable { letter: 'N', width, .. }) => width.unwrap_or(9),
                    Some(Piece::Variable { letter: 'Q' | 'q', width, .. }) => width.unwrap_or(3),
                    Some(Piece::Variable { letter: 'f', width, .. }) => width.unwrap_or(6),
                    _ => 0,
                };
                epoch(rest, kept, parts)?
            }
            Piece::Variable { width, letter, .. } => match letter {
                'N' | 'Q' | 'q' | 'f' => {
                    let ends = pieces.rest.chars().next().is_none_or(|c| c != '%');
                    fraction(rest, width, ends, parts)?
                }
                _ => match expansion(letter) {
                    Some(format) => read_all(rest, format, parts)?,
                    None => variable(rest, letter, parts)?,
                },
            },
        };
    }
    Some(rest)
}

/// A blank in the format stands for any blanks, also none.
fn literal<'t>(mut rest: &'t str, expected: &str) -> Option<&'t str> {
    for c in expected.chars() {
        rest = match c.is_whitespace() {
            true => rest.trim_start(),
            false => rest.strip_prefix(c)?,
        };
    }
    Some(rest)
}

fn fraction<'t>(
    rest: &'t str,
    width: Option<usize>,
    ends: bool,
    parts: &mut Parts,
) -> Option<&'t str> {
    let all = rest.bytes().take_while(u8::is_ascii_digit).count();
    let used = all.min(width.unwrap_or(9)).min(9);
    let digits = rest.get(..used).filter(|d| !d.is_empty())?;
    let n: i32 = digits.parse().ok()?;
    parts.nanos = n * 10i32.pow(9 - used as u32);
    // Digits beyond the width are dropped where nothing else can want them.
    rest.get(if ends { all } else { used }..)
}

/// Up to `width` digits, after blanks.
fn number(rest: &str, width: usize, low: i64, high: i64) -> Option<(i64, &str)> {
    let rest = rest.trim_start();
    let digits = rest.bytes().take(width).take_while(u8::is_ascii_digit).count();
    let n: i64 = rest.get(..digits)?.parse().ok()?;
    (low..=high).contains(&n).then_some((n, rest.get(digits..)?))
}

/// The place of a name in `names`, whole or its first three letters.
fn name<'t>(rest: &'t str, names: &[&str]) -> Option<(i8, &'t str)> {
    let rest = rest.trim_start();
    let starts = |name: &str| {
        rest.get(..name.len()).filter(|t| t.eq_ignore_ascii_case(name)).and(rest.get(name.len()..))
    };
    let (i, after) = names.iter().enumerate().find_map(|(i, name)| {
        starts(name).or_else(|| starts(name.get(..3)?)).map(|after| (i, after))
    })?;
    Some((i8::try_from(i).ok()?, after))
}

fn variable<'t>(rest: &'t str, letter: char, parts: &mut Parts) -> Option<&'t str> {
    let small = |width: usize, low: i64, high: i64| {
        number(rest, width, low, high).map(|(n, rest)| (n as i8, rest))
    };
    let wide = |width: usize, low: i64, high: i64| {
        number(rest, width, low, high).map(|(n, rest)| (n as i16, rest))
    };
    macro_rules! take {
        ($field:ident, $read:expr) => {{
            let (n, after) = $read?;
            parts.$field = Some(n);
            after
        }};
    }
    Some(match letter {
        'Y' | 'o' => take!(year, wide(4, 0, 9999)),
        'C' => take!(century, wide(2, 0, 99)),
        'y' => {
            let (n, after) = wide(2, 0, 99)?;
            parts.year = Some(if n < 69 { 2000 + n } else { 1900 + n });
            after
        }
        'm' => take!(month, small(2, 1, 12)),
        'd' | 'e' => take!(day, small(2, 1, 31)),
        'j' => take!(yday, wide(3, 1, 366)),
        'H' | 'k' => take!(hour, small(2, 0, 23)),
        'I' | 'l' => take!(hour12, small(2, 1, 12)),
        'M' => take!(minute, small(2, 0, 59)),
        'S' => take!(second, small(2, 0, 60)),
        'G' => take!(iso_year, wide(4, 0, 9999)),
        'V' => take!(iso_week, small(2, 1, 53)),
        'g' => {
            let (n, after) = wide(2, 0, 99)?;
            parts.iso_year = Some(2000 + n);
            after
        }
        'U' | 'W' => {
            let (n, after) = wide(2, 0, 53)?;
            parts.week = Some((n, i8::from(letter == 'W')));
            after
        }
        'u' => {
            let (n, after) = small(1, 1, 7)?;
            parts.weekday = Some(n % 7);
            after
        }
        'w' => take!(weekday, small(1, 0, 6)),
        'a' | 'A' => take!(weekday, name(rest, &DAYS)),
        'b' | 'B' | 'h' => take!(month, name(rest, &MONTHS).map(|(i, after)| (i + 1, after))),
        'p' | 'P' => {
            let rest = rest.trim_start();
            let half = rest.get(..2)?;
            parts.afternoon = Some(match half {
                _ if half.eq_ignore_ascii_case("am") => false,
                _ if half.eq_ignore_ascii_case("pm") => true,
                _ => return None,
            });
            rest.get(2..)?
        }
        'z' => take!(zone, offset(rest)),
        'Z' => take!(zone, zone_name(rest)),
        'n' | 't' => rest.trim_start(),
        '%' => rest.strip_prefix('%')?,
        _ => return None,
    })
}

/// Seconds since 1970, without the last `kept` digits, but ten digits where there are as many.
fn epoch<'t>(rest: &'t str, kept: usize, parts: &mut Parts) -> Option<&'t str> {
    let rest = rest.trim_start();
    let (sign, digits) = rest.strip_prefix('-').map_or((1, rest), |after| (-1, after));
    let all = digits.bytes().take_while(u8::is_ascii_digit).count();
    let (n, after) =
        number(digits, all.saturating_sub(kept).max(all.min(10)).min(12), 0, i64::MAX)?;
    parts.epoch = Some(sign * n);
    Some(after)
}

/// `+hhmm`, `+hh:mm`, `+hh:mm:ss`, `+hh`, `Z`.
fn offset(rest: &str) -> Option<(TimeZone, &str)> {
    let rest = rest.trim_start();
    if let Some(after) = rest.strip_prefix(['Z', 'z']) {
        return Some((TimeZone::UTC, after));
    }
    let (sign, mut rest) = match rest.strip_prefix('-') {
        Some(after) => (-1, after),
        None => (1, rest.strip_prefix('+')?),
    };
    let mut seconds = 0;
    for (unit, high) in [(3600, 25), (60, 59), (1, 59)] {
        let digits = rest.strip_prefix(':').filter(|_| unit != 3600).unwrap_or(rest);
        let two = digits.get(..2).filter(|d| d.bytes().all(|b| b.is_ascii_digit()));
        let Some(n) = two.and_then(|d| d.parse::<i32>().ok()).filter(|n| *n <= high) else {
            if unit == 3600 {
                return None;
            }
            break;
        };
        seconds += n * unit;
        rest = digits.get(2..)?;
    }
    let offset = Offset::from_seconds(sign * seconds).ok()?;
    Some((TimeZone::fixed(offset), rest))
}

/// The hours from UTC of the names that Splunk's own documentation uses.
const ABBREVIATIONS: &[(&str, i8)] = &[
    ("UTC", 0),
    ("GMT", 0),
    ("UCT", 0),
    ("Z", 0),
    ("EST", -5),
    ("EDT", -4),
    ("CST", -6),
    ("CDT", -5),
    ("MST", -7),
    ("MDT", -6),
    ("PST", -8),
    ("PDT", -7),
    ("AKST", -9),
    ("AKDT", -8),
    ("HST", -10),
    ("WET", 0),
    ("WEST", 1),
    ("BST", 1),
    ("CET", 1),
    ("CEST", 2),
    ("EET", 2),
    ("EEST", 3),
    ("MSK", 3),
    ("JST", 9),
    ("KST", 9),
    ("AEST", 10),
    ("AEDT", 11),
];

fn zone_name(rest: &str) -> Option<(TimeZone, &str)> {
    let rest = rest.trim_start();
    if rest.starts_with(['+', '-']) {
        return offset(rest);
    }
    let length = rest
        .bytes()
        .take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'/' | b'_' | b'+' | b'-'))
        .count();
    let (name, after) = rest.split_at_checked(length)?;
    let known = ABBREVIATIONS.iter().find(|(n, _)| n.eq_ignore_ascii_case(name));
    let zone = match known {
        Some((_, hours)) => TimeZone::fixed(jiff::tz::offset(*hours)),
        None => TimeZone::get(name).ok()?,
    };
    Some((zone, after))
}

impl Parts {
    fn resolve(self, zone: &TimeZone, now: f64) -> Option<f64> {
        let fraction = f64::from(self.nanos) / 1e9;
        if let Some(epoch) = self.epoch {
            return Some(micros(epoch as f64 + fraction));
        }
        let zone = self.zone.as_ref().unwrap_or(zone);
        let date = self.date(zone, now)?;
        let hour = match (self.hour, self.hour12, self.afternoon) {
            (Some(h), ..) => h,
            (None, Some(h), afternoon) => h % 12 + if afternoon == Some(true) { 12 } else { 0 },
            (None, None, _) => 0,
        };
        let second = self.second.unwrap_or(0);
        let time = Time::new(hour, self.minute.unwrap_or(0), second.min(59), 0).ok()?;
        let at = zone.to_zoned(date.to_datetime(time)).ok()?.timestamp().as_second();
        // A leap second is the second after it.
        Some(micros((at + i64::from(second == 60)) as f64 + fraction))
    }

    fn date(&self, zone: &TimeZone, now: f64) -> Option<Date> {
        let today = zoned(now, zone)?.date();
        let year = match (self.year, self.century) {
            (Some(y), Some(c)) => Some(c * 100 + y % 100),
            (Some(y), None) => Some(y),
            (None, Some(c)) => Some(c * 100),
            (None, None) => None,
        };
        let dated = year.unwrap_or_else(|| today.year());
        if let (Some(year), Some(week), Some(day)) = (self.iso_year, self.iso_week, self.weekday) {
            let day = Weekday::from_sunday_zero_offset(day).ok()?;
            return ISOWeekDate::new(year, week, day).ok().map(|d| d.date());
        }
        if let Some(yday) = self.yday {
            return days_after(first_day(dated)?, i64::from(yday) - 1);
        }
        match (self.month, self.day) {
            (Some(month), Some(day)) => Date::new(dated, month, day).ok(),
            (None, Some(day)) if year.is_none() => Date::new(today.year(), today.month(), day).ok(),
            (None, None) => match (self.week, self.weekday) {
                (Some((week, starts)), Some(day)) => of_week(dated, week, starts, day),
                _ if year.is_none() => Some(today),
                _ => None,
            },
            _ => None,
        }
    }
}

fn first_day(year: i16) -> Option<Date> {
    Date::new(year, 1, 1).ok()
}

/// The day of `%U` or `%W`: week 1 begins with the first Sunday or Monday of the year.
fn of_week(year: i16, week: i16, starts: i8, weekday: i8) -> Option<Date> {
    let first = first_day(year)?;
    let lead = i64::from(first.weekday().to_sunday_zero_offset() - starts).rem_euclid(7);
    let into = i64::from(weekday - starts).rem_euclid(7);
    // The days from the first of January to the start of week 1.
    let start = (7 - lead) % 7;
    let days = start + (i64::from(week) - 1) * 7 + into;
    days_after(first, days)
}

fn days_after(day: Date, days: i64) -> Option<Date> {
    day.checked_add(jiff::Span::new().try_days(days).ok()?).ok()
}

fn micros(seconds: f64) -> f64 {
    (seconds * 1e6).round() / 1e6
}

#[cfg(test)]
mod tests {
    use super::strptime;
    use jiff::tz::TimeZone;

    /// 2026-05-04T12:00:00Z.
    const NOW: f64 = 1_777_896_000.0;

    fn read(text: &str, format: &str) -> Option<f64> {
        strptime(text, format, &TimeZone::UTC, NOW)
    }

    #[test]
    fn times_are_read() {
        for (text, format, epoch) in [
            ("2026-05-04 12:00:00", "%Y-%m-%d %H:%M:%S", NOW),
            ("2026-05-04T12:00:00.250Z", "%Y-%m-%dT%H:%M:%S.%3NZ", NOW + 0.25),
            ("2026-05-04T12:00:00.250999Z", "%FT%T.%3NZ", NOW + 0.25),
            ("2026-05-04T14:00:00+02:00", "%FT%T%:z", NOW),
            ("2026-05-04T07:00:00-0500", "%FT%T%z", NOW),
            ("2026-05-04 07:00:00 EST", "%F %T %Z", NOW),
            ("4 may 2026 12:00", "%d %B %Y %H:%M", NOW),
            ("05/04/26 12:00:00 PM", "%m/%d/%y %I:%M:%S %p", NOW),
            ("12:00", "%H:%M", NOW),
            ("1777896000.5", "%s.%Q", NOW + 0.5),
            ("Mon May 4 12:00:00 2026", "%a %B %d %H:%M:%S.%N %Y", NOW),
            ("2026 124 12", "%Y %j %H", NOW),
            ("2026-05-04 12:00:00 and more", "%F %T", NOW),
            ("1-2-1970", "%d-%m-%Y", 31.0 * 86400.0),
        ] {
            assert_eq!(read(text, format), Some(epoch), "{text} {format}");
        }
    }

    #[test]
    fn what_does_not_fit_is_nothing() {
        for (text, format) in [
            ("", "%Y"),
            ("2026-13-04", "%Y-%m-%d"),
            ("2026-02-30", "%Y-%m-%d"),
            ("2026/05/04", "%Y-%m-%d"),
            ("2026-05", "%Y-%m"),
            ("25:00", "%H:%M"),
            ("é", "%p"),
            ("Möy 4 2026", "%b %d %Y"),
            ("+é", "%z"),
        ] {
            assert_eq!(read(text, format), None, "{text} {format}");
        }
    }
}
