//! All detections of a content over one source.

use crate::finding::Finding;
use crate::run::{World, prepare_detection, run_detection};
use davy_content::Detection;
use davy_diag::Diagnostic;
use davy_exec::{EventSource, RunError};
use davy_plan::Env;
use std::ops::ControlFlow;
use std::sync::Arc;

/// What a hunt came to.
#[derive(Debug, Default)]
pub struct Hunt {
    /// By time, then by detection and message: the same whatever the threads.
    pub findings: Vec<Finding>,
    /// Detections that ran.
    pub ran: usize,
    pub skipped: Vec<Skipped>,
    /// (detection, note)
    pub notes: Vec<(String, Diagnostic)>,
    /// It was ended before all detections had run.
    pub stopped: bool,
}

/// A detection that did not run, and why.
#[derive(Debug, Clone)]
pub struct Skipped {
    pub detection: String,
    pub reason: String,
}

/// Told of a hunt as it goes on.
pub trait HuntEvents {
    /// Before a detection runs. `Break` ends the hunt with what was found so far.
    fn detection(&mut self, number: usize, of: usize, name: &str) -> ControlFlow<()>;
}

/// Runs `detections` over `source`.
pub fn hunt(
    world: &World<'_>,
    detections: &[&Detection],
    source: &Arc<dyn EventSource>,
    env: &Env,
    events: &mut dyn HuntEvents,
) -> Hunt {
    let mut hunt = Hunt::default();
    for (number, detection) in detections.iter().enumerate() {
        let name = &detection.name.value;
        if events.detection(number, detections.len(), name).is_break() {
            hunt.stopped = true;
            break;
        }
        let prepared = prepare_detection(world, detection);
        match run_detection(world, detection, &prepared, source.clone(), env) {
            Ok(run) => {
                hunt.ran += 1;
                hunt.findings.extend(run.findings);
                hunt.notes.extend(run.notes.into_iter().map(|n| (name.clone(), n)));
            }
            Err(error) => {
                hunt.skipped.push(Skipped { detection: name.clone(), reason: reason(&error) });
            }
        }
    }
    hunt.findings.sort_by(|a, b| {
        a.time
            .total_cmp(&b.time)
            .then_with(|| a.detection.cmp(&b.detection))
            .then_with(|| a.message.cmp(&b.message))
    });
    hunt
}

fn reason(error: &RunError) -> String {
    match error {
        RunError::Diagnostic(d) => match &d.help {
            Some(help) => format!("{} ({}); {help}", d.message, d.code.id),
            None => format!("{} ({})", d.message, d.code.id),
        },
        other => other.to_string(),
    }
}
