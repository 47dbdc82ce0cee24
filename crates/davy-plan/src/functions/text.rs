//! Text functions. Search Reference, "Text functions".

use crate::column::Builder;
use crate::column::Ty;
use crate::env::Env;
use crate::example;
use crate::mistake::given_up;
use crate::pattern::Patterns;
use crate::spec::{ArgCol, Example, FunctionSpec, Kernel, Multi, Nulls, Ret, Support};
use crate::structured::Path;
use crate::value::Val;
use arrow::array::ArrayRef;
use datafusion_common::Result;
use davy_events::mv;
use std::borrow::Cow;

const SOURCE: &str = "Search Reference, Text functions";

/// Null for null, and each of several values on its own.
const fn text(
    name: &'static str,
    syntax: &'static str,
    summary: &'static str,
    examples: &'static [Example],
    arity: (usize, usize),
    ret: Ret,
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
    text(
        "len",
        "len(<text>)",
        "The number of characters.",
        &[
            example!("| makeresults | eval n=len(\"buttercup\")" => field "n" = "9"),
            example!("| makeresults | eval n=len(\"naïve\")" => field "n" = "5"),
        ],
        (1, 1),
        Ret::Of(number_or_texts),
        Kernel::Row(|v, _| length(v)),
    ),
    text(
        "length",
        "length(<text>)",
        "Another name for `len`.",
        &[example!("| makeresults | eval n=length(\"dash\")" => field "n" = "4")],
        (1, 1),
        Ret::Of(number_or_texts),
        Kernel::Row(|v, _| length(v)),
    ),
    text(
        "lower",
        "lower(<text>)",
        "In lower case.",
        &[example!("| makeresults | eval x=lower(\"ABC Ü\")" => field "x" = "abc ü")],
        (1, 1),
        Ret::Text,
        Kernel::Row(|v, _| mapped(&v[0], str::to_lowercase)),
    ),
    text(
        "upper",
        "upper(<text>)",
        "In upper case.",
        &[example!("| makeresults | eval x=upper(\"abc ü\")" => field "x" = "ABC Ü")],
        (1, 1),
        Ret::Text,
        Kernel::Row(|v, _| mapped(&v[0], str::to_uppercase)),
    ),
    text(
        "ltrim",
        "ltrim(<text>[, <characters>])",
        "Without these characters at its start; without spaces and tabs when none are named.",
        &[
            example!("| makeresults | eval x=ltrim(\"   ZZZZabcZZ\", \" Z\")" => field "x" = "abcZZ"),
            example!("| makeresults | eval x=ltrim(\"$12\", \"$\")" => field "x" = "12"),
        ],
        (1, 2),
        Ret::Text,
        Kernel::Row(|v, _| trimmed(v, true, false)),
    ),
    text(
        "rtrim",
        "rtrim(<text>[, <characters>])",
        "Without these characters at its end; without spaces and tabs when none are named.",
        &[
            example!("| makeresults | eval x=rtrim(\"ZZZZabcZZ \", \" Z\")" => field "x" = "ZZZZabc"),
        ],
        (1, 2),
        Ret::Text,
        Kernel::Row(|v, _| trimmed(v, false, true)),
    ),
    text(
        "trim",
        "trim(<text>[, <characters>])",
        "Without these characters at both ends; without spaces and tabs when none are named.",
        &[example!("| makeresults | eval x=trim(\"   ZZZZabcZZ \", \" Z\")" => field "x" = "abc")],
        (1, 2),
        Ret::Text,
        Kernel::Row(|v, _| trimmed(v, true, true)),
    ),
    text(
        "replace",
        "replace(<text>, <regex>, <replacement>)",
        "With every match of a regular expression replaced; `\\1` stands for its first group.",
        &[
            example!("| makeresults | eval x=replace(\"1/14/2023\", \"^(\\d{1,2})/(\\d{1,2})/\", \"\\2/\\1/\")" => field "x" = "14/1/2023"),
            example!("| makeresults | eval x=replace(\"54.81.233.206:443:X1\", \":.*\", \"\")" => field "x" = "54.81.233.206"),
        ],
        (3, 3),
        Ret::Text,
        Kernel::Array(replace),
    ),
    text(
        "spath",
        "spath(<text>, <path>)",
        "What a path such as `a.b{0}.c` leads to in a text of JSON, or `a.b{2}` and `a{@id}` in XML.",
        &[
            example!("| makeresults | eval j=\"{\\\"a\\\":{\\\"b\\\":[1,2]}}\", x=spath(j, \"a.b{1}\")" => field "x" = "2"),
            example!("| makeresults | eval j=\"{\\\"a\\\":[{\\\"b\\\":1},{\\\"b\\\":2}]}\", x=spath(j, \"a{}.b\")" => field "x" = "1|2"),
        ],
        (2, 2),
        Ret::Text,
        Kernel::Row(|v, _| spath(v)),
    ),
    text(
        "substr",
        "substr(<text>, <start>[, <length>])",
        "A part of a text. The first character is 1; a negative start counts from the end.",
        &[
            example!("| makeresults | eval x=substr(\"string\", 1, 3) + substr(\"string\", -3)" => field "x" = "string"),
            example!("| makeresults | eval x=substr(\"string\", 3)" => field "x" = "ring"),
        ],
        (2, 3),
        Ret::Text,
        Kernel::Row(|v, _| substr(v)),
    ),
    text(
        "urldecode",
        "urldecode(<text>)",
        "With `%20` and the like replaced by the characters they stand for.",
        &[
            example!("| makeresults | eval x=urldecode(\"http%3A%2F%2Fwww.splunk.com%2Fdownload%3Fr%3Dheader\")" => field "x" = "http://www.splunk.com/download?r=header"),
        ],
        (1, 1),
        Ret::Text,
        Kernel::Row(|v, _| urldecode(&v[0])),
    ),
];

