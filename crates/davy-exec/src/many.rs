//! Many searches over one pass of the events.

use crate::empty::{needed, needs_events, reads_first, reads_once};
use crate::later::{Later, key, narrow, users};
use crate::reads::{Key, Reads, is_timeless};
use crate::run::{Events, Run, Search};
use crate::session::{Answer, RunError, Session};
use crate::shapes::lock;
use crate::shared::{Budget, OnlyIf, Passed, ScanProfile, Stored, scan};
use crate::source::{EventSource, ReadRequest};
use datafusion::arrow::array::AsArray;
use datafusion::arrow::compute::max;
use datafusion::arrow::datatypes::{Float64Type, Schema};
use datafusion::arrow::record_batch::RecordBatch;
use davy_plan::Bound;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Bytes of rows of which one search at a time reads so many.
const MUCH: usize = 12 << 20;

/// Told of a run of many searches as it goes on.
pub trait ManyEvents: Sync {
    /// A search's part of the work is done, of `of` in all.
    fn searched(&self, done: usize, of: usize);
}

/// Searches that run together.
pub trait Searches: Sync {
    fn count(&self) -> usize;

    /// One of them. It need not be read before it is asked for: of one whose [`Reads`] are known,
    /// only if events passed its filter.
    fn search(&self, at: usize) -> Search<'_>;

    /// What an earlier run learnt of it.
    fn reads(&self, _at: usize) -> Option<&Reads> {
        None
    }
}

impl Searches for [Search<'_>] {
    fn count(&self) -> usize {
        self.len()
    }

    fn search(&self, at: usize) -> Search<'_> {
        self[at].clone()
    }
}

/// What became of many searches.
pub struct ManyAnswers {
    /// In the order of the searches.
    pub answers: Vec<Result<Answer, RunError>>,
    /// What was learnt of searches whose reads were not known, and can be kept.
    pub learnt: Vec<(usize, Reads)>,
    /// `stop` was raised before the end: the answers are of the events that were read.
    pub stopped: bool,
    pub profile: Profile,
}

/// Where the time of a run of many searches went.
#[derive(Debug, Clone, Default)]
pub struct Profile {
    /// Planning each search.
    pub plan: Duration,
    /// Reading, decoding and matching.
    pub scan: Duration,
    pub within_scan: ScanProfile,
    /// The searches' commands over the rows that were kept for them.
    pub rest: Duration,
    /// In the order of the searches.
    pub searches: Vec<Spent>,
}

/// What one search of many took; nothing where no event passed its filter.
#[derive(Debug, Clone, Copy, Default)]
pub struct Spent {
    /// Events that passed its filter.
    pub rows_in: usize,
    pub rows_out: usize,
    pub time: Duration,
    /// When the last of those events happened, in seconds since the epoch.
    pub latest: Option<f64>,
}

