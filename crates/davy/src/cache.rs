//! What one run keeps for the next, so that it starts at once: the trees of the content's YAML, and
//! what its searches read. All of it can be made again, so whatever is wrong with a kept file is no
//! mistake of the user's: the file is passed over and written anew.

use crate::apps::AppArgs;
use davy_content::Trees;
use davy_detect::Compiled;
use davy_knowledge::Text;
use sha2::{Digest, Sha256};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// The folder, or `off`.
const VARIABLE: &str = "DAVY_CACHE";
const MAGIC: &[u8; 8] = b"davykep2";
/// Files that nobody used for so long are taken away.
const OLD: Duration = Duration::from_secs(60 * 60 * 24 * 30);

/// The kept files of one set of content folders.
pub(crate) struct Cache {
    folder: PathBuf,
    /// Of the folders' names.
    name: String,
    /// The program that may read what this one writes: this one.
    maker: [u8; 32],
    pub(crate) trees: Trees,
}

impl Cache {
    /// `None` where nothing is to be kept, or there is no place for it.
    pub(crate) fn open(paths: &[String]) -> Option<Cache> {
        let folder = match std::env::var_os(VARIABLE) {
            Some(folder) if folder.is_empty() || folder == "off" => return None,
            Some(folder) => PathBuf::from(folder),
            None => dirs::cache_dir()?.join("davy"),
        };
        let mut hash = Sha256::new();
        for path in paths {
            let whole = fs::canonicalize(path).unwrap_or_else(|_| PathBuf::from(path));
            hash.update(whole.as_os_str().as_encoded_bytes());
            hash.update([0]);
        }
        let name = hex(&hash.finalize()[..8]);
        let mut cache = Cache { folder, name, maker: maker()?, trees: Trees::default() };
        if let Some(bytes) = cache.read("trees", &[]) {
            cache.trees = Trees::from_bytes(bytes);
        }
        Some(cache)
    }

    /// Keeps the trees, where some are new.
    pub(crate) fn keep_trees(&self) {
        if let Some(bytes) = self.trees.to_bytes() {
            self.write("trees", &[], &bytes);
        }
    }

    /// What is kept of the searches of a content with this seal.
    pub(crate) fn compiled(&self, seal: &[u8; 32]) -> Compiled {
        Compiled::from_bytes(&self.read("searches", seal).unwrap_or_default())
    }

    pub(crate) fn keep_compiled(&self, seal: &[u8; 32], compiled: &Compiled) {
        if let Some(bytes) = compiled.to_bytes() {
            self.write("searches", seal, &bytes);
        }
    }

    fn path(&self, what: &str) -> PathBuf {
        self.folder.join(format!("{what}-{}.kept", self.name))
    }

    /// The bytes of a file that this program wrote for this seal.
    fn read(&self, what: &str, seal: &[u8]) -> Option<Vec<u8>> {
        let mut bytes = fs::read(self.path(what)).ok()?;
        let head = self.head(seal);
        let rest = bytes.strip_prefix(&*head)?;
        let (sum, body) = rest.split_first_chunk::<4>()?;
        if u32::from_le_bytes(*sum) != crc32fast::hash(body) {
            return None;
        }
        bytes.drain(..head.len() + sum.len());
        Some(bytes)
    }

    fn head(&self, seal: &[u8]) -> Vec<u8> {
        [MAGIC, self.maker.as_slice(), seal].concat()
    }

    /// A file is there whole or not at all. What cannot be kept is done without.
    fn write(&self, what: &str, seal: &[u8], body: &[u8]) {
        let mut bytes = self.head(seal);
        bytes.extend(crc32fast::hash(body).to_le_bytes());
        bytes.extend(body);
        let path = self.path(what);
        let part = path.with_extension(format!("part{}", std::process::id()));
        let written = fs::create_dir_all(&self.folder)
            .and_then(|()| fs::write(&part, bytes))
            .and_then(|()| fs::rename(&part, &path));
        if written.is_err() {
            let _ = fs::remove_file(&part);
            return;
        }
        let _ = tidy(&self.folder);
    }
}

/// Takes away kept files that are old.
fn tidy(folder: &Path) -> io::Result<()> {
    let now = SystemTime::now();
    for entry in fs::read_dir(folder)?.flatten() {
        let path = entry.path();
        let ending = path.extension().map(|e| e.to_string_lossy().into_owned()).unwrap_or_default();
        let age = now.duration_since(entry.metadata()?.modified()?).unwrap_or_default();
        if (ending == "kept" || ending.starts_with("part")) && age > OLD {
            fs::remove_file(path)?;
        }
    }
    Ok(())
}

/// The content with all that the reading of its searches depends on, as a number. `None` where that
/// is more than files: apps, stores and databases can change in ways that are not looked at.
pub(crate) fn seal(
    trees: &Trees,
    texts: &[Text],
    folders: &[PathBuf],
    over: &AppArgs,
) -> Option<[u8; 32]> {
    if !over.is_empty() {
        return None;
    }
    let mut hash = Sha256::new();
    hash.update(trees.seal());
    for text in texts {
        part(&mut hash, text.name.as_bytes());
        part(&mut hash, text.text.as_bytes());
    }
    for folder in folders {
        let lookups = folder.join("lookups");
        let mut files: Vec<_> = fs::read_dir(lookups).into_iter().flatten().flatten().collect();
        files.sort_by_key(fs::DirEntry::file_name);
        for file in files {
            let about = file.metadata().ok()?;
            part(&mut hash, file.path().as_os_str().as_encoded_bytes());
            hash.update(about.len().to_le_bytes());
            hash.update(nanos(about.modified().ok()?).to_le_bytes());
        }
    }
    Some(hash.finalize().into())
}

fn part(hash: &mut Sha256, bytes: &[u8]) {
    hash.update((bytes.len() as u64).to_le_bytes());
    hash.update(bytes);
}

/// This build of the program.
fn maker() -> Option<[u8; 32]> {
    let about = fs::metadata(std::env::current_exe().ok()?).ok()?;
    let mut hash = Sha256::new();
    hash.update(env!("CARGO_PKG_VERSION"));
    hash.update(about.len().to_le_bytes());
    hash.update(nanos(about.modified().ok()?).to_le_bytes());
    Some(hash.finalize().into())
}

fn nanos(time: SystemTime) -> u128 {
    time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_nanos()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}
