//! `printf` formats. Search Reference, "Conversion functions", printf.

use crate::value::Val;

/// The longest field: what a format asks for beyond it is a mistake or an attack.
const MOST: usize = 10_000;

#[derive(Debug, Default, Clone, Copy)]
struct Spec {
    left: bool,
    zero: bool,
    plus: bool,
    blank: bool,
    alternate: bool,
    commas: bool,
    width: usize,
    precision: Option<usize>,
}

/// The text that the format makes of the arguments; `None` when one that it needs is missing or
/// not of the kind that it needs, and for conversions that there are not.
pub(crate) fn printf(format: &str, args: &[Val<'_>]) -> Option<String> {
    let mut out = String::with_capacity(format.len() + 16);
    let mut args = args.iter();
    let mut chars = format.chars().peekable();
    while let Some(c) = chars.next() {
        if c != '%' {
            out.push(c);
            continue;
        }
        let mut spec = Spec::default();
        while let Some(flag) = chars.next_if(|c| "-0+ #'".contains(*c)) {
            match flag {
                '-' => spec.left = true,
                '0' => spec.zero = true,
                '+' => spec.plus = true,
                ' ' => spec.blank = true,
                '#' => spec.alternate = true,
                _ => spec.commas = true,
            }
        }
        if let Some(width) = amount(&mut chars, &mut args)? {
            spec.left |= width < 0;
            spec.width = width.unsigned_abs() as usize;
        }
        if chars.next_if_eq(&'.').is_some() {
            // A precision below zero counts as none, as in C.
            let precision = amount(&mut chars, &mut args)?.unwrap_or(0);
            spec.precision = usize::try_from(precision).ok();
        }
        if spec.width > MOST || spec.precision.is_some_and(|p| p > MOST) {
            return None;
        }
        match chars.next()? {
            '%' => out.push('%'),
            letter => out.push_str(&convert(letter, spec, args.next()?)?),
        }
    }
    Some(out)
}

/// A width or precision: digits, or `*` for the next argument.
fn amount<'v, 'a: 'v>(
    chars: &mut std::iter::Peekable<std::str::Chars<'_>>,
    args: &mut impl Iterator<Item = &'v Val<'a>>,
) -> Option<Option<i64>> {
    if chars.next_if_eq(&'*').is_some() {
        return Some(Some(args.next()?.num()? as i64));
    }
    let mut n = None;
    while let Some(digit) = chars.peek().and_then(|c| c.to_digit(10)) {
        n = Some(n.unwrap_or(0i64).saturating_mul(10).saturating_add(i64::from(digit)));
        chars.next();
    }
    Some(n)
}

fn convert(letter: char, spec: Spec, arg: &Val<'_>) -> Option<String> {
    Some(match letter {
        's' | 'z' => {
            let text = arg.text()?;
            let cut: String = text.chars().take(spec.precision.unwrap_or(usize::MAX)).collect();
            pad(spec, "", &cut, false)
        }
        'c' => {
            let c = match arg.num() {
                Some(n) => char::from_u32(n as u32)?,
                None => arg.text()?.chars().next()?,
            };
            pad(spec, "", &c.to_string(), false)
        }
        'd' | 'i' => {
            let n = whole(arg)?;
            integer(spec, sign(spec, n < 0), n.unsigned_abs().to_string())
        }
        'u' => integer(spec, "", (whole(arg)? as u64).to_string()),
        'o' => {
            let digits = format!("{:o}", whole(arg)?);
            let lead = spec.alternate && !digits.starts_with('0');
            integer(spec, "", if lead { format!("0{digits}") } else { digits })
        }
        'x' | 'X' | 'p' => {
            let n = whole(arg)?;
            let prefix = match (spec.alternate && n != 0, letter) {
                (false, _) => "",
                (true, 'x') => "0x",
                _ => "0X",
            };
            let digits = if letter == 'x' { format!("{n:x}") } else { format!("{n:X}") };
            integer(spec, prefix, digits)
        }
        'a' | 'A' | 'e' | 'E' | 'f' | 'F' | 'g' | 'G' => {
            let n = arg.num()?;
            let body = match letter.to_ascii_lowercase() {
                'e' => exponent(n.abs(), spec.precision.unwrap_or(6)),
                'f' => group(spec, &format!("{:.*}", spec.precision.unwrap_or(6), n.abs())),
                'g' => general(n.abs(), spec),
                _ => hexadecimal(n.abs(), spec.precision),
            };
            let prefix = sign(spec, n.is_sign_negative());
            // The zeros of `%010a` stand after the 0x.
            let (prefix, body) = match body.strip_prefix("0x") {
                Some(rest) => (format!("{prefix}0x"), rest.to_owned()),
                None => (prefix.to_owned(), body),
            };
            let text = pad(spec, &prefix, &body, true);
            if letter.is_ascii_uppercase() { text.to_ascii_uppercase() } else { text }
        }
        _ => return None,
    })
}

