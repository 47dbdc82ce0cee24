//! Rows counted as a command makes them, so that a search that explodes ends before the memory does.

use crate::plan::{Engine, Failed, PlanCx};
use crate::value::Val;

/// Rows, or steps, after which the engine is asked whether to go on.
const STEPS: usize = 512;
/// Bytes that are told at once.
const BYTES: usize = 1 << 20;

/// What a command makes while planning. Each row and each step is told; every so often the engine
/// is asked whether the search may hold so much and go on so long.
pub(crate) struct Counted<'c> {
    engine: &'c dyn Engine,
    bytes: usize,
    steps: usize,
}

impl<'c> Counted<'c> {
    pub(crate) fn new(cx: &'c PlanCx<'_>) -> Self {
        Counted { engine: cx.engine, bytes: 0, steps: 0 }
    }

    /// A row that is held.
    pub(crate) fn row(&mut self, row: &[Val<'_>]) -> Result<(), Failed> {
        let text = |value: &Val<'_>| match value {
            Val::Str(text) => text.len(),
            _ => 0,
        };
        let own = size_of::<Vec<Val<'_>>>() + size_of_val(row);
        self.bytes += own + row.iter().map(text).sum::<usize>();
        if self.bytes >= BYTES {
            self.engine.reserve(std::mem::take(&mut self.bytes))?;
        }
        self.step()
    }

    /// Something was compared or looked for that makes no row.
    pub(crate) fn step(&mut self) -> Result<(), Failed> {
        self.steps += 1;
        match self.steps.is_multiple_of(STEPS) {
            true => self.engine.go_on(),
            false => Ok(()),
        }
    }
}
