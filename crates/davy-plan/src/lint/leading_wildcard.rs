//! A search that an index cannot help, because all it has starts with `*`.

use super::{Lint, codes};
use davy_diag::{Diagnostic, Span};
use davy_spl::ast::{CmpOp, SearchExpr, SearchValue};

pub(super) fn check(lint: &Lint<'_>, found: &mut Vec<Diagnostic>) {
    for (_, expr) in lint.base_searches() {
        terms(expr, found);
        if let Some((field, span)) = first_field(expr).filter(|_| !selective(expr)) {
            found.push(
                codes::LEADING_WILDCARD
                    .at(span, format!("`{field}` starts with `*`, and nothing narrows the search"))
                    .label("every event is read")
                    .help("add a source, a sourcetype or a value with a fixed beginning"),
            );
        }
    }
}

fn leads(value: &SearchValue) -> bool {
    value.text.len() > 1 && value.text.starts_with('*') && value.text.contains(|c| c != '*')
}

/// Each raw term that starts with `*`.
fn terms(expr: &SearchExpr, found: &mut Vec<Diagnostic>) {
    match expr {
        SearchExpr::And(items) | SearchExpr::Or(items) => {
            items.iter().for_each(|e| terms(e, found));
        }
        SearchExpr::Term(value) if leads(value) => {
            let bare = value.text.trim_start_matches('*');
            found.push(
                codes::LEADING_WILDCARD
                    .at(value.span.0, "a term that starts with `*` is looked for in every event")
                    .help(format!("write `{bare}` if it is a word of its own in the events")),
            );
        }
        _ => {}
    }
}

/// Whether an index could narrow the events down.
fn selective(expr: &SearchExpr) -> bool {
    match expr {
        SearchExpr::And(items) => items.iter().any(selective),
        SearchExpr::Or(items) => !items.is_empty() && items.iter().all(selective),
        SearchExpr::Compare { field, op, value } => {
            let index = field.value.eq_ignore_ascii_case("index");
            op.value == CmpOp::Eq && !index && !value.text.starts_with('*')
        }
        SearchExpr::In { field, values, .. } => {
            !field.value.eq_ignore_ascii_case("index")
                && values.iter().all(|v| !v.text.starts_with('*'))
        }
        SearchExpr::Term(value) => !value.text.starts_with('*'),
        SearchExpr::IndexedTerm(_)
        | SearchExpr::Case { .. }
        | SearchExpr::Subsearch(..)
        | SearchExpr::CompareSub { .. } => true,
        SearchExpr::Not(..) | SearchExpr::Time { .. } => false,
    }
}

fn first_field(expr: &SearchExpr) -> Option<(&str, Span)> {
    match expr {
        SearchExpr::And(items) | SearchExpr::Or(items) => items.iter().find_map(first_field),
        SearchExpr::Compare { field, op, value } if op.value == CmpOp::Eq && leads(value) => {
            Some((&field.value, field.span.to(value.span.0)))
        }
        SearchExpr::In { field, values, span } => {
            values.iter().any(leads).then_some((field.value.as_str(), span.0))
        }
        _ => None,
    }
}
