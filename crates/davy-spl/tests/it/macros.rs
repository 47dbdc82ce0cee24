//! Macro expansion and comments.

use crate::support::{Defs, read_with};
use davy_diag::{Diagnostics, SourceMap};
use davy_spl::{MacroDef, Macros, expand};

fn defs() -> Defs {
    Defs::default()
        .with("piped", &[], " | inputlookup x | head 1")
        .with("simple", &[], "index=a sourcetype=\"x y\"")
        .with("empty", &[], "")
        .with("twice", &[], " `empty` `empty` ")
        .with("half", &[], "a=1 AND")
        .with("both", &[], "`half` OR b")
        .with("everything", &[], "search *")
        .with("two", &[], "stats count by a | where count > 5")
        .with("bool", &[], "(a=1 OR b=2)")
        .with("opts", &[], "summariesonly=`so` x=1")
        .with("so", &[], "false")
        .with("ctime", &["field"], "convert timeformat=\"%Y-%m\" ctime($field$)")
        .with("pair", &["a", "b"], "$a$=\"$b$\"")
        .with("outer", &["x"], "`pair($x$, 1)` OR `pair(z, \"$x$\")`")
        .with("self", &[], "a `other`")
        .with("other", &[], "b `self`")
        .with("bomb", &[], "`bomb1` `bomb1` `bomb1` `bomb1`")
        .with("quoted", &[], "a=\"`simple`\"")
}

#[track_caller]
fn is(query: &str, expected: &str) {
    let read = read_with(query, &defs());
    assert!(read.diags.is_empty(), "{}", read.messages());
    assert_eq!(read.text, expected);
}

#[track_caller]
fn fails(query: &str, expected: &[&str]) -> String {
    let read = read_with(query, &defs());
    assert_eq!(read.codes(), expected, "{query}\n{}\n{}", read.text, read.messages());
    read.messages()
}

#[test]
fn bodies_take_the_place_of_calls() {
    is("`simple` | stats count", "index=a sourcetype=\"x y\" | stats count");
    is("x | `two` | head 1", "x | stats count by a | where count > 5 | head 1");
    is("NOT `bool` c=1", "NOT (a=1 OR b=2) c=1");
    is("| tstats `opts` count", "| tstats summariesonly=false x=1 count");
    is("x | `everything`", "x | search *");
    is("`piped`", " | inputlookup x | head 1");
    is("| `piped`", "|  inputlookup x | head 1");
    is("x `piped`", "x  | inputlookup x | head 1");
}

#[test]
fn an_empty_macro_in_place_of_a_command_changes_nothing() {
    is("x | `empty`", "x | search *");
    is("x | `empty` | head 1", "x | search * | head 1");
    is("x `empty` y", "x  y");
}

#[test]
fn an_operator_goes_with_a_macro_that_leaves_nothing() {
    for (query, expected) in [
        ("`empty` AND x=1", "x=1"),
        ("x=1 AND `empty`", "x=1"),
        ("x=1 AND NOT `empty`", "x=1"),
        ("x=1 AND NOT NOT `empty` | head 1", "x=1 | head 1"),
        ("x=1 OR `empty` OR y=1", "x=1 OR y=1"),
        ("x=1 OR NOT `empty` AND y=1", "x=1 AND y=1"),
        ("NOT `empty` AND x=1", "x=1"),
        ("NOT (`empty` OR x=1)", "NOT ( x=1)"),
        ("(x=1 OR `empty`) y", "(x=1 ) y"),
        ("`empty` AND `empty` OR x=1", "x=1"),
        ("x=1 AND `empty` `empty`", "x=1"),
        ("x=1 AND `twice`", "x=1"),
        ("a | search `empty` AND x=1", "a | search x=1"),
        ("a | where `empty` and x=1", "a | where x=1"),
        ("a | where x=1 and not `empty`", "a | where x=1"),
        ("| tstats count where `empty` AND x=1 by y", "| tstats count where x=1 by y"),
        ("| tstats count where x=1 AND `empty` by y", "| tstats count where x=1 by y"),
        ("a [search b AND `empty`]", "a [search b ]"),
    ] {
        let read = read_with(query, &defs());
        assert!(read.diags.is_empty(), "{query}: {}\n{}", read.text, read.messages());
        let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(words(&read.text), words(expected), "{query}");
    }
    // The operator has its operand.
    is("x=1 OR `empty` y", "x=1 OR  y");
    is("NOT `empty` x=1", "NOT  x=1");
    is("x `empty` AND y", "x  AND y");
    is("x \"AND\" `empty`", "x \"AND\" ");
    is("x=AND `empty`", "x=AND ");
    // What is typed stays a mistake.
    fails("AND x=1", &["spl::missing-operand"]);
    fails("`empty` x=1 AND", &["spl::missing-operand"]);
    fails("x=1 AND ```nothing```", &["spl::missing-operand"]);
}

#[test]
fn a_mistake_of_operators_names_the_macro_that_holds_it() {
    for query in ["x=`empty`", "(x > `empty`) y", "| where x=`empty` | head 1"] {
        let text = fails(query, &["spl::missing-value"]);
        assert!(text.contains("macro `empty` expands to nothing"), "{text}");
    }
    is("x=`empty` y", "x= y");
    let text = fails("`half` x=1", &[]);
    assert!(text.is_empty(), "{text}");
    for (query, call) in [("`half`", "`half`"), ("x (`half`)", "`half`"), ("y `both`", "`both`")] {
        let text = fails(query, &["spl::missing-operand"]);
        assert!(text.contains(&format!("in this use of macro {call}")), "{text}");
    }
}

