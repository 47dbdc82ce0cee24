//! Aggregation by fields. DataFusion's own has a table for each kind of field and space for many
//! groups; few rows are told apart by their bytes.

use super::properties;
use super::small::{AtOnce, at_once};
use datafusion::arrow::array::{Array, ArrayRef, AsArray, BooleanArray, UInt64Array};
use datafusion::arrow::compute::take;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::arrow::record_batch::{RecordBatch, RecordBatchOptions};
use datafusion::arrow::row::{RowConverter, SortField};
use datafusion::common::Result;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::execution::TaskContext;
use datafusion::logical_expr::EmitTo;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::aggregate::AggregateFunctionExpr;
use datafusion::physical_plan::aggregates::{AggregateExec, AggregateMode, PhysicalGroupBy};
use datafusion::physical_plan::execution_plan::EmissionType;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties, PlanProperties,
    SendableRecordBatchStream,
};
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

/// What is grouped by, and what is worked out of each group.
#[derive(Debug, Clone)]
pub(crate) struct Groups {
    /// With the names of their columns.
    pub(crate) by: Vec<(Arc<dyn PhysicalExpr>, String)>,
    pub(crate) folds: Vec<Arc<AggregateFunctionExpr>>,
    /// Of each fold, which rows it takes.
    pub(crate) filters: Vec<Option<Arc<dyn PhysicalExpr>>>,
}

impl Groups {
    /// DataFusion's aggregation in one step.
    pub(crate) fn exec(self, input: Arc<dyn ExecutionPlan>) -> Result<Arc<dyn ExecutionPlan>> {
        let (by, schema) = (PhysicalGroupBy::new_single(self.by), input.schema());
        let mode = AggregateMode::Single;
        let made = AggregateExec::try_new(mode, by, self.folds, self.filters, input, schema)?;
        Ok(Arc::new(made))
    }

    /// Whether [`GroupExec`] can do it.
    pub(crate) fn are_plain(&self, input: &Arc<dyn ExecutionPlan>) -> bool {
        let plain = |fold: &Arc<AggregateFunctionExpr>| {
            fold.groups_accumulator_supported() && fold.order_bys().is_empty()
        };
        let parts = input.output_partitioning().partition_count();
        !self.by.is_empty() && parts == 1 && self.folds.iter().all(plain)
    }
}

/// Aggregation by fields over one partition: the groups in the order in which they first came.
#[derive(Debug)]
pub(crate) struct GroupExec {
    input: Arc<dyn ExecutionPlan>,
    groups: Groups,
    properties: Arc<PlanProperties>,
}

impl GroupExec {
    /// `schema` is that of the groups and folds.
    pub(crate) fn new(input: Arc<dyn ExecutionPlan>, groups: Groups, schema: SchemaRef) -> Self {
        let properties = properties(schema, 1, EmissionType::Final);
        GroupExec { input, groups, properties }
    }

    fn over(&self, input: Arc<dyn ExecutionPlan>) -> Self {
        GroupExec::new(input, self.groups.clone(), self.schema())
    }
}

impl DisplayAs for GroupExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "GroupExec:")?;
        self.groups.by.iter().try_for_each(|(_, name)| write!(f, " {name}"))
    }
}

impl ExecutionPlan for GroupExec {
    over_one_input!("GroupExec");

    fn apply_expressions(
        &self,
        f: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        let Groups { by, folds, filters } = &self.groups;
        let by = by.iter().map(|(expr, _)| expr.clone());
        let args = folds.iter().flat_map(|fold| fold.all_expressions().args);
        for expr in by.chain(args).chain(filters.iter().flatten().cloned()) {
            if f(&expr)? == TreeNodeRecursion::Stop {
                return Ok(TreeNodeRecursion::Stop);
            }
        }
        Ok(TreeNodeRecursion::Continue)
    }

    fn execute(&self, part: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let input = self.input.execute(part, context.clone())?;
        let (schema, groups) = (self.schema(), self.groups.clone());
        let work = Grouping { groups, schema: schema.clone() };
        Ok(at_once(input, work, schema, context))
    }
}

struct Grouping {
    groups: Groups,
    schema: SchemaRef,
}

impl AtOnce for Grouping {
    fn few(self, rows: RecordBatch) -> Result<RecordBatch> {
        let Grouping { groups, schema } = self;
        if rows.num_rows() == 0 {
            return Ok(RecordBatch::new_empty(schema));
        }
        let array = |expr: &Arc<dyn PhysicalExpr>| -> Result<ArrayRef> {
            expr.evaluate(&rows)?.into_array(rows.num_rows())
        };
        let by = groups.by.iter().map(|(expr, _)| array(expr)).collect::<Result<Vec<_>>>()?;
        let (firsts, numbers) = number(&by)?;
        let mut columns = Vec::with_capacity(schema.fields().len());
        for column in &by {
            columns.push(take(column, &firsts, None)?);
        }
        for (fold, filter) in groups.folds.iter().zip(&groups.filters) {
            let mut groups = fold.create_groups_accumulator()?;
            let values = fold.expressions().iter().map(array).collect::<Result<Vec<_>>>()?;
            let filter = filter.as_ref().map(array).transpose()?;
            let filter: Option<&BooleanArray> = filter.as_ref().map(|filter| filter.as_boolean());
            groups.update_batch(&values, &numbers, filter, firsts.len())?;
            columns.push(groups.evaluate(EmitTo::All)?);
        }
        let options = RecordBatchOptions::new().with_row_count(Some(firsts.len()));
        Ok(RecordBatch::try_new_with_options(schema, columns, &options)?)
    }

    fn many(self, input: Arc<dyn ExecutionPlan>) -> Result<Arc<dyn ExecutionPlan>> {
        self.groups.exec(input)
    }
}

/// The first row of each group, and of each row the group.
fn number(by: &[ArrayRef]) -> Result<(UInt64Array, Vec<usize>)> {
    let fields = by.iter().map(|column| SortField::new(column.data_type().clone())).collect();
    let rows = RowConverter::new(fields)?.convert_columns(by)?;
    let mut known: HashMap<_, usize> = HashMap::new();
    let (mut firsts, mut numbers) = (Vec::new(), Vec::with_capacity(rows.num_rows()));
    for (at, row) in rows.iter().enumerate() {
        let group = *known.entry(row).or_insert_with(|| {
            firsts.push(at as u64);
            firsts.len() - 1
        });
        numbers.push(group);
    }
    Ok((firsts.into(), numbers))
}
