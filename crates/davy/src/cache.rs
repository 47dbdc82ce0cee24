//! What one run keeps for the next, so that it starts at once: the content, the trees of its YAML
//! for when some of it changes, what is built in, and what its searches read. All of it can be made
//! again, so whatever is wrong with a kept file is no mistake of the user's: the file is passed over
//! and written anew.

use crate::apps::AppArgs;
use crate::content::Layers;
use crate::folders::{self, Found, Known, State};
use davy_content::{Content, Hash, Trees};
use davy_detect::Compiled;
use davy_knowledge::{Base, Text};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// The folder, or `off`.
const VARIABLE: &str = "DAVY_CACHE";
/// What is built in is the same for all contents.
const BASE: &str = "built-in";
const MAGIC: &[u8; 8] = b"davykep3";
/// Files that nobody used for so long are taken away.
const OLD: Duration = Duration::from_secs(60 * 60 * 24 * 30);

/// The kept files of one set of content folders.
pub(crate) struct Cache {
    folder: PathBuf,
    /// Of the folders' names.
    name: String,
    /// The program that may read what this one writes: this one.
    maker: [u8; 32],
}

/// Content that was kept, of which nobody knows yet whether it is as it was.
pub(crate) struct KeptContent {
    bytes: Arc<Vec<u8>>,
    /// Where its [`Table`] begins, and ends.
    table: usize,
    start: usize,
    layers: Layers,
}

