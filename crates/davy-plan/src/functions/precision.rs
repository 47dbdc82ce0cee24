//! How precisely the result of a calculation is shown: no more so than the least precise of the
//! numbers with a decimal point that went into it. Search Reference, eval, "Rounding", and the
//! results of the examples of "Trigonometric and Hyperbolic functions"; measured at
//! <https://wiki.splunk.com/Community:BadMath> and
//! <https://idelta.co.uk/2021/01/22/getting-it-right-with-splunk/>.

use crate::column::Ty;
use crate::decimal;
use crate::expr::{Compiler, Typed};
use crate::func;
use crate::spec::{FunctionSpec, Kernel, Multi, Nulls, Ret, Support};
use crate::value::{Val, fmt_num};
use davy_spl::ast::{BinOp, Expr, ExprKind};

/// Functions whose results are as precise as their arguments.
const FUNCTIONS: [&str; 14] = [
    "acos", "acosh", "asin", "asinh", "atan", "atan2", "atanh", "cos", "cosh", "hypot", "sin",
    "sinh", "tan", "tanh",
];
/// The page gives pi to 11 digits behind the point.
const PI: usize = 12;
/// As many figures as a computed number may be written with: these say nothing of how precise it is.
const ANY: usize = 15;

/// What limits the precision.
#[derive(Default)]
struct Limits<'e> {
    figures: Option<usize>,
    fields: Vec<&'e Expr>,
}

/// The value of an assigned expression as it is shown.
pub(crate) fn shown(c: &mut Compiler<'_>, expr: &Expr, value: Typed) -> Option<Typed> {
    if let ExprKind::Num(_, text) = &expr.kind {
        // `5.0` stays as it is written, since that says how precise it is.
        let written = text.contains('.') && text.starts_with(|c: char| c.is_ascii_digit());
        let written = written && text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
        return Some(if written { Typed::text(text) } else { value });
    }
    let mut limits = Limits::default();
    if !calculated(expr) {
        return Some(value);
    }
    collect(expr, &mut limits);
    // What was computed, and so is held as a number, is exact; what was read is as it was written.
    let mut fields = Vec::new();
    for field in limits.fields {
        fields.extend(c.compile(field).filter(|field| field.ty == Ty::Text));
    }
    if limits.figures.is_none() && fields.is_empty() {
        return Some(value);
    }
    let spec = if limits.figures.is_some() { &WRITTEN } else { &ROUNDED };
    let figures = limits.figures.map_or(f64::INFINITY, |figures| figures as f64);
    let mut list = vec![value, Typed::num(figures)];
    list.extend(fields);
    Some(func::call(spec, list, c.env))
}

/// Whether the expression is a product, a quotient, or a function of such.
fn calculated(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Binary { op, .. } => matches!(op.value, BinOp::Mul | BinOp::Div),
        ExprKind::Chain { rest, .. } => {
            rest.iter().all(|(op, _)| matches!(op.value, BinOp::Mul | BinOp::Div))
        }
        ExprKind::Negate(inner) | ExprKind::Plus(inner) => calculated(inner),
        ExprKind::Call { name, .. } => is(&name.value),
        _ => false,
    }
}

fn is(name: &str) -> bool {
    FUNCTIONS.iter().any(|known| known.eq_ignore_ascii_case(name))
}

/// The numbers that limit the precision: those that are multiplied, divided, or given to functions.
/// What else is computed is exact.
fn collect<'e>(expr: &'e Expr, out: &mut Limits<'e>) {
    match &expr.kind {
        ExprKind::Num(_, text) if text.contains('.') => {
            let own = decimal::figures(text);
            out.figures = out.figures.into_iter().chain(own).min();
        }
        ExprKind::Field(_) => out.fields.push(expr),
        ExprKind::Call { name, args }
            if args.is_empty() && name.value.eq_ignore_ascii_case("pi") =>
        {
            out.figures = Some(out.figures.map_or(PI, |known| known.min(PI)));
        }
        ExprKind::Call { args, .. } if calculated(expr) => {
            args.iter().for_each(|arg| collect(arg, out));
        }
        ExprKind::Binary { left, right, .. } if calculated(expr) => {
            collect(left, out);
            collect(right, out);
        }
        ExprKind::Chain { first, rest } if calculated(expr) => {
            collect(first, out);
            rest.iter().for_each(|(_, item)| collect(item, out));
        }
        ExprKind::Negate(inner) | ExprKind::Plus(inner) => collect(inner, out),
        _ => {}
    }
}

/// With the zeros that say how precise it is: a number beside it is written so.
static WRITTEN: FunctionSpec = FunctionSpec {
    name: "__written",
    syntax: "",
    summary: "",
    examples: &[],
    source: "Search Reference, eval, Rounding",
    support: Support::Full,
    arity: (2, usize::MAX),
    ret: Ret::Text,
    nulls: Nulls::Propagate,
    multi: Multi::Aware,
    pure: true,
    kernel: Kernel::Row(|v, _| match (v.first().and_then(Val::num), figures(v)) {
        (Some(n), Some(figures)) => Val::str(written(n, figures)),
        (Some(n), None) => Val::str(fmt_num(n)),
        _ => Val::Null,
    }),
};

static ROUNDED: FunctionSpec = FunctionSpec {
    name: "__rounded",
    ret: Ret::Num,
    kernel: Kernel::Row(|v, _| match (v.first().and_then(Val::num), figures(v)) {
        (Some(n), Some(figures)) => Val::Num(decimal::round(n, decimals(n, figures))),
        (Some(n), None) => Val::Num(n),
        _ => Val::Null,
    }),
    ..WRITTEN
};

/// The fewest figures of all that have a decimal point.
fn figures(v: &[Val<'_>]) -> Option<usize> {
    let known = v.get(1).and_then(Val::num).filter(|n| n.is_finite()).map(|n| n as usize);
    let of_fields = v.iter().skip(2).filter_map(|value| {
        let text = value.text()?;
        text.contains('.').then(|| decimal::figures(&text)).flatten()
    });
    of_fields.chain(known).min().filter(|figures| *figures < ANY)
}

/// What is before the point always stays.
fn decimals(n: f64, figures: usize) -> i32 {
    let exponent = if n == 0.0 || !n.is_finite() { 0 } else { n.abs().log10().floor() as i32 };
    (figures as i32 - 1 - exponent).max(0)
}

fn written(n: f64, figures: usize) -> String {
    if !n.is_finite() {
        return fmt_num(n);
    }
    let decimals = decimals(n, figures);
    format!("{:.*}", decimals as usize, decimal::round(n, decimals))
}
