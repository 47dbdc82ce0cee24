//! Times written and read by Splunk's format variables. Search Reference, "Date and time format
//! variables"; Getting Data In, "Enhanced strptime() support" (`%Q`, `%q`, `%o`, `%v`).

mod read;

pub use read::strptime;

use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use std::fmt::Write;

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

const DAYS: [&str; 7] =
    ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

/// The variables that stand for several others.
fn expansion(variable: char) -> Option<&'static str> {
    Some(match variable {
        'c' => "%a %b %e %H:%M:%S %Y",
        '+' => "%a %b %e %H:%M:%S %Z %Y",
        'D' => "%m/%d/%y",
        'F' => "%Y-%m-%d",
        'R' => "%H:%M",
        'r' => "%I:%M:%S %p",
        'T' | 'X' => "%H:%M:%S",
        'v' => "%e-%b-%Y",
        'x' => "%m/%d/%Y",
        _ => return None,
    })
}

/// One part of a format.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Piece<'f> {
    Text(&'f str),
    Variable {
        /// `-`, `_`, `0` or `^` before the letter, as glibc has them.
        flag: Option<char>,
        /// The digits before the letter: `%3N`.
        width: Option<usize>,
        colons: usize,
        /// `%Ez`
        era: bool,
        letter: char,
        /// As written, for what is not known.
        text: &'f str,
    },
}

/// The parts of a format, in turn.
#[derive(Debug, Clone, Copy)]
struct Pieces<'f> {
    rest: &'f str,
}

impl<'f> Iterator for Pieces<'f> {
    type Item = Piece<'f>;

    fn next(&mut self) -> Option<Piece<'f>> {
        if self.rest.is_empty() {
            return None;
        }
        let Some(after) = self.rest.strip_prefix('%') else {
            let end = self.rest.find('%').unwrap_or(self.rest.len());
            let (text, rest) = self.rest.split_at(end);
            self.rest = rest;
            return Some(Piece::Text(text));
        };
        let mut chars = after.chars().peekable();
        let flag = chars.next_if(|c| matches!(c, '-' | '_' | '0' | '^' | '#'));
        let mut width = None;
        while let Some(digit) = chars.peek().and_then(|c| c.to_digit(10)) {
            width = Some(width.unwrap_or(0usize).saturating_mul(10).saturating_add(digit as usize));
            chars.next();
        }
        let mut colons = 0;
        while chars.next_if_eq(&':').is_some() {
            colons += 1;
        }
        let era = chars.next_if(|c| matches!(c, 'E' | 'O')).is_some();
        let Some(letter) = chars.next() else {
            let text = std::mem::take(&mut self.rest);
            return Some(Piece::Text(text));
        };
        let left: usize = chars.map(char::len_utf8).sum();
        let (text, rest) = self.rest.split_at(self.rest.len() - left);
        self.rest = rest;
        Some(Piece::Variable { flag, width, colons, era, letter, text })
    }
}

/// The instant in that zone; `None` outside of what can be represented (years -9999 to 9999).
fn zoned(epoch: f64, zone: &TimeZone) -> Option<Zoned> {
    let micros = (epoch * 1e6).round();
    if !micros.is_finite() || micros.abs() > 9e17 {
        return None;
    }
    Timestamp::from_microsecond(micros as i64).ok().map(|t| t.to_zoned(zone.clone()))
}

/// Writes a time by a format; what is no variable stands as it is. Empty for a time that cannot
/// be represented.
pub(crate) fn strftime(epoch: f64, format: &str, zone: &TimeZone) -> String {
    let mut out = String::with_capacity(format.len() + 16);
    if let Some(at) = zoned(epoch, zone) {
        write_all(&mut out, &at, format);
    }
    out
}

