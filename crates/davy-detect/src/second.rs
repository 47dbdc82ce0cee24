//! The second stage of a hunt: detections that read risk events and notables run over those that
//! the first stage gave.

use crate::hunt::{Hunt, HuntEvents, hunt_over};
use crate::incident::risk_notables;
use crate::run::World;
use davy_content::Detection;
use davy_events::{Meta, Options, StashEvent};
use davy_exec::{EventSource, FileSource, Input, Place, Prepared, RunError};
use davy_plan::Env;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

/// What of that which hunts give a search reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum ReadsRisk {
    Nothing,
    /// Risk events only.
    Risk,
    /// Notables too, or perhaps.
    Notables,
}

impl ReadsRisk {
    pub(crate) fn of(expanded: &str) -> ReadsRisk {
        let text: String =
            expanded.to_lowercase().chars().filter(|c| !matches!(c, '"' | ' ' | '\n')).collect();
        let has = |sign: &str| text.contains(sign);
        let signs =
            ["index=risk", "index=notable", "datamodel=risk", "datamodelrisk", "datamodel:risk"];
        if !signs.iter().any(|sign| has(sign)) {
            return ReadsRisk::Nothing;
        }
        // Another index may be meant by a wildcard, another data model may hold notables.
        let indexes = text.matches("index").count() == text.matches("index=risk").count();
        let models = text.matches("datamodel").count() == text.matches("datamodel=risk.").count();
        match indexes && models && !has("notable") {
            true => ReadsRisk::Risk,
            false => ReadsRisk::Notables,
        }
    }
}

/// Whether a search reads risk events or notables, which only a hunt gives.
pub fn reads_risk(prepared: &Prepared) -> bool {
    ReadsRisk::of(&prepared.expanded) != ReadsRisk::Nothing
}

/// Runs the detections that read risk events or notables over those of `first`, and adds what they
/// find. Their clock is the time of the last risk event, since their windows look back from now.
/// What they find is not read again.
pub fn second_stage(
    world: &World<'_>,
    detections: &[&Detection],
    first: &mut Hunt,
    env: &Env,
    events: &dyn HuntEvents,
) -> Result<(), RunError> {
    let started = Instant::now();
    let reads = |d: &&Detection| first.reads_risk.contains_key(&d.name.value);
    let chosen: Vec<&Detection> = detections.iter().copied().filter(reads).collect();
    if chosen.is_empty() {
        return Ok(());
    }
    let mut inputs = inputs("risk", risk_events(first), env);
    // A finding's notable holds its row, so there is much to write, and few searches read them.
    if first.reads_risk.values().any(|reads| *reads == ReadsRisk::Notables) {
        inputs.extend(self::inputs("notable", notables(first), env));
    }
    if inputs.is_empty() {
        first.without_risk = chosen.len();
        return Ok(());
    }
    let times = first.findings.iter().flat_map(|f| &f.risk).map(|r| r.time);
    let last = times.fold(f64::NEG_INFINITY, f64::max);
    let now = if last.is_finite() { last.floor() + 1.0 } else { env.now };
    let env = Env { now, earliest: 0.0, latest: f64::INFINITY, ..env.clone() };
    let source: Arc<dyn EventSource> = Arc::new(FileSource::new(inputs, Options::default()));
    // What was found before a stop is still to be had.
    let go_on = Arc::default();
    let second = hunt_over(world, &chosen, &source, &env, &go_on, events, false)?;
    first.second_source = Some((source, env));
    first.second_stage = chosen.iter().map(|d| d.name.value.clone()).collect();
    first.findings.extend(second.findings);
    first.sort();
    for (name, note) in second.notes {
        if !first.notes.iter().any(|(n, known)| *n == name && known.message == note.message) {
            first.notes.push((name, note));
        }
    }
    for left_out in second.left_out {
        if !first.left_out.iter().any(|known| known.detection == left_out.detection) {
            first.ran = first.ran.saturating_sub(1);
            first.left_out.push(left_out);
        }
    }
    first.profile.second = started.elapsed();
    Ok(())
}

