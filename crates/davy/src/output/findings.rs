//! Findings in each format.

use super::counted;
use super::rows::{Format, write_objects};
use comfy_table::{ContentArrangement, Table, presets};
use davy_detect::{EventNumbers, Finding, LeftOut, NoBaseline, RiskEvent, Suppressed};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Map, Value};
use std::io::{self, IsTerminal, Write};

/// What is written besides findings.
#[derive(Default)]
pub(crate) struct Besides<'a> {
    /// In JSON only.
    pub(crate) suppressed: &'a [Suppressed],
    pub(crate) left_out: &'a [LeftOut],
    pub(crate) without_baseline: &'a [NoBaseline],
}

/// Writes findings with their risk events; in JSON those that were suppressed too; then the
/// detections that did not run, or ran without their baseline.
pub(crate) fn findings(
    out: &mut dyn Write,
    findings: &[Finding],
    besides: &Besides<'_>,
    format: Format,
    zone: &TimeZone,
) -> io::Result<()> {
    match format {
        Format::Table => {
            text(out, findings, zone)?;
            not_run(out, besides)
        }
        Format::Json | Format::Ndjson => {
            let mut objects = with_events(findings);
            objects.extend(besides.suppressed.iter().map(Suppressed::to_json).map(Object::Map));
            objects.extend(besides.left_out.iter().map(LeftOut::to_json).map(Object::Map));
            let without = besides.without_baseline.iter().map(NoBaseline::to_json);
            objects.extend(without.map(Object::Map));
            write_objects(out, &objects, format)
        }
        Format::Csv => csv(out, findings, besides, zone),
    }
}

/// What is one object of the JSON.
enum Object<'f> {
    /// With how it refers to its events, where they were asked for.
    Finding(&'f Finding, Option<Map<String, Value>>),
    Map(Map<String, Value>),
}

impl Serialize for Object<'_> {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        match self {
            Object::Map(map) => map.serialize(out),
            Object::Finding(finding, matching) => {
                let mut map = out.serialize_map(None)?;
                finding.entries(&mut map)?;
                if let Some(matching) = matching {
                    map.serialize_entry("matching", matching)?;
                }
                map.end()
            }
        }
    }
}

/// Findings, and before each its events that no finding before it had.
fn with_events(findings: &[Finding]) -> Vec<Object<'_>> {
    let mut numbers = EventNumbers::default();
    let mut objects = Vec::with_capacity(findings.len());
    for finding in findings {
        let mut new = Vec::new();
        let matching = finding.events.as_ref().map(|e| e.to_json(&mut numbers, &mut new));
        objects.extend(new.into_iter().map(Object::Map));
        objects.push(Object::Finding(finding, matching));
    }
    objects
}

/// A point in time in the zone.
pub(crate) fn shown_time(at: f64, zone: &TimeZone) -> String {
    Timestamp::from_microsecond((at * 1e6) as i64)
        .map(|t| t.to_zoned(zone.clone()).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string())
        .unwrap_or_default()
}

/// A table of the findings, then each with its fields and risk events.
fn text(out: &mut dyn Write, findings: &[Finding], zone: &TimeZone) -> io::Result<()> {
    if findings.is_empty() {
        writeln!(out, "no findings")?;
        return out.flush();
    }
    let mut table = Table::new();
    table.load_preset(presets::UTF8_HORIZONTAL_ONLY);
    if io::stdout().is_terminal() {
        table.set_content_arrangement(ContentArrangement::Dynamic);
    }
    table.set_header(["time", "detection", "risk object", "score", "techniques", "message"]);
    for finding in findings {
        let objects: Vec<String> =
            finding.risk.iter().map(|r| format!("{} ({})", r.object, r.object_type)).collect();
        table.add_row([
            shown_time(finding.time, zone),
            finding.detection.clone(),
            objects.join("\n"),
            finding.score.to_string(),
            finding.techniques.join("\n"),
            finding.message.clone(),
        ]);
    }
    writeln!(out, "{table}")?;
    const DETAILED: usize = 20;
    for finding in findings.iter().take(DETAILED) {
        detail(out, finding)?;
    }
    if findings.len() > DETAILED {
        let more = counted(findings.len() - DETAILED, "more finding");
        writeln!(out, "\n{more}; --format json shows all")?;
    }
    out.flush()
}

/// Events shown of one finding.
const EVENTS: usize = 5;

