//! Risk summed per object, and the two standard risk incident rules, by event time.
//!
//! The rules are Enterprise Security's: "Risk Threshold Exceeded For Object Over 24 Hour Period"
//! (Administer ES, default correlation searches: sum of `calculated_risk_score` over 100; medium
//! from 100, high from 250, critical from 500) and "ATT&CK Tactic Threshold Exceeded For Object
//! Over Previous 7 Days" (default risk incident rules: three or more tactics from four or more
//! sources).

use crate::finding::Finding;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

const DAY: f64 = 86_400.0;

/// The risk of one object over all findings.
#[derive(Debug, Clone, PartialEq)]
pub struct ObjectRisk {
    pub object: String,
    /// `system`, `user` or `other`.
    pub object_type: String,
    pub score: u64,
    pub events: usize,
    /// Detections that gave risk.
    pub sources: usize,
    /// Seconds since the epoch.
    pub first: f64,
    pub last: f64,
}

/// A risk incident rule that an object's risk met.
#[derive(Debug, Clone, PartialEq)]
pub struct RiskNotable {
    pub rule: &'static str,
    pub severity: &'static str,
    pub object: String,
    pub object_type: String,
    /// When the rule was first met, in seconds since the epoch.
    pub time: f64,
    /// The highest sum within the rule's window.
    pub score: u64,
    /// Detections within that window.
    pub sources: Vec<String>,
    pub tactics: Vec<String>,
}

impl RiskNotable {
    pub fn to_json(&self) -> Map<String, Value> {
        let value = json!({
            "_time": self.time,
            "rule": self.rule,
            "severity": self.severity,
            "risk_object": self.object,
            "risk_object_type": self.object_type,
            "risk_score": self.score,
            "source": self.sources,
            "tactics": self.tactics,
        });
        match value {
            Value::Object(map) => map,
            _ => Map::new(),
        }
    }
}

/// One risk event, as far as the rules look at it.
struct Entry<'f> {
    time: f64,
    score: u64,
    source: &'f str,
    tactics: &'f [String],
}

/// Objects and their risk events by time. Names of objects differ by case between logs.
fn by_object(findings: &[Finding]) -> BTreeMap<(String, &str), (&str, Vec<Entry<'_>>)> {
    let mut objects: BTreeMap<(String, &str), (&str, Vec<Entry<'_>>)> = BTreeMap::new();
    for finding in findings {
        for risk in &finding.risk {
            let key = (risk.object.to_lowercase(), risk.object_type.as_str());
            let (_, entries) =
                objects.entry(key).or_insert_with(|| (risk.object.as_str(), Vec::new()));
            entries.push(Entry {
                time: risk.time,
                score: u64::from(risk.score),
                source: &finding.detection,
                tactics: &finding.tactics,
            });
        }
    }
    for (_, entries) in objects.values_mut() {
        entries.sort_by(|a, b| a.time.total_cmp(&b.time).then_with(|| a.source.cmp(b.source)));
    }
    objects
}

/// The risk of each object, the highest first.
pub fn object_risk(findings: &[Finding]) -> Vec<ObjectRisk> {
    let mut out: Vec<ObjectRisk> = by_object(findings)
        .into_iter()
        .map(|((_, kind), (object, entries))| ObjectRisk {
            object: object.to_owned(),
            object_type: kind.to_owned(),
            score: entries.iter().map(|e| e.score).sum(),
            events: entries.len(),
            sources: entries.iter().map(|e| e.source).collect::<BTreeSet<_>>().len(),
            first: entries.first().map_or(0.0, |e| e.time),
            last: entries.last().map_or(0.0, |e| e.time),
        })
        .collect();
    out.sort_by(|a, b| b.score.cmp(&a.score).then_with(|| a.object.cmp(&b.object)));
    out
}

/// The risk notables that the findings raise, by time.
pub fn risk_notables(findings: &[Finding]) -> Vec<RiskNotable> {
    let mut out = Vec::new();
    for ((_, kind), (object, entries)) in by_object(findings) {
        let made = |rule, span, met: fn(&Sum<'_>) -> bool| {
            raised(&entries, span, met).into_iter().map(move |window| RiskNotable {
                rule,
                severity: severity(window.score),
                object: object.to_owned(),
                object_type: kind.to_owned(),
                time: window.time,
                score: window.score,
                sources: window.sources.iter().map(|s| (*s).to_owned()).collect(),
                tactics: window.tactics.iter().map(|s| (*s).to_owned()).collect(),
            })
        };
        out.extend(made("Risk Threshold Exceeded For Object Over 24 Hour Period", DAY, |w| {
            w.score > 100
        }));
        out.extend(made(
            "ATT&CK Tactic Threshold Exceeded For Object Over Previous 7 Days",
            7.0 * DAY,
            |w| w.tactics.len() >= 3 && w.sources.len() >= 4,
        ));
    }
    out.sort_by(|a, b| a.time.total_cmp(&b.time).then_with(|| a.object.cmp(&b.object)));
    out
}

fn severity(score: u64) -> &'static str {
    match score {
        500.. => "critical",
        250.. => "high",
        _ => "medium",
    }
}

