//! `davy watch`: nothing told twice, nothing missed, whenever it is killed.

use crate::{Folder, davy};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

fn detection(name: &str, number: usize, search: &str) -> String {
    format!(
        "name: {name}\nid: 00000000-0000-4000-8000-{number:012}\nversion: 1\ndate: '2026-01-01'\n\
         author: A\nstatus: production\ntype: TTP\ndescription: d\ndata_source: []\n\
         search: '{search}'\nhow_to_implement: h\nknown_false_positives: k\nreferences: []\nrba:\n  \
         message: {name} on $host$\n  risk_objects:\n  - field: host\n    type: system\n    \
         score: 60\n  threat_objects: []\ntags:\n  analytic_story: [Some Story]\n  \
         asset_type: Endpoint\n  mitre_attack_id: [T1059.001]\n  \
         product: [Splunk Enterprise]\n  security_domain: endpoint\n"
    )
}

/// A folder of logs and one of content: single events, a statistic, and one over risk.
fn world(name: &str) -> Folder {
    let folder = Folder::new(name);
    let risk = "index=risk | stats count sum(risk_score) as total by risk_object | rename \
                risk_object as host";
    let list = [
        ("Single", "index=main kind=found | table _time host n"),
        ("Counted", "index=main kind=found | stats count max(_time) as lastTime by host"),
        ("Risky", risk),
    ];
    for (i, (name, search)) in list.iter().enumerate() {
        let file = format!("content/detections/endpoint/{i}.yml");
        folder.file(&file, detection(name, i, search));
    }
    std::fs::create_dir_all(format!("{}/logs", folder.path())).unwrap();
    folder
}

fn args(folder: &Folder, command: &str) -> Vec<String> {
    let at = |name: &str| format!("{}/{name}", folder.path());
    let mut args: Vec<String> = [command, &at("logs"), "--content", &at("content")]
        .into_iter()
        .chain(["--exclude", "Windows Export*", "--format", "ndjson"])
        .map(str::to_owned)
        .collect();
    if command == "watch" {
        args.extend(["--state".into(), at("state.json"), "-o".into(), at("told.ndjson")]);
        args.extend(["--interval".into(), "0.05".into()]);
    }
    args
}

fn run(args: &[String]) -> crate::Outcome {
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    davy(&args, "")
}

fn event(file: usize, n: usize) -> String {
    let time = 1_700_000_000 + n * 10 + file;
    format!(
        "{}\n",
        json!({ "_time": time, "kind": "found", "host": format!("h{}", n % 4), "n": format!("{file}-{n}") })
    )
}

/// What a finding says, without what depends on the clock.
fn said(finding: &Value) -> String {
    format!("{} {}", finding["detection"], finding["result"])
}

/// What was told and is not gone; no key may be told while it stands.
fn standing(folder: &Folder) -> Vec<String> {
    let text = std::fs::read_to_string(format!("{}/told.ndjson", folder.path())).unwrap();
    let mut standing: BTreeMap<String, String> = BTreeMap::new();
    for line in text.lines() {
        let value: Value = serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"));
        if let Some(key) = value.get("gone").and_then(Value::as_str) {
            assert!(standing.remove(key).is_some(), "{key} is gone and was never told");
            continue;
        }
        let key = value["key"].as_str().unwrap().to_owned();
        assert!(standing.insert(key, said(&value)).is_none(), "told twice: {line}");
    }
    let mut list: Vec<String> = standing.into_values().collect();
    list.sort();
    list
}

fn hunted(folder: &Folder) -> Vec<String> {
    let out = run(&args(folder, "hunt"));
    assert_eq!(out.status, 0, "{}", out.err);
    let mut list: Vec<String> =
        out.out.lines().map(|l| said(&serde_json::from_str(l).unwrap())).collect();
    list.sort();
    list
}

fn once(folder: &Folder) -> crate::Outcome {
    let mut args = args(folder, "watch");
    args.push("--once".into());
    let out = run(&args);
    assert_eq!(out.status, 0, "{}", out.err);
    out
}

#[test]
fn a_watch_goes_on_where_it_ended() {
    let folder = world("watch");
    folder.file("logs/a.json", event(0, 0));
    once(&folder);
    let first = standing(&folder);
    assert!(
        first.iter().any(|s| s.contains("Single")) && first.iter().any(|s| s.contains("Risky"))
    );
    let length = || std::fs::metadata(format!("{}/told.ndjson", folder.path())).unwrap().len();
    let before = length();
    once(&folder);
    assert_eq!(length(), before, "nothing is new, so nothing is told");
    folder.file("logs/a.json", event(0, 0) + &event(0, 4));
    folder.file("logs/b.json", event(1, 1));
    once(&folder);
    assert_eq!(standing(&folder), hunted(&folder));
    // What a killed watch wrote and did not keep is cut off and told again.
    let told = format!("{}/told.ndjson", folder.path());
    OpenOptions::new().append(true).open(&told).unwrap().write_all(b"{\"key\": \"tor").unwrap();
    once(&folder);
    assert_eq!(standing(&folder), hunted(&folder));
}

