//! What a search expression comes to for all events of one kind.

use crate::matcher::Matcher;
use davy_events::Shape;
use davy_spl::ast::{CmpOp, SearchExpr};

/// What is known of all events of one kind.
pub trait Facts {
    /// Whether the field fits, where that is the same for all events. `at` is the address of the
    /// expression that `matcher` is made of.
    fn fits(&mut self, field: &str, at: usize, matcher: &dyn Fn() -> Matcher) -> Option<bool>;
}

impl Facts for &Shape {
    fn fits(&mut self, field: &str, _: usize, matcher: &dyn Fn() -> Matcher) -> Option<bool> {
        if let Some(value) = self.constant(field) {
            return Some(matcher().matches(value));
        }
        (!self.may_hold(field)).then_some(false)
    }
}

/// `Some(false)`: no event of the shape can match. `Some(true)`: all do. `None`: it depends on
/// the event.
pub fn specialise(expr: &SearchExpr, facts: &mut dyn Facts) -> Option<bool> {
    let at = std::ptr::from_ref(expr) as usize;
    match expr {
        SearchExpr::And(list) => {
            let mut all = Some(true);
            for part in list {
                match specialise(part, facts) {
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
                match specialise(part, facts) {
                    Some(true) => return Some(true),
                    Some(false) => {}
                    None => any = None,
                }
            }
            any
        }
        SearchExpr::Not(inner, _) => specialise(inner, facts).map(|b| !b),
        // Files lie in no index; see `search::condition`.
        SearchExpr::Compare { field, .. } | SearchExpr::In { field, .. }
            if field.value == "index" =>
        {
            None
        }
        SearchExpr::Compare { field, op, value } => {
            facts.fits(&field.value, at, &|| Matcher::new(op.value, &[&value.text]))
        }
        SearchExpr::In { field, values, .. } => facts.fits(&field.value, at, &|| {
            let texts: Vec<&str> = values.iter().map(|v| v.text.as_str()).collect();
            Matcher::new(CmpOp::Eq, &texts)
        }),
        SearchExpr::Case { field: Some(field), value } => {
            facts.fits(&field.value, at, &|| Matcher::case(&value.text))
        }
        SearchExpr::Term(value) if value.text == "*" => Some(true),
        // Decided by the filter above the scan.
        SearchExpr::Time { .. } => Some(true),
        _ => None,
    }
}