fn write_all(out: &mut String, at: &Zoned, format: &str) {
    for piece in (Pieces { rest: format }) {
        match piece {
            Piece::Text(text) => out.push_str(text),
            Piece::Variable { flag, width, colons, era, letter, text } => {
                let start = out.len();
                let done = match letter {
                    'z' if era => offset_minutes(out, at),
                    'z' => offset(out, at, colons),
                    'N' => fraction(out, at, width.unwrap_or(9)),
                    'Q' | 'q' => fraction(out, at, width.unwrap_or(3)),
                    'f' => fraction(out, at, width.unwrap_or(6)),
                    _ => variable(out, at, letter, flag),
                };
                if !done {
                    out.push_str(text);
                } else if flag == Some('^') {
                    let upper = out.split_off(start).to_uppercase();
                    out.push_str(&upper);
                }
            }
        }
    }
}

/// A number in `width` places, filled with `fill` unless a flag says otherwise.
fn number(out: &mut String, n: i64, width: usize, fill: char, flag: Option<char>) -> bool {
    let done = match (flag, fill) {
        (Some('-'), _) => write!(out, "{n}"),
        (Some('_'), _) | (None | Some('^' | '#'), ' ') => write!(out, "{n:width$}"),
        _ => write!(out, "{n:0width$}"),
    };
    done.is_ok()
}

fn variable(out: &mut String, at: &Zoned, letter: char, flag: Option<char>) -> bool {
    if let Some(format) = expansion(letter) {
        write_all(out, at, format);
        return true;
    }
    let hour = i64::from(at.hour());
    let hour12 = if hour % 12 == 0 { 12 } else { hour % 12 };
    let weekday = i64::from(at.weekday().to_sunday_zero_offset());
    let yday = i64::from(at.day_of_year()) - 1;
    let week = at.date().iso_week_date();
    let year = i64::from(at.year());
    let (n, width, fill) = match letter {
        'H' => (hour, 2, '0'),
        'k' => (hour, 2, ' '),
        'I' => (hour12, 2, '0'),
        'l' => (hour12, 2, ' '),
        'M' => (i64::from(at.minute()), 2, '0'),
        'S' => (i64::from(at.second()), 2, '0'),
        's' => (at.timestamp().as_second(), 1, '0'),
        'd' => (i64::from(at.day()), 2, '0'),
        'e' => (i64::from(at.day()), 2, ' '),
        'j' => (yday + 1, 3, '0'),
        'm' => (i64::from(at.month()), 2, '0'),
        'u' => (i64::from(at.weekday().to_monday_one_offset()), 1, '0'),
        'w' => (weekday, 1, '0'),
        'U' => ((yday + 7 - weekday) / 7, 2, '0'),
        'W' => ((yday + 7 - (weekday + 6) % 7) / 7, 2, '0'),
        'V' => (i64::from(week.week()), 2, '0'),
        'G' => (i64::from(week.year()), 4, '0'),
        'g' => (i64::from(week.year()).rem_euclid(100), 2, '0'),
        'Y' | 'o' => (year, 4, '0'),
        'y' => (year.rem_euclid(100), 2, '0'),
        'C' => (year.div_euclid(100), 2, '0'),
        _ => return word(out, at, letter),
    };
    number(out, n, width, fill, flag)
}

fn word(out: &mut String, at: &Zoned, letter: char) -> bool {
    let month = MONTHS.get(at.month().unsigned_abs() as usize - 1).copied().unwrap_or("");
    let day = DAYS.get(at.weekday().to_sunday_zero_offset().unsigned_abs() as usize);
    let day = day.copied().unwrap_or("");
    let morning = at.hour() < 12;
    let text = match letter {
        'A' => day,
        'a' => day.get(..3).unwrap_or(day),
        'B' => month,
        'b' | 'h' => month.get(..3).unwrap_or(month),
        'p' => ["PM", "AM"][usize::from(morning)],
        'P' => ["pm", "am"][usize::from(morning)],
        'Z' => {
            let info = at.time_zone().to_offset_info(at.timestamp());
            out.push_str(info.abbreviation());
            return true;
        }
        '%' => "%",
        'n' => "\n",
        't' => "\t",
        _ => return false,
    };
    out.push_str(text);
    true
}

