//! `mvmap` and `mvfilter`: an expression for each value of a field. Search Reference, "Multivalue
//! eval functions".

use crate::codes;
use crate::column::{Builder, Column, Ty};
use crate::example;
use crate::expr::{Compiler, Typed, field, reads};
use crate::plan::column_expr;
use crate::spec::{FunctionSpec, Kernel, Multi, Nulls, Ret, Support};
use crate::value::Val;
use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions, UInt32Array};
use arrow::compute::take;
use arrow::datatypes::{DataType, Field, Schema};
use datafusion_common::{DFSchema, Result};
use datafusion_expr::execution_props::ExecutionProps;
use datafusion_expr::physical_planning_context::PhysicalPlanningContext;
use datafusion_expr::{
    ColumnarValue, Expr as DfExpr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
    Volatility,
};
use datafusion_physical_expr::create_physical_expr;
use davy_diag::{Span, Spanned};
use davy_spl::ast::{Expr, ExprKind};
use std::sync::Arc;

pub(super) static FUNCTIONS: &[FunctionSpec] = &[
    FunctionSpec {
        name: "mvmap",
        syntax: "mvmap(<field>, <expression>)",
        summary: "The results of an expression, in which the field stands for one value at a time.",
        examples: &[
            example!("| makeresults | eval r=split(\"1,2,3\", \",\"), n=mvmap(r, r*10)" => field "n" = "10|20|30"),
            example!("| makeresults | eval r=split(\"1,2,3\", \",\"), t=5, n=mvmap(mvindex(r,1,2), r*t)" => field "n" = "10|15"),
        ],
        source: "Search Reference, Multivalue eval functions",
        support: Support::Full,
        arity: (2, 2),
        ret: Ret::Text,
        nulls: Nulls::Aware,
        multi: Multi::Aware,
        pure: true,
        kernel: Kernel::Form(mvmap),
    },
    FunctionSpec {
        name: "mvfilter",
        syntax: "mvfilter(<condition>)",
        summary: "The values of a field for which a condition is true. The condition names that one field only.",
        examples: &[
            example!("| makeresults | eval email=split(\"a@x.net,b@y.com,c@z.org\", \",\"), n=mvfilter(match(email, \"\\.net$\") OR match(email, \"\\.org$\"))" => field "n" = "a@x.net|c@z.org"),
        ],
        source: "Search Reference, Multivalue eval functions",
        support: Support::Full,
        arity: (1, 1),
        ret: Ret::Text,
        nulls: Nulls::Aware,
        multi: Multi::Aware,
        pure: true,
        kernel: Kernel::Form(mvfilter),
    },
];

fn mvmap(c: &mut Compiler<'_>, name: &Spanned<String>, args: &[Expr]) -> Option<Typed> {
    let iterated = match &args[0].kind {
        ExprKind::Field(field) => field.clone(),
        _ => match names(&args[0]).into_iter().next() {
            Some((field, _)) => field,
            None => {
                c.errors.push(
                    codes::BAD_ARGUMENT
                        .at(args[0].span.0, format!("`{}` needs a field here", name.value))
                        .help("name the field whose values the expression is for"),
                );
                return None;
            }
        },
    };
    let values = c.compile(&args[0])?;
    each(c, &iterated, values, &args[1], false)
}

fn mvfilter(c: &mut Compiler<'_>, name: &Spanned<String>, args: &[Expr]) -> Option<Typed> {
    let fields = names(&args[0]);
    let [(iterated, _)] = fields.as_slice() else {
        let message = format!("the condition of `{}` must name exactly one field", name.value);
        let span = fields.get(1).map_or(args[0].span.0, |(_, span)| *span);
        c.errors.push(
            codes::BAD_ARGUMENT.at(span, message).help(
                "use mvmap(<field>, if(<condition>, <field>, null())) to compare with others",
            ),
        );
        return None;
    };
    let values = c.compile(&field(iterated, args[0].span.0))?;
    each(c, iterated, values, &args[0], true)
}

/// The distinct fields of an expression, as they appear.
fn names(expr: &Expr) -> Vec<(String, Span)> {
    let mut all = Vec::new();
    reads(expr, &mut all);
    let mut out: Vec<(String, Span)> = Vec::new();
    for (name, span) in all {
        if out.iter().all(|(n, _)| *n != name) {
            out.push((name, span));
        }
    }
    out
}

