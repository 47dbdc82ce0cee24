//! Comparison and conditional functions. Search Reference, "Comparison and conditional functions".

use crate::codes;
use crate::column::Ty;
use crate::example;
use crate::expr::{Compiler, Typed};
use crate::search;
use crate::spec::{FunctionSpec, Kernel, Multi, Nulls, Ret, Support};
use crate::value::{Val, compare};
use datafusion_expr::when;
use davy_diag::{Span, Spanned};
use davy_spl::ast::{Expr, ExprKind, SearchExpr};
use std::cmp::Ordering;

const SOURCE: &str = "Search Reference, Comparison and conditional functions";

pub(super) static FUNCTIONS: &[FunctionSpec] = &[
    FunctionSpec {
        name: "__coalesce",
        syntax: "",
        summary: "",
        examples: &[],
        source: SOURCE,
        support: Support::Full,
        arity: (1, usize::MAX),
        ret: Ret::Of(unify),
        nulls: Nulls::Aware,
        multi: Multi::Aware,
        pure: true,
        kernel: Kernel::Row(|v, _| {
            v.iter().find(|v| !v.is_null()).map_or(Val::Null, |v| v.clone().into_owned())
        }),
    },
    FunctionSpec {
        name: "if",
        syntax: "if(<condition>, <then>, <else>)",
        summary: "The second argument where the condition is true, else the third.",
        examples: &[
            example!("| makeresults | eval x=if(1<2, \"yes\", \"no\")" => field "x" = "yes"),
            example!("| makeresults | eval x=if(missing>1, \"yes\", \"no\")" => field "x" = "no"),
        ],
        source: SOURCE,
        support: Support::Full,
        arity: (3, 3),
        ret: Ret::Text,
        nulls: Nulls::Aware,
        multi: Multi::Aware,
        pure: true,
        kernel: Kernel::Form(if_),
    },
    FunctionSpec {
        name: "case",
        syntax: "case(<condition>, <value>[, <condition>, <value>]...)",
        summary: "The value after the first condition that is true; null when none is.",
        examples: &[
            example!("| makeresults | eval x=case(1>2, \"a\", true(), \"b\")" => field "x" = "b"),
            example!("| makeresults | eval x=case(1>2, \"a\")" => field "x" = ""),
        ],
        source: SOURCE,
        support: Support::Full,
        arity: (2, usize::MAX),
        ret: Ret::Text,
        nulls: Nulls::Aware,
        multi: Multi::Aware,
        pure: true,
        kernel: Kernel::Form(case),
    },
    FunctionSpec {
        name: "validate",
        syntax: "validate(<condition>, <value>[, <condition>, <value>]...)",
        summary: "The value after the first condition that is false; null when all are true.",
        examples: &[
            example!("| makeresults | eval x=validate(1<2, \"a\", 2<1, \"b\")" => field "x" = "b"),
        ],
        source: SOURCE,
        support: Support::Full,
        arity: (2, usize::MAX),
        ret: Ret::Text,
        nulls: Nulls::Aware,
        multi: Multi::Aware,
        pure: true,
        kernel: Kernel::Form(validate),
    },
    FunctionSpec {
        name: "coalesce",
        syntax: "coalesce(<value>, ...)",
        summary: "The first argument that is not null.",
        examples: &[
            example!("| makeresults | eval x=coalesce(missing, \"a\", \"b\")" => field "x" = "a"),
        ],
        source: SOURCE,
        support: Support::Full,
        arity: (1, usize::MAX),
        ret: Ret::Of(unify),
        nulls: Nulls::Aware,
        multi: Multi::Aware,
        pure: true,
        kernel: Kernel::Form(coalesce),
    },
    FunctionSpec {
        name: "nullif",
        syntax: "nullif(<a>, <b>)",
        summary: "Null when both are equal, else the first.",
        examples: &[
            example!("| makeresults | eval x=nullif(1, 1), y=nullif(1, 2)" => field "y" = "1"),
            example!("| makeresults | eval x=nullif(1, 1)" => field "x" = ""),
        ],
        source: SOURCE,
        support: Support::Full,
        arity: (2, 2),
        ret: Ret::Of(first),
        nulls: Nulls::Aware,
        multi: Multi::Aware,
        pure: true,
        kernel: Kernel::Row(|v, _| {
            let same =
                !v[0].is_null() && !v[1].is_null() && compare(&v[0], &v[1]) == Ordering::Equal;
            if same { Val::Null } else { v[0].clone().into_owned() }
        }),
    },
    FunctionSpec {
        name: "in",
        syntax: "in(<value>, <list>) or <value> IN (<list>)",
        summary: "True when the first argument equals one of the others.",
        examples: &[
            example!("| makeresults | eval a=\"x\" | where a IN (\"w\", \"x\")" => rows 1),
            example!("| makeresults | eval a=4 | where in(a, 1, 2)" => rows 0),
        ],
        source: SOURCE,
        support: Support::Full,
        arity: (2, usize::MAX),
        ret: Ret::Bool,
        nulls: Nulls::Aware,
        multi: Multi::Aware,
        pure: true,
        kernel: Kernel::Row(|v, _| {
            if v[0].is_null() {
                return Val::Null;
            }
            let found = v[0].values().iter().any(|one| {
                let one = Val::str(one.as_ref());
                v[1..].iter().any(|x| !x.is_null() && compare(&one, x) == Ordering::Equal)
            });
            Val::Bool(found)
        }),
    },
    FunctionSpec {
        name: "true",
        syntax: "true()",
        summary: "True.",
        examples: &[example!("| makeresults | where true()" => rows 1)],
        source: SOURCE,
        support: Support::Full,
        arity: (0, 0),
        ret: Ret::Bool,
        nulls: Nulls::Aware,
        multi: Multi::Aware,
        pure: true,
        kernel: Kernel::Form(|_, _, _| Some(Typed::bool(true))),
    },
    FunctionSpec {
        name: "false",
        syntax: "false()",
        summary: "False.",
        examples: &[example!("| makeresults | where false()" => rows 0)],
        source: SOURCE,
        support: Support::Full,
        arity: (0, 0),
        ret: Ret::Bool,
        nulls: Nulls::Aware,
        multi: Multi::Aware,
        pure: true,
        kernel: Kernel::Form(|_, _, _| Some(Typed::bool(false))),
    },
    FunctionSpec {
        name: "null",
        syntax: "null()",
        summary: "No value.",
        examples: &[example!("| makeresults | eval x=null()" => field "x" = "")],
        source: SOURCE,
        support: Support::Full,
        arity: (0, 0),
        ret: Ret::Text,
        nulls: Nulls::Aware,
        multi: Multi::Aware,
        pure: true,
        kernel: Kernel::Form(|_, _, _| Some(Typed::null())),
    },
    FunctionSpec {
        name: "searchmatch",
        syntax: "searchmatch(\"<search>\")",
        summary: "True when the event matches a search.",
        examples: &[
            example!("| makeresults | eval a=\"Xy\" | where searchmatch(\"a=x*\")" => rows 1),
        ],
        source: SOURCE,
        support: Support::Full,
        arity: (1, 1),
        ret: Ret::Bool,
        nulls: Nulls::Aware,
        multi: Multi::Aware,
        pure: true,
        kernel: Kernel::Form(searchmatch),
    },
];

