//! Findings as a layer of the ATT&CK Navigator, format 4.5
//! (<https://github.com/mitre-attack/attack-navigator/blob/master/layers/spec/v4.5/layerformat.md>).

use davy_detect::Finding;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::{self, Write};

/// Writes the layer: each technique with the number of its findings as score.
pub(crate) fn navigator(out: &mut dyn Write, findings: &[Finding]) -> io::Result<()> {
    let mut techniques: BTreeMap<&str, BTreeMap<&str, u64>> = BTreeMap::new();
    for finding in findings {
        for id in &finding.techniques {
            *techniques.entry(id).or_default().entry(&finding.detection).or_default() += 1;
        }
    }
    let most = techniques.values().map(|d| d.values().sum::<u64>()).max().unwrap_or(1);
    let techniques: Vec<Value> = techniques
        .into_iter()
        .map(|(id, detections)| {
            let comment: Vec<String> =
                detections.iter().map(|(name, count)| format!("{name}: {count}")).collect();
            json!({
                "techniqueID": id,
                "score": detections.values().sum::<u64>(),
                "comment": comment.join("\n"),
                "enabled": true,
                "showSubtechniques": true,
            })
        })
        .collect();
    let layer = json!({
        "name": "davy hunt",
        // The oldest Navigator that reads this format; a layer must name one.
        "versions": { "attack": "16", "navigator": "4.9.0", "layer": "4.5" },
        "domain": "enterprise-attack",
        "description": "Findings per technique",
        "sorting": 3,
        "gradient": { "colors": ["#ffe766", "#ff6666"], "minValue": 0, "maxValue": most },
        "techniques": techniques,
    });
    serde_json::to_writer_pretty(&mut *out, &layer)?;
    writeln!(out)?;
    out.flush()
}
