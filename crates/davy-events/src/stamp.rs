//! Timestamps in text, to epoch seconds. Times without a zone are UTC.

const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
/// As far into an event as a timestamp is looked for.
const LOOKAHEAD: usize = 128;
/// 2000 to 2100.
const CENTURY: std::ops::Range<f64> = 946_684_800.0..4_102_444_800.0;

/// Days from 1970-01-01, by the proleptic Gregorian calendar.
pub(crate) fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// Year, month, day of a day since 1970-01-01.
pub(crate) fn civil(day: i64) -> (i64, i64, i64) {
    let day = day + 719_468;
    let era = day.div_euclid(146_097);
    let of_era = day.rem_euclid(146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (era * 400 + year + i64::from(month <= 2), month, day)
}

struct Scan<'a> {
    text: &'a [u8],
    at: usize,
    /// Seconds east, where a zone was read.
    east: Option<f64>,
}

impl Scan<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn eat(&mut self, any: &[u8]) -> Option<u8> {
        let byte = self.peek().filter(|b| any.contains(b))?;
        self.at += 1;
        Some(byte)
    }

    fn number(&mut self, least: usize, most: usize) -> Option<i64> {
        let mut value = 0;
        let mut count = 0;
        while count < most
            && let Some(byte) = self.peek().filter(u8::is_ascii_digit)
        {
            value = value * 10 + i64::from(byte - b'0');
            self.at += 1;
            count += 1;
        }
        (count >= least).then_some(value)
    }

    fn month_name(&mut self) -> Option<i64> {
        let word = self.text.get(self.at..self.at + 3)?;
        let month = MONTHS.iter().position(|m| word.eq_ignore_ascii_case(m.as_bytes()))?;
        self.at += 3;
        // The rest of a long name.
        while self.peek().is_some_and(|b| b.is_ascii_alphabetic()) {
            self.at += 1;
        }
        Some(month as i64 + 1)
    }

    fn fraction(&mut self) -> f64 {
        let mark = self.at;
        if self.eat(b".,").is_none() || !self.peek().is_some_and(|b| b.is_ascii_digit()) {
            self.at = mark;
            return 0.0;
        }
        let (mut value, mut unit) = (0.0, 1.0);
        while let Some(byte) = self.peek().filter(u8::is_ascii_digit) {
            if unit < 1e9 {
                value = value * 10.0 + f64::from(byte - b'0');
                unit *= 10.0;
            }
            self.at += 1;
        }
        value / unit
    }

    /// `hh:mm[:ss[.fff]][ AM| PM]`, in seconds.
    fn clock(&mut self) -> Option<f64> {
        let mut hour = self.number(1, 2)?;
        self.eat(b":")?;
        let minute = self.number(2, 2)?;
        let mut second = 0;
        let mut fraction = 0.0;
        if self.eat(b":").is_some() {
            second = self.number(2, 2)?;
            fraction = self.fraction();
        }
        let mark = self.at;
        let _ = self.eat(b" ");
        let half = self.text.get(self.at..self.at + 2).map(<[u8]>::to_ascii_lowercase);
        match half.as_deref() {
            Some(b"am") => hour = if hour == 12 { 0 } else { hour },
            Some(b"pm") => hour = if hour < 12 { hour + 12 } else { hour },
            _ => self.at = mark,
        }
        if matches!(half.as_deref(), Some(b"am" | b"pm")) {
            self.at += 2;
        }
        let fits = hour < 24 && minute < 60 && second < 61;
        fits.then_some((hour * 3600 + minute * 60 + second) as f64 + fraction)
    }

    /// `Z`, `UTC`, `+hh[:]mm`, or nothing, in seconds east.
    fn zone(&mut self) -> f64 {
        if self.eat(b"Zz").is_some() {
            self.east = Some(0.0);
            return 0.0;
        }
        let mark = self.at;
        let _ = self.eat(b" ");
        if let Some(sign) = self.eat(b"+-")
            && let Some(hours) = self.number(2, 2)
        {
            let _ = self.eat(b":");
            let minutes = self.number(2, 2).unwrap_or(0);
            let east = (hours * 3600 + minutes * 60) as f64;
            let east = if sign == b'-' { -east } else { east };
            self.east = Some(east);
            return east;
        }
        self.at = mark;
        0.0
    }
}

