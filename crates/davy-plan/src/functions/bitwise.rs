//! Bitwise functions: on whole numbers from 0 to 2^53-1. Search Reference, "Bitwise functions".

use super::mathematical::numeric;
use crate::example;
use crate::spec::FunctionSpec;
use crate::value::Val;

const SOURCE: &str = "Search Reference, Bitwise functions";

/// The greatest whole number that Splunk's numbers hold exactly.
const MASK: u64 = (1 << 53) - 1;

pub(super) static FUNCTIONS: &[FunctionSpec] = &[
    numeric(
        ("bit_and", "bit_and(<value>, ...)", "The bits that are set in all arguments."),
        (1, usize::MAX),
        SOURCE,
        &[example!("| makeresults | eval x=bit_and(5, 3)" => field "x" = "1")],
        |v, _| reduce(v, |a, b| a & b),
    ),
    numeric(
        ("bit_or", "bit_or(<value>, ...)", "The bits that are set in any argument."),
        (1, usize::MAX),
        SOURCE,
        &[example!("| makeresults | eval x=bit_or(5, 3)" => field "x" = "7")],
        |v, _| reduce(v, |a, b| a | b),
    ),
    numeric(
        (
            "bit_xor",
            "bit_xor(<value>, ...)",
            "The bits that are set in an odd number of arguments.",
        ),
        (1, usize::MAX),
        SOURCE,
        &[example!("| makeresults | eval x=bit_xor(5, 3)" => field "x" = "6")],
        |v, _| reduce(v, |a, b| a ^ b),
    ),
    numeric(
        (
            "bit_not",
            "bit_not(<value>[, <mask>])",
            "The bits that are not set, among those of the mask (53 bits unless given).",
        ),
        (1, 2),
        SOURCE,
        &[
            example!("| makeresults | eval x=bit_not(5, 15)" => field "x" = "10"),
            example!("| makeresults | eval x=bit_not(0)" => field "x" = "9007199254740991"),
        ],
        |v, _| match v {
            [n] => whole(n).map_or(Val::Null, |n| bits(!n)),
            [n, mask] => match (whole(n), whole(mask)) {
                (Some(n), Some(mask)) => bits(!n & mask),
                _ => Val::Null,
            },
            _ => Val::Null,
        },
    ),
    numeric(
        (
            "bit_shift_left",
            "bit_shift_left(<value>, <places>)",
            "The bits moved up; those beyond 53 are lost.",
        ),
        (2, 2),
        SOURCE,
        &[example!("| makeresults | eval x=bit_shift_left(5, 2)" => field "x" = "20")],
        |v, _| shift(v, u64::checked_shl),
    ),
    numeric(
        ("bit_shift_right", "bit_shift_right(<value>, <places>)", "The bits moved down."),
        (2, 2),
        SOURCE,
        &[example!("| makeresults | eval x=bit_shift_right(5, 1)" => field "x" = "2")],
        |v, _| shift(v, u64::checked_shr),
    ),
];

/// A whole number that is not negative.
fn whole(value: &Val<'_>) -> Option<u64> {
    let n = value.num()?;
    (n >= 0.0 && n == n.trunc() && n <= MASK as f64).then_some(n as u64)
}

fn bits(n: u64) -> Val<'static> {
    Val::Num((n & MASK) as f64)
}

fn reduce(v: &[Val<'_>], f: fn(u64, u64) -> u64) -> Val<'static> {
    let all: Option<Vec<u64>> = v.iter().map(whole).collect();
    all.and_then(|all| all.into_iter().reduce(f)).map_or(Val::Null, bits)
}

fn shift(v: &[Val<'_>], f: fn(u64, u32) -> Option<u64>) -> Val<'static> {
    match (v.first().and_then(whole), v.get(1).and_then(whole)) {
        (Some(n), Some(places)) => {
            bits(u32::try_from(places).ok().and_then(|p| f(n, p)).unwrap_or(0))
        }
        _ => Val::Null,
    }
}