impl Session {
    /// Runs searches over one source, which is read once: a search's events are found while the
    /// others' are. A search whose reading depends on its own results reads by itself.
    ///
    /// The answers are those of [`Session::run`] for each search.
    pub fn run_many(
        &self,
        searches: &(impl Searches + ?Sized),
        source: &Arc<dyn EventSource>,
        stop: &Arc<AtomicBool>,
        events: &dyn ManyEvents,
    ) -> Result<ManyAnswers, RunError> {
        let started = Instant::now();
        let probes = self.probe(searches);
        let learnt = probes.iter().enumerate().filter_map(|(at, probe)| {
            if searches.reads(at).is_some() || matches!(probe.answer, Some(Err(_))) {
                return None;
            }
            let search = searches.search(at);
            let reads = probe.reads();
            let fixed = || {
                let bound = &search.prepared.bound;
                (reads.requests.len() == 1 && reads_first(bound))
                    || is_timeless(&search.prepared.expanded)
            };
            let lasts = reads.lasts(&search.env) && (!reads.dynamic || fixed());
            lasts.then_some((at, reads))
        });
        let mut learnt: BTreeMap<usize, Reads> = learnt.collect();
        let probed = started.elapsed();
        let mut requests: Vec<ReadRequest> = Vec::new();
        // Two that are the same have the same columns.
        let mut by_columns: HashMap<_, Vec<usize>> = HashMap::new();
        let mut places: Vec<Vec<usize>> = Vec::with_capacity(probes.len());
        for probe in &probes {
            let mut own = Vec::new();
            for request in &probe.requests {
                let columns = (request.fields.clone(), request.dataset.clone());
                let alike = by_columns.entry(columns).or_default();
                let at = alike.iter().find(|at| requests.get(**at) == Some(request)).copied();
                own.push(at.unwrap_or_else(|| {
                    alike.push(requests.len());
                    requests.push(request.clone());
                    requests.len() - 1
                }));
            }
            places.push(own);
        }
        let budget = self.budget();
        let users = users(&places, requests.len());
        let kept = match source.table() {
            None if searches.count() > 0 => {
                let first = searches.search(0);
                let shapes = self.shapes_of(first.knowledge, &first.env);
                let only_if = only_if(&probes, &places, requests.len());
                let grown =
                    source.grows().map(|look| look.rows(&requests, shapes.clone(), &budget, stop));
                match grown.transpose()?.flatten() {
                    Some(rows) => rows,
                    None => {
                        let later = Later::new(self, searches, &probes, &places, &users);
                        let requests = requests.clone();
                        scan(source, requests, &only_if, shapes, &budget, stop, Some(&later))?
                    }
                }
            }
            _ => requests.iter().map(|_| Stored::default()).collect(),
        };
        let scanned = started.elapsed() - probed;
        let answers = self.answers(searches, source, probes, &requests, places, kept, events);
        let rest = started.elapsed() - probed - scanned;
        for (at, _) in answers.iter().enumerate().filter(|(_, done)| done.silent) {
            let reads = learnt.get(&at).or(searches.reads(at)).cloned();
            learnt.extend(reads.map(|reads| (at, Reads { silent: true, ..reads })));
        }
        let learnt = learnt.into_iter().collect();
        let (answers, spent) = answers.into_iter().map(|done| (done.answer, done.spent)).unzip();
        let within_scan = budget.times.profile();
        let profile = Profile { plan: probed, scan: scanned, within_scan, rest, searches: spent };
        Ok(ManyAnswers { answers, learnt, stopped: stop.load(Ordering::Relaxed), profile })
    }

    /// What one reading for many searches may use.
    pub(crate) fn budget(&self) -> Budget {
        let config = self.config();
        let bytes = config.memory.map_or(config.waiting, |all| config.waiting.min(all / 4));
        let disk = self.state().runtime_env().disk_manager.clone();
        Budget { threads: config.partitions.max(1), bytes, disk, times: Arc::default() }
    }

    /// Each search's commands over the rows that were kept for it.
    #[expect(clippy::too_many_arguments, reason = "what one run of many searches knows")]
    fn answers(
        &self,
        searches: &(impl Searches + ?Sized),
        source: &Arc<dyn EventSource>,
        probes: Vec<Probe>,
        requests: &[ReadRequest],
        places: Vec<Vec<usize>>,
        kept: Vec<Stored>,
        events: &dyn ManyEvents,
    ) -> Vec<Done> {
        let mut uses = vec![0usize; requests.len()];
        places.iter().flatten().for_each(|at| uses[*at] += 1);
        let kept: Vec<Option<Arc<Stored>>> = kept.into_iter().map(|k| Some(Arc::new(k))).collect();
        let empty = |at: &usize| kept.get(*at)?.as_ref().map(|stored| stored.is_empty());
        let quiet = |(probe, own): &(&Probe, &Vec<usize>)| {
            probe.silent && own.iter().all(|at| empty(at).unwrap_or(true))
        };
        let worth = probes.iter().zip(&places).filter(|one| !quiet(one)).count();
        let kept = Mutex::new((kept, uses));
        let own_of = |at: usize| {
            let mut guard = lock(&kept);
            let (kept, uses) = &mut *guard;
            uses[at] -= 1;
            // The last user takes the rows, so that they are freed when it is done.
            match uses[at] {
                0 => kept[at].take(),
                _ => kept[at].clone(),
            }
        };
        let take = |own: &[usize], needed: &[usize]| -> Result<(Kept, Passed), RunError> {
            let mut rows = Vec::new();
            let mut passed = Passed::default();
            let mut stored: Vec<_> = own.iter().map(|at| own_of(*at)).collect();
            let empty = |at: &usize| {
                stored.get(*at).is_some_and(|s| s.as_ref().is_none_or(|s| s.is_empty()))
            };
            if needed.iter().any(empty) {
                stored.clear();
            }
            for (at, stored) in own.iter().zip(stored) {
                stored.iter().for_each(|stored| passed.add(stored.passed()));
                let batches = stored.map(|stored| stored.load()).transpose()?.unwrap_or_default();
                rows.push((requests[*at].clone(), batches));
            }
            Ok((rows, passed))
        };
        let table = source.table().is_some();
        let work: Vec<Mutex<Option<(Probe, Vec<usize>)>>> =
            probes.into_iter().zip(places).map(|p| Mutex::new(Some(p))).collect();
        let done = AtomicUsize::new(0);
        let many = |number: usize| {
            let work = work.get(number).map(lock);
            let own = work.as_ref().and_then(|work| work.as_ref()).map(|(_, own)| own);
            let (kept, _) = &*lock(&kept);
            let rows = own.into_iter().flatten().filter_map(|at| kept.get(*at)?.as_ref());
            rows.map(|stored| stored.size()).sum::<usize>() > MUCH
        };
        self.each(searches.count(), worth, many, |number| {
            let (probe, own) = lock(&work[number]).take()?;
            let (mut rows, mut passed) = match take(&own, &probe.needed) {
                Ok(rows) => rows,
                Err(error) => return Some(Done::early(Err(error))),
            };
            events.searched(done.fetch_add(1, Ordering::Relaxed), searches.count());
            passed.add(Passed {
                rows: rows.iter().flat_map(|(_, b)| b).map(RecordBatch::num_rows).sum(),
                latest: latest(rows.iter().flat_map(|(_, batches)| batches)),
            });
            let Passed { rows: rows_in, latest } = passed;
            if rows_in == 0 && probe.silent && !table {
                return Some(Done::early(Ok(no_rows())));
            }
            let started = Instant::now();
            let search = &searches.search(number);
            if let (Some((_, rows)), None) = (rows.first_mut(), &probe.answer) {
                narrow(self, search, &probe, rows);
            }
            let unwanted = Mutex::new(Vec::new());
            let events = match probe.answer {
                Some(answer) if answer.is_err() || rows_in == 0 && !table => {
                    return Some(Done::early(answer));
                }
                None if rows_in == 0 && !table => match needs_events(&search.prepared.bound) {
                    true => return Some(Done::early(Ok(no_rows()))),
                    false => Events::Nothing(&unwanted),
                },
                _ if table => Events::Source,
                _ => Events::Kept(&rows),
            };
            let nothing = matches!(events, Events::Nothing(_));
            let answer = Run::new(self, search, events).answer();
            let rows_out =
                answer.as_ref().map_or(0, |a| a.batches.iter().map(RecordBatch::num_rows).sum());
            let spent = Spent { rows_in, rows_out, time: started.elapsed(), latest };
            let silent = nothing && answer.as_ref().is_ok_and(Answer::is_silent);
            Some(Done { answer, spent, silent })
        })
    }

