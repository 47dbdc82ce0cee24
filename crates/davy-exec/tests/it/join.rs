//! A join gives the same rows whether its left side streams or, with fields that nobody named, is
//! held as a whole.

use crate::many::{Quiet, search, shown};
use crate::{Only, base, lines, run};
use davy_events::{Meta, Options};
use davy_exec::{Config, EventSource, FileSource, Input, Place, Reads, Session, prepare};
use davy_plan::Knowledge;
use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

fn events() -> String {
    let mut seed = 7u64;
    let mut roll = move |below: u64| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963);
        (seed >> 33) % below
    };
    let mut text = String::new();
    for at in 0..120 {
        let side = if roll(3) == 0 { "sub" } else { "main" };
        let _ = write!(text, "{{\"_time\":{},\"side\":\"{side}\"", 1_777_890_000 + at);
        match roll(6) {
            0 => {}
            1 => {
                let _ = write!(text, ",\"k\":[\"k{}\",\"k{}\"]", roll(3), roll(3));
            }
            _ => {
                let _ = write!(text, ",\"k\":\"k{}\"", roll(9));
            }
        }
        if roll(2) == 0 {
            let _ = write!(text, ",\"v\":\"{side} {}\"", roll(50));
        }
        let _ = writeln!(text, ",\"n\":{at},\"j\":{}}}", roll(2));
    }
    text
}

#[test]
fn streaming_joins_are_those_of_held_rows() {
    let base = base("addon: none\ndescription: None.\n", "");
    let text = events();
    let inputs = [("events", "", text.as_str())];
    let fields = ["k", "v", "j", "n", "w"];
    let mut met = 0;
    for options in [
        "",
        "type=left",
        "overwrite=f",
        "type=left overwrite=f",
        "max=0",
        "type=outer max=2",
        "usetime=t",
        "usetime=t earlier=f max=0",
    ] {
        for keys in ["k", "k j", "nowhere"] {
            let join = format!(
                "search side=main | join {options} {keys} [search side=sub | eval w=n | fields - n | \
                 fields k v j w _time]"
            );
            let held = run(&base, &inputs, &join);
            let streamed = run(&base, &inputs, &format!("{join} | table k v j n w"));
            let shown = |rows: Vec<Vec<(String, Vec<String>)>>| -> Vec<Vec<(String, Vec<String>)>> {
                let only = |row: Vec<(String, Vec<String>)>| {
                    let mut row: Vec<_> =
                        row.into_iter().filter(|(n, _)| fields.contains(&n.as_str())).collect();
                    row.sort();
                    row
                };
                rows.into_iter().map(only).collect()
            };
            met += streamed.len();
            assert_eq!(shown(streamed), shown(held), "{join}");
        }
    }
    assert!(met > 300, "{met}");
}

/// Groups that cannot meet a row of the right side are not made, and those that can hold all their
/// rows: those of several values in the field too.
#[test]
fn grouped_rows_meet_as_they_do_when_all_are_grouped() {
    let base = base("addon: none\ndescription: None.\n", "");
    let text = events();
    let inputs = [("events", "", text.as_str())];
    let mut met = 0;
    for grouped in [
        "| stats count sum(n) AS n values(v) AS v BY k",
        "| stats count BY k j | where count>0 | rename j AS other",
        "| stats count BY k j | stats sum(count) AS count BY k | sort 0 - count",
    ] {
        for options in ["", "max=0", "type=left", "overwrite=f max=0"] {
            let right = "[search side=sub k=k1 OR k=k2 | eval w=n | fields k w v | fields - _time]";
            // Of some rows the field holds two values.
            let head = format!("search side=main | eval k=coalesce('k{{}}', k) {grouped}");
            let join = format!("| join {options} k {right} | table k count n v w other");
            let narrowed = lines(&base, &inputs, &format!("{head} {join}"));
            // What is worked out of a field is not looked through.
            let all = lines(&base, &inputs, &format!("{head} | eval k=k.\"\" {join}"));
            met += narrowed.iter().filter(|row| row.contains("n=")).count();
            assert_eq!(narrowed, all, "{grouped} {options}");
        }
    }
    assert!(met > 10, "{met}");
}

