//! A condition over values in hand, for commands whose conditions read what they compute.

use crate::column::{Builder, Ty};
use crate::expr::Compiler;
use crate::plan::{Failed, Plan, PlanCx};
use crate::value::Val;
use arrow::array::{Array, AsArray, RecordBatch, RecordBatchOptions};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion_common::{DFSchema, Result};
use datafusion_expr::execution_props::ExecutionProps;
use datafusion_expr::physical_planning_context::PhysicalPlanningContext;
use datafusion_expr::{EmptyRelation, LogicalPlan};
use datafusion_physical_expr::{PhysicalExpr, create_physical_expr};
use davy_spl::ast::Expr;
use std::sync::Arc;

#[derive(Debug, Clone)]
pub(crate) struct RowEval {
    expr: Arc<dyn PhysicalExpr>,
    schema: SchemaRef,
    types: Vec<Ty>,
}

impl RowEval {
    /// The condition over rows of `columns`; any other field in it is null.
    pub(crate) fn new(
        condition: &Expr,
        columns: &[(String, Ty)],
        cx: &PlanCx<'_>,
    ) -> Result<Self, Failed> {
        let fields: Vec<Field> =
            columns.iter().map(|(n, ty)| Field::new(n, ty.data_type(), true)).collect();
        let schema = Arc::new(Schema::new(fields));
        let df = Arc::new(DFSchema::try_from(schema.as_ref().clone())?);
        let empty = EmptyRelation { produce_one_row: false, schema: df.clone() };
        let plan = Plan::new(LogicalPlan::EmptyRelation(empty));
        let mut compiler = Compiler::new(&plan, cx);
        let compiled = compiler.condition(condition);
        let compiled = compiler.finish(compiled)?;
        let (props, planning) = (ExecutionProps::new(), PhysicalPlanningContext::default());
        let expr = create_physical_expr(&compiled, &df, &props, &planning)?;
        Ok(RowEval { expr, schema, types: columns.iter().map(|(_, ty)| *ty).collect() })
    }

    /// Whether it is true of one row; null is not.
    pub(crate) fn truth(&self, values: &[Val<'_>]) -> Result<bool> {
        let arrays = self
            .types
            .iter()
            .enumerate()
            .map(|(i, ty)| {
                let mut out = Builder::new(*ty, 1);
                out.push(values.get(i).unwrap_or(&Val::Null));
                out.finish()
            })
            .collect();
        let options = RecordBatchOptions::new().with_row_count(Some(1));
        let batch = RecordBatch::try_new_with_options(self.schema.clone(), arrays, &options)?;
        let array = self.expr.evaluate(&batch)?.into_array(1)?;
        Ok(*array.data_type() == DataType::Boolean && {
            let array = array.as_boolean();
            array.is_valid(0) && array.value(0)
        })
    }
}
