//! Comparison functions that match patterns. Search Reference, "Comparison and conditional
//! functions".

use crate::codes;
use crate::env::Env;
use crate::example;
use crate::mistake::given_up;
use crate::pattern::{Pattern, Patterns};
use crate::spec::{ArgCol, FunctionSpec, Kernel, Multi, Nulls, Ret, Support};
use crate::value::Val;
use arrow::array::{ArrayRef, BooleanBuilder};
use datafusion_common::Result;
use davy_diag::{Diagnostic, Span};
use davy_spl::ast::{Expr, ExprKind};
use ipnet::IpNet;
use std::net::IpAddr;
use std::sync::Arc;

const SOURCE: &str = "Search Reference, Comparison and conditional functions";

pub(super) static FUNCTIONS: &[FunctionSpec] = &[
    FunctionSpec {
        name: "match",
        syntax: "match(<text>, <regex>)",
        summary: "True when a regular expression is found anywhere in the text.",
        examples: &[
            example!("| makeresults | eval ip=\"10.1.2.3\" | where match(ip, \"^\\d{1,3}\\.\\d{1,3}\\.\\d{1,3}\\.\\d{1,3}$\")" => rows 1),
            example!("| makeresults | where match(\"abc\", \"B\")" => rows 0),
        ],
        source: SOURCE,
        support: Support::Full,
        arity: (2, 2),
        ret: Ret::Bool,
        nulls: Nulls::Propagate,
        multi: Multi::Any,
        pure: true,
        kernel: Kernel::Array(match_),
    },
    FunctionSpec {
        name: "like",
        syntax: "like(<text>, <pattern>) or <text> LIKE <pattern>",
        summary: "True when the whole text matches: `%` stands for any characters, `_` for one.",
        examples: &[
            example!("| makeresults | eval ip=\"198.51.100.7\" | where like(ip, \"198.%\")" => rows 1),
            example!("| makeresults | eval f=\"a food\" | where f LIKE \"foo%\"" => rows 0),
        ],
        source: SOURCE,
        support: Support::Full,
        arity: (2, 2),
        ret: Ret::Bool,
        nulls: Nulls::Propagate,
        multi: Multi::Any,
        pure: true,
        kernel: Kernel::Array(like),
    },
    FunctionSpec {
        name: "cidrmatch",
        syntax: "cidrmatch(<subnet>, <address>)",
        summary: "True when an IPv4 or IPv6 address lies in a subnet.",
        examples: &[
            example!("| makeresults | where cidrmatch(\"192.0.2.0/24\", \"192.0.2.56\")" => rows 1),
            example!("| makeresults | where cidrmatch(\"192.0.2.0/24\", \"192.0.3.0\")" => rows 0),
            example!("| makeresults | where cidrmatch(\"2001:db8::ff00/120\", \"2001:0db8::ff99\")" => rows 1),
        ],
        source: SOURCE,
        support: Support::Full,
        arity: (2, 2),
        ret: Ret::Bool,
        nulls: Nulls::Propagate,
        multi: Multi::Any,
        pure: true,
        kernel: Kernel::Array(cidrmatch),
    },
];

/// Which argument of a function is a regular expression.
fn pattern_argument(name: &str) -> Option<usize> {
    ["match", "replace", "mvfind"].iter().any(|n| name.eq_ignore_ascii_case(n)).then_some(1)
}

/// Reports a regular expression, written as a literal, that cannot be read.
pub(super) fn check(name: &str, args: &[Expr], errors: &mut Vec<Diagnostic>) {
    let Some(arg) = pattern_argument(name).and_then(|at| args.get(at)) else { return };
    if let ExprKind::Str(text) = &arg.kind {
        report(text, arg.span.0, errors);
    }
}

fn report(text: &str, span: Span, errors: &mut Vec<Diagnostic>) {
    if let Err(reason) = Pattern::new(text) {
        errors.push(
            codes::BAD_REGEX
                .at(span, format!("the regular expression cannot be read: {reason}"))
                .help("put a backslash before a character that should stand for itself"),
        );
    }
}

/// The pattern of a row. One that cannot be read matches nothing; a literal was reported before.
pub(super) fn compiled<'p>(patterns: &'p mut Patterns<'_>, text: &str) -> Option<&'p Pattern> {
    patterns.get(text).ok()
}

fn match_(args: &[ArgCol], rows: usize, env: &Env) -> Result<ArrayRef> {
    let mut patterns = Patterns::new(env);
    let mut out = BooleanBuilder::with_capacity(rows);
    for row in 0..rows {
        let (value, pattern) = (args[0].get(row), args[1].get(row));
        let (false, Some(text)) = (value.is_null(), pattern.text()) else {
            out.append_null();
            continue;
        };
        let Some(pattern) = compiled(&mut patterns, &text) else {
            out.append_null();
            continue;
        };
        let found = match &value {
            Val::Str(one) if !value.is_multi() => pattern.is_match(one),
            _ => value
                .values()
                .iter()
                .try_fold(false, |found, one| Ok(found || pattern.is_match(one)?)),
        };
        out.append_value(found.map_err(given_up)?);
    }
    Ok(Arc::new(out.finish()))
}

