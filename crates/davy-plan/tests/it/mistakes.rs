//! All mistakes of a search come at once, and no mistake that only follows from another.

use davy_diag::{Diagnostics, SourceMap};
use davy_plan::{CommandGrammars, bind};

/// The codes with the texts that they are about, in the order of the text.
#[track_caller]
fn finds(query: &str, expected: &[(&str, &str)]) {
    let (mut sources, mut diags) = (SourceMap::default(), Diagnostics::default());
    let file = sources.add("query", query);
    let tree = davy_spl::parse(&sources, file, &CommandGrammars, &mut diags);
    bind(&tree, &sources, &mut diags);
    let found: Vec<(&str, &str)> = diags
        .sorted()
        .into_iter()
        .map(|d| {
            let text = d.primary.as_ref().map_or("", |p| sources.text(p.span));
            (d.code.id.strip_prefix("spl::").unwrap_or(d.code.id), text)
        })
        .collect();
    assert_eq!(found, expected, "{query}");
}

#[test]
fn of_all_assignments() {
    finds("| makeresults | eval a=, b=foo(1)", &[("unexpected", ","), ("unknown-function", "foo")]);
    finds(
        "| makeresults | eval a=1 +, =2, b=foo(1) 2, c=bar(2),",
        &[
            ("missing-operand", "+"),
            ("missing-assignment", "="),
            ("unexpected", "2"),
            ("unknown-function", "bar"),
            ("missing-operand", ","),
        ],
    );
}

#[test]
fn of_all_parts_of_an_expression() {
    finds(
        "| makeresults | where (a + ) AND foo(1, , lower(1, 2)) OR )",
        &[
            ("missing-operand", "+"),
            ("unknown-function", "foo"),
            ("missing-operand", ","),
            ("argument-count", "lower(1, 2)"),
            ("missing-operand", "OR"),
            ("unmatched-paren", ")"),
        ],
    );
    finds(
        "| makeresults | where a == AND b OR c IN (1 2, foo())",
        &[("missing-operand", "AND"), ("unexpected", "2"), ("unknown-function", "foo")],
    );
}

#[test]
fn of_all_terms_of_a_search() {
    finds(
        "OR a (b= ) d=",
        &[("missing-operand", "OR"), ("missing-value", "="), ("missing-value", "=")],
    );
}

#[test]
fn of_all_arguments() {
    finds("| makeresults | rename a b c as d, e", &[("bad-argument", "a"), ("bad-argument", "e")]);
    finds("| makeresults | table a= , b(", &[("missing-value", "="), ("unclosed-paren", "(")]);
    finds(
        "| tstats cout sm(x) where by y=",
        &[("unknown-function", "cout"), ("unknown-function", "sm"), ("missing-value", "=")],
    );
    finds(
        "| makeresults | rex mode=x \"(?<a\"",
        &[("bad-argument", "x"), ("bad-regex", "\"(?<a\"")],
    );
}

#[test]
fn of_searches_in_brackets_beside_another_mistake() {
    finds(
        "| makeresults | append [search a | stats cout(b)] =5",
        &[("unknown-function", "cout"), ("missing-field", "=")],
    );
}

#[test]
fn and_none_that_follows_from_another() {
    finds("| makeresults | stats cout(x)", &[("unknown-function", "cout")]);
    finds("| makeresults | eval x=lower(1 +) | head 1", &[("missing-operand", "+")]);
    // Nobody knows which fields there are after a command that was not understood.
    finds("| makeresults | foo | where x=1", &[("unknown-command", "foo")]);
    finds("| makeresults | eval x= | where x=1", &[("missing-value", "x")]);
}
