//! What was already told of a hunt that is run again and again over logs that grow.
//!
//! A finding is known again by its detection and its row. When more events change the row of a
//! statistic, the old row is gone and a new one is there: whoever adds what is new and takes away
//! what is gone holds, after each look, the findings of one plain hunt.

use crate::finding::Finding;
use std::collections::{BTreeSet, HashMap};

/// The findings that were told, by key.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ledger {
    keys: BTreeSet<String>,
}

/// What a look changed.
#[derive(Debug)]
pub struct Changes<'f> {
    /// In the order of the findings, each with its key.
    pub new: Vec<(String, &'f Finding)>,
    /// Keys of findings that were told and are no more.
    pub gone: Vec<String>,
}

impl Ledger {
    pub fn of(keys: impl IntoIterator<Item = String>) -> Ledger {
        Ledger { keys: keys.into_iter().collect() }
    }

    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.keys.iter().map(String::as_str)
    }

    /// Compares the findings of all logs so far with what was told, and takes note of them.
    pub fn changes<'f>(&mut self, findings: &'f [Finding]) -> Changes<'f> {
        let mut seen: HashMap<u128, usize> = HashMap::new();
        let mut keys = BTreeSet::new();
        let mut new = Vec::new();
        for finding in findings {
            let hash = hash(finding);
            // The same row twice is two findings.
            let count = seen.entry(hash).or_default();
            let key = match *count {
                0 => format!("{hash:032x}"),
                n => format!("{hash:032x}-{n}"),
            };
            *count += 1;
            if !self.keys.contains(&key) {
                new.push((key.clone(), finding));
            }
            keys.insert(key);
        }
        let gone = self.keys.difference(&keys).cloned().collect();
        self.keys = keys;
        Changes { new, gone }
    }
}

/// FNV-1a, whose value is the same in each version of davy.
fn hash(finding: &Finding) -> u128 {
    let mut hash: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    let mut add = |text: &str| {
        for byte in text.bytes().chain([0xff]) {
            hash = (hash ^ u128::from(byte)).wrapping_mul(0x0100_0000_0000_0000_0000_013b);
        }
    };
    add(&finding.id);
    add(&finding.detection);
    for (name, value) in &finding.row.fields {
        add(name);
        value.values().iter().for_each(|v| add(v));
    }
    hash
}
