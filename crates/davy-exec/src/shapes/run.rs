//! What gives several fields at once: extractions from a field, lookups in a table, and the fields
//! that only a server adds to an event.

use datafusion::arrow::array::{ArrayRef, StringViewBuilder};
use datafusion::common::{DataFusionError, Result};
use davy_knowledge::{Extract, How, LookupUse, Table, wild};
use davy_plan::{Column, Regex};
use std::collections::HashMap;
use std::sync::Arc;

pub(crate) struct Run {
    kind: Kind,
}

enum Kind {
    Regex {
        regex: Regex,
        multi: bool,
    },
    Other(How),
    Lookup(Index),
    /// Fields of the raw text and the time.
    Server,
}

impl std::fmt::Debug for Run {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match &self.kind {
            Kind::Regex { .. } => "regex",
            Kind::Other(_) => "extraction",
            Kind::Lookup(_) => "lookup",
            Kind::Server => "server",
        })
    }
}

/// The fields of each row of a batch.
#[derive(Debug, Default)]
pub(crate) struct Fields {
    rows: Vec<Vec<(String, String)>>,
}

impl Fields {
    /// The column of a name; several values of a row stay together.
    pub(crate) fn column(&self, name: &str) -> ArrayRef {
        let mut out = StringViewBuilder::with_capacity(self.rows.len());
        for row in &self.rows {
            let mut values = row.iter().filter(|(n, _)| n == name).map(|(_, v)| v.as_str());
            match (values.next(), values.next()) {
                (None, _) => out.append_null(),
                (Some(one), None) => out.append_value(one),
                (Some(first), Some(second)) => {
                    let all: Vec<&str> = [first, second].into_iter().chain(values).collect();
                    out.append_value(davy_events::mv::encode(all));
                }
            }
        }
        Arc::new(out.finish())
    }

    /// The names and values of a row.
    pub(crate) fn row(&self, row: usize) -> &[(String, String)] {
        self.rows.get(row).map_or(&[], Vec::as_slice)
    }
}

impl Run {
    pub(crate) fn extract(extract: &Extract) -> std::result::Result<Run, String> {
        let kind = match &extract.how {
            How::Regex { text, multi, .. } => {
                Kind::Regex { regex: Regex::new(text)?, multi: *multi }
            }
            other => Kind::Other(other.clone()),
        };
        Ok(Run { kind })
    }

    pub(crate) fn lookup(lookup: &LookupUse, table: &Table) -> Run {
        Run { kind: Kind::Lookup(Index::new(lookup, table)) }
    }

    pub(crate) fn server() -> Run {
        Run { kind: Kind::Server }
    }

    /// Over the columns of its inputs.
    pub(crate) fn run(&self, inputs: &[ArrayRef], rows: usize) -> Result<Fields> {
        let columns = inputs.iter().map(Column::new).collect::<Result<Vec<_>>>()?;
        let mut out = Fields { rows: Vec::with_capacity(rows) };
        for row in 0..rows {
            let mut fields = Vec::new();
            match &self.kind {
                Kind::Lookup(index) => index.find(&columns, row, &mut fields),
                kind => {
                    let value = columns.first().map(|c| c.get(row));
                    for text in value.iter().flat_map(|v| v.values()) {
                        one(kind, &text, &mut fields)?;
                    }
                }
            }
            out.rows.push(fields);
        }
        Ok(out)
    }
}

fn one(kind: &Kind, text: &str, out: &mut Vec<(String, String)>) -> Result<()> {
    let mut push = |name: &str, value: &str| {
        if !value.is_empty() && !name.is_empty() {
            out.push((name.to_owned(), value.to_owned()));
        }
    };
    match kind {
        Kind::Regex { regex, multi } => {
            let found = regex.named(text, *multi).map_err(DataFusionError::Execution)?;
            found.into_iter().for_each(|(name, value)| push(name, value));
        }
        Kind::Other(How::Kv { pair, eq }) => pairs(text, pair, eq, &mut push),
        Kind::Other(How::Delimited { by, names }) => {
            let values = split_quoted(text, by);
            for (name, value) in names.iter().zip(&values) {
                push(name, value);
            }
        }
        Kind::Other(How::XmlKv) => xml(text, &mut push),
        Kind::Other(How::Json { prefix }) => {
            if let Ok(value) = serde_json::from_str::<serde_json::Value>(text) {
                json(prefix.clone(), &value, 0, &mut push);
            }
        }
        Kind::Server => server(text, &mut push),
        Kind::Other(How::Regex { .. }) | Kind::Lookup(_) => {}
    }
    Ok(())
}

