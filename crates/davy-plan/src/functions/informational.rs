//! Informational functions. Search Reference, "Informational functions".
//!
//! A field's value is untyped: what looks like a number is one. The result of a function that makes
//! text, and a text in quotes, stays text.

use crate::column::Ty;
use crate::env::Env;
use crate::example;
use crate::expr::{Compiler, Typed};
use crate::func;
use crate::spec::{FunctionSpec, Kernel, Multi, Nulls, Ret, Support};
use crate::value::Val;
use davy_diag::Spanned;
use davy_spl::ast::{BinOp, Expr, ExprKind};

const SOURCE: &str = "Search Reference, Informational functions";

const fn question(
    name: &'static str,
    syntax: &'static str,
    summary: &'static str,
    examples: &'static [crate::spec::Example],
    form: Form,
) -> FunctionSpec {
    FunctionSpec {
        name,
        syntax,
        summary,
        examples,
        source: SOURCE,
        support: Support::Full,
        arity: (1, 1),
        ret: Ret::Bool,
        nulls: Nulls::Aware,
        multi: Multi::Aware,
        pure: true,
        kernel: Kernel::Form(form),
    }
}

type Form = fn(&mut Compiler<'_>, &Spanned<String>, &[Expr]) -> Option<Typed>;

pub(super) static FUNCTIONS: &[FunctionSpec] = &[
    question(
        "isarray",
        "isarray(<value>)",
        "True for a JSON array.",
        &[
            example!("| makeresults | eval x=if(isarray(\"[1, 2, 3]\"), \"y\", \"n\")" => field "x" = "y"),
            example!("| makeresults | eval x=if(isarray(1), \"y\", \"n\")" => field "x" = "n"),
        ],
        |c, _, args| ask(&IS_ARRAY, c, args),
    ),
    question(
        "isbool",
        "isbool(<value>)",
        "True for a condition; a field is never one.",
        &[
            example!("| makeresults | eval x=if(isbool(1==2), \"y\", \"n\")" => field "x" = "y"),
            example!("| makeresults | eval a=\"true\", x=if(isbool(a), \"y\", \"n\")" => field "x" = "n"),
        ],
        |c, _, args| Some(Typed::bool(c.compile(args.first()?)?.ty == Ty::Bool)),
    ),
    question(
        "isdouble",
        "isdouble(<value>)",
        "True for a number with a fraction.",
        &[
            example!("| makeresults | eval x=if(isdouble(8.5), \"y\", \"n\")" => field "x" = "y"),
            example!("| makeresults | eval x=if(isdouble(8), \"y\", \"n\")" => field "x" = "n"),
        ],
        |c, _, args| ask(&IS_DOUBLE, c, args),
    ),
    question(
        "isint",
        "isint(<value>)",
        "True for a whole number.",
        &[
            example!("| makeresults | eval x=if(isint(8), \"y\", \"n\")" => field "x" = "y"),
            example!("| makeresults | eval x=if(isint(8.5), \"y\", \"n\")" => field "x" = "n"),
        ],
        |c, _, args| ask(&IS_INT, c, args),
    ),
    question(
        "ismv",
        "ismv(<value>)",
        "True for a field with several values.",
        &[example!("| makeresults | eval x=if(ismv(5), \"y\", \"n\")" => field "x" = "n")],
        |c, _, args| ask(&IS_MV, c, args),
    ),
    question(
        "isnotnull",
        "isnotnull(<value>)",
        "True when there is a value; an empty text is one.",
        &[
            example!("| makeresults | eval a=\"\" | where isnotnull(a)" => rows 1),
            example!("| makeresults | where isnotnull(a)" => rows 0),
        ],
        |c, _, args| Some(Typed::of(c.compile(args.first()?)?.expr.is_not_null(), Ty::Bool)),
    ),
    question(
        "isnull",
        "isnull(<value>)",
        "True when there is no value.",
        &[
            example!("| makeresults | where isnull(a)" => rows 1),
            example!("| makeresults | eval a=\"\" | where isnull(a)" => rows 0),
        ],
        |c, _, args| Some(Typed::of(c.compile(args.first()?)?.expr.is_null(), Ty::Bool)),
    ),
    question(
        "isnum",
        "isnum(<value>)",
        "True for a number, and for a field that looks like one.",
        &[
            example!("| makeresults | eval a=\"5\", x=if(isnum(a), \"y\", \"n\")" => field "x" = "y"),
            example!("| makeresults | eval x=if(isnum(\"5\"), \"y\", \"n\")" => field "x" = "n"),
        ],
        |c, _, args| ask(&IS_NUM, c, args),
    ),
    question(
        "isobject",
        "isobject(<value>)",
        "True for a JSON object.",
        &[
            example!("| makeresults | eval x=if(isobject(\"{\\\"a\\\": 1}\"), \"y\", \"n\")" => field "x" = "y"),
        ],
        |c, _, args| ask(&IS_OBJECT, c, args),
    ),
    question(
        "isstr",
        "isstr(<value>)",
        "True for a text that is not a number.",
        &[
            example!("| makeresults | eval a=\"abc\", x=if(isstr(a), \"y\", \"n\")" => field "x" = "y"),
            example!("| makeresults | eval a=5, x=if(isstr(a), \"y\", \"n\")" => field "x" = "n"),
        ],
        |c, _, args| ask(&IS_STR, c, args),
    ),
    FunctionSpec {
        name: "typeof",
        syntax: "typeof(<value>)",
        summary: "The kind of a value: `Number`, `String`, `Bool`, or `Invalid` where there is none.",
        examples: &[
            example!("| makeresults | eval x=typeof(12), y=typeof(\"string\"), z=typeof(1==2), n=typeof(badfield)" => field "x" = "Number"),
            example!("| makeresults | eval x=typeof(badfield)" => field "x" = "Invalid"),
            example!("| makeresults | eval x=typeof(1==2)" => field "x" = "Bool"),
        ],
        source: SOURCE,
        support: Support::Full,
        arity: (1, 1),
        ret: Ret::Text,
        nulls: Nulls::Aware,
        multi: Multi::Aware,
        pure: true,
        kernel: Kernel::Form(|c, _, args| ask(&TYPE_OF, c, args)),
    },
];

/// A function of a value, and of whether it can only be text.
const fn answer(
    name: &'static str,
    ret: Ret,
    kernel: fn(&[Val<'_>], &Env) -> Val<'static>,
) -> FunctionSpec {
    FunctionSpec {
        name,
        syntax: "",
        summary: "",
        examples: &[],
        source: SOURCE,
        support: Support::Full,
        arity: (2, 2),
        ret,
        nulls: Nulls::Aware,
        multi: Multi::Aware,
        pure: true,
        kernel: Kernel::Row(kernel),
    }
}

static IS_ARRAY: FunctionSpec = answer("__isarray", Ret::Bool, |v, _| json(v, |j| j.is_array()));
static IS_OBJECT: FunctionSpec = answer("__isobject", Ret::Bool, |v, _| json(v, |j| j.is_object()));
static IS_INT: FunctionSpec =
    answer("__isint", Ret::Bool, |v, _| Val::Bool(number(v).is_some_and(|n| n == n.trunc())));
static IS_DOUBLE: FunctionSpec =
    answer("__isdouble", Ret::Bool, |v, _| Val::Bool(number(v).is_some_and(|n| n != n.trunc())));
/// A field's `NaN` is a number too, though a text as well.
static IS_NUM: FunctionSpec = answer("__isnum", Ret::Bool, |v, _| {
    Val::Bool(number(v).is_some() || matches!(v, [Val::Str(s), Val::Bool(false)] if &**s == "NaN"))
});
static IS_STR: FunctionSpec = answer("__isstr", Ret::Bool, |v, _| {
    Val::Bool(matches!(v.first(), Some(Val::Str(_))) && number(v).is_none())
});
static IS_MV: FunctionSpec =
    answer("__ismv", Ret::Bool, |v, _| Val::Bool(v.first().is_some_and(Val::is_multi)));
static TYPE_OF: FunctionSpec = answer("__typeof", Ret::Text, |v, _| {
    Val::str(match v.first() {
        None | Some(Val::Null) => "Invalid",
        Some(Val::Bool(_)) => "Bool",
        Some(_) if number(v).is_some() => "Number",
        Some(value) if value.is_multi() => "Multivalue",
        Some(_) => "String",
    })
});

fn number(v: &[Val<'_>]) -> Option<f64> {
    match v {
        [Val::Str(_), Val::Bool(true)] => None,
        [value, ..] => value.num(),
        [] => None,
    }
}

fn json(v: &[Val<'_>], is: fn(&serde_json::Value) -> bool) -> Val<'static> {
    let Some(Val::Str(text)) = v.first() else { return Val::Bool(false) };
    let looks = text.trim_start().starts_with(['[', '{']);
    Val::Bool(looks && serde_json::from_str(text).is_ok_and(|j| is(&j)))
}

fn ask(spec: &'static FunctionSpec, c: &mut Compiler<'_>, args: &[Expr]) -> Option<Typed> {
    let arg = args.first()?;
    let typed = c.compile(arg)?;
    Some(func::call(spec, vec![typed, Typed::bool(only_text(arg))], c.env))
}

/// The functions whose result is text even when it looks like a number.
const TEXT_MAKERS: &[&str] = &[
    "tostring",
    "printf",
    "strftime",
    "upper",
    "lower",
    "substr",
    "replace",
    "trim",
    "ltrim",
    "rtrim",
    "urldecode",
    "mvjoin",
    "md5",
    "sha1",
    "sha256",
    "sha512",
    "typeof",
];

pub(super) fn only_text(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Str(_) => true,
        ExprKind::Call { name, .. } => {
            TEXT_MAKERS.iter().any(|n| n.eq_ignore_ascii_case(&name.value))
        }
        ExprKind::Binary { op, .. } => op.value == BinOp::Concat,
        ExprKind::Chain { rest, .. } => {
            rest.last().is_some_and(|(op, _)| op.value == BinOp::Concat)
        }
        _ => false,
    }
}
