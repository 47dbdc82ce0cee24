//! One going over rows by a command. Where rows of different keys never meet and what is held of
//! them grows too large, the rows of keys that were not seen yet wait on disk, in parts by a hash of
//! their key; each part is gone over by itself afterwards, and the rows that were made are put
//! together by their numbers.

use crate::held::{Writing, Written, bytes_of, lean};
use datafusion::arrow::array::{BooleanArray, UInt64Array};
use datafusion::arrow::compute::{SortOptions, concat_batches, filter_record_batch};
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::arrow::record_batch::{RecordBatch, RecordBatchOptions};
use datafusion::common::Result;
use datafusion::execution::TaskContext;
use datafusion::execution::disk_manager::DiskManager;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_expr::{LexOrdering, PhysicalSortExpr};
use datafusion::physical_plan::SendableRecordBatchStream;
use datafusion::physical_plan::metrics::{BaselineMetrics, ExecutionPlanMetricsSet};
use datafusion::physical_plan::sorts::streaming_merge::StreamingMergeBuilder;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use davy_plan::{SequentialNode, SequentialOp, SequentialState};
use std::collections::HashSet;
use std::sync::Arc;

const NUMBER: &str = SequentialNode::NUMBER;

/// Parts on disk of one going over.
const PARTS: usize = 32;
/// Bytes of rows that are written, and read back, at once: of each part so many are in hand.
const TOGETHER: usize = 64 << 10;
/// Rows that a command that may make much of each is given at first.
const FIRST: usize = 64;
/// Bytes that it should make of those that it is given at once.
const FAIR: usize = 4 << 20;

/// Rows with a column of their numbers, from `next` on.
pub(super) fn numbered(batch: &RecordBatch, next: &mut u64) -> Result<RecordBatch> {
    let schema = numbered_schema(&batch.schema());
    let last = *next + batch.num_rows() as u64;
    let mut columns = batch.columns().to_vec();
    columns.push(Arc::new(UInt64Array::from_iter_values(*next..last)));
    *next = last;
    Ok(RecordBatch::try_new(schema, columns)?)
}

pub(super) fn numbered_schema(schema: &SchemaRef) -> SchemaRef {
    let mut fields: Vec<Arc<Field>> = schema.fields().iter().cloned().collect();
    fields.push(Arc::new(Field::new(NUMBER, DataType::UInt64, false)));
    Arc::new(Schema::new(fields))
}

/// The rows without their numbers.
pub(super) fn unnumbered(batch: &RecordBatch, schema: SchemaRef) -> Result<RecordBatch> {
    let number = batch.schema_ref().index_of(NUMBER)?;
    let mut columns = batch.columns().to_vec();
    columns.remove(number);
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    Ok(RecordBatch::try_new_with_options(schema, columns, &options)?)
}

/// A command going over rows.
pub(super) struct Going {
    op: Arc<dyn SequentialOp>,
    input: SchemaRef,
    context: Arc<TaskContext>,
    state: Box<dyn SequentialState>,
    /// It is given so many rows at a time.
    few: Option<usize>,
    /// What the command holds from row to row.
    held: MemoryReservation,
    /// Once it held too much.
    apart: Option<Apart>,
}

/// Rows of keys that are not held, and what was made while some wait.
struct Apart {
    made: Rows,
    parts: Vec<Rows>,
}

impl Going {
    pub(super) fn start(
        op: Arc<dyn SequentialOp>,
        input: SchemaRef,
        context: Arc<TaskContext>,
    ) -> Result<Going> {
        let state = op.start(input.clone())?;
        Ok(Going::with(op, input, context, state))
    }

    fn with(
        op: Arc<dyn SequentialOp>,
        input: SchemaRef,
        context: Arc<TaskContext>,
        state: Box<dyn SequentialState>,
    ) -> Going {
        let held = MemoryConsumer::new(op.name())
            .with_can_spill(op.apart())
            .register(context.memory_pool());
        let few = op.grows().then_some(FIRST);
        Going { op, input, context, state, few, held, apart: None }
    }

    /// No row to come can change the result.
    pub(super) fn done(&self) -> bool {
        self.state.done()
    }

