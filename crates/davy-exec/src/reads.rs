//! What a search reads, as far as that can be kept from one run to the next.

use crate::source::ReadRequest;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What an earlier run learnt of a search: it holds for the same search, macros, lookup tables and
/// data models, whatever the time and the events.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Reads {
    pub(crate) requests: Vec<ReadRequest>,
    /// Those of its requests without whose events it gives nothing.
    pub(crate) needed: Vec<usize>,
    /// Without events it gives no rows, and says nothing.
    pub(crate) silent: bool,
    pub(crate) key: Option<Key>,
}

/// A field of a search's first join, and the column of its first request in which each row must
/// hold what a row of the join's other side holds in that field.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Key {
    pub(crate) field: String,
    pub(crate) column: Arc<str>,
    /// The text that stands for none.
    pub(crate) absent: Option<Arc<str>>,
}

impl Reads {
    /// `None` for what may be another the next time: a range of times is counted from now.
    pub(crate) fn new(
        requests: &[ReadRequest],
        needed: &[usize],
        silent: bool,
        key: Option<&Key>,
    ) -> Option<Reads> {
        let timeless = |r: &ReadRequest| r.earliest <= 0.0 && r.latest == f64::INFINITY;
        let keeps = !requests.is_empty() && requests.iter().all(timeless);
        let (requests, needed, key) = (requests.to_vec(), needed.to_vec(), key.cloned());
        keeps.then_some(Reads { requests, needed, silent, key })
    }
}
