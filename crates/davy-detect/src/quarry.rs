//! The searches of a hunt's detections, read when they are needed.

use crate::compiled::{Compiled, Entry};
use crate::run::{World, prepare_detection};
use crate::second::ReadsRisk;
use davy_content::{Detection, lookup_uses};
use davy_exec::{EventSource, Prepared, Reads, Search, Searches};
use davy_plan::{Env, FieldSet};
use rayon::prelude::*;
use std::sync::{Arc, OnceLock};

/// One detection of a hunt.
struct One<'d> {
    detection: &'d Detection,
    prepared: OnceLock<Prepared>,
    entry: Option<&'d Entry>,
}

pub(crate) struct Quarry<'d> {
    world: &'d World<'d>,
    source: &'d Arc<dyn EventSource>,
    env: Arc<Env>,
    list: Vec<One<'d>>,
}

impl<'d> Quarry<'d> {
    /// Reads the searches of all detections of which nothing is known.
    pub(crate) fn new(
        world: &'d World<'d>,
        detections: &[&'d Detection],
        source: &'d Arc<dyn EventSource>,
        env: &Env,
    ) -> Quarry<'d> {
        let compiled = kept(world, env);
        let one = |detection: &&'d Detection| {
            let entry = compiled.and_then(|compiled| compiled.get(&detection.path));
            let prepared = OnceLock::new();
            if entry.is_none() {
                prepared.get_or_init(|| prepare_detection(world, detection));
            }
            One { detection, prepared, entry }
        };
        let list = detections.par_iter().map(one).collect();
        Quarry { world, source, env: Arc::new(env.clone()), list }
    }

    /// Takes out the detections whose search has mistakes.
    pub(crate) fn unsound(&mut self) -> Vec<(&'d Detection, Prepared)> {
        let has_errors = |one: &One<'_>| one.prepared.get().is_some_and(|p| p.diags.has_errors());
        let (unsound, sound) = std::mem::take(&mut self.list).into_iter().partition(has_errors);
        self.list = sound;
        let unsound: Vec<One<'_>> = unsound;
        let taken = unsound.into_iter();
        taken.filter_map(|one| Some((one.detection, one.prepared.into_inner()?))).collect()
    }

    pub(crate) fn detections(&self) -> impl ExactSizeIterator<Item = &'d Detection> {
        self.list.iter().map(|one| one.detection)
    }

    /// The names of detections whose search reads risk events or notables.
    pub(crate) fn reading_risk(&self) -> impl Iterator<Item = (String, ReadsRisk)> {
        let reads = |one: &One<'_>| match one.reads_risk() {
            ReadsRisk::Nothing => None,
            reads => Some((one.detection.name.value.clone(), reads)),
        };
        self.list.iter().filter_map(reads)
    }

    /// Each detection with the lookups that it reads.
    pub(crate) fn lookups(&self) -> impl Iterator<Item = (&'d Detection, Vec<String>)> {
        self.list.iter().map(|one| (one.detection, one.lookups()))
    }

    /// Keeps what a run learnt.
    pub(crate) fn learn(&self, learnt: Vec<(usize, Reads)>) {
        let Some(compiled) = kept(self.world, &self.env) else { return };
        for (at, reads) in learnt {
            let Some(one) = self.list.get(at) else { continue };
            let (reads_risk, lookups) = (one.reads_risk(), one.lookups());
            let entry = Entry { reads_risk, lookups, reads };
            compiled.learn(&one.detection.path, entry);
        }
    }
}

/// Trees of hundreds of searches take their time to free, which nobody need wait for.
impl Drop for Quarry<'_> {
    fn drop(&mut self) {
        let list = std::mem::take(&mut self.list).into_iter();
        let read: Vec<Prepared> = list.filter_map(|one| one.prepared.into_inner()).collect();
        rayon::spawn(move || drop(read));
    }
}

/// What is kept holds for hunts over all times.
fn kept<'w>(world: &World<'w>, env: &Env) -> Option<&'w Compiled> {
    world.compiled.filter(|_| env.earliest <= 0.0 && env.latest == f64::INFINITY)
}

impl One<'_> {
    fn reads_risk(&self) -> ReadsRisk {
        match self.entry {
            Some(entry) => entry.reads_risk,
            None => self.prepared.get().map_or(ReadsRisk::Nothing, |p| ReadsRisk::of(&p.expanded)),
        }
    }

    fn lookups(&self) -> Vec<String> {
        match (self.entry, self.prepared.get()) {
            (Some(entry), _) => entry.lookups.clone(),
            (None, Some(prepared)) => {
                let uses = lookup_uses(&prepared.expanded).into_iter();
                let mut read: Vec<String> =
                    uses.filter(|(_, writes)| !writes).map(|(name, _)| name).collect();
                read.sort();
                read.dedup();
                read
            }
            (None, None) => Vec::new(),
        }
    }
}

impl Searches for Quarry<'_> {
    fn count(&self) -> usize {
        self.list.len()
    }

    fn search(&self, at: usize) -> Search<'_> {
        let one = &self.list[at];
        Search {
            prepared: one.prepared.get_or_init(|| prepare_detection(self.world, one.detection)),
            env: self.env.clone(),
            source: Some(self.source.clone()),
            knowledge: self.world.knowledge,
            out: FieldSet::all(),
        }
    }

    fn reads(&self, at: usize) -> Option<&Reads> {
        self.list.get(at)?.entry.map(|entry| &entry.reads)
    }
}