/// The expression for each of `values`, which the field `iterated` stands for in it.
fn each(
    c: &mut Compiler<'_>,
    iterated: &str,
    values: Typed,
    body: &Expr,
    filter: bool,
) -> Option<Typed> {
    let values = match values.ty {
        Ty::Null => return Some(Typed::null()),
        _ => values.into_ty(Ty::Text),
    };
    // Within the body the field is there, a text.
    let placeholder = vec![(iterated.to_owned(), Typed::text(""))];
    let plan = match c.plan.clone().with_columns(placeholder) {
        Ok(plan) => plan,
        Err(_) => {
            c.errors.push(codes::RUNTIME.at(body.span.0, "the expression could not be planned"));
            return None;
        }
    };
    let mut inner = Compiler { plan: &plan, env: c.env, cx: c.cx, errors: Vec::new() };
    let body = match filter {
        true => inner.condition(body),
        false => inner.value(body).map(|t| t.materialized()),
    };
    c.errors.append(&mut inner.errors);
    let body = body?;
    let mut others: Vec<String> = body
        .column_refs()
        .into_iter()
        .map(|column| column.name.clone())
        .filter(|n| n != iterated)
        .collect();
    others.sort();
    let mut args = vec![values.expr];
    args.extend(others.iter().map(|n| column_expr(n)));
    let volatility = match body.is_volatile() {
        true => Volatility::Volatile,
        false => Volatility::Immutable,
    };
    let udf = Each {
        iterated: iterated.to_owned(),
        others,
        body,
        filter,
        signature: Signature::user_defined(volatility),
    };
    Some(Typed::of(ScalarUDF::new_from_impl(udf).call(args), Ty::Text))
}

/// Arguments: the values, then the other columns that the body reads.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Each {
    iterated: String,
    others: Vec<String>,
    body: DfExpr,
    filter: bool,
    signature: Signature,
}

impl ScalarUDFImpl for Each {
    fn name(&self) -> &str {
        if self.filter { "mvfilter" } else { "mvmap" }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, arg_types: &[DataType]) -> Result<Vec<DataType>> {
        Ok(arg_types.to_vec())
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Utf8View)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let arrays = ColumnarValue::values_to_arrays(&args.args)?;
        let Some((values, others)) = arrays.split_first() else {
            return datafusion_common::internal_err!("`{}` has no values", self.name());
        };
        let rows = values.len();
        let values = Column::new(values)?;
        let mut owners: Vec<u32> = Vec::with_capacity(rows);
        let mut singles = Builder::new(Ty::Text, rows);
        for row in 0..rows {
            for one in values.get(row).values() {
                owners.push(row as u32);
                singles.push(&Val::Str(one));
            }
        }
        let (singles, results) = self.evaluate(singles.finish(), others, &owners)?;
        let mut out = Builder::new(Ty::Text, rows);
        let mut at = 0;
        for row in 0..rows {
            let mut kept: Vec<String> = Vec::new();
            while owners.get(at) == Some(&(row as u32)) {
                let result = results.get(at);
                match self.filter {
                    true if result.truth() == Some(true) => {
                        kept.extend(singles.get(at).text().map(|t| t.into_owned()));
                    }
                    true => {}
                    false => kept.extend(result.values().into_iter().map(|v| v.into_owned())),
                }
                at += 1;
            }
            out.push(&Val::multi(&kept));
        }
        // Arguments that are all constant come as arrays of one row.
        let array = out.finish();
        if array.len() == 1 && args.number_rows > 1 {
            let value = datafusion_common::ScalarValue::try_from_array(&array, 0)?;
            return Ok(ColumnarValue::Scalar(value));
        }
        Ok(ColumnarValue::Array(array))
    }
}

impl Each {
    /// The single values, and the body's result for each.
    fn evaluate(
        &self,
        singles: ArrayRef,
        others: &[ArrayRef],
        owners: &[u32],
    ) -> Result<(Column, Column)> {
        let count = owners.len();
        let owners = UInt32Array::from(owners.to_vec());
        let mut fields = vec![Field::new(&self.iterated, DataType::Utf8View, true)];
        let mut columns = vec![singles.clone()];
        for (name, array) in self.others.iter().zip(others) {
            fields.push(Field::new(name, array.data_type().clone(), true));
            columns.push(take(array, &owners, None)?);
        }
        let schema = Arc::new(Schema::new(fields));
        let options = RecordBatchOptions::new().with_row_count(Some(count));
        let batch = RecordBatch::try_new_with_options(schema.clone(), columns, &options)?;
        let physical = create_physical_expr(
            &self.body,
            &DFSchema::try_from(schema)?,
            &ExecutionProps::new(),
            &PhysicalPlanningContext::default(),
        )?;
        let results = physical.evaluate(&batch)?.into_array(count)?;
        Ok((Column::new(&singles)?, Column::new(&results)?))
    }
}
