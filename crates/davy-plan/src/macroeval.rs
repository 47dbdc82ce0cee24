//! Macros whose definition is an eval expression: macros.conf, `iseval`.

use crate::column::{Column, Ty};
use crate::env::Env;
use crate::expr::Compiler;
use crate::plan::{Failed, Plan};
use crate::value::{Val, fmt_num};
use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions, StringViewArray};
use arrow::datatypes::{DataType, Field, Schema};
use datafusion_common::DFSchema;
use datafusion_expr::execution_props::ExecutionProps;
use datafusion_expr::physical_planning_context::PhysicalPlanningContext;
use datafusion_expr::{EmptyRelation, LogicalPlan};
use datafusion_physical_expr::create_physical_expr;
use davy_diag::{Diagnostics, SourceMap};
use std::sync::Arc;

/// The text that an eval expression yields on its own; the error says in words why there is none.
///
/// The macro's arguments are fields, all others are null; what depends on the clock has no value.
pub fn eval_macro(text: &str, args: &[(&str, String)]) -> Result<String, String> {
    let mut sources = SourceMap::default();
    let mut diags = Diagnostics::default();
    let file = sources.add("macro", text);
    let expr = davy_spl::parse_expr_at(&sources, file.span(0..text.len()), &mut diags);
    if let Some(first) = diags.list().first() {
        return Err(first.message.clone());
    }
    let expr = expr.ok_or("its expression is empty")?;
    // The clock of the search is not known here, so what depends on it has no value.
    let at = |now| value(&expr, args, &Arc::new(Env { now, ..Env::default() }));
    let first = at(0.0);
    if let (Ok(first), Ok(later)) = (&first, at(1_777_896_000.0))
        && *first != later
    {
        return Err("its expression depends on the clock".to_owned());
    }
    match first {
        Ok(Val::Null) => Err("its expression is null".to_owned()),
        Ok(Val::Str(text)) => Ok(text.into_owned()),
        Ok(Val::Num(number)) => Ok(fmt_num(number)),
        Ok(_) => Err("its expression is no text".to_owned()),
        Err(Failed::Diagnostic(diagnostic)) => Err(diagnostic.message.clone()),
        Err(Failed::Engine(error)) => Err(error.to_string()),
    }
}

fn value(
    expr: &davy_spl::ast::Expr,
    args: &[(&str, String)],
    env: &Arc<Env>,
) -> Result<Val<'static>, Failed> {
    let field = |name: &str| Field::new(name, DataType::Utf8View, true);
    let schema = Arc::new(Schema::new(args.iter().map(|(n, _)| field(n)).collect::<Vec<_>>()));
    let columns: Vec<ArrayRef> = args
        .iter()
        .map(|(_, text)| Arc::new(StringViewArray::from_iter_values([text])) as ArrayRef)
        .collect();
    let df = Arc::new(DFSchema::try_from(schema.as_ref().clone())?);
    let empty = EmptyRelation { produce_one_row: true, schema: df.clone() };
    let plan = Plan::new(LogicalPlan::EmptyRelation(empty));
    let mut compiler = Compiler::alone(&plan, env);
    let typed = compiler.value(expr);
    let typed = compiler.finish(typed)?;
    let ty = typed.ty;
    let (props, planning) = (ExecutionProps::new(), PhysicalPlanningContext::default());
    let physical = create_physical_expr(&typed.materialized(), &df, &props, &planning)?;
    let options = RecordBatchOptions::new().with_row_count(Some(1));
    let batch = RecordBatch::try_new_with_options(schema, columns, &options)
        .map_err(|e| Failed::Engine(e.into()))?;
    let array = physical.evaluate(&batch)?.into_array(1)?;
    if ty == Ty::Null {
        return Ok(Val::Null);
    }
    Ok(Column::new(&array)?.get(0).into_owned())
}
