//! What a user sees for each kind of mistake: `messages.txt`, rewritten when `DAVY_BLESS` is set.

use crate::support::{Defs, read_with};
use std::collections::BTreeSet;
use std::path::Path;

const QUERIES: &[&str] = &[
    "index=a | stast count",
    "a | frobnicate",
    "a | \"x\"",
    "a | | head 1",
    "a |",
    "",
    "| append [ ]",
    "a (b OR c | head 1",
    "a b) c",
    "a | append [search b | head 1",
    "a | append [search b ]] | head 1",
    "a=\"b | head 1",
    "| eval x='b + 1",
    "a OR",
    "a AND OR b",
    "AND a",
    "a NOT",
    "a= | head 1",
    "=5",
    "a IN ()",
    "a IN (b, [c])",
    "TERM()",
    "| where",
    "| where a >",
    "| where a = AND b",
    "| where a b",
    "| where (a",
    "| where ()",
    "| where a)",
    "| where if(a, , b)",
    "| where x IN ()",
    "| where x IN 5",
    "| where x BETWEEN 1",
    "| where 1.2.3 > 4",
    "| where ; x",
    "| eval",
    "| eval a",
    "| eval a=1 b=2",
    "| eval a=1,",
    "| eval a=",
    "| eval a=1)",
    "| stats count(x by y",
    "| stats count) by y",
    "| rex field= | head 1",
    "| rex =x",
    "| foreach x [ eval",
    "| tstats count where a=1) by b",
    "a `nope` b",
    "`m(1, 2)`",
    "`loop`",
    "a `m | head 1",
    "a ``` b",
    "a | `broken(x)` | head 1",
    "| search a=now()",
    "a=\u{201c}b c\u{201d} d=\"\u{201c}\" | stats count\u{a0}by b\u{200b} | where b\u{2265}5",
    "| stast a | where > 5 | eval b | head (",
];

fn all() -> (String, BTreeSet<&'static str>) {
    let macros = Defs::default().with("m", &["x"], "$x$").with("loop", &[], "a `loop`").with(
        "broken",
        &["x"],
        "where $x$ > AND y",
    );
    let mut text = String::new();
    let mut codes = BTreeSet::new();
    for query in QUERIES {
        let read = read_with(query, &macros);
        assert!(!read.diags.is_empty(), "no mistake in {query}");
        codes.extend(read.codes());
        text.push_str(&format!("=== {query}\n{}\n", read.messages()));
    }
    (text, codes)
}

#[test]
fn messages_are_as_they_were() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/messages.txt");
    let (text, _) = all();
    if std::env::var_os("DAVY_BLESS").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    let expected = std::fs::read_to_string(&path).unwrap().replace("\r\n", "\n");
    assert!(text == expected, "set DAVY_BLESS to accept:\n{text}");
}

#[test]
fn each_code_has_a_message_here_and_an_explanation() {
    // The first two need macros of their own, the others a text of another kind or no text.
    let elsewhere = [
        "spl::macro-size",
        "spl::macro-eval",
        "spl::macro-validation",
        "spl::too-deep",
        "spl::not-formatted",
        "spl::not-utf8",
    ];
    let (_, mut seen) = all();
    seen.extend(elsewhere);
    let known: BTreeSet<&str> = davy_spl::codes::ALL.iter().map(|c| c.id).collect();
    assert_eq!(seen, known);
    assert!(davy_spl::codes::ALL.iter().all(|c| c.explanation.ends_with('.')));
}
