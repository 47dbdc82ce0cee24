//! What one search may hold.
//!
//! Searches that compute at the same time have a share each: one that explodes takes nothing from
//! the others.

use crate::pool::Pool;
use datafusion::execution::TaskContext;
use datafusion::execution::memory_pool::MemoryPool;
use datafusion::execution::runtime_env::RuntimeEnv;
use std::sync::Arc;

/// The memory of one search.
#[derive(Debug)]
pub(crate) struct Memory {
    /// `None`: as much as there is.
    limited: Option<(usize, Arc<dyn MemoryPool>)>,
}

impl Memory {
    pub(crate) fn new(bytes: Option<usize>, partitions: usize) -> Memory {
        Memory { limited: bytes.map(|bytes| (bytes, Arc::new(Pool::new(bytes, partitions)) as _)) }
    }

    pub(crate) fn bytes(&self) -> Option<usize> {
        self.limited.as_ref().map(|(bytes, _)| *bytes)
    }

    pub(crate) fn pool(&self) -> Option<&Arc<dyn MemoryPool>> {
        self.limited.as_ref().map(|(_, pool)| pool)
    }

    /// What operators run in: as given, unless the search has a limit of its own.
    pub(crate) fn task(&self, task: TaskContext) -> TaskContext {
        let Some((_, pool)) = &self.limited else { return task };
        let shared = task.runtime_env();
        let own = RuntimeEnv { memory_pool: pool.clone(), ..shared.as_ref().clone() };
        task.with_runtime(Arc::new(own))
    }
}
