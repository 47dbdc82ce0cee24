//! Sorting whose order lasts: one partition out, ties in the order they came.

use super::properties;
use super::small::{AtOnce, at_once};
use super::steps::{Step, StepsExec};
use datafusion::arrow::array::{ArrayRef, UInt64Array};
use datafusion::arrow::compute::{SortColumn, SortOptions, lexsort_to_indices, take};
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::common::Result;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::execution::TaskContext;
use datafusion::physical_expr::expressions::{Column, DynamicFilterPhysicalExpr, lit};
use datafusion::physical_expr::{LexOrdering, PhysicalExpr, PhysicalSortExpr};
use datafusion::physical_plan::execution_plan::EmissionType;
use datafusion::physical_plan::filter_pushdown::{
    ChildFilterDescription, FilterDescription, FilterPushdownPhase,
};
use datafusion::physical_plan::limit::GlobalLimitExec;
use datafusion::physical_plan::sorts::sort::SortExec;
use datafusion::physical_plan::sorts::sort_preserving_merge::SortPreservingMergeExec;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties, PlanProperties,
    SendableRecordBatchStream,
};
use davy_plan::SortKey;
use futures::StreamExt;
use std::fmt;
use std::sync::Arc;

#[derive(Debug)]
pub(crate) struct SplSortExec {
    input: Arc<dyn ExecutionPlan>,
    keys: Vec<SortKey>,
    fetch: Option<usize>,
    /// What the first column of a row must be for it to come among those that are fetched, for
    /// whoever makes the rows.
    bound: Option<Arc<DynamicFilterPhysicalExpr>>,
    properties: Arc<PlanProperties>,
}

/// More rows than these are sorted as a whole, which can spill, and then cut.
const MOST_FETCHED: usize = 100_000;

impl SplSortExec {
    pub(crate) fn new(
        input: Arc<dyn ExecutionPlan>,
        keys: Vec<SortKey>,
        fetch: Option<usize>,
    ) -> Self {
        let schema = input.schema();
        let columns: Vec<_> = keys.iter().filter_map(|k| sort_expr(k, &schema)).collect();
        let bound = fetch.filter(|n| *n <= MOST_FETCHED && !columns.is_empty()).map(|_| {
            let first = columns.into_iter().map(|c| c.expr).take(1).collect();
            Arc::new(DynamicFilterPhysicalExpr::new(first, lit(true)))
        });
        let properties = properties(schema, 1, EmissionType::Final);
        SplSortExec { input, keys, fetch, bound, properties }
    }

    /// Rows that will all be held, without the texts that others of their batches had.
    fn compact(&self, rows: Arc<dyn ExecutionPlan>) -> Arc<dyn ExecutionPlan> {
        match self.fetch {
            Some(_) => rows,
            None => Arc::new(StepsExec::new(rows, vec![Step::Compact])),
        }
    }

    /// DataFusion's own sort (it spills) over the input with its rows numbered; the number is its
    /// last column.
    fn inner(&self) -> Result<Arc<dyn ExecutionPlan>> {
        let numbered = NumberedExec::new(self.compact(self.input.clone()), None);
        let schema = numbered.schema();
        let mut exprs: Vec<_> = self.keys.iter().filter_map(|k| sort_expr(k, &schema)).collect();
        let number = schema.fields().len() - 1;
        exprs.push(PhysicalSortExpr::new(
            Arc::new(Column::new(NUMBER, number)),
            SortOptions { descending: false, nulls_first: false },
        ));
        let Some(order) = LexOrdering::new(exprs) else { return Ok(Arc::new(numbered)) };
        let parts = numbered.properties().partitioning.partition_count();
        let sort = match &self.bound {
            Some(bound) => {
                let columns = order.iter().map(|e| e.expr.clone()).collect();
                let kept = Arc::new(DynamicFilterPhysicalExpr::new(columns, lit(true)));
                let first = order.first().expr.downcast_ref::<Column>().map_or(0, Column::index);
                let bound = Bound { kept: kept.clone(), told: bound.clone(), first };
                let numbered = NumberedExec::new(self.input.clone(), Some(bound));
                SortExec::new(order.clone(), Arc::new(numbered))
                    .with_preserve_partitioning(parts > 1)
                    .with_fetch(self.fetch)
                    .with_dynamic_filter_expr(kept)?
            }
            None => SortExec::new(order.clone(), Arc::new(numbered))
                .with_preserve_partitioning(parts > 1)
                .with_fetch(self.fetch.filter(|n| *n <= MOST_FETCHED)),
        };
        if self.fetch.is_some_and(|n| n > MOST_FETCHED) && parts == 1 {
            return Ok(Arc::new(GlobalLimitExec::new(Arc::new(sort), 0, self.fetch)));
        }
        if parts == 1 {
            return Ok(Arc::new(sort));
        }
        let sort = self.compact(Arc::new(sort));
        let merge = SortPreservingMergeExec::new(order, sort).with_fetch(self.fetch);
        Ok(Arc::new(merge))
    }

