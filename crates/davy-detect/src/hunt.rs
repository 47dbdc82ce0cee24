//! All detections of a content over one source.

use crate::baseline::{self, NoBaseline};
use crate::finding::Finding;
use crate::left_out::{LeftOut, Why};
use crate::quarry::Quarry;
use crate::row::Row;
use crate::run::{LastEvent, World, findings, prepare_detection};
use crate::second::ReadsRisk;
use crate::tuning::Suppressed;
use davy_content::Detection;
use davy_diag::{Diagnostic, Diagnostics, Severity};
use davy_exec::{EventSource, ManyEvents, Prepared, Profile, RunError, ScanProfile, Spent};
use davy_plan::{Env, rows_of};
use rayon::prelude::*;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

/// What a hunt came to.
#[derive(Debug, Default)]
pub struct Hunt {
    /// By time, then by detection and message: the same whatever the threads.
    pub findings: Vec<Finding>,
    /// Detections that ran.
    pub ran: usize,
    /// Detections that did not run, those first that were meant to.
    pub left_out: Vec<LeftOut>,
    /// Detections that ran without the table that a baseline would have filled.
    pub without_baseline: Vec<NoBaseline>,
    /// Findings that a tuning file knows to be good.
    pub suppressed: Vec<Suppressed>,
    /// Detections whose search reads risk events or notables.
    pub(crate) reads_risk: HashMap<String, ReadsRisk>,
    /// Detections that ran over the risk events and notables of the others.
    pub second_stage: Vec<String>,
    /// Those risk events and notables, with the clock for them.
    pub(crate) second_source: Option<(Arc<dyn EventSource>, Env)>,
    /// How many would have, if there had been some.
    pub without_risk: usize,
    /// What [`crate::Tuning::unused`] says, where the caller asked it.
    pub tuning_unused: Diagnostics,
    /// (detection, note)
    pub notes: Vec<(String, Diagnostic)>,
    /// It was ended before all detections had run.
    pub stopped: bool,
    pub profile: HuntProfile,
}

/// Where a hunt's time went.
#[derive(Debug, Default)]
pub struct HuntProfile {
    /// Reading the searches: macros, trees, commands.
    pub prepare: Duration,
    pub plan: Duration,
    /// Reading the logs, decoding, matching.
    pub scan: Duration,
    /// What the threads of the scan did.
    pub within_scan: ScanProfile,
    /// The searches' commands over the events that passed their filters.
    pub rest: Duration,
    /// Messages, scores, annotations.
    pub findings: Duration,
    /// The detections that read risk events and notables, over those of the others.
    pub second: Duration,
    /// Of each detection that ran, in the order of the content.
    pub detections: Vec<(String, Spent)>,
}

impl Hunt {
    pub(crate) fn sort(&mut self) {
        self.findings.sort_by(|a, b| {
            a.time
                .total_cmp(&b.time)
                .then_with(|| a.detection.cmp(&b.detection))
                .then_with(|| a.message.cmp(&b.message))
        });
    }
}

/// Told of a hunt as it goes on.
pub trait HuntEvents: Sync {
    /// A detection is about to give its findings.
    fn detection(&self, number: usize, of: usize);
}

/// Runs `detections` over `source`, which is read once. `stop` ends the hunt with what was found
/// so far.
pub fn hunt(
    world: &World<'_>,
    detections: &[&Detection],
    source: &Arc<dyn EventSource>,
    env: &Env,
    stop: &Arc<AtomicBool>,
    events: &dyn HuntEvents,
) -> Result<Hunt, RunError> {
    hunt_over(world, detections, source, env, stop, events, true)
}

/// As [`hunt`]. `baselines`: detections without one are told.
pub(crate) fn hunt_over(
    world: &World<'_>,
    detections: &[&Detection],
    source: &Arc<dyn EventSource>,
    env: &Env,
    stop: &Arc<AtomicBool>,
    events: &dyn HuntEvents,
    baselines: bool,
) -> Result<Hunt, RunError> {
    let mut hunt = Hunt::default();
    let started = Instant::now();
    let quarry = Quarry::new(world, detections, source, env);
    hunt.profile.prepare = started.elapsed();
    hunt.left_out.extend(quarry.unsound());
    hunt.reads_risk = quarry.reading_risk().collect();
    // Before the hunt, which may fill them.
    let without = match baselines {
        true => baseline::without_baseline(world, quarry.lookups()),
        false => Vec::new(),
    };
    let many = world.session.run_many(&quarry, source, stop, &Told(events))?;
    quarry.learn(many.learnt);
    hunt.stopped = many.stopped;
    let Profile { plan, scan, within_scan, rest, searches: spent } = many.profile;
    hunt.profile = HuntProfile { plan, scan, within_scan, rest, ..hunt.profile };
    let started = Instant::now();
    let known = spent.iter().filter_map(|spent| spent.latest).reduce(f64::max);
    let last = LastEvent::new(world, source, env).instead(known, many.stopped);
    let answers: Vec<_> = quarry.detections().zip(many.answers).zip(spent).collect();
    let told: Vec<Result<_, RunError>> = answers
        .into_par_iter()
        .map(|((detection, answer), spent)| {
            let answer = answer?;
            let rows = Row::take(rows_of(&answer.schema, &answer.batches)?);
            let found = findings(world, detection, rows, env, &|| last.or(spent.latest));
            Ok((found, answer.notes, spent))
        })
        .collect();
    for (detection, told) in quarry.detections().zip(told) {
        let name = &detection.name.value;
        match told {
            Ok((findings, notes, spent)) => {
                hunt.ran += 1;
                hunt.profile.detections.push((name.clone(), spent));
                hunt.findings.extend(findings);
                hunt.notes.extend(notes.into_iter().map(|n| (name.clone(), n)));
            }
            Err(error) => {
                let (why, reason) = reason(&error);
                hunt.left_out.push(LeftOut::new(detection, why, reason));
            }
        }
    }
    let spent = &hunt.profile.detections;
    let had_events = |name: &str| spent.iter().any(|(n, spent)| n == name && spent.rows_in > 0);
    hunt.without_baseline = baseline::ran(without, &hunt.left_out, had_events);
    hunt.sort();
    hunt.profile.findings = started.elapsed();
    Ok(hunt)
}

/// Why a search cannot run.
pub(crate) fn first_error(diags: &Diagnostics) -> (Why, String) {
    let sorted = diags.sorted();
    let first = sorted.iter().find(|d| d.severity == Severity::Error);
    first.map_or((Why::Mistake, String::new()), |d| (Why::of(d), words(d)))
}

/// Reads all searches; in the order of the detections.
pub(crate) fn prepare_all<'d>(
    world: &World<'_>,
    detections: &[&'d Detection],
) -> Vec<(&'d Detection, Prepared)> {
    detections.par_iter().map(|d| (*d, prepare_detection(world, d))).collect()
}

struct Told<'e>(&'e dyn HuntEvents);

impl ManyEvents for Told<'_> {
    fn searched(&self, done: usize, of: usize) {
        self.0.detection(done, of);
    }
}

fn words(diagnostic: &Diagnostic) -> String {
    match &diagnostic.help {
        Some(help) => format!("{} ({}); {help}", diagnostic.message, diagnostic.code.id),
        None => format!("{} ({})", diagnostic.message, diagnostic.code.id),
    }
}

fn reason(error: &RunError) -> (Why, String) {
    match error {
        RunError::Diagnostic(diagnostic) => (Why::of(diagnostic), words(diagnostic)),
        other => (Why::Failed, other.to_string()),
    }
}
