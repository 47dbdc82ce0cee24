//! Eval expressions, with no more parentheses than they need.

use super::Writer;
use crate::ast::{BinOp, Expr, ExprKind};
use crate::parse::{
    COMPARE_POWER, NOT_POWER, SIGN_POWER, SUM_POWER, is_keyword, is_name, power, strength,
};

impl Writer<'_> {
    /// Writes `expr` where an operand of at least the strength `least` must stand.
    pub(super) fn expr(&mut self, expr: &Expr, least: u8) {
        let parens = strength(&expr.kind) < least;
        if parens {
            self.push("(");
        }
        match &expr.kind {
            ExprKind::Field(name) if is_bare(name) => self.push(name),
            ExprKind::Field(name) => self.quote(name, '\''),
            ExprKind::Str(text) => self.quote(text, '"'),
            ExprKind::Num(_, text) => self.push(text),
            ExprKind::Bool(value) => self.push(if *value { "true" } else { "false" }),
            // Broken arguments are written as they were.
            ExprKind::Unread => {}
            ExprKind::Call { name, args } => {
                self.push(&name.value);
                self.list(args);
            }
            ExprKind::Negate(inner) => {
                self.push("-");
                self.expr(inner, SIGN_POWER);
            }
            ExprKind::Plus(inner) => {
                self.push("+");
                self.expr(inner, SIGN_POWER);
            }
            ExprKind::Not(inner) => {
                self.push("NOT ");
                self.expr(inner, NOT_POWER);
            }
            ExprKind::Binary { op, left, right } => {
                let power = power(op.value);
                self.expr(left, power);
                self.push(sign(op.value));
                self.expr(right, power + 1);
            }
            ExprKind::Chain { first, rest } => {
                self.expr(first, strength(&expr.kind));
                for (op, item) in rest {
                    self.push(sign(op.value));
                    self.expr(item, power(op.value) + 1);
                }
            }
            ExprKind::In { value, list } => {
                self.expr(value, COMPARE_POWER);
                self.push(" IN ");
                self.list(list);
            }
            ExprKind::Between { value, low, high } => {
                self.expr(value, COMPARE_POWER);
                self.push(" BETWEEN ");
                self.expr(low, SUM_POWER);
                self.push(" AND ");
                self.expr(high, SUM_POWER);
            }
            ExprKind::Subsearch(pipeline) => self.subsearch(pipeline),
        }
        if parens {
            self.push(")");
        }
    }

    fn list(&mut self, items: &[Expr]) {
        self.push("(");
        for (i, item) in items.iter().enumerate() {
            if i > 0 {
                self.push(", ");
            }
            self.expr(item, 0);
        }
        self.push(")");
    }
}

fn sign(op: BinOp) -> &'static str {
    match op {
        BinOp::Or => " OR ",
        BinOp::Xor => " XOR ",
        BinOp::And => " AND ",
        BinOp::Eq => "=",
        BinOp::Ne => "!=",
        BinOp::Lt => "<",
        BinOp::Le => "<=",
        BinOp::Gt => ">",
        BinOp::Ge => ">=",
        BinOp::Like => " LIKE ",
        BinOp::Add => " + ",
        BinOp::Sub => " - ",
        BinOp::Concat => " . ",
        BinOp::Mul => " * ",
        BinOp::Div => " / ",
        BinOp::Rem => " % ",
    }
}

/// Whether a field's name needs no quotes in an expression.
fn is_bare(name: &str) -> bool {
    name.bytes().next().is_some_and(|b| !b.is_ascii_digit())
        && name.bytes().all(is_name)
        && !is_keyword(name)
        && !matches!(name, "true" | "false")
}
