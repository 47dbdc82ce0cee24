//! `field!=value` in a search also drops events without the field.

use super::{DROPS, Lint, always, by, codes};
use davy_diag::Diagnostic;
use davy_spl::ast::{CmpOp, SearchExpr};

pub(super) fn check(lint: &Lint<'_>, found: &mut Vec<Diagnostic>) {
    for (pipeline, expr) in lint.base_searches() {
        // A command that leaves out events without the field does what this does.
        let mut present: Vec<&str> = pipeline
            .stages
            .iter()
            .skip(1)
            .take_while(|stage| !RENAMES.contains(&stage.name.value.as_str()))
            .find(|stage| DROPS.contains(&stage.name.value.as_str()))
            .map(|stage| by(stage).into_iter().map(|(name, _)| name).collect())
            .unwrap_or_default();
        visit(expr, lint, &mut present, found);
    }
}

/// After these a name may mean another field.
const RENAMES: &[&str] = &["rename", "eval", "rex", "fillnull"];

/// `present`: fields that other terms ask for, so that every event that is left has them.
fn visit<'a>(
    expr: &'a SearchExpr,
    lint: &Lint<'_>,
    present: &mut Vec<&'a str>,
    found: &mut Vec<Diagnostic>,
) {
    match expr {
        SearchExpr::And(items) => {
            let before = present.len();
            present.extend(items.iter().filter_map(asks_for));
            for item in items {
                visit(item, lint, present, found);
                // One word about a field is enough.
                present.extend(told(item));
            }
            present.truncate(before);
        }
        SearchExpr::Or(items) => items.iter().for_each(|e| visit(e, lint, present, found)),
        SearchExpr::Compare { field, op, value } if op.value == CmpOp::Ne => {
            let name = field.value.as_str();
            // `!=""` and `!=*` are written for the sake of the field's presence.
            if always(name) || present.contains(&name) || matches!(value.text.as_str(), "" | "*") {
                return;
            }
            // As it was typed, with its quotes and backslashes.
            let text = lint.sources.text(value.span.0);
            found.push(
                codes::NOT_EQUAL
                    .at(field.span.to(value.span.0), format!("this drops events without `{name}`"))
                    .label("also false where the field is missing")
                    .help(format!("write `NOT {name}={text}` to keep them")),
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

fn told(expr: &SearchExpr) -> Option<&str> {
    match expr {
        SearchExpr::Compare { field, op, .. } if op.value == CmpOp::Ne => Some(&field.value),
        _ => None,
    }
}
