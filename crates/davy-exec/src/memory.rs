//! What one search may hold.
//!
//! Searches that compute at the same time have a share each: one that explodes takes nothing from
//! the others.

use crate::pool::Pool;
use datafusion::arrow::array::ArrayData;
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::common::DataFusionError;
use datafusion::execution::TaskContext;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryPool, MemoryReservation};
use datafusion::execution::runtime_env::RuntimeEnv;
use davy_plan::Failed;
use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

/// The memory of one search.
#[derive(Debug)]
pub(crate) struct Memory {
    /// `None`: as much as there is.
    limited: Option<Limited>,
}

#[derive(Debug)]
struct Limited {
    bytes: usize,
    pool: Arc<dyn MemoryPool>,
    /// Rows that commands hold while the search is planned.
    rows: Mutex<MemoryReservation>,
}

impl Memory {
    pub(crate) fn new(bytes: Option<usize>) -> Memory {
        let limited = bytes.map(|bytes| {
            let pool: Arc<dyn MemoryPool> = Arc::new(Pool::new(bytes));
            let rows = Mutex::new(MemoryConsumer::new("rows in hand").register(&pool));
            Limited { bytes, pool, rows }
        });
        Memory { limited }
    }

    /// What operators run in: as given, unless the search has a limit of its own.
    pub(crate) fn task(&self, task: TaskContext) -> TaskContext {
        let Some(limited) = &self.limited else { return task };
        let shared = task.runtime_env();
        let own = RuntimeEnv { memory_pool: limited.pool.clone(), ..shared.as_ref().clone() };
        task.with_runtime(Arc::new(own))
    }

    pub(crate) fn reserve(&self, bytes: usize) -> Result<(), Failed> {
        let Some(limited) = &self.limited else { return Ok(()) };
        limited.rows().try_grow(bytes).map_err(|_| limited.too_much())
    }

    pub(crate) fn held(&self) -> usize {
        self.limited.as_ref().map_or(0, |limited| limited.rows().size())
    }

    pub(crate) fn release(&self, held: usize) {
        if let Some(limited) = &self.limited {
            let rows = limited.rows();
            rows.shrink(rows.size().saturating_sub(held));
        }
    }

    /// An error of the engine; said in the user's words where it is that of this limit.
    pub(crate) fn told(&self, error: DataFusionError) -> Failed {
        match (&self.limited, error.find_root()) {
            (Some(limited), DataFusionError::ResourcesExhausted(_)) => limited.too_much(),
            _ => error.into(),
        }
    }

    /// The bytes that the search may hold, and those who hold them.
    pub(crate) fn limit(&self) -> Option<(usize, &Arc<dyn MemoryPool>)> {
        self.limited.as_ref().map(|limited| (limited.bytes, &limited.pool))
    }

    pub(crate) fn pool(&self) -> Option<&Arc<dyn MemoryPool>> {
        self.limit().map(|(_, pool)| pool)
    }
}

impl Limited {
    fn rows(&self) -> std::sync::MutexGuard<'_, MemoryReservation> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn too_much(&self) -> Failed {
        davy_plan::codes::OUT_OF_MEMORY
            .bare(format!(
                "the search needs more than {} MB of memory",
                self.bytes.div_ceil(1 << 20)
            ))
            .help("narrow it before it joins or groups, or give it more with --memory-limit")
            .into()
    }
}

/// Bytes of the buffers that were not seen before.
pub(crate) fn bytes_of(batch: &RecordBatch, seen: &mut HashSet<usize>) -> usize {
    batch.columns().iter().map(|column| bytes(&column.to_data(), seen)).sum()
}

fn bytes(data: &ArrayData, seen: &mut HashSet<usize>) -> usize {
    let nulls = data.nulls().map(|nulls| nulls.buffer());
    let buffers = data.buffers().iter().chain(nulls);
    let fresh = buffers.filter(|b| seen.insert(b.data_ptr().as_ptr() as usize));
    let own: usize = fresh.map(|b| b.capacity()).sum();
    own + data.child_data().iter().map(|child| bytes(child, seen)).sum::<usize>()
}
