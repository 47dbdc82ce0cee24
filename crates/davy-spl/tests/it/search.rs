//! The language of `search`.

use crate::support::{good, layout, read, search};
use davy_spl::ast::{Args, SearchExpr, SearchValue, TstatsArgs};
use davy_spl::format_search;

fn text(value: &SearchValue) -> &str {
    &value.text
}

/// The tree with all its parentheses: `And(a Or(b c))`.
fn shape(expr: &SearchExpr) -> String {
    let all = |items: &[SearchExpr]| items.iter().map(shape).collect::<Vec<_>>().join(" ");
    match expr {
        SearchExpr::And(items) => format!("And({})", all(items)),
        SearchExpr::Or(items) => format!("Or({})", all(items)),
        SearchExpr::Not(inner, _) => format!("Not({})", shape(inner)),
        SearchExpr::Compare { field, op, value } => {
            format!("{}<{:?}>{}", field.value, op.value, text(value))
        }
        SearchExpr::In { field, values, .. } => {
            format!("{} in {:?}", field.value, values.iter().map(text).collect::<Vec<_>>())
        }
        SearchExpr::Term(value) if value.quoted => format!("{:?}", value.text),
        SearchExpr::Term(value) => value.text.clone(),
        SearchExpr::IndexedTerm(value) => format!("TERM {}", value.text),
        SearchExpr::Case { field, value } => {
            format!("CASE {}{}", field.as_ref().map_or("", |f| &f.value), value.text)
        }
        SearchExpr::Subsearch(pipeline, _) => format!("[{}]", pipeline.stages.len()),
        SearchExpr::CompareSub { field, op, pipeline, .. } => {
            let op = op.as_ref().map_or(" in ".to_owned(), |op| format!("<{:?}>", op.value));
            format!("{}{op}[{}]", field.value, pipeline.stages.len())
        }
        SearchExpr::Time { key, value } => format!("time {} {}", key.value, value.text),
    }
}

#[track_caller]
fn is(query: &str, expected: &str) {
    assert_eq!(shape(&search(query)), expected, "{query}");
    layout(query);
}

#[test]
fn or_binds_before_and() {
    is("a OR b c=1", "And(Or(a b) c<Eq>1)");
    is("a b OR c AND d", "And(a Or(b c) d)");
    is("NOT a OR b", "Or(Not(a) b)");
    is("(a AND b) c", "And(And(a b) c)");
    is("a OR (b c)", "Or(a And(b c))");
    is("NOT (a OR b)", "Not(Or(a b))");
    is("NOT NOT a", "Not(Not(a))");
}

#[test]
fn operators_are_upper_case() {
    is("a and b or not c", "And(a and b or not c)");
    is("x in (1)", "x in [\"1\"]");
    is("\"AND\" \"OR\"", "And(\"AND\" \"OR\")");
}

#[test]
fn comparisons_with_and_without_blanks() {
    is("a = 1", "a<Eq>1");
    is("a==1 b!=2", "And(a<Eq>1 b<Ne>2)");
    is("a<1 b<= 2 c >3 d>=4", "And(a<Lt>1 b<Le>2 c<Gt>3 d<Ge>4)");
    is("\"a b\"=c 'd e'=f", "And(a b<Eq>c d e<Eq>f)");
    is("a{}.b-c:d*=x", "a{}.b-c:d*<Eq>x");
    is("a=\"\"", "a<Eq>");
    is("EventCode=(4624 OR 4625)", "Or(EventCode<Eq>4624 EventCode<Eq>4625)");
}

#[test]
fn escapes_in_bare_words() {
    is(r"OperationType=%%14675", "OperationType<Eq>%%14675");
    is(r"ip=10.0.0.0/8", "ip<Eq>10.0.0.0/8");
    is(r"p=*\Windows\x=y*", r"p<Eq>*\Windows\x=y*");
    is(
        r#"a.kubectl.io/last=*\"privileged\":true* b=1"#,
        r#"And(a.kubectl.io/last<Eq>*"privileged":true* b<Eq>1)"#,
    );
    is(r"p=*\\temp\\x* \\\\server", r"And(p<Eq>*\temp\x* \\server)");
    is(r"p=a\|b", "p<Eq>a|b");
    is(r"p=a\\ b", r"And(p<Eq>a\ b)");
    is("don't stop", "And(don't stop)");
}