    /// `work` for each number below `count`; the results are in order. So many of them are `worth` a
    /// thread of their own. Of those with `much` to hold, which use all threads by themselves, one
    /// runs at a time.
    fn each<T: Send>(
        &self,
        count: usize,
        worth: usize,
        much: impl Fn(usize) -> bool + Sync,
        work: impl Fn(usize) -> Option<T> + Sync,
    ) -> Vec<T> {
        let next = AtomicUsize::new(0);
        let (alone, waiting) = (Mutex::new(()), Mutex::new(VecDeque::new()));
        let done: Mutex<Vec<Option<T>>> = Mutex::new((0..count).map(|_| None).collect());
        let do_one = |at: usize| {
            let made = work(at);
            if let Some(slot) = lock(&done).get_mut(at) {
                *slot = made;
            }
        };
        let run = || {
            loop {
                let at = next.fetch_add(1, Ordering::Relaxed);
                if at >= count {
                    break;
                }
                if !much(at) {
                    do_one(at);
                } else if let Ok(_alone) = alone.try_lock() {
                    do_one(at);
                } else {
                    lock(&waiting).push_back(at);
                }
            }
            loop {
                let _alone = lock(&alone);
                let Some(at) = lock(&waiting).pop_front() else { return };
                do_one(at);
            }
        };
        // This thread takes part: others cost memory of their own, and often there is little to do.
        let threads = self.config().partitions.max(1).min(worth);
        std::thread::scope(|scope| {
            for _ in 1..threads {
                scope.spawn(run);
            }
            run();
        });
        done.into_inner().unwrap_or_else(PoisonError::into_inner).into_iter().flatten().collect()
    }

