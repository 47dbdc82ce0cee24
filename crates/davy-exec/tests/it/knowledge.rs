//! Fields, event types and tags of an add-on.

use crate::{base, lines};
use davy_diag::Diagnostics;
use davy_events::{Meta, Options};
use davy_exec::{FileSource, Holds, Input, Place, check_base, explain, explain_event};
use davy_knowledge::{Base, Text};
use davy_plan::Env;
use std::sync::Arc;

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
    let got =
        lines(&base, &[("NARROW", "test:json", EVENTS)], "search * | sort _time | table kind");
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
    for part in ["a=1", "b=2", "dest=c1", "computer=c1", "code=1", "kind=one", "tag=all|one|report"]
    {
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
    let got =
        lines(&base, &input, "search tag=process process=WHOAMI* | table action dest process");
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
        [
            "date_hour=10 date_wday=monday date_month=may linecount=1 punct={\"_\":,\"\":} splunk_server=davy"
        ]
    );
}

#[test]
fn all_that_is_built_in_compiles() {
    let mut diags = Diagnostics::default();
    let base = Arc::new(Base::load(&[], &mut diags));
    assert!(diags.is_empty(), "{:?}", diags.list());
    let env = Arc::new(Env::default());
    let diags = check_base(&base, &env);
    let shown: Vec<String> =
        diags.list().iter().map(|d| davy_diag::render::text(base.sources(), d, false)).collect();
    assert!(shown.is_empty(), "{}", shown.join("\n"));
}

#[test]
fn mistakes_in_expressions_are_told_with_their_file() {
    let text = "addon: a\nstanzas:\n  - sourcetype: x\n    eval: { y: nosuch(z) }\n";
    let texts = [Text { name: "addons/mine.yml".into(), text: text.into() }];
    let mut diags = Diagnostics::default();
    let base = Arc::new(Base::of(&texts, &mut diags));
    let found = check_base(&base, &Arc::new(Env::default()));
    let [mistake] = found.list() else { panic!("{found:?}") };
    let shown = davy_diag::render::text(base.sources(), mistake, false);
    assert!(shown.contains("nosuch") && shown.contains("addons/mine.yml:4"), "{shown}");
}

#[test]
fn events_are_explained() {
    let model = r#"
model: M
datasets:
  - name: Ones
    constraint: tag=one
    fields: [code]
  - name: Nevers
    constraint: tag=report tag=never
"#;
    let base = base(ADDON, model);
    let input = Input {
        place: Place::Bytes(Arc::from(EVENTS.as_bytes())),
        meta: Meta { sourcetype: Some("test:json".into()), name: "e".into(), ..Meta::default() },
    };
    let source = FileSource::new(vec![input], Options::default());
    let all = explain(&base, &source, &Arc::new(Env::default()));
    let [events] = all.as_slice() else { panic!("{all:?}") };
    assert_eq!(events.sourcetype, "test:json");
    let types: Vec<_> =
        events.eventtypes.iter().map(|(n, _, _, h)| (n.as_str(), h.clone())).collect();
    assert_eq!(
        types,
        [
            ("test-one", Holds::Of { held: 1, looked: 2 }),
            ("test-all", Holds::All),
            ("never", Holds::None(Some("sourcetype=other".into()))),
        ]
    );
    let datasets: Vec<_> =
        events.datasets.iter().map(|(_, d, h)| (d.as_str(), h.clone())).collect();
    assert_eq!(
        datasets,
        [
            ("Ones", Holds::Of { held: 1, looked: 2 }),
            ("Nevers", Holds::None(Some("tag=never".into()))),
        ]
    );
    // One event: what it is, and the term that it lacks.
    let second = explain_event(&base, &source, &Arc::new(Env::default()), 2).unwrap();
    let of = |name: &str| second.eventtypes.iter().find(|(n, ..)| n == name).unwrap().3.clone();
    assert_eq!(of("test-one"), Holds::None(Some("code=1".into())));
    assert_eq!(of("test-all"), Holds::All);
    let ones = second.datasets.iter().find(|(_, d, _)| d == "Ones").unwrap();
    assert_eq!(ones.2, Holds::None(Some("tag=one".into())));
    assert!(second.constants.contains(&("box".to_owned(), "b2".to_owned())));
    assert!(explain_event(&base, &source, &Arc::new(Env::default()), 3).is_none());
}

