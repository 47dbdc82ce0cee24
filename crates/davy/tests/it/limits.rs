//! Detections that take too long or hold too much are named, and the others go on.

use crate::{Folder, davy};
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::time::{Duration, Instant};

fn detection(name: &str, number: usize, search: &str) -> String {
    format!(
        "name: {name}\nid: 00000000-0000-4000-8000-{number:012}\nversion: 1\ndate: '2026-01-01'\n\
         author: A\nstatus: production\ntype: Hunting\ndescription: d\ndata_source: []\n\
         search: '{search}'\nhow_to_implement: h\nknown_false_positives: k\nreferences: []\n\
         tags:\n  analytic_story: []\n  asset_type: Endpoint\n  mitre_attack_id: [T1059.001]\n  \
         product: [Splunk Enterprise]\n  security_domain: endpoint\n"
    )
}

/// What a hunt with a sound detection and these gives: the reason of each that did not run.
fn hunted(
    name: &str,
    events: usize,
    searches: &[(&str, &str)],
    args: &[&str],
) -> Vec<(String, Value)> {
    let folder = Folder::new(name);
    let sound = ("Found", "index=main kind=found | stats count by host");
    for (i, (name, search)) in [sound].iter().chain(searches).enumerate() {
        folder.file(&format!("content/detections/endpoint/{i}.yml"), detection(name, i, search));
    }
    let mut text = String::new();
    for n in 0..events {
        let event = json!({
            "_time": 1_700_000_000 + n, "kind": "found", "host": format!("h{}", n % 3), "n": n,
            "text": format!("{n:>250}"),
        });
        writeln!(text, "{event}").unwrap();
    }
    let log = folder.file("events.json", text);
    let content = format!("{}/content", folder.path());
    let mut all = vec!["hunt", &log, "--content", &content, "--exclude", "Windows Export*"];
    all.extend(["--format", "ndjson", "--left-out", "--threads", "2"]);
    all.extend(args);
    let out = davy(&all, "");
    assert_eq!(out.status, 0, "{}", out.err);
    let records: Vec<Value> = out.out.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    let found = records.iter().filter(|r| r["detection"] == "Found").count();
    assert_eq!(found, 3, "{} {}", out.out, out.err);
    let of = |name: &str| {
        let own = records.iter().find(|r| r["left_out"] == name);
        let own = own.unwrap_or_else(|| panic!("{name} ran: {}", out.err));
        assert!(out.err.contains(&format!("{name}: the search")), "{}", out.err);
        own.clone()
    };
    searches.iter().map(|(name, _)| ((*name).to_owned(), of(name))).collect()
}

const JOIN: &str = "index=main kind=found | eval k=1 | join max=0 k [search index=main kind=found | \
    eval k=1, other=n] | stats count by other n";

#[test]
fn a_detection_that_explodes_is_named_and_the_others_go_on() {
    let searches = [
        ("Join", JOIN),
        ("Self Join", "index=main kind=found | eval k=1 | selfjoin max=0 k | stats count by n"),
        ("Values", "index=main kind=found | stats values(text) as v by kind | where mvcount(v)>1"),
        ("Every Row", "index=main kind=found | eventstats values(text) as v | table host v"),
        ("So Far", "index=main kind=found | streamstats values(text) as v | table host v"),
        (
            "Expanded",
            "index=main kind=found | eval a=mvrange(0,2000), b=a | mvexpand a | mvexpand b | \
             table a b n text",
        ),
    ];
    for (name, record) in hunted("explode", 40_000, &searches, &["--memory-limit", "16M"]) {
        assert_eq!(record["why"], "out-of-memory", "{name}: {record}");
        let reason = record["reason"].as_str().unwrap();
        assert!(reason.contains("needs more memory than it may have"), "{name}: {reason}");
    }
}

#[test]
fn a_detection_that_takes_too_long_is_named_and_the_others_go_on() {
    let searches = [
        ("Join", JOIN),
        // One command that computes for long and gives nothing meanwhile.
        ("Turned", "index=main kind=found | table n text | transpose 0"),
        (
            "Windows",
            "index=main kind=found | streamstats window=9999 values(text) as v | stats count by v",
        ),
    ];
    let started = Instant::now();
    for (name, record) in hunted("timeout", 20_000, &searches, &["--timeout", "1"]) {
        assert_eq!(record["why"], "timed-out", "{name}: {record}");
        let reason = record["reason"].as_str().unwrap();
        assert!(reason.contains("took longer than 1 s"), "{name}: {reason}");
    }
    let took = started.elapsed();
    assert!(took < Duration::from_secs(60), "it took {took:?}");
}

#[cfg(unix)]
#[test]
fn an_interrupted_search_leaves_nothing_on_disk() {
    use std::process::{Command, Stdio};
    let folder = Folder::new("interrupted");
    let files = format!("{}/files", folder.path());
    std::fs::create_dir(&files).unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_davy"))
        .args(["search", "--memory-limit", "64M"])
        .arg("| makeresults count=100000000 | streamstats count AS n | sort 0 - n | tail 1")
        .env("TMPDIR", &files)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let held = || {
        let folders = std::fs::read_dir(&files).unwrap().flatten();
        folders.flat_map(|f| std::fs::read_dir(f.path())).flatten().count()
    };
    let until = Instant::now() + Duration::from_secs(60);
    while held() < 2 && Instant::now() < until {
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(held() >= 2, "it goes to disk");
    let sent = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert_eq!(std::fs::read_dir(&files).unwrap().count(), 0);
}
