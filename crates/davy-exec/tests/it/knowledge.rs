//! Fields, event types and tags of an add-on.

use crate::{base, lines};

const ADDON: &str = r#"
addon: test
description: for tests
stanzas:
  - sourcetype: test:*
    extract:
      - regex: "user (?<who>[a-z]+)"
      - kv: { field: pairs, pair: ";", eq: ":" }
    alias:
      dest: [computer, box]
      signature_id: code
    constant:
      vendor_product: Test
    eval:
      kind: if(code=1, "one", "other")
      upper_kind: kind . "!"
  - sourcetype: test:*
    source: narrow
    when: code=2
    constant:
      kind: two
eventtypes:
  - name: test-one
    search: sourcetype=test:* code=1
    tags: [one, report]
  - name: test-all
    search: sourcetype=TEST:*
    tags: [all]
  - name: never
    search: sourcetype=other
    tags: [never]
"#;

const EVENTS: &str = r#"{"_time":1777890000,"code":1,"computer":"c1","pairs":"a:1;b:2"}
{"_time":1777890001,"code":2,"box":"b2","text":"user bob"}"#;

#[test]
fn fields_are_made_as_defined() {
    let base = base(ADDON, "");
    let input = [("any", "Test:Json", EVENTS)];
    let got = lines(
        &base,
        &input,
        "search * | sort _time | table code dest signature_id vendor_product kind upper_kind a b who",
    );
    assert_eq!(
        got,
        [
            "code=1 dest=c1 signature_id=1 vendor_product=Test kind=one upper_kind=one! a=1 b=2",
            "code=2 dest=b2 signature_id=2 vendor_product=Test kind=other upper_kind=other! who=bob",
        ]
    );
}

#[test]
fn narrower_stanzas_stand_above_and_hold_only_where_they_match() {
    let base = base(ADDON, "");
    let got = lines(&base, &[("NARROW", "test:json", EVENTS)], "search * | sort _time | table kind");
    assert_eq!(got, ["kind=one", "kind=two"]);
}

#[test]
fn event_types_and_tags_are_searched() {
    let base = base(ADDON, "");
    let input = [("s", "test:json", EVENTS), ("s", "plain", EVENTS)];
    let count = |search: &str| lines(&base, &input, &format!("{search} | stats count"));
    assert_eq!(count("search tag=one"), ["count=1"]);
    assert_eq!(count("search tag=all"), ["count=2"]);
    assert_eq!(count("search tag=never"), ["count=0"]);
    assert_eq!(count("search NOT tag=all"), ["count=2"]);
    assert_eq!(count("search eventtype=test-* NOT eventtype=test-one"), ["count=1"]);
    assert_eq!(count("search vendor_product=test"), ["count=2"]);
    assert_eq!(count("search kind=one"), ["count=1"]);
    let tags = lines(&base, &input[..1], "search * | sort _time | table tag eventtype");
    assert_eq!(
        tags,
        ["tag=all|one|report eventtype=test-all|test-one", "tag=all eventtype=test-all"]
    );
}

#[test]
fn all_fields_hold_the_defined_ones_too() {
    let base = base(ADDON, "");
    let got = lines(&base, &[("s", "test:json", EVENTS)], "search code=1");
    let [line] = got.as_slice() else { panic!("{got:?}") };
    for part in ["a=1", "b=2", "dest=c1", "computer=c1", "code=1", "kind=one", "tag=all|one|report"] {
        assert!(line.split(' ').any(|p| p == part), "{part} is not in {line}");
    }
}

#[test]
fn windows_events_fold_to_constants() {
    let addon = r#"
addon: sysmon
stanzas:
  - source: XmlWinEventLog:Microsoft-Windows-Sysmon/Operational
    when: EventCode=1
    alias: { process: CommandLine, dest: Computer }
    constant: { action: allowed }
eventtypes:
  - name: start
    search: source="XmlWinEventLog:Microsoft-Windows-Sysmon/Operational" EventCode IN (1)
    tags: process
"#;
    let event = |id: u32, line: &str| {
        format!(
            "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System><Provider Name='Microsoft-Windows-Sysmon'/><EventID>{id}</EventID><TimeCreated SystemTime='2026-05-04T11:03:46.6Z'/><Channel>Microsoft-Windows-Sysmon/Operational</Channel><Computer>pc.local</Computer></System><EventData><Data Name='CommandLine'>{line}</Data></EventData></Event>"
        )
    };
    let text = format!("{}\n{}\n", event(1, "whoami /all"), event(5, "x"));
    let base = base(addon, "");
    let input = [("", "", text.as_str())];
    let got = lines(&base, &input, "search tag=process process=WHOAMI* | table action dest process");
    assert_eq!(got, ["action=allowed dest=pc.local process=whoami /all"]);
    let got = lines(&base, &input, "search action=* OR EventCode=5 | stats count by EventCode");
    assert_eq!(got, ["EventCode=1 count=1", "EventCode=5 count=1"]);
}

#[test]
fn server_fields_are_made_when_asked_for() {
    let base = base(ADDON, "");
    let got = lines(
        &base,
        &[("s", "x", "{\"_time\":1777890000,\"a\":1}")],
        "search * | table date_hour date_wday date_month linecount punct splunk_server",
    );
    assert_eq!(
        got,
        ["date_hour=10 date_wday=monday date_month=may linecount=1 punct={\"_\":,\"\":} splunk_server=davy"]
    );
}
