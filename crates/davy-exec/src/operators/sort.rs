//! Sorting whose order lasts: one partition out, ties in the order they came.

use super::properties;
use datafusion::arrow::array::{ArrayRef, UInt64Array};
use datafusion::arrow::compute::SortOptions;
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::common::Result;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::execution::TaskContext;
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_expr::{LexOrdering, PhysicalExpr, PhysicalSortExpr};
use datafusion::physical_plan::execution_plan::EmissionType;
use datafusion::physical_plan::sorts::sort::SortExec;
use datafusion::physical_plan::sorts::sort_preserving_merge::SortPreservingMergeExec;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties, SendableRecordBatchStream,
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
    properties: Arc<PlanProperties>,
}

impl SplSortExec {
    pub(crate) fn new(
        input: Arc<dyn ExecutionPlan>,
        keys: Vec<SortKey>,
        fetch: Option<usize>,
    ) -> Self {
        let properties = properties(input.schema(), 1, EmissionType::Final);
        SplSortExec { input, keys, fetch, properties }
    }

    /// DataFusion's own sort (it spills) over the input with its rows numbered.
    fn inner(&self) -> Result<Arc<dyn ExecutionPlan>> {
        let numbered: Arc<dyn ExecutionPlan> = Arc::new(NumberedExec::new(self.input.clone()));
        let schema = numbered.schema();
        let mut exprs = Vec::new();
        for key in &self.keys {
            let Ok(index) = schema.index_of(&key.column) else { continue };
            exprs.push(PhysicalSortExpr::new(
                Arc::new(Column::new(&key.column, index)),
                SortOptions { descending: key.descending, nulls_first: key.nulls_first },
            ));
        }
        let number = schema.fields().len() - 1;
        exprs.push(PhysicalSortExpr::new(
            Arc::new(Column::new(NUMBER, number)),
            SortOptions { descending: false, nulls_first: false },
        ));
        let Some(order) = LexOrdering::new(exprs) else { return Ok(numbered) };
        let parts = numbered.properties().partitioning.partition_count();
        let sort = SortExec::new(order.clone(), numbered)
            .with_preserve_partitioning(parts > 1)
            .with_fetch(self.fetch);
        if parts == 1 {
            return Ok(Arc::new(sort));
        }
        let merge = SortPreservingMergeExec::new(order, Arc::new(sort)).with_fetch(self.fetch);
        Ok(Arc::new(merge))
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
    fn name(&self) -> &str {
        "SplSortExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    fn benefits_from_input_partitioning(&self) -> Vec<bool> {
        vec![false]
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn with_new_children(
        self: Arc<Self>,
        mut children: Vec<Arc<dyn ExecutionPlan>>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let input = children.pop().unwrap_or_else(|| self.input.clone());
        Ok(Arc::new(SplSortExec::new(input, self.keys.clone(), self.fetch)))
    }

    fn execute(&self, _: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let schema = self.schema();
        let width = schema.fields().len();
        let out = schema.clone();
        let sorted = self.inner()?.execute(0, context)?;
        let rows = sorted.map(move |batch| {
            let batch = batch?;
            let columns = batch.columns()[..width].to_vec();
            rebuilt(&out, columns, batch.num_rows())
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(schema, rows)))
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
    properties: Arc<PlanProperties>,
}

impl NumberedExec {
    fn new(input: Arc<dyn ExecutionPlan>) -> Self {
        let mut fields: Vec<Arc<Field>> = input.schema().fields().iter().cloned().collect();
        fields.push(Arc::new(Field::new(NUMBER, DataType::UInt64, false)));
        let parts = input.properties().partitioning.partition_count();
        let schema = Arc::new(Schema::new(fields));
        let properties = properties(schema, parts, EmissionType::Incremental);
        NumberedExec { input, properties }
    }
}

impl DisplayAs for NumberedExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NumberedExec")
    }
}

impl ExecutionPlan for NumberedExec {
    fn name(&self) -> &str {
        "NumberedExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn with_new_children(
        self: Arc<Self>,
        mut children: Vec<Arc<dyn ExecutionPlan>>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let input = children.pop().unwrap_or_else(|| self.input.clone());
        Ok(Arc::new(NumberedExec::new(input)))
    }

    fn execute(
        &self,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> Result<SendableRecordBatchStream> {
        let schema = self.schema();
        let out = schema.clone();
        let mut next = (partition as u64) << 48;
        let rows = self.input.execute(partition, context)?.map(move |batch| {
            let batch = batch?;
            let rows = batch.num_rows();
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
