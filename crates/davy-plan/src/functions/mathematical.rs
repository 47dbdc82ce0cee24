//! Mathematical functions. Search Reference, "Mathematical functions".

use crate::column::Ty;
use crate::decimal;
use crate::env::Env;
use crate::example;
use crate::expr::{Compiler, Typed};
use crate::func;
use crate::spec::{Example, FunctionSpec, Kernel, Multi, Nulls, Ret, Support};
use crate::value::{Val, fmt_num};
use davy_diag::Spanned;
use davy_spl::ast::{Expr, ExprKind};

const SOURCE: &str = "Search Reference, Mathematical functions";

/// A number from numbers.
pub(super) const fn numeric(
    (name, syntax, summary): (&'static str, &'static str, &'static str),
    arity: (usize, usize),
    source: &'static str,
    examples: &'static [Example],
    kernel: fn(&[Val<'_>], &Env) -> Val<'static>,
) -> FunctionSpec {
    FunctionSpec {
        name,
        syntax,
        summary,
        examples,
        source,
        support: Support::Full,
        arity,
        ret: Ret::Num,
        nulls: Nulls::Propagate,
        multi: Multi::Aware,
        pure: true,
        kernel: Kernel::Row(kernel),
    }
}

/// `f` of the first argument; null for what is no number.
pub(super) fn one(v: &[Val<'_>], f: fn(f64) -> f64) -> Val<'static> {
    v.first().and_then(Val::num).map_or(Val::Null, |n| Val::Num(f(n)))
}

pub(super) fn two(v: &[Val<'_>], f: fn(f64, f64) -> f64) -> Val<'static> {
    match (v.first().and_then(Val::num), v.get(1).and_then(Val::num)) {
        (Some(a), Some(b)) => Val::Num(f(a, b)),
        _ => Val::Null,
    }
}

const ONE: (usize, usize) = (1, 1);

pub(super) static FUNCTIONS: &[FunctionSpec] = &[
    numeric(
        ("abs", "abs(<number>)", "The number without its sign."),
        ONE,
        SOURCE,
        &[example!("| makeresults | eval x=abs(-2.5)" => field "x" = "2.5")],
        |v, _| one(v, f64::abs),
    ),
    numeric(
        ("ceiling", "ceiling(<number>)", "The next whole number above."),
        ONE,
        SOURCE,
        &[example!("| makeresults | eval x=ceiling(1.9)" => field "x" = "2")],
        |v, _| one(v, f64::ceil),
    ),
    numeric(
        ("ceil", "ceil(<number>)", "The next whole number above: another name of ceiling."),
        ONE,
        SOURCE,
        &[example!("| makeresults | eval x=ceil(-1.9)" => field "x" = "-1")],
        |v, _| one(v, f64::ceil),
    ),
    numeric(
        (
            "exact",
            "exact(<expression>)",
            "The expression with full precision, where a product would be shown as precisely as its least precise number.",
        ),
        ONE,
        SOURCE,
        &[example!("| makeresults | eval x=exact(3.14 * 2)" => field "x" = "6.28")],
        |v, _| one(v, |n| n),
    ),
    numeric(
        ("exp", "exp(<number>)", "e to the power of the number."),
        ONE,
        SOURCE,
        &[example!("| makeresults | eval x=round(exp(3), 4)" => field "x" = "20.0855")],
        |v, _| one(v, f64::exp),
    ),
    numeric(
        ("floor", "floor(<number>)", "The next whole number below."),
        ONE,
        SOURCE,
        &[example!("| makeresults | eval x=floor(1.9)" => field "x" = "1")],
        |v, _| one(v, f64::floor),
    ),
    numeric(
        ("ln", "ln(<number>)", "The natural logarithm."),
        ONE,
        SOURCE,
        &[example!("| makeresults | eval x=round(ln(10), 4)" => field "x" = "2.3026")],
        |v, _| one(v, f64::ln),
    ),
    numeric(
        ("log", "log(<number>[, <base>])", "The logarithm, to base 10 unless another is given."),
        (1, 2),
        SOURCE,
        &[
            example!("| makeresults | eval x=log(1000)" => field "x" = "3"),
            example!("| makeresults | eval x=log(8, 2)" => field "x" = "3"),
        ],
        |v, _| if v.len() < 2 { one(v, f64::log10) } else { two(v, log) },
    ),
    numeric(
        ("pi", "pi()", "The number pi, to 11 digits behind the point."),
        (0, 0),
        SOURCE,
        &[example!("| makeresults | eval x=pi()" => field "x" = "3.14159265358")],
        |_, _| Val::Num(PI),
    ),
    numeric(
        ("pow", "pow(<number>, <exponent>)", "The number to the power of the exponent."),
        (2, 2),
        SOURCE,
        &[example!("| makeresults | eval x=pow(2, 10)" => field "x" = "1024")],
        |v, _| two(v, f64::powf),
    ),
    FunctionSpec {
        name: "round",
        syntax: "round(<number>[, <decimals>])",
        summary: "The number rounded to so many decimals, none unless given, and written with as many; halves go away from zero, as written in decimals.",
        examples: &[
            example!("| makeresults | eval x=round(3.5)" => field "x" = "4"),
            example!("| makeresults | eval x=round(2.555, 2)" => field "x" = "2.56"),
            example!("| makeresults | eval x=round(0.80499, 4)" => field "x" = "0.8050"),
        ],
        source: SOURCE,
        support: Support::Full,
        arity: (1, 2),
        // A number has no memory of its decimals; a text that looks like a number is one.
        ret: Ret::Of(|args| if args.len() < 2 { Ty::Num } else { Ty::Text }),
        nulls: Nulls::Propagate,
        multi: Multi::Aware,
        pure: true,
        kernel: Kernel::Row(|v, _| round(v)),
    },
    FunctionSpec {
        name: "sigfig",
        syntax: "sigfig(<expression>)",
        summary: "The result of a calculation with no more significant figures than its least precise number has.",
        examples: &[example!("| makeresults | eval x=sigfig(1.00*1111)" => field "x" = "1110")],
        source: SOURCE,
        support: Support::Full,
        arity: (1, 1),
        ret: Ret::Num,
        nulls: Nulls::Propagate,
        multi: Multi::Aware,
        pure: true,
        kernel: Kernel::Form(sigfig),
    },
    numeric(
        ("sqrt", "sqrt(<number>)", "The square root."),
        ONE,
        SOURCE,
        &[
            example!("| makeresults | eval x=sqrt(9)" => field "x" = "3"),
            example!("| makeresults | eval x=sqrt(-1)" => field "x" = "nan"),
        ],
        |v, _| one(v, f64::sqrt),
    ),
    FunctionSpec {
        name: "sum",
        syntax: "sum(<value>, ...)",
        summary: "The sum of the arguments that are numbers; a field with several values adds each.",
        examples: &[example!("| makeresults | eval a=\"9\", x=sum(5, a, b)" => field "x" = "14")],
        source: SOURCE,
        support: Support::Full,
        arity: (1, usize::MAX),
        ret: Ret::Num,
        nulls: Nulls::Aware,
        multi: Multi::Aware,
        pure: true,
        kernel: Kernel::Row(|v, _| {
            super::statistical_eval::numbers(v).reduce(|a, b| a + b).map_or(Val::Null, Val::Num)
        }),
    },
];

/// What Splunk computes with: by its page `acos(0)*180/pi()` is 90.0000000003.
#[allow(clippy::approx_constant)]
const PI: f64 = 3.141_592_653_58;

/// Exact where the base has an exact logarithm of its own.
fn log(n: f64, base: f64) -> f64 {
    match base {
        10.0 => n.log10(),
        2.0 => n.log2(),
        _ => n.ln() / base.ln(),
    }
}

/// Halves go up, also below zero: measured in
/// <https://qiita.com/frozencatpisces/items/3e0eaa1efcca9e242df8> on version 8.2.2.
fn round(v: &[Val<'_>]) -> Val<'static> {
    let Some(n) = v.first().and_then(Val::num) else { return Val::Null };
    let Some(digits) = v.get(1) else { return Val::Num(decimal::round_up(n, 0)) };
    match digits.num() {
        Some(digits) if n.is_finite() && digits >= 1.0 => {
            let digits = digits.min(20.0) as usize;
            Val::str(format!("{:.digits$}", decimal::round_up(n, digits as i32)))
        }
        Some(digits) => Val::str(fmt_num(decimal::round_up(n, digits as i32))),
        None => Val::Null,
    }
}

static SIGFIG: FunctionSpec = FunctionSpec {
    name: "__sigfig",
    syntax: "",
    summary: "",
    examples: &[],
    source: SOURCE,
    support: Support::Full,
    arity: (1, usize::MAX),
    ret: Ret::Num,
    nulls: Nulls::Propagate,
    multi: Multi::Aware,
    pure: true,
    kernel: Kernel::Row(|v, _| {
        let figures = v.iter().skip(1).filter_map(|leaf| decimal::figures(&leaf.text()?)).min();
        match (v.first().and_then(Val::num), figures) {
            (Some(n), Some(figures)) => Val::Num(decimal::round_figures(n, figures)),
            (Some(n), None) => Val::Num(n),
            _ => Val::Null,
        }
    }),
};

/// The expression beside the texts of the numbers that it is made of.
fn sigfig(c: &mut Compiler<'_>, _: &Spanned<String>, args: &[Expr]) -> Option<Typed> {
    let expr = args.first()?;
    let mut list = vec![c.compile(expr)?];
    leaves(c, expr, &mut list)?;
    Some(func::call(&SIGFIG, list, c.env))
}

fn leaves(c: &mut Compiler<'_>, expr: &Expr, out: &mut Vec<Typed>) -> Option<()> {
    match &expr.kind {
        ExprKind::Num(_, text) => out.push(Typed::text(text)),
        ExprKind::Field(_) => out.push(c.compile(expr)?),
        ExprKind::Negate(e) | ExprKind::Plus(e) => leaves(c, e, out)?,
        ExprKind::Binary { left, right, .. } => {
            leaves(c, left, out)?;
            leaves(c, right, out)?;
        }
        ExprKind::Chain { first, rest } => {
            leaves(c, first, out)?;
            for (_, item) in rest {
                leaves(c, item, out)?;
            }
        }
        ExprKind::Call { args, .. } => {
            for arg in args {
                leaves(c, arg, out)?;
            }
        }
        _ => {}
    }
    Some(())
}
