//! What is known of a detection's tests.

use crate::model::Detection;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TestStatus {
    Passing,
    Failing,
    /// Nobody ran it, so nothing is claimed.
    #[default]
    NotRun,
    /// It needs a person.
    Skipped,
}

impl TestStatus {
    pub fn as_str(self) -> &'static str {
        match self {
            TestStatus::Passing => "Passing",
            TestStatus::Failing => "Failing",
            TestStatus::NotRun => "not run",
            TestStatus::Skipped => "skipped",
        }
    }
}

/// One data set's result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TestResult {
    pub status: TestStatus,
    pub dataset: String,
    pub source: String,
    pub sourcetype: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TestReport {
    /// Whether the file keeps the rules.
    pub validation: TestStatus,
    /// Whether the search finds the recorded attack.
    pub unit: Vec<TestResult>,
    /// Whether the finding and its risk come out at the far end.
    pub integration: Vec<TestResult>,
}

impl TestReport {
    /// The tests that a detection has, none of them run.
    pub fn not_run(detection: &Detection) -> Self {
        let status = match detection.about.manual_test {
            Some(_) => TestStatus::Skipped,
            None => TestStatus::NotRun,
        };
        let results: Vec<TestResult> = detection
            .about
            .tests
            .iter()
            .flat_map(|test| &test.attack_data)
            .map(|data| TestResult {
                status,
                dataset: data.data.value.clone(),
                source: data.source.clone(),
                sourcetype: data.sourcetype.clone(),
            })
            .collect();
        Self { validation: TestStatus::NotRun, unit: results.clone(), integration: results }
    }
}
