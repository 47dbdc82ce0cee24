//! The files of content folders, and whether they are as they were.

use davy_content::{Hash, InputFile, hash};
use davy_exec::VisitedFolders;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::ffi::OsString;
use std::fs::{self, DirEntry, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// Folders in folders, at most.
pub(crate) const MAX_DEPTH: usize = 16;

/// Times of files are this much coarser than clocks, at most: FAT counts every second one.
const COARSE: Duration = Duration::from_secs(2);

/// A content file, before it is read.
pub(crate) struct Found {
    path: PathBuf,
    /// The path as it is shown.
    pub(crate) name: String,
    stamp: Option<Stamp>,
}

/// What changes when a file does. Who writes a file can set its size and its time of change back to
/// what they were, but not the time at which it was last touched at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Stamp {
    size: u64,
    modified: u128,
    /// Where the system tells them: the time of the last touch, and the place on disk.
    touched: (i64, i64),
    inode: u64,
}

/// A file as it was when it was read.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Known<'a> {
    name: &'a str,
    /// `None` where the file had been written so shortly before that one written again could look
    /// the same.
    stamp: Option<Stamp>,
    /// `None` for one that is of no use.
    text: Option<Hash>,
}

/// The YAML files below a folder, or the one file, in order of their names.
pub(crate) fn list(path: &Path, stamped: bool) -> io::Result<Vec<Found>> {
    let mut listing = Listing::default();
    match path.is_dir() {
        true => listing.folder(path, 0)?,
        false => listing.files.push(Entry::Path(path.to_path_buf())),
    }
    // The system takes most of the time, for each file.
    let files = listing.files.into_par_iter().with_min_len(64);
    Ok(files.map(|file| file.found(stamped)).collect())
}

#[derive(Default)]
struct Listing {
    files: Vec<Entry>,
    visited: VisitedFolders,
}

enum Entry {
    /// Known to be a file.
    Of(DirEntry),
    Path(PathBuf),
}

impl Listing {
    fn folder(&mut self, path: &Path, depth: usize) -> io::Result<()> {
        if depth > MAX_DEPTH || !self.visited.visit(path)? {
            return Ok(());
        }
        let children = fs::read_dir(path)?.flatten();
        let mut children: Vec<(OsString, DirEntry)> =
            children.map(|child| (child.file_name(), child)).collect();
        children.sort_by(|(a, _), (b, _)| a.cmp(b));
        for (name, child) in children {
            // Add-ons and models are no detections; see `knowledge_texts`.
            let knowledge = depth == 0 && (name == "addons" || name == "models");
            if knowledge || name.as_encoded_bytes().starts_with(b".") {
                continue;
            }
            // Links are followed.
            if child.file_type().is_ok_and(|kind| kind.is_file()) {
                if is_content(Path::new(&name)) {
                    self.files.push(Entry::Of(child));
                }
                continue;
            }
            let child = child.path();
            match child.is_dir() {
                true => self.folder(&child, depth + 1)?,
                // To open a pipe waits for who writes to it, perhaps for ever.
                false if is_content(&child) && !is_special(&child) => {
                    self.files.push(Entry::Path(child));
                }
                false => {}
            }
        }
        Ok(())
    }
}

impl Entry {
    fn found(self, stamped: bool) -> Found {
        let (path, about) = match self {
            // Looked for from its folder on, not from the root.
            Entry::Of(entry) => (entry.path(), stamped.then(|| entry.metadata())),
            Entry::Path(path) => {
                let about = stamped.then(|| fs::metadata(&path));
                (path, about)
            }
        };
        let stamp = about.and_then(Result::ok).and_then(|about| Stamp::of(&about));
        Found { name: path.display().to_string(), path, stamp }
    }
}

fn is_content(path: &Path) -> bool {
    let yaml = path.extension().is_some_and(|e| e == "yml" || e == "yaml");
    yaml && path.file_name().is_some_and(|n| n != "contentctl.yml")
}

/// Whether something is there that is neither a file nor a folder.
fn is_special(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|about| !about.is_file() && !about.is_dir())
}

impl Stamp {
    fn of(about: &Metadata) -> Option<Stamp> {
        #[cfg(unix)]
        let (touched, inode) = {
            use std::os::unix::fs::MetadataExt;
            ((about.ctime(), about.ctime_nsec()), about.ino())
        };
        #[cfg(not(unix))]
        let (touched, inode) = ((0, 0), 0);
        Some(Stamp { size: about.len(), modified: nanos(about.modified().ok()?)?, touched, inode })
    }