/// Fields that Splunk adds when it indexes an event.
fn server(raw: &str, push: &mut impl FnMut(&str, &str)) {
    push("linecount", &raw.trim_end_matches('\n').split('\n').count().to_string());
    let first = raw.lines().next().unwrap_or_default();
    let punct: String = first
        .chars()
        .filter(|c| !c.is_alphanumeric())
        .map(|c| if c.is_whitespace() { '_' } else { c })
        .take(30)
        .collect();
    push("punct", &punct);
    let (from, to) = timestamp(raw);
    push("timestartpos", &from.to_string());
    push("timeendpos", &to.to_string());
}

/// Where a date and time stand in the text, roughly: the first run of digits and signs that is as
/// long as one.
fn timestamp(raw: &str) -> (usize, usize) {
    let part = |c: char| c.is_ascii_digit() || "-/:.TZ+ ,".contains(c);
    let mut start = None;
    let mut best = (0, 0);
    for (i, c) in raw.char_indices().take(4096).chain([(raw.len(), '\0')]) {
        match (part(c), start) {
            (true, None) if c.is_ascii_digit() => start = Some(i),
            (false, Some(from)) => {
                let text = raw.get(from..i).unwrap_or_default().trim_end();
                if text.len() >= 10 && text.contains([':', '-', '/']) {
                    best = (from, from + text.len());
                    break;
                }
                start = None;
            }
            _ => {}
        }
    }
    best
}

/// `a=1;b="2;3"`
fn pairs(text: &str, pair: &str, eq: &str, push: &mut impl FnMut(&str, &str)) {
    for item in split_quoted(text, pair) {
        if let Some((name, value)) = item.split_once(eq) {
            let value = value.trim();
            let bare = value.strip_prefix('"').and_then(|v| v.strip_suffix('"'));
            push(name.trim(), bare.unwrap_or(value));
        }
    }
}

/// Splits at `by` outside of double quotes; a part that is quoted as a whole loses its quotes.
fn split_quoted(text: &str, by: &str) -> Vec<String> {
    let mut out = vec![String::new()];
    let mut rest = text;
    let mut quoted = false;
    while let Some(c) = rest.chars().next() {
        if !quoted && !by.is_empty() && rest.starts_with(by) {
            out.push(String::new());
            rest = rest.get(by.len()..).unwrap_or_default();
            continue;
        }
        quoted ^= c == '"';
        if let Some(last) = out.last_mut() {
            last.push(c);
        }
        rest = rest.get(c.len_utf8()..).unwrap_or_default();
    }
    for part in &mut out {
        let inner = part.strip_prefix('"').and_then(|v| v.strip_suffix('"'));
        if let Some(inner) = inner {
            *part = inner.replace("\"\"", "\"");
        }
    }
    out
}

/// `<name>value</name>` and `<Data Name="name">value</Data>`.
fn xml(text: &str, push: &mut impl FnMut(&str, &str)) {
    let mut rest = text;
    while let Some((_, after)) = rest.split_once('<') {
        rest = after;
        let Some((tag, body)) = after.split_once('>') else { return };
        if tag.starts_with(['/', '?', '!']) || tag.ends_with('/') {
            continue;
        }
        let name = tag.split_whitespace().next().unwrap_or_default();
        let Some((value, _)) = body.split_once('<') else { return };
        let named = ["Name=\"", "Name='"].iter().find_map(|start| {
            let (_, after) = tag.split_once(start)?;
            after.split(['"', '\'']).next()
        });
        let closes = body
            .get(value.len()..)
            .and_then(|b| b.strip_prefix("</"))
            .is_some_and(|b| b.starts_with(name));
        if closes {
            push(named.unwrap_or(name), value.trim());
        }
    }
}

/// Each leaf by its path; `{}` stands for the items of a list.
fn json(path: String, value: &serde_json::Value, depth: usize, push: &mut impl FnMut(&str, &str)) {
    use serde_json::Value;
    if depth > 64 {
        return;
    }
    match value {
        Value::Null => {}
        Value::Bool(b) => push(&path, if *b { "true" } else { "false" }),
        Value::Number(n) => push(&path, &n.to_string()),
        Value::String(s) => push(&path, s),
        Value::Array(items) => {
            for item in items {
                json(format!("{path}{{}}"), item, depth + 1, push);
            }
        }
        Value::Object(map) => {
            for (name, item) in map {
                let inner = match path.is_empty() || path.ends_with('.') {
                    true => format!("{path}{name}"),
                    false => format!("{path}.{name}"),
                };
                json(inner, item, depth + 1, push);
            }
        }
    }
}