fn whole(arg: &Val<'_>) -> Option<i64> {
    arg.num().map(|n| n.trunc() as i64)
}

fn sign(spec: Spec, negative: bool) -> &'static str {
    match (negative, spec.plus, spec.blank) {
        (true, ..) => "-",
        (false, true, _) => "+",
        (false, false, true) => " ",
        _ => "",
    }
}

fn integer(spec: Spec, prefix: &str, digits: String) -> String {
    let least = spec.precision.unwrap_or(0);
    let digits = group(spec, &format!("{digits:0>least$}"));
    pad(spec, prefix, &digits, spec.precision.is_none())
}

/// With commas between thousands, where asked for.
fn group(spec: Spec, digits: &str) -> String {
    if spec.commas { commas(digits) } else { digits.to_owned() }
}

/// Digits (with or without decimals) with commas between thousands.
pub(crate) fn commas(digits: &str) -> String {
    let (whole, decimals) = match digits.find('.') {
        Some(point) => digits.split_at(point),
        None => (digits, ""),
    };
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, c) in whole.chars().enumerate() {
        if i > 0 && (whole.len() - i) % 3 == 0 {
            out.push(',');
        }
        out.push(c);
    }
    out + decimals
}

fn pad(spec: Spec, prefix: &str, body: &str, zeros: bool) -> String {
    let length = prefix.chars().count() + body.chars().count();
    let missing = spec.width.saturating_sub(length);
    match (spec.left, spec.zero && zeros) {
        (true, _) => format!("{prefix}{body}{}", " ".repeat(missing)),
        (false, true) => format!("{prefix}{}{body}", "0".repeat(missing)),
        (false, false) => format!("{}{prefix}{body}", " ".repeat(missing)),
    }
}

/// `1.5e+03`
fn exponent(n: f64, precision: usize) -> String {
    let text = format!("{n:.precision$e}");
    match text.split_once('e') {
        Some((mantissa, exponent)) => {
            let exponent: i32 = exponent.parse().unwrap_or(0);
            let sign = if exponent < 0 { '-' } else { '+' };
            format!("{mantissa}e{sign}{:02}", exponent.abs())
        }
        None => text,
    }
}

/// `%g`: the shorter of `%e` and `%f`, without zeros at the end unless `#` is given.
fn general(n: f64, spec: Spec) -> String {
    let precision = spec.precision.unwrap_or(6).max(1);
    let tens = match n == 0.0 {
        true => 0,
        // After rounding to the precision: 9.99 may become 10.
        false => format!("{n:.*e}", precision - 1)
            .split_once('e')
            .and_then(|(_, e)| e.parse::<i64>().ok())
            .unwrap_or(0),
    };
    let plain = (-4..precision as i64).contains(&tens);
    let text = match plain {
        true => format!("{n:.*}", (precision as i64 - 1 - tens).max(0) as usize),
        false => exponent(n, precision - 1),
    };
    if spec.alternate {
        return text;
    }
    let (mantissa, tail) = match text.find('e') {
        Some(at) => text.split_at(at),
        None => (text.as_str(), ""),
    };
    let mantissa = match mantissa.contains('.') {
        true => mantissa.trim_end_matches('0').trim_end_matches('.'),
        false => mantissa,
    };
    group(spec, mantissa) + tail
}

