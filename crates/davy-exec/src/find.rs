//! The files that paths, folders and globs name, each once.

use std::collections::{HashMap, HashSet};
use std::fs::{DirEntry, FileType, Metadata};
use std::io;
use std::path::{Path, PathBuf};

/// The files that paths, folders and globs name, each folder walked in order of names; and what
/// could not be read.
pub fn find_files(paths: &[String]) -> (Vec<PathBuf>, Vec<(String, io::Error)>) {
    let mut finder = Finder::default();
    paths.iter().for_each(|path| finder.find(path));
    (finder.files, finder.errors)
}

/// Finds files path by path. One that several paths or links lead to is found where the first does.
#[derive(Debug, Default)]
pub struct Finder {
    /// In the order of the paths, and of names in each folder.
    pub files: Vec<PathBuf>,
    /// What could not be read, by its path.
    pub errors: Vec<(String, io::Error)>,
    folders: VisitedFolders,
    /// Places in `files`.
    known: HashMap<Id, usize>,
}

/// Folders that were visited: links can lead back into a folder, and would do so without end.
#[derive(Debug, Default)]
pub struct VisitedFolders(HashSet<Id>);

impl VisitedFolders {
    /// Whether the folder is met for the first time.
    pub fn visit(&mut self, folder: &Path) -> io::Result<bool> {
        Ok(self.0.insert(id(folder, &std::fs::metadata(folder)?)?))
    }
}

/// What tells a file or folder from all others: device and number, or else the path without links.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Id {
    #[cfg(unix)]
    device: u64,
    #[cfg(unix)]
    number: u64,
    #[cfg(not(unix))]
    path: PathBuf,
}

#[cfg(unix)]
fn id(_: &Path, meta: &Metadata) -> io::Result<Id> {
    use std::os::unix::fs::MetadataExt;
    Ok(Id { device: meta.dev(), number: meta.ino() })
}

#[cfg(not(unix))]
fn id(path: &Path, _: &Metadata) -> io::Result<Id> {
    Ok(Id { path: path.canonicalize()? })
}

/// The id of a file in a folder as the folder tells it: to ask the system for each file takes long.
/// Where file systems lie over each other it need not be the right one.
#[cfg(unix)]
fn told_id(folder: &Id, entry: &DirEntry) -> Id {
    use std::os::unix::fs::DirEntryExt;
    Id { device: folder.device, number: entry.ino() }
}

#[cfg(not(unix))]
fn told_id(folder: &Id, entry: &DirEntry) -> Id {
    Id { path: folder.path.join(entry.file_name()) }
}

const MAX_DEPTH: usize = 64;

impl Finder {
    /// Adds what a path, folder or glob names.
    pub fn find(&mut self, path: &str) {
        let as_path = Path::new(path);
        if as_path.exists() || !path.contains(['*', '?', '[']) {
            match std::fs::metadata(as_path) {
                Ok(meta) if meta.is_dir() => self.folder(as_path, &meta, 0),
                // A pipe, such as the shell makes of `<(…)`, is read when it is asked for by name.
                Ok(meta) => self.file(as_path.to_path_buf(), id(as_path, &meta)),
                Err(e) => self.error(as_path, e),
            }
            return;
        }
        match glob::glob(path) {
            Ok(entries) => {
                let mut fits = false;
                for entry in entries {
                    fits = true;
                    match entry {
                        Ok(entry) => self.child(entry, 0),
                        Err(e) => {
                            let path = e.path().to_path_buf();
                            self.error(&path, e.into());
                        }
                    }
                }
                if !fits {
                    self.error(as_path, io::Error::other("no file fits this pattern"));
                }
            }
            Err(e) => self.error(as_path, io::Error::other(e.to_string())),
        }
    }

    fn error(&mut self, path: &Path, error: io::Error) {
        self.errors.push((path.display().to_string(), error));
    }

    /// What was not asked for by its own name: links are followed.
    fn child(&mut self, path: PathBuf, depth: usize) {
        match std::fs::metadata(&path) {
            Ok(meta) if meta.is_dir() => self.folder(&path, &meta, depth),
            Ok(meta) if meta.is_file() => {
                let id = id(&path, &meta);
                self.file(path, id);
            }
            // To open a pipe waits for who writes to it, perhaps for ever.
            Ok(_) => self.error(&path, io::Error::other("neither a file nor a folder; skipped")),
            Err(e) => self.error(&path, e),
        }
    }

    fn file(&mut self, path: PathBuf, id: io::Result<Id>) {
        let Ok(id) = id else { return self.files.push(path) };
        let first = self.known.get(&id).and_then(|at| self.files.get(*at));
        if first.is_some_and(|first| is_same(first, &path)) {
            return;
        }
        self.known.insert(id, self.files.len());
        self.files.push(path);
    }

    fn folder(&mut self, path: &Path, meta: &Metadata, depth: usize) {
        if depth > MAX_DEPTH {
            return self.error(path, io::Error::other("folders nest too deep"));
        }
        let own = match id(path, meta) {
            Ok(own) => own,
            Err(e) => return self.error(path, e),
        };
        if !self.folders.0.insert(own.clone()) {
            return;
        }
        let entries = match std::fs::read_dir(path) {
            Ok(entries) => entries,
            Err(e) => return self.error(path, e),
        };
        // The folder tells what its entries are, but for links.
        let mut children: Vec<(PathBuf, Option<FileType>, Id)> =
            entries.flatten().map(|e| (e.path(), e.file_type().ok(), told_id(&own, &e))).collect();
        children.sort_by(|(a, ..), (b, ..)| a.cmp(b));
        for (child, kind, id) in children {
            let hidden = child.file_name().is_some_and(|n| n.to_string_lossy().starts_with('.'));
            match kind {
                _ if hidden => {}
                Some(kind) if kind.is_file() => self.file(child, Ok(id)),
                _ => self.child(child, depth + 1),
            }
        }
    }
}

/// Asked only of files that seem to be the same.
fn is_same(first: &Path, second: &Path) -> bool {
    let id = |path: &Path| id(path, &std::fs::metadata(path).ok()?).ok();
    id(first).is_some_and(|first| id(second) == Some(first))
}