/// A number where the argument can hold one value only.
fn number_or_texts(args: &[Ty]) -> Ty {
    match args.first() {
        Some(Ty::Num | Ty::Bool) => Ty::Num,
        _ => Ty::Text,
    }
}

fn length(v: &[Val<'_>]) -> Val<'static> {
    v[0].text().map_or(Val::Null, |t| Val::Num(t.chars().count() as f64))
}

fn mapped(value: &Val<'_>, f: fn(&str) -> String) -> Val<'static> {
    value.text().map_or(Val::Null, |t| Val::str(f(&t)))
}

fn trimmed(v: &[Val<'_>], left: bool, right: bool) -> Val<'static> {
    let Some(text) = v[0].text() else { return Val::Null };
    let chars = v.get(1).and_then(Val::text).unwrap_or(Cow::Borrowed(" \t"));
    let mut rest = text.as_ref();
    if left {
        rest = rest.trim_start_matches(|c| chars.contains(c));
    }
    if right {
        rest = rest.trim_end_matches(|c| chars.contains(c));
    }
    Val::str(rest.to_owned())
}

/// As SQLite's `substr`, which the reference names.
fn substr(v: &[Val<'_>]) -> Val<'static> {
    let (Some(text), Some(start)) = (v[0].text(), v[1].num()) else { return Val::Null };
    let count = text.chars().count() as i64;
    let mut from = start as i64;
    let mut len = i64::MAX / 4;
    let mut backwards = false;
    if let Some(length) = v.get(2) {
        let Some(length) = length.num() else { return Val::Null };
        len = (length as i64).clamp(-len, len);
        backwards = len < 0;
        len = len.abs();
    }
    from = from.clamp(-i64::MAX / 4, i64::MAX / 4);
    if from < 0 {
        from += count;
        if from < 0 {
            len = (len + from).max(0);
            from = 0;
        }
    } else if from > 0 {
        from -= 1;
    } else if len > 0 {
        len -= 1;
    }
    if backwards {
        from -= len;
        if from < 0 {
            len += from;
            from = 0;
        }
    }
    let part: String = text.chars().skip(from as usize).take(len.max(0) as usize).collect();
    Val::str(part)
}

fn urldecode(value: &Val<'_>) -> Val<'static> {
    let Some(text) = value.text() else { return Val::Null };
    let decoded = percent_encoding::percent_decode_str(&text).decode_utf8_lossy();
    // What was encoded could forge a field of several values.
    Val::str(mv::clean(decoded).into_owned())
}

fn spath(v: &[Val<'_>]) -> Val<'static> {
    let (Some(text), Some(path)) = (v[0].text(), v[1].text()) else { return Val::Null };
    Val::multi(&Path::new(&path).find(&text))
}

fn replace(args: &[ArgCol], rows: usize, env: &Env) -> Result<ArrayRef> {
    let mut patterns = Patterns::new(env);
    let mut out = Builder::new(Ty::Text, rows);
    for row in 0..rows {
        let (value, pattern, with) = (args[0].get(row), args[1].get(row), args[2].get(row));
        let (Some(pattern), Some(with)) = (pattern.joined(), with.joined()) else {
            out.push(&Val::Null);
            continue;
        };
        let Some(pattern) = super::matching::compiled(&mut patterns, &pattern) else {
            out.push(&Val::Null);
            continue;
        };
        let values = value.values();
        if let [one] = values.as_slice() {
            out.push(&Val::str(pattern.replace_all(one, &with).map_err(given_up)?));
            continue;
        }
        let replaced: Vec<_> = values
            .iter()
            .map(|one| pattern.replace_all(one, &with))
            .collect::<std::result::Result<_, _>>()
            .map_err(given_up)?;
        out.push(&Val::multi(&replaced));
    }
    Ok(out.finish())
}
