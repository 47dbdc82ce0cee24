//! Lines, CSV, stash and classic Windows event text.

use crate::{Collect, gather, meta, names, read, read_with, stream, values};
use davy_events::{Decoder, Meta, Options, StashEvent, Want};
use std::sync::Arc;

#[test]
fn lines_have_times_and_pairs() {
    let text = "May  4 09:30:00 pit sshd[7]: user=ore src=10.0.0.7 msg=\"dig deep\"\r\n\
        2026-05-04T11:30:00+02:00 level=info, count=3\n\
        type=SYSCALL msg=audit(1777887000.500:44): arch=c000003e exe=\"/usr/bin/id\"\n\
        no time, no pairs\n";
    for read in [read(text.as_bytes()), stream(text.as_bytes())] {
        // A line without a time has that of the line before: Splunk, How timestamp assignment
        // works, rule 3.
        assert_eq!(
            read.times,
            [1_777_887_000.0, 1_777_887_000.0, 1_777_887_000.5, 1_777_887_000.5]
        );
        assert_eq!(read.rows[0]["user"], "ore");
        assert_eq!(read.rows[0]["msg"], "dig deep");
        assert_eq!(read.rows[0]["sourcetype"], "linux_secure");
        assert_eq!(read.rows[0]["host"], "pit");
        assert_eq!(read.rows[3]["sourcetype"], "input");
        assert_eq!(read.rows[1]["level"], "info");
        assert_eq!(read.rows[2]["exe"], "/usr/bin/id");
        assert_eq!(read.rows[3]["_raw"], "no time, no pairs");
    }
}

#[test]
fn a_level_is_no_host_and_a_value_has_its_brackets() {
    let text = "2026-05-04T09:30:00Z ERROR user=ore t=(ok) v=[7] (in=pit) call=f(a) end\n\
        2026-05-04T09:30:00Z INFO login ok user=ore\n";
    let read = read(text.as_bytes());
    for (name, wanted) in
        [("user", "ore"), ("t", "(ok)"), ("v", "[7]"), ("in", "pit"), ("call", "f(a)")]
    {
        assert_eq!(values(&read.rows[0], name), [wanted], "{name}");
    }
    for row in &read.rows {
        assert_eq!(row["sourcetype"], "input", "{row:?}");
        assert!(!matches!(row.get("host").map(|host| host.as_str()), Some("ERROR" | "INFO")));
    }
}

// transforms.conf.spec, MV_ADD: what is found again "is discarded. Default: false".
#[test]
fn the_first_value_of_a_key_counts() {
    let mut text = "2026-05-04T09:30:00Z a=1 b=\"x y\" a=2 A=3 b=z".to_owned();
    (0..40).for_each(|n| text.push_str(&format!(" k{n}=1 k{n}=2")));
    let read = read(text.as_bytes());
    for (name, wanted) in [("a", "1"), ("A", "3"), ("b", "x y"), ("k0", "1"), ("k39", "1")] {
        assert_eq!(values(&read.rows[0], name), [wanted], "{name}");
    }
}

// Splunk's own logs, a field far into the line, a clock without a day, and a kind of line that the user
// states.
#[test]
fn times_of_other_forms() {
    let far =
        format!("site=\"{}\" time_local=\"04/May/2026:05:30:00 -0400\" a=1\n", "x".repeat(200));
    for (text, wanted) in [
        ("Audit:[timestamp=05-04-2026 09:30:00.000, user=admin]\n", 1_777_887_000.0),
        (far.as_str(), 1_777_887_000.0),
        // At 1777890000, which is 10:20, the last 23:00:00 was that of the day before.
        ("23:00:00.5: Notice A shell\n", 1_777_849_200.5),
        ("00:50:56:aa:bb:cc is up\n", 1_777_890_000.0),
    ] {
        let now = Meta { now: 1_777_890_000.0, ..meta() };
        assert_eq!(read_with(text.as_bytes(), &now, &Options::default()).times, [wanted], "{text}");
    }
    let flow = b"2 1 eni-1 10.0.1.30 10.0.1.1 47254 22 17 2 98 1777887000 1777887060 ACCEPT OK\n";
    let stated = Some("aws:cloudwatchlogs:vpcflow".to_owned());
    let stated = Meta { sourcetype: stated, ..meta() };
    let read = read_with(flow, &stated, &Options::default());
    assert_eq!(read.times, [1_777_887_000.0]);
}

