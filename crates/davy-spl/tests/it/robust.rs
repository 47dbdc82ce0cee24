//! Hostile text gives diagnostics, never a panic or an exhausted stack.

use crate::catalogue;
use crate::support::{Defs, read, read_with};
use davy_spl::format;
use proptest::prelude::*;

#[test]
fn deep_nesting_is_an_error() {
    for (open, inner, close) in [
        ("(", "a", ")"),
        ("[search x ", "a", "]"),
        ("NOT ", "a", ""),
        ("| where ", "", ""),
        ("[| append ", "", "]"),
        ("[", "a", "]"),
    ] {
        let query = format!("{}{inner}{}", open.repeat(20_000), close.repeat(20_000));
        assert!(read(&query).diags.has_errors(), "{open}");
    }
    for (open, close) in
        [("(", ")"), ("NOT ", ""), ("-", ""), ("f(", ")"), ("a+(", ")"), ("[| where ", "]")]
    {
        let query = format!("| where {}1{}", open.repeat(20_000), close.repeat(20_000));
        assert_eq!(read(&query).codes().first(), Some(&"spl::too-deep"), "{open}");
    }
    for open in ["avg(", "eval(", "(", "x=f(", "count(eval("] {
        let query = format!("| stats {}x{}", open.repeat(20_000), ")".repeat(40_000));
        assert!(read(&query).diags.has_errors(), "{open}");
    }
}

#[test]
fn long_flat_searches_and_long_chains_are_read() {
    let query = vec!["a=1"; 20_000].join(" OR ");
    assert!(read(&query).diags.is_empty());
    for (term, sign) in [("a=1", " OR "), ("a!=1 OR b", " AND "), ("a", " . "), ("a*b", " - ")] {
        let query = format!("| where 1={}", vec![term; 20_000].join(sign));
        assert!(read(&query).diags.is_empty(), "{sign}");
    }
}

#[test]
fn chains_of_any_length_are_laid_out_as_they_are_written() {
    for n in [98, 99, 100, 101, 102, 250] {
        for query in [
            format!("| where {}", vec!["a=1"; n].join(" OR ")),
            format!("| where NOT ({})", vec!["(a=1 OR b)"; n].join(" AND ")),
            format!("| where ({}) OR c", vec!["a"; n].join(" OR ")),
            format!("| where c OR ({})", vec!["a"; n].join(" OR ")),
            format!("| where 1={} - (b - c)", vec!["a + 1"; n].join(" - ")),
            format!("| where x={} * 2", vec!["a"; n].join(" . ")),
        ] {
            crate::support::layout(&query);
        }
    }
}

#[test]
fn nesting_within_the_bound_is_read_and_laid_out() {
    let query = format!("| where {}1{}", "(1+".repeat(50), ")".repeat(50));
    crate::support::layout(&query);
}

#[test]
fn many_mistakes_end_in_time() {
    for text in [
        "|", "]", "[", "'", "\"", "`", "` `", "| x", "a=", "|'", " '", "(", ")", "$", "``` ",
        "\\\"", "é",
    ] {
        let read = read(&text.repeat(30_000));
        assert!(read.diags.list().len() < 500, "{text}");
        format(&read.pipeline);
    }
}

#[test]
fn changed_catalogue_searches_never_panic() {
    let Some((searches, macros)) = catalogue::searches() else { return };
    let signs = [
        "|", "[", "]", "(", ")", "\"", "'", "`", "```", "\\", "=", ",", " ", "é", "NOT ", "by ",
        "$",
    ];
    // A fixed generator: the same changes in every run.
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = move |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % below.max(1) as u64) as usize
    };
    for (_, search) in &searches {
        let mut text: Vec<char> = search.chars().collect();
        for _ in 0..1 + random(3) {
            let at = random(text.len());
            match random(3) {
                0 => drop(text.remove(at)),
                1 => drop(text.splice(at..at, signs[random(signs.len())].chars())),
                _ => text.truncate(at.max(1)),
            }
        }
        let text: String = text.into_iter().collect();
        let read = read_with(&text, &macros);
        for d in read.diags.list() {
            davy_diag::render::text(&read.sources, d, false);
        }
        if !read.diags.has_errors() {
            let laid = format(&read.pipeline);
            let again = crate::support::expanded(&laid);
            assert!(!again.diags.has_errors(), "{text}\n{laid}\n{}", again.messages());
            assert_eq!(again.pipeline, read.pipeline, "{text}\n{laid}");
        }
    }
}

/// What fuzzing found, one input a case.
#[test]
fn what_fuzzing_found_stays_fixed() {
    for text in [
        r#""\"a\"%user"=*"#,
        "\u{b},",
        "[head,-]",
        "a [(head) b]",
        "(search x)",
        "'a (b c'd)",
        "a='b c=d'",
        "a|head \u{1}' '  '`<+`=b|head`c=d ''e",
        "|stats `'eval(|head ')'a'",
        "|head `\u{1}'a|b'='c\u{1}' 'd'",
        "|head .'=b' c' d",
        "|head'\"a'(2]b",
        "|head'\"`O`3``3``OORc'`3``3-``3``3-`\0-=(`<\0\u{1},,沲`)`-`(`<\0\u{1},,沲`)`-`\0-=(2]`<\0\u{1},,沲`)`\\,",
        "`\0[R]\0\0C$[ANDR][R]\0|i'\"c'2\u{c}\0o\0\0$(2\u{c}R]\0\0\0\0\u{c}]c`$[R]\0\0\u{c})",
        &format!("{}|\u{10c7}\u{ab}()", "a() ".repeat(120)),
        "endtime=(a =' b) \"':\" 0",
        "|i (a`'\n)\nU,A \u{b}'U\u{b}U,\u{b}'=U `' '= b",
        "|foreach a [eval b=c ' d] 'e'f'",
        "|i'\"c'2 o",
        "|i a='\"c'2 \"o",
    ] {
        check(text);
    }
}

#[test]
fn many_warnings_hide_no_error() {
    let text = format!("search {} | nosuchcommand", "a(b) ".repeat(150));
    let read = read_with(&text, &Defs::default());
    assert!(read.diags.has_errors());
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,80}") {
        check(&text);
    }

    #[test]
    fn any_mix_of_signs_is_read_or_refused(
        parts in prop::collection::vec(prop::sample::select(vec![
            "|", " ", "[", "]", "(", ")", "\"", "'", "`", "\\", "=", "!=", "<", ",", "-", ".", "*",
            "a", "b.c", "1", "NOT", " AND ", " OR ", " IN ", "search ", "where ", "eval ", "stats ",
            "tstats ", "foreach ", " by ", " where ", "eval(", "f(", "TERM(", "{x}", "%", "\n", "|head ",
            "\u{1}",
        ]), 0..40)
    ) {
        check(&parts.concat());
    }
}

/// As a user's text and as one whose macros are expanded.
fn check(text: &str) {
    for read in [read_with(text, &Defs::default()), crate::support::expanded(text)] {
        for d in read.diags.list() {
            assert!(d.help.is_some(), "{text}: {}", d.message);
            davy_diag::render::text(&read.sources, d, false);
        }
        if !read.diags.has_errors() {
            let laid = format(&read.pipeline);
            let again = crate::support::expanded(&laid);
            assert!(!again.diags.has_errors(), "{text}\n{laid}\n{}", again.messages());
            assert_eq!(again.pipeline, read.pipeline, "{text}\n{laid}");
        }
    }
}
