//! Filters and projections in one operator, for few rows: DataFusion's own take longer to set up,
//! one over the other, than their rows do.

use super::properties;
use crate::held::compact;
use datafusion::arrow::array::{Array, BooleanArray};
use datafusion::arrow::compute::{filter_record_batch, prep_null_mask_filter};
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::arrow::record_batch::{RecordBatch, RecordBatchOptions};
use datafusion::common::cast::as_boolean_array;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{DFSchema, Result};
use datafusion::execution::TaskContext;
use datafusion::logical_expr::physical_planning_context::PhysicalPlanningContext;
use datafusion::logical_expr::{Expr, LogicalPlan};
use datafusion::physical_expr::execution_props::ExecutionProps;
use datafusion::physical_expr::{PhysicalExpr, create_physical_expr};
use datafusion::physical_plan::execution_plan::EmissionType;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties, PlanProperties,
    SendableRecordBatchStream,
};
use futures::StreamExt;
use std::fmt;
use std::sync::Arc;

#[derive(Debug, Clone)]
pub(crate) enum Step {
    Project(Vec<Arc<dyn PhysicalExpr>>, SchemaRef),
    Filter(Arc<dyn PhysicalExpr>),
    /// The same columns under other names.
    Rename(SchemaRef),
    /// Only the texts of its own rows: a batch holds on to all that was read for it.
    Compact,
}

impl Step {
    /// `None`: the node is of another kind.
    pub(crate) fn of(plan: &LogicalPlan, props: &ExecutionProps) -> Result<Option<Step>> {
        let made = |expr: &Expr, schema: &DFSchema| {
            create_physical_expr(expr, schema, props, &PhysicalPlanningContext::default())
        };
        Ok(Some(match plan {
            LogicalPlan::Projection(node) => {
                let from = node.input.schema();
                let exprs = node.expr.iter().map(|expr| made(expr, from)).collect::<Result<_>>()?;
                Step::Project(exprs, Arc::new(node.schema.as_arrow().clone()))
            }
            LogicalPlan::Filter(node) => Step::Filter(made(&node.predicate, node.input.schema())?),
            LogicalPlan::SubqueryAlias(node) => {
                Step::Rename(Arc::new(node.schema.as_arrow().clone()))
            }
            _ => return Ok(None),
        }))
    }

    pub(crate) fn run(&self, batch: RecordBatch) -> Result<RecordBatch> {
        let rows = batch.num_rows();
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        match self {
            Step::Project(exprs, schema) => {
                let column = |expr: &Arc<dyn PhysicalExpr>| expr.evaluate(&batch)?.into_array(rows);
                let columns = exprs.iter().map(column).collect::<Result<_>>()?;
                Ok(RecordBatch::try_new_with_options(schema.clone(), columns, &options)?)
            }
            Step::Filter(expr) => {
                let mask = expr.evaluate(&batch)?.into_array(rows)?;
                let mask = as_boolean_array(&mask)?;
                let mask: BooleanArray = match mask.nulls() {
                    Some(_) => prep_null_mask_filter(mask),
                    None => mask.clone(),
                };
                match mask.true_count() == rows {
                    true => Ok(batch),
                    false => Ok(filter_record_batch(&batch, &mask)?),
                }
            }
            Step::Rename(schema) => {
                let columns = batch.columns().to_vec();
                Ok(RecordBatch::try_new_with_options(schema.clone(), columns, &options)?)
            }
            Step::Compact => compact(batch),
        }
    }
}

#[derive(Debug)]
pub(crate) struct StepsExec {
    input: Arc<dyn ExecutionPlan>,
    /// The first comes first.
    steps: Vec<Step>,
    properties: Arc<PlanProperties>,
}

impl StepsExec {
    pub(crate) fn new(input: Arc<dyn ExecutionPlan>, steps: Vec<Step>) -> Self {
        let schema = steps.iter().rev().find_map(|step| match step {
            Step::Project(_, schema) | Step::Rename(schema) => Some(schema.clone()),
            Step::Filter(_) | Step::Compact => None,
        });
        let partitions = input.output_partitioning().partition_count();
        let schema = schema.unwrap_or_else(|| input.schema());
        let properties = properties(schema, partitions, EmissionType::Incremental);
        StepsExec { input, steps, properties }
    }

    fn over(&self, input: Arc<dyn ExecutionPlan>) -> Self {
        StepsExec::new(input, self.steps.clone())
    }
}

impl DisplayAs for StepsExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StepsExec: {}", self.steps.len())
    }
}

impl ExecutionPlan for StepsExec {
    over_one_input!("StepsExec");

    fn maintains_input_order(&self) -> Vec<bool> {
        vec![true]
    }

    fn apply_expressions(
        &self,
        f: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        for step in &self.steps {
            let exprs = match step {
                Step::Project(exprs, _) => exprs.as_slice(),
                Step::Filter(expr) => std::slice::from_ref(expr),
                Step::Rename(_) | Step::Compact => &[],
            };
            for expr in exprs {
                if f(expr)? == TreeNodeRecursion::Stop {
                    return Ok(TreeNodeRecursion::Stop);
                }
            }
        }
        Ok(TreeNodeRecursion::Continue)
    }

    fn execute(&self, part: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let steps = self.steps.clone();
        let rows = self.input.execute(part, context)?.filter_map(move |batch| {
            let made = batch.and_then(|batch| run_all(&steps, batch));
            std::future::ready(made.transpose())
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(self.schema(), rows)))
    }
}

/// `None` once no row is left.
fn run_all(steps: &[Step], mut batch: RecordBatch) -> Result<Option<RecordBatch>> {
    for step in steps {
        if batch.num_rows() == 0 {
            return Ok(None);
        }
        batch = step.run(batch)?;
    }
    Ok(Some(batch).filter(|batch| batch.num_rows() > 0))
}
