//! `field!=value` in a search also drops events without the field.

use super::{Lint, always, codes};
use davy_diag::Diagnostic;
use davy_spl::ast::{CmpOp, SearchExpr};

pub(super) fn check(lint: &Lint<'_>, found: &mut Vec<Diagnostic>) {
    for expr in lint.base_searches() {
        visit(expr, &mut Vec::new(), found);
    }
}

/// `present`: fields that other terms ask for, so that every event that is left has them.
fn visit<'a>(expr: &'a SearchExpr, present: &mut Vec<&'a str>, found: &mut Vec<Diagnostic>) {
    match expr {
        SearchExpr::And(items) => {
            let before = present.len();
            present.extend(items.iter().filter_map(asks_for));
            items.iter().for_each(|e| visit(e, present, found));
            present.truncate(before);
        }
        SearchExpr::Or(items) => items.iter().for_each(|e| visit(e, present, found)),
        SearchExpr::Compare { field, op, value } if op.value == CmpOp::Ne => {
            let name = field.value.as_str();
            // `!=""` and `!=*` are written for the sake of the field's presence.
            if always(name) || present.contains(&name) || matches!(value.text.as_str(), "" | "*") {
                return;
            }
            let quote = if value.quoted { "\"" } else { "" };
            let text = &value.text;
            found.push(
                codes::NOT_EQUAL
                    .at(field.span.to(value.span.0), format!("this drops events without `{name}`"))
                    .label("also false where the field is missing")
                    .help(format!("write `NOT {name}={quote}{text}{quote}` to keep them")),
            );
        }
        _ => {}
    }
}

fn asks_for(expr: &SearchExpr) -> Option<&str> {
    match expr {
        SearchExpr::Compare { field, op, .. } if op.value != CmpOp::Ne => Some(&field.value),
        SearchExpr::In { field, .. } => Some(&field.value),
        SearchExpr::Case { field: Some(field), .. } => Some(&field.value),
        _ => None,
    }
}