    /// What the command makes of the first rows, and the rows that it was not given.
    pub(super) fn push(
        &mut self,
        batch: &RecordBatch,
    ) -> Result<(Vec<RecordBatch>, Option<RecordBatch>)> {
        let rows = match &mut self.apart {
            Some(apart) => &apart.put_off(self.state.as_mut(), batch)?,
            None => batch,
        };
        let few = self.few.unwrap_or(rows.num_rows()).min(rows.num_rows());
        let rest = (few < rows.num_rows()).then(|| rows.slice(few, rows.num_rows() - few));
        let mut made = match self.few {
            Some(_) => self.push_few(&rows.slice(0, few))?,
            None => self.state.push(rows)?,
        };
        if let Some(apart) = &mut self.apart {
            made.drain(..).try_for_each(|batch| apart.made.add(batch))?;
        }
        self.account()?;
        Ok((made, rest))
    }

    /// Gives the command rows, and learns how many of them make a batch of a fair size.
    fn push_few(&mut self, rows: &RecordBatch) -> Result<Vec<RecordBatch>> {
        let mut seen = HashSet::new();
        bytes_of(rows, &mut seen);
        let made = self.state.push(rows)?;
        let bytes: usize = made.iter().map(|batch| bytes_of(batch, &mut seen)).sum();
        let few = rows.num_rows();
        let fair = few.saturating_mul(FAIR) / bytes.max(1);
        self.few = Some(fair.clamp(1, few.saturating_mul(4)).max(1));
        Ok(made)
    }

    fn account(&mut self) -> Result<()> {
        let size = self.state.size();
        if !self.op.apart() || self.apart.is_some() {
            return self.held.try_resize(size);
        }
        // What is held of a key may still grow while others wait.
        let growth = match self.op.keeps_rows() {
            true => size * 3,
            false => size / 4,
        };
        if self.held.try_resize(size + growth).is_err() {
            self.set_apart()?;
        }
        Ok(())
    }

    /// From now on rows of keys that are not held wait on disk.
    fn set_apart(&mut self) -> Result<()> {
        let made = Arc::new(self.op.schema(&self.input)?);
        let disks = &self.context.runtime_env().disk_manager;
        let parts = (0..PARTS).map(|_| Rows::new(&self.input, disks)).collect();
        self.apart = Some(Apart { made: Rows::new(&made, disks), parts });
        Ok(())
    }

    /// What is left to make at the end, and whether rows wait on disk: then all that was made since
    /// they do so is to be had from [`Going::rest`].
    pub(super) fn finish(&mut self) -> Result<(Vec<RecordBatch>, bool)> {
        let mut made = self.state.finish()?;
        if let Some(apart) = &mut self.apart {
            made.drain(..).try_for_each(|batch| apart.made.add(batch))?;
        }
        Ok((made, self.apart.is_some()))
    }

    /// Goes over the parts on disk, one after the other; gives all rows that are not given yet.
    pub(super) async fn rest(self) -> Result<SendableRecordBatchStream> {
        let Going { op, input, context, held, state, apart, .. } = self;
        let seed = state.part();
        drop((state, held));
        let mut runs: Vec<Written> = Vec::new();
        let mut waiting: Vec<Written> = Vec::new();
        let take = |apart: Apart, runs: &mut Vec<_>, waiting: &mut Vec<_>| -> Result<()> {
            runs.extend(apart.made.end()?);
            for part in apart.parts {
                waiting.extend(part.end()?);
            }
            Ok(())
        };
        if let Some(apart) = apart {
            take(apart, &mut runs, &mut waiting)?;
        }
        while let Some(part) = waiting.pop() {
            let state = match seed.as_ref().and_then(|seed| seed.part()) {
                Some(state) => state,
                None => op.start(input.clone())?,
            };
            let mut going = Going::with(op.clone(), input.clone(), context.clone(), state);
            let made = Arc::new(op.schema(&input)?);
            let mut run = Rows::new(&made, &context.runtime_env().disk_manager);
            for batch in part.batches()? {
                let mut left = Some(batch?);
                while let Some(batch) = left {
                    let (made, rest) = going.push(&batch)?;
                    made.into_iter().try_for_each(|batch| run.add(batch))?;
                    left = rest;
                }
                tokio::task::yield_now().await;
            }
            let (made, _) = going.finish()?;
            made.into_iter().try_for_each(|batch| run.add(batch))?;
            runs.extend(run.end()?);
            if let Some(apart) = going.apart.take() {
                take(apart, &mut runs, &mut waiting)?;
            }
        }
        merged(runs, Arc::new(op.schema(&input)?), &context)
    }
}

