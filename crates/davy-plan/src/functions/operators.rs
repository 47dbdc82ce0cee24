//! The operators on values that may be text. Search Reference, eval, "Operators".

use crate::codes;
use crate::column::Ty;
use crate::spec::{ArgCol, FunctionSpec, Kernel, Multi, Nulls, Ret, Support};
use crate::value::{Val, compare};
use arrow::array::{ArrayRef, BooleanBuilder};
use datafusion_common::Result;
use davy_diag::Diagnostic;
use davy_spl::ast::{BinOp, Expr, ExprKind};
use std::cmp::Ordering;
use std::sync::Arc;

const fn operator(name: &'static str, ret: Ret, multi: Multi, kernel: Kernel) -> FunctionSpec {
    FunctionSpec {
        name,
        syntax: "",
        summary: "",
        examples: &[],
        source: "Search Reference, eval, \"Operators\"",
        support: Support::Full,
        arity: (2, 2),
        ret,
        nulls: Nulls::Propagate,
        multi,
        pure: true,
        kernel,
    }
}

pub(super) static FUNCTIONS: &[FunctionSpec] = &[
    operator("__add", Ret::Of(sum_type), Multi::Aware, Kernel::Row(|v, _| add(&v[0], &v[1]))),
    operator(
        "__add_number",
        Ret::Num,
        Multi::Aware,
        Kernel::Row(|v, _| match (v[0].num(), v[1].num()) {
            (Some(x), Some(y)) => Val::Num(x + y),
            _ => Val::Null,
        }),
    ),
    operator("__sub", Ret::Num, Multi::Aware, Kernel::Row(|v, _| number(v, |a, b| a - b))),
    operator("__mul", Ret::Num, Multi::Aware, Kernel::Row(|v, _| number(v, |a, b| a * b))),
    operator("__div", Ret::Num, Multi::Aware, Kernel::Row(|v, _| number(v, |a, b| a / b))),
    operator("__rem", Ret::Num, Multi::Aware, Kernel::Row(|v, _| number(v, |a, b| a % b))),
    operator("__concat", Ret::Text, Multi::Each, Kernel::Row(|v, _| concat(&v[0], &v[1]))),
    operator(
        "__eq",
        Ret::Bool,
        Multi::Any,
        Kernel::Array(|a, n, _| comparison(a, n, |o| o == Ordering::Equal)),
    ),
    operator(
        "__ne",
        Ret::Bool,
        Multi::Any,
        Kernel::Array(|a, n, _| comparison(a, n, |o| o != Ordering::Equal)),
    ),
    operator(
        "__lt",
        Ret::Bool,
        Multi::Any,
        Kernel::Array(|a, n, _| comparison(a, n, |o| o == Ordering::Less)),
    ),
    operator(
        "__le",
        Ret::Bool,
        Multi::Any,
        Kernel::Array(|a, n, _| comparison(a, n, |o| o != Ordering::Greater)),
    ),
    operator(
        "__gt",
        Ret::Bool,
        Multi::Any,
        Kernel::Array(|a, n, _| comparison(a, n, |o| o == Ordering::Greater)),
    ),
    operator(
        "__ge",
        Ret::Bool,
        Multi::Any,
        Kernel::Array(|a, n, _| comparison(a, n, |o| o != Ordering::Less)),
    ),
];

/// `+` of two numbers is one; a text makes it open.
fn sum_type(args: &[Ty]) -> Ty {
    match args.iter().all(|t| matches!(t, Ty::Num | Ty::Null)) {
        true => Ty::Num,
        false => Ty::Text,
    }
}

/// Digits, and what `-`, `*`, `/` and `%` give.
pub(super) fn is_number(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Num(..) => true,
        ExprKind::Binary { op, .. } => {
            matches!(op.value, BinOp::Sub | BinOp::Mul | BinOp::Div | BinOp::Rem)
        }
        _ => false,
    }
}

/// Numbers in quotes are texts: `"5"+"6"` is `56`, and `"5"*6` a mistake.
pub(super) fn check(op: BinOp, left: &Expr, right: &Expr, errors: &mut Vec<Diagnostic>) {
    let text = |e: &Expr| matches!(e.kind, ExprKind::Str(_));
    let number = |e: &Expr| matches!(e.kind, ExprKind::Num(..));
    let mistake = match op {
        BinOp::Add => text(left) && number(right) || number(left) && text(right),
        BinOp::Sub | BinOp::Mul | BinOp::Div | BinOp::Rem => text(left) || text(right),
        _ => false,
    };
    if mistake {
        let takes = match op {
            BinOp::Add => "`+` takes two numbers or two texts",
            _ => "this operator takes numbers",
        };
        let wrong = if text(left) { left } else { right };
        errors.push(
            codes::BAD_ARGUMENT
                .at(wrong.span.0, format!("{takes}, and this is a text"))
                .help("leave out the quotes of a number; a field's name stands in single quotes"),
        );
    }
}

/// Two numbers are added, two texts joined; a field's number is a text beside a text.
fn add(a: &Val<'_>, b: &Val<'_>) -> Val<'static> {
    match (a.num(), b.num()) {
        (Some(x), Some(y)) => Val::Num(x + y),
        _ => concat(a, b),
    }
}

/// Division by zero and what is no number give null.
fn number(v: &[Val<'_>], f: fn(f64, f64) -> f64) -> Val<'static> {
    match (v[0].num(), v[1].num()) {
        (Some(x), Some(y)) => Some(f(x, y)).filter(|n| n.is_finite()).map_or(Val::Null, Val::Num),
        _ => Val::Null,
    }
}

fn concat(a: &Val<'_>, b: &Val<'_>) -> Val<'static> {
    match (a.text(), b.text()) {
        (Some(x), Some(y)) => Val::str(format!("{x}{y}")),
        _ => Val::Null,
    }
}

/// Null where a side is null; true when it is true for any of several values.
fn comparison(args: &[ArgCol], rows: usize, is: fn(Ordering) -> bool) -> Result<ArrayRef> {
    let mut out = BooleanBuilder::with_capacity(rows);
    for row in 0..rows {
        let (a, b) = (args[0].get(row), args[1].get(row));
        if a.is_null() || b.is_null() {
            out.append_null();
        } else if a.is_multi() || b.is_multi() {
            let (left, right) = (a.values(), b.values());
            let any = left.iter().any(|x| {
                right.iter().any(|y| is(compare(&Val::str(x.as_ref()), &Val::str(y.as_ref()))))
            });
            out.append_value(any);
        } else {
            out.append_value(is(compare(&a, &b)));
        }
    }
    Ok(Arc::new(out.finish()))
}
