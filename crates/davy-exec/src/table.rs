//! An event source as a DataFusion table.

use crate::source::{EventSource, ReadRequest, Reading};
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::catalog::streaming::StreamingTable;
use datafusion::common::Result;
use datafusion::execution::TaskContext;
use datafusion::physical_plan::SendableRecordBatchStream;
use datafusion::physical_plan::stream::RecordBatchReceiverStreamBuilder;
use datafusion::physical_plan::streaming::PartitionStream;
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, PoisonError};

/// The table of one search's events, read by `parts` threads.
pub(crate) fn events_table(
    source: Arc<dyn EventSource>,
    request: ReadRequest,
    parts: usize,
) -> Result<StreamingTable> {
    let schema = request.schema();
    let shared = Arc::new(Shared { source, request, parts, readings: Mutex::new(Vec::new()) });
    let partitions = (0..parts)
        .map(|part| {
            Arc::new(Part { shared: shared.clone(), part, schema: schema.clone() })
                as Arc<dyn PartitionStream>
        })
        .collect();
    StreamingTable::try_new(schema, partitions)
}

struct Shared {
    source: Arc<dyn EventSource>,
    request: ReadRequest,
    parts: usize,
    /// Each run of the plan is a reading of its own, shared by its parts: (reading, parts begun).
    readings: Mutex<Vec<(Arc<dyn Reading>, Vec<usize>)>>,
}

impl Shared {
    /// The reading that this part has not begun yet; a part that runs again starts a new one.
    fn reading(&self, part: usize) -> Arc<dyn Reading> {
        let mut readings = self.readings.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((reading, begun)) = readings.iter_mut().find(|(_, b)| !b.contains(&part)) {
            begun.push(part);
            let reading = reading.clone();
            readings.retain(|(_, begun)| begun.len() < self.parts);
            return reading;
        }
        let reading = self.source.start(self.request.clone(), self.parts);
        if self.parts > 1 {
            readings.push((reading.clone(), vec![part]));
        }
        reading
    }
}

struct Part {
    shared: Arc<Shared>,
    part: usize,
    schema: SchemaRef,
}

impl std::fmt::Debug for Part {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "events, part {}", self.part)
    }
}

impl PartitionStream for Part {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, _: Arc<TaskContext>) -> SendableRecordBatchStream {
        let reading = self.shared.reading(self.part);
        let mut builder = RecordBatchReceiverStreamBuilder::new(self.schema.clone(), 4);
        let out = builder.tx();
        let part = self.part;
        builder.spawn_blocking(move || {
            let mut give = |batch: RecordBatch| match out.blocking_send(Ok(batch)) {
                Ok(()) => ControlFlow::Continue(()),
                // Nobody reads any more: the search has all it needs.
                Err(_) => ControlFlow::Break(()),
            };
            reading.part(part, &mut give);
            Ok(())
        });
        builder.build()
    }
}
