//! What a search expression comes to for all events of one shape.

use crate::matcher::Matcher;
use davy_events::Shape;
use davy_spl::ast::{CmpOp, SearchExpr};

/// `Some(false)`: no event of the shape can match. `Some(true)`: all do. `None`: it depends on
/// the event.
pub fn specialise(expr: &SearchExpr, shape: &Shape) -> Option<bool> {
    match expr {
        SearchExpr::And(list) => {
            let mut all = Some(true);
            for part in list {
                match specialise(part, shape) {
                    Some(false) => return Some(false),
                    Some(true) => {}
                    None => all = None,
                }
            }
            all
        }
        SearchExpr::Or(list) => {
            let mut any = Some(false);
            for part in list {
                match specialise(part, shape) {
                    Some(true) => return Some(true),
                    Some(false) => {}
                    None => any = None,
                }
            }
            any
        }
        SearchExpr::Not(inner, _) => specialise(inner, shape).map(|b| !b),
        // Files lie in no index; see `search::condition`.
        SearchExpr::Compare { field, .. } | SearchExpr::In { field, .. }
            if field.value == "index" =>
        {
            None
        }
        SearchExpr::Compare { field, op, value } => {
            fact(&field.value, shape, || Matcher::new(op.value, &[&value.text]))
        }
        SearchExpr::In { field, values, .. } => fact(&field.value, shape, || {
            let texts: Vec<&str> = values.iter().map(|v| v.text.as_str()).collect();
            Matcher::new(CmpOp::Eq, &texts)
        }),
        SearchExpr::Case { field: Some(field), value } => {
            fact(&field.value, shape, || Matcher::case(&value.text))
        }
        SearchExpr::Term(value) if value.text == "*" => Some(true),
        // Decided by the filter above the scan.
        SearchExpr::Time { .. } => Some(true),
        _ => None,
    }
}

fn fact(field: &str, shape: &Shape, matcher: impl FnOnce() -> Matcher) -> Option<bool> {
    if let Some(value) = shape.constant(field) {
        return Some(matcher().matches(value));
    }
    (!shape.may_hold(field)).then_some(false)
}
