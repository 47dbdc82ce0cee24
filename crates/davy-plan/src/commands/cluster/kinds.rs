//! The kinds of events found so far. An event is only compared with those that can be near: two sets
//! whose cosine is at least `t` share at least `t²` of the terms of either, so one of a few of the
//! event's terms is among them, and the rarest are taken.

use super::Terms;
use crate::counted::Counted;
use crate::plan::Failed;
use std::collections::HashMap;

pub(super) struct Kinds {
    threshold: f64,
    /// Terms by their numbers.
    numbers: HashMap<(usize, String), u32>,
    /// The kinds that hold each term.
    holders: Vec<Vec<usize>>,
    kinds: Vec<Kind>,
    /// The kind of events without any term.
    empty: Option<usize>,
}

struct Kind {
    /// In order.
    terms: Vec<u32>,
    count: usize,
}

impl Kinds {
    pub(super) fn new(threshold: f64) -> Self {
        let (numbers, holders, kinds) = (HashMap::new(), Vec::new(), Vec::new());
        Kinds { threshold, numbers, holders, kinds, empty: None }
    }

    /// How many events are of a kind.
    pub(super) fn count(&self, kind: usize) -> usize {
        self.kinds.get(kind).map_or(0, |k| k.count)
    }

    /// Counts one more event of a kind; whether it is the first.
    pub(super) fn meet(&mut self, kind: usize) -> bool {
        let Some(kind) = self.kinds.get_mut(kind) else { return false };
        kind.count += 1;
        kind.count == 1
    }

    /// The first kind that is near enough, or a new one.
    pub(super) fn of(&mut self, terms: Terms, steps: &mut Counted<'_>) -> Result<usize, Failed> {
        if terms.is_empty() {
            let empty = self.empty.unwrap_or(self.kinds.len());
            if self.empty.is_none() {
                self.add(Vec::new());
                self.empty = Some(empty);
            }
            return Ok(empty);
        }
        let mut numbers = Vec::with_capacity(terms.len());
        for term in terms {
            let next = self.holders.len() as u32;
            let number = *self.numbers.entry(term).or_insert(next);
            if number == next {
                self.holders.push(Vec::new());
            }
            numbers.push(number);
        }
        numbers.sort_unstable();
        for at in self.near(&numbers) {
            steps.step()?;
            if self.kinds.get(at).is_some_and(|k| similarity(&numbers, &k.terms) >= self.threshold)
            {
                return Ok(at);
            }
        }
        Ok(self.add(numbers))
    }

    /// The kinds that hold one of the rarest terms, in order.
    fn near(&self, terms: &[u32]) -> Vec<usize> {
        let holders = |term: &u32| self.holders.get(*term as usize).map_or(&[][..], Vec::as_slice);
        let mut rare: Vec<&[usize]> = terms.iter().map(holders).collect();
        rare.sort_by_key(|holders| holders.len());
        // Rounding must not leave a kind out.
        let common = (self.threshold * self.threshold * terms.len() as f64 - 1e-6).ceil();
        rare.truncate((terms.len() + 1).saturating_sub(common as usize));
        let mut near: Vec<usize> = rare.concat();
        near.sort_unstable();
        near.dedup();
        near
    }

    fn add(&mut self, terms: Vec<u32>) -> usize {
        let at = self.kinds.len();
        for term in &terms {
            if let Some(holders) = self.holders.get_mut(*term as usize) {
                holders.push(at);
            }
        }
        self.kinds.push(Kind { terms, count: 0 });
        at
    }
}

/// The cosine of the angle between two events as vectors of their terms.
fn similarity(a: &[u32], b: &[u32]) -> f64 {
    let (mut i, mut j, mut common) = (0, 0, 0_usize);
    while let (Some(x), Some(y)) = (a.get(i), b.get(j)) {
        common += usize::from(x == y);
        i += usize::from(x <= y);
        j += usize::from(y <= x);
    }
    common as f64 / ((a.len() * b.len()) as f64).sqrt()
}