#[test]
fn csv_rows_are_fields() {
    let text =
        "time,user,note\n2026-05-04 09:30:00,ore,\"a, \"\"b\"\"\nc\"\n2026-05-04 09:30:01,,x\n";
    for read in [read(text.as_bytes()), stream(text.as_bytes())] {
        assert_eq!(read.rows.len(), 2);
        assert_eq!(read.rows[0]["note"], "a, \"b\"\nc");
        assert!(!read.rows[1].contains_key("user"));
        assert_eq!(read.times, [1_777_887_000.0, 1_777_887_001.0]);
        assert!(read.shapes[0].may_hold("user") && !read.shapes[0].may_hold("other"));
    }
}

#[test]
fn stash_events_hold_repeated_keys_and_escapes() {
    let text = "1777887000, search_name=\"Risky - Rule\", risk_score=\"40\", tag=\"a\", tag=\"b\", \
        note=\"{\\\"k\\\": \\\"C:\\\\\\\\x\\\"}\", multi=\"one\ntwo\"\n1777887001, search_name=\"Next\"\n";
    for read in [read(text.as_bytes()), stream(text.as_bytes())] {
        assert_eq!(read.rows.len(), 2, "{:?}", read.rows);
        assert_eq!(values(&read.rows[0], "tag"), ["a", "b"]);
        assert_eq!(read.rows[0]["note"], r#"{"k": "C:\\x"}"#);
        assert_eq!(read.rows[0]["multi"], "one\ntwo");
        assert_eq!(read.rows[0]["sourcetype"], "stash");
        assert_eq!(read.times, [1_777_887_000.0, 1_777_887_001.0]);
    }
}

/// A risk event as its text holds it.
#[derive(Debug)]
struct Risk(&'static [(&'static str, &'static str)]);

impl StashEvent for Risk {
    fn stamp(&self) -> String {
        "1777887000.25".to_owned()
    }

    fn fields(&self, give: &mut dyn FnMut(&str, &str)) {
        self.0.iter().for_each(|(name, value)| give(name, value));
    }

    fn write(&self, out: &mut String) {
        out.push_str(&self.stamp());
        for (name, value) in self.0 {
            let value = value.replace('\\', "\\\\").replace('"', "\\\"");
            out.push_str(&format!(", {name}=\"{value}\""));
        }
    }
}

#[test]
fn stash_events_in_hand_are_those_of_their_text() {
    let events: [&[_]; 3] = [
        &[("search_name", "Ore \"and\" C:\\pit"), ("tag", "a"), ("tag", "b"), ("none", "")],
        &[("source", "elsewhere"), ("note", "one\ntwo"), (" led", "by a blank")],
        &[("a=b", "no name"), ("c,d", "nor this"), ("e", "5")],
    ];
    let known: Vec<Arc<dyn StashEvent>> =
        events.iter().map(|fields| Arc::new(Risk(fields)) as Arc<dyn StashEvent>).collect();
    let mut text = String::new();
    for event in &known {
        event.write(&mut text);
        text.push('\n');
    }
    let want = Want::Fields { names: names(&["__seq", "_time"]), rest: true };
    let mut decoder = Decoder::new(&want, Options::default());
    let mut sink = Collect::default();
    let counts = decoder.decode_stash(&known, &meta(), &mut sink);
    decoder.finish(&mut sink);
    let (made, read) = (gather(sink, counts), read(text.as_bytes()));
    assert_eq!(made.rows, read.rows);
    assert_eq!(made.times, read.times);
    assert_eq!(made.counts.events, 3);
    assert_eq!(values(&made.rows[0], "tag"), ["a", "b"]);
    assert!(made.rows[0]["_raw"].contains("C:\\\\pit"), "{:?}", made.rows[0]);
}

#[test]
fn classic_event_text_is_one_event_a_block() {
    let block = "05/04/2026 09:30:00 AM\nLogName=Security\nEventCode=4720\nComputerName=pit.mine.example\n\
        Message=A user account was created.\n\nSubject:\n\tAccount Name:\t\tore\n\tLogon ID:\t\t0x3E7\n\n\
        New Account:\n\tAccount Name:\t\tslag\n";
    let text = format!("{block}{block}");
    for read in [read(text.as_bytes()), stream(text.as_bytes())] {
        assert_eq!(read.rows.len(), 2);
        let row = &read.rows[1];
        assert_eq!(row["EventCode"], "4720");
        assert_eq!(values(row, "Account_Name"), ["ore", "slag"]);
        assert_eq!(row["Logon_ID"], "0x3E7");
        assert_eq!(row["source"], "WinEventLog:Security");
        assert_eq!(row["sourcetype"], "WinEventLog");
        assert_eq!(row["host"], "pit.mine.example");
        assert!(row["Message"].starts_with("A user account was created.\n"));
        assert_eq!(read.times[1], 1_777_887_000.0);
    }
}
