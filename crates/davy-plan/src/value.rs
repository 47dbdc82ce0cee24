//! The values of SPL: text that may look like a number and may hold several values.
//!
//! A column is text (`Utf8View`), a number (`Float64` or `Int64`) or a truth value. A field that
//! holds several values in one event is text in-band (see `davy_events::mv`), so a column needs no
//! other type when one event in a thousand has two values.

use davy_events::mv;
use std::borrow::Cow;
use std::cmp::Ordering;

/// One value of one row.
#[derive(Debug, Clone, PartialEq)]
pub enum Val<'a> {
    Null,
    Num(f64),
    Bool(bool),
    /// May hold several values; see [`Val::values`].
    Str(Cow<'a, str>),
}

impl<'a> Val<'a> {
    pub fn str(text: impl Into<Cow<'a, str>>) -> Self {
        Val::Str(text.into())
    }

    /// Several values as one: none is null, one is plain.
    pub fn multi<S: AsRef<str>>(values: &[S]) -> Val<'static> {
        match values {
            [] => Val::Null,
            _ => Val::Str(Cow::Owned(mv::encode(values))),
        }
    }

    pub fn is_null(&self) -> bool {
        matches!(self, Val::Null)
    }

    /// The number this is or looks like.
    pub fn num(&self) -> Option<f64> {
        match self {
            Val::Num(n) => Some(*n),
            Val::Str(s) => parse_num(s),
            Val::Null | Val::Bool(_) => None,
        }
    }

    /// The text of this; null has none. Several values stay in-band.
    pub fn text(&self) -> Option<Cow<'_, str>> {
        match self {
            Val::Null => None,
            Val::Num(n) => Some(Cow::Owned(fmt_num(*n))),
            Val::Bool(b) => Some(Cow::Borrowed(if *b { "True" } else { "False" })),
            Val::Str(s) => Some(Cow::Borrowed(s)),
        }
    }

    /// As one text that can be part of another, or a name: several values with blanks between them.
    pub fn joined(&self) -> Option<Cow<'_, str>> {
        match self.is_multi() {
            true => Some(Cow::Owned(self.values().join(" "))),
            false => self.text(),
        }
    }

    /// Each value as text: none for null, one for a single value.
    pub fn values(&self) -> Vec<Cow<'_, str>> {
        match self {
            Val::Null => Vec::new(),
            Val::Str(s) if mv::is_multi(s) => mv::split(s).map(Cow::Borrowed).collect(),
            other => other.text().into_iter().collect(),
        }
    }

    pub fn is_multi(&self) -> bool {
        matches!(self, Val::Str(s) if mv::is_multi(s))
    }

    pub fn truth(&self) -> Option<bool> {
        match self {
            Val::Bool(b) => Some(*b),
            _ => None,
        }
    }

    pub fn into_owned(self) -> Val<'static> {
        match self {
            Val::Null => Val::Null,
            Val::Num(n) => Val::Num(n),
            Val::Bool(b) => Val::Bool(b),
            Val::Str(s) => Val::Str(Cow::Owned(s.into_owned())),
        }
    }
}

