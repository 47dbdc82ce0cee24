//! davy's eval functions as DataFusion functions: nulls and several values are met here, so that a
//! function's own kernel stays a few lines.

use crate::column::{Builder, Column, Ty};
use crate::env::Env;
use crate::expr::Typed;
use crate::spec::{ArgCol, FunctionSpec, Kernel, Multi, Nulls, Ret};
use crate::value::Val;
use arrow::array::{Array, ArrayRef};
use arrow::datatypes::DataType;
use datafusion_common::{Result, ScalarValue};
use datafusion_expr::{
    ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// A call of `spec` on compiled arguments.
pub(crate) fn call(spec: &'static FunctionSpec, args: Vec<Typed>, env: &Arc<Env>) -> Typed {
    let types: Vec<Ty> = args.iter().map(|a| a.ty).collect();
    let ret = ret_type(spec, &types);
    let udf = SplFunction {
        spec,
        ret,
        env: env.clone(),
        signature: Signature::user_defined(match spec.pure {
            true => Volatility::Immutable,
            false => Volatility::Volatile,
        }),
    };
    let expr = ScalarUDF::new_from_impl(udf).call(args.into_iter().map(|a| a.expr).collect());
    Typed::of(expr, ret)
}

pub(crate) fn ret_type(spec: &FunctionSpec, args: &[Ty]) -> Ty {
    match spec.ret {
        Ret::Text => Ty::Text,
        Ret::Num => Ty::Num,
        Ret::Bool => Ty::Bool,
        Ret::Of(f) => f(args),
    }
}

/// The expression as text, numbers printed as SPL prints them.
pub(crate) fn to_text(expr: Expr) -> Expr {
    convert(&TO_TEXT, Ty::Text, expr)
}

/// The expression as a number; what is none becomes null.
pub(crate) fn to_num(expr: Expr) -> Expr {
    convert(&TO_NUM, Ty::Num, expr)
}

fn convert(spec: &'static FunctionSpec, ret: Ty, expr: Expr) -> Expr {
    let signature = Signature::user_defined(Volatility::Immutable);
    let udf = SplFunction { spec, ret, env: Arc::new(Env::default()), signature };
    ScalarUDF::new_from_impl(udf).call(vec![expr])
}

const fn internal(name: &'static str, ret: Ret, kernel: Kernel) -> FunctionSpec {
    FunctionSpec {
        name,
        syntax: "",
        summary: "",
        examples: &[],
        source: "",
        support: crate::spec::Support::Full,
        arity: (1, 1),
        ret,
        nulls: Nulls::Aware,
        multi: Multi::Aware,
        pure: true,
        kernel,
    }
}

static TO_TEXT: FunctionSpec = internal(
    "__text",
    Ret::Text,
    Kernel::Array(|args, rows, _| Ok(Arc::new(column(&args[0], rows)?.to_text()))),
);

static TO_NUM: FunctionSpec = internal(
    "__num",
    Ret::Num,
    Kernel::Array(|args, rows, _| Ok(Arc::new(column(&args[0], rows)?.to_num()))),
);

/// The argument as a column of `rows` rows.
pub(crate) fn column(arg: &ArgCol, rows: usize) -> Result<Column> {
    match arg {
        ArgCol::Col(column) => Ok(column.clone()),
        ArgCol::Lit(value) => {
            let ty = match value {
                Val::Null => return Ok(Column::Null(rows)),
                Val::Num(_) => Ty::Num,
                Val::Bool(_) => Ty::Bool,
                Val::Str(_) => Ty::Text,
            };
            let mut out = Builder::new(ty, rows);
            (0..rows).for_each(|_| out.push(value));
            Column::new(&out.finish())
        }
    }
}

/// The value of a DataFusion scalar; `None` for kinds that SPL does not have.
pub(crate) fn scalar_val(value: &ScalarValue) -> Option<Val<'static>> {
    if value.is_null() {
        return Some(Val::Null);
    }
    Some(match value {
        ScalarValue::Utf8View(Some(s))
        | ScalarValue::Utf8(Some(s))
        | ScalarValue::LargeUtf8(Some(s)) => Val::str(s.clone()),
        ScalarValue::Boolean(Some(b)) => Val::Bool(*b),
        ScalarValue::Float64(Some(n)) => Val::Num(*n),
        ScalarValue::Int64(Some(n)) => Val::Num(*n as f64),
        other => {
            let array = other.to_array().ok()?;
            let column = Column::new(&array).ok()?;
            column.get(0).into_owned()
        }
    })
}

