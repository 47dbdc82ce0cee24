//! The witness index: which rows of a batch may pass which gate.

use super::gate::{Columns, Gate};
use crate::shapes::{Fast, NodeId, lock};
use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
use davy_events::mv;
use davy_plan::{Column, Val, Witness};
use std::collections::{BTreeMap, HashMap};
use std::sync::Mutex;

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
    automaton: AhoCorasick,
    /// By pattern.
    gates: Vec<Vec<u32>>,
}

/// Automata by their patterns: building one takes longer than many events do, and most kinds of
/// events that one search can match are of several shapes.
#[derive(Debug, Default)]
pub(crate) struct Automata {
    made: Mutex<HashMap<Vec<String>, Option<AhoCorasick>>>,
}

impl Automata {
    /// `None`: too many patterns for one automaton.
    fn of(&self, patterns: Vec<String>) -> Option<AhoCorasick> {
        if let Some(made) = lock(&self.made).get(&patterns) {
            return made.clone();
        }
        let built = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .match_kind(MatchKind::Standard)
            // A DFA is faster to run and much larger: most kinds of events have too few rows.
            .kind(Some(AhoCorasickKind::ContiguousNFA))
            .build(&patterns)
            .ok();
        lock(&self.made).insert(patterns, built.clone());
        built
    }
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

    /// The nodes whose values are looked up.
    pub(crate) fn nodes(&self) -> impl Iterator<Item = NodeId> + '_ {
        self.equal.keys().chain(self.literals.keys()).copied()
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
        let literals: Vec<_> =
            self.literals.iter().filter_map(|(node, l)| Some((columns.get(*node)?, l))).collect();
        for row in 0..rows as u32 {
            for (column, values) in &equal {
                each(column, row, &mut |text| {
                    let text = lowered(text, &mut lower);
                    if let Some(gates) = values.get(text) {
                        add(&mut found, gates, row);
                    }
                });
            }
            for (column, literals) in &literals {
                each(column, row, &mut |text| {
                    let text = if text.is_ascii() { text } else { lowered(text, &mut lower) };
                    for hit in literals.automaton.find_overlapping_iter(text) {
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