    /// What each search reads, as far as that does not depend on what it finds.
    pub(crate) fn requests(&self, searches: &[Search<'_>]) -> Vec<Vec<ReadRequest>> {
        self.probe(searches).into_iter().map(|probe| probe.requests).collect()
    }

    /// What each search would read. One that reads once is only planned so far; any other is run
    /// over nothing.
    fn probe(&self, searches: &(impl Searches + ?Sized)) -> Vec<Probe> {
        let unknown: Vec<usize> =
            (0..searches.count()).filter(|at| searches.reads(*at).is_none()).collect();
        let probe = |nth: usize| unknown.get(nth).map(|at| self.planned(&searches.search(*at)));
        let mut probed = self.each(unknown.len(), unknown.len(), |_| false, probe).into_iter();
        let one = |at| searches.reads(at).map(Probe::known).or_else(|| probed.next());
        (0..searches.count()).filter_map(one).collect()
    }

    fn planned(&self, search: &Search<'_>) -> Probe {
        let bound = &search.prepared.bound;
        let once = reads_once(bound);
        let wanted = Mutex::new(Vec::new());
        let events = match once {
            true => Events::First(&wanted),
            false => Events::Nothing(&wanted),
        };
        let answer = Run::new(self, search, events).answer();
        let requests = wanted.into_inner().unwrap_or_else(PoisonError::into_inner);
        let answer = Some(answer).filter(|_| !once || requests.is_empty());
        let silent = match &answer {
            Some(Ok(answer)) => answer.is_silent(),
            Some(Err(_)) => false,
            None => needs_events(bound),
        };
        let dynamic = dynamic(bound);
        let several = !dynamic && requests.len() > 1;
        let needed = if several { needed(bound, requests.len()) } else { Vec::new() };
        let key = (!needed.is_empty()).then(|| key(self, search, &requests)).flatten();
        Probe { requests, answer, dynamic, needed, silent, key }
    }
}

/// What became of one search of many.
struct Done {
    answer: Result<Answer, RunError>,
    spent: Spent,
    /// It ran over no events, gave no rows, and said nothing.
    silent: bool,
}

impl Done {
    /// Without a run over its rows.
    fn early(answer: Result<Answer, RunError>) -> Done {
        Done { answer, spent: Spent::default(), silent: false }
    }
}

/// The latest time of these rows.
fn latest<'b>(batches: impl Iterator<Item = &'b RecordBatch>) -> Option<f64> {
    batches
        .filter_map(|batch| batch.column_by_name("_time")?.as_primitive_opt::<Float64Type>())
        .filter_map(max)
        .reduce(f64::max)
}

/// The answer of a search that found nothing.
fn no_rows() -> Answer {
    Answer { schema: Arc::new(Schema::empty()), batches: Vec::new(), notes: Vec::new() }
}

pub(crate) struct Probe {
    pub(crate) requests: Vec<ReadRequest>,
    /// Over no events, where that was worked out.
    answer: Option<Result<Answer, RunError>>,
    /// What it reads depends on what it found.
    pub(crate) dynamic: bool,
    /// Those of its requests without whose events it gives nothing.
    needed: Vec<usize>,
    /// Without events it gives no rows, and says nothing.
    silent: bool,
    pub(crate) key: Option<Key>,
}

impl Probe {
    fn known(reads: &Reads) -> Probe {
        let Reads { requests, needed, silent, dynamic, key } = reads.clone();
        Probe { requests, answer: None, dynamic, needed, silent, key }
    }

    fn reads(&self) -> Reads {
        let Probe { requests, needed, silent, dynamic, key, answer: _ } = self;
        let (requests, needed, key) = (requests.clone(), needed.clone(), key.clone());
        Reads { requests, needed, silent: *silent, dynamic: *dynamic, key }
    }
}

/// The rows of a search's requests.
type Kept = Vec<(ReadRequest, Vec<RecordBatch>)>;

/// For each request, where all who want it give nothing without events for some others: those
/// others, for each who wants it.
fn only_if(probes: &[Probe], places: &[Vec<usize>], requests: usize) -> Vec<OnlyIf> {
    let mut only_if = vec![Vec::new(); requests];
    let mut always = vec![false; requests];
    for (probe, own) in probes.iter().zip(places) {
        for (nth, at) in own.iter().enumerate() {
            let others = probe.needed.iter().filter(|other| **other != nth);
            let others: Vec<usize> =
                others.filter_map(|other| own.get(*other)).copied().filter(|o| o != at).collect();
            always[*at] |= others.is_empty();
            only_if[*at].push(others);
        }
    }
    for (others, always) in only_if.iter_mut().zip(always) {
        if always {
            others.clear();
        }
    }
    only_if
}

/// Whether what a pipeline reads depends on rows: a filter with a search in brackets, `map`.
fn dynamic(bound: &Bound) -> bool {
    bound.stages.iter().any(|stage| {
        let inner = stage.command.subsearches();
        let filters = matches!(stage.spec.name, "search" | "tstats" | "where") && !inner.is_empty();
        filters || matches!(stage.spec.name, "map") || inner.into_iter().any(dynamic)
    })
}
