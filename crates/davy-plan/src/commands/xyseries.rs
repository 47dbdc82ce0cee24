//! `xyseries`. Search Reference, xyseries.

use super::charting::pivot::key;
use super::overrows::{Over, OverRows};
use crate::command::Command;
use crate::example;
use crate::fields::{FieldSet, Fields};
use crate::plan::{Failed, PlanCx, Rows};
use crate::spec::{CommandSpec, Kind, ParseCx, Support};
use crate::value::Val;
use davy_diag::{Span, Spanned};
use davy_spl::ast::{Arg, Args, Grammar};
use std::collections::{BTreeMap, HashMap};

pub(super) static SPEC: CommandSpec = CommandSpec {
    name: "xyseries",
    aliases: &["maketable"],
    kind: Kind::Barrier,
    grammar: Grammar::General,
    syntax: "xyseries [grouped=<bool>] <x-field> <y-name-field> <y-data-field>... [sep=<string>] [format=<string>]",
    summary: "Turns rows into a table: a row for each value of the first field, a column for each value of the second, the third field in the cells. The opposite of `untable`.",
    examples: &[
        example!("| makeresults format=csv data=\"h,s,c\na,x,1\na,y,2\nb,x,3\" | xyseries h s c" => table "h,x,y\na,1,2\nb,3,"),
        example!("| makeresults format=csv data=\"h,s,c,d\na,x,1,2\" | xyseries h s c d" => table "h,c: x,d: x\na,1,2"),
    ],
    source: "Search Reference, xyseries",
    support: Support::Full,
    parse,
};

#[derive(Debug)]
struct XySeries {
    x: Spanned<String>,
    name: Spanned<String>,
    data: Vec<Spanned<String>>,
    grouped: bool,
    sep: String,
    format: Option<String>,
}

fn parse(args: &Args, cx: &mut ParseCx<'_>) -> Option<Box<dyn Command>> {
    let (options, left) = cx.reader(args).options(&["grouped", "sep", "format"], cx);
    let grouped = options.flag("grouped", false, cx);
    let sep = options.text("sep").map_or_else(|| ": ".to_owned(), |t| t.value);
    let format = options.text("format").map(|t| t.value);
    let left: Vec<Arg> = left.into_iter().cloned().collect();
    let mut reader = crate::parse::ArgReader::of(&left);
    let mut fields = reader.fields(&[]).into_iter();
    if let Some(extra) = reader.peek() {
        return cx.bad(extra.span.0, "a field is needed here");
    }
    let (Some(x), Some(name)) = (fields.next(), fields.next()) else {
        return cx.missing("a field for the rows, one for the columns and one for the cells");
    };
    let data: Vec<Spanned<String>> = fields.collect();
    if data.is_empty() {
        return cx.missing("a field for the cells after those for rows and columns");
    }
    Some(Box::new(Over(XySeries { x, name, data, grouped, sep, format })))
}

/// The value of the row, and its cells by data field and series.
type Line = (Val<'static>, BTreeMap<(usize, String), Val<'static>>);

impl OverRows for XySeries {
    fn needs(&self, _: &FieldSet) -> FieldSet {
        FieldSet::of(self.reads().into_iter().map(|(n, _)| n))
    }

    fn fields(&self, _: &Fields) -> Fields {
        Fields { names: vec![self.x.value.clone()], open: true }
    }

    fn reads(&self) -> Vec<(String, Span)> {
        let all = [&self.x, &self.name].into_iter().chain(&self.data);
        all.map(|f| (f.value.clone(), f.span)).collect()
    }

    fn run(&self, rows: Rows, _: &PlanCx<'_>) -> Result<Rows, Failed> {
        let cell = |row: &[Val<'static>], at: Option<usize>| {
            at.and_then(|i| row.get(i)).cloned().unwrap_or(Val::Null)
        };
        let (x, name) = (rows.column(&self.x.value), rows.column(&self.name.value));
        let data: Vec<(String, Option<usize>)> =
            self.data.iter().map(|d| (d.value.clone(), rows.column(&d.value))).collect();
        let mut lines: Vec<Line> = Vec::new();
        let mut index: HashMap<Vec<u8>, usize> = HashMap::new();
        for row in &rows.rows {
            let at = cell(row, x);
            if at.is_null() {
                continue;
            }
            let key = key(&at);
            let last = lines.len().checked_sub(1);
            // Grouped input is told by its neighbours only.
            let known = match self.grouped {
                true => last.filter(|i| index.get(&key) == Some(i)),
                false => index.get(&key).copied(),
            };
            let line = known.unwrap_or_else(|| {
                lines.push((at, BTreeMap::new()));
                index.insert(key, lines.len() - 1);
                lines.len() - 1
            });
            let Some((_, cells)) = lines.get_mut(line) else { continue };
            for series in cell(row, name).values() {
                for (i, (_, column)) in data.iter().enumerate() {
                    let value = cell(row, *column);
                    cells.insert((i, series.to_string()), value);
                }
            }
        }
        if !self.grouped {
            lines.sort_by_cached_key(|(at, _)| key(at));
        }
        let columns: std::collections::BTreeSet<(usize, String)> =
            lines.iter().flat_map(|(_, cells)| cells.keys().cloned()).collect();
        let mut out = Rows { names: vec![self.x.value.clone()], rows: Vec::new() };
        for (i, series) in &columns {
            let data = self.data.get(*i).map_or("", |d| d.value.as_str());
            out.names.push(match (&self.format, self.data.len()) {
                (Some(format), _) => format.replace("$AGG$", data).replace("$VAL$", series),
                (None, 1) => series.clone(),
                (None, _) => format!("{data}{}{series}", self.sep),
            });
        }
        for (at, mut cells) in lines {
            let mut row = vec![at];
            row.extend(columns.iter().map(|c| cells.remove(c).unwrap_or(Val::Null)));
            out.rows.push(row);
        }
        Ok(unique(out))
    }
}

/// Without columns of the same name: the first that is filled stays.
pub(super) fn unique(rows: Rows) -> Rows {
    let mut out = Rows { names: Vec::new(), rows: vec![Vec::new(); rows.rows.len()] };
    let places: Vec<usize> = rows.names.iter().map(|n| out.column_or_add(n)).collect();
    for (into, row) in out.rows.iter_mut().zip(rows.rows) {
        for (at, value) in places.iter().zip(row) {
            if let Some(slot) = into.get_mut(*at)
                && slot.is_null()
            {
                *slot = value;
            }
        }
    }
    out
}