    /// Whether any later change gives the file another stamp.
    fn is_settled(&self, now: SystemTime) -> bool {
        let Some(before) = now.checked_sub(COARSE).and_then(nanos) else { return false };
        let touched = match self.touched {
            (0, 0) => 0,
            (seconds, nanos) => {
                u128::try_from(i128::from(seconds) * 1_000_000_000 + i128::from(nanos))
                    .unwrap_or(u128::MAX)
            }
        };
        self.modified < before && touched < before
    }
}

fn nanos(time: SystemTime) -> Option<u128> {
    Some(time.duration_since(SystemTime::UNIX_EPOCH).ok()?.as_nanos())
}

/// The texts of files, in their order.
pub(crate) fn read_all(files: &[Found]) -> Result<Vec<InputFile>, (PathBuf, io::Error)> {
    let read = |file: &Found| {
        let text = read(&file.path).map_err(|e| (file.path.clone(), e))?;
        Ok(InputFile { path: file.name.clone(), text })
    };
    files.par_iter().map(read).collect()
}

/// Bytes that are no UTF-8 are replaced.
pub(crate) fn read(path: &Path) -> io::Result<String> {
    let bytes = fs::read(path)?;
    Ok(match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(e) => String::from_utf8_lossy(e.as_bytes()).into_owned(),
    })
}

/// How a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// As it was.
    Same,
    /// Its text is as it was, and looks as if it were not.
    Touched,
    Changed,
}

impl Found {
    /// The file as it was read at `now` or later.
    pub(crate) fn known(&self, text: Option<Hash>, now: SystemTime) -> Known<'_> {
        let stamp = self.stamp.filter(|stamp| stamp.is_settled(now));
        Known { name: &self.name, stamp, text }
    }

    /// How the file is, which was once known as `was`.
    pub(crate) fn state(&self, was: &Known<'_>) -> State {
        match was.text {
            _ if was.name != self.name => State::Changed,
            None => State::Same,
            Some(_) if was.stamp.is_some() && was.stamp == self.stamp => State::Same,
            Some(text) => match read(&self.path) {
                Ok(found) if hash(&found) == text => State::Touched,
                _ => State::Changed,
            },
        }
    }
}

impl Known<'_> {
    pub(crate) fn text(&self) -> Option<Hash> {
        self.text
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::{Found, State, list};
    use davy_content::hash;
    use std::fs;
    use std::path::PathBuf;
    use std::time::{Duration, SystemTime};

    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Folder {
            let path = std::env::temp_dir().join(format!("davy-{name}-{}", std::process::id()));
            fs::create_dir_all(&path).unwrap();
            Folder(path)
        }

        /// The one file, written and found.
        fn file(&self, text: &str) -> Found {
            fs::write(self.0.join("a.yml"), text).unwrap();
            self.found()
        }

        fn found(&self) -> Found {
            list(&self.0, true).unwrap().pop().unwrap()
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn a_file_is_read_again_where_its_times_say_nothing() {
        let folder = Folder::new("times");
        let file = folder.file("a: 1");
        let (wrong, right) = (Some(hash("b: 2")), Some(hash("a: 1")));
        let later = SystemTime::now() + Duration::from_secs(60);
        // Read long after it was written: it is not looked into.
        assert_eq!(folder.found().state(&file.known(wrong, later)), State::Same);
        // Read just after: a second writing could have the same time.
        let now = SystemTime::now();
        assert_eq!(folder.found().state(&file.known(wrong, now)), State::Changed);
        assert_eq!(folder.found().state(&file.known(right, now)), State::Touched);
    }

    #[test]
    fn a_file_that_was_written_again_is_read() {
        let folder = Folder::new("written");
        let old = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
        let age = || {
            let file = fs::File::options().write(true).open(folder.0.join("a.yml")).unwrap();
            file.set_modified(old + Duration::from_secs(1)).unwrap();
            folder.found()
        };
        let later = SystemTime::now() + Duration::from_secs(60);
        let file = folder.file("a: 1");
        let known = file.known(Some(hash("a: 1")), later);
        assert_eq!(folder.file("a: 3").state(&known), State::Changed);
        assert_eq!(folder.file("a: 1").state(&known), State::Touched);
        assert_eq!(age().state(&known), State::Touched);
        fs::rename(folder.0.join("a.yml"), folder.0.join("b.yml")).unwrap();
        assert_eq!(folder.found().state(&known), State::Changed);
    }
}
