//! One thread's share of a reading: each request's rows are found in batches of one shape.

use super::kept::Keeper;
use super::keyed::{self, Waiting};
use super::plan::{Passing, Plans, ShapePlan, numbers};
use super::times::Times;
use crate::held::Compacted;
use crate::shapes::{Fast, Memo, NodeId, Pass, Rows};
use datafusion::arrow::array::{ArrayRef, RecordBatch, UInt32Array};
use datafusion::arrow::compute::take_record_batch;
use datafusion::common::Result;
use davy_events::EventBatch;
use std::collections::hash_map::Entry;
use std::sync::Arc;
use std::time::Instant;

/// What one thread found, by request, of those that it found rows of.
pub(super) struct Found<'n> {
    pub(super) rows: Keeper<'n>,
    /// The numbers of rows whose columns are still to be made.
    pub(super) late: Fast<usize, Vec<u64>>,
    /// Rows of which it is not known yet whether they meet others.
    pub(super) waiting: Fast<usize, Waiting>,
}

pub(super) struct Worker<'n> {
    plans: Arc<dyn Plans>,
    found: Found<'n>,
    times: Arc<Times>,
}

impl<'n> Worker<'n> {
    pub(super) fn new(plans: Arc<dyn Plans>, rows: Keeper<'n>, times: Arc<Times>) -> Worker<'n> {
        let (late, waiting) = Default::default();
        Worker { plans, found: Found { rows, late, waiting }, times }
    }

    pub(super) fn finish(self) -> Found<'n> {
        self.found
    }

    /// Finds each request's rows and keeps them.
    pub(super) fn take(&mut self, batch: EventBatch) -> Result<()> {
        let EventBatch { shape, batch } = batch;
        let plan = self.plans.plan(&shape);
        let started = Instant::now();
        let passing = plan.passing(&batch)?;
        self.times.matched(started);
        let started = Instant::now();
        self.keep(&plan, batch, passing)?;
        self.times.made(started);
        Ok(())
    }

    fn keep(&mut self, plan: &ShapePlan, batch: RecordBatch, passing: Passing) -> Result<()> {
        let all = numbers(&batch);
        let passing = self.ready(plan, &batch, &all, passing)?;
        if passing.is_empty() {
            return Ok(());
        }
        let union = union(&passing, batch.num_rows());
        let whole = union.len() == batch.num_rows();
        let wanted = if whole { batch } else { take_record_batch(&batch, &union)? };
        let shared = shared(plan, &passing, &wanted)?;
        let mut made: Fast<&[u32], Made> = Fast::default();
        self.found.rows.next_batch();
        for (live, rows) in &passing {
            let Some(live) = plan.live.get(*live) else { continue };
            let Made { at, numbers, memo, compacted } = made.entry(rows).or_insert_with(|| {
                let at = if whole { rows.clone().into() } else { places(rows, &union) };
                let numbers = rows.iter().filter_map(|row| all.get(*row as usize).copied());
                let (numbers, memo, compacted) =
                    (numbers.collect(), Memo::default(), Compacted::default());
                Made { at, numbers, memo, compacted }
            });
            let rows = Rows::Part { batch: &wanted, at, shared: &shared };
            let mut pass = Pass::new(&plan.nodes, rows, memo);
            let program = live.columns.program();
            let out = compacted.of(program.outputs(&mut pass, &plan.raw)?)?;
            self.found.rows.keep(live.number, (numbers.clone(), out))?;
        }
        Ok(())
    }
}

impl Worker<'_> {
    /// The rows whose columns are made now. Of the others the numbers are kept.
    fn ready(
        &mut self,
        plan: &ShapePlan,
        batch: &RecordBatch,
        all: &[u64],
        passing: Passing,
    ) -> Result<Passing> {
        let live = |at: &usize| plan.live.get(*at);
        for live in passing.iter().filter_map(|(at, _)| live(at)) {
            self.plans.found(live.number);
        }
        let mut memo = Memo::default();
        let mut pass = Pass::new(&plan.nodes, Rows::All(batch), &mut memo);
        let mut keys: Fast<(NodeId, Option<&str>), Vec<u64>> = Fast::default();
        let mut made: Fast<_, keyed::Rows> = Fast::default();
        let mut ready = Passing::new();
        for (at, rows) in passing {
            let Some(live) = live(&at) else { continue };
            if !live.late || live.ready && self.plans.matters(live.number) {
                ready.push((at, rows));
            } else if let Some((key, absent)) = live.key() {
                let known = (*key, absent.as_deref());
                let held = match keys.entry(known) {
                    Entry::Occupied(held) => held.into_mut(),
                    Entry::Vacant(place) => place.insert(keyed::held(&pass.array(*key)?, known.1)),
                };
                let made = made
                    .entry((known, rows))
                    .or_insert_with_key(|(_, rows)| keyed::Rows::new(batch, all, held, rows));
                self.found.waiting.entry(live.number).or_default().add(made.clone());
            } else {
                let late = self.found.late.entry(live.number).or_default();
                late.extend(rows.iter().filter_map(|row| all.get(*row as usize)));
            }
        }
        Ok(ready)
    }
}

/// What was made of some rows. Searches that want the same rows share the columns that they share.
struct Made {
    at: UInt32Array,
    numbers: Arc<[u64]>,
    memo: Memo,
    compacted: Compacted,
}

/// What is worked out once for all: the nodes that are needed for so many rows, counted for each
/// request, that all of the batch's are not more.
fn shared(
    plan: &ShapePlan,
    passing: &Passing,
    batch: &RecordBatch,
) -> Result<Fast<NodeId, ArrayRef>> {
    // Many searches make their columns in the same way.
    let mut programs = Fast::default();
    for (live, rows) in passing {
        let Some(live) = plan.live.get(*live) else { continue };
        programs.entry(Arc::as_ptr(&live.columns)).or_insert((&live.columns, 0)).1 += rows.len();
    }
    let mut needed = vec![0; plan.nodes.len()];
    for (columns, rows) in programs.into_values() {
        for id in columns.program().used() {
            if let Some(needed) = needed.get_mut(*id) {
                *needed += rows;
            }
        }
    }
    let mut memo = Memo::default();
    let mut pass = Pass::new(&plan.nodes, Rows::All(batch), &mut memo);
    let mut shared = Fast::default();
    for (id, rows) in needed.into_iter().enumerate() {
        if rows > 0 && rows >= batch.num_rows() {
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
