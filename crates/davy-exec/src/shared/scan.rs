//! The one reading, and a second one of the few events whose columns take long to make.

use super::look::{Found, Worker};
use super::plan::{Late, Many, Plans};
use crate::shapes::Shapes;
use crate::source::{EventSource, Read, ReadRequest};
use datafusion::arrow::array::{RecordBatch, UInt32Array};
use datafusion::arrow::compute::{concat_batches, take_record_batch};
use datafusion::common::{DataFusionError, Result};
use davy_events::Demand;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// The rows of each request, in the order of the requests.
pub(crate) type Kept = Vec<Vec<RecordBatch>>;

/// Reads the source once for all requests. `stop` ends it early with what was read.
pub(crate) fn scan(
    source: &Arc<dyn EventSource>,
    requests: Vec<ReadRequest>,
    shapes: Arc<Shapes>,
    threads: usize,
    stop: &AtomicBool,
) -> Result<Kept> {
    let many = Arc::new(Many::new(shapes, requests, source.can_be_read_again()));
    let requests = many.requests();
    let earliest = requests.iter().map(|r| r.earliest).fold(f64::INFINITY, f64::min);
    let latest = requests.iter().map(|r| r.latest).fold(0.0, f64::max);
    let read = |demand: Arc<dyn Demand>| Read { demand, earliest, latest, only: None };
    let mut found = share(source, read(many.clone()), many.clone(), requests.len(), threads, stop)?;
    if found.late.iter().any(|numbers| !numbers.is_empty()) {
        let mut late = std::mem::take(&mut found.late);
        late.iter_mut().for_each(|numbers| numbers.sort_unstable());
        let mut only: Vec<u64> = late.iter().flatten().copied().collect();
        only.sort_unstable();
        only.dedup();
        let again = Arc::new(Late::new(many.clone(), late));
        let read = Read { only: Some(only.into()), ..read(again.clone()) };
        // What was found before a stop is still to be had.
        let go_on = AtomicBool::new(false);
        let more = share(source, read, again, requests.len(), threads, &go_on)?;
        for (rows, more) in found.rows.iter_mut().zip(more.rows) {
            rows.extend(more);
        }
    }
    found.rows.into_iter().map(in_order).collect()
}

/// One reading, shared by threads.
fn share(
    source: &Arc<dyn EventSource>,
    read: Read,
    plans: Arc<dyn Plans>,
    requests: usize,
    threads: usize,
    stop: &AtomicBool,
) -> Result<Found> {
    let reading = source.start(read, threads);
    let part = |part: usize| {
        let mut worker = Worker::new(plans.clone(), requests);
        let mut failed = None;
        reading.part(part, &mut |batch| {
            if let Err(error) = worker.take(batch) {
                failed = Some(error);
            }
            match failed.is_some() || stop.load(Ordering::Relaxed) {
                true => ControlFlow::Break(()),
                false => ControlFlow::Continue(()),
            }
        });
        match failed {
            Some(error) => Err(error),
            None => worker.finish(),
        }
    };
    let results: Vec<Result<Found>> = std::thread::scope(|scope| {
        let handles: Vec<_> = (0..threads).map(|at| scope.spawn(move || part(at))).collect();
        let ended = || DataFusionError::Internal("a reading thread ended by itself".to_owned());
        handles.into_iter().map(|h| h.join().unwrap_or_else(|_| Err(ended()))).collect()
    });
    let mut all = Found {
        rows: (0..requests).map(|_| Vec::new()).collect(),
        late: vec![Vec::new(); requests],
    };
    for found in results {
        let found = found?;
        for (all, own) in all.rows.iter_mut().zip(found.rows) {
            all.extend(own);
        }
        for (all, own) in all.late.iter_mut().zip(found.late) {
            all.extend(own);
        }
    }
    Ok(all)
}

/// The rows in the order of their events, whichever thread read them: sums of fractions, and what
/// else depends on the order, are the same in each run.
fn in_order(parts: Vec<(Vec<u64>, RecordBatch)>) -> Result<Vec<RecordBatch>> {
    let Some((_, first)) = parts.first() else { return Ok(Vec::new()) };
    let batch = concat_batches(&first.schema(), parts.iter().map(|(_, rows)| rows))?;
    let numbers: Vec<u64> = parts.iter().flat_map(|(numbers, _)| numbers).copied().collect();
    if numbers.len() != batch.num_rows() || numbers.is_sorted() {
        return Ok(vec![batch]);
    }
    let mut order: Vec<u32> = (0..numbers.len() as u32).collect();
    order.sort_by_key(|at| numbers.get(*at as usize));
    Ok(vec![take_record_batch(&batch, &UInt32Array::from(order))?])
}
