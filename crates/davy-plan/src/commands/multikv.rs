//! `multikv`. Search Reference, multikv.

use super::extract::cleaned;
use crate::command::Command;
use crate::example;
use crate::fields::{FieldSet, Fields};
use crate::parse::ArgReader;
use crate::plan::{Failed, Plan, PlanCx, Rows};
use crate::spec::{CommandSpec, Kind, ParseCx, Support};
use crate::value::Val;
use davy_spl::ast::{Arg, Args, Grammar};

pub(super) static SPEC: CommandSpec = CommandSpec {
    name: "multikv",
    aliases: &[],
    kind: Kind::Barrier,
    grammar: Grammar::General,
    syntax: "multikv [copyattrs=<bool>] [rmorig=<bool>] [forceheader=<N>] [noheader=<bool>] [multitable=<bool>] [fields <field-list>] [filter <terms>]",
    summary: "Makes a row of each line of the table in `_raw`, with the names of its header as fields.",
    examples: &[
        example!("| makeresults | eval _raw=\"Name Age\nJosh 42\nFrancine 35\" | multikv | table Name Age" => table "Name,Age\nJosh,42\nFrancine,35"),
    ],
    source: "Search Reference, multikv",
    support: Support::Limited("one table an event; rules of `multikv.conf` cannot be named"),
    parse,
};

#[derive(Debug)]
struct MultiKv {
    copy: bool,
    remove: bool,
    header: Header,
    only: Vec<String>,
    filter: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Header {
    Find,
    /// The line of that number, from 1 on.
    Line(usize),
    None,
}

fn parse(args: &Args, cx: &mut ParseCx<'_>) -> Option<Box<dyn Command>> {
    let names = ["copyattrs", "rmorig", "forceheader", "noheader", "multitable", "conf"];
    let (options, left) = cx.reader(args).options(&names, cx);
    if let Some(conf) = options.text("conf") {
        return cx.bad(conf.span, "there is no `multikv.conf` here whose rule could be named");
    }
    options.flag("multitable", true, cx);
    let header = match options.count("forceheader", cx) {
        Some(n) if n > 0 => Header::Line(n),
        _ if options.flag("noheader", false, cx) => Header::None,
        _ => Header::Find,
    };
    let left: Vec<Arg> = left.into_iter().cloned().collect();
    let mut reader = ArgReader::of(&left);
    let (mut only, mut filter) = (Vec::new(), Vec::new());
    while let Some(arg) = reader.peek() {
        let list = if reader.keyword("fields") {
            &mut only
        } else if reader.keyword("filter") {
            &mut filter
        } else {
            return cx.bad(arg.span.0, "`fields` or `filter` is needed here");
        };
        list.extend(reader.fields(&["fields", "filter"]).into_iter().map(|f| f.value));
    }
    Some(Box::new(MultiKv {
        copy: options.flag("copyattrs", true, cx),
        remove: options.flag("rmorig", true, cx),
        header,
        only,
        filter,
    }))
}

impl Command for MultiKv {
    fn needs(&self, out: &FieldSet) -> FieldSet {
        out.clone().with(["_raw"])
    }

    fn fields(&self, input: &Fields) -> Fields {
        Fields { names: input.names.clone(), open: true }
    }

