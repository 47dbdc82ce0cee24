//! What a hunt does with its findings: tuning files, the second stage, limits, an early end.

use crate::{Folder, davy};
use serde_json::{Value, json};
use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;
use std::process::{Command, Stdio};

/// A detection's file; `risk` is its score, and none where it is 0.
fn detection(name: &str, kind: &str, search: &str, risk: u32) -> String {
    let id = name.bytes().fold(7u64, |h, b| h.wrapping_mul(131).wrapping_add(u64::from(b)));
    let rba = match risk {
        0 => String::new(),
        _ => format!(
            "rba:\n  message: {name} on $host$\n  risk_objects:\n  - field: host\n    type: system\n    \
             score: {risk}\n  threat_objects: []\n"
        ),
    };
    format!(
        "name: {name}\nid: 00000000-0000-4000-8000-{:012}\nversion: 1\ndate: '2026-01-01'\nauthor: A\n\
         status: production\ntype: {kind}\ndescription: d\ndata_source: []\nsearch: '{search}'\n\
         how_to_implement: h\nknown_false_positives: k\nreferences: []\n{rba}tags:\n  \
         analytic_story: [Some Story]\n  asset_type: Endpoint\n  mitre_attack_id: [T1059.001]\n  \
         product: [Splunk Enterprise]\n  security_domain: endpoint\n",
        id % 1_000_000_000_000
    )
}

fn events(count: usize) -> String {
    let mut out = String::new();
    for i in 0..count {
        let event = json!({
            "_time": 1_700_000_000 + i,
            "kind": "found",
            "host": format!("host-{}", i % 3),
            "user": if i % 2 == 0 { "ann" } else { "bob" },
            "size": i,
        });
        writeln!(out, "{event}").unwrap();
    }
    out
}

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|l| serde_json::from_str(l).unwrap()).collect()
}

struct Hunted {
    folder: Folder,
    events: String,
    content: String,
}

impl Hunted {
    fn new(name: &str, count: usize, detections: &[String]) -> Hunted {
        let folder = Folder::new(name);
        for (i, text) in detections.iter().enumerate() {
            folder.file(&format!("content/detections/endpoint/d{i}.yml"), text);
        }
        let events = folder.file("logs/events.json", events(count));
        let content = format!("{}/content", folder.path());
        Hunted { folder, events, content }
    }