/// Rows that were made by parts, in the order of their numbers.
fn merged(
    runs: Vec<Written>,
    schema: SchemaRef,
    context: &Arc<TaskContext>,
) -> Result<SendableRecordBatchStream> {
    let mut streams: Vec<SendableRecordBatchStream> = Vec::with_capacity(runs.len());
    for run in runs {
        let rows = futures::stream::iter(run.batches()?);
        streams.push(Box::pin(RecordBatchStreamAdapter::new(schema.clone(), rows)));
    }
    let column = Arc::new(Column::new(NUMBER, schema.index_of(NUMBER)?));
    let options = SortOptions { descending: false, nulls_first: false };
    let order = LexOrdering::new([PhysicalSortExpr::new(column, options)]);
    let Some(order) = order.filter(|_| !streams.is_empty()) else {
        let none = futures::stream::empty();
        return Ok(Box::pin(RecordBatchStreamAdapter::new(schema, none)));
    };
    let reservation = MemoryConsumer::new("rows of parts").register(context.memory_pool());
    StreamingMergeBuilder::new()
        .with_streams(streams)
        .with_schema(schema)
        .with_expressions(&order)
        .with_metrics(BaselineMetrics::new(&ExecutionPlanMetricsSet::new(), 0))
        .with_batch_size(context.session_config().batch_size())
        .with_reservation(reservation)
        .build()
}

impl Apart {
    /// Writes away the rows of keys that are not held, and gives the others.
    fn put_off(
        &mut self,
        state: &mut dyn SequentialState,
        batch: &RecordBatch,
    ) -> Result<RecordBatch> {
        let hashes = state.apart(batch)?;
        state.put_off(batch)?;
        let part = |hash: &u64| (hash % PARTS as u64) as usize;
        let mut seen = [false; PARTS];
        for hash in hashes.iter().flatten() {
            if let Some(seen) = seen.get_mut(part(hash)) {
                *seen = true;
            }
        }
        for (at, rows) in self.parts.iter_mut().enumerate() {
            if seen.get(at) == Some(&true) {
                let here = |hash: &Option<u64>| Some(hash.as_ref().is_some_and(|h| part(h) == at));
                let here: BooleanArray = hashes.iter().map(here).collect();
                rows.add(filter_record_batch(batch, &here)?)?;
            }
        }
        let now: BooleanArray = hashes.iter().map(|hash| Some(hash.is_none())).collect();
        Ok(match now.true_count() == now.len() {
            true => batch.clone(),
            false => filter_record_batch(batch, &now)?,
        })
    }
}

/// Rows on their way to disk, some of them written at once.
struct Rows {
    schema: SchemaRef,
    disks: Arc<DiskManager>,
    waiting: Vec<RecordBatch>,
    bytes: usize,
    out: Option<Writing>,
}

impl Rows {
    fn new(schema: &SchemaRef, disks: &Arc<DiskManager>) -> Rows {
        let (schema, disks) = (schema.clone(), disks.clone());
        Rows { schema, disks, waiting: Vec::new(), bytes: 0, out: None }
    }

    fn add(&mut self, batch: RecordBatch) -> Result<()> {
        // Few rows must not keep the texts of many.
        let batch = lean(batch)?;
        let (rows, bytes) = (batch.num_rows(), batch.get_array_memory_size());
        let at_once = (rows * TOGETHER / bytes.max(1)).max(64);
        if rows > at_once {
            for from in (0..rows).step_by(at_once) {
                self.gather(lean(batch.slice(from, at_once.min(rows - from)))?)?;
            }
            return Ok(());
        }
        self.gather(batch)
    }

    fn gather(&mut self, batch: RecordBatch) -> Result<()> {
        self.bytes += batch.get_array_memory_size();
        if batch.num_rows() > 0 {
            self.waiting.push(batch);
        }
        if self.bytes >= TOGETHER { self.write() } else { Ok(()) }
    }

    fn write(&mut self) -> Result<()> {
        self.bytes = 0;
        let batch = match self.waiting.as_slice() {
            [] => return Ok(()),
            [one] => one.clone(),
            many => concat_batches(&self.schema, many)?,
        };
        self.waiting.clear();
        let out = match &mut self.out {
            Some(out) => out,
            None => self.out.insert(Writing::new(&self.disks, &self.schema)?),
        };
        out.add(&batch)
    }

    /// All of them, unless there are none.
    fn end(mut self) -> Result<Option<Written>> {
        self.write()?;
        self.out.map(|out| out.end(self.schema)).transpose()
    }
}