fn detail(out: &mut dyn Write, finding: &Finding) -> io::Result<()> {
    writeln!(out, "\n{} ({})", finding.detection, finding.kind)?;
    for (name, value) in &finding.row.fields {
        writeln!(out, "  {name}: {}", one_line(&value.values().join(", ")))?;
    }
    for risk in &finding.risk {
        risk_event(out, risk)?;
    }
    if let Some(matching) = &finding.events {
        writeln!(out, "  events: {}", matching.note)?;
        for event in matching.events.iter().take(EVENTS) {
            let raw = event.row.text("_raw").unwrap_or_default();
            writeln!(out, "    {}", one_line(&raw))?;
            for branch in &event.branches {
                writeln!(out, "      matched {}", one_line(branch))?;
            }
        }
        let more = matching.more + matching.events.len().saturating_sub(EVENTS);
        if more > 0 {
            writeln!(out, "    and {more} more; --format json shows them")?;
        }
    }
    Ok(())
}

fn risk_event(out: &mut dyn Write, risk: &RiskEvent) -> io::Result<()> {
    writeln!(out, "  risk event: {}", one_line(&risk.message))?;
    writeln!(out, "    score {}, {} of type {}", risk.score, risk.object, risk.object_type)?;
    let list =
        |name: &str| risk.get(name).map(|v| v.values().join(", ")).filter(|text| !text.is_empty());
    let shown = [
        ("techniques", "annotations.mitre_attack"),
        ("tactics", "annotations.mitre_attack.mitre_tactic"),
        ("kill chain", "annotations.kill_chain_phases"),
        ("NIST", "annotations.nist"),
        ("CIS", "annotations.cis20"),
        ("threat actors", "annotations.mitre_attack.mitre_threat_group_name"),
        ("threat objects", "threat_object"),
        ("stories", "analyticstories"),
    ];
    for (label, name) in shown {
        if let Some(text) = list(name) {
            writeln!(out, "    {label}: {}", one_line(&text))?;
        }
    }
    Ok(())
}

fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

fn not_run(out: &mut dyn Write, besides: &Besides<'_>) -> io::Result<()> {
    let rows = besides.left_out.iter().map(|l| [&*l.detection, l.why.as_str(), &l.reason]);
    reasons(out, ["did not run", "why", "reason"], rows.map(|r| r.map(one_line)))?;
    let rows = besides.without_baseline.iter().map(|b| {
        let events = if b.had_events { "events" } else { "no events" };
        [one_line(&b.detection), events.to_owned(), one_line(&b.reason())]
    });
    reasons(out, ["ran without its baseline", "had", "reason"], rows)
}

fn reasons(
    out: &mut dyn Write,
    head: [&str; 3],
    rows: impl ExactSizeIterator<Item = [String; 3]>,
) -> io::Result<()> {
    if rows.len() == 0 {
        return Ok(());
    }
    let mut table = Table::new();
    table.load_preset(presets::UTF8_HORIZONTAL_ONLY);
    if io::stdout().is_terminal() {
        table.set_content_arrangement(ContentArrangement::Dynamic);
    }
    table.set_header(head);
    table.add_rows(rows);
    writeln!(out, "\n{table}")?;
    out.flush()
}

fn csv(
    out: &mut dyn Write,
    findings: &[Finding],
    besides: &Besides<'_>,
    zone: &TimeZone,
) -> io::Result<()> {
    let mut writer = csv::Writer::from_writer(out);
    writer.write_record([
        "time",
        "detection",
        "id",
        "type",
        "score",
        "risk_object",
        "risk_object_type",
        "techniques",
        "tactics",
        "message",
        "result",
    ])?;
    for finding in findings {
        let result = Value::Object(finding.row.to_json()).to_string();
        let mut line = |object: &str, kind: &str| {
            writer.write_record([
                &shown_time(finding.time, zone),
                &finding.detection,
                &finding.id,
                finding.kind,
                &finding.score.to_string(),
                object,
                kind,
                &finding.techniques.join(";"),
                &finding.tactics.join(";"),
                &finding.message,
                &result,
            ])
        };
        match finding.risk.as_slice() {
            [] => line("", "")?,
            risk => {
                for event in risk {
                    line(&event.object, &event.object_type)?;
                }
            }
        }
    }
    let mut note = |name: &str, id: &str, kind: &str, reason: &str| {
        writer.write_record(["", name, id, kind, "", "", "", "", "", reason, ""])
    };
    for one in besides.left_out {
        let kind = format!("did not run: {}", one.why.as_str());
        note(&one.detection, &one.id, &kind, &one.reason)?;
    }
    for one in besides.without_baseline {
        note(&one.detection, &one.id, "ran without its baseline", &one.reason())?;
    }
    writer.flush()
}
