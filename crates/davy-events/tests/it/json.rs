//! JSON in its many frames.

use crate::{Collect, meta, names, read, stream, values};
use arrow::array::AsArray;
use davy_events::{EventBatch, Options, ProblemKind, Want};

#[test]
fn fields_are_named_as_splunk_names_them() {
    let text = r#"{"eventTime":"2026-05-04T09:30:00Z","a":{"b":1.50,"c":{"d":"x\"y\u00e9"}},
        "list":[{"k":"1"},{"k":"2"}],"plain":["p","q"],"yes":true,"none":null,"empty":{},"n":-3e2}"#;
    for read in [read(text.as_bytes()), stream(text.as_bytes())] {
        assert!(read.problems.is_empty(), "{:?}", read.problems);
        let row = &read.rows[0];
        assert_eq!(row["a.b"], "1.50");
        assert_eq!(row["a.c.d"], "x\"yé");
        assert_eq!(values(row, "list{}.k"), ["1", "2"]);
        assert_eq!(values(row, "plain{}"), ["p", "q"]);
        assert_eq!((row["yes"].as_str(), row["none"].as_str()), ("true", "null"));
        assert_eq!(row["n"], "-3e2");
        assert!(!row.contains_key("empty"));
        assert_eq!(row["_raw"], text);
        assert_eq!(row["sourcetype"], "_json");
        assert_eq!(row["source"], "input.log");
        assert_eq!(read.times[0], 1_777_887_000.0);
    }
}

#[test]
fn lines_arrays_and_objects_over_several_lines_are_the_same() {
    let forms = [
        "{\"a\":1}\n{\"a\":2}\n",
        "[{\"a\":1},\n{\"a\":2}]",
        "{\n  \"a\": 1\n}\n{\n  \"a\": 2\n}",
        "\u{feff}{\"a\":1}{\"a\":2}",
    ];
    for form in forms {
        for read in [read(form.as_bytes()), stream(form.as_bytes())] {
            assert!(read.problems.is_empty(), "{form}: {:?}", read.problems);
            let got: Vec<&str> = read.rows.iter().map(|row| row["a"].as_str()).collect();
            assert_eq!(got, ["1", "2"], "{form}");
        }
    }
}

#[test]
fn a_wrapper_says_where_its_event_is_from() {
    let text = r#"{"time":1777887000.25,"host":"h","source":"s","sourcetype":"t","index":"i","event":{"a":1},"fields":{"x":"y"}}
{"event":"user=ore action=\"dig deep\"","sourcetype":"kv"}
{"preview":false,"result":{"_raw":"{\"q\":5}","_time":"2026-05-04T09:30:00.000+00:00","source":"old","extra":["1","2"]}}"#;
    let read = read(text.as_bytes());
    let [first, second, third] = read.rows.as_slice() else { panic!("three events") };
    let got = ["host", "source", "sourcetype", "index", "a", "x"].map(|name| first[name].as_str());
    assert_eq!(got, ["h", "s", "t", "i", "1", "y"]);
    assert_eq!(first["_raw"], "{\"a\":1}");
    assert_eq!(read.times[0], 1_777_887_000.25);
    assert_eq!((second["user"].as_str(), second["action"].as_str()), ("ore", "dig deep"));
    assert_eq!((third["q"].as_str(), third["source"].as_str()), ("5", "old"));
    assert_eq!(read.times[2], 1_777_887_000.0);
}

#[test]
fn a_bad_line_is_told_and_the_others_are_read() {
    let text = "{\"a\":1}\n{\"a\": \"cut\n{\"a\":3}\n{\"a\":}\n{\"a\":5";
    for read in [read(text.as_bytes()), stream(text.as_bytes())] {
        assert_eq!(read.rows.len(), 5);
        let kinds: Vec<ProblemKind> = read.problems.iter().map(|p| p.kind).collect();
        assert_eq!(kinds, [ProblemKind::Corrupt, ProblemKind::Corrupt, ProblemKind::Truncated]);
        assert_eq!(read.problems[0].offset, Some(8));
        assert_eq!(read.rows[2]["a"], "3");
        assert_eq!(read.rows[1]["_raw"], "{\"a\": \"cut");
    }
}

#[test]
fn an_event_always_has_a_time_and_a_host() {
    let text = r#"{"id":"x","updatedAt":"2026-05-04T09:31:00Z","createdAt":"2026-05-04T09:30:00Z"}
{"a":{"b":"2026-05-04 09:32:00.5"},"host":"h"}
{"a":1}"#;
    let read = read(text.as_bytes());
    assert_eq!(read.times, [1_777_887_060.0, 1_777_887_120.5, 1_777_887_120.5]);
    let hosts: Vec<&str> = read.rows.iter().map(|row| row["host"].as_str()).collect();
    assert_eq!(hosts, ["unknown", "h", "unknown"]);
}

// What is read at a time ends anywhere, in the middle of a character too.
#[test]
fn a_character_that_is_read_in_two_parts_is_one() {
    let line = format!("{{\"a\":\"{}\"}}\n", "é".repeat(40));
    for shift in 0..2 {
        let text = format!("{}{}", " ".repeat(shift), line.repeat(600));
        let read = stream(text.as_bytes());
        assert!(read.problems.is_empty(), "{:?}", read.problems);
        assert_eq!(read.rows.len(), 600);
        assert!(read.rows.iter().all(|row| row["a"] == "é".repeat(40)));
    }
}

#[test]
fn a_long_text_that_comes_again_is_held_once() {
    let paths: Vec<String> =
        (0..7).map(|at| format!("C:\\\\Windows\\\\System32\\\\a long name\\\\{at}.exe")).collect();
    let text: String = (0..3000)
        .map(|at| format!("{{\"path\":\"{}\",\"at\":{at}}}\n", paths[(at * at) % 7]))
        .collect();
    let want = Want::Fields { names: names(&["path", "at"]), rest: false };
    let mut sink = Collect::default();
    davy_events::decode(text.as_bytes(), &meta(), &want, &Options::default(), &mut sink);
    let mut rows = 0;
    for EventBatch { batch, .. } in sink.batches {
        let (held, at) = (batch.column(0).as_string_view(), batch.column(1).as_string_view());
        for row in 0..batch.num_rows() {
            let at: usize = at.value(row).parse().unwrap();
            assert_eq!(held.value(row), paths[(at * at) % 7].replace("\\\\", "\\"));
            rows += 1;
        }
        let bytes: usize = held.data_buffers().iter().map(|buffer| buffer.len()).sum();
        assert!(bytes < batch.num_rows() * 10, "{bytes}");
    }
    assert_eq!(rows, 3000);
}
