//! Words, options, calls and the layout of commands.

use crate::support::{args, good, layout};
use davy_diag::{Diagnostics, SourceMap};
use davy_spl::ast::{Arg, ArgKind, Args, CallArgs, Pipeline};
use davy_spl::{parse_expr_at, parse_search_at};

fn kinds(query: &str) -> Vec<String> {
    let kinds = args(query);
    layout(query);
    kinds.iter().map(shape).collect()
}

fn shape(kind: &ArgKind) -> String {
    let all = |items: &[Arg]| items.iter().map(|a| shape(&a.kind)).collect::<Vec<_>>().join(" ");
    match kind {
        ArgKind::Word(word) => word.clone(),
        ArgKind::Quoted(text) => format!("{text:?}"),
        ArgKind::FieldQuoted(name) => format!("'{name}'"),
        ArgKind::Comma => "COMMA".to_owned(),
        ArgKind::Sign(sign) => format!("SIGN{sign}"),
        ArgKind::Option { key, not, value } => {
            format!("{}{}={}", key.value, if *not { "!" } else { "" }, shape(&value.kind))
        }
        ArgKind::Call { name, args: CallArgs::Items(items) } => {
            format!("{}({})", name.value, all(items))
        }
        ArgKind::Call { name, .. } => format!("{}(EVAL)", name.value),
        ArgKind::Group(text) => format!("({text})"),
        ArgKind::Subsearch(pipeline) => format!("[{}]", pipeline.stages.len()),
        ArgKind::Template(text) => format!("T[{text}]"),
    }
}

#[test]
fn signs_and_words() {
    assert_eq!(kinds("| sort -_time"), ["-_time"]);
    assert_eq!(kinds("| sort - count, + x"), ["SIGN-", "count", "COMMA", "SIGN+", "x"]);
    assert_eq!(kinds("| sort 0 -\"a b\""), ["0", "SIGN-", "\"a b\""]);
    assert_eq!(
        kinds("| rename a.b.* as *, 'c d' AS \"e\""),
        ["a.b.*", "as", "*", "COMMA", "'c d'", "AS", "\"e\""]
    );
}

#[test]
fn options() {
    assert_eq!(
        kinds("| rex field = x max_match=0 \"(?<a>\\d+)|\\\\\\\\\""),
        ["field=x", "max_match=0", "\"(?<a>\\\\d+)|\\\\\\\\\""]
    );
    assert_eq!(kinds("| regex a!=\"x\""), ["a!=\"x\""]);
    assert_eq!(
        kinds("| transaction u startsWith=(a=\"x)\") endswith=eval(y>1)"),
        ["u", "startsWith=(a=\"x)\")", "endswith=eval(EVAL)"]
    );
    assert_eq!(kinds("| spath path=a{}.b url=http://x/?q=1"), ["path=a{}.b", "url=http://x/?q=1"]);
    assert_eq!(kinds("| head (x > 5)"), ["(x > 5)"]);
    assert_eq!(kinds("| join x [search a | table b]"), ["x", "[2]"]);
}

#[test]
fn calls() {
    assert_eq!(
        kinds(
            "| stats , count values(a.b{}.c) sparkline(avg(x),5m) p95(x) as y dc(\"a.b\") by _time, 'z'"
        ),
        [
            "COMMA",
            "count",
            "values(a.b{}.c)",
            "sparkline(avg(x) COMMA 5m)",
            "p95(x)",
            "as",
            "y",
            "dc(\"a.b\")",
            "by",
            "_time",
            "COMMA",
            "'z'"
        ]
    );
    assert_eq!(kinds("| stats count (x)"), ["count", "(x)"]);
    assert_eq!(
        kinds("| convert timeformat=\"%Y\" ctime(_time)"),
        ["timeformat=\"%Y\"", "ctime(_time)"]
    );
}

#[test]
fn a_template_is_kept_as_it_stands() {
    let text = "| foreach a_* [ eval x=if('<<MATCHSTR>>'>1, \"]\", y[0]) ] ";
    assert_eq!(kinds(text), ["a_*", "T[ eval x=if('<<MATCHSTR>>'>1, \"]\", y[0]) ]"]);
}

#[test]
fn a_group_can_be_read_where_it_stands() {
    let mut sources = SourceMap::default();
    let mut diags = Diagnostics::default();
    let file = sources.add("query", "| head (count > 5 AND x=\"y\") | x (a OR b=1)");
    let pipeline =
        davy_spl::parse(&sources, file, &crate::support::Commands, &mut Diagnostics::default());
    let Args::General(items) = &pipeline.stages[0].args else { panic!() };
    let expr = parse_expr_at(&sources, items[0].span.0, &mut diags).unwrap();
    assert_eq!(davy_spl::format_expr(&expr), "count>5 AND x=\"y\"");
    assert_eq!(sources.text(expr.span.0), "count > 5 AND x=\"y\"");
    let at = sources.file(file).text.find("a OR").unwrap();
    let span = file.span(at..at + 8);
    let found = parse_search_at(&sources, span, &crate::support::Commands, &mut diags).unwrap();
    assert_eq!(davy_spl::format_search(&found), "a OR b=1");
    assert!(diags.is_empty());
    // Places of what is wrong inside are places in the whole text.
    assert!(parse_expr_at(&sources, file.span(8..15), &mut diags).is_none());
    assert_eq!(sources.text(diags.list()[0].primary.as_ref().unwrap().span), ">");
}

#[test]
fn places_of_commands() {
    let query = " a=1  | Stats count  by b | where c ";
    let mut sources = SourceMap::default();
    let file = sources.add("query", query);
    let pipeline: Pipeline =
        davy_spl::parse(&sources, file, &crate::support::Commands, &mut Diagnostics::default());
    let texts: Vec<&str> = pipeline.stages.iter().map(|s| sources.text(s.span.0)).collect();
    assert_eq!(texts, ["a=1", "Stats count  by b", "where c"]);
    assert_eq!(sources.text(pipeline.stages[1].name.span), "Stats");
    assert_eq!(pipeline.stages[1].name.value, "stats");
}

#[test]
fn layout_is_one_command_a_line() {
    assert_eq!(
        layout(
            "index=a (b=1 OR c=2)|append [| tstats count where x=1 y by z|eval q=1]|where a=1 or b=2"
        ),
        "index=a (b=1 OR c=2)\n| append [\n    | tstats count WHERE x=1 y BY z\n    | eval q=1\n]\n| where a=1 OR b=2\n"
    );
    assert_eq!(good("a|b_unknown_is_tested_elsewhere".split('|').next().unwrap()).stages.len(), 1);
}
