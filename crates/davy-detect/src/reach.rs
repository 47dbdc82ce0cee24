//! Which detections could find something in the logs at hand.

use crate::hunt::{first_error, prepare_all};
use crate::left_out::Why;
use crate::run::World;
use davy_content::Detection;
use davy_exec::{EventSource, Reach, RunError, Search};
use davy_plan::{Env, FieldSet};
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// What the logs have for one detection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DetectionCoverage {
    pub detection: String,
    pub id: String,
    pub verdict: Verdict,
    /// In words: what is lacking.
    pub reason: String,
    /// Parts of the search that no event of the logs meets.
    pub unmet: Vec<String>,
    /// Fields that the search reads and none of the events it can match has.
    pub missing: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// There are events that it may match, with all the fields it reads.
    Covered,
    /// There are events that it may match, and they lack some fields.
    Partly,
    /// No event of the logs can match.
    NoEvents,
    /// It cannot run at all.
    CannotRun,
    /// It reads no events: a lookup, or rows of its own.
    ReadsNone,
}

impl Verdict {
    pub fn as_str(self) -> &'static str {
        match self {
            Verdict::Covered => "covered",
            Verdict::Partly => "partly",
            Verdict::NoEvents => "no-events",
            Verdict::CannotRun => "cannot-run",
            Verdict::ReadsNone => "reads-none",
        }
    }
}

impl DetectionCoverage {
    pub fn to_json(&self) -> Map<String, Value> {
        let value = json!({
            "detection": self.detection,
            "id": self.id,
            "coverage": self.verdict.as_str(),
            "reason": self.reason,
            "unmet": self.unmet,
            "missing_fields": self.missing,
        });
        match value {
            Value::Object(map) => map,
            _ => Map::new(),
        }
    }
}

/// Looks at the kinds of events in the logs; runs no detection. In the order of the detections.
pub fn detection_coverage(
    world: &World<'_>,
    detections: &[&Detection],
    source: &Arc<dyn EventSource>,
    env: &Env,
) -> Result<Vec<DetectionCoverage>, RunError> {
    let prepared = prepare_all(world, detections);
    let shared = Arc::new(env.clone());
    let sound: Vec<_> = prepared.iter().filter(|(_, p)| !p.diags.has_errors()).collect();
    let searches: Vec<Search<'_>> = sound
        .iter()
        .map(|(_, prepared)| Search {
            prepared,
            env: shared.clone(),
            source: Some(source.clone()),
            knowledge: world.knowledge,
            out: FieldSet::all(),
        })
        .collect();
    let mut reached = world.session.reach(&searches, source)?.into_iter();
    let out = prepared.iter().map(|(detection, prepared)| {
        let (verdict, reason, reach) = match prepared.diags.has_errors() {
            true => {
                let (_, reason): (Why, String) = first_error(&prepared.diags);
                (Verdict::CannotRun, reason, Reach::default())
            }
            false => told(reached.next().unwrap_or_default()),
        };
        DetectionCoverage {
            detection: detection.name.value.clone(),
            id: detection.id.value.clone(),
            verdict,
            reason,
            unmet: reach.unmet,
            missing: reach.missing,
        }
    });
    Ok(out.collect())
}

fn told(reach: Reach) -> (Verdict, String, Reach) {
    if !reach.reads {
        return (Verdict::ReadsNone, "it reads no events".to_owned(), reach);
    }
    if reach.kinds == 0 {
        let reason = match reach.unmet.is_empty() {
            true => "the logs have no events".to_owned(),
            false if reach.apart => {
                format!("no event that meets the rest of the search has {}", reach.unmet.join(" "))
            }
            false => match reach.unmet.as_slice() {
                [one] if one.starts_with("NOT ") => {
                    format!("every event has {}", &one["NOT ".len()..])
                }
                unmet => format!("no event has {}", unmet.join(" ")),
            },
        };
        return (Verdict::NoEvents, reason, reach);
    }
    let reason = match reach.missing.is_empty() {
        true => String::new(),
        false => format!("no event that it can match has {}", reach.missing.join(", ")),
    };
    let verdict = if reach.missing.is_empty() { Verdict::Covered } else { Verdict::Partly };
    (verdict, reason, reach)
}
