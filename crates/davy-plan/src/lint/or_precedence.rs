//! OR beside AND without parentheses.

use super::{Lint, codes};
use davy_diag::{Diagnostic, Span};
use davy_spl::ast::SearchExpr;

pub(super) fn check(lint: &Lint<'_>, found: &mut Vec<Diagnostic>) {
    for (_, expr) in lint.base_searches() {
        visit(expr, lint, found);
    }
}

fn visit(expr: &SearchExpr, lint: &Lint<'_>, found: &mut Vec<Diagnostic>) {
    match expr {
        SearchExpr::And(items) => {
            for item in items {
                if items.len() > 1
                    && let SearchExpr::Or(_) = item
                    && let Some(span) = span(item)
                    && !in_parentheses(lint.sources.file(span.file).text.as_bytes(), span)
                {
                    let span = balanced(&lint.sources.file(span.file).text, span);
                    let text = lint.sources.text(span);
                    let help = match text.len() <= 60 && !text.contains('\n') {
                        true => {
                            format!("type `({text})`, or put the parentheses where you mean them")
                        }
                        false => "put the parentheses where you mean them".to_owned(),
                    };
                    found.push(
                        codes::OR_PRECEDENCE
                            .at(span, "OR binds tighter than AND here")
                            .label("read as if it stood in parentheses")
                            .help(help),
                    );
                }
                visit(item, lint, found);
            }
        }
        SearchExpr::Or(items) => items.iter().for_each(|e| visit(e, lint, found)),
        SearchExpr::Not(inner, _) => visit(inner, lint, found),
        _ => {}
    }
}

/// From the first leaf to the last.
fn span(expr: &SearchExpr) -> Option<Span> {
    match expr {
        SearchExpr::And(items) | SearchExpr::Or(items) => {
            let first = items.first().and_then(span)?;
            Some(first.to(items.last().and_then(span)?))
        }
        SearchExpr::Not(inner, at) => Some(span(inner).map_or(at.0, |s| at.0.to(s))),
        SearchExpr::Compare { field, value, .. } => Some(field.span.to(value.span.0)),
        SearchExpr::In { field, span, .. } => Some(field.span.to(span.0)),
        SearchExpr::Term(value) | SearchExpr::IndexedTerm(value) => Some(value.span.0),
        SearchExpr::Case { field, value } => {
            Some(field.as_ref().map_or(value.span.0, |f| f.span.to(value.span.0)))
        }
        SearchExpr::Subsearch(_, span) | SearchExpr::CompareSub { span, .. } => Some(span.0),
        SearchExpr::Time { key, value } => Some(key.span.to(value.span.0)),
    }
}

/// The place with the parentheses whose other end lies in it.
fn balanced(text: &str, span: Span) -> Span {
    let bytes = text.as_bytes();
    let (mut left, mut right, mut quoted, mut at) = (0usize, 0usize, false, span.start as usize);
    while let Some(b) = bytes.get(at).filter(|_| at < span.end as usize) {
        match b {
            b'\\' if quoted => at += 1,
            b'"' => quoted = !quoted,
            b'(' if !quoted => right += 1,
            b')' if !quoted && right > 0 => right -= 1,
            b')' if !quoted => left += 1,
            _ => {}
        }
        at += 1;
    }
    let (mut start, mut end) = (span.start as usize, span.end as usize);
    for _ in 0..left {
        match bytes[..start].iter().rposition(|b| !b.is_ascii_whitespace()) {
            Some(at) if bytes[at] == b'(' => start = at,
            _ => return span,
        }
    }
    for _ in 0..right {
        match bytes[end..].iter().position(|b| !b.is_ascii_whitespace()) {
            Some(at) if bytes[end + at] == b')' => end += at + 1,
            _ => return span,
        }
    }
    span.file.span(start..end)
}

/// Whether one pair of parentheses holds the whole place.
fn in_parentheses(text: &[u8], span: Span) -> bool {
    let mut at = span.start as usize;
    loop {
        at = match text.get(..at).and_then(|t| t.iter().rposition(|b| !b.is_ascii_whitespace())) {
            Some(before) => before,
            None => return false,
        };
        if text.get(at) != Some(&b'(') {
            return false;
        }
        if closing(text, at) >= span.end as usize {
            return true;
        }
    }
}

/// Where the parenthesis at `open` is closed.
fn closing(text: &[u8], open: usize) -> usize {
    let (mut depth, mut quoted, mut at) = (0usize, false, open);
    while let Some(b) = text.get(at) {
        match b {
            b'\\' if quoted => at += 1,
            b'"' => quoted = !quoted,
            b'(' if !quoted => depth += 1,
            b')' if !quoted => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return at;
                }
            }
            _ => {}
        }
        at += 1;
    }
    at
}