/// Rows of EVTX that must meet those of the other side wait until these are known. Those that hold
/// several values, or none where a text stands for it, meet as in a search alone.
#[test]
fn rows_that_wait_for_the_other_side_are_those_of_each_search_alone() {
    let sample: &[u8] = include_bytes!("../../../../samples/certificate_export.evtx");
    let knowledge = Only(base(ADDON, ""));
    let input = |number: usize| Input {
        place: Place::Bytes(Arc::from(sample)),
        meta: Meta { name: format!("{number}.evtx"), ..Meta::default() },
    };
    let files = FileSource::new((0..9).map(input).collect(), Options::default());
    let source: Arc<dyn EventSource> = Arc::new(files);
    let count = "| tstats count fillnull_value=none where EventCode=* by";
    let texts = [
        format!("{count} EventRecordID EventCode | join EventRecordID [search EventCode=4688 | stats count AS n by EventRecordID]"),
        // The same request, and another side.
        format!("{count} EventRecordID EventCode | join EventRecordID [search EventCode=1007 | stats values(Computer) AS n by EventRecordID]"),
        // Most events have none.
        format!("{count} NewProcessId | join NewProcessId [search EventCode=1007 | eval NewProcessId=\"none\" | stats count AS n by NewProcessId]"),
        format!("{count} NewProcessId | join NewProcessId [search EventCode=1007 | eval NewProcessId=\"0x1a2c\" | stats count AS n by NewProcessId]"),
        format!("{count} ProcessID | rename ProcessID AS id | join id [search EventCode=1007 ProcessID=6244 | eval id=712 | stats count AS n by id]"),
        format!("{count} ProcessID | join ProcessID [search EventCode=1007 | eval ProcessID=1 | stats count AS n by ProcessID]"),
        "search EventCode=* | stats count values(EventCode) AS codes by pair | join pair [search EventCode=4688 | stats count AS n by pair]".to_owned(),
        // One row of all: nothing may be left out.
        "search EventCode=* | stats count latest(EventRecordID) AS EventRecordID | join EventRecordID [search EventCode=4624 | stats count AS n by EventRecordID]".to_owned(),
        format!("{count} EventRecordID | join type=left EventRecordID [search EventCode=4688 | stats count AS n by EventRecordID]"),
        format!("{count} EventRecordID | head 2 | join EventRecordID [search EventCode=4688 | stats count AS n by EventRecordID]"),
    ];
    let prepared = texts.each_ref().map(|text| prepare("search", text, knowledge.macros()));
    let all = prepared.each_ref().map(|one| search(one, &source, &knowledge));
    let session = Session::new(Config { partitions: 2, ..Config::default() }).unwrap();
    let stop = Arc::new(AtomicBool::new(false));
    let many = session.run_many(all.as_slice(), &source, &stop, &Quiet).unwrap();
    let spent = &many.profile.searches;
    let found: Vec<String> = (all.iter().zip(many.answers))
        .map(|(one, together)| {
            let together = shown(one.prepared, together);
            assert_eq!(
                together,
                shown(one.prepared, session.run(one)),
                "{}",
                one.prepared.expanded
            );
            together
        })
        .collect();
    let lines: Vec<usize> = found.iter().map(|text| text.lines().count()).collect();
    assert_eq!(lines, [2, 1, 1, 1, 1, 0, 2, 1, 6, 1], "{found:?}");
    // All that passed are counted, those too that were not kept: of both sides.
    assert_eq!(spent[0].rows_in, 9 * 6 + 9 * 2);
    let waits = |(at, reads): &(usize, Reads)| {
        let text = serde_json::to_string(reads).unwrap();
        (!text.contains("\"key\":null")).then_some(*at)
    };
    let waiting: Vec<usize> = many.learnt.iter().filter_map(waits).collect();
    assert_eq!(waiting, [0, 1, 2, 3, 4, 5, 6]);
}

const ADDON: &str = "
addon: test
description: for tests
stanzas:
  - sourcetype: XmlWinEventLog
    eval: { pair: 'mvappend(Computer, ProcessID)' }
";

/// What would fill the disk with rows that nobody reads ends, and is named.
#[test]
fn a_join_of_everything_with_everything_ends() {
    let search = "| makeresults count=8000 | eval k=1 | join max=0 k \
                  [| makeresults count=8000 | eval k=1, n=2 | table k n] | stats count by n";
    let session = Session::new(Config { partitions: 2, ..Config::default() }).unwrap();
    let prepared = prepare("a join", search, &davy_plan::NoKnowledge);
    let env = Arc::new(davy_plan::Env::default());
    let out = davy_plan::FieldSet::all();
    let knowledge: &dyn Knowledge = &davy_plan::NoKnowledge;
    let search = davy_exec::Search { prepared: &prepared, env, source: None, knowledge, out };
    match session.run(&search) {
        Err(davy_exec::RunError::Diagnostic(told)) => {
            assert_eq!(told.code.id, "run::too-many-rows", "{}", told.message);
        }
        other => panic!("{:?}", other.map(|answer| answer.batches.len())),
    }
}
