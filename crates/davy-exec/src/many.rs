//! Many searches over one pass of the events.

use crate::session::{Answer, Events, Run, RunError, Search, Session};
use crate::shared::scan;
use crate::source::{EventSource, ReadRequest};
use datafusion::arrow::record_batch::RecordBatch;
use davy_plan::Bound;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Told of a run of many searches as it goes on.
pub trait ManyEvents: Sync {
    /// A search's part of the work is done, of `of` in all.
    fn searched(&self, done: usize, of: usize);
}

/// What became of many searches.
pub struct ManyAnswers {
    /// In the order of the searches.
    pub answers: Vec<Result<Answer, RunError>>,
    /// `stop` was raised before the end: the answers are of the events that were read.
    pub stopped: bool,
}

impl Session {
    /// Runs searches over one source, which is read once: a search's events are found while the
    /// others' are. A search whose reading depends on its own results reads by itself.
    ///
    /// The answers are those of [`Session::run`] for each search.
    pub fn run_many(
        &self,
        searches: &[Search<'_>],
        source: &Arc<dyn EventSource>,
        stop: &AtomicBool,
        events: &dyn ManyEvents,
    ) -> Result<ManyAnswers, RunError> {
        let threads = self.config().partitions.max(1);
        let probes = self.probe(searches, threads);
        let mut requests: Vec<ReadRequest> = Vec::new();
        let mut places: Vec<Vec<usize>> = Vec::with_capacity(probes.len());
        for probe in &probes {
            let mut own = Vec::new();
            for request in &probe.requests {
                let at = requests.iter().position(|r| r == request).unwrap_or_else(|| {
                    requests.push(request.clone());
                    requests.len() - 1
                });
                own.push(at);
            }
            places.push(own);
        }
        let mut kept = match searches.first() {
            Some(first) if source.table().is_none() => {
                let shapes = Run::new(self, first, Events::Source).shapes();
                scan(source, requests.clone(), shapes, threads, stop)?
            }
            _ => vec![Vec::new(); requests.len()],
        };
        let mut uses = vec![0usize; requests.len()];
        places.iter().flatten().for_each(|at| uses[*at] += 1);
        let mut answers = Vec::with_capacity(searches.len());
        for (number, (probe, own)) in probes.into_iter().zip(places).enumerate() {
            events.searched(number, searches.len());
            let any = own.iter().any(|at| !kept[*at].is_empty());
            if !any && !probe.dynamic && source.table().is_none() || probe.answer.is_err() {
                answers.push(probe.answer);
                continue;
            }
            let rows: Vec<(ReadRequest, Vec<RecordBatch>)> = own
                .iter()
                .map(|at| {
                    uses[*at] -= 1;
                    // The last user takes the rows, so that they are freed when it is done.
                    let batches = match uses[*at] {
                        0 => std::mem::take(&mut kept[*at]),
                        _ => kept[*at].clone(),
                    };
                    (requests[*at].clone(), batches)
                })
                .collect();
            let events = match source.table() {
                Some(_) => Events::Source,
                None => Events::Kept(&rows),
            };
            answers.push(Run::new(self, &searches[number], events).answer());
        }
        Ok(ManyAnswers { answers, stopped: stop.load(Ordering::Relaxed) })
    }

    /// Runs each search over nothing: what it would read, and what it gives then.
    fn probe(&self, searches: &[Search<'_>], threads: usize) -> Vec<Probe> {
        let next = std::sync::atomic::AtomicUsize::new(0);
        let done: Mutex<Vec<Option<Probe>>> =
            Mutex::new((0..searches.len()).map(|_| None).collect());
        std::thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| {
                    loop {
                        let at = next.fetch_add(1, Ordering::Relaxed);
                        let Some(search) = searches.get(at) else { return };
                        let wanted = Mutex::new(Vec::new());
                        let answer = Run::new(self, search, Events::Nothing(&wanted)).answer();
                        let requests = wanted.into_inner().unwrap_or_else(PoisonError::into_inner);
                        let dynamic = dynamic(&search.prepared.bound);
                        let probe = Probe { requests, answer, dynamic };
                        let mut done = done.lock().unwrap_or_else(PoisonError::into_inner);
                        if let Some(slot) = done.get_mut(at) {
                            *slot = Some(probe);
                        }
                    }
                });
            }
        });
        let done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
        done.into_iter().flatten().collect()
    }
}

struct Probe {
    requests: Vec<ReadRequest>,
    /// Over no events.
    answer: Result<Answer, RunError>,
    /// What it reads depends on what it found.
    dynamic: bool,
}

/// Whether what a pipeline reads depends on rows: a filter with a search in brackets, `map`.
fn dynamic(bound: &Bound) -> bool {
    bound.stages.iter().any(|stage| {
        let inner = stage.command.subsearches();
        let filters = matches!(stage.spec.name, "search" | "tstats" | "where") && !inner.is_empty();
        filters || matches!(stage.spec.name, "map") || inner.into_iter().any(dynamic)
    })
}
