//! What a content's searches read, kept from one run to the next.

use crate::second::ReadsRisk;
use davy_exec::Reads;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// What is kept of each detection. It holds for the same content, add-ons, data models and lookup
/// tables; whoever keeps it sees to that.
#[derive(Debug, Default)]
pub struct Compiled {
    known: BTreeMap<String, Entry>,
    learnt: Mutex<BTreeMap<String, Entry>>,
}

/// What is kept of one detection.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Entry {
    pub(crate) reads_risk: ReadsRisk,
    /// The lookups that it reads.
    pub(crate) lookups: Vec<String>,
    pub(crate) reads: Reads,
}

impl Compiled {
    /// What [`Compiled::to_bytes`] gave. Anything else is nothing kept.
    pub fn from_bytes(bytes: &[u8]) -> Compiled {
        let known = postcard::from_bytes(bytes).unwrap_or_default();
        Compiled { known, learnt: Mutex::default() }
    }

    /// All that is known; `None` where this run learnt nothing.
    pub fn to_bytes(&self) -> Option<Vec<u8>> {
        let mut learnt = self.learnt.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if learnt.is_empty() {
            return None;
        }
        self.known.iter().for_each(|(path, entry)| {
            learnt.entry(path.clone()).or_insert_with(|| entry.clone());
        });
        postcard::to_stdvec(&learnt).ok()
    }

    pub(crate) fn get(&self, path: &str) -> Option<&Entry> {
        self.known.get(path)
    }

    pub(crate) fn learn(&self, path: &str, entry: Entry) {
        let mut learnt = self.learnt.lock().unwrap_or_else(PoisonError::into_inner);
        learnt.insert(path.to_owned(), entry);
    }
}
