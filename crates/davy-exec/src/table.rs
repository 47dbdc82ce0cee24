//! An event source as a DataFusion table.

use crate::shapes::{Programs, Shapes};
use crate::source::{EventSource, Read, ReadRequest, Reading};
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::catalog::streaming::StreamingTable;
use datafusion::common::Result;
use datafusion::execution::TaskContext;
use datafusion::physical_plan::SendableRecordBatchStream;
use datafusion::physical_plan::stream::RecordBatchReceiverStreamBuilder;
use datafusion::physical_plan::streaming::PartitionStream;
use davy_events::EventBatch;
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, PoisonError};

/// The table of one search's events, read by `parts` threads.
pub(crate) fn events_table(
    source: Arc<dyn EventSource>,
    request: ReadRequest,
    shapes: Arc<Shapes>,
    parts: usize,
) -> Result<StreamingTable> {
    let schema = request.schema();
    let (earliest, latest) = (request.earliest, request.latest);
    let programs = Arc::new(Programs::new(shapes, request));
    let read = Read { demand: programs.clone(), earliest, latest, only: None, stop: None };
    let shared =
        Arc::new(Shared { source, read, programs, parts, readings: Mutex::new(Vec::new()) });
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
    read: Read,
    programs: Arc<Programs>,
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
        let reading = self.source.start(self.read.clone(), self.parts);
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
        let programs = self.shared.programs.clone();
        builder.spawn_blocking(move || {
            let mut give = |batch: EventBatch| {
                let Some((program, nodes)) = programs.of(&batch.shape) else {
                    return ControlFlow::Continue(());
                };
                let sent = match program.run(&nodes, &batch.batch) {
                    Ok(None) => return ControlFlow::Continue(()),
                    Ok(Some(batch)) => out.blocking_send(Ok(batch)),
                    Err(error) => {
                        // The search ends with it.
                        let _ = out.blocking_send(Err(error));
                        return ControlFlow::Break(());
                    }
                };
                match sent {
                    Ok(()) => ControlFlow::Continue(()),
                    // Nobody reads any more: the search has all it needs.
                    Err(_) => ControlFlow::Break(()),
                }
            };
            reading.part(part, &mut give);
            Ok(())
        });
        builder.build()
    }
}
