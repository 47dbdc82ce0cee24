//! The rows of a table that a definition's `filter` lets be found. transforms.conf.spec, filter;
//! Search Reference, search, "comparison-operator".

use davy_knowledge::{Table, wild};
use davy_spl::ast::{CmpOp, SearchExpr, SearchValue};
use std::cmp::Ordering;

/// The table as the filter leaves it; `None` where the filter asks more than comparisons.
pub(crate) fn kept(table: &Table, filter: &SearchExpr) -> Option<Table> {
    if !readable(filter) {
        return None;
    }
    let rows = table.rows.iter().filter(|row| finds(filter, table, row)).cloned().collect();
    Some(Table { names: table.names.clone(), rows })
}

fn readable(expr: &SearchExpr) -> bool {
    match expr {
        SearchExpr::And(list) | SearchExpr::Or(list) => list.iter().all(readable),
        SearchExpr::Not(inner, _) => readable(inner),
        // A value with a slash may be a network.
        SearchExpr::Compare { value, .. } => !value.text.contains('/'),
        SearchExpr::In { values, .. } => !values.iter().any(|v| v.text.contains('/')),
        _ => false,
    }
}

fn finds(expr: &SearchExpr, table: &Table, row: &[String]) -> bool {
    // A cell without text is a field without a value.
    let cell = |name: &str| {
        let cell = table.column(name).and_then(|at| row.get(at))?;
        (!cell.is_empty()).then_some(cell.as_str())
    };
    match expr {
        SearchExpr::And(list) => list.iter().all(|e| finds(e, table, row)),
        SearchExpr::Or(list) => list.iter().any(|e| finds(e, table, row)),
        SearchExpr::Not(inner, _) => !finds(inner, table, row),
        SearchExpr::Compare { field, op, value } => {
            cell(&field.value).is_some_and(|cell| compares(cell, op.value, value))
        }
        SearchExpr::In { field, values, .. } => {
            cell(&field.value).is_some_and(|cell| values.iter().any(|v| wild(&v.text, cell)))
        }
        _ => false,
    }
}

/// Equality is that of texts, with stars; order is that of numbers where both sides are some.
fn compares(cell: &str, op: CmpOp, value: &SearchValue) -> bool {
    let order = || match (cell.parse::<f64>(), value.text.parse::<f64>()) {
        (Ok(a), Ok(b)) => a.partial_cmp(&b).unwrap_or(Ordering::Equal),
        _ => cell.cmp(&value.text),
    };
    match op {
        CmpOp::Eq => wild(&value.text, cell),
        CmpOp::Ne => !wild(&value.text, cell),
        CmpOp::Lt => order().is_lt(),
        CmpOp::Le => order().is_le(),
        CmpOp::Gt => order().is_gt(),
        CmpOp::Ge => order().is_ge(),
    }
}
