//! The second stage of a hunt: detections that read risk events and notables run over those that
//! the first stage gave.

use crate::hunt::{Hunt, HuntEvents, hunt_over};
use crate::incident::risk_notables;
use crate::risk::RiskEvent;
use crate::run::World;
use davy_content::Detection;
use davy_events::{Meta, Options};
use davy_exec::{EventSource, FileSource, Input, Place, RunError};
use davy_plan::Env;
use rayon::prelude::*;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

/// Whether a search reads what hunts give.
pub(crate) fn reads_risk(expanded: &str) -> bool {
    let text: String =
        expanded.to_lowercase().chars().filter(|c| !matches!(c, '"' | ' ' | '\n')).collect();
    ["index=risk", "index=notable", "datamodel=risk", "datamodelrisk", "datamodel:risk"]
        .iter()
        .any(|sign| text.contains(sign))
}

/// Runs the detections that read risk events or notables over those of `first`, and adds what they
/// find. Their clock is the time of the last risk event, since their windows look back from now.
/// What they find is not read again.
pub fn second_stage(
    world: &World<'_>,
    detections: &[&Detection],
    first: &mut Hunt,
    env: &Env,
    stop: &AtomicBool,
    events: &dyn HuntEvents,
) -> Result<(), RunError> {
    let started = Instant::now();
    let reads = |d: &&Detection| first.reads_risk.contains(&d.name.value);
    let chosen: Vec<&Detection> = detections.iter().copied().filter(reads).collect();
    let inputs = inputs(first, env);
    if chosen.is_empty() || inputs.is_empty() {
        return Ok(());
    }
    let times = first.findings.iter().flat_map(|f| &f.risk).map(|r| r.time);
    let last = times.fold(f64::NEG_INFINITY, f64::max);
    let now = if last.is_finite() { last.floor() + 1.0 } else { env.now };
    let env = Env { now, earliest: 0.0, latest: f64::INFINITY, ..env.clone() };
    let source: Arc<dyn EventSource> = Arc::new(FileSource::new(inputs, Options::default()));
    let second = hunt_over(world, &chosen, &source, &env, stop, events, false)?;
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

/// Risk events and notables as Splunk keeps them: `source` is the search that gave them.
fn inputs(first: &Hunt, env: &Env) -> Vec<Input> {
    let mut risk: BTreeMap<&str, String> = BTreeMap::new();
    let events: Vec<&RiskEvent> = first.findings.iter().flat_map(|f| &f.risk).collect();
    let lines: Vec<String> = events.par_iter().map(|event| event.to_stash()).collect();
    for (event, line) in events.iter().zip(lines) {
        let text = risk.entry(&event.search_name).or_default();
        text.push_str(&line);
        text.push('\n');
    }
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
        let text = notable.entry(name.clone()).or_default();
        text.push_str(&crate::risk::stash_line(finding.time, &finding.row.fields));
        crate::risk::stash_field(text, "search_name", &name);
        crate::risk::stash_field(text, "rule_title", &finding.message);
        text.push('\n');
    }
    let input = |index: &str, source: &str, text: String| Input {
        place: Place::Bytes(Arc::from(text.into_bytes())),
        meta: Meta {
            source: Some(source.to_owned()),
            sourcetype: Some("stash".to_owned()),
            index: Some(index.to_owned()),
            name: source.to_owned(),
            now: env.now,
            ..Meta::default()
        },
    };
    let risk = risk.into_iter().map(|(source, text)| input("risk", source, text));
    let notable = notable.iter().map(|(source, text)| input("notable", source, text.clone()));
    risk.chain(notable).collect()
}

fn search_name_of(detection: &str) -> String {
    format!("ESCU - {detection} - Rule")
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
    use super::reads_risk;

    #[test]
    fn what_reads_risk_is_told_from_its_text() {
        assert!(reads_risk("| tstats count from datamodel=Risk.All_Risk by All_Risk.risk_object"));
        assert!(reads_risk("index = \"risk\" | stats count"));
        assert!(reads_risk("| from datamodel Risk.All_Risk"));
        assert!(!reads_risk("index=main risk=high"));
    }
}