#[test]
fn datasets_inherit_and_have_defaults_and_calculated_fields() {
    let model = r#"
model: M
datasets:
  - name: Root
    constraint: tag=all
    fields: { code: null, who: unknown, size: "0" }
    calculated: { label: 'code.":".who' }
  - name: Child
    parent: Root
    constraint: label="2:*"
    fields: [box]
"#;
    let base = base(ADDON, model);
    let input = [("s", "test:json", EVENTS), ("s", "plain", EVENTS)];
    let got = lines(
        &base,
        &input,
        "| tstats count FROM datamodel=M.Root BY Root.code Root.who Root.size Root.label",
    );
    assert_eq!(got, ["Root.code=2 Root.who=bob Root.size=0 Root.label=2:bob count=1",]);
    let got = lines(&base, &input, "| tstats count FROM datamodel=M.Root BY Root.who");
    assert_eq!(got, ["Root.who=bob count=1", "Root.who=unknown count=1"]);
    let got = lines(&base, &input, "| tstats count FROM datamodel=M.Child BY Root.Child.box");
    assert_eq!(got, ["Root.Child.box=b2 count=1"]);
    let got = lines(&base, &input, "| datamodel M Child search | table Root.who Root.box");
    assert_eq!(got, ["Root.who=bob Root.box=b2"]);
}

// A value of `punct` of an exported event has fifty signs. Quoted: `punct::<_='://../////'><><_='___'...`.
#[test]
fn punctuation_is_that_of_the_first_line() {
    let line = "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System>\
        <Provider Name='Microsoft-Windows-Sysmon' Guid='{5770385F-C22A-43E0-BF4C-06F5698FFBD9}'/>\
        <EventID>5</EventID><Version>3</Version><Level>4</Level>";
    let base = base(ADDON, "");
    let event = serde_json::json!({"_time": 1777890000, "_raw": line}).to_string();
    let got = lines(&base, &[("s", "x", &event)], "search * | table punct");
    assert_eq!(got, ["punct=<_='://../////'><><_='--'_='{----}'/><></><></><><"]);
}

// Knowledge Manager Manual, "Use default fields": the fields are what the event's text says,
// whatever its zone; `date_zone` is in minutes, or `local`.
#[test]
fn times_are_found_where_they_are_written() {
    let base = base(ADDON, "");
    let asked = "search * | table timestartpos timeendpos date_hour date_mday date_zone";
    for (line, wanted) in [
        (
            "1.2.3.4 - - [10/Oct/2000:13:55:36 -0700] \"GET /a HTTP/1.0\" 200 1",
            "timestartpos=13 timeendpos=39 date_hour=13 date_mday=10 date_zone=-420",
        ),
        (
            "<13>May  4 09:30:00 2026 host1 x: y",
            "timestartpos=4 timeendpos=24 date_hour=9 date_mday=4 date_zone=local",
        ),
        (
            "id=54849625-5478 at 2026-05-04T23:30:00.5+02:00 x",
            "timestartpos=20 timeendpos=47 date_hour=23 date_mday=4 date_zone=120",
        ),
    ] {
        assert_eq!(lines(&base, &[("s", "x", line)], asked), [wanted], "{line}");
    }
    let event = "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System>\
        <Provider Name='P' Guid='{54849625-5478-4994-a5ba-3e3b0328c30d}'/><EventID>1</EventID>\
        <TimeCreated SystemTime='2026-05-04T11:03:46.6123456Z'/><Channel>C</Channel>\
        <Computer>pc</Computer></System></Event>";
    let from = event.find("2026").unwrap();
    let got = lines(&base, &[("", "", event)], asked);
    let wanted = format!(
        "timestartpos={from} timeendpos={} date_hour=11 date_mday=4 date_zone=0",
        from + "2026-05-04T11:03:46.6123456Z".len()
    );
    assert_eq!(got, [wanted]);
}
