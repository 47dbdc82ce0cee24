//! Trigonometric and hyperbolic functions. Search Reference, "Trigonometric and Hyperbolic
//! functions".

use super::mathematical::{numeric, one, two};
use crate::example;
use crate::spec::FunctionSpec;

const SOURCE: &str = "Search Reference, Trigonometric and Hyperbolic functions";
const ONE: (usize, usize) = (1, 1);

pub(super) static FUNCTIONS: &[FunctionSpec] = &[
    numeric(
        ("acos", "acos(<number>)", "The arc cosine, in radians."),
        ONE,
        SOURCE,
        &[example!("| makeresults | eval x=round(acos(0), 6)" => field "x" = "1.570796")],
        |v, _| one(v, f64::acos),
    ),
    numeric(
        ("acosh", "acosh(<number>)", "The inverse hyperbolic cosine."),
        ONE,
        SOURCE,
        &[example!("| makeresults | eval x=round(acosh(2), 6)" => field "x" = "1.316958")],
        |v, _| one(v, f64::acosh),
    ),
    numeric(
        ("asin", "asin(<number>)", "The arc sine, in radians."),
        ONE,
        SOURCE,
        &[example!("| makeresults | eval x=round(asin(1), 6)" => field "x" = "1.570796")],
        |v, _| one(v, f64::asin),
    ),
    numeric(
        ("asinh", "asinh(<number>)", "The inverse hyperbolic sine."),
        ONE,
        SOURCE,
        &[example!("| makeresults | eval x=round(asinh(1), 6)" => field "x" = "0.881374")],
        |v, _| one(v, f64::asinh),
    ),
    numeric(
        ("atan", "atan(<number>)", "The arc tangent, in radians."),
        ONE,
        SOURCE,
        &[example!("| makeresults | eval x=round(atan(0.50), 6)" => field "x" = "0.463648")],
        |v, _| one(v, f64::atan),
    ),
    numeric(
        ("atan2", "atan2(<y>, <x>)", "The angle of the point (x, y), in radians."),
        (2, 2),
        SOURCE,
        &[example!("| makeresults | eval x=round(atan2(0.50, 0.75), 6)" => field "x" = "0.588003")],
        |v, _| two(v, f64::atan2),
    ),
    numeric(
        ("atanh", "atanh(<number>)", "The inverse hyperbolic tangent."),
        ONE,
        SOURCE,
        &[example!("| makeresults | eval x=round(atanh(0.500), 6)" => field "x" = "0.549306")],
        |v, _| one(v, f64::atanh),
    ),
    numeric(
        ("cos", "cos(<angle>)", "The cosine of an angle in radians."),
        ONE,
        SOURCE,
        &[example!("| makeresults | eval x=cos(pi())" => field "x" = "-1.00000000000")],
        |v, _| one(v, f64::cos),
    ),
    numeric(
        ("cosh", "cosh(<number>)", "The hyperbolic cosine."),
        ONE,
        SOURCE,
        &[example!("| makeresults | eval x=round(cosh(1), 6)" => field "x" = "1.543081")],
        |v, _| one(v, f64::cosh),
    ),
    numeric(
        ("hypot", "hypot(<a>, <b>)", "The length of the hypotenuse of a right triangle."),
        (2, 2),
        SOURCE,
        &[example!("| makeresults | eval x=hypot(3, 4)" => field "x" = "5")],
        |v, _| two(v, f64::hypot),
    ),
    numeric(
        ("sin", "sin(<angle>)", "The sine of an angle in radians."),
        ONE,
        SOURCE,
        &[example!("| makeresults | eval x=round(sin(1), 6)" => field "x" = "0.841471")],
        |v, _| one(v, f64::sin),
    ),
    numeric(
        ("sinh", "sinh(<number>)", "The hyperbolic sine."),
        ONE,
        SOURCE,
        &[example!("| makeresults | eval x=round(sinh(1), 6)" => field "x" = "1.175201")],
        |v, _| one(v, f64::sinh),
    ),
    numeric(
        ("tan", "tan(<angle>)", "The tangent of an angle in radians."),
        ONE,
        SOURCE,
        &[example!("| makeresults | eval x=round(tan(1), 6)" => field "x" = "1.557408")],
        |v, _| one(v, f64::tan),
    ),
    numeric(
        ("tanh", "tanh(<number>)", "The hyperbolic tangent."),
        ONE,
        SOURCE,
        &[example!("| makeresults | eval x=round(tanh(1), 6)" => field "x" = "0.761594")],
        |v, _| one(v, f64::tanh),
    ),
];