fn date(year: i64, month: i64, day: i64) -> Option<f64> {
    let fits =
        (1..=12).contains(&month) && (1..=31).contains(&day) && (1601..10_000).contains(&year);
    fits.then(|| days(year, month, day) as f64 * 86_400.0)
}

/// `2026-05-04T09:12:33.123Z`, with `/` or a space as well, or the date alone.
fn iso(scan: &mut Scan<'_>) -> Option<f64> {
    let year = scan.number(4, 4)?;
    let mark = scan.eat(b"-/")?;
    let month = scan.number(1, 2)?;
    scan.eat(&[mark])?;
    let day = scan.number(1, 2)?;
    let start = date(year, month, day)?;
    let mark = scan.at;
    // `date=2026-05-04 time=09:12:33`, with quotes around each or without.
    let _ = scan.eat(b"\"");
    if scan.text.get(scan.at..).is_some_and(|rest| rest.starts_with(b" time=")) {
        scan.at += b" time=".len();
        let _ = scan.eat(b"\"");
        if let Some(clock) = scan.clock() {
            return Some(start + clock);
        }
    }
    scan.at = mark;
    if scan.eat(b"Tt ").is_none() {
        return Some(start);
    }
    match scan.clock() {
        Some(clock) => Some(start + clock - scan.zone()),
        None => {
            scan.at = mark;
            Some(start)
        }
    }
}

/// `05/04/2026 09:12:33 AM`, with `-` as Splunk's own logs have it.
fn american(scan: &mut Scan<'_>) -> Option<f64> {
    let month = scan.number(1, 2)?;
    let mark = scan.eat(b"/-")?;
    let day = scan.number(1, 2)?;
    scan.eat(&[mark])?;
    let year = scan.number(4, 4)?;
    let start = date(year, month, day)?;
    // Log Analytics puts a comma between.
    let _ = scan.eat(b",");
    scan.eat(b" T")?;
    Some(start + scan.clock()? - scan.zone())
}

/// `05/04-09:12:33.123456`, as Snort writes it, with a year before it or the latest that has been.
fn snort(scan: &mut Scan<'_>, now: f64) -> Option<f64> {
    let mut parts = [scan.number(2, 2)?, 0, 0];
    scan.eat(b"/")?;
    parts[1] = scan.number(2, 2)?;
    let with_year = scan.eat(b"/").is_some();
    if with_year {
        parts[2] = scan.number(2, 2)?;
    }
    scan.eat(b"-")?;
    let clock = scan.clock()?;
    match parts {
        [month, day, _] if !with_year => past(month, day, clock, now),
        [year, month, day] if year > 12 => Some(date(2000 + year, month, day)? + clock),
        [month, day, year] => Some(date(2000 + year, month, day)? + clock),
    }
}

/// The latest time on this day of a year that has been.
fn past(month: i64, day: i64, clock: f64, now: f64) -> Option<f64> {
    let (year, _, _) = civil((now / 86_400.0) as i64);
    let time = date(year, month, day)? + clock;
    if time > now + 86_400.0 { Some(date(year - 1, month, day)? + clock) } else { Some(time) }
}

/// `04/May/2026:09:12:33 +0000` and `04 May 2026 09:12:33`
fn named(scan: &mut Scan<'_>) -> Option<f64> {
    let day = scan.number(1, 2)?;
    let mark = scan.eat(b"/ -")?;
    let month = scan.month_name()?;
    scan.eat(&[mark])?;
    let year = scan.number(4, 4)?;
    scan.eat(b": ")?;
    Some(date(year, month, day)? + scan.clock()? - scan.zone())
}