#[test]
fn arguments() {
    is("| `ctime(firstTime)`", "| convert timeformat=\"%Y-%m\" ctime(firstTime)");
    is("`pair( a.b , c )`", "a.b=\"c\"");
    is("`pair(\"DNS.query\", \"x, y\")`", "DNS.query=\"x, y\"");
    is("`pair(q, max(a, b))`", "q=\"max(a, b)\"");
    is("`outer(k)`", "k=\"1\" OR z=\"k\"");
}

#[test]
fn quoted_texts_hold_no_macros_and_no_comments() {
    is("a=\"`nope`\" b=\"\\\"`nope`\"", "a=\"`nope`\" b=\"\\\"`nope`\"");
    is("`quoted`", "a=\"`simple`\"");
    is("a=\"``` x ```\"", "a=\"``` x ```\"");
}

#[test]
fn comments_become_a_blank() {
    is("a``` | \"quote and ` tick ```b | ```x```head 1", "a b |  head 1");
}

#[test]
fn mistakes() {
    let text = fails("`simpel` a=1", &["spl::unknown-macro"]);
    assert!(text.contains("did you mean `simple`?"), "{text}");
    let text = fails("| `ctime(a, b)`", &["spl::macro-arguments"]);
    assert!(text.contains("takes 1 argument, not 2") && text.contains("`ctime(field)`"), "{text}");
    let text = fails("`self`", &["spl::macro-recursion"]);
    assert!(text.contains("`self` calls `other` calls `self`"), "{text}");
    fails("a `simple b | head 1", &["spl::unterminated-macro"]);
    fails("a ``` b | head 1", &["spl::unterminated-comment"]);
}

#[test]
fn a_failed_call_makes_no_second_error() {
    for query in [
        "x | `nope`",
        "x | `nope` | head 1",
        "`nope`",
        "(`nope`)",
        "a=`nope`",
        "a OR `nope`",
        "`nope` OR a",
        "| where x>`nope`",
        "| append [`nope`]",
        "| tstats `nope` count where `nope` by a",
        "| where `nope` AND x=1",
        "| eval a=`nope`, b=2",
        "NOT `nope`",
        "a=1 `nope`",
    ] {
        let read = read_with(query, &defs());
        assert!(
            read.codes().iter().all(|c| *c == "spl::unknown-macro"),
            "{query}: {}\n{}",
            read.text,
            read.messages()
        );
        assert!(read.diags.has_errors());
    }
}

#[test]
fn all_mistakes_are_told_at_once() {
    fails(
        "`nope1` `nope2` | frobnicate",
        &["spl::unknown-macro", "spl::unknown-macro", "spl::unknown-command"],
    );
}

#[test]
fn size_is_bounded() {
    let mut defs = Defs::default();
    for i in 0..40 {
        let next = format!("`b{0}` `b{0}`", i + 1);
        defs = defs.with(&format!("b{i}"), &[], &next);
    }
    let read = read_with("`b0`", &defs.with("b40", &[], "x"));
    assert_eq!(read.codes(), ["spl::macro-size"]);
    let long = "y".repeat(1000);
    let mut defs = Defs::default().with("c0", &[], &long);
    for i in 0..12 {
        defs = defs.with(&format!("c{}", i + 1), &[], &format!("`c{i}` `c{i}`"));
    }
    let read = read_with("`c12`", &defs);
    assert_eq!(read.codes(), ["spl::macro-size"]);
    assert!(read.text.len() < 4 << 20);
}

#[test]
fn an_eval_macro_is_refused() {
    let mut defs = defs();
    defs.0.push(MacroDef {
        name: "ev".into(),
        args: vec![],
        definition: "a=1".into(),
        source: None,
        iseval: true,
        validation: None,
    });
    assert_eq!(read_with("`ev`", &defs).codes(), ["spl::macro-eval"]);
}

struct One(MacroDef);

impl Macros for One {
    fn find(&self, name: &str, argc: usize) -> Option<MacroDef> {
        (name == self.0.name && argc == self.0.args.len()).then(|| self.0.clone())
    }

    fn names(&self) -> Vec<String> {
        vec![self.0.name.clone()]
    }
}

#[test]
fn places_lead_to_the_definition_the_argument_and_the_call() {
    let mut sources = SourceMap::default();
    let yaml = sources.add("m.yml", "definition: a=1 $f$=2 b");
    let query = sources.add("query", "x `m(field_1)` y");
    let macros = One(MacroDef {
        name: "m".into(),
        args: vec!["f".into()],
        definition: "a=1 $f$=2 b".into(),
        source: Some(yaml.span(12..23)),
        iseval: false,
        validation: None,
    });
    let mut diags = Diagnostics::default();
    let file = expand(&mut sources, query, &macros, &mut diags);
    let text = sources.file(file).text.to_string();
    assert_eq!(text, "x a=1 field_1=2 b y");
    let origin = |word: &str| {
        let at = text.find(word).unwrap();
        let (span, calls) = sources.origin(file.span(at..at + word.len()));
        let calls: Vec<_> =
            calls.iter().map(|(s, w)| (sources.text(*s).to_owned(), w.clone())).collect();
        (sources.file(span.file).name.as_str(), sources.text(span).to_owned(), span.start, calls)
    };
    let call = vec![("`m(field_1)`".to_owned(), "macro `m`".to_owned())];
    assert_eq!(origin("a=1"), ("m.yml", "a=1".into(), 12, call.clone()));
    assert_eq!(origin("b"), ("m.yml", "b".into(), 22, call));
    assert_eq!(origin("field_1"), ("query", "field_1".into(), 5, vec![]));
    assert_eq!(origin("y"), ("query", "y".into(), 15, vec![]));
}