fn unify(types: &[Ty]) -> Ty {
    types.iter().fold(Ty::Null, |a, b| a.unify(*b)).unify(Ty::Null)
}

fn first(types: &[Ty]) -> Ty {
    types.first().copied().unwrap_or(Ty::Text)
}

fn if_(c: &mut Compiler<'_>, _: &Spanned<String>, args: &[Expr]) -> Option<Typed> {
    let condition = c.condition(&args[0]);
    let (then, other) = (c.compile(&args[1]), c.compile(&args[2]));
    branches(vec![(condition?, then?)], Some(other?))
}

/// Fields become a CASE, which works out a later argument only for rows where the earlier are null.
/// It would work out anything else twice.
fn coalesce(c: &mut Compiler<'_>, name: &Spanned<String>, args: &[Expr]) -> Option<Typed> {
    use datafusion_expr::Expr::{Column, Literal};
    let values: Vec<Option<Typed>> = args.iter().map(|arg| c.compile(arg)).collect();
    let mut values: Vec<Typed> = values.into_iter().collect::<Option<_>>()?;
    let (_, early) = values.split_last()?;
    if !early.iter().all(|value| matches!(value.expr, Column(_) | Literal(..))) {
        return c.apply("__coalesce", values, name.span);
    }
    let last = values.pop()?;
    let there = |value: Typed| (value.expr.clone().is_not_null(), value);
    match values.is_empty() {
        true => Some(last),
        false => branches(values.into_iter().map(there).collect(), Some(last)),
    }
}