/// `May  4 09:12:33`, with or without the year after it; the latest such time that has been.
fn syslog(scan: &mut Scan<'_>, now: f64) -> Option<f64> {
    let month = scan.month_name()?;
    scan.eat(b" ")?;
    while scan.eat(b" ").is_some() {}
    let day = scan.number(1, 2)?;
    let _ = scan.eat(b",");
    scan.eat(b" ")?;
    let mark = scan.at;
    if let Some(year) = scan.number(4, 4)
        && scan.eat(b" ").is_some()
    {
        // Kibana puts an at sign between: `May 4, 2026 @ 09:12:33.123`.
        if scan.eat(b"@").is_some() {
            scan.eat(b" ")?;
        }
        return Some(date(year, month, day)? + scan.clock()? - scan.zone());
    }
    scan.at = mark;
    let clock = scan.clock()?;
    let after = scan.at;
    // `May 4 09:12:33 2026`
    if scan.eat(b" ").is_some()
        && let Some(year) = scan.number(4, 4).filter(|y| (1970..2100).contains(y))
        && !scan.peek().is_some_and(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'.')
    {
        return Some(date(year, month, day)? + clock);
    }
    scan.at = after;
    past(month, day, clock, now)
}

/// Seconds since 1970, or thousandths and so on, told by how many digits there are.
pub(crate) fn epoch(text: &str) -> Option<f64> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let rest = text.get(digits..)?;
    let fraction = rest.strip_prefix('.').is_some_and(|f| f.bytes().all(|b| b.is_ascii_digit()));
    if !rest.is_empty() && !fraction {
        return None;
    }
    let value: f64 = text.parse().ok()?;
    match digits {
        9..=11 => Some(value),
        12..=14 => Some(value / 1e3),
        15..=17 => Some(value / 1e6),
        18..=19 => Some(value / 1e9),
        _ => None,
    }
}

fn at_start(text: &[u8], now: f64) -> Option<f64> {
    scanned(text, now).map(|(time, _)| time)
}

/// The time that a text begins with, and what was read of it.
fn scanned(text: &[u8], now: f64) -> Option<(f64, Scan<'_>)> {
    let try_one = |read: &dyn Fn(&mut Scan<'_>) -> Option<f64>| {
        let mut scan = Scan { text, at: 0, east: None };
        read(&mut scan).map(|time| (time, scan))
    };
    try_one(&iso)
        .or_else(|| try_one(&american))
        .or_else(|| try_one(&named))
        .or_else(|| try_one(&|scan| syslog(scan, now)))
        .or_else(|| try_one(&|scan| snort(scan, now)))
}

/// Where in an event's text its time stands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stamp {
    /// In bytes; the end is behind it.
    pub from: usize,
    pub to: usize,
    /// Seconds east of Greenwich, where the text says it.
    pub east: Option<f64>,
}

/// As far as a stamp is looked for.
const FAR: usize = 1 << 16;

/// Where a text states this time, if it does.
pub fn stamp_of(text: &str, time: f64) -> Option<Stamp> {
    let bytes = text.as_bytes();
    let is_it = |found: f64| (found - time).abs() < 1e-3;
    let mut before = b' ';
    for (from, byte) in bytes.iter().enumerate().take(FAR) {
        if !before.is_ascii_alphanumeric() && byte.is_ascii_alphanumeric() {
            let rest = bytes.get(from..).unwrap_or_default();
            if let Some((_, scan)) = scanned(rest, time).filter(|(found, _)| is_it(*found)) {
                return Some(Stamp { from, to: from + scan.at, east: scan.east });
            }
            let digits = rest.iter().take_while(|b| b.is_ascii_digit() || **b == b'.').count();
            let number = text.get(from..from + digits).map(|t| t.trim_end_matches('.'));
            if let Some(number) = number.filter(|n| n.len() >= 9)
                && epoch(number).is_some_and(is_it)
            {
                return Some(Stamp { from, to: from + number.len(), east: Some(0.0) });
            }
        }
        before = *byte;
    }
    let (found, scan) = clock_alone(bytes, time)?;
    is_it(found).then_some(Stamp { from: 0, to: scan.at, east: None })
}

