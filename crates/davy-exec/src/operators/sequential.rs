//! Commands that walk over rows in order.

use super::apart::{Going, numbered, numbered_schema, unnumbered};
use super::concat::whole;
use super::properties;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::common::Result;
use datafusion::execution::TaskContext;
use datafusion::physical_plan::execution_plan::EmissionType;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties, SendableRecordBatchStream,
};
use davy_plan::SequentialOp;
use futures::StreamExt;
use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;

#[derive(Debug)]
pub(crate) struct SequentialExec {
    input: Arc<dyn ExecutionPlan>,
    op: Arc<dyn SequentialOp>,
    properties: Arc<PlanProperties>,
}

impl SequentialExec {
    pub(crate) fn new(
        input: Arc<dyn ExecutionPlan>,
        op: Arc<dyn SequentialOp>,
        schema: SchemaRef,
    ) -> Self {
        let partitions = match op.parallel() {
            true => input.properties().partitioning.partition_count(),
            false => 1,
        };
        let properties = properties(schema, partitions, EmissionType::Incremental);
        SequentialExec { input, op, properties }
    }

    fn over(&self, input: Arc<dyn ExecutionPlan>) -> Self {
        SequentialExec::new(input, self.op.clone(), self.schema())
    }
}

impl DisplayAs for SequentialExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SplExec: {}", self.op.name())
    }
}

impl ExecutionPlan for SequentialExec {
    over_one_input!("SplExec");

    fn benefits_from_input_partitioning(&self) -> Vec<bool> {
        vec![false]
    }

    no_expressions!();

    fn execute(
        &self,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> Result<SendableRecordBatchStream> {
        let input = match self.op.parallel() {
            true => self.input.execute(partition, context.clone())?,
            false => whole(self.input.clone(), &context)?,
        };
        let schema = self.schema();
        let apart = self.op.apart();
        let rows = match apart {
            true => numbered_schema(&input.schema()),
            false => input.schema(),
        };
        let walk = Walk {
            input: Some(input),
            going: Some(Going::start(self.op.clone(), rows, context)?),
            next: apart.then_some(0),
            waiting: None,
            ready: VecDeque::new(),
            schema: schema.clone(),
        };
        let rows = futures::stream::try_unfold(walk, |mut walk| async move {
            let batch = walk.next().await?;
            Ok(batch.map(|batch| (batch, walk)))
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(schema, rows)))
    }
}

struct Walk {
    /// `None` once the command needs no more.
    input: Option<SendableRecordBatchStream>,
    /// `None` once all that the input gives was made by the command.
    going: Option<Going>,
    /// The number of the next row, of a command that may have to walk over keys apart.
    next: Option<u64>,
    /// Rows that it was not given yet.
    waiting: Option<RecordBatch>,
    ready: VecDeque<RecordBatch>,
    schema: SchemaRef,
}

impl Walk {
    async fn next(&mut self) -> Result<Option<RecordBatch>> {
        loop {
            if let Some(batch) = self.ready.pop_front() {
                if batch.num_rows() > 0 {
                    return Ok(Some(match self.next {
                        Some(_) => unnumbered(&batch, self.schema.clone())?,
                        None => batch.with_schema(self.schema.clone())?,
                    }));
                }
                continue;
            }
            let Some(input) = &mut self.input else { return Ok(None) };
            let Some(going) = &mut self.going else {
                self.ready.extend(input.next().await.transpose()?);
                if self.ready.is_empty() {
                    self.input = None;
                }
                continue;
            };
            let batch = match self.waiting.take() {
                _ if going.done() => None,
                Some(batch) => Some(batch),
                None => match (input.next().await.transpose()?, &mut self.next) {
                    (Some(batch), Some(next)) => Some(numbered(&batch, next)?),
                    (batch, _) => batch,
                },
            };
            match batch {
                Some(batch) => {
                    let (made, rest) = going.push(&batch)?;
                    self.ready.extend(made);
                    self.waiting = rest;
                }
                None => self.end().await?,
            }
        }
    }

    async fn end(&mut self) -> Result<()> {
        self.input = None;
        let Some(mut going) = self.going.take() else { return Ok(()) };
        let (made, more) = going.finish()?;
        self.ready.extend(made);
        if more {
            self.input = Some(going.rest().await?);
        }
        Ok(())
    }
}