    fn over(&self, input: Arc<dyn ExecutionPlan>) -> Self {
        let made = SplSortExec::new(input, self.keys.clone(), self.fetch);
        // Whoever makes the rows may look at it already.
        SplSortExec { bound: self.bound.clone(), ..made }
    }
}

impl SplSortExec {
    /// [`SplSortExec::inner`] without the numbers.
    fn sorted(&self) -> Result<Arc<dyn ExecutionPlan>> {
        let schema = self.schema();
        let columns = schema.fields().iter().enumerate();
        let columns = columns.map(|(at, field)| Arc::new(Column::new(field.name(), at)) as _);
        let columns = vec![Step::Project(columns.collect(), schema.clone())];
        Ok(Arc::new(StepsExec::new(self.inner()?, columns)))
    }
}

impl DisplayAs for SplSortExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SplSortExec:")?;
        for key in &self.keys {
            write!(f, " {}{}", if key.descending { '-' } else { '+' }, key.column)?;
        }
        match self.fetch {
            Some(n) => write!(f, ", fetch={n}"),
            None => Ok(()),
        }
    }
}

impl ExecutionPlan for SplSortExec {
    over_one_input!("SplSortExec");

    fn benefits_from_input_partitioning(&self) -> Vec<bool> {
        vec![false]
    }

    no_expressions!();

    fn gather_filters_for_pushdown(
        &self,
        phase: FilterPushdownPhase,
        parent_filters: Vec<Arc<dyn PhysicalExpr>>,
        _: &ConfigOptions,
    ) -> Result<FilterDescription> {
        let mut child = ChildFilterDescription::all_unsupported(&parent_filters);
        if let (FilterPushdownPhase::Post, Some(bound)) = (phase, &self.bound) {
            child = child.with_self_filter(bound.clone());
        }
        Ok(FilterDescription::new().with_child(child))
    }

    fn execute(&self, _: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let schema = self.schema();
        if self.input.output_partitioning().partition_count() == 1 {
            let input = self.input.execute(0, context.clone())?;
            let sort = SplSortExec::new(self.input.clone(), self.keys.clone(), self.fetch);
            let work = Sorting(SplSortExec { bound: self.bound.clone(), ..sort });
            return Ok(at_once(input, work, schema, context));
        }
        self.sorted()?.execute(0, context)
    }
}

struct Sorting(SplSortExec);

impl AtOnce for Sorting {
    fn few(self, rows: RecordBatch) -> Result<RecordBatch> {
        let schema = rows.schema();
        let key = |key: &SortKey| {
            let values = rows.column_by_name(&key.column)?.clone();
            let options = SortOptions { descending: key.descending, nulls_first: key.nulls_first };
            Some(SortColumn { values, options: Some(options) })
        };
        let mut keys: Vec<SortColumn> = self.0.keys.iter().filter_map(key).collect();
        // Ties stay in the order in which they came.
        let numbers = UInt64Array::from_iter_values(0..rows.num_rows() as u64);
        keys.push(SortColumn { values: Arc::new(numbers), options: None });
        let order = lexsort_to_indices(&keys, self.0.fetch)?;
        let columns = rows.columns().iter().map(|column| Ok(take(column, &order, None)?));
        rebuilt(&schema, columns.collect::<Result<_>>()?, order.len())
    }

