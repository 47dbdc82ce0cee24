//! Very many operands of one strength in a row: `a OR b OR c …`, `a . b . c …`.
//!
//! DataFusion walks trees of operators by recursion, so that a long chain must not be as high as
//! it is long. Alternatives are paired, which makes the tree low. Conditions joined by AND, which
//! DataFusion puts in a row again, and calculations, whose order matters, are one function that
//! goes through its arguments.

use crate::column::{Column, Ty};
use crate::env::Env;
use crate::expr::{Compiler, Typed, find_function};
use crate::func;
use crate::functions;
use crate::spec::{ArgCol, FunctionSpec, Kernel, Multi, Nulls, Ret, Support};
use arrow::array::{Array, ArrayRef, AsArray, BooleanArray};
use arrow::compute::and_kleene;
use arrow::datatypes::DataType;
use datafusion_common::Result;
use datafusion_expr::{
    ColumnarValue, Expr as DfExpr, Operator, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl,
    Signature, Volatility, binary_expr, lit,
};
use davy_diag::{Diagnostic, Spanned};
use davy_spl::ast::{BinOp, Expr, ExprKind};
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// Arguments of one call: DataFusion looks at each pair of them.
const AT_ONCE: usize = 64;

/// The chain as one expression.
pub(crate) fn compile(
    c: &mut Compiler<'_>,
    first: &Expr,
    rest: &[(Spanned<BinOp>, Expr)],
) -> Option<Typed> {
    check_operators(first, rest, &mut c.errors);
    let operator = match rest.first()?.0.value {
        BinOp::Or => Operator::Or,
        BinOp::And => Operator::And,
        BinOp::Xor => Operator::NotEq,
        _ => return calculation(c, first, rest),
    };
    let all: Vec<&Expr> = std::iter::once(first).chain(rest.iter().map(|(_, e)| e)).collect();
    let ands = operator == Operator::And;
    let all = if ands { all.into_iter().flat_map(conditions).collect() } else { all };
    let all: Vec<Option<DfExpr>> = all.into_iter().map(|e| c.condition(e)).collect();
    let all: Vec<DfExpr> = all.into_iter().collect::<Option<_>>()?;
    let joined = if ands { Some(together(all, c.env)) } else { balanced(all, operator) };
    joined.map(|e| Typed::of(e, Ty::Bool))
}

/// Whether so many conditions are joined by AND, in parentheses or not, that they are a chain.
pub(crate) fn is_long_and(left: &Expr, right: &Expr) -> bool {
    conditions(left).len() + conditions(right).len() > AT_ONCE
}

/// What is joined by AND.
fn conditions(expr: &Expr) -> Vec<&Expr> {
    let (mut out, mut left) = (Vec::new(), vec![expr]);
    while let Some(expr) = left.pop() {
        match &expr.kind {
            ExprKind::Binary { op, left: a, right: b } if op.value == BinOp::And => {
                left.extend([&**b, &**a]);
            }
            ExprKind::Chain { first, rest }
                if rest.iter().all(|(op, _)| op.value == BinOp::And) =>
            {
                left.extend(rest.iter().rev().map(|(_, e)| e));
                left.push(first);
            }
            _ => out.push(expr),
        }
    }
    out
}

fn together(mut all: Vec<DfExpr>, env: &Arc<Env>) -> DfExpr {
    let call = |part: &[DfExpr]| {
        let args = part.iter().map(|e| Typed::of(e.clone(), Ty::Bool)).collect();
        func::call(&ALL, args, env).expr
    };
    loop {
        all = all.chunks(AT_ONCE).map(call).collect();
        match all.pop() {
            Some(one) if all.is_empty() => return one,
            Some(last) => all.push(last),
            None => return lit(true),
        }
    }
}

/// AND of any number of conditions.
static ALL: FunctionSpec = FunctionSpec {
    name: "__all",
    syntax: "",
    summary: "",
    examples: &[],
    source: "Search Reference, eval, \"Operators\"",
    support: Support::Full,
    arity: (1, usize::MAX),
    ret: Ret::Bool,
    nulls: Nulls::Aware,
    multi: Multi::Aware,
    pure: true,
    kernel: Kernel::Array(all_true),
};

fn all_true(args: &[ArgCol], rows: usize, _: &Env) -> Result<ArrayRef> {
    let mut so_far = BooleanArray::from(vec![true; rows]);
    for arg in args {
        let array = func::column(arg, rows)?.to_array(Ty::Bool);
        so_far = and_kleene(&so_far, array.as_boolean())?;
        if so_far.null_count() == 0 && !so_far.has_true() {
            break;
        }
    }
    Ok(Arc::new(so_far))
}

