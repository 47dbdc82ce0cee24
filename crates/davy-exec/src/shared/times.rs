//! Where the time of a reading went, over all of its threads.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Core time by kind of work.
#[derive(Debug, Default)]
pub(crate) struct Times {
    read: AtomicU64,
    whole: AtomicU64,
    matched: AtomicU64,
    made: AtomicU64,
}

/// Core time of a reading: the sum over its threads.
#[derive(Debug, Clone, Copy, Default)]
pub struct ScanProfile {
    /// Getting the bytes of files.
    pub read: Duration,
    /// Making events of them.
    pub decode: Duration,
    /// Which searches can match what kind of events, and which events they match.
    pub matched: Duration,
    /// Making the fields of events that matched, and keeping them.
    pub rest: Duration,
}

fn add(to: &AtomicU64, time: Duration) {
    to.fetch_add(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX), Ordering::Relaxed);
}

impl Times {
    /// A thread's part of the reading, of which it took `read` to get the bytes.
    pub(super) fn part(&self, started: Instant, read: Duration) {
        add(&self.whole, started.elapsed());
        add(&self.read, read);
    }

    pub(super) fn matched(&self, started: Instant) {
        add(&self.matched, started.elapsed());
    }

    pub(super) fn made(&self, started: Instant) {
        add(&self.made, started.elapsed());
    }

    pub(crate) fn profile(&self) -> ScanProfile {
        let of = |time: &AtomicU64| Duration::from_nanos(time.load(Ordering::Relaxed));
        let (read, matched, rest) = (of(&self.read), of(&self.matched), of(&self.made));
        let decode = of(&self.whole).saturating_sub(read).saturating_sub(matched);
        ScanProfile { read, decode: decode.saturating_sub(rest), matched, rest }
    }
}