    fn many(self, input: Arc<dyn ExecutionPlan>) -> Result<Arc<dyn ExecutionPlan>> {
        let bound = self.0.bound.clone();
        let sort = SplSortExec { bound, ..SplSortExec::new(input, self.0.keys, self.0.fetch) };
        sort.sorted()
    }
}

fn sort_expr(key: &SortKey, schema: &Schema) -> Option<PhysicalSortExpr> {
    let index = schema.index_of(&key.column).ok()?;
    let column = Arc::new(Column::new(&key.column, index));
    let options = SortOptions { descending: key.descending, nulls_first: key.nulls_first };
    Some(PhysicalSortExpr::new(column, options))
}

/// Tells those who make rows which of them the sort would still keep, as far as its first column
/// says so: the others would have to be read of every row to look at the condition, for the sake of
/// ties alone, and the rows' numbers only the sort knows.
#[derive(Debug, Clone)]
struct Bound {
    kept: Arc<DynamicFilterPhysicalExpr>,
    told: Arc<DynamicFilterPhysicalExpr>,
    /// The place of the first column.
    first: usize,
}

impl Bound {
    fn tell(&self) -> Result<()> {
        let known = self.kept.current()?.transform_up(|expr| {
            let other = expr
                .children()
                .iter()
                .any(|e| e.downcast_ref::<Column>().is_some_and(|c| c.index() != self.first));
            // The condition is a sum of products of comparisons: one that is left out of a product
            // lets more through, never less.
            Ok(if other { Transformed::yes(lit(true)) } else { Transformed::no(expr) })
        })?;
        self.told.update(known.data)
    }
}

fn rebuilt(schema: &SchemaRef, columns: Vec<ArrayRef>, rows: usize) -> Result<RecordBatch> {
    let options =
        datafusion::arrow::record_batch::RecordBatchOptions::new().with_row_count(Some(rows));
    Ok(RecordBatch::try_new_with_options(schema.clone(), columns, &options)?)
}

const NUMBER: &str = "__number";

/// Adds the number of each row: the partition above, the row below.
#[derive(Debug)]
struct NumberedExec {
    input: Arc<dyn ExecutionPlan>,
    bound: Option<Bound>,
    properties: Arc<PlanProperties>,
}

impl NumberedExec {
    fn new(input: Arc<dyn ExecutionPlan>, bound: Option<Bound>) -> Self {
        let mut fields: Vec<Arc<Field>> = input.schema().fields().iter().cloned().collect();
        fields.push(Arc::new(Field::new(NUMBER, DataType::UInt64, false)));
        let parts = input.properties().partitioning.partition_count();
        let schema = Arc::new(Schema::new(fields));
        let properties = properties(schema, parts, EmissionType::Incremental);
        NumberedExec { input, bound, properties }
    }

    fn over(&self, input: Arc<dyn ExecutionPlan>) -> Self {
        NumberedExec::new(input, self.bound.clone())
    }
}

impl DisplayAs for NumberedExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NumberedExec")
    }
}

impl ExecutionPlan for NumberedExec {
    over_one_input!("NumberedExec");
    no_expressions!();

    fn execute(
        &self,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> Result<SendableRecordBatchStream> {
        let schema = self.schema();
        let out = schema.clone();
        let mut next = (partition as u64) << 48;
        let bound = self.bound.clone();
        let mut known = 0;
        let rows = self.input.execute(partition, context)?.map(move |batch| {
            let batch = batch?;
            let rows = batch.num_rows();
            if let Some(bound) = &bound
                && bound.kept.snapshot_generation() != known
            {
                known = bound.kept.snapshot_generation();
                bound.tell()?;
            }
            let numbers: UInt64Array = (next..next + rows as u64).collect();
            next += rows as u64;
            debug_assert_eq!(numbers.len(), rows);
            let mut columns = batch.columns().to_vec();
            columns.push(Arc::new(numbers));
            rebuilt(&out, columns, rows)
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(schema, rows)))
    }
}