/// A number that is one as a whole: no blanks around it, no `inf`, no `nan`.
pub fn parse_num(text: &str) -> Option<f64> {
    let bytes = text.as_bytes();
    let first = *bytes.first()?;
    if !(first.is_ascii_digit() || matches!(first, b'-' | b'+' | b'.')) {
        return None;
    }
    if bytes.len() > 64
        || bytes.iter().any(|b| !matches!(b, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E'))
    {
        return None;
    }
    text.parse::<f64>().ok().filter(|n| n.is_finite())
}

/// A whole number that a `Float64` holds as it is, and that is printed without an exponent: such
/// numbers compare as numbers just as their texts do.
pub(crate) fn whole(n: f64) -> Option<i64> {
    const MOST: f64 = (1u64 << 53) as f64;
    (n == n.trunc() && n.abs() < MOST).then_some(n as i64)
}

/// The most characters of a whole number.
pub(crate) const DIGITS: usize = 20;

/// A whole number as text, written into `digits` from the end: of many numbers none needs memory of
/// its own.
pub(crate) fn decimal(n: i64, digits: &mut [u8; DIGITS]) -> &str {
    let mut left = n.unsigned_abs();
    let mut at = DIGITS;
    loop {
        at -= 1;
        digits[at] = b'0' + (left % 10) as u8;
        left /= 10;
        if left == 0 {
            break;
        }
    }
    if n < 0 {
        at -= 1;
        digits[at] = b'-';
    }
    digits.get(at..).and_then(|d| std::str::from_utf8(d).ok()).unwrap_or_default()
}

/// A number as SPL prints it: whole numbers without a point, others with up to 17 digits.
pub fn fmt_num(n: f64) -> String {
    if n.is_nan() {
        return "nan".to_owned();
    }
    if n.is_infinite() {
        return if n > 0.0 { "inf" } else { "-inf" }.to_owned();
    }
    if n == n.trunc() && n.abs() < 1e16 {
        return format!("{}", n as i64);
    }
    if n.abs() >= 1e16 || n.abs() < 1e-4 {
        return fmt_exponent(n);
    }
    // The shortest text that means this number, as in the means of Splunk's pages
    // (3.9900000000000055), unless its last digits are but the noise of a binary fraction: 0.1+0.2
    // prints 0.3.
    let shortest = n.to_string();
    if significant(&shortest) <= 16 {
        return shortest;
    }
    let decimals = 15 - n.abs().log10().floor() as i32;
    let text = format!("{:.*}", decimals.clamp(0, 20) as usize, n);
    let rounded = match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.'),
        false => text.as_str(),
    };
    if significant(rounded) < 15 { rounded.to_owned() } else { shortest }
}

/// The digits of a number from its first that is not 0.
fn significant(text: &str) -> usize {
    text.bytes().filter(u8::is_ascii_digit).skip_while(|b| *b == b'0').count()
}

/// The shortest digits that read back as this number; of a fraction without the noise that
/// `fmt_num` leaves out too.
fn fmt_exponent(n: f64) -> String {
    let shortest = format!("{n:e}");
    let digits = |text: &str| significant(text.split('e').next().unwrap_or(text));
    let text = match n == n.trunc() || digits(&shortest) <= 16 {
        true => shortest,
        false => {
            let rounded = format!("{n:.15e}");
            let (mantissa, exponent) = rounded.split_once('e').unwrap_or((&rounded, "0"));
            let mantissa = mantissa.trim_end_matches('0').trim_end_matches('.');
            match significant(mantissa) < 15 {
                true => format!("{mantissa}e{exponent}"),
                false => shortest,
            }
        }
    };
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    format!("{mantissa}e{}{:02}", if exponent < 0 { '-' } else { '+' }, exponent.abs())
}

/// How `where`, `min`, `max` and `sort` order two values: two numbers as numbers, every number
/// before every text, texts by their bytes. Null is not compared here.
/// Search Reference, "Comparison operators" and "Aggregate functions".
pub(crate) fn compare(a: &Val<'_>, b: &Val<'_>) -> Ordering {
    match (a.num(), b.num()) {
        (Some(x), Some(y)) => x.partial_cmp(&y).unwrap_or(Ordering::Equal),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => a.text().unwrap_or_default().cmp(&b.text().unwrap_or_default()),
    }
}

#[cfg(test)]
mod tests {
    use super::{fmt_num, parse_num};

    #[test]
    fn numbers_print_as_users_see_them() {
        for (n, text) in [
            (0.1 + 0.2, "0.3"),
            (1.0 / 3.0, "0.3333333333333333"),
            (0.588003, "0.588003"),
            (1.1 + 2.2, "3.3"),
            (1.005 * 1000.0, "1005"),
            (3.9900000000000055, "3.9900000000000055"),
            (48.857142857142854, "48.857142857142854"),
            (10.0, "10"),
            (-2.5, "-2.5"),
            (1675271324.146659, "1675271324.146659"),
            (1e20, "1e+20"),
            (0.0000123, "1.23e-05"),
            (0.00001 * 3.0, "3e-05"),
            (1.0 / 30_000.0, "3.3333333333333335e-05"),
            (1e16, "1e+16"),
            (12_345_678_901_234_568.0, "1.2345678901234568e+16"),
            (-120_000_000_000_000_016.0, "-1.2000000000000002e+17"),
            (f64::MAX, "1.7976931348623157e+308"),
            (f64::MIN_POSITIVE, "2.2250738585072014e-308"),
        ] {
            assert_eq!(fmt_num(n), text);
        }
    }

    #[test]
    fn whole_numbers_print_alike() {
        let mut digits = [0; super::DIGITS];
        for n in [0, 7, -7, 10, 4688, -1_777_896_000, i64::MAX, i64::MIN] {
            assert_eq!(super::decimal(n, &mut digits), n.to_string());
        }
        for n in [0.0, -0.0, 3.0, -12.0, 9_007_199_254_740_991.0] {
            let whole = super::whole(n).map(|n| super::decimal(n, &mut digits).to_owned());
            assert_eq!(whole, Some(fmt_num(n)));
        }
        assert_eq!(super::whole(0.5).or(super::whole(f64::NAN)), None);
        assert_eq!(super::whole(1e16).or(super::whole(f64::INFINITY)), None);
    }

    #[test]
    fn only_whole_texts_are_numbers() {
        assert_eq!(parse_num("10"), Some(10.0));
        assert_eq!(parse_num("-1.5e3"), Some(-1500.0));
        for text in ["", " 1", "1 ", "0x10", "inf", "nan", "1,000", "-", "."] {
            assert_eq!(parse_num(text), None, "{text:?}");
        }
    }
}
