//! How strongly the operators of `eval` bind.

use crate::ast::{BinOp, Expr, ExprKind};
use davy_diag::Spanned;

pub(crate) const NOT_POWER: u8 = 4;
pub(crate) const COMPARE_POWER: u8 = 5;
pub(crate) const SUM_POWER: u8 = 6;
pub(crate) const SIGN_POWER: u8 = 8;

/// How strongly an operator binds.
pub(crate) fn power(op: BinOp) -> u8 {
    match op {
        BinOp::Xor => 1,
        BinOp::Or => 2,
        BinOp::And => 3,
        BinOp::Eq | BinOp::Ne | BinOp::Lt | BinOp::Le | BinOp::Gt | BinOp::Ge | BinOp::Like => {
            COMPARE_POWER
        }
        BinOp::Add | BinOp::Sub | BinOp::Concat => SUM_POWER,
        BinOp::Mul | BinOp::Div | BinOp::Rem => 7,
    }
}

/// How strongly what stands on top of an expression binds.
pub(crate) fn strength(kind: &ExprKind) -> u8 {
    match kind {
        ExprKind::Binary { op, .. } => power(op.value),
        ExprKind::Chain { rest, .. } => rest.first().map_or(u8::MAX, |(op, _)| power(op.value)),
        ExprKind::In { .. } | ExprKind::Between { .. } => COMPARE_POWER,
        ExprKind::Not(_) => NOT_POWER,
        ExprKind::Negate(_) | ExprKind::Plus(_) => SIGN_POWER,
        _ => u8::MAX,
    }
}

/// The operands that operators of one strength join from the left.
pub(super) fn flat(mut expr: Expr, strength: u8) -> (Box<Expr>, Vec<(Spanned<BinOp>, Expr)>) {
    let mut late = Vec::new();
    loop {
        match expr.kind {
            ExprKind::Binary { op, left, right } if power(op.value) == strength => {
                late.push((op, *right));
                expr = *left;
            }
            ExprKind::Chain { first, rest } if late.is_empty() => {
                return (first, rest);
            }
            kind => {
                late.reverse();
                return (Box::new(Expr { kind, span: expr.span }), late);
            }
        }
    }
}
