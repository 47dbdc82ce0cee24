//! `transpose`. Search Reference, transpose.

use super::overrows::{Over, OverRows};
use super::xyseries::unique;
use crate::command::Command;
use crate::example;
use crate::fields::Fields;
use crate::parse::arg_text;
use crate::plan::{Failed, PlanCx, Rows};
use crate::spec::{CommandSpec, Kind, ParseCx, Support};
use crate::value::Val;
use davy_diag::{Span, Spanned};
use davy_spl::ast::{ArgKind, Args, Grammar};

pub(super) static SPEC: CommandSpec = CommandSpec {
    name: "transpose",
    aliases: &[],
    kind: Kind::Barrier,
    grammar: Grammar::General,
    syntax: "transpose [<N>] [column_name=<string>] [header_field=<field>] [include_empty=<bool>]",
    summary: "Turns the first rows (5; 0 for all) into columns, and each column into a row.",
    examples: &[
        example!("| makeresults format=csv data=\"k,n\na,1\nb,2\" | table k n | transpose" => table "column,row 1,row 2\nk,a,b\nn,1,2"),
        example!("| makeresults format=csv data=\"k,n\na,1\nb,2\" | table k n | transpose header_field=k column_name=what" => table "what,a,b\nn,1,2"),
    ],
    source: "Search Reference, transpose",
    support: Support::Full,
    parse,
};

#[derive(Debug)]
struct Transpose {
    limit: usize,
    column: String,
    header: Option<Spanned<String>>,
    include_empty: bool,
}

fn parse(args: &Args, cx: &mut ParseCx<'_>) -> Option<Box<dyn Command>> {
    let names = ["int", "column_name", "header_field", "include_empty", "allnum"];
    let (options, left) = cx.reader(args).options(&names, cx);
    let column = options.text("column_name").map_or_else(|| "column".to_owned(), |t| t.value);
    let header = options.text("header_field");
    let include_empty = options.flag("include_empty", true, cx);
    let mut limit = options.count("int", cx).unwrap_or(5);
    for arg in left {
        if arg.kind == ArgKind::Comma {
            continue;
        }
        match arg_text(arg).and_then(|t| t.parse::<usize>().ok()) {
            Some(n) => limit = n,
            None => return cx.bad(arg.span.0, "a number of rows is needed here"),
        }
    }
    Some(Box::new(Over(Transpose { limit, column, header, include_empty })))
}

impl OverRows for Transpose {
    fn fields(&self, _: &Fields) -> Fields {
        Fields { names: vec![self.column.clone()], open: true }
    }

    fn reads(&self) -> Vec<(String, Span)> {
        self.header.iter().map(|h| (h.value.clone(), h.span)).collect()
    }

    fn run(&self, rows: Rows, _: &PlanCx<'_>) -> Result<Rows, Failed> {
        let limit = if self.limit == 0 { usize::MAX } else { self.limit };
        let header = self.header.as_ref().and_then(|h| rows.column(&h.value));
        let mut out = Rows { names: vec![self.column.clone()], rows: Vec::new() };
        for (i, row) in rows.rows.iter().take(limit).enumerate() {
            let title =
                header.and_then(|h| row.get(h)).and_then(|v| v.joined().map(|t| t.into_owned()));
            out.names.push(title.unwrap_or_else(|| format!("row {}", i + 1)));
        }
        for (i, name) in rows.names.iter().enumerate() {
            if Some(i) == header {
                continue;
            }
            let mut line = vec![Val::str(name.clone())];
            let cells = rows.rows.iter().take(limit);
            line.extend(cells.map(|row| row.get(i).cloned().unwrap_or(Val::Null)));
            let empty = line.iter().skip(1).all(|v| v.text().is_none_or(|t| t.is_empty()));
            if self.include_empty || !empty {
                out.rows.push(line);
            }
        }
        Ok(unique(out))
    }
}
