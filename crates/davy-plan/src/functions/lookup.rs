//! The eval function `lookup`. Search Reference, "Comparison and conditional functions".

use crate::codes;
use crate::column::{Builder, Column, Ty};
use crate::example;
use crate::expr::{Compiler, Typed};
use crate::json::Json;
use crate::lookups::{LookupIndex, LookupTable};
use crate::plan::Failed;
use crate::spec::{FunctionSpec, Kernel, Multi, Nulls, Ret, Support};
use crate::tables::{self, find_table};
use crate::value::Val;
use arrow::datatypes::DataType;
use datafusion_common::Result;
use datafusion_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use davy_diag::{Span, Spanned, closest};
use davy_spl::ast::{Expr, ExprKind};
use std::sync::Arc;

pub(super) static FUNCTIONS: &[FunctionSpec] = &[FunctionSpec {
    name: "lookup",
    syntax: "lookup(\"<table>\", json_object(\"<column>\", <value>, ...), json_array(\"<column>\", ...))",
    summary: "The columns named last, of the rows in which those named first hold the values, as a JSON object.",
    examples: &[
        example!("index=main | eval row=lookup(\"users.csv\", json_object(\"name\", user), json_array(\"department\"))" => varies),
    ],
    source: "Search Reference, Comparison and conditional functions",
    support: Support::Full,
    arity: (3, 3),
    ret: Ret::Text,
    nulls: Nulls::Aware,
    multi: Multi::Aware,
    pure: true,
    kernel: Kernel::Form(lookup),
}];

fn lookup(c: &mut Compiler<'_>, _: &Spanned<String>, args: &[Expr]) -> Option<Typed> {
    let ExprKind::Str(table) = &args[0].kind else {
        return bad(c, args[0].span.0, "the name of a lookup in quotes is needed here");
    };
    let Some(inputs) = call(&args[1], "json_object").filter(|a| !a.is_empty() && a.len() % 2 == 0)
    else {
        return bad(c, args[1].span.0, "json_object(\"<column>\", <value>, …) is needed here");
    };
    let Some(outputs) = call(&args[2], "json_array").filter(|a| !a.is_empty()) else {
        return bad(c, args[2].span.0, "json_array(\"<column>\", …) is needed here");
    };
    let Some(outputs) = literals(outputs.iter()) else {
        return bad(c, args[2].span.0, "the columns are named in quotes");
    };
    let Some(columns) = literals(inputs.iter().step_by(2)) else {
        return bad(c, args[1].span.0, "the columns are named in quotes");
    };
    let values: Vec<Option<Typed>> =
        inputs.iter().skip(1).step_by(2).map(|v| c.compile(v)).collect();
    let name = Spanned { value: table.clone(), span: args[0].span.0 };
    let found = find(c, &name)?;
    let rows = &found.rows;
    let mut at = Vec::new();
    for (column, span) in columns.iter().chain(&outputs) {
        match rows.column(column) {
            Some(index) => at.push(index),
            None => {
                let near = closest(column, rows.names.iter().map(String::as_str));
                c.errors.push(
                    codes::BAD_ARGUMENT
                        .at(*span, format!("the lookup `{table}` has no column `{column}`"))
                        .help(crate::tables::missing_table(table, near)),
                );
                return None;
            }
        }
    }
    let values: Option<Vec<Typed>> = values.into_iter().collect();
    let values = values?.into_iter().map(|v| v.into_ty(Ty::Text).materialized()).collect();
    let (keys, wanted) = at.split_at(columns.len());
    let udf = Lookup {
        // The table is read once for a search, so that its name and columns stand for it.
        identity: format!("{table}\0{keys:?}\0{wanted:?}"),
        index: found.index(keys, c.env),
        outputs: outputs.into_iter().map(|(n, _)| n).zip(wanted.iter().copied()).collect(),
        table: found.clone(),
        signature: Signature::user_defined(Volatility::Immutable),
    };
    Some(Typed::of(ScalarUDF::new_from_impl(udf).call(values), Ty::Text))
}

