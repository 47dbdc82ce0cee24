//! The three forms give one model.

use crate::{files, over_pack};
use davy_content::model::{Form, Kind};

pub(crate) const V4: &str = "\
name: Lamp Goes Out
id: 11111111-2222-3333-4444-555555555555
version: 3
date: '2024-10-01'
author: H. Davy
status: production
type: TTP
description: A lamp went out.
data_source:
- Lamp Log AND Gas Log
search: '`lamps` event=out | stats count by lamp, miner, gas | `lamp_goes_out_filter`'
how_to_implement: Hang lamps.
known_false_positives: Wind may do it.
references:
- https://lamp.example/
drilldown_searches:
- name: Results for $lamp$
  search: '%original_detection_search% | search lamp = \"$lamp$\"'
  earliest_offset: $info_min_time$
  latest_offset: $info_max_time$
- name: Risk of $lamp$
  search: index=risk $lamp$
  earliest_offset: 7d
  latest_offset: 0
tags:
  analytic_story:
  - Windows Certificate Services
  asset_type: Endpoint
  confidence: 50
  impact: 25
  message: $lamp$ of $miner$ went out in $gas$
  mitre_attack_id:
  - T1649
  observable:
  - name: lamp
    type: Hostname
    role:
    - Victim
  - name: gas
    type: File Hash
    role:
    - Attacker
  - name: miner
    type: User Name
    role:
    - Victim
  product:
  - Splunk Enterprise
  required_fields:
  - _time
  security_domain: network
tests:
- name: True Positive Test
  attack_data:
  - data: https://lamp.example/out.log
    source: lamp
    sourcetype: lamp
";

const V5: &str = "\
name: Lamp Goes Out
id: 11111111-2222-3333-4444-555555555555
version: 4
date: '2025-02-13'
author: H. Davy
status: production
type: Anomaly
description: A lamp went out.
data_source: []
search: >-
  `lamps` event=out
  | stats count by lamp, miner, gas
  | `lamp_goes_out_filter`
how_to_implement: Hang lamps.
known_false_positives: Wind may do it.
references: []
rba:
  message: $lamp$ went out
  risk_objects:
  - field: miner
    type: user
    score: 20
  - field: lamp
    type: system
    score: 40
  - field: lamp
    type: system
    score: 40
  threat_objects:
  - field: gas
    type: file_name
tags:
  analytic_story: [Windows Certificate Services]
  asset_type: Endpoint
  security_domain: endpoint
  product: [Splunk Enterprise]
  manual_test: Needs gas.
";

pub(crate) const V6: &str = "\
name: Lamp Goes Out
id: 11111111-2222-3333-4444-555555555555
version: 5
creation_date: 2024-10-01
modification_date: 2026-05-02
author: H. Davy
status: production
type: TTP
description: A lamp went out.
data_source: []
search: |-
  `lamps` event=out
  | stats count by lamp, miner, gas
  | `lamp_goes_out_filter`
how_to_implement: Hang lamps.
known_false_positives: Wind may do it.
references: []
finding:
  title: $miner$ sits in the dark
  entity:
    field: miner
    type: user
    score: 60
intermediate_findings:
  entities:
  - field: lamp
    type: system
    score: 30
    message: $lamp$ went out
threat_objects:
- field: gas
  type: uri
analytic_story: [Windows Certificate Services]
asset_type: Endpoint
category: endpoint
security_domain: endpoint
product: [Splunk Enterprise]
mitre_attack_id: [T1649]
custom_schedule:
  cron_schedule: 5 * * * *
  earliest_time: -2h@h
  latest_time: now
tests:
- name: It works
  test_type: experimental
  description: By hand.
";

#[test]
fn the_first_form_scores_all_objects_alike() {
    let loaded = files(&[("detections/endpoint/lamp_goes_out.yml", V4)]);
    assert_eq!(loaded.shown(), "");
    let d = &loaded.content.detections()[0];
    assert_eq!((d.form, d.kind.value, d.version), (Form::V4, Kind::Ttp, 3));
    assert_eq!((d.category.as_str(), d.stem.as_str()), ("endpoint", "lamp_goes_out"));
    let objects: Vec<_> =
        d.risk.objects.iter().map(|o| (o.field.value.as_str(), o.kind.as_str(), o.score)).collect();
    // 12.5 goes to the even neighbour; `User Name` is none of the types that mean a user.
    assert_eq!(objects, [("lamp", "system", 12), ("miner", "other", 12)]);
    assert_eq!(
        (d.risk.threats[0].field.value.as_str(), d.risk.threats[0].kind.as_str()),
        ("gas", "file_name")
    );
    assert_eq!((d.risk.impact, d.risk.confidence), (Some(25), Some(50)));
    let names: Vec<_> = d.data_source_names().map(|n| n.value.to_owned()).collect();
    assert_eq!(names, ["Lamp Log", "Gas Log"]);
    assert_eq!(d.about.drilldowns[1].latest_offset.as_deref(), Some("0"));
}