fn case(c: &mut Compiler<'_>, name: &Spanned<String>, args: &[Expr]) -> Option<Typed> {
    let pairs = pairs(c, name, args)?;
    branches(pairs, None)
}

fn validate(c: &mut Compiler<'_>, name: &Spanned<String>, args: &[Expr]) -> Option<Typed> {
    let pairs = pairs(c, name, args)?;
    let failing = pairs.into_iter().map(|(cond, value)| (datafusion_expr::not(cond), value));
    branches(failing.collect(), None)
}

type Branch = (datafusion_expr::Expr, Typed);

fn pairs(c: &mut Compiler<'_>, name: &Spanned<String>, args: &[Expr]) -> Option<Vec<Branch>> {
    if args.len() % 2 == 1 {
        c.errors.push(
            codes::WRONG_COUNT
                .at(name.span, format!("`{}` takes conditions and values in pairs", name.value))
                .help("add the value that belongs to the last condition"),
        );
        return None;
    }
    let compiled: Vec<Option<Branch>> = args
        .chunks(2)
        .map(|pair| {
            let condition = c.condition(&pair[0]);
            let value = c.compile(&pair[1]);
            Some((condition?, value?))
        })
        .collect();
    compiled.into_iter().collect()
}

/// A CASE over values brought to one kind.
fn branches(list: Vec<Branch>, other: Option<Typed>) -> Option<Typed> {
    let ty =
        list.iter().map(|(_, v)| v.ty).chain(other.iter().map(|v| v.ty)).fold(Ty::Null, Ty::unify);
    if ty == Ty::Null {
        return Some(Typed::null());
    }
    let as_ty = |v: Typed| match ty {
        Ty::Num => v.float(),
        ty => v.into_ty(ty).expr,
    };
    let mut list = list.into_iter();
    let (condition, value) = list.next()?;
    let mut builder = when(condition, as_ty(value));
    for (condition, value) in list {
        builder.when(condition, as_ty(value));
    }
    let expr = match other {
        Some(other) => builder.otherwise(as_ty(other)),
        None => builder.end(),
    };
    expr.ok().map(|e| Typed::of(e, ty))
}

/// The search in the quotes, if it can be read.
fn quoted_search(args: &[Expr]) -> Option<SearchExpr> {
    let ExprKind::Str(text) = &args.first()?.kind else { return None };
    let mut sources = davy_diag::SourceMap::default();
    let file = sources.add("searchmatch", text.as_str());
    let mut diags = davy_diag::Diagnostics::default();
    let span = file.span(0..text.len());
    let grammars = crate::bind::CommandGrammars;
    let expr = davy_spl::parse_search_at(&sources, span, &grammars, &mut diags);
    expr.filter(|_| !diags.has_errors())
}

fn searchmatch(c: &mut Compiler<'_>, name: &Spanned<String>, args: &[Expr]) -> Option<Typed> {
    let Some(expr) = quoted_search(args) else {
        c.errors.push(
            codes::BAD_ARGUMENT
                .at(args[0].span.0, format!("`{}` takes a search in quotes", name.value))
                .help("write searchmatch(\"field=value*\")"),
        );
        return None;
    };
    Some(match search::condition(&expr, c.plan, false) {
        Some(condition) => Typed::of(condition, Ty::Bool),
        None => Typed::bool(true),
    })
}

/// The fields that the search of `searchmatch` reads.
pub(super) fn search_reads(args: &[Expr], out: &mut Vec<(String, Span)>) {
    let (Some(expr), Some(text)) = (quoted_search(args), args.first()) else { return };
    let mut read = Vec::new();
    search::reads(&expr, &mut read);
    // The search was read on its own, so its places are not those of the whole.
    out.extend(read.into_iter().map(|(name, _)| (name, text.span.0)));
}
