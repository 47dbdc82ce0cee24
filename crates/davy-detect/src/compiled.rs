//! What a content's searches read, kept from one run to the next.

use crate::left_out::Why;
use crate::second::ReadsRisk;
use davy_exec::Reads;
use davy_plan::Env;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

/// What is kept of each detection. It holds for the same content, add-ons, data models and lookup
/// tables; whoever keeps it sees to that.
#[derive(Debug, Default)]
pub struct Compiled {
    known: Kept,
    learnt: Mutex<Kept>,
    unfilled: OnceLock<Unfilled>,
}

/// Empty lookups that some search writes, each with those searches.
pub(crate) type Unfilled = BTreeMap<String, Vec<String>>;

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Kept {
    /// By the detection's path.
    sound: BTreeMap<String, Entry>,
    /// Why a detection's search cannot run, in words too.
    unsound: BTreeMap<String, Flaw>,
    unfilled: Option<Unfilled>,
}

/// What is kept of one detection.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Entry {
    pub(crate) reads_risk: ReadsRisk,
    /// The lookups that it reads.
    pub(crate) lookups: Vec<String>,
    pub(crate) reads: Reads,
}

/// Why a search cannot run.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Flaw {
    pub(crate) why: Why,
    pub(crate) reason: String,
}

impl Compiled {
    /// What [`Compiled::to_bytes`] gave. Anything else is nothing kept.
    pub fn from_bytes(bytes: &[u8]) -> Compiled {
        let known = postcard::from_bytes(bytes).unwrap_or_default();
        Compiled { known, ..Compiled::default() }
    }

    /// All that is known; `None` where this run learnt nothing.
    pub fn to_bytes(&self) -> Option<Vec<u8>> {
        let Kept { mut sound, mut unsound, .. } = self.learnt().clone();
        let unfilled = self.unfilled.get();
        if sound.is_empty() && unsound.is_empty() && unfilled.is_none() {
            return None;
        }
        for (path, entry) in &self.known.sound {
            sound.entry(path.clone()).or_insert_with(|| entry.clone());
        }
        for (path, flaw) in &self.known.unsound {
            unsound.entry(path.clone()).or_insert_with(|| flaw.clone());
        }
        let unfilled = unfilled.or(self.known.unfilled.as_ref()).cloned();
        postcard::to_stdvec(&Kept { sound, unsound, unfilled }).ok()
    }

    fn learnt(&self) -> MutexGuard<'_, Kept> {
        self.learnt.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is kept of a detection, by the clock of `env`.
    pub(crate) fn get(&self, path: &str, env: &Env) -> Option<Cow<'_, Entry>> {
        let entry = self.known.sound.get(path)?;
        if !entry.reads.is_timed() {
            return Some(Cow::Borrowed(entry));
        }
        let entry = entry.clone();
        Some(Cow::Owned(Entry { reads: entry.reads.by(env)?, ..entry }))
    }

    pub(crate) fn learn(&self, path: &str, entry: Entry) {
        self.learnt().sound.insert(path.to_owned(), entry);
    }

    pub(crate) fn flaw(&self, path: &str) -> Option<&Flaw> {
        self.known.unsound.get(path)
    }

    pub(crate) fn learn_flaw(&self, path: &str, flaw: Flaw) {
        self.learnt().unsound.insert(path.to_owned(), flaw);
    }

    /// As it was learnt in this run or an earlier one.
    pub(crate) fn unfilled(&self, learn: impl FnOnce() -> Unfilled) -> &Unfilled {
        match &self.known.unfilled {
            Some(unfilled) => unfilled,
            None => self.unfilled.get_or_init(learn),
        }
    }
}
