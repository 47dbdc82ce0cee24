//! A join gives the same rows whether its left side streams or, with fields that nobody named, is
//! held as a whole.

use crate::{base, lines, run};
use std::fmt::Write as _;

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