/// What stands before kept content: what it was read from.
#[derive(Serialize, Deserialize)]
struct Table<'a> {
    /// All names and texts, as a number.
    seal: Hash,
    /// The files of each folder.
    #[serde(borrow)]
    folders: Vec<Vec<Known<'a>>>,
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
            part(&mut hash, whole.as_os_str().as_encoded_bytes());
            // Content goes by the names of its files as they were given.
            part(&mut hash, path.as_bytes());
        }
        let name = hex(&hash.finalize()[..8]);
        Some(Cache { folder, name, maker: maker()? })
    }

    pub(crate) fn trees(&self) -> Trees {
        match self.read("trees") {
            Some((mut bytes, start)) => Trees::from_bytes(bytes.split_off(start)),
            None => Trees::default(),
        }
    }

    /// Keeps the trees, where some are new.
    pub(crate) fn keep_trees(&self, trees: &Trees) {
        if let Some(bytes) = trees.to_bytes() {
            self.write("trees", &[&bytes]);
        }
    }

    /// The content that was kept last.
    pub(crate) fn content(&self) -> Option<KeptContent> {
        let (bytes, table) = self.read("content")?;
        let (_, rest) = postcard::take_from_bytes::<Table<'_>>(&bytes[table..]).ok()?;
        let start = bytes.len() - rest.len();
        let bytes = Arc::new(bytes);
        let read = Box::new(|name: &str| folders::read(Path::new(name)).ok());
        let (content, sources, diags) = Content::from_bytes(bytes.clone(), start, read)?;
        let layers = Layers { content, sources, diags, seal: Hash::default() };
        Some(KeptContent { bytes, table, start, layers })
    }

    /// The content, if all files are as they were when it was read.
    pub(crate) fn same(
        &self,
        kept: KeptContent,
        found: &[Vec<Found>],
        now: SystemTime,
    ) -> Option<Layers> {
        let KeptContent { bytes, table: place, start, mut layers } = kept;
        let table: Table<'_> = postcard::from_bytes(&bytes[place..start]).ok()?;
        layers.seal = table.seal;
        if table.folders.len() != found.len() {
            return None;
        }
        let mut touched = false;
        for (found, known) in found.iter().zip(&table.folders) {
            if found.len() != known.len() {
                return None;
            }
            for (found, known) in found.iter().zip(known) {
                match found.state(known) {
                    State::Same => {}
                    State::Touched => touched = true,
                    State::Changed => return None,
                }
            }
        }
        if touched {
            // So that they need not be read the next time.
            let texts = table.folders.iter().flatten().map(Known::text);
            let again = self.table(table.seal, found, texts, now)?;
            if again != bytes[place..start] {
                self.write("content", &[&again, &bytes[start..]]);
            }
        }
        Some(layers)
    }

    /// Keeps content that was read from these files, of which `trees` gives the numbers.
    pub(crate) fn keep_content(
        &self,
        layers: &Layers,
        trees: &Trees,
        found: &[Vec<Found>],
        now: SystemTime,
    ) {
        let files = trees.files();
        let known: HashMap<&str, Hash> =
            files.iter().map(|(name, text)| (name.as_str(), *text)).collect();
        let texts = found.iter().flatten().map(|file| known.get(file.name.as_str()).copied());
        let table = self.table(layers.seal, found, texts, now);
        let content = layers.content.to_bytes(&layers.sources, &layers.diags, &known);
        if let (Some(table), Some([head, tail])) = (table, content) {
            self.write("content", &[&table, &head, &tail]);
        }
    }

    /// The files with the numbers of their texts.
    fn table(
        &self,
        seal: Hash,
        found: &[Vec<Found>],
        mut texts: impl Iterator<Item = Option<Hash>>,
        now: SystemTime,
    ) -> Option<Vec<u8>> {
        let mut folders = Vec::new();
        for found in found {
            let known = found.iter().map(|file| file.known(texts.next().flatten(), now));
            folders.push(known.collect());
        }
        postcard::to_stdvec(&Table { seal, folders }).ok()
    }

    /// What is kept of the searches, and the seal of the content that it holds for.
    pub(crate) fn compiled(&self) -> Option<(Hash, Compiled)> {
        let (bytes, start) = self.read("searches")?;
        let (seal, body) = bytes[start..].split_first_chunk()?;
        Some((*seal, Compiled::from_bytes(body)))
    }

    pub(crate) fn keep_compiled(&self, seal: &Hash, compiled: &Compiled) {
        if let Some(bytes) = compiled.to_bytes() {
            self.write("searches", &[seal, &bytes]);
        }
    }

    /// The add-ons, models and tables that are built in.
    pub(crate) fn base(&self) -> Option<Base> {
        let (bytes, start) = self.read(BASE)?;
        Base::from_bytes(&bytes[start..])
    }

    pub(crate) fn keep_base(&self, base: &Base) {
        if let Some(bytes) = base.to_bytes() {
            self.write(BASE, &[&bytes]);
        }
    }

    fn path(&self, what: &str) -> PathBuf {
        match what {
            BASE => self.folder.join("built-in.kept"),
            _ => self.folder.join(format!("{what}-{}.kept", self.name)),
        }
    }

    /// The bytes of a file that this program wrote, and where in them what was kept begins.
    fn read(&self, what: &str) -> Option<(Vec<u8>, usize)> {
        let bytes = fs::read(self.path(what)).ok()?;
        let head = self.head();
        let rest = bytes.strip_prefix(&*head)?;
        let (sum, body) = rest.split_first_chunk::<4>()?;
        if u32::from_le_bytes(*sum) != crc32fast::hash(body) {
            return None;
        }
        let start = head.len() + sum.len();
        Some((bytes, start))
    }

    fn head(&self) -> Vec<u8> {
        [MAGIC, self.maker.as_slice()].concat()
    }

    /// A file is there whole or not at all. What cannot be kept is done without.
    fn write(&self, what: &str, body: &[&[u8]]) {
        let mut sum = crc32fast::Hasher::new();
        body.iter().for_each(|part| sum.update(part));
        let mut head = self.head();
        head.extend(sum.finalize().to_le_bytes());
        let path = self.path(what);
        let part = path.with_extension(format!("part{}", std::process::id()));
        let written = fs::create_dir_all(&self.folder)
            .and_then(|()| File::create(&part))
            .and_then(|mut file| {
                file.write_all(&head)?;
                body.iter().try_for_each(|part| file.write_all(part))
            })
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
    content: &Hash,
    texts: &[Text],
    folders: &[PathBuf],
    over: &AppArgs,
) -> Option<Hash> {
    if !over.is_empty() {
        return None;
    }
    let mut hash = Sha256::new();
    hash.update(content);
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
