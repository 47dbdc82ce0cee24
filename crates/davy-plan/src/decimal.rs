//! Numbers rounded as they are written, not as they are held: 2.555 is a little less in binary,
//! and still rounds to 2.56.

/// The number with so many decimals (before the point where negative); halves go away from zero.
pub(crate) fn round(n: f64, decimals: i32) -> f64 {
    rounded(n, decimals, true)
}

/// As [`round`], but halves go up: -4.5 to -4.
pub(crate) fn round_up(n: f64, decimals: i32) -> f64 {
    rounded(n, decimals, n > 0.0)
}

fn rounded(n: f64, decimals: i32, halves_away: bool) -> f64 {
    if !n.is_finite() || n == 0.0 {
        return n;
    }
    if n == n.trunc() && decimals >= 0 {
        return n;
    }
    // The shortest text that means this number, as digits and the power of ten of the first.
    let text = format!("{:e}", n.abs());
    let Some((mantissa, exponent)) = text.split_once('e') else { return n };
    let Ok(exponent) = exponent.parse::<i32>() else { return n };
    let digits: Vec<u8> = mantissa.bytes().filter(u8::is_ascii_digit).collect();
    // How many digits stay.
    let Ok(keep) = usize::try_from(i64::from(exponent) + 1 + i64::from(decimals)) else {
        return 0.0;
    };
    if keep >= digits.len() {
        return n;
    }
    let half = digits.len() == keep + 1 && digits.get(keep) == Some(&b'5');
    let up = digits.get(keep).is_some_and(|d| *d >= b'5') && (halves_away || !half);
    let kept: String = digits.iter().take(keep).map(|d| char::from(*d)).collect();
    let mut whole: u64 = if kept.is_empty() { 0 } else { kept.parse().unwrap_or(0) };
    whole += u64::from(up);
    let power = i64::from(exponent) + 1 - keep as i64;
    let rounded: f64 = format!("{whole}e{power}").parse().unwrap_or(n);
    if n < 0.0 && rounded != 0.0 { -rounded } else { rounded }
}

/// The number with so many significant figures.
pub(crate) fn round_figures(n: f64, figures: usize) -> f64 {
    if n == 0.0 || !n.is_finite() {
        return n;
    }
    let exponent = n.abs().log10().floor() as i32;
    round(n, i32::try_from(figures).unwrap_or(i32::MAX).saturating_sub(1).saturating_sub(exponent))
}

/// The significant figures of a number as written: zeros in front do not count.
pub(crate) fn figures(text: &str) -> Option<usize> {
    crate::value::parse_num(text)?;
    let mantissa = text.split(['e', 'E']).next()?;
    let digits: Vec<u8> = mantissa.bytes().filter(u8::is_ascii_digit).collect();
    let zeros = digits.iter().take_while(|d| **d == b'0').count();
    Some((digits.len() - zeros).max(1))
}

#[cfg(test)]
mod tests {
    use super::{figures, round, round_figures};

    #[test]
    fn rounds_as_written() {
        for (n, decimals, rounded) in [
            (2.555, 2, 2.56),
            (3.5, 0, 4.0),
            (-3.5, 0, -4.0),
            (2.4, 0, 2.0),
            (0.5, 0, 1.0),
            (0.4, 0, 0.0),
            (-0.4, 0, 0.0),
            (0.05, 0, 0.0),
            (1.005, 2, 1.01),
            (9.995, 2, 10.0),
            (1234.0, -2, 1200.0),
            (1250.0, -2, 1300.0),
            (1234.0, -5, 0.0),
            (1e300, 3, 1e300),
            (1.25e-7, 8, 1.3e-7),
            (12.345, i32::MAX, 12.345),
            (12.345, i32::MIN, 0.0),
        ] {
            assert_eq!(round(n, decimals), rounded, "{n} {decimals}");
        }
    }

    #[test]
    fn significant_figures() {
        assert_eq!(round_figures(1111.0, 3), 1110.0);
        assert_eq!(round_figures(0.0123456, 2), 0.012);
        for (text, n) in [("1.00", 3), ("1111", 4), ("0.0010", 2), ("0", 1), ("-2.5e10", 2)] {
            assert_eq!(figures(text), Some(n), "{text}");
        }
        assert_eq!(figures("a"), None);
    }
}
