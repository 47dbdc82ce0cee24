//! What a search reads, as far as that can be kept from one run to the next.

use crate::source::ReadRequest;
use serde::{Deserialize, Serialize};

/// What an earlier run learnt of a search: it holds for the same search, macros, lookup tables and
/// data models, whatever the time and the events.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Reads {
    pub(crate) requests: Vec<ReadRequest>,
    /// Those of its requests without whose events it gives nothing.
    pub(crate) needed: Vec<usize>,
    /// Without events it gives no rows, and says nothing.
    pub(crate) silent: bool,
}

impl Reads {
    /// `None` for what may be another the next time: a range of times is counted from now.
    pub(crate) fn new(requests: &[ReadRequest], needed: &[usize], silent: bool) -> Option<Reads> {
        let timeless = |r: &ReadRequest| r.earliest <= 0.0 && r.latest == f64::INFINITY;
        let keeps = !requests.is_empty() && requests.iter().all(timeless);
        keeps.then(|| Reads { requests: requests.to_vec(), needed: needed.to_vec(), silent })
    }
}
