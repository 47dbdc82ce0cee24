//! `davy hunt` on the samples: what takes part, and what it writes.

use crate::{Folder, davy};
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
    assert_eq!(findings(&["--min-risk", "37"]).len(), 0);
    let none: [[&str; 2]; 3] =
        [["--type", "TTP"], ["--status", "experimental"], ["--exclude", "windows*certificate"]];
    for [flag, word] in none {
        let out = davy(&["hunt", &samples().display().to_string(), flag, word], "");
        assert_eq!(out.status, 2, "{flag} {word}: {}", out.err);
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
fn words_that_name_nothing_are_slips() {
    let slips = [
        ("--technique", "T1553.004", "T1552.004"),
        ("--technique", "T1003", "technique `T1003`"),
        ("--story", "Windows Certifcate Services", "did you mean `Windows Certificate Services`?"),
        ("--include", "Windows Exprt Certificate", "did you mean `Windows Export Certificate`?"),
        ("--include", "certificate", "did you mean `*certificate*`?"),
        ("--type", "TPP", "did you mean `TTP`?"),
        ("--status", "productoin", "did you mean `production`?"),
    ];
    for (flag, word, said) in slips {
        let out = davy(&["hunt", &samples().display().to_string(), flag, word], "");
        assert_eq!(out.status, 2, "{flag} {word}: {}", out.err);
        assert!(out.err.contains(said), "{flag} {word}: {}", out.err);
    }
    let out = davy(&["hunt", &samples().display().to_string(), "--exclude", "Windows Exprt"], "");
    assert_eq!(out.status, 0);
    assert!(out.err.contains("warning: --exclude: no detection has the name"), "{}", out.err);
}

/// A detection that is deprecated, one whose lookup is missing, one with a mistake.
fn content_with_faults(folder: &Folder) -> String {
    for (name, status, search) in [
        ("Old", "deprecated", "index=main"),
        ("Lost", "production", "index=main | lookup no_such_table a OUTPUT b"),
        ("Wrong", "production", "index=main | stast count"),
        ("Sound", "production", "index=main EventCode=1007"),
    ] {
        let text = format!(
            "name: {name}\nid: 00000000-0000-4000-8000-00000000000{}\nversion: 1\n\
             date: '2026-01-01'\nauthor: A\nstatus: {status}\ntype: Hunting\n\
             description: d\ndata_source: []\nsearch: '{search}'\nhow_to_implement: h\n\
             known_false_positives: k\nreferences: []\ntags:\n  analytic_story: []\n  \
             asset_type: Endpoint\n  mitre_attack_id: []\n  product: [Splunk Enterprise]\n  \
             security_domain: endpoint\n",
            name.len()
        );
        folder.file(&format!("detections/endpoint/{}.yml", name.to_lowercase()), text);
    }
    folder.path()
}

#[test]
fn every_detection_that_did_not_run_is_told_with_the_reason() {
    let folder = Folder::new("left-out");
    let content = content_with_faults(&folder);
    let samples = samples().display().to_string();
    let args = ["hunt", &samples, "--content", &content, "--exclude", "Windows Export*"];
    let with = |more: &[&str]| davy(&[&args[..], more].concat(), "");

    let out = with(&["--format", "ndjson", "--left-out"]);
    let why: Vec<(String, String)> = out
        .out
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .filter(|v| v.get("left_out").is_some())
        .map(|v| (v["left_out"].as_str().unwrap().into(), v["why"].as_str().unwrap().into()))
        .collect();
    let is = |name: &str, reason: &str| why.contains(&(name.into(), reason.into()));
    assert!(is("Old", "deprecated") && is("Lost", "missing") && is("Wrong", "mistake"), "{why:?}");
    assert!(is("Windows Export Certificate", "not-selected"), "{why:?}");
    assert!(!why.iter().any(|(name, _)| name == "Sound"), "{why:?}");

    let plain = with(&["--format", "ndjson"]);
    assert!(!plain.out.contains("left_out"), "{}", plain.out);
    assert!(plain.err.contains("--left-out lists them"), "{}", plain.err);
    let table = with(&["--left-out"]).out;
    assert!(table.contains("did not run") && table.contains("no_such_table"), "{table}");
    let csv = with(&["--left-out", "--format", "csv"]).out;
    assert!(csv.contains("did not run: missing"), "{csv}");
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

/// A text with each digit as a 9.
fn shape(text: &str) -> String {
    text.chars().map(|c| if c.is_ascii_digit() { '9' } else { c }).collect()
}

#[test]
fn timelines_are_what_timesketch_reads() {
    let folder = Folder::new("timeline");
    let (csv, jsonl) = (format!("{}/t.csv", folder.path()), format!("{}/t.jsonl", folder.path()));
    let all = findings(&["--timeline", &csv]);
    findings(&["--timeline", &jsonl]);
    // Microseconds and an offset in each: a reader takes the form of the first one for all.
    let iso = "9999-99-99T99:99:99.999999+99:99";
    let mut reader = csv::Reader::from_path(&csv).unwrap();
    let heads: Vec<String> = reader.headers().unwrap().iter().map(str::to_owned).collect();
    let different: std::collections::HashSet<&String> = heads.iter().collect();
    assert!(different.len() == heads.len() && !heads.iter().any(String::is_empty), "{heads:?}");
    let text = std::fs::read_to_string(&jsonl).unwrap();
    let lines: Vec<Value> = text.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    assert_eq!((rows.len(), lines.len()), (all.len(), all.len()));
    for (row, line) in rows.iter().zip(&lines) {
        let cell = |name: &str| row.get(heads.iter().position(|h| h == name).unwrap()).unwrap();
        assert_eq!(shape(cell("datetime")), iso, "{row:?}");
        for name in ["message", "datetime", "timestamp_desc"] {
            assert!(!cell(name).is_empty(), "{row:?}");
            assert_eq!(line[name], cell(name));
        }
        assert!(line["score"].is_u64() && line.get("tag").is_none(), "{line}");
    }
}

/// (property, kind, required) as layers/spec/v4.5/layerformat.md of the ATT&CK Navigator has them.
type Properties = &'static [(&'static str, &'static str, bool)];

const LAYER: Properties = &[
    ("versions", "object", false),
    ("name", "string", true),
    ("description", "string", false),
    ("domain", "string", true),
    ("customDataURL", "string", false),
    ("filters", "object", false),
    ("sorting", "number", false),
    ("layout", "object", false),
    ("hideDisabled", "boolean", false),
    ("techniques", "array", false),
    ("gradient", "object", false),
    ("legendItems", "array", false),
    ("showTacticRowBackground", "boolean", false),
    ("tacticRowBackground", "string", false),
    ("selectTechniquesAcrossTactics", "boolean", false),
    ("selectSubtechniquesWithParent", "boolean", false),
    ("selectVisibleTechniques", "boolean", false),
    ("metadata", "array", false),
    ("links", "array", false),
];
const VERSIONS: Properties =
    &[("attack", "string", false), ("navigator", "string", true), ("layer", "string", true)];
const TECHNIQUE: Properties = &[
    ("techniqueID", "string", true),
    ("tactic", "string", false),
    ("comment", "string", false),
    ("enabled", "boolean", false),
    ("score", "number", false),
    ("color", "string", false),
    ("metadata", "array", false),
    ("links", "array", false),
    ("showSubtechniques", "boolean", false),
];
const GRADIENT: Properties =
    &[("colors", "array", true), ("minValue", "number", true), ("maxValue", "number", true)];

fn conforms(value: &Value, properties: Properties) {
    let map = value.as_object().unwrap();
    for (name, _, required) in properties {
        assert!(!required || map.contains_key(*name), "{name} is lacking: {value}");
    }
    for (name, value) in map {
        let known = properties.iter().find(|(known, ..)| known == name);
        let (_, kind, _) = known.unwrap_or_else(|| panic!("no layer has {name}"));
        let own = match value {
            Value::Null => "null",
            Value::Bool(_) => "boolean",
            Value::Number(_) => "number",
            Value::String(_) => "string",
            Value::Array(_) => "array",
            Value::Object(_) => "object",
        };
        assert_eq!(own, *kind, "{name}");
    }
}

#[test]
fn a_layer_is_what_the_navigator_reads() {
    let folder = Folder::new("layer");
    let path = format!("{}/layer.json", folder.path());
    // With findings and without any.
    for more in [&[][..], &["--min-risk", "100"]] {
        let all = findings(&[&["--navigator", &path][..], more].concat());
        assert_eq!(all.is_empty(), !more.is_empty());
        let layer: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        conforms(&layer, LAYER);
        conforms(&layer["versions"], VERSIONS);
        conforms(&layer["gradient"], GRADIENT);
        assert_eq!(layer["versions"]["layer"], "4.5");
        let navigator = layer["versions"]["navigator"].as_str().unwrap();
        let parts: Vec<u32> = navigator.split('.').map(|p| p.parse().unwrap()).collect();
        assert!(parts >= vec![4, 9, 0], "{navigator}");
        let domains = ["enterprise-attack", "mobile-attack", "ics-attack"];
        assert!(domains.contains(&layer["domain"].as_str().unwrap()));
        assert!(layer["sorting"].as_u64().unwrap() <= 3);
        let gradient = &layer["gradient"];
        assert!(gradient["maxValue"].as_f64() > gradient["minValue"].as_f64());
        assert!(gradient["colors"].as_array().unwrap().len() >= 2);
        let techniques = layer["techniques"].as_array().unwrap();
        assert_eq!(techniques.is_empty(), all.is_empty());
        for technique in techniques {
            conforms(technique, TECHNIQUE);
            let id = shape(technique["techniqueID"].as_str().unwrap());
            assert!(id == "T9999" || id == "T9999.999", "{technique}");
        }
    }
}

#[test]
fn a_profile_names_the_detections_that_had_events() {
    let err = String::from_utf8(hunt(&["--profile"]).stderr).unwrap();
    assert!(err.contains("scan") && err.contains("Windows Export Certificate"), "{err}");
}

// A statistic without a time is of the last event that passed the search's filter, not of now.
#[test]
fn a_result_without_a_time_has_that_of_its_last_event() {
    let folder = Folder::new("hunt-time");
    for (n, search) in [
        "index=main kind=found | stats count by host",
        "index=main kind=found | stats count min(_time) as firstTime max(_time) as lastTime by host",
        "index=main kind=nothing | stats count",
    ]
    .iter()
    .enumerate()
    {
        let text = format!(
            "name: Timed {n}\nid: 00000000-0000-4000-8000-{n:012}\nversion: 1\ndate: \
             '2026-01-01'\nauthor: A\nstatus: production\ntype: TTP\ndescription: d\n\
             data_source: []\nsearch: '{search}'\nhow_to_implement: h\nknown_false_positives: \
             k\nreferences: []\nrba:\n  message: m\n  risk_objects:\n  - field: host\n    \
             type: system\n    score: 10\n  threat_objects: []\ntags:\n  analytic_story: []\n  \
             asset_type: Endpoint\n  mitre_attack_id: [T1059]\n  product: [Splunk \
             Enterprise]\n  security_domain: endpoint\n"
        );
        folder.file(&format!("content/detections/endpoint/{n}.yml"), text);
    }
    let lines = [("a", 100, "found"), ("b", 300, "found"), ("a", 200, "found"), ("a", 900, "no")];
    let lines = lines.map(|(host, time, kind)| {
        format!("{{\"_time\":{},\"host\":\"{host}\",\"kind\":\"{kind}\"}}", 1_700_000_000 + time)
    });
    let logs = folder.file("logs.json", lines.join("\n"));
    let content = format!("{}/content", folder.path());
    let args = ["hunt", &logs, "--content", &content, "--include", "Timed*", "--format", "ndjson"];
    let out = davy(&args, "");
    let times: Vec<(String, i64)> = out
        .out
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .map(|f| {
            let name = format!("{} {}", f["detection"].as_str().unwrap(), f["result"]["host"]);
            (name, f["time"].as_f64().unwrap() as i64 - 1_700_000_000)
        })
        .collect();
    let wanted = [
        ("Timed 1 \"a\"", 200),
        ("Timed 0 \"a\"", 300),
        ("Timed 0 \"b\"", 300),
        ("Timed 1 \"b\"", 300),
        // The last of all: it is made of none.
        ("Timed 2 null", 900),
    ];
    assert_eq!(times, wanted.map(|(name, time)| (name.to_owned(), time)), "{}", out.err);
    // One detection by itself says the same.
    for (name, time) in [("Timed 0", 300), ("Timed 1", 200), ("Timed 2", 900)] {
        let args = ["run", name, "-i", &logs, "--content", &content, "--format", "ndjson"];
        let out = davy(&args, "");
        let first: Value = serde_json::from_str(out.out.lines().next().unwrap()).unwrap();
        assert_eq!(first["time"].as_f64().unwrap() as i64 - 1_700_000_000, time, "{first}");
    }
}

// As in `davy hunt … 2>&1 | head -1`.
#[cfg(unix)]
#[test]
fn nobody_reads_to_the_end() {
    use std::io::Read;
    use std::process::Stdio;
    for args in [&["--format", "csv"][..], &["--profile"], &["--format", "json", "--left-out"]] {
        let (mut reader, writer) = std::io::pipe().unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_davy"))
            .arg("hunt")
            .arg(samples())
            .args(args)
            .stdin(Stdio::null())
            .stdout(writer.try_clone().unwrap())
            .stderr(writer)
            .spawn()
            .unwrap();
        let mut first = [0];
        let _ = reader.read(&mut first).unwrap();
        drop(reader);
        assert_eq!(child.wait().unwrap().code(), Some(0), "{args:?}");
    }
}
