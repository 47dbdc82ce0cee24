//! A hunt of a whole catalogue against each of its detections alone. It takes minutes in release:
//!
//! `cargo test --release -p davy --test it -- --ignored catalogue`

use crate::{davy, shared};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

/// One clock for all runs, so that results that hold the time are the same.
const NOW: &str = "1790000000";

/// Each line's result as text, in an order of its own.
fn results(lines: &str) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = lines
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|line| line.get("result").is_some())
        .map(|line| {
            (line["detection"].as_str().unwrap_or_default().into(), line["result"].to_string())
        })
        .collect();
    found.sort();
    found
}

/// The names of detections that are in force and read logs: those that read the risk of other
/// detections have something to read in a hunt only.
fn detections(folder: &Path, out: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            detections(&path, out);
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap_or_default();
        let value = |key: &str| text.lines().find_map(|line| line.strip_prefix(key)).map(str::trim);
        let lower = text.to_lowercase();
        let reads_risk = ["datamodel=risk", "index=risk", "index=notable", "`notable`"];
        if let Some(name) = value("name:")
            && !reads_risk.iter().any(|sign| lower.contains(sign))
            && !matches!(value("status:"), Some("deprecated" | "removed"))
        {
            out.push(name.trim_matches(['\'', '"']).to_owned());
        }
    }
}

#[test]
#[ignore = "takes minutes; see the top of the file"]
fn each_detection_alone_gives_what_the_hunt_gives() {
    let (Some(logs), Some(content)) = (shared("reference/evtx"), shared("reference/escu")) else {
        return;
    };
    let hunt =
        davy(&["hunt", &logs, "--content", &content, "--format", "ndjson", "--now", NOW], "");
    let mut hunted: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, result) in results(&hunt.out) {
        hunted.entry(name).or_default().push(result);
    }
    assert!(hunted.len() > 100, "{} detections found something", hunted.len());
    let mut names = Vec::new();
    detections(&Path::new(&content).join("detections"), &mut names);
    assert!(names.len() > 1000, "{} detections", names.len());
    let next = AtomicUsize::new(0);
    let wrong = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(2, usize::from) {
            scope.spawn(|| {
                while let Some(name) = names.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let args = [
                        "run",
                        name,
                        "-i",
                        &logs,
                        "--content",
                        &content,
                        "--format",
                        "ndjson",
                        "--now",
                        NOW,
                    ];
                    let alone: Vec<String> = results(&davy(&args, "").out)
                        .into_iter()
                        .map(|(_, result)| result)
                        .collect();
                    let together = hunted.get(name).cloned().unwrap_or_default();
                    if alone != together {
                        let line = format!(
                            "{name}: {} alone, {} in the hunt",
                            alone.len(),
                            together.len()
                        );
                        wrong.lock().unwrap_or_else(PoisonError::into_inner).push(line);
                    }
                }
            });
        }
    });
    let wrong = wrong.into_inner().unwrap_or_else(PoisonError::into_inner);
    assert!(wrong.is_empty(), "{} of {} differ:\n{}", wrong.len(), names.len(), wrong.join("\n"));
}
