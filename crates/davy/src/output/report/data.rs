//! The tables of a report as JSON inside of the page.

use super::{Report, shown_time};
use davy_detect::{
    Event, EventNumbers, Finding, RiskEvent, Suppressed, object_risk, risk_notables,
};
use jiff::tz::TimeZone;
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap};
use std::io::{self, Write};

/// Findings whose details are read at once.
const CHUNK: usize = 250;
/// Events that are read at once.
const EVENTS: usize = 100;
/// Rows of a table on one page.
const PAGE: usize = 100;

pub(super) fn write(out: &mut dyn Write, report: &Report<'_>) -> io::Result<()> {
    let hunt = report.hunt;
    let findings = &hunt.findings;
    let mut numbers: HashMap<&str, usize> = HashMap::new();
    let mut detections = Vec::new();
    let mut sums: Vec<(&Finding, usize, u64)> = Vec::new();
    let mut objects: Vec<&str> = Vec::new();
    let mut known: HashMap<&str, usize> = HashMap::new();
    let mut rows = Vec::with_capacity(findings.len());
    for finding in findings {
        let number = *numbers.entry(&finding.detection).or_insert_with(|| {
            detections.push(detection(finding));
            sums.push((finding, 0, 0));
            detections.len() - 1
        });
        if let Some((_, count, risk)) = sums.get_mut(number) {
            *count += 1;
            *risk += finding.risk.iter().map(|r| u64::from(r.score)).sum::<u64>();
        }
        let own: Vec<usize> = finding
            .risk
            .iter()
            .map(|r| {
                *known.entry(&r.object).or_insert_with(|| {
                    objects.push(&r.object);
                    objects.len() - 1
                })
            })
            .collect();
        let time = shown_time(finding.time, report.zone);
        rows.push(json!([number, finding.time, time, finding.score, own, finding.message]));
    }
    let sums: Vec<Value> = sums
        .into_iter()
        .map(|(f, count, risk)| {
            let (techniques, tactics) = (f.techniques.join(", "), f.tactics.join(", "));
            json!([f.detection, f.kind, count, risk, techniques, tactics])
        })
        .collect();
    let entities: Vec<Value> = object_risk(findings)
        .iter()
        .map(|o| {
            let (first, last) = (shown_time(o.first, report.zone), shown_time(o.last, report.zone));
            json!([o.object, o.object_type, o.score, o.events, o.sources, first, last])
        })
        .collect();
    let left_out = hunt.left_out.iter().map(|l| json!([l.detection, l.why.as_str(), l.reason]));
    let without = hunt.without_baseline.iter();
    let without = without.map(|b| json!([b.detection, "ran without its baseline", b.reason()]));
    let left_out: Vec<Value> = left_out.chain(without).collect();
    let data = json!({
        "chunk": CHUNK,
        "events": EVENTS,
        "page": PAGE,
        "detections": detections,
        "objects": objects,
        "findings": rows,
        "entities": entities,
        "sums": sums,
        "notables": notables(report),
        "suppressed": suppressed(report),
        "leftOut": left_out,
    });
    element(out, "data", &data)?;
    let mut events = Events::default();
    for (at, chunk) in findings.chunks(CHUNK).enumerate() {
        let details: Vec<Value> =
            chunk.iter().map(|f| details(f, report.zone, &mut events)).collect();
        element(out, &format!("details-{at}"), &Value::Array(details))?;
    }
    for (at, chunk) in events.texts.chunks(EVENTS).enumerate() {
        let texts: Vec<&str> = chunk.iter().map(String::as_str).collect();
        element_of(out, &format!("events-{at}"), &format!("[{}]", texts.join(",")))?;
    }
    Ok(())
}

/// Events as JSON, each once however many findings show it.
#[derive(Default)]
struct Events {
    texts: Vec<String>,
    numbers: EventNumbers,
}

impl Events {
    fn number(&mut self, event: &Event, zone: &TimeZone) -> usize {
        let (number, is_new) = self.numbers.number(event);
        if is_new {
            let fields: Vec<(String, Value)> = event.row.to_json().into_iter().collect();
            let time = event.row.time("_time", &TimeZone::UTC);
            let title = time.map(|t| shown_time(t, zone)).unwrap_or_default();
            self.texts.push(json!({ "title": title, "fields": fields }).to_string());
        }
        number
    }
}

