//! Commands that walk over rows in order.

use super::concat::whole;
use super::properties;
use crate::held::bytes_of;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::common::Result;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::execution::TaskContext;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_plan::execution_plan::EmissionType;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties, SendableRecordBatchStream,
};
use davy_plan::{SequentialOp, SequentialState};
use futures::StreamExt;
use std::collections::{HashSet, VecDeque};
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
}

impl DisplayAs for SequentialExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SplExec: {}", self.op.name())
    }
}

impl ExecutionPlan for SequentialExec {
    fn name(&self) -> &str {
        "SplExec"
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
        Ok(Arc::new(SequentialExec::new(input, self.op.clone(), self.schema())))
    }

    fn execute(
        &self,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> Result<SendableRecordBatchStream> {
        let input = match self.op.parallel() {
            true => self.input.execute(partition, context.clone())?,
            false => whole(self.input.clone(), &context)?,
        };
        let state = self.op.start(input.schema())?;
        let schema = self.schema();
        let held = MemoryConsumer::new(self.op.name()).register(context.memory_pool());
        let walk = Walk {
            input: Some(input),
            state,
            few: self.op.grows().then_some(FIRST),
            waiting: None,
            ready: VecDeque::new(),
            schema: schema.clone(),
            held,
        };
        let rows = futures::stream::try_unfold(walk, |mut walk| async move {
            let batch = walk.next().await?;
            Ok(batch.map(|batch| (batch, walk)))
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(schema, rows)))
    }
}

/// Rows that a command that may make much of each is given at first.
const FIRST: usize = 64;
/// Bytes that it should make of those that it is given at once.
const FAIR: usize = 4 << 20;

struct Walk {
    /// `None` once the command needs no more.
    input: Option<SendableRecordBatchStream>,
    state: Box<dyn SequentialState>,
    /// It is given so many rows at a time.
    few: Option<usize>,
    /// Rows that it was not given yet.
    waiting: Option<RecordBatch>,
    ready: VecDeque<RecordBatch>,
    schema: SchemaRef,
    /// What the command holds from row to row.
    held: MemoryReservation,
}

impl Walk {
    async fn next(&mut self) -> Result<Option<RecordBatch>> {
        loop {
            if let Some(batch) = self.ready.pop_front() {
                if batch.num_rows() > 0 {
                    return Ok(Some(batch.with_schema(self.schema.clone())?));
                }
                continue;
            }
            let Some(input) = &mut self.input else { return Ok(None) };
            if self.state.done() {
                self.input = None;
                self.ready.extend(self.state.finish()?);
                continue;
            }
            let batch = match self.waiting.take() {
                Some(batch) => Some(batch),
                None => input.next().await.transpose()?,
            };
            match (batch, self.few) {
                (Some(batch), few) => {
                    match few {
                        Some(few) => self.push_few(&batch, few)?,
                        None => self.ready.extend(self.state.push(&batch)?),
                    }
                    self.held.try_resize(self.state.size())?;
                }
                (None, _) => {
                    self.input = None;
                    self.ready.extend(self.state.finish()?);
                }
            }
        }
    }

    /// Gives the command the first `few` rows, and learns how many of them make a batch of a fair
    /// size.
    fn push_few(&mut self, batch: &RecordBatch, few: usize) -> Result<()> {
        let few = few.min(batch.num_rows());
        if few < batch.num_rows() {
            self.waiting = Some(batch.slice(few, batch.num_rows() - few));
        }
        let mut seen = HashSet::new();
        bytes_of(batch, &mut seen);
        let made = self.state.push(&batch.slice(0, few))?;
        let bytes: usize = made.iter().map(|batch| bytes_of(batch, &mut seen)).sum();
        let fair = few.saturating_mul(FAIR) / bytes.max(1);
        self.few = Some(fair.clamp(1, few.saturating_mul(4)).max(1));
        self.ready.extend(made);
        Ok(())
    }
}
