//! The memory that a session's searches may hold.

use datafusion::common::{DataFusionError, Result};
use datafusion::execution::memory_pool::{
    MemoryConsumer, MemoryLimit, MemoryPool, MemoryReservation, human_readable_size,
};
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// As DataFusion's `FairSpillPool`, those who can spill share alike what the others leave; but they
/// never take the last quarter, and where there are sorts they take three eighths: to put in order
/// what it holds, and to read back what went to disk, a sort needs memory that it does not count
/// with what it can spill. Sorts share a half for that; the last eighth is for rows in hand and for
/// those who merge what comes of several sorts.
///
/// Most of those who can spill hold nothing at a time; of what none of them uses each may have a
/// little: reading back groups takes some megabytes for each text among the keys, few as they are.
#[derive(Debug)]
pub(crate) struct Pool {
    limit: usize,
    /// Parts of a search that compute side by side.
    partitions: usize,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// How many can spill.
    spillers: usize,
    /// How many sorts there are.
    merges: usize,
    spillable: usize,
    fixed: usize,
}

impl State {
    fn take(&mut self, consumer: &MemoryConsumer, bytes: usize) {
        match consumer.can_spill() {
            true => self.spillable += bytes,
            false => self.fixed += bytes,
        }
    }

    /// What those who can spill leave to the others.
    fn kept(&self, limit: usize) -> usize {
        match self.merges {
            0 => limit / 4,
            _ => limit / 8 * 5,
        }
    }
}

impl Pool {
    pub(crate) fn new(limit: usize, partitions: usize) -> Pool {
        Pool { limit, partitions, state: Mutex::new(State::default()) }
    }

    /// How many sorts are at work at a time: of one step of a search, in each partition.
    fn sorting(&self, state: &State) -> usize {
        state.merges.min(self.partitions)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// DataFusion keeps the texts of keys in blocks of 2 MB and counts one that grows twice: this is for
/// three of them.
const LENT: usize = 12 << 20;

/// Whether it is the part of a sort that reads back what went to disk, by DataFusion's name for it.
fn merges_files(consumer: &MemoryConsumer) -> bool {
    consumer.name().starts_with("ExternalSorterMerge")
}

impl fmt::Display for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} in all", human_readable_size(self.limit))
    }
}

impl MemoryPool for Pool {
    fn name(&self) -> &str {
        "session"
    }

    fn register(&self, consumer: &MemoryConsumer) {
        let mut state = self.state();
        state.spillers += usize::from(consumer.can_spill());
        state.merges += usize::from(merges_files(consumer));
    }

    fn unregister(&self, consumer: &MemoryConsumer) {
        let mut state = self.state();
        state.spillers = state.spillers.saturating_sub(usize::from(consumer.can_spill()));
        state.merges = state.merges.saturating_sub(usize::from(merges_files(consumer)));
    }

    fn grow(&self, reservation: &MemoryReservation, additional: usize) {
        let mut state = self.state();
        state.take(reservation.consumer(), additional);
    }

    fn shrink(&self, reservation: &MemoryReservation, shrink: usize) {
        let mut state = self.state();
        match reservation.consumer().can_spill() {
            true => state.spillable = state.spillable.saturating_sub(shrink),
            false => state.fixed = state.fixed.saturating_sub(shrink),
        }
    }

    fn try_grow(&self, reservation: &MemoryReservation, additional: usize) -> Result<()> {
        let mut state = self.state();
        let free = match reservation.consumer().can_spill() {
            true => {
                let shared = self.limit.saturating_sub(state.fixed.max(state.kept(self.limit)));
                // What a sort holds grows no further than what it may have to put that in order.
                let own = shared / state.spillers.max(self.sorting(&state)).max(1);
                let all = state.fixed + state.spillable + additional;
                let part = match all <= self.limit - self.limit / 4 {
                    true => 8,
                    false => 16,
                };
                let lent = LENT.min(self.limit / part);
                own.max(lent).saturating_sub(reservation.size())
            }
            false => {
                let free = self.limit.saturating_sub(state.fixed + state.spillable);
                match merges_files(reservation.consumer()) {
                    true => {
                        let own = self.limit / 2 / self.sorting(&state).max(1);
                        let own = own.max((LENT / 2).min(self.limit / 4));
                        own.saturating_sub(reservation.size()).min(free)
                    }
                    false => free,
                }
            }
        };
        if additional > free {
            return Err(DataFusionError::ResourcesExhausted(format!(
                "{} needs {} more and may have {}",
                reservation.consumer().name(),
                human_readable_size(additional),
                human_readable_size(free),
            )));
        }
        state.take(reservation.consumer(), additional);
        Ok(())
    }

    fn reserved(&self) -> usize {
        let state = self.state();
        state.spillable + state.fixed
    }

    fn memory_limit(&self) -> MemoryLimit {
        MemoryLimit::Finite(self.limit)
    }
}
