//! Functions on fields of several values. Search Reference, "Multivalue eval functions".

use super::matching::compiled;
use crate::column::{Builder, Ty};
use crate::env::Env;
use crate::example;
use crate::json::Json;
use crate::mistake::{given_up, too_many_values};
use crate::pattern::Patterns;
use crate::spec::{ArgCol, Example, FunctionSpec, Kernel, Multi, Nulls, Ret, Support};
use crate::value::{Val, fmt_num};
use arrow::array::ArrayRef;
use datafusion_common::{DataFusionError, Result};
use davy_spl::{TimeModifier, parse_time_modifier};
use jiff::Timestamp;
use std::borrow::Cow;

const SOURCE: &str = "Search Reference, Multivalue eval functions";

/// Null for null; knows several values itself.
const fn multi(
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
        multi: Multi::Aware,
        pure: true,
        kernel,
    }
}

pub(super) static FUNCTIONS: &[FunctionSpec] = &[
    multi(
        "commands",
        "commands(<search>)",
        "The names of the commands of a search.",
        &[
            example!("| makeresults | eval x=commands(\"search foo | stats count | sort count\")" => field "x" = "search|stats|sort"),
        ],
        (1, 1),
        Ret::Text,
        Kernel::Row(|v, _| v[0].text().map_or(Val::Null, |t| Val::multi(&commands(&t)))),
    ),
    FunctionSpec {
        nulls: Nulls::Aware,
        ..multi(
            "mvappend",
            "mvappend(<value>, ...)",
            "All values of its arguments as one field.",
            &[
                example!("| makeresults | eval a=mvappend(\"localhost\", missing, mvappend(\"x\", \"y\"))" => field "a" = "localhost|x|y"),
            ],
            (1, usize::MAX),
            Ret::Text,
            Kernel::Row(|v, _| Val::multi(&v.iter().flat_map(Val::values).collect::<Vec<_>>())),
        )
    },
    multi(
        "mvcount",
        "mvcount(<field>)",
        "The number of values; null when there is none.",
        &[
            example!("| makeresults | eval n=mvcount(split(\"a@b@c\", \"@\"))" => field "n" = "3"),
            example!("| makeresults | eval n=mvcount(missing)" => field "n" = ""),
        ],
        (1, 1),
        Ret::Num,
        Kernel::Row(|v, _| Val::Num(v[0].values().len() as f64)),
    ),
    multi(
        "mvdedup",
        "mvdedup(<field>)",
        "Each value once, where it stands first.",
        &[example!("| makeresults | eval x=mvdedup(split(\"b,a,b\", \",\"))" => field "x" = "b|a")],
        (1, 1),
        Ret::Text,
        Kernel::Row(|v, _| dedup(&v[0])),
    ),
    multi(
        "mvfind",
        "mvfind(<field>, <regex>)",
        "The index of the first value in which a regular expression is found, from 0.",
        &[
            example!("| makeresults | eval n=mvfind(split(\"ok,err12,err3\", \",\"), \"err\\d+\")" => field "n" = "1"),
        ],
        (2, 2),
        Ret::Num,
        Kernel::Array(mvfind),
    ),
    multi(
        "mvindex",
        "mvindex(<field>, <start>[, <end>])",
        "The value at an index, or those from an index to another. The first is 0, the last -1.",
        &[
            example!("| makeresults | eval n=split(\"alex,celestino,claudia,david\", \",\"), x=mvindex(n, 2)" => field "x" = "claudia"),
            example!("| makeresults | eval n=split(\"a,b,c,d\", \",\"), x=mvindex(n, -3, -1)" => field "x" = "b|c|d"),
        ],
        (2, 3),
        Ret::Text,
        Kernel::Row(|v, _| mvindex(v)),
    ),
    multi(
        "mvjoin",
        "mvjoin(<field>, <delimiter>)",
        "The values as one text, a delimiter between them.",
        &[
            example!("| makeresults | eval base=mvrange(1,6), x=mvjoin('base', \" OR \")" => field "x" = "1 OR 2 OR 3 OR 4 OR 5"),
        ],
        (2, 2),
        Ret::Text,
        Kernel::Row(|v, _| {
            v[1].joined().map_or(Val::Null, |by| Val::str(v[0].values().join(by.as_ref())))
        }),
    ),
    multi(
        "mvrange",
        "mvrange(<start>, <end>[, <step>])",
        "The numbers from a start up to, and without, an end. A step such as \"7d\" makes times.",
        &[
            example!("| makeresults | eval x=mvrange(1,11,2)" => field "x" = "1|3|5|7|9"),
            example!("| makeresults | eval x=mvrange(1514834731,1516000000,\"7d\")" => field "x" = "1514834731|1515439531"),
        ],
        (2, 3),
        Ret::Text,
        Kernel::Array(mvrange),
    ),
    multi(
        "mvreverse",
        "mvreverse(<field>)",
        "The values in the opposite order.",
        &[
            example!("| makeresults | eval a=mvreverse(split(\"1,2,3\", \",\"))" => field "a" = "3|2|1"),
        ],
        (1, 1),
        Ret::Text,
        Kernel::Row(|v, _| {
            let mut values = v[0].values();
            values.reverse();
            Val::multi(&values)
        }),
    ),
    multi(
        "mvsort",
        "mvsort(<field>)",
        "The values in the order of their characters: 10 before 9, capitals first.",
        &[
            example!("| makeresults | eval x=mvsort(split(\"10,9,70,100\", \",\"))" => field "x" = "10|100|70|9"),
        ],
        (1, 1),
        Ret::Text,
        Kernel::Row(|v, _| {
            let mut values = v[0].values();
            values.sort();
            Val::multi(&values)
        }),
    ),
    multi(
        "mvzip",
        "mvzip(<left>, <right>[, <delimiter>])",
        "The first value of each with the first of the other, the second with the second; a comma between them when no delimiter is named.",
        &[
            example!("| makeresults | eval h=split(\"a,b\", \",\"), p=split(\"1,2,3\", \",\"), x=mvzip(h, p, \":\")" => field "x" = "a:1|b:2"),
        ],
        (2, 3),
        Ret::Text,
        Kernel::Row(|v, _| mvzip(v)),
    ),
    multi(
        "mv_to_json_array",
        "mv_to_json_array(<field>[, <infer types>])",
        "The values as a JSON array: of strings, or with true() of what each value is in JSON.",
        &[
            example!("| makeresults | eval x=mv_to_json_array(split(\"a,1\", \",\"))" => field "x" = "[\"a\",\"1\"]"),
            example!("| makeresults | eval x=mv_to_json_array(mvappend(\"\\\"a\\\"\", \"1\", \"b\"), true())" => field "x" = "[\"a\",1,null]"),
        ],
        (1, 2),
        Ret::Text,
        Kernel::Row(|v, _| to_json_array(v)),
    ),
    FunctionSpec {
        multi: Multi::Each,
        ..multi(
            "split",
            "split(<text>, <delimiter>)",
            "The parts of a text between delimiters; its characters when the delimiter is empty.",
            &[
                example!("| makeresults | eval x=split(\"a;b;;c\", \";\")" => field "x" = "a|b||c"),
                example!("| makeresults | eval x=split(\"abcd\", \"\")" => field "x" = "a|b|c|d"),
            ],
            (2, 2),
            Ret::Text,
            Kernel::Row(|v, _| split(v)),
        )
    },
];

