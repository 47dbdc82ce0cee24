//! One input's rows after another's.

use super::properties;
use datafusion::arrow::datatypes::{Field, Schema};
use datafusion::common::Result;
use datafusion::execution::TaskContext;
use datafusion::physical_plan::coalesce_partitions::CoalescePartitionsExec;
use datafusion::physical_plan::execution_plan::EmissionType;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties, SendableRecordBatchStream,
};
use futures::StreamExt;
use std::fmt;
use std::sync::Arc;

#[derive(Debug)]
pub(crate) struct ConcatExec {
    inputs: Vec<Arc<dyn ExecutionPlan>>,
    properties: Arc<PlanProperties>,
}

impl ConcatExec {
    pub(crate) fn new(inputs: Vec<Arc<dyn ExecutionPlan>>) -> Self {
        // As the logical node has it: a column that is never null in the first input may be so in
        // the next.
        let first = inputs.first().map(|i| i.schema());
        let fields = first.iter().flat_map(|schema| schema.fields().iter());
        let fields: Vec<Field> = fields.map(|f| f.as_ref().clone().with_nullable(true)).collect();
        let schema = Arc::new(Schema::new(fields));
        let properties = properties(schema, 1, EmissionType::Incremental);
        ConcatExec { inputs, properties }
    }
}

impl DisplayAs for ConcatExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SplConcatExec")
    }
}

impl ExecutionPlan for ConcatExec {
    fn name(&self) -> &str {
        "SplConcatExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        self.inputs.iter().collect()
    }

    fn benefits_from_input_partitioning(&self) -> Vec<bool> {
        vec![false; self.inputs.len()]
    }

    no_expressions!();

    fn with_new_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        Ok(Arc::new(ConcatExec::new(children)))
    }

    fn execute(&self, _: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let schema = self.schema();
        let inputs = self.inputs.clone();
        // An input starts only when the one before it has ended.
        let rows = futures::stream::iter(inputs).flat_map({
            let schema = schema.clone();
            move |input| match whole(input, &context) {
                Ok(stream) => {
                    let schema = schema.clone();
                    stream.map(move |batch| Ok(batch?.with_schema(schema.clone())?)).boxed()
                }
                Err(error) => futures::stream::once(async move { Err(error) }).boxed(),
            }
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(schema, rows)))
    }
}

/// All partitions of an input as one stream.
pub(super) fn whole(
    input: Arc<dyn ExecutionPlan>,
    context: &Arc<TaskContext>,
) -> Result<SendableRecordBatchStream> {
    if input.properties().partitioning.partition_count() == 1 {
        return input.execute(0, context.clone());
    }
    CoalescePartitionsExec::new(input).execute(0, context.clone())
}