    fn args<'a>(&'a self, more: &[&'a str]) -> Vec<&'a str> {
        let own =
            ["hunt", &self.events, "--content", &self.content, "--exclude", "Windows Export*"];
        own.into_iter().chain(["--format", "ndjson"]).chain(more.iter().copied()).collect()
    }
}

const FOUND: &str = "index=main kind=found | table _time host user size";

#[test]
fn known_findings_are_suppressed_and_said_so() {
    let hunted = Hunted::new("tuning", 12, &[detection("Found", "TTP", FOUND, 40)]);
    let run = |name: &str, text: &str| {
        let file = hunted.folder.file(name, text);
        davy(&hunted.args(&["--tuning", &file]), "")
    };
    let count = |text: &str| {
        let all = lines(text);
        let (known, left): (Vec<_>, Vec<_>) =
            all.into_iter().partition(|f| f.get("suppressed").is_some());
        assert!(known.iter().all(|f| f["risk_events"] == json!([])));
        (left.len(), known)
    };
    let yaml = run(
        "a.yml",
        "- detection: Found\n  field: host\n  value: HOST-1\n  reason: the build server\n\
         - detection: \"F*\"\n  where: user=\"bob\" AND size>8\n  reason: late bob\n",
    );
    assert_eq!(yaml.status, 0, "{}", yaml.err);
    let (left, known) = count(&yaml.out);
    // Four of host-1; of bob after 8 there are 9 and 11, both of other hosts.
    assert_eq!((left, known.len()), (6, 6), "{}", yaml.out);
    assert!(known.iter().any(|k| k["suppressed"]["reason"] == "late bob"));
    let entry = known[0]["suppressed"]["entry"].as_str().unwrap();
    assert!(entry.ends_with("a.yml:1") || entry.ends_with("a.yml:5"), "{entry}");
    assert!(yaml.err.contains("suppressed as known to be good"), "{}", yaml.err);
    assert!(yaml.err.contains("the build server"), "{}", yaml.err);

    let csv = run(
        "b.csv",
        "detection,field,value,where,search,reason,expires\n\
         Found,user,a*,,,ann is fine,2999-01-01\nFound,,,,host=host-2,the third,\n",
    );
    assert_eq!(count(&csv.out).0, 4, "{} {}", csv.out, csv.err);

    let old = run("c.yml", "- detection: Found\n  reason: r\n  expires: 2020-01-01\n");
    assert_eq!(count(&old.out).0, 12);
    assert!(old.err.contains("tuning::expired") && old.err.contains("c.yml:3"), "{}", old.err);
    let idle = run("d.yml", "- detection: Fuond\n  reason: r\n");
    assert!(idle.err.contains("did you mean `Found`?"), "{}", idle.err);
}

#[test]
fn a_field_that_no_finding_has_is_told() {
    let hunted = Hunted::new("tuning-unused", 4, &[detection("Found", "TTP", FOUND, 40)]);
    let run = |text: &str| {
        let file = hunted.folder.file("t.yml", text);
        let out = davy(&hunted.args(&["--tuning", &file]), "");
        assert_eq!(out.status, 0, "{}", out.err);
        out.err
    };
    let slip = run("- detection: Found\n  field: hots\n  value: host-1\n  reason: r\n");
    for said in ["tuning::unused", "t.yml:2", "did you mean `host`?"] {
        assert!(slip.contains(said), "{said}: {slip}");
    }
    let right = run("- detection: Found\n  field: host\n  value: none\n  reason: r\n");
    assert!(!right.contains("tuning::unused"), "{right}");
    // Of a detection that found nothing it is not known.
    let quiet = run("- detection: Windows Export*\n  field: hots\n  value: x\n  reason: r\n");
    assert!(!quiet.contains("tuning::unused"), "{quiet}");
}

#[test]
fn types_make_risk_where_their_deployment_says_so() {
    let own = "deployment:\n  name: Own\n  scheduling:\n    cron_schedule: 0 * * * *\n    \
               earliest_time: -70m@m\n    latest_time: -10m@m\n  alert_action:\n    rba:\n      \
               enabled: true\n";
    let own = format!("{}{own}", detection("Own Way", "Hunting", FOUND, 30));
    let hunted = Hunted::new(
        "risk-types",
        2,
        &[
            detection("Plain", "TTP", FOUND, 40),
            detection("Looks", "Hunting", FOUND, 30),
            detection("Sums", "Correlation", FOUND, 20),
            own,
        ],
    );
    let risk = || {
        let out = davy(&hunted.args(&[]), "");
        assert_eq!(out.status, 0, "{}", out.err);
        let mut all: Vec<(String, u64, usize)> = lines(&out.out)
            .iter()
            .map(|f| {
                let name = f["detection"].as_str().unwrap();
                assert_eq!(
                    f["message"],
                    format!("{name} on {}", f["result"]["host"].as_str().unwrap())
                );
                let risk = f["risk_events"].as_array().unwrap().len();
                (name.to_owned(), f["score"].as_u64().unwrap(), risk)
            })
            .collect();
        all.sort();
        all.dedup();
        all
    };
    let one = |name: &str, score, risk| (name.to_owned(), score, risk);
    assert_eq!(
        risk(),
        [one("Looks", 30, 0), one("Own Way", 30, 1), one("Plain", 40, 1), one("Sums", 20, 0)]
    );
    hunted.folder.file(
        "content/deployments/hunting.yml",
        "name: Hunting\nid: 11111111-2222-4333-8444-555555555555\ndate: '2026-01-01'\nauthor: A\n\
         description: d\nscheduling:\n  cron_schedule: 0 * * * *\n  earliest_time: -70m@m\n  \
         latest_time: -10m@m\n  schedule_window: auto\nalert_action:\n  rba:\n    enabled: true\n\
         type: Hunting\n",
    );
    assert_eq!(risk()[0], one("Looks", 30, 1));
}

#[test]
fn a_result_without_a_time_has_the_same_one_alone_and_among_others() {
    let bare = "| makeresults | eval host=\"x\" | fields - _time";
    let hunted = Hunted::new(
        "timeless",
        9,
        &[
            detection("Bare", "TTP", bare, 40),
            detection("Early", "TTP", "index=main size<3 | table _time host", 10),
        ],
    );
    let time = |text: &str| {
        let all = lines(text);
        all.iter().find(|f| f["detection"] == "Bare").map(|f| f["time"].clone())
    };
    let last = Some(json!(1_700_000_008.0));
    let all = davy(&hunted.args(&[]), "");
    assert_eq!(time(&all.out), last, "{}", all.err);
    let alone = davy(&hunted.args(&["--include", "Bare"]), "");
    assert_eq!(time(&alone.out), last, "{}", alone.err);
    let (events, content) = (&hunted.events, &hunted.content);
    let run = ["run", "Bare", "-i", events, "--content", content, "--format", "ndjson"];
    assert_eq!(time(&davy(&run, "").out), last);
}

#[test]
fn mistakes_in_a_tuning_file_have_a_place_and_end_the_hunt() {
    let hunted = Hunted::new("tuning-bad", 1, &[detection("Found", "TTP", FOUND, 40)]);
    let cases = [
        ("a.yml", "- detection: Found\n  reasn: x\n", "a.yml:2", "did you mean `reason`?"),
        ("b.yml", "- detection: Found\n  field: host\n  reason: r\n", "b.yml:2", "`value`"),
        ("c.yml", "- detection: Found\n  where: size >\n  reason: r\n", "c.yml:2", "SPL"),
        ("d.yml", "- detection: Found\n  reason: r\n  expires: soon\n", "d.yml:3", "YYYY-MM-DD"),
        ("e.csv", "detection,resaon\nFound,r\n", "e.csv:1", "did you mean `reason`?"),
        ("f.csv", "detection,reason,expires\nFound,r,1.1.27\n", "f.csv:2", "YYYY-MM-DD"),
    ];
    for (name, text, place, said) in cases {
        let file = hunted.folder.file(name, text);
        let out = davy(&hunted.args(&["--tuning", &file]), "");
        assert_eq!(out.status, 2, "{name}: {}", out.err);
        assert!(out.err.contains(place) && out.err.contains(said), "{name}: {}", out.err);
        assert!(out.out.is_empty());
    }
}

#[test]
fn correlations_run_over_the_risk_of_the_others() {
    let over_risk = "| tstats sum(All_Risk.calculated_risk_score) as risk_score \
        dc(source) as source_count max(_time) as lastTime from datamodel=Risk.All_Risk where \
        All_Risk.analyticstories=\"Some Story\" by All_Risk.risk_object All_Risk.risk_object_type \
        | rename All_Risk.risk_object as host | where source_count >= 2";
    let over_index = "index=risk risk_score>0 | stats count by risk_object | where count > 7";
    let over_notables = "index=notable | stats count by source";
    let hunted = Hunted::new(
        "second",
        12,
        &[
            detection("Found", "TTP", FOUND, 40),
            detection("Found Again", "TTP", FOUND, 20),
            detection("Behavior", "Correlation", over_risk, 0),
            detection("By Index", "Correlation", over_index, 0),
            detection("By Notables", "Hunting", over_notables, 0),
        ],
    );
    let out = davy(&hunted.args(&[]), "");
    assert_eq!(out.status, 0, "{}", out.err);
    let all = lines(&out.out);
    let of =
        |name: &str| -> Vec<&Value> { all.iter().filter(|f| f["detection"] == name).collect() };
    let behavior = of("Behavior");
    assert_eq!(behavior.len(), 3, "{} {}", out.out, out.err);
    assert!(behavior.iter().all(|f| f["result"]["risk_score"] == 240));
    assert_eq!(of("By Index").len(), 3, "{}", out.err);
    assert!(!of("By Notables").is_empty(), "{}", out.err);
    assert!(out.err.contains("3 detections read the risk events"), "{}", out.err);
    // Their events are the risk events that they read.
    let with_events = davy(&hunted.args(&["--events"]), "");
    let all = lines(&with_events.out);
    let fields: HashMap<u64, &Value> =
        all.iter().filter_map(|r| Some((r.get("event")?.as_u64()?, &r["fields"]))).collect();
    for finding in all.iter().filter(|f| f["detection"] == "By Index") {
        let events = finding["matching"]["events"].as_array().unwrap();
        assert_eq!(json!(events.len()), finding["result"]["count"], "{finding}");
        for event in events {
            let fields = fields[&event["event"].as_u64().unwrap()];
            assert_eq!(fields["risk_object"], finding["result"]["risk_object"]);
            assert!(fields["_raw"].as_str().unwrap().contains("risk_score"), "{fields}");
        }
    }
    // Alone they have nothing to read, which is said.
    let alone = davy(&hunted.args(&["--type", "Correlation"]), "");
    assert_eq!((alone.status, lines(&alone.out).len()), (0, 0), "{}", alone.err);
    assert!(alone.err.contains("none was chosen that makes some"), "{}", alone.err);
}

#[cfg(unix)]
#[test]
fn an_interrupt_keeps_what_was_found() {
    let hunted = Hunted::new("interrupt", 50, &[detection("Found", "TTP", FOUND, 40)]);
    let many = events(20_000);
    for i in 0..6 {
        hunted.folder.file(&format!("many/{i}.json"), &many);
    }
    let child = Command::new(env!("CARGO_BIN_EXE_davy"))
        .args(hunted.args(&["--threads", "1"]))
        .arg(hunted.folder.path() + "/many")
        // Of all that is read only the first file's events are found, which is quick.
        .args(["--latest", "1700000050"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    std::thread::sleep(std::time::Duration::from_millis(1500));
    let sent = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
    let out = child.wait_with_output().unwrap();
    let err = String::from_utf8_lossy(&out.stderr);
    // It stopped of itself, unless it was so fast that it was done before.
    if err.contains("stopping:") {
        assert_eq!(out.status.code(), Some(1), "{err}");
        assert!(err.contains("stopped before the end") && err.contains("read whole"), "{err}");
    } else {
        assert_eq!(out.status.code(), Some(0), "{err}");
    }
    let found = lines(&String::from_utf8(out.stdout).unwrap());
    assert!(found.iter().all(|f| f["detection"] == "Found"), "{err}");
}

#[test]
fn events_are_found_where_the_search_sets_a_field() {
    let set = "index=main kind=found | stats count by host user | eval user=\"someone else\"";
    let hunted = Hunted::new("set", 12, &[detection("Set", "TTP", set, 40)]);
    let out = davy(&hunted.args(&["--events"]), "");
    let all = lines(&out.out);
    let fields: HashMap<u64, &Value> =
        all.iter().filter_map(|r| Some((r.get("event")?.as_u64()?, &r["fields"]))).collect();
    let findings: Vec<&Value> = all.iter().filter(|f| f["detection"] == "Set").collect();
    assert!(!findings.is_empty(), "{}", out.err);
    for finding in findings {
        let events = finding["matching"]["events"].as_array().unwrap();
        assert!(!events.is_empty(), "{finding}");
        let host = |e: &Value| &fields[&e["event"].as_u64().unwrap()]["host"];
        assert!(events.iter().all(|e| *host(e) == finding["result"]["host"]), "{finding}");
        let note = finding["matching"]["note"].as_str().unwrap();
        assert!(note.contains("in host, but not in user"), "{note}");
    }
}

#[test]
fn findings_have_their_events_and_the_branch_that_matched() {
    let either = "index=main (user=ann OR size>8) kind=found | table _time _raw host user size";
    let grouped = "index=main kind=found | stats count min(_time) as firstTime max(_time) as \
                   lastTime by host user | rename host as dest | where count > 1";
    let hunted = Hunted::new(
        "events",
        12,
        &[detection("Either", "TTP", either, 40), detection("Grouped", "Hunting", grouped, 0)],
    );
    let out = davy(&hunted.args(&["--events"]), "");
    assert_eq!(out.status, 0, "{}", out.err);
    let all = lines(&out.out);
    let mut known: HashMap<u64, &Value> = HashMap::new();
    for record in &all {
        if let Some(number) = record.get("event") {
            let number = number.as_u64().unwrap();
            assert!(known.insert(number, &record["fields"]).is_none(), "twice: {record}");
            continue;
        }
        let events = record["matching"]["events"].as_array().unwrap();
        let stands = |e: &Value| known.contains_key(&e["event"].as_u64().unwrap());
        assert!(events.iter().all(stands), "an event comes before its finding: {record}");
    }
    let raw: HashSet<&Value> = known.values().map(|fields| &fields["_raw"]).collect();
    assert_eq!(raw.len(), known.len(), "two detections share their events");
    let fields = |event: &Value| known[&event["event"].as_u64().unwrap()];
    for finding in all.iter().filter(|f| f["detection"] == "Either") {
        let events = finding["matching"]["events"].as_array().unwrap();
        assert_eq!(events.len(), 1, "{finding}");
        assert_eq!(fields(&events[0])["_raw"], finding["result"]["_raw"]);
        assert_eq!(fields(&events[0])["kind"], "found");
        let matched: Vec<&str> =
            events[0]["matched"].as_array().unwrap().iter().map(|m| m.as_str().unwrap()).collect();
        let size: u64 = finding["result"]["size"].as_str().unwrap().parse().unwrap();
        let ann = finding["result"]["user"] == "ann";
        let mut wanted = Vec::new();
        wanted.extend(ann.then_some("user=ann"));
        wanted.extend((size > 8).then_some("size>8"));
        assert_eq!(matched, wanted, "{finding}");
    }
    let grouped: Vec<&Value> = all.iter().filter(|f| f["detection"] == "Grouped").collect();
    assert!(!grouped.is_empty());
    for finding in grouped {
        let events = finding["matching"]["events"].as_array().unwrap();
        assert!(events.iter().all(|e| fields(e)["user"] == finding["result"]["user"]));
        assert!(finding["matching"]["note"].as_str().unwrap().contains("user"), "{finding}");
    }
    let mut args = hunted.args(&["--events"]);
    args.iter_mut().for_each(|a| {
        if *a == "ndjson" {
            *a = "table";
        }
    });
    let table = davy(&args, "");
    assert!(table.out.contains("matched user=ann"), "{}", table.out);
}

#[test]
fn events_are_found_where_a_result_has_the_time_of_its_span() {
    let by_hour = "index=main kind=found | bin _time span=1h | stats count min(_time) as firstTime \
                   max(_time) as lastTime by _time host user | rename host as dest, user as who";
    let never = "index=main kind=found | head 1 | eval host=\"nobody\", firstTime=1, lastTime=1 \
                 | table host firstTime lastTime";
    let hunted = Hunted::new(
        "events-span",
        12,
        &[detection("Hourly", "TTP", by_hour, 0), detection("Never", "TTP", never, 0)],
    );
    let out = davy(&hunted.args(&["--events"]), "");
    assert_eq!(out.status, 0, "{}", out.err);
    let all = lines(&out.out);
    let fields = |event: &Value| {
        let record = all.iter().find(|r| r.get("event") == Some(&event["event"])).unwrap();
        record["fields"].clone()
    };
    let hourly: Vec<&Value> = all.iter().filter(|f| f["detection"] == "Hourly").collect();
    assert_eq!(hourly.len(), 6);
    for finding in hourly {
        let (result, matching) = (&finding["result"], &finding["matching"]);
        let events = matching["events"].as_array().unwrap();
        assert_eq!(events.len(), 2, "{finding}");
        for event in events {
            let event = fields(event);
            assert_eq!((&event["host"], &event["user"]), (&result["dest"], &result["who"]));
        }
        let note = matching["note"].as_str().unwrap();
        assert!(note.contains("dest, who") && note.contains("at other times"), "{note}");
    }
    let never = all.iter().find(|f| f["detection"] == "Never").unwrap();
    assert_eq!(never["matching"]["events"], json!([]));
    let note = never["matching"]["note"].as_str().unwrap();
    assert!(note.starts_with("no event"), "{note}");
}

#[test]
fn a_test_gives_machines_the_code_and_the_place() {
    let wrong = detection("Wrong", "TTP", "index=main | stast count by host", 40);
    let hunted = Hunted::new("test-json", 1, &[wrong]);
    let file = format!("{}/detections/endpoint/d0.yml", hunted.content);
    let out = davy(&["test", &file, "--offline", "--format", "ndjson"], "");
    assert_eq!(out.status, 1, "{}", out.err);
    let found = lines(&out.out)[0]["diagnostics"].clone();
    let slip = found.as_array().unwrap().iter().find(|d| d["code"] == "spl::unknown-command");
    let place = &slip.unwrap()["places"][0];
    assert_eq!((&place["line"], &place["file"]), (&json!(10), &json!(file)), "{found:#}");
}

#[test]
fn what_reads_risk_is_told_in_a_run() {
    let over = "index=risk | stats count by risk_object";
    let hunted = Hunted::new("run-risk", 2, &[detection("Over", "Correlation", over, 0)]);
    let (events, content) = (&hunted.events, &hunted.content);
    let out = davy(&["run", "Over", "-i", events, "--content", content], "");
    assert_eq!(out.status, 0, "{}", out.err);
    assert!(out.err.contains("`Over` reads risk events") && out.err.contains("davy hunt"));
}

#[test]
fn coverage_names_what_the_logs_lack() {
    let samples = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../samples");
    let evtx = samples.join("certificate_export.evtx").display().to_string();
    let folder = Folder::new("coverage");
    let searches = [
        ("Here", "index=main EventCode=1007 | stats count by Computer"),
        ("Other Code", "index=main EventCode=4886 | stats count by Computer"),
        ("Other Source", "index=main source=\"XmlWinEventLog:System\" EventCode=1007"),
        ("Apart", "index=main source=\"XmlWinEventLog:Security\" EventCode=1007"),
        ("No Field", "index=main EventCode=1007 | stats count by Computer no_such_field"),
        ("Model", "| tstats count from datamodel=Email.All_Email by All_Email.src_user"),
        ("Wrong", "index=main | stast count"),
    ];
    for (i, (name, search)) in searches.iter().enumerate() {
        let file = format!("content/detections/endpoint/{i}.yml");
        folder.file(&file, detection(name, "Hunting", search, 0));
    }
    let content = format!("{}/content", folder.path());
    let out = davy(&["hunt", &evtx, "--content", &content, "--coverage", "--format", "ndjson"], "");
    let all = lines(&out.out);
    let of = |name: &str| all.iter().find(|c| c["detection"] == name).unwrap();
    assert_eq!(of("Here")["coverage"], "covered", "{}", of("Here"));
    assert_eq!(of("Windows Export Certificate")["coverage"], "covered");
    assert_eq!(of("Other Code")["unmet"], json!(["EventCode=4886"]));
    assert!(of("Other Source")["reason"].as_str().unwrap().contains("XmlWinEventLog:System"));
    assert!(of("Apart")["reason"].as_str().unwrap().contains("that meets the rest"));
    assert_eq!(of("No Field")["missing_fields"], json!(["no_such_field"]));
    assert_eq!(of("Model")["unmet"], json!(["datamodel=Email.All_Email"]));
    assert_eq!(of("Wrong")["coverage"], "cannot-run");
    let table = davy(&["hunt", &evtx, "--content", &content, "--coverage"], "");
    assert!(table.out.contains("no event has EventCode=4886"), "{}", table.out);
}
