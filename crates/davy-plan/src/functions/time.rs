//! Date and time functions. Search Reference, "Date and Time functions".

use crate::env::Env;
use crate::example;
use crate::spec::{FunctionSpec, Kernel, Multi, Nulls, Ret, Support};
use crate::timefmt;
use crate::timerange::parse_instant;
use crate::value::Val;

const SOURCE: &str = "Search Reference, Date and Time functions";

pub(super) static FUNCTIONS: &[FunctionSpec] = &[
    FunctionSpec {
        name: "now",
        syntax: "now()",
        summary: "When the search started, in seconds since 1970.",
        examples: &[example!("| makeresults | eval t=now()" => varies)],
        source: SOURCE,
        support: Support::Full,
        arity: (0, 0),
        ret: Ret::Num,
        nulls: Nulls::Aware,
        multi: Multi::Aware,
        pure: true,
        kernel: Kernel::Row(|_, env| Val::Num(env.now.floor())),
    },
    FunctionSpec {
        name: "time",
        syntax: "time()",
        summary: "When the search started, with fractions of a second: the clock does not go on while a search runs.",
        examples: &[example!("| makeresults | eval t=time()" => varies)],
        source: SOURCE,
        support: Support::Full,
        arity: (0, 0),
        ret: Ret::Num,
        nulls: Nulls::Aware,
        multi: Multi::Aware,
        pure: true,
        kernel: Kernel::Row(|_, env| Val::Num(env.now)),
    },
    FunctionSpec {
        name: "relative_time",
        syntax: "relative_time(<time>, <modifier>)",
        summary: "The time moved by a time modifier such as `-1d@d`.",
        examples: &[
            example!("| makeresults | eval t=relative_time(1777896000, \"-1d@d\")" => field "t" = "1777766400"),
            example!("| makeresults | eval t=relative_time(1777896000, \"@w0\")" => field "t" = "1777766400"),
        ],
        source: SOURCE,
        support: Support::Full,
        arity: (2, 2),
        ret: Ret::Num,
        nulls: Nulls::Propagate,
        multi: Multi::Aware,
        pure: true,
        kernel: Kernel::Row(relative_time),
    },
    FunctionSpec {
        name: "strftime",
        syntax: "strftime(<time>, <format>)",
        summary: "A time in seconds since 1970, written by a format.",
        examples: &[
            example!("| makeresults | eval t=strftime(1777896000.5, \"%Y-%m-%dT%H:%M:%S.%Q\")" => field "t" = "2026-05-04T12:00:00.500"),
        ],
        source: "Search Reference, Date and Time functions; Date and time format variables",
        support: Support::Full,
        arity: (2, 2),
        ret: Ret::Text,
        nulls: Nulls::Propagate,
        multi: Multi::Each,
        pure: true,
        kernel: Kernel::Row(strftime),
    },
    FunctionSpec {
        name: "strptime",
        syntax: "strptime(<text>, <format>)",
        summary: "The time that a text names by a format, in seconds since 1970; null when it does not fit.",
        examples: &[
            example!("| makeresults | eval t=strptime(\"2026-05-04 12:00\", \"%Y-%m-%d %H:%M\")" => field "t" = "1777896000.000000"),
        ],
        source: "Search Reference, Date and Time functions; Date and time format variables",
        support: Support::Full,
        arity: (2, 2),
        ret: Ret::Text,
        nulls: Nulls::Propagate,
        multi: Multi::Each,
        pure: true,
        kernel: Kernel::Row(strptime),
    },
];

fn relative_time(v: &[Val<'_>], env: &Env) -> Val<'static> {
    match (v[0].num(), v[1].text()) {
        (Some(at), Some(modifier)) if at.abs() < 1e12 => {
            parse_instant(&modifier, at, &env.zone).map_or(Val::Null, Val::Num)
        }
        _ => Val::Null,
    }
}

fn strftime(v: &[Val<'_>], env: &Env) -> Val<'static> {
    match (v[0].num(), v[1].text()) {
        (Some(at), Some(format)) => {
            let text = timefmt::strftime(at, &format, &env.zone);
            if text.is_empty() { Val::Null } else { Val::str(text) }
        }
        _ => Val::Null,
    }
}

/// With six decimals, as Splunk shows it.
fn strptime(v: &[Val<'_>], env: &Env) -> Val<'static> {
    match (v[0].text(), v[1].text()) {
        (Some(text), Some(format)) => timefmt::strptime(&text, &format, &env.zone, env.now)
            .map_or(Val::Null, |t| Val::str(format!("{t:.6}"))),
        _ => Val::Null,
    }
}
