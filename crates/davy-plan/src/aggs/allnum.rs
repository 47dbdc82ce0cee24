//! `allnum=t`: a calculation over values of which one is no number gives nothing. Search Reference,
//! stats, eventstats, streamstats, "allnum".

use super::{Agg, AggInput};
use crate::spec::Ret;
use davy_diag::{Span, Spanned};
use davy_spl::ast::{BinOp, Expr, ExprKind, Spanless};

/// Whether `allnum` concerns it: a function of numbers, not of values as such.
pub(crate) fn numeric(agg: &Agg) -> bool {
    const OF_VALUES: [&str; 4] = ["count", "dc", "estdc", "estdc_error"];
    matches!(agg.spec.ret, Ret::Num) && !OF_VALUES.contains(&agg.spec.name)
        || ["min", "max", "range", "mode", "median"].contains(&agg.spec.name)
}

/// How many values of the fields of these aggregations are no numbers: each with the place of the
/// one that it is for.
pub(crate) fn others(aggs: &[Agg]) -> Vec<(usize, Agg)> {
    let Some((count, _)) = crate::aggregates::find("count") else { return Vec::new() };
    let numeric = aggs.iter().enumerate().filter(|(_, a)| numeric(a));
    numeric
        .filter_map(|(i, agg)| {
            let field = match &agg.input {
                AggInput::Field(name) => crate::expr::field(name, agg.span),
                AggInput::Eval(expr) => expr.as_ref().clone(),
                _ => return None,
            };
            let agg = Agg {
                spec: count,
                number: 0.0,
                input: AggInput::Eval(Box::new(no_number(field, agg.span))),
                alias: format!("__others{i}"),
                named: true,
                span: agg.span,
            };
            Some((i, agg))
        })
        .collect()
}

/// `isnotnull(x) AND NOT isnum(x)`
fn no_number(value: Expr, span: Span) -> Expr {
    let make = |kind| Expr { kind, span: Spanless(span) };
    let call = |name: &str, value: Expr| {
        make(ExprKind::Call { name: Spanned::new(name.to_owned(), span), args: vec![value] })
    };
    let other = make(ExprKind::Not(Box::new(call("isnum", value.clone()))));
    make(ExprKind::Binary {
        op: Spanned::new(BinOp::And, span),
        left: Box::new(call("isnotnull", value)),
        right: Box::new(other),
    })
}
