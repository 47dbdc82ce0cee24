//! Lines, stanzas, keys and values.

use crate::{mistakes, read};
use davy_conf::{Conf, list, truth, words};
use davy_diag::{Diagnostics, SourceMap};

fn names(conf: &Conf) -> Vec<&str> {
    conf.stanzas().map(|s| s.name.value.as_str()).collect()
}

// "Each stanza begins with a stanza header in square brackets."
#[test]
fn stanzas_and_settings() {
    let conf = read("[SSL]\nserverCert = /a b\npassword=x\n\n[other]\nserverCert = y\n");
    assert_eq!(names(&conf), ["SSL", "other"]);
    assert_eq!(conf.get("SSL", "serverCert"), Some("/a b"));
    assert_eq!(conf.get("SSL", "password"), Some("x"));
    assert_eq!(conf.get("other", "password"), None);
}

// "Attributes are case-sensitive."
#[test]
fn keys_and_stanzas_are_case_sensitive() {
    let conf = read("[a]\nsourcetype = x\nSOURCETYPE = y\n[A]\nsourcetype = z\n");
    assert_eq!(conf.get("a", "sourcetype"), Some("x"));
    assert_eq!(conf.get("a", "SOURCETYPE"), Some("y"));
    assert_eq!(conf.get("A", "sourcetype"), Some("z"));
}

// "Start comments at the left margin"; a sign later in a line belongs to the value.
#[test]
fn comments_have_lines_of_their_own() {
    let conf = read("# one\n[a]\n# k = 1\n  # k = 2\nk = 3 # not a comment\nu = a#b;c\n");
    assert_eq!(conf.get("a", "k"), Some("3 # not a comment"));
    assert_eq!(conf.get("a", "u"), Some("a#b;c"));
    assert_eq!(conf.stanza("a").map(|s| s.own().len()), Some(2));
}

#[test]
fn blanks_around_keys_and_values_do_not_count() {
    let conf = read("  [a]  \n\t k \t=\t v w \t\n");
    assert_eq!(conf.get("a", "k"), Some("v w"));
}

#[test]
fn only_the_first_equals_sign_separates() {
    let conf = read("[a]\nREGEX = (?<x>a=b)=c\nempty =\n");
    assert_eq!(conf.get("a", "REGEX"), Some("(?<x>a=b)=c"));
    assert_eq!(conf.get("a", "empty"), Some(""));
}

// "Use a backslash at the end of a line to continue the value": the line's end stays in it.
#[test]
fn continued_values_keep_their_line_ends() {
    let conf = read("[a]\nsearch = one \\\n  | two \\\n| three\nnext = 1\n");
    assert_eq!(conf.get("a", "search"), Some("one \n  | two \n| three"));
    assert_eq!(conf.get("a", "next"), Some("1"));
}

#[test]
fn lines_within_a_continued_value_are_never_comments_headers_or_settings() {
    let conf = read("[a]\ns = x\\\n# y\\\n[z]\\\nk = v\n");
    assert_eq!(conf.get("a", "s"), Some("x\n# y\n[z]\nk = v"));
    assert_eq!(names(&conf), ["a"]);
}

#[test]
fn continuation_at_the_end_of_the_file() {
    assert_eq!(read("[a]\ns = x \\").get("a", "s"), Some("x"));
    assert_eq!(read("[a]\ns = x \\\n").get("a", "s"), Some("x"));
    assert_eq!(read("[a]\ns = \\\nx\n").get("a", "s"), Some("x"));
}

// A blank behind the backslash makes it an ordinary character, which is worth a word.
#[test]
fn a_backslash_before_a_blank_continues_nothing() {
    let text = "[a]\ns = x \\ \ny\n";
    assert_eq!(mistakes(text), [("conf::no-equals", 3)]);
}

#[test]
fn line_ends_of_windows_and_a_byte_order_mark() {
    let conf = read("\u{feff}[a]\r\nk = v\\\r\nw\r\nl = 2\r\n");
    assert_eq!(conf.get("a", "k"), Some("v\nw"));
    assert_eq!(conf.get("a", "l"), Some("2"));
}