/// The first digits of the fraction of a second.
fn fraction(out: &mut String, at: &Zoned, width: usize) -> bool {
    let width = width.clamp(1, 9);
    let nanos = at.subsec_nanosecond().unsigned_abs();
    let cut = nanos / 10u32.pow(9 - width as u32);
    write!(out, "{cut:0width$}").is_ok()
}

/// `+hhmm`, `+hh:mm` (one colon), `+hh:mm:ss` (two), `+hh` (three).
fn offset(out: &mut String, at: &Zoned, colons: usize) -> bool {
    let seconds = at.offset().seconds();
    let sign = if seconds < 0 { '-' } else { '+' };
    let (h, m, s) = (seconds.abs() / 3600, seconds.abs() / 60 % 60, seconds.abs() % 60);
    let done = match colons {
        0 => write!(out, "{sign}{h:02}{m:02}"),
        1 => write!(out, "{sign}{h:02}:{m:02}"),
        2 => write!(out, "{sign}{h:02}:{m:02}:{s:02}"),
        _ => write!(out, "{sign}{h:02}"),
    };
    done.is_ok()
}

fn offset_minutes(out: &mut String, at: &Zoned) -> bool {
    write!(out, "{:+}", at.offset().seconds() / 60).is_ok()
}

#[cfg(test)]
mod tests {
    use super::{strftime, strptime};
    use jiff::tz::{self, TimeZone};

    const AT: f64 = 1_777_896_005.123_456;

    #[test]
    fn every_variable_is_written() {
        for (format, text) in [
            ("%Y-%m-%dT%H:%M:%S.%3N%z", "2026-05-04T12:00:05.123+0000"),
            ("%F %T", "2026-05-04 12:00:05"),
            ("%Q|%6Q|%N|%3N|%6N|%f", "123|123456|123456000|123|123456|123456"),
            ("%s", "1777896005"),
            ("%a %A %w %u", "Mon Monday 1 1"),
            ("%b %B %h %m", "May May May 05"),
            ("%d|%e|%j", "04| 4|124"),
            ("%I|%l|%k|%p", "12|12|12|PM"),
            ("%y %C %G %V %U %W", "26 20 2026 19 18 18"),
            ("%D %R %x %X", "05/04/26 12:00 05/04/2026 12:00:05"),
            ("%c", "Mon May  4 12:00:05 2026"),
            ("%+", "Mon May  4 12:00:05 UTC 2026"),
            ("%Z %:z %::z %:::z %Ez", "UTC +00:00 +00:00:00 +00 +0"),
            ("100%% %-d %-m %^a", "100% 4 5 MON"),
            ("%J é %", "%J é %"),
        ] {
            assert_eq!(strftime(AT, format, &TimeZone::UTC), text, "{format}");
        }
    }

    #[test]
    fn the_zone_moves_the_clock() {
        let zone = TimeZone::fixed(tz::offset(-5));
        assert_eq!(strftime(AT, "%H:%M %z %:z %Ez", &zone), "07:00 -0500 -05:00 -300");
    }

    #[test]
    fn times_out_of_range_are_empty() {
        assert_eq!(strftime(1e30, "%Y", &TimeZone::UTC), "");
        assert_eq!(strftime(f64::NAN, "%Y", &TimeZone::UTC), "");
    }

    #[test]
    fn what_is_written_can_be_read() {
        for format in
            ["%Y-%m-%d %H:%M:%S.%6N %z", "%c", "%s", "%d %b %y %I:%M:%S %p", "%G-W%V-%u %T"]
        {
            let text = strftime(AT, format, &TimeZone::UTC);
            let read = strptime(&text, format, &TimeZone::UTC, 0.0);
            let whole = if format.contains('N') { AT } else { AT.floor() };
            assert_eq!(read, Some(whole), "{format} {text}");
        }
    }
}
