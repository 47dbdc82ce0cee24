//! `davy hunt --report` as a browser shows it.

use crate::{Folder, davy};
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::process::{Command, Output};

/// What a page holds after its scripts ran, and what the browser had to say of it.
fn browse(path: &str) -> Option<(String, String)> {
    let out = chromium(&["--dump-dom"], path)?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Some((text(&out.stdout), text(&out.stderr)))
}

fn chromium(args: &[&str], path: &str) -> Option<Output> {
    let names = ["chromium", "chromium-browser", "google-chrome"];
    let browser = std::env::var("DAVY_CHROMIUM").ok();
    let browser = browser.iter().map(String::as_str).chain(names).find(|name| {
        Command::new(name).arg("--version").output().is_ok_and(|out| out.status.success())
    });
    let Some(browser) = browser else {
        eprintln!("skipped: there is no Chromium; name one with DAVY_CHROMIUM");
        return None;
    };
    let profile = Folder::new("chromium");
    let out = Command::new(browser)
        .args(["--headless", "--no-sandbox", "--disable-gpu"])
        .args(args)
        .args(["--enable-logging=stderr", "--virtual-time-budget=8000"])
        .arg(format!("--user-data-dir={}", profile.path()))
        .arg(format!("file://{path}"))
        .output()
        .unwrap();
    Some(out)
}

/// The report with a script behind its own that tries it out and writes what it saw into the page.
fn tried(report: &str, script: &str) -> Option<Value> {
    let text = std::fs::read_to_string(report).unwrap();
    let seen = "document.body.append(Object.assign(document.createElement('pre'), \
                { id: 'seen', textContent: encodeURIComponent(JSON.stringify(seen)) }));";
    let probe = format!(
        "<script>(async () => {{ const seen = {{}}; const wait = (ms) => new Promise((r) => \
         setTimeout(r, ms)); {script} {seen} }})();</script></body>"
    );
    let path = format!("{report}.probe.html");
    std::fs::write(&path, text.replace("</body>", &probe)).unwrap();
    let (dom, log) = browse(&path)?;
    let console: Vec<&str> = log.lines().filter(|line| line.contains("CONSOLE")).collect();
    assert!(console.is_empty(), "{console:#?}");
    let seen = dom.split("<pre id=\"seen\">").nth(1).and_then(|t| t.split("</pre>").next());
    let seen = seen.unwrap_or_else(|| panic!("the script did not end: {log}"));
    Some(serde_json::from_str(&decoded(seen)).unwrap())
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, more)) = rest.split_first() {
        rest = more;
        let hex = more.get(..2).and_then(|h| std::str::from_utf8(h).ok());
        match hex.and_then(|h| u8::from_str_radix(h, 16).ok()).filter(|_| *first == b'%') {
            Some(byte) => {
                bytes.push(byte);
                rest = &more[2..];
            }
            None => bytes.push(*first),
        }
    }
    String::from_utf8(bytes).unwrap()
}

const DETECTION: &str = "name: Hostile\nid: 00000000-0000-4000-8000-000000000001\nversion: 1\n\
date: '2026-01-01'\nauthor: A\nstatus: production\ntype: TTP\ndescription: d\ndata_source: []\n\
search: 'index=main kind=found | table _time host user cmd'\nhow_to_implement: h\n\
known_false_positives: k\nreferences: []\nrba:\n  message: $user$ ran $cmd$\n  risk_objects:\n  \
- field: host\n    type: system\n    score: 40\n  threat_objects: []\ntags:\n  \
analytic_story: []\n  asset_type: Endpoint\n  mitre_attack_id: [T1059.001]\n  \
product: [Splunk Enterprise]\n  security_domain: endpoint\n";

const HOSTILE: [&str; 5] = [
    "</script><script>document.title='owned'</script>",
    "<img src=x onerror=document.title='owned'>",
    "<!--<script>",
    "\"'`${document.title='owned'}&amp;",
    "a\u{2028}b\u{0}c\u{7f}\u{202e}d",
];