/// `%a`: the binary digits in hexadecimal, `0x1.8p+1`.
fn hexadecimal(n: f64, precision: Option<usize>) -> String {
    if n == 0.0 {
        let zeros = "0".repeat(precision.unwrap_or(0));
        return if zeros.is_empty() { "0x0p+0".to_owned() } else { format!("0x0.{zeros}p+0") };
    }
    let bits = n.to_bits();
    let biased = (bits >> 52 & 0x7ff) as i64;
    let mut mantissa = bits & ((1 << 52) - 1);
    let mut tens = biased - 1023;
    match biased {
        0 => tens = -1022,
        _ => mantissa |= 1 << 52,
    }
    let digits = match precision {
        Some(p) if p < 13 => {
            let drop = 4 * (13 - p as u32);
            let half = 1u64 << (drop - 1);
            let rest = mantissa & ((1 << drop) - 1);
            let mut kept = mantissa >> drop;
            if rest > half || (rest == half && kept & 1 == 1) {
                kept += 1;
            }
            format!("{kept:0width$x}", width = p + 1)
        }
        _ => format!("{mantissa:014x}"),
    };
    let (lead, fraction) = digits.split_at(1.min(digits.len()));
    let fraction = match precision {
        Some(p) => format!("{fraction:0<p$}"),
        None => fraction.trim_end_matches('0').to_owned(),
    };
    let point = if fraction.is_empty() { "" } else { "." };
    format!("0x{lead}{point}{fraction}p{tens:+}")
}

#[cfg(test)]
mod tests {
    use super::printf;
    use crate::value::Val;

    #[test]
    fn numbers_are_written_as_c_does() {
        for (format, n, text) in [
            ("%.3A", std::f64::consts::PI, "0X1.922P+1"),
            ("%a", 3.0, "0x1.8p+1"),
            ("%a", 0.0, "0x0p+0"),
            ("%d", -2.0, "-2"),
            ("%d", 3.9, "3"),
            ("%-4d|", 1.0, "1   |"),
            ("%+4d", 1.0, "  +1"),
            ("% -4d|", 1.0, " 1  |"),
            ("%05d", -42.0, "-0042"),
            ("%.3d", 7.0, "007"),
            ("%'d", 12_345_678.0, "12,345,678"),
            ("%'.2f", 1234.5, "1,234.50"),
            ("%e", 5139.0, "5.139000e+03"),
            ("%.2E", 0.000123, "1.23E-04"),
            ("%f", 2.5, "2.500000"),
            ("%08.3f", -2.5, "-002.500"),
            ("%g", 4.0, "4"),
            ("%g", 0.00001, "1e-05"),
            ("%g", 1234567.0, "1.23457e+06"),
            ("%.3g", 999.9, "1e+03"),
            ("%G", 1e-10, "1E-10"),
            ("%o", 255.0, "377"),
            ("%#o", 255.0, "0377"),
            ("%x", 1024.0, "400"),
            ("%#X", 255.0, "0XFF"),
            ("%p", 10.0, "A"),
            ("%u", 99.0, "99"),
            ("%c", 65.0, "A"),
            ("%d%%", 50.0, "50%"),
        ] {
            assert_eq!(printf(format, &[Val::Num(n)]).as_deref(), Some(text), "{format} {n}");
        }
    }

    #[test]
    fn texts_widths_and_missing_arguments() {
        let foo = Val::str("Foo");
        assert_eq!(
            printf("%c|%5s|%-5s|%.2s", &vec![foo.clone(); 4]).as_deref(),
            Some("F|  Foo|Foo  |Fo")
        );
        let args = [Val::Num(6.0), Val::Num(2.0), Val::Num(1.239)];
        assert_eq!(printf("%*.*f", &args).as_deref(), Some("  1.24"));
        assert_eq!(printf("%d", &[Val::str("12")]).as_deref(), Some("12"));
        assert_eq!(printf("é", &[]).as_deref(), Some("é"));
        for (format, args) in [
            ("%d", vec![]),
            ("%d", vec![foo]),
            ("%s", vec![Val::Null]),
            ("%99999999999d", vec![Val::Num(1.0)]),
            ("%", vec![Val::Num(1.0)]),
            ("%n", vec![Val::Num(1.0)]),
            ("%c", vec![Val::Num(55296.0)]),
        ] {
            assert_eq!(printf(format, &args), None, "{format}");
        }
    }
}
