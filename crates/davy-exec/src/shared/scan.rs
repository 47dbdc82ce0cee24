//! The one reading, and a second one of the few events whose columns take long to make.

use super::kept::{Keeper, Stored};
use super::keyed::{Keys, Waiting};
use super::late::Late;
use super::look::{Found, Worker};
use super::narrow::{Narrowed, Narrows};
use super::plan::{Many, Plans};
use super::times::Times;
use crate::shapes::Shapes;
use crate::source::{EventSource, Read, ReadRequest};
use datafusion::common::{DataFusionError, Result};
use datafusion::execution::disk_manager::DiskManager;
use davy_events::Demand;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Instant;

/// What a reading may use.
pub(crate) struct Budget {
    pub(crate) threads: usize,
    /// Bytes of kept rows in memory, over all threads.
    pub(crate) bytes: usize,
    pub(crate) disk: Arc<DiskManager>,
    pub(crate) times: Arc<Times>,
}

/// Sets of other requests: a request's rows matter only if all of one of the sets have rows. With
/// no set they always do.
pub(crate) type OnlyIf = Vec<Vec<usize>>;

/// Reads the source once for all requests, and gives the rows of each. `only_if` is by request, or
/// empty. `stop` ends it early with what was read. Rows that have no effect by `narrows` are not
/// given.
pub(crate) fn scan(
    source: &Arc<dyn EventSource>,
    requests: Vec<ReadRequest>,
    only_if: &[OnlyIf],
    shapes: Arc<Shapes>,
    budget: &Budget,
    stop: &Arc<AtomicBool>,
    narrows: Option<&dyn Narrows>,
) -> Result<Vec<Stored>> {
    let narrowed = Narrowed::new(narrows, requests.len());
    let twice = source.can_be_read_again();
    let key = |request| narrows.and_then(|narrows| narrows.key(request));
    let keys = (0..requests.len()).map(key).collect();
    let many = Many::new(shapes, requests, only_if, keys, twice, budget.times.clone());
    let many = Arc::new(many);
    let requests = many.requests();
    let earliest = requests.iter().map(|r| r.earliest).fold(f64::INFINITY, f64::min);
    let latest = requests.iter().map(|r| r.latest).fold(0.0, f64::max);
    let read = |demand: Arc<dyn Demand>| Read { demand, earliest, latest, only: None, stop: None };
    let mut rows: Vec<Stored> = requests.iter().map(|_| Stored::default()).collect();
    let first = Read { stop: Some(stop.clone()), ..read(many.clone()) };
    let mut left = share(source, first, many.clone(), &mut rows, budget, &narrowed)?;
    forget(only_if, &mut rows, &mut left);
    let again = |mut late: Vec<Vec<u64>>, rows: &mut Vec<Stored>| {
        if late.iter().all(Vec::is_empty) {
            return Ok(());
        }
        late.iter_mut().for_each(|numbers| numbers.sort_unstable());
        let mut only: Vec<u64> = late.iter().flatten().copied().collect();
        only.sort_unstable();
        only.dedup();
        let again = Arc::new(Late::new(many.clone(), late));
        let read = Read { only: Some(only.into()), ..read(again.clone()) };
        // What was found before a stop is still to be had.
        share(source, read, again, rows, budget, &narrowed).map(drop)
    };
    // Most wait for rows that are all there by now.
    let Left { mut late, waiting } = left;
    let (now, then): (Vec<_>, Vec<_>) =
        (0..).zip(waiting).filter(|(_, w)| !w.is_empty()).partition(|(request, _)| {
            let others = narrows.map(|narrows| narrows.others(*request)).unwrap_or_default();
            others.iter().all(|other| late.get(*other).is_none_or(Vec::is_empty))
        });
    meeting(now, narrows, &mut rows, &mut late, budget.threads);
    again(late, &mut rows)?;
    let mut late = vec![Vec::new(); rows.len()];
    meeting(then, narrows, &mut rows, &mut late, budget.threads);
    again(late, &mut rows)?;
    // Thousands of programs take some time to give back, for which nobody waits.
    std::thread::spawn(move || drop(many));
    Ok(rows)
}