/// A folder with a detection and events; `count` findings.
fn world(folder: &Folder, count: usize) -> Vec<String> {
    folder.file("content/detections/endpoint/hostile.yml", DETECTION);
    let mut events = String::new();
    for i in 0..count {
        let event = json!({
            "_time": 1_700_000_000 + i * 60,
            "kind": "found",
            "host": format!("host-{:02}", i % 7),
            "user": format!("user{i:05}"),
            "cmd": HOSTILE[i % HOSTILE.len()],
        });
        writeln!(events, "{event}").unwrap();
    }
    let events = folder.file("events.json", events);
    let content = format!("{}/content", folder.path());
    let report = format!("{}/report.html", folder.path());
    ["hunt", &events, "--content", &content, "--include", "Hostile", "--format", "ndjson"]
        .into_iter()
        .chain(["--report", &report])
        .map(str::to_owned)
        .collect()
}

#[test]
fn a_report_sorts_filters_and_shows_what_the_findings_say() {
    let folder = Folder::new("report");
    let args = world(&folder, 250);
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let out = davy(&args, "");
    assert_eq!(out.status, 0, "{}", out.err);
    let findings: Vec<Value> = out.out.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    assert_eq!(findings.len(), 250);

    let report = args.last().unwrap();
    let script = "
        const status = () => document.getElementById('findings-status').textContent;
        const rows = () => [...document.querySelectorAll('#findings tbody tr')];
        const cells = (n) => [...rows()[n].cells].map((c) => c.textContent);
        const head = (n) => document.querySelectorAll('#findings thead button')[n];
        seen.all = status();
        seen.first = cells(0);
        seen.ready = document.documentElement.getAttribute('data-ready');
        head(5).click(); head(5).click();
        seen.last = cells(0)[5];
        seen.sort = [...document.querySelectorAll('#findings th')].map((t) => t.getAttribute('aria-sort'));
        const input = document.getElementById('findings-filter');
        input.value = 'HOST-03 user0001'; input.dispatchEvent(new Event('input'));
        await wait(300);
        seen.filtered = rows().map((r) => r.cells[3].textContent);
        seen.filteredStatus = status();
        input.value = ''; input.dispatchEvent(new Event('input'));
        await wait(300);
        document.querySelector('[data-technique]').click();
        seen.picked = status();
        head(0).click();
        seen.technique = document.querySelector('[data-technique] b').textContent;
        seen.entities = [...document.querySelectorAll('#entities tbody tr')].map((r) => r.cells[2].textContent);
        head(0).click(); if (cells(0)[5].startsWith('user00249')) head(0).click();
        rows()[0].querySelector('button').click();
        seen.detail = document.querySelector('tr.detail').textContent;
        seen.charts = document.querySelectorAll('svg.risk').length;
        seen.title = document.title;
        seen.images = document.images.length;
        seen.links = document.querySelectorAll('[src], link[href^=http], a[href^=http]').length;";
    let Some(seen) = tried(report, script) else { return };
    assert_eq!(seen["ready"], "250");
    assert_eq!(seen["all"], "1–100 of 250");
    assert_eq!(seen["first"][1], "Hostile");
    assert_eq!(seen["first"][5], findings[0]["message"]);
    assert_eq!(seen["last"], findings[249]["message"]);
    assert_eq!(seen["sort"][5], "descending");
    let here = |f: &&Value| {
        f["risk_events"][0]["risk_object"] == "host-03"
            && f["message"].as_str().unwrap().contains("user0001")
    };
    let filtered = findings.iter().filter(here).count();
    assert!(filtered > 0);
    assert_eq!(seen["filtered"].as_array().unwrap().len(), filtered);
    assert_eq!(seen["filteredStatus"], format!("1–{filtered} of {filtered} (250 in all)"));
    assert_eq!(seen["picked"], "1–100 of 250");
    assert_eq!(seen["technique"], "250");
    let risk: u64 = findings.iter().map(|f| f["score"].as_u64().unwrap()).sum();
    let entities = seen["entities"].as_array().unwrap();
    let shown: u64 =
        entities.iter().map(|e| e.as_str().unwrap().replace(',', "").parse::<u64>().unwrap()).sum();
    assert_eq!(shown, risk);
    assert_eq!(seen["charts"], 7);
    assert!(seen["detail"].as_str().unwrap().contains("user00000"), "{seen}");
    assert_eq!(seen["title"], "Hunt report");
    assert_eq!((&seen["images"], &seen["links"]), (&json!(0), &json!(0)));
}

