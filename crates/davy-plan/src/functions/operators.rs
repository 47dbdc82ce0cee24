//! The operators on values that may be text. Search Reference, eval, "Operators".

use crate::codes;
use crate::column::{Column, Ty};
use crate::explode::has_multi;
use crate::spec::{ArgCol, FunctionSpec, Kernel, Multi, Nulls, Ret, Support};
use crate::value::{Val, compare, parse_num};
use arrow::array::{Array, ArrayRef, BooleanArray, BooleanBuilder, MAX_INLINE_VIEW_LEN, make_view};
use arrow::buffer::BooleanBuffer;
use datafusion_common::Result;
use davy_diag::Diagnostic;
use davy_events::mv;
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
        Kernel::Array(|a, n, _| match same_text(a, true) {
            Some(found) => Ok(found),
            None => comparison(a, n, |o| o == Ordering::Equal),
        }),
    ),
    operator(
        "__ne",
        Ret::Bool,
        Multi::Any,
        Kernel::Array(|a, n, _| match same_text(a, false) {
            Some(found) => Ok(found),
            None => comparison(a, n, |o| o != Ordering::Equal),
        }),
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
        ExprKind::Chain { rest, .. } => rest.last().is_some_and(|(op, _)| {
            matches!(op.value, BinOp::Sub | BinOp::Mul | BinOp::Div | BinOp::Rem)
        }),
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

/// Two numbers are added, two texts joined; a field's number is a text beside a text. Several
/// values are no number, and not joined either.
fn add(a: &Val<'_>, b: &Val<'_>) -> Val<'static> {
    match (a.num(), b.num()) {
        (Some(x), Some(y)) => Val::Num(x + y),
        _ if a.is_multi() || b.is_multi() => Val::Null,
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

/// Whether texts are one that is no number, or are another: none of them need be looked into for a
/// number. `None` where there is more to know.
fn same_text(args: &[ArgCol], same: bool) -> Option<ArrayRef> {
    let (texts, wanted) = match args {
        [ArgCol::Col(Column::Text(texts)), ArgCol::Lit(Val::Str(wanted))]
        | [ArgCol::Lit(Val::Str(wanted)), ArgCol::Col(Column::Text(texts))] => (texts, wanted),
        _ => return None,
    };
    if parse_num(wanted).is_some() || mv::is_multi(wanted) || has_multi(texts) {
        return None;
    }
    // A view begins with the length and the first bytes, and holds a short text as a whole.
    let view = make_view(wanted.as_bytes(), 0, 0);
    let short = wanted.len() <= MAX_INLINE_VIEW_LEN as usize;
    let views = texts.views();
    let found = BooleanBuffer::collect_bool(texts.len(), |row| {
        let held = views.get(row).copied().unwrap_or_default();
        let equal = match short {
            true => held == view,
            false => {
                let alike = held as u64 == view as u64 && texts.is_valid(row);
                alike && texts.value(row) == wanted
            }
        };
        equal == same
    });
    Some(Arc::new(BooleanArray::new(found, texts.nulls().cloned())))
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
