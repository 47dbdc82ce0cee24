//! What Splunk lets pass and `check` warns of.

use davy_diag::{Diagnostics, SourceMap};
use davy_plan::check;
use davy_spl::{MacroDef, Macros};

/// `odd` holds what every lint would find.
struct Odd;

impl Macros for Odd {
    fn find(&self, name: &str, argc: usize) -> Option<MacroDef> {
        (name == "odd" && argc == 0).then(|| MacroDef {
            name: name.to_owned(),
            args: Vec::new(),
            definition: "x!=1 *foo a OR b".to_owned(),
            source: None,
            iseval: false,
            validation: None,
        })
    }

    fn names(&self) -> Vec<String> {
        vec!["odd".to_owned()]
    }
}

/// The codes of the lints with the texts that they are about.
fn lints_of(query: &str, fields: Option<&[String]>) -> Vec<(&'static str, String)> {
    let (mut sources, mut diags) = (SourceMap::default(), Diagnostics::default());
    let file = sources.add("query", query);
    check(&mut sources, file, &Odd, fields, &mut diags);
    let list = diags.list().iter().filter_map(|d| {
        let code = d.code.id.strip_prefix("lint::")?;
        assert!(d.help.is_some(), "{code} has no help");
        let (origin, _) = sources.origin(d.primary.as_ref()?.span);
        Some((code, sources.text(origin).to_owned()))
    });
    list.collect()
}

#[track_caller]
fn finds(query: &str, expected: &[(&str, &str)]) {
    let found = lints_of(query, None);
    let found: Vec<(&str, &str)> = found.iter().map(|(c, t)| (*c, t.as_str())).collect();
    assert_eq!(found, expected, "{query}");
}

#[test]
fn not_equal_drops_events_without_the_field() {
    finds("index=a user!=root", &[("not-equal", "user!=root")]);
    finds("index=a (b=1 OR user!=\"x y\")", &[("not-equal", "user!=\"x y\"")]);
    finds("index=a [search index=b c!=1 | head]", &[("not-equal", "c!=1")]);
    // The field is there anyway, or its presence is what is meant.
    finds("index=a user=* user!=root", &[]);
    finds("index=a user IN (a, b) (c=1 OR user!=b)", &[]);
    finds("index=a sourcetype!=b user!=\"\"", &[]);
    finds("index=a NOT user=root", &[]);
    // One word about a field is enough.
    finds("index=a ip!=1 ip!=2 b!=3", &[("not-equal", "ip!=1"), ("not-equal", "b!=3")]);
    // Rows without the field are left out later anyway.
    finds("index=a user!=root | stats count by user", &[]);
    finds("index=a user!=root | bin _time | stats count BY dest, user", &[]);
    finds(
        "index=a user!=root | rename who AS user | stats count by user",
        &[("not-equal", "user!=root")],
    );
    // Not a choice of events.
    finds("index=a | search user!=root", &[]);
}

#[test]
fn or_beside_and_wants_parentheses() {
    finds("index=a b OR c", &[("or-precedence", "b OR c")]);
    finds("index=a AND x=\"b)\" OR c d", &[("or-precedence", "x=\"b)\" OR c")]);
    finds("a (b=1) OR (c=2)", &[("or-precedence", "(b=1) OR (c=2)")]);
    finds("a b OR (c AND ( d ) )", &[("or-precedence", "b OR (c AND ( d ) )")]);
    finds("index=a (b OR c)", &[]);
    finds("index=a ((b) OR (c))", &[]);
    finds("index=a NOT ( b=1 OR (c=\"(\") )", &[]);
    finds("a OR b OR c", &[]);
}

#[test]
fn a_leading_wildcard_reads_every_event() {
    finds("index=a *foo", &[("leading-wildcard", "*foo")]);
    finds("index=a sourcetype=b \"*foo bar\"", &[("leading-wildcard", "\"*foo bar\"")]);
    finds("index=a path=\"*.exe\"", &[("leading-wildcard", "path=\"*.exe\"")]);
    finds("index=a path=\"*.exe\" source=b", &[]);
    finds("index=a path=\"*.exe\" foo", &[]);
    finds("index=a path=* foo*", &[]);
    finds("index=* path=*", &[]);
    finds("index=a | search path=\"*.exe\"", &[]);
}

#[test]
fn a_subsearch_of_events_meets_its_limit() {
    finds("index=a | join b [search index=c]", &[("subsearch-limit", "search index=c")]);
    finds("index=a [search index=c | fields d]", &[("subsearch-limit", "search index=c")]);
    finds("index=a | append [search index=c | stats count by d]", &[]);
    finds("index=a | join b [| inputlookup c.csv]", &[]);
    finds("index=a [search index=c | head 5]", &[]);
}