#[derive(Debug)]
struct SplFunction {
    spec: &'static FunctionSpec,
    ret: Ty,
    env: Arc<Env>,
    signature: Signature,
}

impl PartialEq for SplFunction {
    fn eq(&self, other: &Self) -> bool {
        self.spec.name == other.spec.name && self.ret == other.ret
    }
}

impl Eq for SplFunction {}

impl Hash for SplFunction {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.spec.name.hash(state);
        self.ret.hash(state);
    }
}

/// A call's name in a schema. DataFusion asks for it at every level of a nested call, and its own
/// answer spells the arguments out each time, which takes most of the planning of a long search.
pub(crate) fn call_name(name: &str, args: &[Expr]) -> Result<String> {
    let mut hasher = std::hash::DefaultHasher::new();
    args.hash(&mut hasher);
    Ok(format!("{name}#{:x}", hasher.finish()))
}

impl ScalarUDFImpl for SplFunction {
    fn name(&self) -> &str {
        self.spec.name
    }

    fn schema_name(&self, args: &[Expr]) -> Result<String> {
        call_name(self.spec.name, args)
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, arg_types: &[DataType]) -> Result<Vec<DataType>> {
        Ok(arg_types.to_vec())
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(match self.ret {
            Ty::Null => DataType::Utf8View,
            ty => ty.data_type(),
        })
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let rows = args.number_rows;
        let all_literal = args.args.iter().all(|a| matches!(a, ColumnarValue::Scalar(_)));
        let rows = if all_literal && !args.args.is_empty() && self.spec.pure { 1 } else { rows };
        let args = columns(&args.args, rows)?;
        let array = run(self.spec, self.ret, &args, rows, &self.env)?;
        if all_literal && array.len() == 1 && self.spec.pure {
            return Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&array, 0)?));
        }
        Ok(ColumnarValue::Array(array))
    }
}

/// Arguments as the lift layer takes them.
pub(crate) fn columns(args: &[ColumnarValue], rows: usize) -> Result<Vec<ArgCol>> {
    args.iter()
        .map(|arg| match arg {
            ColumnarValue::Array(array) => Ok(ArgCol::Col(Column::new(array)?)),
            ColumnarValue::Scalar(scalar) => match scalar_val(scalar) {
                Some(value) => Ok(ArgCol::Lit(value)),
                None => Ok(ArgCol::Col(Column::new(&scalar.to_array_of_size(rows)?)?)),
            },
        })
        .collect()
}

/// Runs a function over columns: the lift layer.
pub(crate) fn run(
    spec: &FunctionSpec,
    ret: Ty,
    args: &[ArgCol],
    rows: usize,
    env: &Env,
) -> Result<ArrayRef> {
    let kernel = match spec.kernel {
        Kernel::Row(kernel) => kernel,
        Kernel::Array(kernel) => return kernel(args, rows, env),
        Kernel::Form(_) => {
            return Err(datafusion_common::DataFusionError::Internal(format!(
                "`{}` is not called on values",
                spec.name
            )));
        }
    };
    let mut out = Builder::new(ret, rows);
    let mut values: Vec<Val<'_>> = Vec::with_capacity(args.len());
    for row in 0..rows {
        values.clear();
        values.extend(args.iter().map(|a| a.get(row)));
        let value = if spec.nulls == Nulls::Propagate && values.iter().any(Val::is_null) {
            Val::Null
        } else {
            lifted(spec, kernel, &values, env)
        };
        out.push(&value);
    }
    Ok(out.finish())
}

type RowKernel = fn(&[Val<'_>], &Env) -> Val<'static>;

fn lifted(spec: &FunctionSpec, kernel: RowKernel, values: &[Val<'_>], env: &Env) -> Val<'static> {
    if spec.multi == Multi::Aware {
        return kernel(values, env);
    }
    let Some(at) = values.iter().position(Val::is_multi) else { return kernel(values, env) };
    let mut one: Vec<Val<'_>> = values.to_vec();
    let mut results: Vec<Val<'static>> = Vec::new();
    for text in values[at].values() {
        one[at] = Val::Str(text);
        results.push(lifted(spec, kernel, &one, env));
    }
    match spec.multi {
        Multi::Any => {
            let truths: Vec<bool> = results.iter().filter_map(Val::truth).collect();
            match truths.is_empty() {
                true => Val::Null,
                false => Val::Bool(truths.into_iter().any(|t| t)),
            }
        }
        _ => {
            // A result of several values comes of another argument that holds several.
            let texts: Vec<_> = results.iter().flat_map(Val::values).collect();
            Val::multi(&texts)
        }
    }
}