/// True for any value and any pattern, null where a side is null.
fn any(
    value: &Val<'_>,
    pattern: &Val<'_>,
    mut matches: impl FnMut(&str, &str) -> bool,
) -> Option<bool> {
    if value.is_null() || pattern.is_null() {
        return None;
    }
    if let (Val::Str(v), Val::Str(p)) = (value, pattern)
        && !value.is_multi()
        && !pattern.is_multi()
    {
        return Some(matches(v, p));
    }
    let values = value.values();
    Some(pattern.values().iter().any(|p| values.iter().any(|v| matches(v, p))))
}

fn like(args: &[ArgCol], rows: usize, _: &Env) -> Result<ArrayRef> {
    let mut out = BooleanBuilder::with_capacity(rows);
    for row in 0..rows {
        out.append_option(any(&args[0].get(row), &args[1].get(row), is_like));
    }
    Ok(Arc::new(out.finish()))
}

/// `%` is any text, `_` any character, all else itself, case included.
fn is_like(text: &str, pattern: &str) -> bool {
    let Some((head, tail)) = pattern.split_once('%') else {
        return starts(text, pattern) == Some(text.len());
    };
    let Some(from) = starts(text, head) else { return false };
    let mut rest = text.get(from..).unwrap_or_default();
    let (middle, last) = tail.rsplit_once('%').unwrap_or(("", tail));
    // Each piece is looked for as far left as it can be; the last stands at the end.
    for piece in middle.split('%').filter(|p| !p.is_empty()) {
        match find(rest, piece) {
            Some(end) => rest = rest.get(end..).unwrap_or_default(),
            None => return false,
        }
    }
    let chars = last.chars().count();
    let start = match chars {
        0 => return true,
        n => rest.char_indices().rev().nth(n - 1).map(|(at, _)| at),
    };
    start.and_then(|at| rest.get(at..)).is_some_and(|end| starts(end, last) == Some(end.len()))
}

/// Where a piece without `%` ends, if the text begins with it.
fn starts(text: &str, piece: &str) -> Option<usize> {
    if !piece.contains('_') {
        return text.starts_with(piece).then_some(piece.len());
    }
    let mut chars = text.char_indices();
    for wanted in piece.chars() {
        let (_, c) = chars.next()?;
        if wanted != '_' && wanted != c {
            return None;
        }
    }
    Some(chars.next().map_or(text.len(), |(at, _)| at))
}

/// Where the first occurrence of a piece ends.
fn find(text: &str, piece: &str) -> Option<usize> {
    if !piece.contains('_') {
        return text.find(piece).map(|at| at + piece.len());
    }
    text.char_indices().find_map(|(at, _)| {
        let rest = text.get(at..)?;
        starts(rest, piece).map(|len| at + len)
    })
}

fn cidrmatch(args: &[ArgCol], rows: usize, _: &Env) -> Result<ArrayRef> {
    let mut out = BooleanBuilder::with_capacity(rows);
    let mut last: Option<(String, Option<IpNet>)> = None;
    for row in 0..rows {
        let found = any(&args[1].get(row), &args[0].get(row), |address, subnet| {
            if last.as_ref().is_none_or(|(text, _)| text != subnet) {
                last = Some((subnet.to_owned(), network(subnet)));
            }
            let network = last.as_ref().and_then(|(_, n)| n.as_ref());
            let address = address.trim().parse::<IpAddr>();
            matches!((network, address), (Some(n), Ok(a)) if n.contains(&a))
        });
        out.append_option(found);
    }
    Ok(Arc::new(out.finish()))
}

/// A subnet; an address alone is a subnet of one.
fn network(text: &str) -> Option<IpNet> {
    let text = text.trim();
    text.parse::<IpNet>().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))
}

#[cfg(test)]
mod tests {
    use super::is_like;

    #[test]
    fn like_matches_the_whole_text() {
        for (text, pattern, wanted) in [
            ("foobar", "foo%", true),
            ("a foobar", "foo%", false),
            ("foobar", "%bar", true),
            ("foobar", "%ob%", true),
            ("foobar", "f__bar", true),
            ("foobar", "f_bar", false),
            ("foo", "FOO", false),
            ("", "%", true),
            ("", "", true),
            ("", "_", false),
            ("aXbXc", "%X_X%", true),
            ("abab", "%ab", true),
            ("ab", "%ab%ab", false),
            ("é", "_", true),
            ("xé", "%_", true),
            ("a\nb", "a%b", true),
            (r"c:\temp\x", r"c:\%\x", true),
            ("100%", "100%", true),
            ("aaa", "%a_%a", true),
            ("aa", "%a_%a", false),
        ] {
            assert_eq!(is_like(text, pattern), wanted, "{text:?} {pattern:?}");
        }
    }
}
