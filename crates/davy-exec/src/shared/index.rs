//! The witness index: which rows of a batch may pass which gate.

use super::gate::{Columns, Gate};
use crate::shapes::{Fast, NodeId, lock};
use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind, StartKind};
use davy_events::mv;
use davy_plan::{Column, Val, Witness};
use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

/// The gates of one shape, by what a row must hold to pass one.
#[derive(Debug, Default)]
pub(crate) struct Index {
    equal: BTreeMap<NodeId, Fast<String, Vec<u32>>>,
    literals: BTreeMap<NodeId, Literals>,
    /// Gates about whose rows nothing is known before.
    all: Vec<u32>,
}

#[derive(Debug)]
struct Literals {
    automaton: Arc<Automaton>,
    /// By pattern.
    gates: Vec<Vec<u32>>,
}

/// Automata by their patterns: building one takes longer than many events do, and most kinds of
/// events that one search can match are of several shapes.
#[derive(Debug, Default)]
pub(crate) struct Automata {
    made: Mutex<HashMap<Vec<String>, Option<Arc<Automaton>>>>,
}

impl Automata {
    /// `None`: too many patterns for one automaton.
    fn of(&self, patterns: Vec<String>) -> Option<Arc<Automaton>> {
        if let Some(made) = lock(&self.made).get(&patterns) {
            return made.clone();
        }
        let built = Automaton::new(&patterns).map(Arc::new);
        lock(&self.made).insert(patterns, built.clone());
        built
    }
}

/// Text after which an automaton is built again, in the form that is faster to run: building takes
/// as long as this much text, and most kinds of events have less.
const MUCH_TEXT: usize = 1 << 20;

/// More patterns than these would make that form larger than the processor's caches.
const MANY_PATTERNS: usize = 4_096;

#[derive(Debug)]
struct Automaton {
    first: AhoCorasick,
    patterns: Vec<String>,
    /// Bytes of text that were looked at, about.
    met: AtomicUsize,
    fast: OnceLock<Option<AhoCorasick>>,
}

impl Automaton {
    fn new(patterns: &[String]) -> Option<Automaton> {
        let first = built(patterns, AhoCorasickKind::ContiguousNFA)?;
        let (met, fast) = Default::default();
        Some(Automaton { first, patterns: patterns.to_vec(), met, fast })
    }

    /// The automaton for a batch of so many bytes.
    fn for_batch(&self, bytes: usize) -> &AhoCorasick {
        let met = self.met.fetch_add(bytes, Ordering::Relaxed);
        if met < MUCH_TEXT || self.patterns.len() > MANY_PATTERNS {
            return &self.first;
        }
        let fast = self.fast.get_or_init(|| built(&self.patterns, AhoCorasickKind::DFA));
        fast.as_ref().unwrap_or(&self.first)
    }
}

fn built(patterns: &[String], kind: AhoCorasickKind) -> Option<AhoCorasick> {
    let mut builder = AhoCorasick::builder();
    builder.ascii_case_insensitive(true).match_kind(MatchKind::Standard).kind(Some(kind));
    builder.start_kind(StartKind::Unanchored).build(patterns).ok()
}

impl Index {
    pub(crate) fn new(gates: &[Gate], automata: &Automata) -> Index {
        let mut index = Index::default();
        let mut literals: BTreeMap<NodeId, BTreeMap<String, Vec<u32>>> = BTreeMap::new();
        for (number, gate) in gates.iter().enumerate() {
            let number = number as u32;
            let Some(witness) = gate.witness() else {
                index.all.push(number);
                continue;
            };
            for (node, part) in witness {
                let (list, texts) = match part {
                    Witness::Equal(texts) => (None, texts),
                    Witness::Literals(texts) => (Some(literals.entry(node).or_default()), texts),
                };
                match list {
                    Some(list) => {
                        for text in texts {
                            list.entry(text).or_default().push(number);
                        }
                    }
                    None => {
                        let list = index.equal.entry(node).or_default();
                        for text in texts {
                            list.entry(text).or_default().push(number);
                        }
                    }
                }
            }
        }
        for (node, list) in literals {
            let (patterns, owners): (Vec<String>, Vec<Vec<u32>>) = list.into_iter().unzip();
            match automata.of(patterns) {
                Some(automaton) => {
                    index.literals.insert(node, Literals { automaton, gates: owners });
                }
                // All rows are looked at instead.
                None => index.all.extend(owners.into_iter().flatten()),
            }
        }
        index.all.sort_unstable();
        index.all.dedup();
        index
    }

    /// For each gate the rows that may pass, in order.
    pub(crate) fn candidates(&self, gates: usize, columns: &Columns, rows: usize) -> Vec<Vec<u32>> {
        let mut found: Vec<Vec<u32>> = vec![Vec::new(); gates];
        for gate in &self.all {
            if let Some(list) = found.get_mut(*gate as usize) {
                list.extend(0..rows as u32);
            }
        }
        let mut lower = String::new();
        let equal: Vec<_> =
            self.equal.iter().filter_map(|(node, v)| Some((columns.get(*node)?, v))).collect();
        let literals: Vec<_> = self
            .literals
            .iter()
            .filter_map(|(node, l)| {
                let column = columns.get(*node)?;
                Some((column, l, l.automaton.for_batch(size(column))))
            })
            .collect();
        for row in 0..rows as u32 {
            for (column, values) in &equal {
                each(column, row, &mut |text| {
                    let text = lowered(text, &mut lower);
                    if let Some(gates) = values.get(text) {
                        add(&mut found, gates, row);
                    }
                });
            }
            for (column, literals, automaton) in &literals {
                each(column, row, &mut |text| {
                    let text = if text.is_ascii() { text } else { lowered(text, &mut lower) };
                    for hit in automaton.find_overlapping_iter(text) {
                        if let Some(gates) = literals.gates.get(hit.pattern().as_usize()) {
                            add(&mut found, gates, row);
                        }
                    }
                });
            }
        }
        found
    }
}

fn add(found: &mut [Vec<u32>], gates: &[u32], row: u32) {
    for gate in gates {
        if let Some(list) = found.get_mut(*gate as usize)
            && list.last() != Some(&row)
        {
            list.push(row);
        }
    }
}

/// How many bytes its texts have; a view begins with the length.
fn size(column: &Column) -> usize {
    match column {
        Column::Text(texts) => texts.views().iter().map(|view| *view as u32 as usize).sum(),
        other => other.len(),
    }
}

/// Each value of a node in a row.
fn each(column: &Column, row: u32, give: &mut dyn FnMut(&str)) {
    match column.get(row as usize) {
        Val::Str(text) if mv::is_multi(&text) => mv::split(&text).for_each(give),
        Val::Str(text) => give(&text),
        other => {
            if let Some(text) = other.text() {
                give(&text);
            }
        }
    }
}

fn lowered<'l>(text: &str, buffer: &'l mut String) -> &'l str {
    buffer.clear();
    match text.is_ascii() {
        true => {
            buffer.push_str(text);
            buffer.make_ascii_lowercase();
        }
        false => buffer.push_str(&text.to_lowercase()),
    }
    buffer
}
