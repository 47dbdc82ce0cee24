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

/// The first diagnostic's help.
#[track_caller]
fn helps(query: &str, expected: &str) {
    let (mut sources, mut diags) = (SourceMap::default(), Diagnostics::default());
    let file = sources.add("query", query);
    let tree = davy_spl::parse(&sources, file, &CommandGrammars, &mut diags);
    bind(&tree, &sources, &mut diags);
    let help = diags.sorted().first().and_then(|d| d.help.clone()).unwrap_or_default();
    assert!(help.contains(expected), "{query}: {help}");
}

#[test]
fn a_missing_keyword_is_told_once() {
    finds("| makeresults | rename x to y", &[("bad-argument", "x to y")]);
    helps("| makeresults | rename x to y", "type `x AS y`");
    finds("| makeresults | rename x y", &[("bad-argument", "x y")]);
    finds(
        "| makeresults | rename x to y, _time into z, a AS b",
        &[("bad-argument", "x to y"), ("bad-argument", "_time into z")],
    );
    helps("| makeresults | rename \"x y\" -> z", "type `\"x y\" AS z`");
    finds("| makeresults | rename _time AS y z", &[("bad-argument", "z")]);
    finds("| makeresults | replace a in x", &[("bad-argument", "a in")]);
    finds("| makeresults | replace a with", &[("bad-argument", "a with")]);
    finds("| makeresults | replace a with b in", &[("missing-argument", "replace")]);
    finds("| makeresults | replace a with b on _time", &[("bad-argument", "on _time")]);
}

#[test]
fn there_is_no_on() {
    let join = "| makeresults | join type=inner on x, _time [| makeresults]";
    finds(join, &[("bad-argument", "on x, _time")]);
    helps(join, "type `x, _time` without it");
    finds("| makeresults | lookup t on user", &[("bad-argument", "on user")]);
    finds("| makeresults | eval on=1 | join on [| makeresults]", &[]);
    finds("| makeresults | eval on=1 | join \"on\" _time [| makeresults]", &[]);
    finds("| makeresults | eval x=1 | lookup t on AS x _time", &[]);
}

#[test]
fn names_of_functions_elsewhere() {
    helps("| makeresults | stats average(_time)", "did you mean `avg`?");
    helps("| pivot M D count(D) ROWSUMMARY true", "add them with `| addtotals` after `pivot`");
    helps("| makeresults | timechart nunique(_time)", "did you mean `dc`?");
}

#[test]
fn a_condition_after_by() {
    let by = "condition-after-by";
    let query = "| makeresults | stats count by _time where count>5";
    finds(query, &[(by, "where count>5")]);
    helps(query, "type `| where count>5`");
    finds("| makeresults | eventstats count by _time, count>5", &[(by, "count>5")]);
    helps("| makeresults | eventstats count by count>5", "type `| where count>5` after");
    finds("| makeresults | top _time by _time where", &[(by, "where")]);
    finds("| makeresults | chart count by _time<5", &[(by, "_time<5")]);
    finds("| tstats count where index=a by host<5", &[(by, "host<5")]);
    finds("| makeresults | eval where=1 | stats count by where", &[]);
    finds("| makeresults | eval \"a>b\"=1 | stats count by \"a>b\"", &[]);
    finds("| tstats count where index=a by PREFIX(user=)", &[]);
    finds("| makeresults | timechart count by _time where count>5", &[]);
}

#[test]
fn nothing_after_by() {
    let missing = "missing-argument";
    finds("| makeresults | stats count by", &[(missing, "stats")]);
    finds("| tstats count by", &[(missing, "tstats")]);
    finds("| tstats count where index=a groupby", &[(missing, "tstats")]);
    finds("| mstats avg(a) where index=a by", &[(missing, "mstats")]);
}

#[test]
fn fields_are_listed_once() {
    let query = "| makeresults format=csv data=\"_time,a\n1,2\" annotate=t | table nope";
    let (mut sources, mut diags) = (SourceMap::default(), Diagnostics::default());
    let file = sources.add("query", query);
    let tree = davy_spl::parse(&sources, file, &CommandGrammars, &mut diags);
    bind(&tree, &sources, &mut diags);
    let label = diags.list().first().and_then(|d| d.primary.clone()).unwrap().text;
    assert_eq!(label.matches("_time").count(), 1, "{label}");
}