/// A lookup table by the columns that are matched; values are compared without regard to case, and
/// a `*` in the table stands for anything.
struct Index {
    exact: HashMap<Vec<String>, usize>,
    patterns: Vec<(Vec<String>, usize)>,
    /// (field, values by row)
    out: Vec<(Arc<str>, Vec<String>)>,
}

impl Index {
    fn new(lookup: &LookupUse, table: &Table) -> Index {
        let on: Vec<Option<usize>> = lookup.on.iter().map(|(c, _)| table.column(c)).collect();
        let mut index = Index { exact: HashMap::new(), patterns: Vec::new(), out: Vec::new() };
        for (at, row) in table.rows.iter().enumerate() {
            let key: Vec<String> = on
                .iter()
                .map(|c| c.and_then(|c| row.get(c)).map(|v| v.to_lowercase()).unwrap_or_default())
                .collect();
            if key.iter().any(|k| k.contains('*')) {
                index.patterns.push((key, at));
            } else {
                index.exact.entry(key).or_insert(at);
            }
        }
        for (column, field) in &lookup.out {
            let Some(column) = table.column(column) else { continue };
            let values = table.rows.iter().map(|r| r.get(column).cloned().unwrap_or_default());
            index.out.push((field.clone(), values.collect()));
        }
        index
    }

    fn find(&self, columns: &[Column], row: usize, out: &mut Vec<(String, String)>) {
        let mut key = Vec::with_capacity(columns.len());
        for column in columns {
            match column.get(row).text() {
                Some(text) => key.push(text.to_lowercase()),
                None => return,
            }
        }
        let pattern = |p: &[String]| p.iter().zip(&key).all(|(p, k)| wild(p, k));
        let found = self
            .exact
            .get(&key)
            .copied()
            .or_else(|| self.patterns.iter().find(|(p, _)| pattern(p)).map(|(_, at)| *at));
        let Some(at) = found else { return };
        for (field, values) in &self.out {
            if let Some(value) = values.get(at).filter(|v| !v.is_empty()) {
                out.push((field.to_string(), value.clone()));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Run, pairs, xml};
    use datafusion::arrow::array::{ArrayRef, StringViewArray};
    use davy_knowledge::{Extract, How, LookupUse, Table};
    use std::sync::Arc;

    fn of(read: impl Fn(&mut dyn FnMut(&str, &str))) -> Vec<(String, String)> {
        let mut out = Vec::new();
        read(&mut |n, v| out.push((n.to_owned(), v.to_owned())));
        out
    }

    #[test]
    fn pairs_and_xml() {
        let found = of(|push| pairs("MD5=1, x=\"a, b\",bad", ",", "=", &mut |n, v| push(n, v)));
        assert_eq!(found, [("MD5".into(), "1".into()), ("x".into(), "a, b".into())]);
        let found = of(|push| {
            xml("<A>1</A><Data Name='B'>2</Data><C/><D><E>3</E></D>", &mut |n, v| push(n, v));
        });
        assert_eq!(
            found,
            [("A".into(), "1".into()), ("B".into(), "2".into()), ("E".into(), "3".into())]
        );
    }

    #[test]
    fn all_matches_become_several_values() {
        let how = How::Regex { text: "(?<n>[0-9]+)".into(), multi: true, names: vec!["n".into()] };
        let run = Run::extract(&Extract { field: "x".into(), how }).unwrap();
        let input: ArrayRef = Arc::new(StringViewArray::from(vec![Some("1 22"), None, Some("x")]));
        let fields = run.run(&[input], 3).unwrap();
        let column = davy_plan::Column::new(&fields.column("n")).unwrap();
        assert_eq!(column.get(0).values(), ["1", "22"]);
        assert!(column.get(1).is_null() && column.get(2).is_null());
    }

    #[test]
    fn lookups_fold_case_and_know_stars() {
        let table = Table {
            names: vec!["k".into(), "v".into()],
            rows: vec![vec!["a*".into(), "star".into()], vec!["AB".into(), "exact".into()]],
        };
        let lookup = LookupUse {
            table: "t".into(),
            on: vec![("k".into(), "f".into())],
            out: vec![("v".into(), "o".into())],
        };
        let run = Run::lookup(&lookup, &table);
        let input: ArrayRef = Arc::new(StringViewArray::from(vec!["ab", "ac", "b"]));
        let fields = run.run(&[input], 3).unwrap();
        let column = davy_plan::Column::new(&fields.column("o")).unwrap();
        assert_eq!(column.get(0).text().as_deref(), Some("exact"));
        assert_eq!(column.get(1).text().as_deref(), Some("star"));
        assert!(column.get(2).is_null());
    }
}