/// Risk events by the search that gave them.
fn risk_events(first: &Hunt) -> Vec<(String, Place)> {
    let mut risk: BTreeMap<&str, Vec<Arc<dyn StashEvent>>> = BTreeMap::new();
    for event in first.findings.iter().flat_map(|f| &f.risk) {
        risk.entry(&event.search_name).or_default().push(event.clone());
    }
    let place = |(name, events): (&str, Vec<_>)| (name.to_owned(), Place::Stash(events.into()));
    risk.into_iter().map(place).collect()
}

/// Notables as Splunk keeps them, by the search that gave them.
fn notables(first: &Hunt) -> Vec<(String, Place)> {
    let mut notable: BTreeMap<String, String> = BTreeMap::new();
    for one in risk_notables(&first.findings) {
        let text = notable.entry(one.rule.to_owned()).or_default();
        text.push_str(&json_stash(one.time, &one.to_json()));
        text.push('\n');
    }
    // A TTP raises a notable for each finding.
    for finding in first.findings.iter().filter(|f| f.kind == "TTP" || f.kind == "Correlation") {
        let name = finding.risk.first().map(|r| r.search_name.clone());
        let name = name.unwrap_or_else(|| search_name_of(&finding.detection));
        let text = notable.entry(name.to_string()).or_default();
        crate::risk::stash_line(text, finding.time, &finding.row.fields);
        crate::risk::stash_field(text, "search_name", &name);
        crate::risk::stash_field(text, "rule_title", &finding.message);
        text.push('\n');
    }
    let place = |text: String| Place::Bytes(Arc::from(text.into_bytes()));
    notable.into_iter().map(|(name, text)| (name, place(text))).collect()
}

/// Events of an index; their `source` is the search that gave them.
fn inputs(index: &str, places: Vec<(String, Place)>, env: &Env) -> Vec<Input> {
    let input = |(source, place): (String, Place)| Input {
        place,
        meta: Meta {
            source: Some(source.clone()),
            sourcetype: Some("stash".to_owned()),
            index: Some(index.to_owned()),
            name: source,
            now: env.now,
            ..Meta::default()
        },
    };
    places.into_iter().map(input).collect()
}

fn search_name_of(detection: &str) -> Arc<str> {
    format!("ESCU - {detection} - Rule").into()
}

fn json_stash(time: f64, map: &Map<String, Value>) -> String {
    let mut out = davy_plan::fmt_num(time);
    let mut add = |name: &str, value: &Value| {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        crate::risk::stash_field(&mut out, name, &text);
    };
    for (name, value) in map.iter().filter(|(name, _)| !name.starts_with('_')) {
        match value {
            Value::Array(list) => list.iter().for_each(|v| add(name, v)),
            value => add(name, value),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::ReadsRisk;

    #[test]
    fn what_a_search_reads_is_told_from_its_text() {
        for (text, reads) in [
            ("index=main risk=high", ReadsRisk::Nothing),
            ("index=* risk=high", ReadsRisk::Nothing),
            ("index = \"risk\" | stats count", ReadsRisk::Risk),
            (
                "| tstats count from datamodel=Risk.All_Risk by All_Risk.risk_object",
                ReadsRisk::Risk,
            ),
            ("| from datamodel Risk.All_Risk", ReadsRisk::Notables),
            ("index=notable", ReadsRisk::Notables),
            ("index=risk OR index=not*", ReadsRisk::Notables),
            ("index=risk | append [search index IN (x, y)]", ReadsRisk::Notables),
            (
                "| tstats count from datamodel=Risk.All_Risk | append [| tstats count from datamodel=Own]",
                ReadsRisk::Notables,
            ),
        ] {
            assert_eq!(ReadsRisk::of(text), reads, "{text}");
        }
    }
}
