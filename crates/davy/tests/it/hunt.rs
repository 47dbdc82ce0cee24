//! `davy hunt` on the samples: what takes part, and what it writes.

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn samples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../samples")
}

fn hunt(args: &[&str]) -> Output {
    let samples = samples();
    let out = Command::new(env!("CARGO_BIN_EXE_davy"))
        .arg("hunt")
        .arg(&samples)
        .args(args)
        .output()
        .unwrap();
    assert_eq!(out.status.code(), Some(0), "{}", String::from_utf8_lossy(&out.stderr));
    out
}

fn findings(args: &[&str]) -> Vec<Value> {
    let mut all = vec!["--format", "ndjson"];
    all.extend(args);
    let out = String::from_utf8(hunt(&all).stdout).unwrap();
    out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn detections_are_chosen_by_what_they_are() {
    let all = findings(&[]);
    assert!(!all.is_empty());
    let none: [&[&str]; 7] = [
        &["--technique", "T1003"],
        &["--type", "TTP"],
        &["--story", "No Such Story"],
        &["--status", "experimental"],
        &["--exclude", "windows*certificate"],
        &["--include", "something else"],
        &["--min-risk", "37"],
    ];
    for args in none {
        assert_eq!(findings(args).len(), 0, "{args:?}");
    }
    let same: [&[&str]; 6] = [
        &["--technique", "t1552"],
        &["--technique", "T1649"],
        &["--type", "anomaly"],
        &["--story", "windows certificate*"],
        &["--include", "Windows Export Certificate", "--status", "production"],
        &["--min-risk", "36"],
    ];
    for args in same {
        assert_eq!(findings(args), all, "{args:?}");
    }
}

#[test]
fn what_is_written_tells_the_same_findings() {
    let folder = std::env::temp_dir().join(format!("davy-hunt-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let path = |name: &str| folder.join(name).display().to_string();
    let (csv, ndjson, risk, layer) =
        (path("t.csv"), path("t.ndjson"), path("risk.ndjson"), path("layer.json"));
    let all = findings(&["--timeline", &csv, "--risk", &risk, "--navigator", &layer]);
    findings(&["--timeline", &ndjson]);
    let read = |path: &str| std::fs::read_to_string(path).unwrap();
    let first = all.first().unwrap();

    let lines: Vec<Value> =
        read(&ndjson).lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    assert_eq!(lines.len(), all.len());
    assert_eq!(lines[0]["message"], first["message"]);
    assert_eq!(lines[0]["timestamp_desc"], "Event Time");
    let csv = read(&csv);
    assert!(csv.starts_with("datetime,timestamp_desc,message,"), "{csv}");
    assert!(csv.contains(lines[0]["datetime"].as_str().unwrap()), "{csv}");

    let risk: Vec<Value> = read(&risk).lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    let of_findings: usize = all.iter().map(|f| f["risk_events"].as_array().unwrap().len()).sum();
    assert_eq!(risk.len(), of_findings);
    assert_eq!(risk[0]["risk_score"], 36);

    let layer: Value = serde_json::from_str(&read(&layer)).unwrap();
    assert_eq!(layer["domain"], "enterprise-attack");
    let techniques = layer["techniques"].as_array().unwrap();
    assert!(techniques.iter().any(|t| t["techniqueID"] == "T1552.004"), "{layer}");
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn a_profile_names_the_detections_that_had_events() {
    let err = String::from_utf8(hunt(&["--profile"]).stderr).unwrap();
    assert!(err.contains("scan") && err.contains("Windows Export Certificate"), "{err}");
}