// Four hosts have a finding each; none of the events, which all four may be of, stands there twice.
#[test]
fn an_event_stands_in_the_report_once() {
    let folder = Folder::new("report-events");
    let search = "index=main kind=found | stats count by host";
    let detection = DETECTION.replace("index=main kind=found | table _time host user cmd", search);
    folder.file("content/detections/endpoint/a.yml", &detection);
    let other = detection.replace("Hostile", "Other").replace("-000000000001", "-000000000002");
    folder.file("content/detections/endpoint/b.yml", other);
    let event = |n: usize| json!({"_time": n, "kind": "found", "host": format!("h{}", n % 4)});
    let events: String = (0..40).map(|n| format!("{}\n", event(1_700_000_000 + n))).collect();
    let events = folder.file("events.json", events);
    let (content, report) =
        (format!("{}/content", folder.path()), format!("{}/report.html", folder.path()));
    let out = davy(
        &["hunt", &events, "--content", &content, "--exclude", "Windows*", "--events", "--report"]
            .into_iter()
            .chain([report.as_str(), "--format", "ndjson"])
            .collect::<Vec<_>>(),
        "",
    );
    // Eight findings, forty events.
    assert_eq!((out.status, out.out.lines().count()), (0, 48), "{}", out.err);
    let page = std::fs::read_to_string(&report).unwrap();
    let kept = page.split("id=\"events-0\">").nth(1).and_then(|t| t.split("</script>").next());
    let kept: Vec<Value> = serde_json::from_str(kept.unwrap()).unwrap();
    assert_eq!(kept.len(), 40);
    let script = "document.querySelector('#findings tbody button').click();
        seen.events = document.querySelectorAll('tr.detail details').length;
        seen.text = document.querySelector('tr.detail details').textContent;";
    let Some(seen) = tried(&report, script) else { return };
    assert_eq!(seen["events"], 10);
    assert!(seen["text"].as_str().unwrap().contains("found"), "{seen}");
}

#[test]
fn a_printed_report_repeats_the_heads_of_its_tables() {
    let folder = Folder::new("report-print");
    let args = world(&folder, 100);
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    assert_eq!(davy(&args, "").status, 0);
    let pdf = format!("{}/report.pdf", folder.path());
    let Some(_) = chromium(&[&format!("--print-to-pdf={pdf}")], args.last().unwrap()) else {
        return;
    };
    let Ok(text) = Command::new("pdftotext").args(["-layout", &pdf, "-"]).output() else {
        eprintln!("skipped: there is no pdftotext");
        return;
    };
    let text = String::from_utf8(text.stdout).unwrap();
    let pages: Vec<&str> = text.split('\u{c}').filter(|p| p.contains("T1059.001")).collect();
    let of_findings = |p: &&&str| p.matches("host-").count() > 5 && p.contains(" ran ");
    let pages: Vec<_> = pages.iter().filter(of_findings).collect();
    assert!(pages.len() > 2, "{text}");
    for page in pages {
        assert!(page.contains("Risk objects"), "{page}");
    }
}

#[test]
#[ignore = "hunting for so many takes a minute without optimisation"]
fn fifty_thousand_findings_open_and_filter() {
    let folder = Folder::new("report-large");
    let args = world(&folder, 50_000);
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let out = davy(&args, "");
    assert_eq!(out.out.lines().count(), 50_000, "{}", out.err);
    let script = "
        seen.opened = Math.round(performance.now());
        const input = document.getElementById('findings-filter');
        input.value = 'user49999'; input.dispatchEvent(new Event('input'));
        await wait(300);
        seen.status = document.getElementById('findings-status').textContent;";
    let Some(seen) = tried(args.last().unwrap(), script) else { return };
    eprintln!("50,000 findings opened in {} ms", seen["opened"]);
    assert_eq!(seen["status"], "1–1 of 1 (50,000 in all)");
}
