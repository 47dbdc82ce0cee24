//! `format`. Search Reference, format.

use super::overrows::{Over, OverRows};
use crate::command::Command;
use crate::example;
use crate::fields::Fields;
use crate::plan::{Failed, PlanCx, Rows};
use crate::spec::{CommandSpec, Kind, ParseCx, Support};
use crate::value::Val;
use davy_spl::ast::{ArgKind, Args, Grammar};

pub(super) static SPEC: CommandSpec = CommandSpec {
    name: "format",
    aliases: &[],
    kind: Kind::Barrier,
    grammar: Grammar::General,
    syntax: "format [mvsep=<string>] [maxresults=<N>] [\"<row prefix>\" \"<column prefix>\" \"<column separator>\" \"<column end>\" \"<row separator>\" \"<row end>\"] [emptystr=<string>]",
    summary: "Turns the rows into one field `search` that finds events with these values: what a search in brackets does at its end.",
    examples: &[
        example!("| makeresults | eval a=1, b=\"x\" | fields a b | format" => field "search" = "( ( a=\"1\" AND b=\"x\" ) )"),
        example!("| makeresults | where 1=2 | format" => field "search" = "NOT( )"),
    ],
    source: "Search Reference, format",
    support: Support::Full,
    parse,
};

#[derive(Debug)]
struct Format {
    mvsep: String,
    max: usize,
    empty: String,
    /// Row prefix, column prefix, column separator, column end, row separator, row end.
    marks: [String; 6],
}

fn parse(args: &Args, cx: &mut ParseCx<'_>) -> Option<Box<dyn Command>> {
    let (options, left) = cx.reader(args).options(&["mvsep", "maxresults", "emptystr"], cx);
    let mvsep = options.text("mvsep").map_or("OR".to_owned(), |t| t.value);
    let max = options.count("maxresults", cx).unwrap_or(0);
    let empty = options.text("emptystr").map_or("NOT( )".to_owned(), |t| t.value);
    let mut marks = ["(", "(", "AND", ")", "OR", ")"].map(str::to_owned);
    let mut given = Vec::new();
    for arg in left {
        match &arg.kind {
            ArgKind::Quoted(text) => given.push(text.clone()),
            ArgKind::Comma => {}
            _ => return cx.bad(arg.span.0, "the six texts of `format` stand in quotes"),
        }
    }
    match given.len() {
        0 => {}
        6 => marks.iter_mut().zip(given).for_each(|(slot, text)| *slot = text),
        _ => return cx.missing("all six texts or none of them"),
    }
    Some(Box::new(Over(Format { mvsep, max, empty, marks })))
}

/// What `format` without arguments makes of rows.
pub(crate) fn format_rows(rows: &Rows) -> String {
    let marks = ["(", "(", "AND", ")", "OR", ")"].map(str::to_owned);
    Format { mvsep: "OR".to_owned(), max: 0, empty: "NOT( )".to_owned(), marks }.text(rows)
}

impl OverRows for Format {
    fn fields(&self, _: &Fields) -> Fields {
        Fields::of(["search"])
    }

    fn run(&self, rows: Rows, _: &PlanCx<'_>) -> Result<Rows, Failed> {
        let text = self.text(&rows);
        Ok(Rows { names: vec!["search".to_owned()], rows: vec![vec![Val::str(text)]] })
    }
}

impl Format {
    fn text(&self, rows: &Rows) -> String {
        let mut names: Vec<(usize, &String)> =
            rows.names.iter().enumerate().filter(|(_, n)| !n.starts_with('_')).collect();
        names.sort_by_key(|(_, n)| n.as_str());
        let [row_open, open, and, close, or, row_close] = &self.marks;
        let limit = if self.max == 0 { usize::MAX } else { self.max };
        let mut words: Vec<String> = vec![row_open.clone()];
        let mut any = false;
        for row in rows.rows.iter().take(limit) {
            let terms: Vec<String> = names
                .iter()
                .filter_map(|(at, name)| row.get(*at).and_then(|v| self.term(name, v)))
                .collect();
            if terms.is_empty() {
                continue;
            }
            if any {
                words.push(or.clone());
            }
            any = true;
            words.push(open.clone());
            for (i, term) in terms.into_iter().enumerate() {
                if i > 0 {
                    words.push(and.clone());
                }
                words.push(term);
            }
            words.push(close.clone());
        }
        if !any {
            return self.empty.clone();
        }
        words.push(row_close.clone());
        words.retain(|w| !w.is_empty());
        words.join(" ")
    }

    fn term(&self, name: &str, value: &Val<'_>) -> Option<String> {
        let values: Vec<String> = value.values().iter().map(|v| term(name, v)).collect();
        match values.as_slice() {
            [] => None,
            [one] => Some(one.clone()),
            many => Some(format!("( {} )", many.join(&format!(" {} ", self.mvsep)))),
        }
    }
}

/// `name="value"`; a field named `search` or `query` is text of the search itself.
pub(super) fn term(name: &str, value: &str) -> String {
    match name {
        "search" | "query" => value.to_owned(),
        _ => {
            let value = escaped(value);
            // What a search would not read as one word stands in quotes there.
            match name.contains(|c: char| c.is_whitespace() || "\"'=<>!()[],|".contains(c)) {
                true => format!("\"{}\"=\"{value}\"", escaped(name)),
                false => format!("{name}=\"{value}\""),
            }
        }
    }
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"")
}
