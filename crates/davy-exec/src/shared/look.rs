//! One thread's share of a reading: batches of a shape are gathered, and each request's rows found.

use super::kept::Keeper;
use super::plan::{Passing, Plans, ShapePlan, numbers};
use crate::shapes::{Memo, NodeId, Pass, Rows};
use datafusion::arrow::array::{ArrayRef, AsArray, RecordBatch, RecordBatchOptions, UInt32Array};
use datafusion::arrow::buffer::Buffer;
use datafusion::arrow::compute::{concat_batches, take_record_batch};
use datafusion::common::Result;
use davy_events::EventBatch;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// Rows are gathered per shape up to this number before they are looked at.
const ROWS: usize = 8192;
/// Rows gathered over all shapes, in bytes, at which all are looked at.
const BYTES: usize = 8 << 20;

/// What one thread found, by request.
pub(super) struct Found {
    pub(super) rows: Keeper,
    /// The numbers of rows whose columns are still to be made.
    pub(super) late: Vec<Vec<u64>>,
}

pub(super) struct Worker {
    plans: Arc<dyn Plans>,
    waiting: HashMap<u64, Vec<(Arc<ShapePlan>, Vec<RecordBatch>, usize)>>,
    bytes: usize,
    found: Found,
}

impl Worker {
    pub(super) fn new(plans: Arc<dyn Plans>, requests: usize, rows: Keeper) -> Worker {
        let found = Found { rows, late: vec![Vec::new(); requests] };
        Worker { plans, waiting: HashMap::new(), bytes: 0, found }
    }

    pub(super) fn take(&mut self, batch: EventBatch) -> Result<()> {
        let EventBatch { shape, batch } = batch;
        let list = self.waiting.entry(shape.id).or_default();
        let at = match list.iter().position(|(plan, ..)| plan.shape == *shape) {
            Some(at) => at,
            None => {
                list.push((self.plans.plan(&shape), Vec::new(), 0));
                list.len() - 1
            }
        };
        self.bytes += batch.get_array_memory_size();
        if let Some((plan, batches, rows)) = list.get_mut(at) {
            *rows += batch.num_rows();
            batches.push(batch);
            if *rows >= ROWS {
                *rows = 0;
                let (plan, batches) = (plan.clone(), std::mem::take(batches));
                self.look(&plan, &batches)?;
            }
        }
        if self.bytes > BYTES {
            self.look_at_all()?;
        }
        Ok(())
    }

    pub(super) fn finish(mut self) -> Result<Found> {
        self.look_at_all()?;
        Ok(self.found)
    }

    fn look_at_all(&mut self) -> Result<()> {
        let waiting: Vec<_> = self.waiting.drain().flat_map(|(_, list)| list).collect();
        self.bytes = 0;
        for (plan, batches, _) in waiting {
            self.look(&plan, &batches)?;
        }
        Ok(())
    }

    /// Finds each request's rows and keeps them.
    fn look(&mut self, plan: &ShapePlan, batches: &[RecordBatch]) -> Result<()> {
        let Some(first) = batches.first() else { return Ok(()) };
        let batch = concat_batches(&first.schema(), batches)?;
        self.bytes = self
            .bytes
            .saturating_sub(batches.iter().map(RecordBatch::get_array_memory_size).sum::<usize>());
        let mut passing = plan.passing(&batch)?;
        let all = numbers(&batch);
        passing.retain(|(live, rows)| {
            let Some(live) = plan.live.get(*live).filter(|live| live.late) else { return true };
            let numbers = rows.iter().filter_map(|row| all.get(*row as usize));
            if let Some(late) = self.found.late.get_mut(live.number) {
                late.extend(numbers);
            }
            false
        });
        if passing.is_empty() {
            return Ok(());
        }
        let union = union(&passing, batch.num_rows());
        let whole = union.len() == batch.num_rows();
        let wanted = if whole { batch } else { take_record_batch(&batch, &union)? };
        let shared = shared(plan, &passing, &wanted)?;
        for (live, rows) in passing {
            let Some(live) = plan.live.get(live) else { continue };
            let numbers = rows.iter().filter_map(|row| all.get(*row as usize).copied()).collect();
            let at = if whole { rows.into() } else { places(&rows, &union) };
            let rows = Rows::Part { batch: &wanted, at: &at, shared: &shared };
            let mut memo = Memo::default();
            let mut pass = Pass::new(live.program.nodes(), rows, &mut memo);
            let out = compact(live.program.outputs(&mut pass, &plan.raw)?)?;
            self.found.rows.keep(live.number, (numbers, out))?;
        }
        Ok(())
    }
}

/// What is worked out once for all: the nodes that are needed for so many rows, counted for each
/// request, that all of the batch's are not more.
fn shared(
    plan: &ShapePlan,
    passing: &Passing,
    batch: &RecordBatch,
) -> Result<HashMap<NodeId, ArrayRef>> {
    let mut needed: BTreeMap<NodeId, usize> = BTreeMap::new();
    for (live, rows) in passing {
        let Some(live) = plan.live.get(*live) else { continue };
        for id in live.program.nodes().keys() {
            *needed.entry(*id).or_default() += rows.len();
        }
    }
    let mut memo = Memo::default();
    let mut pass = Pass::new(&plan.nodes, Rows::All(batch), &mut memo);
    let mut shared = HashMap::new();
    for (id, rows) in needed {
        if rows >= batch.num_rows() {
            shared.insert(id, pass.array(id)?);
        }
    }
    Ok(shared)
}

/// All rows that anyone wants, in order.
fn union(passing: &Passing, rows: usize) -> UInt32Array {
    let mut wanted = vec![false; rows];
    for row in passing.iter().flat_map(|(_, rows)| rows) {
        if let Some(slot) = wanted.get_mut(*row as usize) {
            *slot = true;
        }
    }
    let rows = wanted.iter().zip(0u32..).filter(|(wanted, _)| **wanted).map(|(_, row)| row);
    rows.collect::<Vec<u32>>().into()
}

/// Where rows stand among `all`; both are in order.
fn places(rows: &[u32], all: &UInt32Array) -> UInt32Array {
    let all = all.values();
    rows.iter().filter_map(|row| all.binary_search(row).ok()).map(|at| at as u32).collect()
}

/// The rows without the texts of the others that were read with them, which they would hold in
/// memory.
fn compact(rows: RecordBatch) -> Result<RecordBatch> {
    let columns = rows.columns().iter().map(|array| match array.as_string_view_opt() {
        Some(texts) => {
            let held: usize = texts.data_buffers().iter().map(Buffer::len).sum();
            match held > 2 * texts.total_buffer_bytes_used() {
                true => Arc::new(texts.gc()) as ArrayRef,
                false => array.clone(),
            }
        }
        None => array.clone(),
    });
    let options = RecordBatchOptions::new().with_row_count(Some(rows.num_rows()));
    Ok(RecordBatch::try_new_with_options(rows.schema(), columns.collect(), &options)?)
}
