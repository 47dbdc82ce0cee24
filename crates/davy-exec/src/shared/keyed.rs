//! Rows that must meet those of a join's other side: until these are known, only their numbers are
//! kept, and what they must meet by.

use super::kept::Passed;
use datafusion::arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use datafusion::arrow::datatypes::Float64Type;
use davy_events::mv;
use foldhash::fast::FixedState;
use std::collections::HashSet;
use std::hash::BuildHasher;

/// Texts, by their hashes: of two that hash alike both are taken for one of them.
#[derive(Debug, Default)]
pub(crate) struct Keys(HashSet<u64>);

impl Keys {
    pub(crate) fn add(&mut self, text: &str) {
        self.0.insert(hash(text));
    }
}

fn hash(text: &str) -> u64 {
    FixedState::default().hash_one(text)
}

/// What rows of a batch hold in a column.
#[derive(Debug, Clone, Copy)]
pub(super) enum Held {
    /// No row of the other side has it.
    Nothing,
    /// One text, by its hash.
    Text(u64),
    /// Several, or what is no text.
    Other,
}

/// What each row of a column holds. `absent` is the text that stands for none.
pub(super) fn held(column: &ArrayRef, absent: Option<&str>) -> Vec<Held> {
    let Some(texts) = column.as_string_view_opt() else { return vec![Held::Other; column.len()] };
    let one = |text: Option<&str>| match text.or(absent) {
        None => Held::Nothing,
        Some(text) if mv::is_multi(text) => Held::Other,
        Some(text) => Held::Text(hash(text)),
    };
    texts.iter().map(one).collect()
}

/// The rows of a request that wait for what they must meet.
#[derive(Default)]
pub(super) struct Waiting {
    /// The numbers of rows, and what each holds.
    rows: Vec<(u64, Held)>,
    passed: Passed,
}

impl Waiting {
    /// Rows of a batch, by their places in it.
    pub(super) fn add(
        &mut self,
        batch: &RecordBatch,
        numbers: &[u64],
        held: &[Held],
        rows: &[u32],
    ) {
        let times = batch.column_by_name("_time").and_then(|c| c.as_primitive_opt::<Float64Type>());
        for row in rows.iter().map(|row| *row as usize) {
            let (Some(number), Some(held)) = (numbers.get(row), held.get(row)) else { continue };
            let time = times.filter(|times| row < times.len() && times.is_valid(row));
            self.passed.add(Passed { rows: 1, latest: time.map(|times| times.value(row)) });
            if !matches!(held, Held::Nothing) {
                self.rows.push((*number, *held));
            }
        }
    }

    pub(super) fn append(&mut self, mut other: Waiting) {
        self.rows.append(&mut other.rows);
        self.passed.add(other.passed);
    }

    /// No row passed.
    pub(super) fn is_empty(&self) -> bool {
        self.passed.rows == 0
    }

    /// The numbers of those that meet one of `keys`, in any order, and the others.
    pub(super) fn meeting(self, keys: Option<&Keys>) -> (Vec<u64>, Passed) {
        let meets = |held: &Held| match held {
            Held::Nothing => false,
            Held::Text(hash) => keys.is_none_or(|keys| keys.0.contains(hash)),
            Held::Other => true,
        };
        let rows = self.rows.into_iter().filter(|(_, held)| meets(held));
        let numbers: Vec<u64> = rows.map(|(number, _)| number).collect();
        let rows = self.passed.rows - numbers.len();
        (numbers, Passed { rows, ..self.passed })
    }
}
