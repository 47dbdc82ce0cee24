//! The searches of a hunt's detections, read when they are needed.

use crate::compiled::{Compiled, Entry, Flaw};
use crate::hunt::first_error;
use crate::left_out::LeftOut;
use crate::run::{World, prepare_detection};
use crate::second::ReadsRisk;
use davy_content::{Detection, lookup_uses};
use davy_exec::{EventSource, Prepared, Reads, Search, Searches};
use davy_plan::{Env, FieldSet};
use rayon::prelude::*;
use std::borrow::Cow;
use std::sync::{Arc, OnceLock};

/// One detection of a hunt.
struct One<'d> {
    detection: &'d Detection,
    /// In a box, since most stay empty.
    prepared: OnceLock<Box<Prepared>>,
    entry: Option<Cow<'d, Entry>>,
}

pub(crate) struct Quarry<'d> {
    world: &'d World<'d>,
    source: &'d Arc<dyn EventSource>,
    env: Arc<Env>,
    list: Vec<One<'d>>,
    /// Detections whose search has mistakes.
    unsound: Vec<(&'d Detection, Flaw)>,
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
            let path = &detection.path;
            let flaw = compiled.and_then(|compiled| compiled.flaw(path));
            let entry = compiled.and_then(|compiled| compiled.get(path, env));
            let prepared = OnceLock::new();
            if let (None, None) = (flaw, &entry) {
                prepared.get_or_init(|| Box::new(prepare_detection(world, detection)));
            }
            (One { detection, prepared, entry }, flaw.cloned())
        };
        let all: Vec<(One<'d>, Option<Flaw>)> = detections.par_iter().map(one).collect();
        let mut list = Vec::with_capacity(all.len());
        let mut unsound = Vec::new();
        for (one, known) in all {
            let flaw = known.or_else(|| {
                let prepared = one.prepared.get().filter(|p| p.diags.has_errors())?;
                let (why, reason) = first_error(&prepared.diags);
                let flaw = Flaw { why, reason };
                let path = &one.detection.path;
                compiled.iter().for_each(|compiled| compiled.learn_flaw(path, flaw.clone()));
                Some(flaw)
            });
            match flaw {
                Some(flaw) => unsound.push((one.detection, flaw)),
                None => list.push(one),
            }
        }
        Quarry { world, source, env: Arc::new(env.clone()), list, unsound }
    }

    /// The detections whose search has mistakes, and which.
    pub(crate) fn unsound(&self) -> impl Iterator<Item = LeftOut> {
        let left_out = |(detection, flaw): &(&Detection, Flaw)| {
            LeftOut::new(detection, flaw.why, flaw.reason.clone())
        };
        self.unsound.iter().map(left_out)
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
        let read: Vec<Box<Prepared>> = list.filter_map(|one| one.prepared.into_inner()).collect();
        rayon::spawn(move || drop(read));
    }
}

/// What is kept holds for hunts over all times.
fn kept<'w>(world: &World<'w>, env: &Env) -> Option<&'w Compiled> {
    world.compiled.filter(|_| env.earliest <= 0.0 && env.latest == f64::INFINITY)
}

impl One<'_> {
    fn reads_risk(&self) -> ReadsRisk {
        match &self.entry {
            Some(entry) => entry.reads_risk,
            None => self.prepared.get().map_or(ReadsRisk::Nothing, |p| ReadsRisk::of(&p.expanded)),
        }
    }

    fn lookups(&self) -> Vec<String> {
        match (&self.entry, self.prepared.get()) {
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
            prepared: one
                .prepared
                .get_or_init(|| Box::new(prepare_detection(self.world, one.detection))),
            env: self.env.clone(),
            source: Some(self.source.clone()),
            knowledge: self.world.knowledge,
            out: FieldSet::all(),
        }
    }

    fn reads(&self, at: usize) -> Option<&Reads> {
        self.list.get(at)?.entry.as_ref().map(|entry| &entry.reads)
    }
}
