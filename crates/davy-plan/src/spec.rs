//! What every command, eval function and statistical function says of itself. No field has a
//! default: what is not documented does not compile.

use crate::column::{Column, Ty};
use crate::command::Command;
use crate::env::Env;
use crate::expr::{Compiler, Typed};
use crate::fold::Fold;
use crate::value::Val;
use arrow::array::ArrayRef;
use datafusion_common::Result;
use datafusion_expr::Expr;
use davy_diag::Spanned;
use davy_spl::ast::{Args, Grammar};

/// A search that runs as a test and stands in the reference.
#[derive(Debug, Clone, Copy)]
pub struct Example {
    pub search: &'static str,
    pub expect: Expect,
}

#[derive(Debug, Clone, Copy)]
pub enum Expect {
    /// The number of result rows.
    Rows(usize),
    /// The value of a field in the first row; "" when it is missing there. Several values are
    /// joined by `|`.
    Field(&'static str, &'static str),
    /// The result as CSV, header first, lines separated by `\n`.
    Table(&'static str),
    /// Shown in the reference, but its result depends on the world (the clock, a file).
    Varies,
}

/// `example!("search" => rows 3)`, `=> field "x" = "1"`, `=> table "a,b\n1,2"`, `=> varies`.
#[macro_export]
macro_rules! example {
    ($search:expr => rows $n:expr) => {
        $crate::spec::Example { search: $search, expect: $crate::spec::Expect::Rows($n) }
    };
    ($search:expr => field $f:literal = $v:expr) => {
        $crate::spec::Example { search: $search, expect: $crate::spec::Expect::Field($f, $v) }
    };
    ($search:expr => table $t:expr) => {
        $crate::spec::Example { search: $search, expect: $crate::spec::Expect::Table($t) }
    };
    ($search:expr => varies) => {
        $crate::spec::Example { search: $search, expect: $crate::spec::Expect::Varies }
    };
}

/// How a command treats the stream of rows; told to users by `explain`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Makes rows; first in a pipeline.
    Generating,
    /// Row by row, in any order.
    Streaming,
    /// Row by row, in the order of the rows.
    Sequential,
    /// Needs all rows; the columns of the result are known before.
    Transforming,
    /// The columns of the result depend on the data: what stands before is run first.
    Barrier,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Support {
    Full,
    /// Works, but for what is named here.
    Limited(&'static str),
    /// Not here: the reason, and the nearest thing that works.
    Refused {
        why: &'static str,
        instead: &'static str,
    },
}

#[derive(Debug)]
pub struct CommandSpec {
    /// The name and its other names.
    pub name: &'static str,
    pub aliases: &'static [&'static str],
    pub kind: Kind,
    pub grammar: Grammar,
    pub syntax: &'static str,
    pub summary: &'static str,
    pub examples: &'static [Example],
    /// The page that the behaviour comes from.
    pub source: &'static str,
    pub support: Support,
    /// Reads the arguments as written. Reports what is wrong; `None` when nothing can be made of
    /// them.
    pub parse: fn(&Args, &mut ParseCx<'_>) -> Option<Box<dyn Command>>,
}

pub use crate::parse::ParseCx;

/// What kind a function's result has.
#[derive(Debug, Clone, Copy)]
pub enum Ret {
    Text,
    Num,
    Bool,
    /// From the kinds of the arguments.
    Of(fn(&[Ty]) -> Ty),
}

/// What happens when an argument holds several values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Multi {
    /// The function is applied to each value of the first argument that has several, and the
    /// result has as many values.
    Each,
    /// True when it is true for any of the values.
    Any,
    /// The function knows.
    Aware,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nulls {
    /// A null argument makes the result null.
    Propagate,
    /// The function knows.
    Aware,
}

/// An argument of an array kernel: a literal, or a column.
#[derive(Debug, Clone)]
pub enum ArgCol {
    Lit(Val<'static>),
    Col(Column),
}

impl ArgCol {
    pub fn get(&self, row: usize) -> Val<'_> {
        match self {
            ArgCol::Lit(Val::Str(s)) => Val::str(s.as_ref()),
            ArgCol::Lit(v) => v.clone(),
            ArgCol::Col(c) => c.get(row),
        }
    }
}

pub enum Kernel {
    /// One row at a time. `Nulls` and `Multi` are handled before it is called.
    Row(fn(&[Val<'_>], &Env) -> Val<'static>),
    /// Whole columns; handles nulls and several values itself.
    Array(fn(&[ArgCol], usize, &Env) -> Result<ArrayRef>),
    /// Reads its arguments as written: `if`, `mvmap`, `searchmatch`.
    Form(fn(&mut Compiler<'_>, &Spanned<String>, &[davy_spl::ast::Expr]) -> Option<Typed>),
}

impl std::fmt::Debug for Kernel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Kernel::Row(_) => "Row",
            Kernel::Array(_) => "Array",
            Kernel::Form(_) => "Form",
        })
    }
}

#[derive(Debug)]
pub struct FunctionSpec {
    pub name: &'static str,
    pub syntax: &'static str,
    pub summary: &'static str,
    pub examples: &'static [Example],
    pub source: &'static str,
    pub support: Support,
    /// The fewest and the most arguments.
    pub arity: (usize, usize),
    pub ret: Ret,
    pub nulls: Nulls,
    pub multi: Multi,
    /// The same arguments always give the same result.
    pub pure: bool,
    pub kernel: Kernel,
}

/// How a statistical function is computed.
pub enum AggKernel {
    /// An aggregate expression over the argument: the fast way, for functions that DataFusion has.
    Native(fn(&AggArg) -> Result<Expr>),
    /// Value by value, in the order of the rows where `ordered`. `f64` is the function's number
    /// (`p95`: 95), 0 where it has none.
    Fold(fn(f64) -> Box<dyn Fold>),
}

impl std::fmt::Debug for AggKernel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            AggKernel::Native(_) => "Native",
            AggKernel::Fold(_) => "Fold",
        })
    }
}

/// The argument of a statistical function.
#[derive(Debug, Clone)]
pub struct AggArg {
    pub expr: Expr,
    pub ty: Ty,
}

#[derive(Debug)]
pub struct AggSpec {
    pub name: &'static str,
    pub aliases: &'static [&'static str],
    pub syntax: &'static str,
    pub summary: &'static str,
    pub examples: &'static [Example],
    pub source: &'static str,
    pub support: Support,
    /// `count` may stand without an argument.
    pub arg: AggArity,
    /// A number follows the name: `p95`, `perc5`, `exactperc99.9`.
    pub number: bool,
    /// The result depends on the order of the rows (`first`, `list`).
    pub ordered: bool,
    /// Reads `_time` beside the argument (`earliest`, `rate`).
    pub timed: bool,
    pub ret: Ret,
    pub kernel: fn(Ty) -> AggKernel,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AggArity {
    Optional,
    One,
}
