//! The integration test of `davy test`: a detection's schedule over recorded data.

use crate::{Folder, davy};
use serde_json::Value;

const DETECTION: &str = r#"name: Lamp Goes Out
id: 00000000-0000-4000-8000-000000000002
version: 1
date: '2026-01-01'
author: A
status: production
type: Anomaly
description: d
data_source: []
search: 'sourcetype=lamps event=out | SEARCH | `lamp_goes_out_filter`'
how_to_implement: many
known_false_positives: none
references: []
drilldown_searches:
- name: The lamp
  search: '%original_detection_search% | search lamp="$lamp$"'
  earliest_offset: $info_min_time$
  latest_offset: $info_max_time$
- name: All lamps
  search: sourcetype=lamps
  earliest_offset: $info_min_time$
  latest_offset: $info_max_time$
rba:
  message: $lamp$ went out
  risk_objects:
  - {field: lamp, type: other, score: 20}
  threat_objects: []
tags:
  analytic_story: []
  asset_type: Endpoint
  mitre_attack_id: [T1059.001]
  product: [Splunk Enterprise]
  security_domain: endpoint
tests:
- name: True Positive Test
  attack_data:
  - {data: lamps.log, source: lamps, sourcetype: lamps}
"#;

/// Runs every hour, over the day before.
const DAILY: &str = "name: Default Configuration Anomaly
id: 00000000-0000-4000-8000-000000000003
date: '2026-01-01'
author: A
description: d
scheduling:
  cron_schedule: 0 * * * *
  earliest_time: -1d
  latest_time: now
  schedule_window: auto
alert_action:
  rba:
    enabled: true
type: Anomaly
";

const FILTER: &str = "name: lamp_goes_out_filter\ndefinition: search *\ndescription: d\n";

fn tested(name: &str, search: &str, minutes: &[u32]) -> Value {
    tested_with(DAILY, name, search, minutes)
}

/// The result of the test of a detection with this search over these minutes of one day, at which
/// the lamp went out.
fn tested_with(deployment: &str, name: &str, search: &str, minutes: &[u32]) -> Value {
    let folder = Folder::new(name);
    let text = DETECTION.replace("SEARCH", search);
    folder.file("content/detections/endpoint/lamp_goes_out.yml", text);
    folder.file("content/deployments/anomaly.yml", deployment);
    folder.file("content/macros/lamp_goes_out_filter.yml", FILTER);
    let line = |m: &u32| {
        let (hour, minute) = (m / 60, m % 60);
        format!("2026-05-04T{hour:02}:{minute:02}:30Z event=out lamp=l1 shaft=s{m}\n")
    };
    let data: String = minutes.iter().map(line).collect();
    folder.file("data/lamps.log", data);
    let (content, data) = (format!("{}/content", folder.path()), format!("{}/data", folder.path()));
    let args = ["test", "Lamp Goes Out", "--content", &content, "--data", &data];
    let ran = davy(&[&args[..], &["--format", "json"]].concat(), "");
    let mut all = ran.json();
    let one = all[0].take();
    assert_eq!(one["validation"], "Passing", "{one} {}", ran.err);
    assert_eq!(one["unit"][0]["status"], "Passing", "{one} {}", ran.err);
    one
}

fn note(tested: &Value) -> &str {
    assert_eq!(tested["integration"][0]["status"], "Passing", "{tested}");
    tested["notes"][0].as_str().unwrap_or_default()
}

const GROUPED: &str = "stats count min(_time) AS firstTime max(_time) AS lastTime by lamp | convert ctime(firstTime) \
     ctime(lastTime)";

// Twenty-four windows hold the event.
#[test]
fn a_result_that_many_windows_see_is_one_risk_event() {
    let tested = tested("schedule-one", "table _time lamp", &[61]);
    assert!(note(&tested).ends_with("runs: 24, results: 1, risk events: 1"), "{tested}");
}

// Its count and its last time grow from window to window.
#[test]
fn a_result_that_grows_is_one_risk_event() {
    let tested = tested("schedule-grows", GROUPED, &[61, 130, 200]);
    assert!(note(&tested).ends_with(", results: 1, risk events: 1"), "{tested}");
}

// Results of one window that differ in nothing but a number are as many risk events.
#[test]
fn results_of_one_window_are_told_apart() {
    let search = "table _time lamp | eval _time=floor(_time/3600)*3600 | streamstats count AS nr";
    let tested = tested("schedule-alike", search, &[61, 62, 63]);
    assert!(note(&tested).ends_with(", results: 3, risk events: 3"), "{tested}");
}

// Five hours apart: no window of the usual hour holds both.
#[test]
fn a_result_that_no_window_sees_is_a_failure() {
    let search = "stats count by lamp | where count>1";
    let hourly = DAILY.replace("-1d", "-70m@m").replace("now", "-10m@m");
    let found = tested_with(&hourly, "schedule-never", search, &[61, 361]);
    assert_eq!(found["integration"][0]["status"], "Failing", "{found}");
    assert_eq!(found["failures"][0], "integration: 2 scheduled runs made no risk event");
    let found = tested("schedule-day", search, &[61, 361]);
    assert!(note(&found).ends_with(", results: 1, risk events: 1"), "{found}");
}

// A result that says no time is about its window; windows that only touch are two.
#[test]
fn the_same_result_of_the_next_hour_is_another() {
    let hourly = DAILY.replace("-1d", "-70m@m").replace("now", "-10m@m");
    let found = tested_with(&hourly, "schedule-hours", "stats count by lamp", &[61, 121]);
    assert!(note(&found).ends_with("runs: 2, results: 2, risk events: 2"), "{found}");
}
