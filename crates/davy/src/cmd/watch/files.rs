//! Which files there are, and whether they changed.
//!
//! Looking at lengths and times works on every file system and over the network, where notices of
//! changes do not.

use davy_exec::find_files;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant, SystemTime};

/// A file that changed less than this ago is taken to be written right now.
const SETTLED: Duration = Duration::from_millis(250);
/// A file that never rests is read all the same.
const PATIENCE: Duration = Duration::from_secs(5);

/// The files at one point in time.
#[derive(Debug, Clone, Default)]
pub(super) struct Seen {
    files: BTreeMap<PathBuf, (u64, Option<SystemTime>)>,
    at: Option<Instant>,
}

impl PartialEq for Seen {
    fn eq(&self, other: &Seen) -> bool {
        self.files == other.files
    }
}

impl Seen {
    /// The files now, and whether all of them rest.
    pub(super) fn look(paths: &[String]) -> (Seen, bool) {
        let (found, _) = find_files(paths);
        let now = SystemTime::now();
        let mut settled = true;
        let mut files = BTreeMap::new();
        for path in found {
            let Ok(meta) = std::fs::metadata(&path) else { continue };
            let changed = meta.modified().ok();
            let age = changed.and_then(|at| now.duration_since(at).ok());
            settled &= age.is_none_or(|age| age >= SETTLED);
            files.insert(path, (meta.len(), changed));
        }
        (Seen { files, at: Some(Instant::now()) }, settled)
    }

    /// Whether the last look was long ago.
    pub(super) fn waited(&self, now: &Seen) -> bool {
        match (self.at, now.at) {
            (Some(then), Some(now)) => now.duration_since(then) >= PATIENCE,
            _ => true,
        }
    }
}
