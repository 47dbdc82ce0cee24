//! Detections that a hunt did not run, and why.

use davy_content::Detection;
use davy_diag::Diagnostic;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// The kind of reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Why {
    /// Its search has a mistake.
    Mistake,
    /// It needs something of Splunk that is not here.
    Refused,
    /// A lookup, data model, macro or saved search is missing.
    Missing,
    /// It failed while it ran.
    Failed,
    /// It took longer than it may.
    TimedOut,
    /// It came to hold more than it may.
    OutOfMemory,
    /// It is deprecated or removed.
    Deprecated,
    /// It was not asked for.
    NotSelected,
}

impl Why {
    /// As a word for machines.
    pub fn as_str(self) -> &'static str {
        match self {
            Why::Mistake => "mistake",
            Why::Refused => "refused",
            Why::Missing => "missing",
            Why::Failed => "failed",
            Why::TimedOut => "timed-out",
            Why::OutOfMemory => "out-of-memory",
            Why::Deprecated => "deprecated",
            Why::NotSelected => "not-selected",
        }
    }

    /// Whether it was meant to run.
    pub fn is_fault(self) -> bool {
        !matches!(self, Why::Deprecated | Why::NotSelected)
    }

    /// What a diagnostic that keeps a detection from running is about.
    pub(crate) fn of(diagnostic: &Diagnostic) -> Why {
        match diagnostic.code.id {
            "spl::refused" => Why::Refused,
            "spl::unknown-macro" => Why::Missing,
            "run::timed-out" => Why::TimedOut,
            "run::out-of-memory" => Why::OutOfMemory,
            id if id.starts_with("knowledge::") => Why::Missing,
            id if id.starts_with("run::") => Why::Failed,
            _ => Why::Mistake,
        }
    }
}

/// A detection that did not run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    pub detection: String,
    pub id: String,
    pub why: Why,
    /// In words.
    pub reason: String,
}

impl LeftOut {
    pub(crate) fn new(detection: &Detection, why: Why, reason: String) -> LeftOut {
        LeftOut {
            detection: detection.name.value.clone(),
            id: detection.id.value.clone(),
            why,
            reason,
        }
    }

    pub fn to_json(&self) -> Map<String, Value> {
        let value = json!({
            "left_out": self.detection,
            "id": self.id,
            "why": self.why.as_str(),
            "reason": self.reason,
        });
        match value {
            Value::Object(map) => map,
            _ => Map::new(),
        }
    }
}