/// `2026-05-04T09:12:33.123456+00:00` of a number of microseconds since 1970.
pub(crate) fn iso_text(micros: i64) -> String {
    let (seconds, micros) = (micros.div_euclid(1_000_000), micros.rem_euclid(1_000_000));
    let (year, month, day) = civil(seconds.div_euclid(86_400));
    let of_day = seconds.rem_euclid(86_400);
    let (hour, minute, second) = (of_day / 3600, of_day / 60 % 60, of_day % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{micros:06}+00:00")
}

/// To a microsecond, so that every way to the same time gives the same number.
pub(crate) fn round(time: f64) -> f64 {
    (time * 1e6).round() / 1e6
}

/// A whole value that is a time: ISO 8601, an epoch, or another known form.
pub(crate) fn value(text: &str, now: f64) -> Option<f64> {
    const DAYS: [&str; 7] = ["Mon ", "Tue ", "Wed ", "Thu ", "Fri ", "Sat ", "Sun "];
    let text = text.trim();
    let text = DAYS.iter().find_map(|day| text.strip_prefix(day)).unwrap_or(text);
    epoch(text).or_else(|| at_start(text.as_bytes(), now)).map(round)
}

/// The time that a text begins with.
pub(crate) fn beginning(text: &str, now: f64) -> Option<f64> {
    at_start(text.as_bytes(), now).map(round)
}

/// `12:18:18.691` at the very start of an event: the last time that it was so late.
fn clock_alone(text: &[u8], now: f64) -> Option<(f64, Scan<'_>)> {
    let mut scan = Scan { text, at: 0, east: None };
    let full = text.get(2) == Some(&b':') && text.get(5) == Some(&b':');
    let clock = full.then(|| scan.clock()).flatten()?;
    // A hardware address begins like a time.
    let after = text.get(scan.at..).unwrap_or_default();
    let ends = match after {
        [b':', next, ..] | [next, ..] => !next.is_ascii_alphanumeric(),
        [] => true,
    };
    if !ends {
        return None;
    }
    let today = (now / 86_400.0).floor() * 86_400.0 + clock;
    let time = if today > now + 3_600.0 { today - 86_400.0 } else { today };
    Some((time, scan))
}

/// The first timestamp near the start of an event.
pub(crate) fn leading(text: &str, now: f64) -> Option<f64> {
    dated(text, now).or_else(|| clock_alone(text.as_bytes(), now).map(|(time, _)| round(time)))
}

/// As a text without a format is read: the first timestamp near its start, in seconds since 1970,
/// and whether that says its zone; otherwise it is read as UTC.
pub fn first_time(text: &str, now: f64) -> Option<(f64, bool)> {
    let time = leading(text, now)?;
    // Seconds since 1970 need no zone.
    Some((time, stamp_of(text, time).is_some_and(|stamp| stamp.east.is_some())))
}

/// The first timestamp with a day.
fn dated(text: &str, now: f64) -> Option<f64> {
    let bytes = text.as_bytes();
    let mut before = b' ';
    for (at, byte) in bytes.iter().enumerate().take(LOOKAHEAD) {
        let rest = bytes.get(at..).unwrap_or_default();
        if !before.is_ascii_alphanumeric() && byte.is_ascii_alphanumeric() {
            if let Some(time) = at_start(rest, now) {
                return Some(round(time));
            }
            let end = rest.iter().take_while(|b| b.is_ascii_digit() || **b == b'.').count();
            if end >= 9
                && !rest.get(end).is_some_and(u8::is_ascii_alphanumeric)
                && matches!(before, b' ' | b'(' | b'=' | b'[' | b'"')
                && (at == 0 || before != b' ')
                && let Some(time) = rest
                    .get(..end)
                    .and_then(|digits| std::str::from_utf8(digits).ok())
                    .and_then(epoch)
                    // An account has as many digits, but is no time of this century.
                    .filter(|time| CENTURY.contains(time))
            {
                return Some(time);
            }
        }
        before = *byte;
    }
    None
}