// props.conf.spec: `[source::<source>]`, `[host::<host>]`, `[(?::){0}<pattern>]`.
#[test]
fn names_of_stanzas_with_special_characters() {
    let conf = read(concat!(
        "[source::.../var/log/(x|y)*.log(.\\d+)?]\na = 1\n",
        "[host::web-*]\na = 2\n",
        "[(?::){0}XmlWinEventLog:*]\na = 3\n",
        "[savedsearch://ESCU - A [b] = c - Rule]\na = 4\n",
        "[escaped \\[x\\]]\na = 5\n",
        "[ünïcode = ß]\na = 6\n",
    ));
    assert_eq!(
        names(&conf),
        [
            "source::.../var/log/(x|y)*.log(.\\d+)?",
            "host::web-*",
            "(?::){0}XmlWinEventLog:*",
            "savedsearch://ESCU - A [b] = c - Rule",
            "escaped [x]",
            "ünïcode = ß",
        ]
    );
    assert_eq!(conf.get("escaped [x]", "a"), Some("5"));
}

// "If there are multiple definitions of an attribute in the same stanza, the last one wins."
#[test]
fn the_last_of_equal_keys_counts() {
    let text = "[a]\nk = 1\nl = 1\nk = 2\n";
    assert_eq!(mistakes(text), [("conf::duplicate-key", 4)]);
    let (mut sources, mut diags) = (SourceMap::default(), Diagnostics::default());
    let conf = Conf::read("t", text, &mut sources, &mut diags);
    assert_eq!(conf.get("a", "k"), Some("2"));
}

// "If there are multiple stanzas of the same name, they are combined."
#[test]
fn equal_stanzas_are_one() {
    let conf = read("[a]\nk = 1\n[b]\n[a]\nl = 2\n");
    assert_eq!(names(&conf), ["a", "b"]);
    assert_eq!((conf.get("a", "k"), conf.get("a", "l")), (Some("1"), Some("2")));
}

#[test]
fn broken_lines_are_told_and_left_out() {
    assert_eq!(
        mistakes("[a\nk = 1\n[b]\nk\n= 2\n[c] x\n"),
        [
            ("conf::bad-header", 1),
            ("conf::no-equals", 4),
            ("conf::no-equals", 5),
            ("conf::after-header", 6),
        ]
    );
    let (mut sources, mut diags) = (SourceMap::default(), Diagnostics::default());
    let conf = Conf::read("t", "[a\nk = 1\n[b]\nl = 2\n", &mut sources, &mut diags);
    assert_eq!(names(&conf), ["b"]);
    assert_eq!(conf.get("b", "k"), None);
}

#[test]
fn spans_point_at_keys_and_values() {
    let text = "[é]\n key =  vö \nlong = a \\\n  b\n";
    let (mut sources, mut diags) = (SourceMap::default(), Diagnostics::default());
    let conf = Conf::read("t", text, &mut sources, &mut diags);
    let stanza = conf.stanza("é").expect("the stanza");
    assert_eq!(sources.text(stanza.name.span), "é");
    for setting in stanza.own() {
        assert_eq!(sources.text(setting.key.span), setting.key.value);
        assert_eq!(sources.text(setting.value.span), setting.value.value);
    }
    let long = &stanza.setting("long").expect("the key").value;
    let b = long.value.find('b').expect("the letter");
    let (origin, _) = sources.origin(long.span.part(b..b + 1));
    assert_eq!(sources.line_col(origin), (4, 3));
}

#[test]
fn shared_forms_of_values() {
    assert_eq!(truth("True"), Some(true));
    assert_eq!(truth(" 0 "), Some(false));
    assert_eq!(truth("maybe"), None);
    assert_eq!(list(r#"a, "b, c" ,d e"#), ["a", "b, c", "d e"]);
    assert_eq!(words(r#""a b" AS c, d"#), ["a b", "AS", "c", "d"]);
    assert_eq!(list(r#""|", "=""#), ["|", "="]);
    assert!(list("").is_empty());
}