    fn plan(&self, input: Plan, cx: &PlanCx<'_>) -> Result<Plan, Failed> {
        let rows = cx.rows(&input)?;
        let Some(raw) = rows.column("_raw") else { return cx.plan_of(rows) };
        let mut out = Rows { names: rows.names.clone(), rows: Vec::new() };
        for row in rows.rows {
            let text = row.get(raw).and_then(|v| v.text().map(|t| t.into_owned()));
            let table = text.as_deref().and_then(|t| self.table(t));
            let Some(table) = table else {
                out.rows.push(row);
                continue;
            };
            for (line, cells) in table {
                let mut made = match self.copy {
                    true => row.clone(),
                    false => vec![Val::Null; row.len()],
                };
                set(&mut out, &mut made, "_raw", line);
                for (name, value) in cells {
                    if cx.out.wants(&name) {
                        set(&mut out, &mut made, &name, value);
                    }
                }
                out.rows.push(made);
            }
            if !self.remove {
                out.rows.push(row);
            }
        }
        let width = out.names.len();
        out.rows.iter_mut().for_each(|row| row.resize(width, Val::Null));
        cx.plan_of(out)
    }
}

fn set(out: &mut Rows, row: &mut Vec<Val<'static>>, name: &str, value: &str) {
    let at = match out.column(name) {
        Some(at) => at,
        None => {
            out.names.push(name.to_owned());
            out.names.len() - 1
        }
    };
    row.resize(row.len().max(at + 1), Val::Null);
    if let Some(slot) = row.get_mut(at) {
        *slot = if value.is_empty() { Val::Null } else { Val::str(value.to_owned()) };
    }
}

/// A line as written, and its named cells.
type Line<'t> = (&'t str, Vec<(String, &'t str)>);

impl MultiKv {
    /// The lines of the table in a text; `None` when there is none.
    fn table<'t>(&self, text: &'t str) -> Option<Vec<Line<'t>>> {
        let lines: Vec<&str> =
            text.lines().map(str::trim_end).filter(|l| !l.trim().is_empty()).collect();
        let header = match self.header {
            Header::Line(n) => Some(n.checked_sub(1).filter(|at| *at < lines.len())?),
            Header::None => None,
            Header::Find => Some(find_header(&lines)?),
        };
        let columns: Vec<(usize, String)> = match header.and_then(|at| lines.get(at)) {
            Some(line) => {
                let named = |(start, cell): (usize, &str)| (start, cleaned(cell));
                cells(line, line.contains(',')).into_iter().map(named).collect()
            }
            None => {
                let widest = lines.iter().map(|l| cells(l, l.contains(',')).len()).max()?;
                (1..=widest).map(|n| (usize::MAX, format!("Column_{n}"))).collect()
            }
        };
        let comma = header.and_then(|at| lines.get(at)).is_some_and(|l| l.contains(','));
        let body = lines.get(header.map_or(0, |at| at + 1)..)?;
        if body.is_empty() {
            return None;
        }
        let fits = |l: &&&str| {
            self.filter.is_empty() || self.filter.iter().any(|f| l.contains(f.as_str()))
        };
        let line = |l: &&'t str| {
            let comma = comma || (header.is_none() && l.contains(','));
            let mut found = assign(&columns, l, comma);
            found.retain(|(n, _)| !n.is_empty() && (self.only.is_empty() || self.only.contains(n)));
            (*l, found)
        };
        Some(body.iter().filter(fits).map(line).collect())
    }
}

/// The line whose cells are all words: one in capitals first.
fn find_header(lines: &[&str]) -> Option<usize> {
    let words = |line: &str, capital: bool| {
        let cells = cells(line, line.contains(','));
        cells.len() > 1
            && cells.iter().all(|(_, c)| {
                let first = c.chars().find(|c| c.is_alphanumeric());
                first.is_some_and(|f| f.is_alphabetic() && (!capital || f.is_uppercase()))
            })
    };
    let last = lines.len().saturating_sub(1);
    let find = |capital| lines.iter().take(last).position(|l| words(l, capital));
    find(true).or_else(|| find(false))
}

/// The cells of a line, and where they start.
fn cells(line: &str, comma: bool) -> Vec<(usize, &str)> {
    let mut out = Vec::new();
    let mut start = None;
    let mut quoted = false;
    for (at, c) in line.char_indices() {
        let ends = if comma { c == ',' && !quoted } else { c.is_whitespace() };
        quoted ^= comma && c == '"';
        match (ends, start) {
            (true, Some(from)) => {
                out.push((from, line.get(from..at).unwrap_or_default().trim()));
                start = comma.then_some(at + 1);
            }
            (true, None) if comma => {
                out.push((at, ""));
                start = Some(at + 1);
            }
            (false, None) => start = Some(at),
            _ => {}
        }
    }
    if let Some(from) = start {
        out.push((from, line.get(from..).unwrap_or_default().trim()));
    }
    out
}

/// The cells of a line under the columns: in their order, or where they stand when some are
/// missing. The last column takes what is left.
fn assign<'t>(columns: &[(usize, String)], line: &'t str, comma: bool) -> Vec<(String, &'t str)> {
    let cells = cells(line, comma);
    let aligned = !comma && cells.len() < columns.len();
    let mut out: Vec<(String, &'t str)> = Vec::new();
    for (i, (start, cell)) in cells.iter().enumerate() {
        if aligned {
            let near = columns.iter().min_by_key(|(at, _)| at.abs_diff(*start));
            if let Some((_, name)) = near {
                out.push((name.clone(), cell));
            }
            continue;
        }
        let Some((_, name)) = columns.get(i) else { break };
        let last = i + 1 == columns.len() && cells.len() > columns.len() && !comma;
        let cell = if last { line.get(*start..).unwrap_or_default().trim() } else { cell };
        out.push((name.clone(), cell));
    }
    out
}