/// JSON without a `<`, so that no text in it can end the element.
fn element(out: &mut dyn Write, id: &str, value: &Value) -> io::Result<()> {
    element_of(out, id, &value.to_string())
}

fn element_of(out: &mut dyn Write, id: &str, json: &str) -> io::Result<()> {
    let text = json.replace('<', "\\u003c");
    writeln!(out, "<script type=\"application/json\" id=\"{id}\">{text}</script>")
}

pub(super) fn notables(report: &Report<'_>) -> Vec<Value> {
    risk_notables(&report.hunt.findings)
        .iter()
        .map(|n| {
            let time = shown_time(n.time, report.zone);
            json!([time, n.object, n.rule, n.severity, n.score, n.sources.join(", ")])
        })
        .collect()
}

pub(super) fn suppressed(report: &Report<'_>) -> Vec<Value> {
    let shown = |s: &Suppressed| {
        let time = shown_time(s.finding.time, report.zone);
        json!([time, s.finding.detection, s.finding.message, s.reason, s.entry])
    };
    report.hunt.suppressed.iter().map(shown).collect()
}

/// What all findings of a detection have in common.
fn detection(finding: &Finding) -> Value {
    let mut annotations: Vec<(String, Value)> = vec![
        ("type".to_owned(), json!(finding.kind)),
        ("id".to_owned(), json!(finding.id)),
        ("techniques".to_owned(), json!(finding.techniques)),
        ("tactics".to_owned(), json!(finding.tactics)),
    ];
    let list = |name: &str| -> Vec<String> {
        let value = finding.risk.first().and_then(|r| r.get(name));
        value.map(|v| v.values().into_iter().map(|s| s.into_owned()).collect()).unwrap_or_default()
    };
    for (label, name) in [
        ("kill chain", "annotations.kill_chain_phases"),
        ("NIST", "annotations.nist"),
        ("CIS", "annotations.cis20"),
        ("CVE", "annotations.cve"),
        ("threat groups", "annotations.mitre_attack.mitre_threat_group_name"),
        ("stories", "analyticstories"),
        ("description", "savedsearch_description"),
    ] {
        annotations.push((label.to_owned(), json!(list(name))));
    }
    annotations.retain(|(_, value)| value.as_array().is_none_or(|a| !a.is_empty()));
    json!({
        "name": finding.detection,
        "techniques": finding.techniques,
        "annotations": annotations,
    })
}

/// What is shown of a finding when it is opened.
fn details(finding: &Finding, zone: &TimeZone, known: &mut Events) -> Value {
    let fields: Vec<(String, Value)> = finding.row.to_json().into_iter().collect();
    let risk: Vec<Vec<(&str, Value)>> = finding.risk.iter().map(|event| risk(event)).collect();
    let mut out = json!({ "fields": fields, "risk": risk });
    if let (Some(matching), Some(map)) = (&finding.events, out.as_object_mut()) {
        let events: Vec<Value> = matching
            .events
            .iter()
            .map(|event| {
                let met: Vec<&str> = event.branches.iter().map(|b| &**b).collect();
                json!([known.number(event, zone), met])
            })
            .collect();
        map.insert("events".to_owned(), Value::Array(events));
        map.insert("left".to_owned(), json!(matching.more));
        map.insert("note".to_owned(), json!(matching.note));
    }
    out
}

fn risk(event: &RiskEvent) -> Vec<(&'static str, Value)> {
    let mut pairs = vec![
        ("message", json!(event.message)),
        ("risk object", json!(format!("{} ({})", event.object, event.object_type))),
        ("score", json!(event.score)),
    ];
    let values = |name: &str| -> Vec<String> {
        let found = event.get(name).map(|v| v.values());
        found.map(|l| l.into_iter().map(|s| s.into_owned()).collect()).unwrap_or_default()
    };
    let (objects, types) = (values("threat_object"), values("threat_object_type"));
    let threats: BTreeMap<String, String> = objects.into_iter().zip(types).collect();
    if !threats.is_empty() {
        let list: Vec<String> = threats.iter().map(|(o, t)| format!("{o} ({t})")).collect();
        pairs.push(("threat objects", json!(list)));
    }
    pairs
}
