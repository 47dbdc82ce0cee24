//! Rows that must meet those of a join's other side: until these are known, only their numbers are
//! kept, and what they must meet by.

use super::kept::Passed;
use datafusion::arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use datafusion::arrow::datatypes::Float64Type;
use davy_events::mv;
use foldhash::fast::FixedState;
use std::collections::HashSet;
use std::hash::BuildHasher;
use std::sync::Arc;

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

/// In place of a hash: no row of the other side has it.
const NOTHING: u64 = u64::MAX;
/// In place of a hash: several texts, or what is no text.
const OTHER: u64 = u64::MAX - 1;

/// What each row of a column holds: a text's hash, or one of those above. `absent` is the text that
/// stands for none.
pub(super) fn held(column: &ArrayRef, absent: Option<&str>) -> Vec<u64> {
    let Some(texts) = column.as_string_view_opt() else { return vec![OTHER; column.len()] };
    let one = |text: Option<&str>| match text.or(absent) {
        None => NOTHING,
        Some(text) if mv::is_multi(text) => OTHER,
        // One that hashes to one of the two is as likely as any; it is then looked at.
        Some(text) => match hash(text) {
            NOTHING => OTHER,
            hash => hash,
        },
    };
    texts.iter().map(one).collect()
}

/// Rows of a batch: the number of each, and what it holds. Requests that want the same rows by the
/// same field share them.
#[derive(Clone)]
pub(super) struct Rows {
    rows: Arc<[(u64, u64)]>,
    passed: Passed,
}

impl Rows {
    /// Rows of a batch, by their places in it.
    pub(super) fn new(batch: &RecordBatch, numbers: &[u64], held: &[u64], rows: &[u32]) -> Rows {
        let times = batch.column_by_name("_time").and_then(|c| c.as_primitive_opt::<Float64Type>());
        let mut passed = Passed::default();
        let mut kept = Vec::with_capacity(rows.len());
        for row in rows.iter().map(|row| *row as usize) {
            let (Some(number), Some(held)) = (numbers.get(row), held.get(row)) else { continue };
            let time = times.filter(|times| row < times.len() && times.is_valid(row));
            passed.add(Passed { rows: 1, latest: time.map(|times| times.value(row)) });
            if *held != NOTHING {
                kept.push((*number, *held));
            }
        }
        Rows { rows: kept.into(), passed }
    }
}

/// The rows of a request that wait for what they must meet.
#[derive(Default)]
pub(super) struct Waiting {
    parts: Vec<Arc<[(u64, u64)]>>,
    passed: Passed,
}

impl Waiting {
    pub(super) fn add(&mut self, rows: Rows) {
        self.parts.push(rows.rows);
        self.passed.add(rows.passed);
    }

    pub(super) fn append(&mut self, mut other: Waiting) {
        self.parts.append(&mut other.parts);
        self.passed.add(other.passed);
    }

    /// No row passed.
    pub(super) fn is_empty(&self) -> bool {
        self.passed.rows == 0
    }

    /// The numbers of those that meet one of `keys`, in any order, and the others.
    pub(super) fn meeting(self, keys: Option<&Keys>) -> (Vec<u64>, Passed) {
        let meets = |held: u64| held == OTHER || keys.is_none_or(|keys| keys.0.contains(&held));
        let rows = self.parts.iter().flat_map(|part| part.iter());
        let rows = rows.filter(|(_, held)| meets(*held));
        let numbers: Vec<u64> = rows.map(|(number, _)| *number).collect();
        let rows = self.passed.rows - numbers.len();
        (numbers, Passed { rows, ..self.passed })
    }
}
