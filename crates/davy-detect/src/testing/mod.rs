//! The three tests of a detection: validation, unit, integration.

mod integration;
mod unit;
mod validation;

use crate::run::{World, prepare_detection};
use davy_content::Detection;
use davy_content::model::AttackData;
use davy_content::page::{TestReport, TestResult, TestStatus};
use davy_diag::Diagnostics;
use davy_exec::Prepared;
use jiff::tz::TimeZone;
use std::sync::Arc;

/// Recorded data for a test.
#[derive(Debug, Clone)]
pub struct Dataset {
    pub bytes: Arc<[u8]>,
    /// What is shown: the address, the path, or that it is the data source's example.
    pub origin: String,
    /// The `example_log` of the data source stands in for a dataset that is not at hand.
    pub example: bool,
}

/// Finds the data that tests name.
pub trait Datasets {
    /// `Err` says why it is not at hand.
    fn fetch(&self, data: &AttackData) -> Result<Dataset, String>;
}

/// What a detection's tests came to.
#[derive(Debug)]
pub struct Tested {
    pub report: TestReport,
    /// What was wrong, test by test.
    pub failures: Vec<String>,
    /// What passed tests came to, test by test.
    pub notes: Vec<String>,
    /// Mistakes found by validation, with the texts they point into.
    pub prepared: Prepared,
}

impl Tested {
    pub fn passed(&self) -> bool {
        let bad = |s: TestStatus| s == TestStatus::Failing;
        !bad(self.report.validation)
            && !self.report.unit.iter().chain(&self.report.integration).any(|t| bad(t.status))
    }

    /// Whether a test could not be run for want of data.
    pub fn lacks_data(&self) -> bool {
        self.report.unit.iter().any(|t| t.status == TestStatus::NotRun)
    }
}

/// Runs the three tests. `now` is the clock for events without a time.
pub fn test_detection(
    world: &World<'_>,
    detection: &Detection,
    datasets: &dyn Datasets,
    now: f64,
    zone: &TimeZone,
) -> Tested {
    let mut prepared = prepare_detection(world, detection);
    let mut diags = Diagnostics::default();
    validation::validate(world, detection, &prepared, &mut diags);
    prepared.diags.extend(diags);
    let (mut failures, mut notes) = (Vec::new(), Vec::new());
    let mut report = TestReport::not_run(detection);
    report.validation = match prepared.diags.has_errors() {
        true => TestStatus::Failing,
        false => TestStatus::Passing,
    };
    if report.validation == TestStatus::Failing {
        failures.push("validation: the detection has mistakes".to_owned());
        return Tested { report, failures, notes, prepared };
    }
    if detection.about.manual_test.is_none() {
        let mut unit = Vec::new();
        let mut integration = Vec::new();
        for test in &detection.about.tests {
            let replay = unit::replay(detection, &test.attack_data, world.content, datasets, now);
            let outcome = match &replay {
                Ok(replay) => unit::run(world, detection, &prepared, test, replay, now, zone),
                Err(missing) => Err(missing.clone()),
            };
            let outcome = by_example(outcome, &replay);
            push(&mut unit, &mut failures, "unit", &replay, test, outcome);
            let outcome = match &replay {
                Ok(replay) => integration::run(world, detection, &prepared, replay, now, zone),
                Err(missing) => Err(missing.clone()),
            };
            let outcome = by_example(outcome, &replay);
            let outcome = outcome.map(|note| notes.push(format!("integration: {note}")));
            push(&mut integration, &mut failures, "integration", &replay, test, outcome);
        }
        report.unit = unit;
        report.integration = integration;
    }
    Tested { report, failures, notes, prepared }
}

/// Why a test has no result of its own.
#[derive(Debug, Clone)]
enum Fault {
    /// The detection failed it.
    Failed(String),
    /// It could not be run.
    NotRun(String),
    /// It does not apply to this kind of detection.
    Skipped(String),
}

/// An example is an event like those of the attack and need not be one: that nothing is found in it
/// tells nothing of the detection.
fn by_example<T>(
    outcome: Result<T, Fault>,
    replay: &Result<unit::Replay, Fault>,
) -> Result<T, Fault> {
    outcome.map_err(|fault| match fault {
        Fault::Failed(why) if replay.as_ref().is_ok_and(|r| r.example) => {
            Fault::NotRun(format!("the recorded data is not at hand; {why}"))
        }
        fault => fault,
    })
}

fn push(
    results: &mut Vec<TestResult>,
    failures: &mut Vec<String>,
    kind: &str,
    replay: &Result<unit::Replay, Fault>,
    test: &davy_content::model::Test,
    outcome: Result<(), Fault>,
) {
    let status = match &outcome {
        Ok(()) => TestStatus::Passing,
        Err(Fault::Failed(_)) => TestStatus::Failing,
        Err(Fault::NotRun(_)) => TestStatus::NotRun,
        Err(Fault::Skipped(_)) => TestStatus::Skipped,
    };
    match outcome {
        Err(Fault::Failed(why)) => failures.push(format!("{kind}: {why}")),
        Err(Fault::NotRun(why)) => failures.push(format!("{kind} not run: {why}")),
        Err(Fault::Skipped(why)) => failures.push(format!("{kind} skipped: {why}")),
        Ok(()) => {}
    }
    for (i, data) in test.attack_data.iter().enumerate() {
        let origin = replay.as_ref().ok().and_then(|r| r.origins.get(i).cloned());
        results.push(TestResult {
            status,
            dataset: origin.unwrap_or_else(|| data.data.value.clone()),
            source: data.source.clone(),
            sourcetype: data.sourcetype.clone(),
        });
    }
}