#[test]
fn the_second_form_is_a_set_of_objects() {
    let loaded = files(&[("detections/lamp_goes_out.yml", V5)]);
    assert_eq!(loaded.shown(), "");
    let d = &loaded.content.detections()[0];
    assert_eq!(d.form, Form::V5);
    let objects: Vec<_> =
        d.risk.objects.iter().map(|o| (o.field.value.as_str(), o.score)).collect();
    assert_eq!(objects, [("lamp", 40), ("miner", 20)]);
    assert_eq!(d.risk.score(), Some(40));
    assert_eq!(d.about.manual_test.as_ref().map(|m| m.reason.as_str()), Some("Needs gas."));
    assert_eq!(
        d.search.value,
        "`lamps` event=out | stats count by lamp, miner, gas | `lamp_goes_out_filter`"
    );
}

#[test]
fn the_third_form_has_a_finding_and_messages_of_their_own() {
    let loaded = over_pack(&[("detections/endpoint/lamp_goes_out.yml", V6)]);
    assert_eq!(loaded.shown(), "");
    let d = loaded.content.find_detection("lamp_goes_out").unwrap();
    assert_eq!((d.form, d.date.value.as_str()), (Form::V6, "2026-05-02"));
    assert_eq!(d.created.as_ref().map(|c| c.value.as_str()), Some("2024-10-01"));
    let finding = d.finding.as_ref().unwrap();
    assert_eq!((finding.entity.field.value.as_str(), finding.entity.score), ("miner", 60));
    assert_eq!(d.risk.objects[0].message.as_ref().unwrap().value, "$lamp$ went out");
    assert_eq!(d.risk.threats[0].kind, "uri");
    assert_eq!(loaded.content.scheduling(d).unwrap().cron_schedule, "5 * * * *");
    assert_eq!(loaded.content.scheduling(d).unwrap().schedule_window, "auto");
}

#[test]
fn a_place_in_the_search_leads_into_the_yaml() {
    let quoted = V4;
    let folded = V5;
    let literal = V6;
    for text in [quoted, folded, literal] {
        let loaded = files(&[("detections/lamp_goes_out.yml", text)]);
        let search = &loaded.content.detections()[0].search;
        assert_eq!(loaded.sources.text(search.span), search.value);
        let at = search.value.find("miner").unwrap();
        let (origin, _) = loaded.sources.origin(search.span.part(at..at + 5));
        assert_eq!(loaded.sources.text(origin), "miner");
        assert_eq!(origin.start as usize, text.find("miner, gas").unwrap());
    }
}

#[test]
fn a_file_on_its_own_is_known_by_its_keys() {
    let loaded = files(&[
        ("lamp_goes_out.yml", V4),
        ("m.yml", "name: lamps\ndefinition: index=lamps\n"),
        (
            "l.yml",
            "name: pits\ndescription: d\nfilename: pits.csv\ncase_sensitive_match: 'false'\n",
        ),
    ]);
    assert_eq!(loaded.shown(), "");
    let c = &loaded.content;
    assert_eq!((c.detections().len(), c.macros().len(), c.lookups().len()), (1, 1, 1));
    assert!(!c.lookups()[0].case_sensitive);
}

#[test]
fn lookups_have_three_forms() {
    let loaded = files(&[
        ("lookups/a.yml", "name: a\nfilename: a.csv\nmatch_type: WILDCARD(x), CIDR(y)\n"),
        ("lookups/b.yml", "name: b\ncollection: b_kv\nfields_list: _key, x\n"),
        ("lookups/c.yml", "name: c\nlookup_type: csv\nmatch_type: [WILDCARD(x)]\nmax_matches: 5\n"),
    ]);
    assert_eq!(loaded.shown(), "");
    use davy_content::model::LookupStore::{Csv, KeyValue};
    let [a, b, c] = loaded.content.lookups() else { panic!("three lookups") };
    assert_eq!(a.match_type, ["WILDCARD(x)", "CIDR(y)"]);
    let fields = vec!["_key".into(), "x".into()];
    assert_eq!(b.store, KeyValue { collection: "b_kv".into(), fields });
    assert_eq!((&c.store, c.max_matches), (&Csv { file: "c.csv".into() }, Some(5)));
}

#[test]
fn the_place_of_a_word_is_known_in_every_style_of_yaml() {
    let styles = [
        "|-\n  | tstats count\n  | stats sum(count)",
        "|\n  | tstats count\n  | stats sum(count)",
        ">-\n  | tstats count\n  | stats sum(count)",
        "'| tstats count\n  | stats sum(count)'",
        "\"| tstats count\\n| stats sum(count)\"",
    ];
    for style in styles {
        let (head, rest) = V6.split_once("search: |-").unwrap();
        let (_, tail) = rest.split_once("how_to_implement").unwrap();
        let text = format!("{head}search: {style}\nhow_to_implement{tail}");
        let (mut sources, mut diags) = Default::default();
        let search = davy_content::search_of("a.yml", &text, &mut sources, &mut diags);
        let search = search.unwrap_or_else(|| panic!("{style}"));
        for word in ["tstats", "sum"] {
            let at = search.value.find(word).unwrap();
            let (origin, _) = sources.origin(search.span.file.span(at..at + word.len()));
            assert_eq!(sources.file(origin.file).name, "a.yml", "{style}");
            assert_eq!(sources.text(origin), word, "{style}");
            assert_eq!(origin.start as usize, text.find(word).unwrap(), "{style}");
        }
    }
}
