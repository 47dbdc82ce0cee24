//! Findings as a timeline for Timesketch and Timeline Explorer.
//!
//! Timesketch asks for `message`, `datetime` (ISO 8601) and `timestamp_desc`, in files whose names
//! end in `.csv` or `.jsonl` (<https://timesketch.org/guides/user/import-from-json-csv/>). It reads
//! all times in the form of the first one. Timeline Explorer shows any CSV.

use davy_detect::Finding;
use jiff::Timestamp;
use serde_json::{Map, Value};
use std::io::{self, Write};

const COLUMNS: [&str; 11] = [
    "datetime",
    "timestamp_desc",
    "message",
    "detection",
    "type",
    "score",
    "risk_object",
    "risk_object_type",
    "techniques",
    "tactics",
    "result",
];

/// Writes the timeline: NDJSON, or CSV.
pub(crate) fn timeline(out: &mut dyn Write, findings: &[Finding], ndjson: bool) -> io::Result<()> {
    if ndjson {
        for finding in findings {
            let pairs = COLUMNS.iter().zip(cells(finding));
            let mut map: Map<String, Value> =
                pairs.map(|(name, text)| ((*name).to_owned(), Value::String(text))).collect();
            // As a number it can be asked for by range.
            map.insert("score".to_owned(), Value::from(finding.score));
            writeln!(out, "{}", Value::Object(map))?;
        }
        return out.flush();
    }
    let mut writer = csv::Writer::from_writer(&mut *out);
    writer.write_record(COLUMNS)?;
    for finding in findings {
        writer.write_record(cells(finding))?;
    }
    writer.flush()
}

fn cells(finding: &Finding) -> [String; 11] {
    let time = Timestamp::from_microsecond((finding.time * 1e6) as i64)
        .map(|t| t.strftime("%Y-%m-%dT%H:%M:%S%.6f+00:00").to_string())
        .unwrap_or_default();
    let join = |list: Vec<&str>| list.join(", ");
    [
        time,
        "Event Time".to_owned(),
        finding.message.clone(),
        finding.detection.clone(),
        finding.kind.to_owned(),
        finding.score.to_string(),
        join(finding.risk.iter().map(|r| r.object.as_str()).collect()),
        join(finding.risk.iter().map(|r| r.object_type.as_str()).collect()),
        finding.techniques.join(", "),
        finding.tactics.join(", "),
        Value::Object(finding.row.to_json()).to_string(),
    ]
}