#[derive(Default)]
struct Window<'f> {
    time: f64,
    score: u64,
    sources: Vec<&'f str>,
    tactics: Vec<&'f str>,
}

/// What is within a rule's span up to some event.
#[derive(Default)]
struct Sum<'f> {
    score: u64,
    /// How often each is met.
    sources: BTreeMap<&'f str, usize>,
    tactics: BTreeMap<&'f str, usize>,
}

impl<'f> Sum<'f> {
    fn add(&mut self, entry: &Entry<'f>) {
        self.score += entry.score;
        *self.sources.entry(entry.source).or_default() += 1;
        for tactic in entry.tactics {
            *self.tactics.entry(tactic).or_default() += 1;
        }
    }

    fn take(&mut self, entry: &Entry<'f>) {
        fn one_less<'f>(counts: &mut BTreeMap<&'f str, usize>, name: &'f str) {
            let Some(count) = counts.get_mut(name) else { return };
            *count -= 1;
            if *count == 0 {
                counts.remove(name);
            }
        }
        self.score -= entry.score;
        one_less(&mut self.sources, entry.source);
        entry.tactics.iter().for_each(|tactic| one_less(&mut self.tactics, tactic));
    }

    fn window(&self, time: f64) -> Window<'f> {
        let sources = self.sources.keys().copied().collect();
        let tactics = self.tactics.keys().copied().collect();
        Window { time, score: self.score, sources, tactics }
    }
}

/// One window for each stretch of time in which the rule is met without a break; it holds the
/// highest sum of the stretch.
fn raised<'f>(entries: &'f [Entry<'f>], span: f64, met: fn(&Sum<'_>) -> bool) -> Vec<Window<'f>> {
    let mut out: Vec<Window<'f>> = Vec::new();
    let mut oldest = entries.iter().peekable();
    let mut sum = Sum::default();
    let mut open = false;
    for entry in entries {
        while let Some(old) = oldest.next_if(|old| old.time <= entry.time - span) {
            sum.take(old);
        }
        sum.add(entry);
        if !met(&sum) {
            open = false;
            continue;
        }
        match out.last_mut().filter(|_| open) {
            Some(last) if sum.score > last.score => *last = sum.window(last.time),
            Some(_) => {}
            None => out.push(sum.window(entry.time)),
        }
        open = true;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{DAY, Entry, raised};

    fn entry(time: f64, score: u64, source: &'static str) -> Entry<'static> {
        Entry { time, score, source, tactics: &[] }
    }

    #[test]
    fn a_day_counts_from_its_end_and_a_stretch_raises_once() {
        let entries = [
            entry(0.0, 60, "a"),
            entry(10.0, 40, "b"),
            entry(DAY - 1.0, 10, "c"),
            entry(DAY, 10, "d"),
            entry(10.0 * DAY, 101, "e"),
        ];
        let found = raised(&entries, DAY, |w| w.score > 100);
        let shown: Vec<(f64, u64)> = found.iter().map(|w| (w.time, w.score)).collect();
        // At DAY the first event is a day old and no longer counts.
        assert_eq!(shown, [(DAY - 1.0, 110), (10.0 * DAY, 101)]);
    }
}