/// Adds the numbers of rows that meet those of others to those whose columns are to be made.
fn meeting(
    waiting: Vec<(usize, Waiting)>,
    narrows: Option<&dyn Narrows>,
    rows: &mut [Stored],
    late: &mut [Vec<u64>],
    threads: usize,
) {
    let next = AtomicUsize::new(0);
    let known: Vec<OnceLock<Option<Keys>>> = waiting.iter().map(|_| OnceLock::new()).collect();
    let stored: &[Stored] = rows;
    let work = || {
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let (Some((request, _)), Some(known)) = (waiting.get(at), known.get(at)) else {
                return;
            };
            known.get_or_init(|| narrows.and_then(|narrows| narrows.keys(*request, stored)));
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..threads.min(waiting.len()) {
            scope.spawn(work);
        }
    });
    for ((request, waiting), keys) in waiting.into_iter().zip(known) {
        let keys = keys.into_inner().flatten();
        let (numbers, others) = waiting.meeting(keys.as_ref());
        if let (Some(own), Some(rows)) = (late.get_mut(request), rows.get_mut(request)) {
            own.extend(numbers);
            rows.pass_over(others);
        }
    }
}

/// What a reading leaves, by request.
struct Left {
    /// The numbers of rows whose columns are still to be made.
    late: Vec<Vec<u64>>,
    waiting: Vec<Waiting>,
}

/// Takes away rows that do not matter, since others that they come with were not found.
fn forget(only_if: &[OnlyIf], rows: &mut [Stored], left: &mut Left) {
    let Left { late, waiting } = left;
    let found: Vec<bool> = rows
        .iter()
        .zip(late.iter().zip(waiting.iter()))
        .map(|(rows, (late, waiting))| !rows.is_empty() || !late.is_empty() || !waiting.is_empty())
        .collect();
    let all = |set: &Vec<usize>| set.iter().all(|at| found.get(*at).copied().unwrap_or(true));
    for ((sets, rows), (late, waiting)) in
        only_if.iter().zip(rows).zip(late.iter_mut().zip(waiting))
    {
        if !sets.is_empty() && !sets.iter().any(all) {
            (*rows, *late, *waiting) = Default::default();
        }
    }
}

/// One reading, shared by threads. Adds to `rows`, and gives what is left to be done.
fn share(
    source: &Arc<dyn EventSource>,
    read: Read,
    plans: Arc<dyn Plans>,
    rows: &mut [Stored],
    budget: &Budget,
    narrowed: &Narrowed<'_>,
) -> Result<Left> {
    let (requests, threads) = (rows.len(), budget.threads);
    let reading = source.start(read, threads);
    let part = |part: usize| {
        let keeper = Keeper::new(budget.bytes / threads.max(1), budget.disk.clone(), narrowed);
        let started = Instant::now();
        let mut worker = Worker::new(plans.clone(), keeper, budget.times.clone());
        let mut failed = None;
        let read = reading.part(part, &mut |batch| {
            if let Err(error) = worker.take(batch) {
                failed = Some(error);
            }
            match failed.is_some() {
                true => ControlFlow::Break(()),
                false => ControlFlow::Continue(()),
            }
        });
        budget.times.part(started, read);
        match failed {
            Some(error) => Err(error),
            None => Ok(worker.finish()),
        }
    };
    let results: Vec<Result<Found<'_>>> = std::thread::scope(|scope| {
        let handles: Vec<_> = (0..threads).map(|at| scope.spawn(move || part(at))).collect();
        let ended = || DataFusionError::Internal("a reading thread ended by itself".to_owned());
        handles.into_iter().map(|h| h.join().unwrap_or_else(|_| Err(ended()))).collect()
    });
    let mut late = vec![Vec::new(); requests];
    let mut waiting: Vec<Waiting> = (0..requests).map(|_| Waiting::default()).collect();
    for found in results {
        let found = found?;
        found.rows.finish(rows)?;
        for (request, own) in found.late {
            late.get_mut(request).into_iter().for_each(|all| all.extend(&own));
        }
        for (request, own) in found.waiting {
            if let Some(all) = waiting.get_mut(request) {
                all.append(own);
            }
        }
    }
    Ok(Left { late, waiting })
}
