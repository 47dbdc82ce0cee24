//! Conversion functions. Search Reference, "Conversion functions".

use crate::codes;
use crate::decimal;
use crate::example;
use crate::expr::{Compiler, Typed};
use crate::func;
use crate::printf::{commas, printf};
use crate::spec::{FunctionSpec, Kernel, Multi, Nulls, Ret, Support};
use crate::value::Val;
use davy_diag::Spanned;
use davy_spl::ast::{Expr, ExprKind};
use std::net::Ipv4Addr;

const SOURCE: &str = "Search Reference, Conversion functions";

const fn conversion(
    (name, syntax, summary): (&'static str, &'static str, &'static str),
    arity: (usize, usize),
    ret: Ret,
    examples: &'static [crate::spec::Example],
    kernel: Kernel,
) -> FunctionSpec {
    FunctionSpec {
        name,
        syntax,
        summary,
        examples,
        source: SOURCE,
        support: Support::Full,
        arity,
        ret,
        nulls: Nulls::Propagate,
        multi: Multi::Each,
        pure: true,
        kernel,
    }
}

pub(super) static FUNCTIONS: &[FunctionSpec] = &[
    conversion(
        ("ipmask", "ipmask(<mask>, <ip>)", "The bits of an IPv4 address that a mask keeps."),
        (2, 2),
        Ret::Text,
        &[
            example!("| makeresults | eval x=ipmask(\"0.255.0.224\", \"10.20.30.120\")" => field "x" = "0.20.0.96"),
        ],
        Kernel::Row(|v, _| {
            let address = |v: &Val<'_>| v.text().and_then(|t| t.parse::<Ipv4Addr>().ok());
            match (address(&v[0]), address(&v[1])) {
                (Some(mask), Some(ip)) => Val::str((mask & ip).to_string()),
                _ => Val::Null,
            }
        }),
    ),
    FunctionSpec {
        name: "printf",
        syntax: "printf(<format>, <value>, ...)",
        summary: "A text by a format, as C has them; null when an argument is missing or does not fit.",
        examples: &[
            example!("| makeresults | eval x=printf(\"%05.1f%%\", 99.55)" => field "x" = "099.5%"),
            example!("| makeresults | eval x=printf(\"%c,%c\", 65, \"Foo\")" => field "x" = "A,F"),
            example!("| makeresults | eval x=printf(\"%.3A\", pi())" => field "x" = "0X1.922P+1"),
        ],
        source: SOURCE,
        support: Support::Full,
        arity: (1, usize::MAX),
        ret: Ret::Text,
        nulls: Nulls::Aware,
        multi: Multi::Aware,
        pure: true,
        kernel: Kernel::Row(|v, _| {
            let format = v.first().and_then(Val::text);
            format.and_then(|f| printf(&f, v.get(1..)?)).map_or(Val::Null, Val::str)
        }),
    },
    conversion(
        (
            "toarray",
            "toarray(<value>)",
            "A JSON array: several values one by one, each as what it is in JSON; the JSON array that a text is; null for others.",
        ),
        (1, 1),
        Ret::Text,
        &[
            example!("| makeresults | eval x=toarray(\"[1.00, 2]\")" => field "x" = "[1,2]"),
            example!("| makeresults | eval x=toarray(split(\"1, 2, 3\", \",\"))" => field "x" = "[1,2,3]"),
        ],
        Kernel::Array(|args, rows, _| each_whole(args, rows, toarray)),
    ),
    conversion(
        (
            "tobool",
            "tobool(<value>)",
            "True for `true` and numbers but 0, false for `false` and 0; null for others.",
        ),
        (1, 1),
        Ret::Bool,
        &[example!("| makeresults | eval x=if(tobool(\"true\"), 1, 0)" => field "x" = "1")],
        Kernel::Row(|v, _| match (&v[0], v[0].num(), v[0].text()) {
            (Val::Bool(b), ..) => Val::Bool(*b),
            (_, Some(n), _) => Val::Bool(n != 0.0),
            (_, _, Some(t)) if t.eq_ignore_ascii_case("true") => Val::Bool(true),
            (_, _, Some(t)) if t.eq_ignore_ascii_case("false") => Val::Bool(false),
            _ => Val::Null,
        }),
    ),
    conversion(
        ("todouble", "todouble(<value>[, <base>])", "The number that a value is or looks like."),
        (1, 2),
        Ret::Num,
        &[example!("| makeresults | eval x=todouble(\"8.5\")" => field "x" = "8.5")],
        Kernel::Row(|v, _| number(v)),
    ),
    conversion(
        (
            "toint",
            "toint(<value>[, <base>])",
            "The number that a value is or looks like, rounded down to a whole one.",
        ),
        (1, 2),
        Ret::Num,
        &[
            example!("| makeresults | eval x=toint(\"8.5\")" => field "x" = "8"),
            example!("| makeresults | eval x=toint(-3.5)" => field "x" = "-4"),
        ],
        Kernel::Row(|v, _| match number(v) {
            Val::Num(n) => Val::Num(n.floor()),
            other => other,
        }),
    ),
    conversion(
        (
            "tomv",
            "tomv(<value>)",
            "The elements of a JSON array as several values, texts in their quotes; several values as they are; null for others.",
        ),
        (1, 1),
        Ret::Text,
        &[example!("| makeresults | eval x=tomv(\"[\\\"a\\\", 2]\")" => field "x" = "\"a\"|2")],
        Kernel::Array(|args, rows, _| each_whole(args, rows, tomv)),
    ),
    conversion(
        (
            "tonumber",
            "tonumber(<text>[, <base>])",
            "The number that a text is, in a base from 2 to 36; null when it is none.",
        ),
        (1, 2),
        Ret::Num,
        &[
            example!("| makeresults | eval x=tonumber(\"0A4\", 16)" => field "x" = "164"),
            example!("| makeresults | eval a=\" 5\", x=tonumber(a)" => field "x" = ""),
        ],
        Kernel::Form(tonumber),
    ),
    conversion(
        ("toobject", "toobject(<value>)", "A JSON object as it is; null for others."),
        (1, 1),
        Ret::Text,
        &[
            example!("| makeresults | eval x=toobject(\"{\\\"a\\\": 1}\")" => field "x" = "{\"a\":1}"),
        ],
        Kernel::Row(|v, _| {
            let json = v[0].text().and_then(|t| serde_json::from_str(&t).ok());
            match json {
                Some(json @ serde_json::Value::Object(_)) => Val::str(json.to_string()),
                _ => Val::Null,
            }
        }),
    ),
    conversion(
        (
            "tostring",
            "tostring(<value>[, \"binary\" | \"commas\" | \"duration\" | \"hex\"])",
            "The value as text; a number in that form.",
        ),
        (1, 2),
        Ret::Text,
        &[
            example!("| makeresults | eval x=tostring(1==1)" => field "x" = "True"),
            example!("| makeresults | eval x=tostring(15, \"hex\")" => field "x" = "0xF"),
            example!("| makeresults | eval x=tostring(12345.6789, \"commas\")" => field "x" = "12,345.68"),
            example!("| makeresults | eval x=tostring(615, \"duration\")" => field "x" = "00:10:15"),
            example!("| makeresults | eval x=tostring(9, \"binary\")" => field "x" = "1001"),
        ],
        Kernel::Form(tostring),
    ),
];

/// A kernel that sees several values together.
fn each_whole(
    args: &[crate::spec::ArgCol],
    rows: usize,
    f: fn(&Val<'_>) -> Val<'static>,
) -> datafusion_common::Result<arrow::array::ArrayRef> {
    let mut out = crate::column::Builder::new(crate::column::Ty::Text, rows);
    for row in 0..rows {
        out.push(&args.first().map_or(Val::Null, |arg| f(&arg.get(row))));
    }
    Ok(out.finish())
}

fn json_array(value: &Val<'_>) -> Option<Vec<serde_json::Value>> {
    let Val::Str(text) = value else { return None };
    if !text.trim_start().starts_with('[') {
        return None;
    }
    serde_json::from_str(text).ok()
}

fn toarray(value: &Val<'_>) -> Val<'static> {
    if value.is_null() {
        return Val::Null;
    }
    let list = match value.is_multi() {
        true => {
            value.values().iter().map(|t| serde_json::from_str(t).unwrap_or_default()).collect()
        }
        false => match json_array(value) {
            Some(list) => list,
            None => return Val::Null,
        },
    };
    Val::str(serde_json::Value::Array(list.into_iter().map(whole).collect()).to_string())
}

/// A whole number has no point.
fn whole(value: serde_json::Value) -> serde_json::Value {
    match value.as_f64() {
        Some(n) if value.is_f64() && n == n.trunc() && n.abs() < 9e15 => (n as i64).into(),
        _ => value,
    }
}

fn tomv(value: &Val<'_>) -> Val<'static> {
    if value.is_multi() {
        return value.clone().into_owned();
    }
    let texts = json_array(value).unwrap_or_default();
    Val::multi(&texts.iter().map(serde_json::Value::to_string).collect::<Vec<_>>())
}

/// A number from a value and the base that it is written in.
fn number(v: &[Val<'_>]) -> Val<'static> {
    let base = match v.get(1) {
        None => 10.0,
        Some(base) => base.num().unwrap_or(0.0),
    };
    let Some(value) = v.first() else { return Val::Null };
    if base == 10.0 {
        return match value {
            Val::Bool(b) => Val::Num(f64::from(u8::from(*b))),
            value => value.num().map_or(Val::Null, Val::Num),
        };
    }
    let text = value.text().unwrap_or_default();
    in_base(&text, base as u32).map_or(Val::Null, Val::Num)
}

fn in_base(text: &str, base: u32) -> Option<f64> {
    if !(2..=36).contains(&base) {
        return None;
    }
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let digits = match base {
        16 => digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")).unwrap_or(digits),
        _ => digits,
    };
    if digits.is_empty() {
        return None;
    }
    let mut n = 0.0;
    for c in digits.chars() {
        n = n * f64::from(base) + f64::from(c.to_digit(base)?);
    }
    Some(if negative { -n } else { n }).filter(|n| n.is_finite())
}

static TO_NUMBER: FunctionSpec =
    conversion(("__tonumber", "", ""), (1, 2), Ret::Num, &[], Kernel::Row(|v, _| number(v)));

/// A literal that is no number is a mistake; a field that holds none is null.
fn tonumber(c: &mut Compiler<'_>, _: &Spanned<String>, args: &[Expr]) -> Option<Typed> {
    if let (Some(text), Some(base)) = (literal(args.first()?), base_of(args.get(1))) {
        let base = f64::from(base);
        if number(&[Val::str(text), Val::Num(base)]).is_null() {
            c.errors.push(
                codes::BAD_ARGUMENT
                    .at(args.first()?.span.0, format!("`{text}` is no number in base {base}"))
                    .help("the digits must fit the base, without blanks around them"),
            );
            return None;
        }
    }
    if let Some(ExprKind::Num(base, _)) = args.get(1).map(|a| &a.kind)
        && (base.trunc() != *base || !(2.0..=36.0).contains(base))
    {
        let span = args.get(1)?.span.0;
        c.errors.push(
            codes::BAD_ARGUMENT
                .at(span, "a base is a whole number from 2 to 36")
                .help("write for instance tonumber(x, 16)"),
        );
        return None;
    }
    let compiled = args.iter().map(|a| c.compile(a)).collect::<Vec<_>>();
    let compiled: Option<Vec<Typed>> = compiled.into_iter().collect();
    Some(func::call(&TO_NUMBER, compiled?, c.env))
}

fn literal(expr: &Expr) -> Option<&str> {
    match &expr.kind {
        ExprKind::Str(text) => Some(text),
        _ => None,
    }
}

/// The base, where it is known before there are rows.
fn base_of(expr: Option<&Expr>) -> Option<u8> {
    match expr.map(|e| &e.kind) {
        None => Some(10),
        Some(ExprKind::Num(n, _)) if (2.0..=36.0).contains(n) => Some(*n as u8),
        Some(_) => None,
    }
}

static TO_STRING: FunctionSpec = conversion(
    ("__tostring", "", ""),
    (1, 2),
    Ret::Text,
    &[],
    Kernel::Row(|v, _| match v.get(1).and_then(Val::text) {
        None => v.first().and_then(Val::text).map_or(Val::Null, |t| Val::str(t.into_owned())),
        Some(form) => v
            .first()
            .and_then(Val::num)
            .and_then(|n| formatted(n, &form))
            .map_or(Val::Null, Val::str),
    }),
);

fn tostring(c: &mut Compiler<'_>, _: &Spanned<String>, args: &[Expr]) -> Option<Typed> {
    if let Some(form) = args.get(1)
        && let Some(text) = literal(form)
        && formatted(0.0, text).is_none()
    {
        c.errors.push(
            codes::BAD_ARGUMENT
                .at(form.span.0, format!("`tostring` has no form `{text}`"))
                .help("its forms are \"binary\", \"commas\", \"duration\" and \"hex\""),
        );
        return None;
    }
    let compiled = args.iter().map(|a| c.compile(a)).collect::<Vec<_>>();
    let compiled: Option<Vec<Typed>> = compiled.into_iter().collect();
    Some(func::call(&TO_STRING, compiled?, c.env))
}

fn formatted(n: f64, form: &str) -> Option<String> {
    let sign = if n < 0.0 { "-" } else { "" };
    Some(match form.to_ascii_lowercase().as_str() {
        "hex" => format!("{sign}0x{:X}", n.abs() as u64),
        "binary" => format!("{sign}{:b}", n.abs() as u64),
        "commas" => {
            let rounded = decimal::round(n.abs(), 2);
            let text = match n == n.trunc() {
                // All digits: an exponent takes no commas.
                true => format!("{:.0}", n.abs()),
                false => format!("{rounded:.2}"),
            };
            format!("{sign}{}", commas(&text))
        }
        "duration" => duration(n),
        _ => return None,
    })
}

/// `HH:MM:SS`, with days and `+` in front over a day, and six decimals for a fraction.
fn duration(n: f64) -> String {
    let micros = (n.abs() * 1e6).round();
    let (seconds, micros) = ((micros / 1e6).floor(), micros % 1e6);
    let days = (seconds / 86400.0).floor();
    let left = (seconds % 86400.0) as u64;
    let sign = if n < 0.0 { "-" } else { "" };
    let days = if days >= 1.0 { format!("{days}+") } else { String::new() };
    let fraction = if micros > 0.0 { format!(".{:06}", micros as u64) } else { String::new() };
    let (h, m, s) = (left / 3600, left / 60 % 60, left % 60);
    format!("{sign}{days}{h:02}:{m:02}:{s:02}{fraction}")
}

#[cfg(test)]
mod tests {
    use super::formatted;

    #[test]
    fn forms_of_tostring() {
        for (n, form, text) in [
            (1_234_567.0, "commas", "1,234,567"),
            (-1234.5, "commas", "-1,234.50"),
            (0.0, "commas", "0"),
            (999.999, "commas", "1,000.00"),
            (1e16, "commas", "10,000,000,000,000,000"),
            (-123_456_789_012_345_680.0, "commas", "-123,456,789,012,345,680"),
            (86400.0, "duration", "1+00:00:00"),
            (90061.5, "duration", "1+01:01:01.500000"),
            (-5.0, "duration", "-00:00:05"),
            (255.0, "hex", "0xFF"),
            (5.0, "binary", "101"),
        ] {
            assert_eq!(formatted(n, form).as_deref(), Some(text), "{n} {form}");
        }
        assert_eq!(formatted(1.0, "octal"), None);
    }
}
