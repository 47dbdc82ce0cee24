//! The memory that a session's searches may hold.

use datafusion::common::{DataFusionError, Result};
use datafusion::execution::memory_pool::{
    MemoryConsumer, MemoryLimit, MemoryPool, MemoryReservation, human_readable_size,
};
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// As DataFusion's `FairSpillPool`, those who can spill share alike what the others leave; but they
/// never take the last quarter, or merging what two sorts hold would fail for want of a few bytes.
#[derive(Debug)]
pub(crate) struct Pool {
    limit: usize,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// How many can spill.
    spillers: usize,
    spillable: usize,
    fixed: usize,
}

impl Pool {
    pub(crate) fn new(limit: usize) -> Pool {
        Pool { limit, state: Mutex::new(State::default()) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
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
        self.state().spillers += usize::from(consumer.can_spill());
    }

    fn unregister(&self, consumer: &MemoryConsumer) {
        let mut state = self.state();
        state.spillers = state.spillers.saturating_sub(usize::from(consumer.can_spill()));
    }

    fn grow(&self, reservation: &MemoryReservation, additional: usize) {
        let mut state = self.state();
        match reservation.consumer().can_spill() {
            true => state.spillable += additional,
            false => state.fixed += additional,
        }
    }

    fn shrink(&self, reservation: &MemoryReservation, shrink: usize) {
        let mut state = self.state();
        let of = match reservation.consumer().can_spill() {
            true => &mut state.spillable,
            false => &mut state.fixed,
        };
        *of = of.saturating_sub(shrink);
    }

    fn try_grow(&self, reservation: &MemoryReservation, additional: usize) -> Result<()> {
        let mut state = self.state();
        let free = match reservation.consumer().can_spill() {
            true => {
                let shared = self.limit.saturating_sub(state.fixed.max(self.limit / 4));
                let own = shared / state.spillers.max(1);
                own.saturating_sub(reservation.size())
            }
            false => self.limit.saturating_sub(state.fixed + state.spillable),
        };
        if additional > free {
            return Err(DataFusionError::ResourcesExhausted(format!(
                "{} needs {} more and may have {}",
                reservation.consumer().name(),
                human_readable_size(additional),
                human_readable_size(free),
            )));
        }
        match reservation.consumer().can_spill() {
            true => state.spillable += additional,
            false => state.fixed += additional,
        }
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