#[test]
fn a_statistic_over_no_event_is_told_anew_with_the_first_one() {
    let folder = world("watch_empty");
    let search = "index=main kind=lost | stats count | where count=0";
    folder.file("content/detections/endpoint/none.yml", detection("Nothing", 9, search));
    once(&folder);
    folder.file("logs/a.json", event(0, 0).replace("found", "other"));
    once(&folder);
    let told = || std::fs::read_to_string(format!("{}/told.ndjson", folder.path())).unwrap();
    let lines: Vec<Value> =
        told().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let [early, gone, now] = &lines[..] else { panic!("{lines:?}") };
    assert_eq!((&gone["gone"], &early["key"]), (&early["key"], &now["key"]));
    assert_ne!(early["time"], now["time"]);
    assert_eq!(now["time"], json!(1_700_000_000.0));
    once(&folder);
    assert_eq!(told().lines().count(), 3, "nothing is new, so nothing is told");
}

#[test]
fn an_evtx_file_that_is_written_in_parts_gives_the_same() {
    let folder = Folder::new("watch-evtx");
    let sample =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../samples/certificate_export.evtx");
    let bytes = std::fs::read(sample).unwrap();
    let own = |command: &str| {
        args(&folder, command)
            .into_iter()
            .filter(|a| !a.starts_with("Windows Export") && a != "--exclude")
            .collect::<Vec<_>>()
    };
    folder.file("content/macros/own.yml", "name: own\ndefinition: a=1\ndescription: d\n");
    for part in [4096, 4096 + 512, bytes.len() / 2, bytes.len()] {
        folder.file("logs/a.evtx", &bytes[..part.min(bytes.len())]);
        let mut args = own("watch");
        args.push("--once".into());
        assert_eq!(run(&args).status, 0);
    }
    let out = run(&own("hunt"));
    let mut plain: Vec<String> =
        out.out.lines().map(|l| said(&serde_json::from_str(l).unwrap())).collect();
    plain.sort();
    assert!(!plain.is_empty());
    assert_eq!(standing(&folder), plain);
}

#[test]
fn a_foreign_state_and_a_state_among_the_logs_are_mistakes() {
    let folder = world("watch-bad");
    folder.file("state.json", "{\"some\": 1}");
    let mut list = args(&folder, "watch");
    list.push("--once".into());
    let out = run(&list);
    assert_eq!(out.status, 2);
    assert!(out.err.contains("no state of `davy watch`"), "{}", out.err);
    let inside: Vec<String> =
        list.iter().map(|a| a.replace("state.json", "logs/state.json")).collect();
    let out = run(&inside);
    assert_eq!(out.status, 2);
    assert!(out.err.contains("lies in what is watched"), "{}", out.err);
}

/// Kills a watch `kills` times while three files grow in torn pieces.
fn killed(name: &str, kills: usize) {
    let folder = world(name);
    let done = Arc::new(AtomicBool::new(false));
    let written = Arc::new(AtomicUsize::new(0));
    let writer = std::thread::spawn({
        let (done, written, logs) =
            (done.clone(), written.clone(), format!("{}/logs", folder.path()));
        move || {
            let mut n = 0;
            while !done.load(Ordering::Relaxed) && n < 2000 {
                for file in 0..3 {
                    let path = format!("{logs}/{file}.json");
                    let mut out = OpenOptions::new().create(true).append(true).open(path).unwrap();
                    let text = event(file, n);
                    let (head, tail) = text.split_at(text.len() / 2);
                    out.write_all(head.as_bytes()).unwrap();
                    std::thread::sleep(Duration::from_millis(7));
                    out.write_all(tail.as_bytes()).unwrap();
                }
                n += 1;
                written.store(n, Ordering::Relaxed);
                // Now and then there is a rest.
                std::thread::sleep(Duration::from_millis(if n % 8 == 0 { 400 } else { 20 }));
            }
        }
    });
    let mut random: u64 = 0x9e37_79b9_7f4a_7c15;
    let list = args(&folder, "watch");
    for _ in 0..kills {
        let mut child = Command::new(env!("CARGO_BIN_EXE_davy"))
            .args(&list)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        std::thread::sleep(Duration::from_millis(200 + (random >> 33) % 1800));
        // SIGKILL on Unix.
        child.kill().unwrap();
        child.wait().unwrap();
    }
    done.store(true, Ordering::Relaxed);
    writer.join().unwrap();
    once(&folder);
    let standing = standing(&folder);
    assert_eq!(standing, hunted(&folder));
    let singles = standing.iter().filter(|s| s.starts_with("\"Single\"")).count();
    assert_eq!(singles, written.load(Ordering::Relaxed) * 3, "every event is found once");
}

#[test]
fn killed_at_any_moment_nothing_is_told_twice_or_missed() {
    killed("watch-killed", 20);
}

#[test]
#[ignore = "two hundred kills take some minutes"]
fn killed_two_hundred_times() {
    killed("watch-killed-often", 200);
}
