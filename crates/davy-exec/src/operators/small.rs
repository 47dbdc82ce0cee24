//! Operators that need all rows of their input, for inputs of few rows: what DataFusion's own set up
//! for rows that may not fit into memory takes longer than few rows do.

use super::properties;
use datafusion::arrow::compute::concat_batches;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::common::{DataFusionError, Result};
use datafusion::execution::TaskContext;
use datafusion::physical_plan::execution_plan::EmissionType;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties, SendableRecordBatchStream,
};
use futures::{StreamExt, TryStreamExt, stream};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

/// Rows that count as few.
const ROWS: usize = 4096;
/// What each value of them may take, in bytes.
const WIDTH: usize = 256;

/// What is done with all rows of an input at once.
pub(crate) trait AtOnce: Send + 'static {
    /// With few rows.
    fn few(self, rows: RecordBatch) -> Result<RecordBatch>;

    /// The operator for however many rows, over its input.
    fn many(self, input: Arc<dyn ExecutionPlan>) -> Result<Arc<dyn ExecutionPlan>>;
}

/// The rows that `work` gives of an input of one partition.
pub(crate) fn at_once(
    input: SendableRecordBatchStream,
    work: impl AtOnce,
    schema: SchemaRef,
    context: Arc<TaskContext>,
) -> SendableRecordBatchStream {
    let given = async move {
        let again = match gather(input).await? {
            Gathered::Few(rows) => {
                let made = work.few(rows)?;
                let (schema, made) = (made.schema(), Some(made).filter(|m| m.num_rows() > 0));
                let rows = RecordBatchStreamAdapter::new(schema, stream::iter(made.map(Ok)));
                return Ok(Box::pin(rows) as SendableRecordBatchStream);
            }
            Gathered::Many(again) => Arc::new(again),
        };
        work.many(again)?.execute(0, context)
    };
    Box::pin(RecordBatchStreamAdapter::new(schema, stream::once(given).try_flatten()))
}

enum Gathered {
    /// All rows.
    Few(RecordBatch),
    Many(Again),
}

async fn gather(mut input: SendableRecordBatchStream) -> Result<Gathered> {
    let schema = input.schema();
    let mut batches = Vec::new();
    let (mut rows, mut bytes) = (0, 0);
    while let Some(batch) = input.next().await {
        let batch = batch?;
        rows += batch.num_rows();
        bytes += batch.get_array_memory_size();
        batches.push(batch);
        if rows > ROWS || bytes > ROWS * WIDTH * schema.fields().len().max(1) {
            let rest = stream::iter(batches.into_iter().map(Ok)).chain(input);
            let rest = Box::pin(RecordBatchStreamAdapter::new(schema.clone(), rest));
            return Ok(Gathered::Many(Again::new(schema, rest)));
        }
    }
    Ok(Gathered::Few(match batches.as_slice() {
        [batch] => batch.clone(),
        batches => concat_batches(&schema, batches)?,
    }))
}

/// Rows of which some were looked at: they can be read once.
struct Again {
    rows: Mutex<Option<SendableRecordBatchStream>>,
    properties: Arc<PlanProperties>,
}

impl Again {
    fn new(schema: SchemaRef, rows: SendableRecordBatchStream) -> Again {
        let properties = properties(schema, 1, EmissionType::Incremental);
        Again { rows: Mutex::new(Some(rows)), properties }
    }
}

impl fmt::Debug for Again {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Again")
    }
}

impl DisplayAs for Again {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Again")
    }
}

impl ExecutionPlan for Again {
    fn name(&self) -> &str {
        "Again"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        Vec::new()
    }

    no_expressions!();

    fn with_new_children(
        self: Arc<Self>,
        _: Vec<Arc<dyn ExecutionPlan>>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        Ok(self)
    }

    fn execute(&self, _: usize, _: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let rows = self.rows.lock().unwrap_or_else(PoisonError::into_inner).take();
        rows.ok_or_else(|| DataFusionError::Internal("rows can be read once".to_owned()))
    }
}
