//! `diff`. Search Reference, diff.

use super::overrows::{Over, OverRows};
use crate::command::Command;
use crate::example;
use crate::fields::{FieldSet, Fields};
use crate::plan::{Failed, PlanCx, Rows};
use crate::spec::{CommandSpec, Kind, ParseCx, Support};
use crate::value::Val;
use davy_diag::Span;
use davy_spl::ast::{Args, Grammar};

pub(super) static SPEC: CommandSpec = CommandSpec {
    name: "diff",
    aliases: &[],
    kind: Kind::Barrier,
    grammar: Grammar::General,
    syntax: "diff [position1=<N>] [position2=<N>] [attribute=<field>] [diffheader=<bool>] [context=<bool>] [maxlen=<N>]",
    summary: "The difference of two rows' texts (`_raw` of the first and the second), line by line.",
    examples: &[
        example!("| makeresults format=csv data=\"m\na\na\" | diff attribute=m" => field "_raw" = "Results are the Same"),
        example!("| makeresults format=csv data=\"m\na\nb\" | diff attribute=m" => field "_raw" = "@@ -1 +1 @@\n-a\n+b"),
    ],
    source: "Search Reference, diff",
    support: Support::Limited("context and maxlen"),
    parse,
};

#[derive(Debug)]
struct Diff {
    positions: [usize; 2],
    attribute: String,
    header: bool,
}

fn parse(args: &Args, cx: &mut ParseCx<'_>) -> Option<Box<dyn Command>> {
    // The page names them `position1` and `pos1`.
    let names =
        ["position1", "position2", "pos1", "pos2", "attribute", "diffheader", "context", "maxlen"];
    let (options, left) = cx.reader(args).options(&names, cx);
    if let Some(extra) = left.first() {
        return cx.bad(extra.span.0, "`diff` takes only `key=value` arguments");
    }
    let mut position = |name, short, default: usize| {
        let given = options.count(name, cx).or_else(|| options.count(short, cx));
        given.unwrap_or(default).max(1)
    };
    let positions = [position("position1", "pos1", 1), position("position2", "pos2", 2)];
    let attribute = options.text("attribute").map_or_else(|| "_raw".to_owned(), |t| t.value);
    let header = options.flag("diffheader", false, cx);
    Some(Box::new(Over(Diff { positions, attribute, header })))
}

impl OverRows for Diff {
    fn needs(&self, _: &FieldSet) -> FieldSet {
        FieldSet::of([self.attribute.clone()])
    }

    fn fields(&self, _: &Fields) -> Fields {
        Fields::of(["_raw"])
    }

    fn reads(&self) -> Vec<(String, Span)> {
        Vec::new()
    }

    fn run(&self, rows: Rows, _: &PlanCx<'_>) -> Result<Rows, Failed> {
        let at = rows.column(&self.attribute);
        let [a, b] = self.positions.map(|n| {
            let row = rows.rows.get(n - 1);
            let value = row.and_then(|r| at.and_then(|i| r.get(i)));
            value.map(|v| v.values().join("\n")).unwrap_or_default()
        });
        let text = match a == b {
            true => "Results are the Same".to_owned(),
            false => unified(&a, &b, self.header),
        };
        Ok(Rows { names: vec!["_raw".to_owned()], rows: vec![vec![Val::str(text)]] })
    }
}

/// The lines that differ, as `diff -u` shows them, in one piece.
fn unified(a: &str, b: &str, header: bool) -> String {
    let (old, new): (Vec<&str>, Vec<&str>) = (a.lines().collect(), b.lines().collect());
    let common = old.iter().zip(&new).take_while(|(x, y)| x == y).count();
    let room = old.len().min(new.len()) - common;
    let tail =
        old.iter().rev().zip(new.iter().rev()).take(room).take_while(|(x, y)| x == y).count();
    let place = |lines: &[&str]| {
        let len = lines.len() - common - tail;
        match len {
            1 => format!("{}", common + 1),
            _ => format!("{},{len}", common + usize::from(len > 0)),
        }
    };
    let mut out = Vec::new();
    if header {
        out.push("--- ".to_owned());
        out.push("+++ ".to_owned());
    }
    out.push(format!("@@ -{} +{} @@", place(&old), place(&new)));
    let changed = |lines: &[&str], sign: char| -> Vec<String> {
        let end = lines.len() - tail;
        lines.iter().take(end).skip(common).map(|l| format!("{sign}{l}")).collect()
    };
    out.extend(changed(&old, '-'));
    out.extend(changed(&new, '+'));
    out.join("\n")
}
