//! The trees of YAML files, kept from one run to the next: reading YAML is most of a short run.

use crate::yaml::{Node, Value};
use davy_diag::{FileId, Spanned};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

/// A file's text, as a number that no other text has.
pub type Hash = [u8; 32];

/// Trees by the text that they were read from, so that a changed file is read anew and no other.
#[derive(Debug, Default)]
pub struct Trees {
    bytes: Vec<u8>,
    known: HashMap<Hash, Range<usize>>,
    met: Mutex<Met>,
}

/// What this run asked for.
#[derive(Debug, Default)]
struct Met {
    /// Of each file, in order: its name and the number of its text.
    files: Vec<(String, Hash)>,
    fresh: HashMap<Hash, Vec<u8>>,
    known: HashSet<Hash>,
}

/// A node without its file.
#[derive(Serialize, Deserialize)]
enum Kept {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(String),
    List(Vec<(Range<u32>, Kept)>),
    Map(Vec<(String, Range<u32>, Range<u32>, Kept)>),
}

impl Trees {
    /// What [`Trees::to_bytes`] gave. Bytes that are anything else hold no trees.
    pub fn from_bytes(bytes: Vec<u8>) -> Trees {
        let table = postcard::take_from_bytes::<Vec<(Hash, u32)>>(&bytes);
        let Ok((table, rest)) = table else { return Trees::default() };
        let mut at = bytes.len() - rest.len();
        let mut known = HashMap::with_capacity(table.len());
        for (hash, length) in table {
            let end = at.saturating_add(length as usize);
            known.insert(hash, at..end);
            at = end;
        }
        Trees { bytes, known, met: Mutex::default() }
    }

    /// The trees that this run used; `None` where they are those that were known before.
    pub fn to_bytes(&self) -> Option<Vec<u8>> {
        let met = self.met();
        if met.fresh.is_empty() && met.known.len() == self.known.len() {
            return None;
        }
        let mut all: Vec<(Hash, &[u8])> = Vec::new();
        for hash in &met.known {
            let kept = self.known.get(hash).and_then(|range| self.bytes.get(range.clone()));
            all.extend(kept.map(|kept| (*hash, kept)));
        }
        all.extend(met.fresh.iter().map(|(hash, kept)| (*hash, kept.as_slice())));
        all.sort();
        all.dedup_by_key(|(hash, _)| *hash);
        let table: Vec<(Hash, u32)> = all
            .iter()
            .map(|(hash, kept)| (*hash, u32::try_from(kept.len()).unwrap_or(0)))
            .collect();
        let mut bytes = postcard::to_stdvec(&table).ok()?;
        bytes.reserve(all.iter().map(|(_, kept)| kept.len()).sum());
        all.iter().for_each(|(_, kept)| bytes.extend_from_slice(kept));
        Some(bytes)
    }

    /// All files that were read, in their order, as one number: their names and their texts.
    pub fn seal(&self) -> [u8; 32] {
        let mut all = Sha256::new();
        for (name, text) in &self.met().files {
            all.update((name.len() as u64).to_le_bytes());
            all.update(name);
            all.update(text);
        }
        all.finalize().into()
    }

    /// The files that were read, in their order, each with the number of its text.
    pub fn files(&self) -> Vec<(String, Hash)> {
        self.met().files.clone()
    }

    fn met(&self) -> std::sync::MutexGuard<'_, Met> {
        self.met.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes the files of one load, in their order.
    pub(super) fn note(&self, files: impl Iterator<Item = (String, Hash)>) {
        self.met().files.extend(files);
    }

    /// The tree of this text, where it is known.
    pub(super) fn tree(&self, hash: &Hash, file: FileId) -> Option<Node> {
        let kept = self.bytes.get(self.known.get(hash)?.clone())?;
        let (at, kept) = postcard::from_bytes::<(Range<u32>, Kept)>(kept).ok()?;
        self.met().known.insert(*hash);
        Some(kept.place(at, file))
    }

    /// Keeps the tree of a text that has no mistakes.
    pub(super) fn keep(&self, hash: Hash, node: &Node) {
        if let Ok(bytes) = postcard::to_stdvec(&(place(node), Kept::of(node))) {
            self.met().fresh.insert(hash, bytes);
        }
    }
}

/// A text as a number.
pub fn hash(text: &str) -> Hash {
    Sha256::digest(text).into()
}

fn place(node: &Node) -> Range<u32> {
    node.span.start..node.span.end
}

fn span(file: FileId, at: &Range<u32>) -> davy_diag::Span {
    file.span(at.start as usize..at.end as usize)
}

impl Kept {
    fn of(node: &Node) -> Kept {
        match &node.value {
            Value::Null => Kept::Null,
            Value::Bool(b) => Kept::Bool(*b),
            Value::Int(n) => Kept::Int(*n),
            Value::Float(n) => Kept::Float(*n),
            Value::Text(text) => Kept::Text(text.clone()),
            Value::List(items) => {
                Kept::List(items.iter().map(|item| (place(item), Kept::of(item))).collect())
            }
            Value::Map(entries) => {
                let entries = entries.iter().map(|(key, node)| {
                    let at = key.span.start..key.span.end;
                    (key.value.clone(), at, place(node), Kept::of(node))
                });
                Kept::Map(entries.collect())
            }
        }
    }

    fn place(self, at: Range<u32>, file: FileId) -> Node {
        let value = match self {
            Kept::Null => Value::Null,
            Kept::Bool(b) => Value::Bool(b),
            Kept::Int(n) => Value::Int(n),
            Kept::Float(n) => Value::Float(n),
            Kept::Text(text) => Value::Text(text),
            Kept::List(items) => {
                Value::List(items.into_iter().map(|(at, item)| item.place(at, file)).collect())
            }
            Kept::Map(entries) => {
                let entries = entries.into_iter().map(|(key, key_at, at, node)| {
                    (Spanned::new(key, span(file, &key_at)), node.place(at, file))
                });
                Value::Map(entries.collect())
            }
        };
        Node { value, span: span(file, &at) }
    }
}

#[cfg(test)]
mod tests {
    use super::{Trees, hash};
    use crate::yaml;
    use davy_diag::{Diagnostics, SourceMap};

    const TEXT: &str = "a: [1, 2.5, true, ~, 'x']\nb:\n  c: |-\n    d\n    e\n";

    #[test]
    fn a_kept_tree_is_the_same_and_of_its_file() {
        let (mut sources, mut diags) = (SourceMap::default(), Diagnostics::default());
        let file = sources.add("a.yml", TEXT);
        let node = yaml::parse(file, &sources, &mut diags).unwrap();
        let trees = Trees::default();
        trees.keep(hash(TEXT), &node);
        let again = Trees::from_bytes(trees.to_bytes().unwrap());
        let other = sources.add("b.yml", TEXT);
        let kept = again.tree(&hash(TEXT), other).unwrap();
        let fresh = yaml::parse(other, &sources, &mut diags).unwrap();
        assert_eq!(format!("{kept:?}"), format!("{fresh:?}"));
        assert!(again.tree(&hash("a: 2"), other).is_none());
        // Nothing is new, so nothing is to be written.
        assert!(again.to_bytes().is_none());
    }

    #[test]
    fn other_bytes_hold_no_trees() {
        let mut sources = SourceMap::default();
        let file = sources.add("a.yml", TEXT);
        for bytes in [Vec::new(), vec![0xff; 40], b"a: 1".to_vec()] {
            assert!(Trees::from_bytes(bytes).tree(&hash(TEXT), file).is_none());
        }
    }
}
