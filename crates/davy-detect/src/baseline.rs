//! Detections that ran over an empty table which another search fills: a list of what was seen
//! before, thresholds of a model. They find nothing, or everything.

use crate::compiled::Unfilled;
use crate::left_out::LeftOut;
use crate::run::World;
use davy_content::{Detection, lookup_uses};
use rayon::prelude::*;
use serde_json::{Map, Value, json};

/// A detection whose baseline is not there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoBaseline {
    pub detection: String,
    pub id: String,
    /// The table that is empty.
    pub lookup: String,
    /// Baselines and detections that write it.
    pub filled_by: Vec<String>,
    /// Whether events passed the detection's filter, so that the baseline mattered.
    pub had_events: bool,
}

impl NoBaseline {
    /// In words.
    pub fn reason(&self) -> String {
        let names: Vec<String> = self.filled_by.iter().map(|name| format!("`{name}`")).collect();
        format!("its table `{}` is empty; {} would fill it", self.lookup, names.join(", "))
    }

    pub fn to_json(&self) -> Map<String, Value> {
        let value = json!({
            "without_baseline": self.detection,
            "id": self.id,
            "lookup": self.lookup,
            "filled_by": self.filled_by,
            "had_events": self.had_events,
            "reason": self.reason(),
        });
        match value {
            Value::Object(map) => map,
            _ => Map::new(),
        }
    }
}

/// Those of the detections that read a table which is empty before the hunt, and which some search
/// of the content writes.
pub(crate) fn without_baseline<'d>(
    world: &World<'_>,
    detections: impl Iterator<Item = (&'d Detection, Vec<String>)>,
) -> Vec<NoBaseline> {
    let computed;
    let writers = match world.compiled {
        Some(compiled) => compiled.unfilled(|| unfilled(world)),
        None => {
            computed = unfilled(world);
            &computed
        }
    };
    let mut out = Vec::new();
    if writers.is_empty() {
        return out;
    }
    for (detection, lookups) in detections {
        for lookup in lookups {
            let Some(filled_by) = writers.get(&lookup) else { continue };
            out.push(NoBaseline {
                detection: detection.name.value.clone(),
                id: detection.id.value.clone(),
                lookup,
                filled_by: filled_by.clone(),
                had_events: false,
            });
        }
    }
    out
}

/// The empty tables that searches of the content write.
fn unfilled(world: &World<'_>) -> Unfilled {
    let mut writers = Unfilled::new();
    let baselines = world.content.baselines().iter().map(|b| (&b.name, &b.search));
    let own = world.content.detections().iter().map(|d| (&d.name, &d.search));
    let all: Vec<_> = baselines.chain(own).collect();
    let uses: Vec<_> = all.par_iter().map(|(_, search)| lookup_uses(&search.value)).collect();
    for ((name, _), uses) in all.into_iter().zip(uses) {
        for (lookup, _) in uses.into_iter().filter(|(_, writes)| *writes) {
            let names = writers.entry(lookup).or_default();
            if !names.contains(&name.value) {
                names.push(name.value.clone());
            }
        }
    }
    let empty = |lookup: &str| {
        let table = world.knowledge.lookup_table(lookup);
        table.is_none_or(|table| table.rows.rows.is_empty())
    };
    writers.retain(|lookup, _| empty(lookup));
    writers
}

/// Leaves those out that did not run after all, and notes which had events.
pub(crate) fn ran(
    all: Vec<NoBaseline>,
    left_out: &[LeftOut],
    had_events: impl Fn(&str) -> bool,
) -> Vec<NoBaseline> {
    all.into_iter()
        .filter(|one| !left_out.iter().any(|l| l.id == one.id))
        .map(|one| NoBaseline { had_events: had_events(&one.detection), ..one })
        .collect()
}
