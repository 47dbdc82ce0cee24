//! Very many operands in a row give what the same operands in small groups give.

use crate::{base, lines};
use std::fmt::Write as _;

fn events() -> String {
    let mut text = String::new();
    for n in 0..12 {
        let _ = write!(text, "{{\"_time\":{},\"n\":{n},\"t\":\"x{n}\"", 1_777_890_000 + n);
        if n % 3 == 0 {
            let _ = write!(text, ",\"m\":[\"a{n}\",\"b\"],\"o\":\"{n}.5\"");
        }
        let _ = writeln!(text, "}}");
    }
    text
}

/// `terms` joined by `sign`: all in a row, and in groups of 50.
fn both(terms: &[String], sign: &str) -> (String, String) {
    let grouped: Vec<String> =
        terms.chunks(50).map(|part| format!("({})", part.join(sign))).collect();
    (terms.join(sign), grouped.join(sign))
}

#[test]
fn long_chains_give_what_groups_give() {
    let base = base("addon: none\ndescription: None.\n", "");
    let text = events();
    let inputs = [("events", "", text.as_str())];
    let terms = |f: &dyn Fn(usize) -> String| (0..700).map(f).collect::<Vec<_>>();
    let mut seen = 0;
    for (terms, sign) in [
        (terms(&|i| format!("n={}", i + 4)), " OR "),
        (terms(&|i| format!("t=\"x{}\"", i + 9)), " OR "),
        (terms(&|i| format!("o={i}.5")), " OR "),
        (terms(&|i| format!("'m{{}}'=\"a{i}\" AND n>3")), " OR "),
        (terms(&|i| format!("n!={}", i + 5)), " AND "),
        (terms(&|i| format!("(o!=\"{i}\" OR n={i})")), " AND "),
        (terms(&|i| format!("n>{i}")), " XOR "),
    ] {
        let (long, groups) = both(&terms, sign);
        let [long, groups] = [long, groups]
            .map(|c| lines(&base, &inputs, &format!("search * | where {c} | sort 0 n | table n")));
        assert_eq!(long, groups, "{sign}");
        seen += long.len();
    }
    for (terms, sign) in [
        (terms(&|i| format!("n*{i}")), " + "),
        (terms(&|i| format!("tonumber(o)+{i}")), " + "),
        (terms(&|i| ["t", "\"-\"", "n"][i % 3].to_owned()), " . "),
        (terms(&|i| ["t", "'m{}'", "n"][if i == 350 { 1 } else { 0 }].to_owned()), " . "),
    ] {
        let (long, groups) = both(&terms, sign);
        let [long, groups] = [long, groups].map(|c| {
            lines(&base, &inputs, &format!("search * | eval r={c} | sort 0 n | table n r"))
        });
        assert_eq!(long, groups, "{sign}");
        seen += long.iter().filter(|line| line.contains("r=")).count();
    }
    assert!(seen > 60, "{seen}");
}

/// From the left: what was a text stays one, and the second operand is taken from the first.
#[test]
fn long_calculations_go_from_the_left() {
    let base = base("addon: none\ndescription: None.\n", "");
    let inputs = [("events", "", "{\"_time\":1777890000,\"n\":1000}\n")];
    let minus = format!("n{}", "-1".repeat(300));
    let rows = lines(&base, &inputs, &format!("search * | eval r={minus} | table r"));
    assert_eq!(rows, ["r=700"]);
    let mixed = format!("n{} . \"x\" + \"y\"", "+1".repeat(300));
    let rows = lines(&base, &inputs, &format!("search * | eval r={mixed} | table r"));
    assert_eq!(rows, ["r=1300xy"]);
}
