//! A reading that is ended early gives what it read.

use crate::many::{Quiet, search};
use crate::{Only, base};
use davy_events::{Meta, Options};
use davy_exec::{
    Config, EventSource, FileSource, Input, InputReport, Place, Progress, Session, prepare,
};
use davy_plan::{Knowledge, rows_of};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// Raises the flag when so many inputs are read.
struct After(AtomicUsize, Arc<AtomicBool>);

impl Progress for After {
    fn read(&self, _: &InputReport) {
        if self.0.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.1.store(true, Ordering::Relaxed);
        }
    }
}

/// How many events a search counts, and how many were read.
fn counted(after: usize, threads: usize) -> (u64, u64) {
    let input = |at: usize| {
        let lines =
            (0..2000).map(|i| format!("{{\"_time\":{},\"code\":{i}}}\n", 1_777_890_000 + at));
        let meta = Meta { name: format!("{at}.json"), ..Meta::default() };
        Input { place: Place::Bytes(Arc::from(lines.collect::<String>().into_bytes())), meta }
    };
    let stop = Arc::new(AtomicBool::new(false));
    let files = FileSource::new((0..20).map(input).collect(), Options::default())
        .with_progress(Arc::new(After(AtomicUsize::new(after), stop.clone())));
    let source: Arc<dyn EventSource> = Arc::new(files.clone());
    let knowledge = Only(base("addon: none\ndescription: None.\n", ""));
    let prepared = prepare("search", "search code=* | stats count", knowledge.macros());
    let session = Session::new(Config { partitions: threads, ..Config::default() }).unwrap();
    let all = [search(&prepared, &source, &knowledge)];
    let many = session.run_many(all.as_slice(), &source, &stop, &Quiet).unwrap();
    assert_eq!(many.stopped, stop.load(Ordering::Relaxed));
    let answer = many.answers.into_iter().next().unwrap().unwrap();
    let rows = rows_of(&answer.schema, &answer.batches).unwrap();
    let count = rows.rows[0][0].num().unwrap() as u64;
    let reports = files.reports();
    let whole = reports.iter().filter(|report| !report.cut);
    assert!(whole.clone().all(|report| report.counts.events == 2000), "a part passes for a whole");
    assert!(whole.count() >= after.min(20), "what was told as read is whole");
    (count, reports.iter().map(|report| report.counts.events).sum())
}

#[test]
fn all_that_was_read_before_a_stop_is_looked_at() {
    for threads in [1, 3] {
        for after in [1, 7, 12] {
            let (count, read) = counted(after, threads);
            assert_eq!(count, read, "after {after} of {threads} threads");
            assert!((after as u64 * 2000..40_000).contains(&read), "{read} after {after}");
        }
    }
    assert_eq!(counted(100, 2), (40_000, 40_000));
}