/// Conditions joined by an operator for which the grouping does not matter.
pub(crate) fn balanced(mut parts: Vec<DfExpr>, operator: Operator) -> Option<DfExpr> {
    while parts.len() > 1 {
        let mut pairs = Vec::with_capacity(parts.len().div_ceil(2));
        let mut rest = parts.into_iter();
        while let Some(left) = rest.next() {
            pairs.push(match rest.next() {
                Some(right) => binary_expr(left, operator, right),
                None => left,
            });
        }
        parts = pairs;
    }
    parts.pop()
}

/// Operators with operands that they do not take.
pub(crate) fn check_operators(
    first: &Expr,
    rest: &[(Spanned<BinOp>, Expr)],
    errors: &mut Vec<Diagnostic>,
) {
    // What an operator gives is never a literal, and only those are mistakes.
    let given = Expr { kind: ExprKind::Unread, span: first.span };
    for (i, (op, item)) in rest.iter().enumerate() {
        let left = if i == 0 { first } else { &given };
        functions::check_operator(op.value, left, item, errors);
    }
}

/// From the left, as operators of one strength group.
fn calculation(
    c: &mut Compiler<'_>,
    first: &Expr,
    rest: &[(Spanned<BinOp>, Expr)],
) -> Option<Typed> {
    let mut so_far = c.compile(first)?;
    let mut left = (functions::is_text(first), functions::is_number(first));
    for part in rest.chunks(AT_ONCE) {
        let (mut steps, mut args, mut ty) = (Vec::new(), vec![so_far.expr], so_far.ty);
        for (op, item) in part {
            let right = (functions::is_text(item), functions::is_number(item));
            let name = function(op.value, left, right);
            let name = Spanned::new(name.to_owned(), op.span);
            let spec = find_function(&name, 2, op.span, &mut c.errors)?;
            let value = c.compile(item)?;
            ty = func::ret_type(spec, &[ty, value.ty]);
            steps.push((spec, ty));
            args.push(value.expr);
            left = match op.value {
                BinOp::Concat => (true, false),
                BinOp::Add => (false, false),
                _ => (false, true),
            };
        }
        let signature = Signature::user_defined(Volatility::Immutable);
        let steps = Steps { steps, env: c.env.clone(), signature };
        so_far = Typed::of(ScalarUDF::new_from_impl(steps).call(args), ty);
    }
    Some(so_far)
}

/// The function of an operator; what is known of its sides: whether a text, whether a number.
fn function(op: BinOp, left: (bool, bool), right: (bool, bool)) -> &'static str {
    match op {
        BinOp::Add if left.0 && right.0 => "__concat",
        BinOp::Add if left.1 || right.1 => "__add_number",
        BinOp::Add => "__add",
        BinOp::Sub => "__sub",
        BinOp::Mul => "__mul",
        BinOp::Div => "__div",
        BinOp::Rem => "__rem",
        _ => "__concat",
    }
}

/// Functions of two arguments, each on what the one before gave and the next argument.
#[derive(Debug)]
struct Steps {
    steps: Vec<(&'static FunctionSpec, Ty)>,
    env: Arc<Env>,
    signature: Signature,
}

impl Steps {
    fn names(&self) -> impl Iterator<Item = (&'static str, Ty)> + '_ {
        self.steps.iter().map(|(spec, ty)| (spec.name, *ty))
    }
}

impl PartialEq for Steps {
    fn eq(&self, other: &Self) -> bool {
        self.names().eq(other.names())
    }
}

impl Eq for Steps {}

impl Hash for Steps {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.names().for_each(|step| step.hash(state));
    }
}

impl ScalarUDFImpl for Steps {
    fn name(&self) -> &str {
        "__chain"
    }

    fn schema_name(&self, args: &[DfExpr]) -> Result<String> {
        func::call_name("__chain", args)
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, arg_types: &[DataType]) -> Result<Vec<DataType>> {
        Ok(arg_types.to_vec())
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(match self.steps.last() {
            Some((_, ty)) if *ty != Ty::Null => ty.data_type(),
            _ => DataType::Utf8View,
        })
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let rows = args.number_rows;
        let mut args = func::columns(&args.args, rows)?.into_iter();
        let mut so_far = args.next();
        for ((spec, ty), arg) in self.steps.iter().zip(args) {
            let Some(left) = so_far else { break };
            let array = func::run(spec, *ty, &[left, arg], rows, &self.env)?;
            so_far = Some(ArgCol::Col(Column::new(&array)?));
        }
        let column = so_far.map_or(Ok(Column::Null(rows)), |arg| func::column(&arg, rows))?;
        let ty = self.steps.last().map_or(Ty::Text, |(_, ty)| *ty);
        Ok(ColumnarValue::Array(column.to_array(ty)))
    }
}