fn dedup(value: &Val<'_>) -> Val<'static> {
    let mut seen = std::collections::HashSet::new();
    let values = value.values();
    let mut kept: Vec<&str> = Vec::new();
    for one in &values {
        if seen.insert(one.as_ref()) {
            kept.push(one);
        }
    }
    Val::multi(&kept)
}

fn split(v: &[Val<'_>]) -> Val<'static> {
    let (Some(text), Some(by)) = (v[0].text(), v[1].text()) else { return Val::Null };
    if by.is_empty() {
        return Val::multi(&text.chars().map(String::from).collect::<Vec<_>>());
    }
    Val::multi(&text.split(by.as_ref()).collect::<Vec<_>>())
}

/// The end may lie beyond the last value; a start outside gives null.
fn mvindex(v: &[Val<'_>]) -> Val<'static> {
    let values = v[0].values();
    let count = values.len() as i64;
    let index = |n: Option<f64>| {
        n.filter(|n| n.is_finite()).map(|n| n as i64).map(|n| if n < 0 { n + count } else { n })
    };
    let Some(start) = index(v[1].num()) else { return Val::Null };
    let (start, end) = match v.get(2) {
        None => (start, start),
        Some(end) => match index(end.num()) {
            Some(end) => (start, end.min(count - 1)),
            None => return Val::Null,
        },
    };
    if start < 0 || end < start {
        return Val::Null;
    }
    values.get(start as usize..=end as usize).map_or(Val::Null, Val::multi)
}

fn mvzip(v: &[Val<'_>]) -> Val<'static> {
    let by = v.get(2).and_then(Val::joined).unwrap_or(Cow::Borrowed(","));
    let (left, right) = (v[0].values(), v[1].values());
    let zipped: Vec<String> = left.iter().zip(&right).map(|(l, r)| format!("{l}{by}{r}")).collect();
    Val::multi(&zipped)
}

fn to_json_array(v: &[Val<'_>]) -> Val<'static> {
    let infer = v.get(1).and_then(Val::truth).unwrap_or(false);
    let items = v[0].values().into_iter().map(|one| match infer {
        true => Json::parse(&one).unwrap_or(Json::Null),
        false => Json::Str(one.into_owned()),
    });
    Val::str(Json::Array(items.collect()).to_string())
}

fn mvfind(args: &[ArgCol], rows: usize, env: &Env) -> Result<ArrayRef> {
    let mut patterns = Patterns::new(env);
    let mut out = Builder::new(Ty::Num, rows);
    for row in 0..rows {
        let (value, pattern) = (args[0].get(row), args[1].get(row));
        let pattern = match pattern.text() {
            Some(text) => compiled(&mut patterns, &text),
            None => None,
        };
        let mut found = Val::Null;
        if let Some(pattern) = pattern {
            for (i, one) in value.values().iter().enumerate() {
                if pattern.is_match(one).map_err(given_up)? {
                    found = Val::Num(i as f64);
                    break;
                }
            }
        }
        out.push(&found);
    }
    Ok(out.finish())
}

/// The most values that one call makes: a typing error must not fill the memory.
const MOST: usize = 1_000_000;

fn mvrange(args: &[ArgCol], rows: usize, env: &Env) -> Result<ArrayRef> {
    let mut out = Builder::new(Ty::Text, rows);
    for row in 0..rows {
        let step = args.get(2).map(|a| a.get(row));
        let (start, end) = (args[0].get(row).num(), args[1].get(row).num());
        let (Some(start), Some(end)) = (start, end) else {
            out.push(&Val::Null);
            continue;
        };
        let values = match step {
            None => numbers(start, end, 1.0)?,
            Some(step) => match (step.num(), step.text()) {
                (Some(step), _) => numbers(start, end, step)?,
                (None, Some(span)) => times(start, end, &span, env)?,
                (None, None) => Vec::new(),
            },
        };
        out.push(&Val::multi(&values));
    }
    Ok(out.finish())
}

fn too_many() -> DataFusionError {
    too_many_values(
        format!("`mvrange` makes at most {MOST} values in one field"),
        "give it an end nearer to the start, or a longer step: `mvrange(0, 1000000, 10)`",
    )
}

fn numbers(start: f64, end: f64, step: f64) -> Result<Vec<String>> {
    if step == 0.0 || !step.is_finite() {
        return Ok(Vec::new());
    }
    let count = ((end - start) / step).ceil().max(0.0);
    if count > MOST as f64 {
        return Err(too_many());
    }
    Ok((0..count as usize).map(|i| fmt_num(start + i as f64 * step)).collect())
}

/// Times a span apart, by the calendar: a day is not always 24 hours.
fn times(start: f64, end: f64, span: &str, env: &Env) -> Result<Vec<String>> {
    let text = span.trim();
    if text.is_empty() || text.contains('@') {
        return Ok(Vec::new());
    }
    // `7d` is a step forward.
    let signed = if text.starts_with(['-', '+']) { text.to_owned() } else { format!("+{text}") };
    let Ok(step @ TimeModifier::Relative(_)) = parse_time_modifier(&signed) else {
        return Ok(Vec::new());
    };
    let Ok(first) = Timestamp::from_microsecond((start * 1e6).round() as i64) else {
        return Ok(Vec::new());
    };
    let mut at = first;
    let mut values = Vec::new();
    while values.len() < MOST {
        let seconds = at.as_microsecond() as f64 / 1e6;
        if seconds >= end {
            return Ok(values);
        }
        values.push(fmt_num(seconds));
        let next = step.resolve(at.to_zoned(env.zone.clone()));
        if next <= at {
            return Ok(values);
        }
        at = next;
    }
    Err(too_many())
}

/// The first word of each part between pipes that stand in no quotes and no brackets.
fn commands(search: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let (mut quote, mut depth, mut escaped) = (None, 0usize, false);
    for c in search.chars() {
        let splits = c == '|' && quote.is_none() && depth == 0;
        match (quote, c) {
            _ if escaped => escaped = false,
            (_, '\\') => escaped = true,
            (Some(q), c) if c == q => quote = None,
            (Some(_), _) => {}
            (None, '"') => quote = Some(c),
            (None, '[') => depth += 1,
            (None, ']') => depth = depth.saturating_sub(1),
            _ => {}
        }
        match parts.last_mut() {
            Some(last) if !splits => last.push(c),
            _ => parts.push(String::new()),
        }
    }
    let mut names = Vec::new();
    for (i, part) in parts.iter().enumerate() {
        let word: String = part
            .trim_start()
            .chars()
            .take_while(|c| c.is_ascii_alphanumeric() || *c == '_')
            .collect();
        let known = crate::commands::find(&word.to_ascii_lowercase()).is_some();
        // What stands before the first pipe is a search, its command's name left out or not.
        match (i, known) {
            (0, false) if !part.trim().is_empty() => names.push("search".to_owned()),
            _ if !word.is_empty() => names.push(word),
            _ => {}
        }
    }
    names
}
