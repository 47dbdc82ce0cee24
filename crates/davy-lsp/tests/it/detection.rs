//! Searches under `search:` in YAML.

use crate::client::{Client, covered};

const URI: &str = "file:///content/detections/endpoint/odd_thing.yml";

fn yaml(search: &str) -> String {
    format!(
        "name: Odd Thing\nid: 6d0c5b5d-0c5e-4b35-9a3c-0d6a9d3c8a11\nversion: 1\ndate: '2026-05-04'\n\
         author: A\nstatus: experimental\ntype: Hunting\ndescription: An odd thing.\ndata_source: []\n\
         search: {search}\nhow_to_implement: No.\nknown_false_positives: No.\nreferences: []\n\
         tags:\n  analytic_story: []\n  asset_type: Endpoint\n  mitre_attack_id: []\n  product:\n  \
         - Splunk Enterprise\n  security_domain: endpoint\n"
    )
}

#[test]
fn a_mistake_stands_in_the_yaml() {
    let mut client = Client::start();
    for search in [
        "'`sysmon` a=''b'' | stast count'",
        "|-\n  `sysmon`\n  | stast count",
        "index=a |\n  stast count",
    ] {
        let text = yaml(search);
        let found = client.open(URI, &text);
        let at = found.iter().find(|d| d["code"] == "spl::unknown-command");
        let at = at.unwrap_or_else(|| panic!("{search}: {found:?}"));
        assert_eq!(covered(&text, &at["range"]), "stast");
    }
}

#[test]
fn hover_and_completion_work_inside_and_are_silent_outside() {
    let mut client = Client::start();
    let shown =
        client.at("hover", URI, &yaml("|-\n  `sysmon`\n  | sta^ts count\n  | `odd_thing_filter`"));
    assert!(shown["contents"]["value"].as_str().unwrap().contains("### stats"));
    let offered = client.at("completion", URI, &yaml("|-\n  `sysmon`\n  | st^"));
    assert!(offered.as_array().unwrap().iter().any(|i| i["label"] == "stats"));
    let outside = yaml("a | stats count").replace("author: A", "author: st^ats");
    assert!(client.at("hover", URI, &outside).is_null());
}

#[test]
fn the_own_filter_macro_is_no_mistake() {
    let mut client = Client::start();
    let found = client.open(URI, &yaml("'`sysmon` | stats count | `odd_thing_filter`'"));
    assert!(found.iter().all(|d| d["severity"] != 1), "{found:?}");
}

#[test]
fn formatting_changes_nothing_but_the_search() {
    let mut client = Client::start();
    let edits = client.formatted(URI, &yaml("'`sysmon` a=\"it''s\"|stats count'"));
    let expected = yaml("|-\n  `sysmon` a=\"it's\"\n  | stats count");
    assert_eq!(edits[0]["newText"].as_str(), Some(expected.as_str()));
}

#[test]
fn yaml_that_cannot_be_read_says_so() {
    let mut client = Client::start();
    let found = client.open(URI, "name: [\n");
    assert!(found.iter().any(|d| d["severity"] == 1), "{found:?}");
}