#[test]
fn escapes_in_quotes() {
    is(r#"a="C:\\x\\" b"#, r"And(a<Eq>C:\x\ b)");
    is(r#"a="C:\Windows\*""#, r"a<Eq>C:\Windows\*");
    is(r#"a="say \"hi\"""#, r#"a<Eq>say "hi""#);
    is(r#""a | b ]""#, "\"a | b ]\"");
    is(r#"a="\\\\server""#, r"a<Eq>\\server");
}

#[test]
fn searches_as_values() {
    is("a=[search b | return $c]", "a<Eq>[2]");
    is("a<[search b] c", "And(a<Lt>[1] c)");
    is("NOT a IN ([search b | return $c])", "Not(a in [2])");
}

#[test]
fn lists_of_values() {
    is(r#"f IN (a, "b c", d*,)"#, r#"f in ["a", "b c", "d*"]"#);
    is("EventCode IN(4723,4724)", r#"EventCode in ["4723", "4724"]"#);
    is(r#""x y" in (10.0.0.0/8 %%1)"#, r#"x y in ["10.0.0.0/8", "%%1"]"#);
    is("NOT f IN (a)", r#"Not(f in ["a"])"#);
    is("x f NOT IN (a, b) y", r#"And(x Not(f in ["a", "b"]) y)"#);
    is("f not in(a)", r#"Not(f in ["a"])"#);
    is("NOT f NOT IN (a)", r#"Not(Not(f in ["a"]))"#);
    is("'a b' NOT IN (c)", r#"Not(a b in ["c"])"#);
    is("f NOT IN ([search b])", "Not(f in [1])");
    is("f NOT (in) (a)", "And(f Not(in) a)");
    is("f NOT IN b", "And(f Not(IN) b)");
}

#[test]
fn directives_times_commas_and_subsearches() {
    is("TERM(10.0.0.1) CASE(Foo) f=CASE(Bar)", "And(TERM 10.0.0.1 CASE Foo CASE fBar)");
    is(
        "earliest=-1h latest=now starthoursago=2",
        "And(time earliest -1h time latest now time starthoursago 2)",
    );
    is("starttime>5", "starttime<Gt>5");
    is("a, b", "And(a b)");
    is("a NOT [| inputlookup x | fields y]", "And(a Not([2]))");
    is("a [search b=\"]\" | table c] d", "And(a [2] d)");
    is("*", "*");
    is("a ()", "And(a And())");
}

#[test]
fn how_a_search_may_start() {
    let names = |query: &str| -> (String, bool) {
        let stage = good(query).stages.remove(0);
        (stage.name.value, stage.implicit)
    };
    let implicit = ("search".to_owned(), true);
    let explicit = ("search".to_owned(), false);
    assert_eq!(names("\n\n  index=a"), implicit.clone());
    assert_eq!(names("SEARCH index=a"), explicit.clone());
    assert_eq!(names("| search index=a"), explicit);
    assert_eq!(names("search=1"), implicit.clone());
    // At the top, a word that is also a command's name is a term.
    assert_eq!(names("stats foo"), implicit);
    let Args::General(_) = &good("| append [ stats count ]").stages[0].args else { panic!() };
    assert_eq!(layout("x | append [ stats count ]"), "x\n| append [| stats count]\n");
}

fn tstats(query: &str) -> TstatsArgs {
    match good(query).stages.remove(0).args {
        Args::Tstats(args) => args,
        other => panic!("{other:?}"),
    }
}

#[test]
fn tstats_has_a_head_a_filter_and_a_by() {
    let args = tstats(
        "| tstats summariesonly=t count min(_time) as t FROM datamodel=A.B WHERE (A.x=1 OR A.y=\"by\") A.z IN (a,b) by A.p, A.q _time span=1h",
    );
    assert_eq!(args.head.len(), 7);
    assert_eq!(
        shape(args.filter.as_ref().unwrap()),
        r#"And(Or(A.x<Eq>1 A.y<Eq>by) A.z in ["a", "b"])"#
    );
    assert_eq!(args.by.len(), 5);
    let other = tstats("| tstats count from datamodel=A by A.p where A.x=1");
    assert_eq!(format_search(other.filter.as_ref().unwrap()), "A.x=1");
    assert_eq!((other.head.len(), other.by.len()), (3, 1));
    let same = tstats("| tstats count from datamodel=A where A.x=1 groupby A.p");
    assert_eq!(same, other);
    layout("| tstats count where index=* by \"a b\", 'c' span=1d");
}

#[test]
fn a_call_in_search_is_warned_of() {
    assert_eq!(read("| search a>now()").codes(), ["spl::call-in-search"]);
    assert!(read("| search a>TERM(x)").codes().is_empty());
}

#[test]
fn signs_that_look_like_others_are_warned_of() {
    let codes = |query: &str| read(query).codes().len();
    let warned = |query: &str| read(query).messages();
    assert!(warned("a=\u{201c}b\u{201d}").contains("type a straight quote"));
    assert_eq!(codes("a=\u{201c}b\u{201d} \u{201c}c\u{201d}"), 1);
    assert!(warned("a\u{a0}b").contains("type a plain space"));
    assert!(warned("a\u{200b} b").contains("type a plain space"));
    assert!(warned("a\u{2264}5").contains("type `<=`"));
    // Text in quotes, the apostrophe of a name, letters beyond ASCII.
    for query in [
        "a=\"\u{201c}b\u{201d}\u{a0}\"",
        "user=O\u{2019}Brien",
        "ort=München",
        "| eval 'a\u{a0}b'=1",
    ] {
        assert_eq!(codes(query), 0, "{query}");
    }
}
