//! The files of an app.

use std::collections::BTreeMap;
use std::io::Read;

/// Bounds on what is unpacked.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    pub files: usize,
    /// Of all files together, unpacked.
    pub bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { files: 50_000, bytes: 1 << 30 }
    }
}

#[derive(Debug, thiserror::Error)]
pub enum AppError {
    #[error("not a gzip-compressed tar archive")]
    NotAnArchive(#[source] std::io::Error),
    #[error("the archive names a file outside of itself: `{0}`")]
    Outside(String),
    #[error("the app holds more than {0} files")]
    TooMany(usize),
    #[error("the app holds more than {0} bytes")]
    TooLarge(u64),
    #[error("no folder `default` or `local`, so this is no app")]
    NoApp,
}

/// An app's files by their path inside of it: `default/props.conf`.
#[derive(Debug, Clone, Default)]
pub struct Files {
    /// The app's folder.
    pub name: String,
    pub(crate) all: BTreeMap<String, Vec<u8>>,
    /// Entries that are no files, such as links.
    pub(crate) odd: Vec<String>,
}

impl Files {
    /// Of a folder: paths inside of it, with `/`.
    pub fn of_folder(
        name: &str,
        files: impl IntoIterator<Item = (String, Vec<u8>)>,
    ) -> Result<Files, AppError> {
        let all: BTreeMap<String, Vec<u8>> = files.into_iter().collect();
        if !all.keys().any(|path| holds_settings(path)) {
            return Err(AppError::NoApp);
        }
        Ok(Files { name: name.to_owned(), all, odd: Vec::new() })
    }

    /// With entries that are no files, such as links, which are not followed.
    pub fn with_odd(mut self, odd: impl IntoIterator<Item = String>) -> Files {
        self.odd.extend(odd);
        self
    }

    /// Of a `.spl` or `.tgz` archive.
    pub fn of_archive(name: &str, bytes: &[u8], limits: Limits) -> Result<Files, AppError> {
        let mut found: BTreeMap<String, Vec<u8>> = BTreeMap::new();
        let mut odd = Vec::new();
        // One more byte than the limit shows that it is passed.
        let unpacked = flate2::read::MultiGzDecoder::new(bytes).take(limits.bytes + 1);
        let mut archive = tar::Archive::new(unpacked);
        let mut total = 0_u64;
        for entry in archive.entries().map_err(AppError::NotAnArchive)? {
            let mut entry = match entry {
                Ok(entry) => entry,
                Err(_) if total + 512 >= limits.bytes => {
                    return Err(AppError::TooLarge(limits.bytes));
                }
                Err(error) => return Err(AppError::NotAnArchive(error)),
            };
            let path = String::from_utf8_lossy(&entry.path_bytes()).replace('\\', "/");
            let path = inside(&path).ok_or(AppError::Outside(path))?;
            if entry.header().entry_type().is_dir() {
                continue;
            }
            if !entry.header().entry_type().is_file() {
                odd.push(path);
                continue;
            }
            if found.len() >= limits.files {
                return Err(AppError::TooMany(limits.files));
            }
            total = total.saturating_add(entry.size());
            if total > limits.bytes {
                return Err(AppError::TooLarge(limits.bytes));
            }
            let mut text = Vec::new();
            entry.read_to_end(&mut text).map_err(AppError::NotAnArchive)?;
            found.insert(path, text);
        }
        Self::rooted(name, found, odd)
    }

    /// Takes the folder that holds `default/` or `local/` as the app's.
    fn rooted(
        name: &str,
        found: BTreeMap<String, Vec<u8>>,
        odd: Vec<String>,
    ) -> Result<Files, AppError> {
        let root = found
            .keys()
            .filter_map(|path| {
                let at = path
                    .match_indices('/')
                    .map(|(i, _)| i + 1)
                    .chain([0])
                    .find(|at| path.get(*at..).is_some_and(holds_settings))?;
                path.get(..at)
            })
            .min_by_key(|root| root.matches('/').count())
            .map(str::to_owned)
            .ok_or(AppError::NoApp)?;
        let folder = root.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
        let name = if folder.is_empty() { name } else { folder }.to_owned();
        let mut files = Files { name, ..Files::default() };
        for (path, bytes) in found {
            match path.strip_prefix(&root) {
                Some(inside) => {
                    files.all.insert(inside.to_owned(), bytes);
                }
                None => files.odd.push(path),
            }
        }
        files.odd.extend(odd);
        Ok(files)
    }

    /// The text of a file; bytes that are no UTF-8 are replaced.
    pub(crate) fn text(&self, path: &str) -> Option<String> {
        let bytes = self.all.get(path)?;
        Some(String::from_utf8_lossy(bytes).into_owned())
    }

    /// The files in a folder, without those in folders below.
    pub(crate) fn folder(&self, folder: &str) -> Vec<(&str, &[u8])> {
        self.all
            .iter()
            .filter_map(|(path, bytes)| {
                let name = path.strip_prefix(folder)?.strip_prefix('/')?;
                (!name.contains('/') && !name.starts_with('.')).then_some((name, bytes.as_slice()))
            })
            .collect()
    }
}

fn holds_settings(path: &str) -> bool {
    path.starts_with("default/") || path.starts_with("local/")
}

/// A path without `.`; nothing when it leads outside.
fn inside(path: &str) -> Option<String> {
    if path.starts_with('/') || path.contains(':') && path.get(1..2) == Some(":") {
        return None;
    }
    let mut parts = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => return None,
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}
