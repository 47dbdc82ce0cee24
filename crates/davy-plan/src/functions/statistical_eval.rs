//! Statistical eval functions. Search Reference, "Statistical eval functions".

use crate::codes;
use crate::column::Ty;
use crate::example;
use crate::spec::{FunctionSpec, Kernel, Multi, Nulls, Ret, Support};
use crate::value::{Val, compare};
use arrow::array::Float64Array;
use davy_diag::Diagnostic;
use davy_spl::ast::{Expr, ExprKind};
use std::cmp::Ordering;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

const SOURCE: &str = "Search Reference, Statistical eval functions";

pub(super) static FUNCTIONS: &[FunctionSpec] = &[
    FunctionSpec {
        name: "avg",
        syntax: "avg(<value>, ...)",
        summary: "The mean of the arguments that are numbers; a field with several values counts each.",
        examples: &[example!("| makeresults | eval a=\"9\", x=avg(5, a, b)" => field "x" = "7")],
        source: SOURCE,
        support: Support::Full,
        arity: (1, usize::MAX),
        ret: Ret::Num,
        nulls: Nulls::Aware,
        multi: Multi::Aware,
        pure: true,
        kernel: Kernel::Row(|v, _| {
            let (sum, count) = numbers(v).fold((0.0, 0u32), |(s, c), n| (s + n, c + 1));
            if count == 0 { Val::Null } else { Val::Num(sum / f64::from(count)) }
        }),
    },
    FunctionSpec {
        name: "max",
        syntax: "max(<value>, ...)",
        summary: "The greatest argument: every text is greater than every number.",
        examples: &[
            example!("| makeresults | eval x=max(1, 3, 6, 7, \"foo\")" => field "x" = "foo"),
            example!("| makeresults | eval x=max(9, 10)" => field "x" = "10"),
        ],
        source: SOURCE,
        support: Support::Full,
        arity: (1, usize::MAX),
        ret: Ret::Of(numbers_or_text),
        nulls: Nulls::Aware,
        multi: Multi::Aware,
        pure: true,
        kernel: Kernel::Row(|v, _| extreme(v, Ordering::Greater)),
    },
    FunctionSpec {
        name: "min",
        syntax: "min(<value>, ...)",
        summary: "The least argument: every number is less than every text.",
        examples: &[
            example!("| makeresults | eval x=min(1, 3, 6, 7, \"foo\")" => field "x" = "1"),
            example!("| makeresults | eval x=min(9, 10)" => field "x" = "9"),
        ],
        source: SOURCE,
        support: Support::Full,
        arity: (1, usize::MAX),
        ret: Ret::Of(numbers_or_text),
        nulls: Nulls::Aware,
        multi: Multi::Aware,
        pure: true,
        kernel: Kernel::Row(|v, _| extreme(v, Ordering::Less)),
    },
    FunctionSpec {
        name: "random",
        syntax: "random()",
        summary: "A whole number from 0 to 2147483647 at random.",
        examples: &[example!("| makeresults | eval x=random()" => varies)],
        source: SOURCE,
        support: Support::Full,
        arity: (0, 0),
        ret: Ret::Num,
        nulls: Nulls::Aware,
        multi: Multi::Aware,
        pure: false,
        kernel: Kernel::Array(|_, rows, _| {
            let seed = RandomState::new();
            let draw = |row: usize| Some((seed.hash_one(row) >> 33) as f64);
            Ok(Arc::new((0..rows).map(draw).collect::<Float64Array>()))
        }),
    },
];

/// `sum` and `avg` take no text in quotes, not even one that looks like a number.
pub(super) fn check(name: &str, args: &[Expr], errors: &mut Vec<Diagnostic>) {
    if !name.eq_ignore_ascii_case("sum") && !name.eq_ignore_ascii_case("avg") {
        return;
    }
    for arg in args.iter().filter(|a| matches!(a.kind, ExprKind::Str(_))) {
        errors.push(
            codes::BAD_ARGUMENT
                .at(arg.span.0, format!("`{name}` takes numbers, and this is a text"))
                .help("leave out the quotes, or wrap it: tonumber(\"3\")"),
        );
    }
}

/// All the numbers among the arguments.
pub(super) fn numbers(v: &[Val<'_>]) -> impl Iterator<Item = f64> {
    v.iter().flat_map(|value| match value.is_multi() {
        true => value.values().iter().filter_map(|t| crate::value::parse_num(t)).collect(),
        false => value.num().into_iter().collect::<Vec<f64>>(),
    })
}

fn numbers_or_text(types: &[Ty]) -> Ty {
    match types.iter().all(|t| matches!(t, Ty::Num | Ty::Null)) {
        true => Ty::Num,
        false => Ty::Text,
    }
}

fn extreme(v: &[Val<'_>], most: Ordering) -> Val<'static> {
    let mut held: Option<Val<'_>> = None;
    for value in v.iter().filter(|v| !v.is_null()) {
        let parts = match value.is_multi() {
            true => value.values().into_iter().map(Val::Str).collect(),
            false => vec![value.clone()],
        };
        for part in parts {
            if held.as_ref().is_none_or(|h| compare(&part, h) == most) {
                held = Some(part);
            }
        }
    }
    held.map_or(Val::Null, Val::into_owned)
}
