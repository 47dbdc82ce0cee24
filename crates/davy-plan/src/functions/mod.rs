//! The eval functions, one file a family. A new function is a spec in its family's table.

use crate::spec::FunctionSpec;
use davy_diag::Span;
use davy_spl::ast::{BinOp, Expr};

mod bitwise;
mod comparison;
mod conversion;
mod cryptographic;
mod informational;
mod iterate;
mod json;
mod lookup;
mod matching;
mod mathematical;
mod multivalue;
mod operators;
pub(crate) mod precision;
mod statistical_eval;
mod text;
mod time;
mod trig;

static FAMILIES: &[(&str, &[FunctionSpec])] = &[
    ("Operators", operators::FUNCTIONS),
    ("Comparison and conditional", comparison::FUNCTIONS),
    ("Bitwise", bitwise::FUNCTIONS),
    ("Conversion", conversion::FUNCTIONS),
    ("Date and time", time::FUNCTIONS),
    ("Informational", informational::FUNCTIONS),
    ("Mathematical", mathematical::FUNCTIONS),
    ("Statistical", statistical_eval::FUNCTIONS),
    ("Trigonometric and hyperbolic", trig::FUNCTIONS),
    ("Pattern matching", matching::FUNCTIONS),
    ("Lookup", lookup::FUNCTIONS),
    ("Text", text::FUNCTIONS),
    ("Multivalue", multivalue::FUNCTIONS),
    ("Multivalue, by value", iterate::FUNCTIONS),
    ("JSON", json::FUNCTIONS),
    ("Cryptographic", cryptographic::FUNCTIONS),
];

/// Every family with its functions. Names that begin with `__` are operators, not for users.
pub fn families() -> &'static [(&'static str, &'static [FunctionSpec])] {
    FAMILIES
}

/// The function of that (lower-case) name.
pub fn find(name: &str) -> Option<&'static FunctionSpec> {
    FAMILIES.iter().flat_map(|(_, list)| list.iter()).find(|f| f.name == name)
}

/// The names that users may write.
pub fn names() -> impl Iterator<Item = &'static str> {
    FAMILIES
        .iter()
        .flat_map(|(_, list)| list.iter().map(|f| f.name))
        .filter(|n| !n.starts_with("__"))
}

/// Reports what is wrong with a call whatever the data: a regular expression that cannot be read.
pub(crate) fn check(name: &str, args: &[Expr], errors: &mut Vec<davy_diag::Diagnostic>) {
    matching::check(name, args, errors);
    statistical_eval::check(name, args, errors);
}

/// Reports an operator between what it cannot take, whatever the data.
pub(crate) fn check_operator(
    op: BinOp,
    left: &Expr,
    right: &Expr,
    errors: &mut Vec<davy_diag::Diagnostic>,
) {
    operators::check(op, left, right, errors);
}

/// Whether an expression is a number by how it is written: in digits, or computed by an operator.
pub(crate) fn is_number(expr: &Expr) -> bool {
    operators::is_number(expr)
}

/// Whether an expression can only be text, even where it looks like a number.
pub(crate) fn is_text(expr: &Expr) -> bool {
    informational::only_text(expr)
}

/// The fields that the search in `searchmatch("…")` reads.
pub(crate) fn search_reads(args: &[Expr], out: &mut Vec<(String, Span)>) {
    comparison::search_reads(args, out);
}