fn bad(c: &mut Compiler<'_>, span: Span, what: &str) -> Option<Typed> {
    c.errors.push(
        codes::BAD_ARGUMENT.at(span, what).help(format!("the syntax is `{}`", FUNCTIONS[0].syntax)),
    );
    None
}

/// The arguments of a call of that function.
fn call<'e>(expr: &'e Expr, wanted: &str) -> Option<&'e [Expr]> {
    match &expr.kind {
        ExprKind::Call { name, args } if name.value.eq_ignore_ascii_case(wanted) => Some(args),
        _ => None,
    }
}

fn literals<'e>(exprs: impl Iterator<Item = &'e Expr>) -> Option<Vec<(String, Span)>> {
    exprs
        .map(|e| match &e.kind {
            ExprKind::Str(text) => Some((text.clone(), e.span.0)),
            _ => None,
        })
        .collect()
}

/// The table as its definition lets it be found.
fn find(c: &mut Compiler<'_>, name: &Spanned<String>) -> Option<Arc<LookupTable>> {
    let mistake = match c.cx.map(|cx| find_table(name, cx)) {
        Some(Ok(table)) => return Some(table),
        Some(Err(Failed::Diagnostic(mistake))) => *mistake,
        Some(Err(Failed::Engine(e))) => {
            codes::BAD_ARGUMENT.at(name.span, format!("this lookup cannot be read: {e}"))
        }
        None => codes::NO_SUCH_LOOKUP.at(name.span, format!("no lookup `{}`", name.value)),
    };
    c.errors.push(mistake);
    None
}

#[derive(Debug)]
struct Lookup {
    identity: String,
    table: Arc<LookupTable>,
    index: Arc<LookupIndex>,
    /// Columns by their names and places.
    outputs: Vec<(String, usize)>,
    signature: Signature,
}

impl PartialEq for Lookup {
    fn eq(&self, other: &Self) -> bool {
        self.identity == other.identity
    }
}

impl Eq for Lookup {}

impl std::hash::Hash for Lookup {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.identity.hash(state);
    }
}

impl ScalarUDFImpl for Lookup {
    fn name(&self) -> &str {
        "lookup"
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
        let rows = args.number_rows;
        let columns = args
            .args
            .iter()
            .map(|a| Column::new(&a.to_array(rows)?))
            .collect::<Result<Vec<Column>>>()?;
        let mut out = Builder::new(Ty::Text, rows);
        for row in 0..rows {
            let keys: Vec<Val<'_>> = columns.iter().map(|c| c.get(row)).collect();
            let options = &self.table.options;
            let found = tables::found(&self.index, &keys, None, options);
            let object = match &options.default_match {
                Some(text) if found.len() < options.min_matches => {
                    self.object(|_| vec![text.clone()])
                }
                _ if found.is_empty() => Val::Null,
                _ => self.object(|column| self.values(&found, column)),
            };
            out.push(&object);
        }
        Ok(ColumnarValue::Array(out.finish()))
    }
}

impl Lookup {
    /// What a column holds in these rows.
    fn values(&self, rows: &[u32], column: usize) -> Vec<String> {
        let rows = rows.iter().filter_map(|r| self.table.rows.rows.get(*r as usize));
        rows.filter_map(|row| row.get(column).and_then(Val::text)).map(|t| t.into_owned()).collect()
    }

    fn object(&self, values: impl Fn(usize) -> Vec<String>) -> Val<'static> {
        let mut members = Vec::new();
        for (name, column) in &self.outputs {
            let value = match values(*column).as_slice() {
                [] => Json::Null,
                [one] => Json::Str(one.clone()),
                many => Json::Array(many.iter().cloned().map(Json::Str).collect()),
            };
            members.push((name.clone(), value));
        }
        Val::str(Json::Object(members).to_string())
    }
}