#[test]
fn a_by_field_that_the_source_lacks() {
    let fields = ["dest", "user", "EventCode"].map(str::to_owned);
    let found = |query| lints_of(query, Some(&fields));
    let missing = |text: &str| vec![("absent-by-field", text.to_owned())];
    assert_eq!(found("index=a | stats count by dest usre"), missing("usre"));
    assert_eq!(found("index=a | stats values(user) by dest, host, _time"), []);
    assert_eq!(found("index=a | eval x=1 | stats count by x"), []);
    assert_eq!(found("index=a | rename user AS who | stats count by who"), []);
    assert_eq!(found("index=a | rename user AS who | stats count by user"), missing("user"));
    assert_eq!(found("index=a | fillnull value=x usre | stats count by usre"), []);
    // What spath makes cannot be known, and later rows are not the source's.
    assert_eq!(found("index=a | rename host AS device | stats count by device"), []);
    assert_eq!(found("index=a | stats count by object.name"), []);
    assert_eq!(found("index=a | spath | stats count by zzz"), []);
    assert_eq!(found("index=a | stats count AS n by dest | stats sum(n) by n"), []);
    assert_eq!(found("| makeresults | stats count by zzz"), []);
    assert_eq!(lints_of("index=a | stats count by usre", None), []);
}

#[test]
fn what_a_term_asks_for_and_what_lies_deep_is_there() {
    let fields = ["dest".to_owned()];
    let found = |query| lints_of(query, Some(&fields));
    assert_eq!(found("index=a Message IN (b, c) | stats count by Message"), []);
    assert_eq!(found("index=a (Task=*) | stats count by Task dest"), []);
    assert_eq!(found("index=a (Task=1 OR x=2) | stats count by Task").len(), 1);
    assert_eq!(found("index=a Task!=1 dest=* | stats count by Task").len(), 1);
    assert_eq!(found("index=a | rename actor.name AS who | stats count by who"), []);
    assert_eq!(found("index=a | rename nobody AS who | stats count by who").len(), 1);
}

#[test]
fn a_command_without_a_pipe_is_a_word() {
    finds("stats count", &[("command-word", "stats")]);
    finds("eval x=1 | table x", &[("command-word", "eval")]);
    finds("stats", &[]);
    finds("\"stats\" count", &[]);
    finds("search stats count", &[]);
    finds("| stats count", &[]);
    finds("error count", &[]);
    finds("delete user", &[]);
}

/// The messages about fields that are not there, each with its help.
fn unknown(query: &str) -> Vec<(String, String)> {
    let (mut sources, mut diags) = (SourceMap::default(), Diagnostics::default());
    let file = sources.add("query", query);
    check(&mut sources, file, &Odd, None, &mut diags);
    let list = diags.list().iter().filter(|d| d.code.id == "spl::unknown-field");
    list.map(|d| {
        let (origin, _) = sources.origin(d.primary.as_ref().unwrap().span);
        (sources.text(origin).to_owned(), d.help.clone().unwrap_or_default())
    })
    .collect()
}

#[test]
fn a_token_is_no_field() {
    assert_eq!(unknown("* | stats count BY a | where count > $floor$ AND b=\"$tok$\"").len(), 1);
    assert_eq!(unknown("* | stats count BY a | eval c=$x$*2 | table $fields$"), []);
}

#[test]
fn a_field_that_nobody_left() {
    let one = |query: &str, text: &str, help: &str| {
        let found = unknown(query);
        assert_eq!(found.len(), 1, "{query}: {found:?}");
        assert_eq!(found[0].0, text, "{query}");
        assert!(found[0].1.contains(help), "{query}: {found:?}");
    };
    one("a | stats count by user | where usre=1", "usre", "did you mean `user`?");
    one("a | stats count by user | eval x=1 | where zzz=1", "zzz", "have `stats` keep it");
    one("a | stats count by user | eval x=if(count>1, 1, null)", "null", "type `null()`");
    one("a | stats count by user | search foo", "foo", "FIELD=WORD");
    one("a | stats count by user | lookup t k AS dest", "dest", "have `stats` keep it");
    let quoted = |search: &str| {
        format!("a | stats count by user | eval x=if(searchmatch(\"{search}\"), 1, 0)")
    };
    one(&quoted("zzz=1"), "\"zzz=1\"", "have `stats` keep it");
    one(&quoted("foo"), "\"foo\"", "FIELD=WORD");
    assert_eq!(unknown(&quoted("user=x count>1")), []);
    // Guards in macros are for other searches; what a refused command makes is unknown.
    assert_eq!(unknown("a | stats count by user | search `odd`"), []);
    assert_eq!(unknown("a | stats count by user | join user [fit b] | where zzz=1"), []);
}

#[test]
fn what_a_macro_brings_is_left_alone() {
    finds("index=a `odd`", &[]);
    finds("index=a x!=1 *foo (a OR b)", &[("leading-wildcard", "*foo"), ("not-equal", "x!=1")]);
}
