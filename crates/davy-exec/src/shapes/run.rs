//! What gives several fields at once: extractions from a field, lookups in a table, and the fields
//! that only a server adds to an event.

use super::lookup::{Defined, Index};
use super::stamped;
use datafusion::arrow::array::{ArrayRef, StringViewBuilder};
use datafusion::common::{DataFusionError, Result};
use davy_knowledge::{Extract, How, LookupUse, Part, Table};
use davy_plan::{Column, Env, Regex};
use std::sync::Arc;

pub(crate) struct Run {
    kind: Kind,
    /// Whether what it finds under names as they come stands in place of what is there.
    wins: bool,
}

enum Kind {
    Regex {
        regex: Regex,
        multi: bool,
    },
    Pairs {
        regex: Regex,
        name: String,
        value: String,
        multi: bool,
    },
    Format {
        regex: Regex,
        given: Vec<(Part, Part)>,
        /// Of all matches, and whether a name may have several values.
        all: bool,
        multi: bool,
    },
    Other(How),
    Lookup(Index),
    Defined(Box<Defined>),
    /// Fields of the raw text.
    Server,
    /// Fields of the time, and of the raw text if it is there.
    Stamped,
}

impl std::fmt::Debug for Run {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match &self.kind {
            Kind::Regex { .. } => "regex",
            Kind::Pairs { .. } | Kind::Format { .. } | Kind::Other(_) => "extraction",
            Kind::Lookup(_) | Kind::Defined(_) => "lookup",
            Kind::Server | Kind::Stamped => "server",
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

    /// The names and values of a row; several values of a name together.
    pub(crate) fn by_name(&self, row: usize) -> Vec<(&str, String)> {
        let mut names: Vec<(&str, Vec<&str>)> = Vec::new();
        for (name, value) in self.rows.get(row).into_iter().flatten() {
            match names.iter_mut().find(|(known, _)| known == name) {
                Some((_, values)) => values.push(value),
                None => names.push((name, vec![value])),
            }
        }
        let together = |values: Vec<&str>| match values.as_slice() {
            [one] => (*one).to_owned(),
            many => davy_events::mv::encode(many),
        };
        names.into_iter().map(|(name, values)| (name, together(values))).collect()
    }
}

impl Run {
    pub(crate) fn extract(extract: &Extract) -> std::result::Result<Run, String> {
        let kind = match &extract.how {
            How::Regex { text, multi, .. } => {
                Kind::Regex { regex: Regex::new(text)?, multi: *multi }
            }
            How::Pairs { text, name, value, multi } => Kind::Pairs {
                regex: Regex::new(text)?,
                name: name.clone(),
                value: value.clone(),
                multi: *multi,
            },
            How::Format { text, given, multi, names } => Kind::Format {
                regex: Regex::new(text)?,
                given: given.clone(),
                all: *multi || names.is_none(),
                multi: *multi,
            },
            other => Kind::Other(other.clone()),
        };
        Ok(Run { kind, wins: extract.how.wins() })
    }

    pub(crate) fn lookup(lookup: &LookupUse, table: &Table, env: &Env) -> Run {
        let kind = match &lookup.matching {
            None => Kind::Lookup(Index::new(lookup, table)),
            Some(matching) => Kind::Defined(Box::new(Defined::new(lookup, matching, table, env))),
        };
        Run { kind, wins: false }
    }

    pub(crate) fn wins(&self) -> bool {
        self.wins
    }

    pub(crate) fn server() -> Run {
        Run { kind: Kind::Server, wins: false }
    }

    pub(crate) fn stamped() -> Run {
        Run { kind: Kind::Stamped, wins: false }
    }

    /// Over the columns of its inputs.
    pub(crate) fn run(&self, inputs: &[ArrayRef], rows: usize) -> Result<Fields> {
        let columns = inputs.iter().map(Column::new).collect::<Result<Vec<_>>>()?;
        let mut out = Fields { rows: Vec::with_capacity(rows) };
        for row in 0..rows {
            let mut fields = Vec::new();
            match &self.kind {
                Kind::Lookup(index) => index.find(&columns, row, &mut fields),
                Kind::Defined(lookup) => lookup.find(&columns, row, &mut fields),
                Kind::Stamped => stamped::of_time(&columns, row, &mut fields),
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
        Kind::Pairs { regex, name, value, multi } => {
            let found = regex.named(text, true).map_err(DataFusionError::Execution)?;
            pairs_of(&found, name, value, *multi, &mut push);
        }
        Kind::Format { regex, given, all, multi } => {
            let found = regex.named(text, *all).map_err(DataFusionError::Execution)?;
            formatted(&found, given, *multi, &mut push);
        }
        Kind::Other(How::Kv { pair, eq }) => pairs(text, pair, eq, &mut push),
        Kind::Other(How::SplitPairs { pair, eq, multi }) => {
            split_pairs(text, pair, eq, *multi, &mut push);
        }
        Kind::Other(How::Split { by, names }) => {
            for (name, value) in names.iter().zip(&split(text, |rest| each_once(rest, by))) {
                push(name, value);
            }
        }
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
        Kind::Server => stamped::of_text(text, &mut push),
        Kind::Other(How::Regex { .. } | How::Pairs { .. } | How::Format { .. })
        | Kind::Lookup(_)
        | Kind::Defined(_)
        | Kind::Stamped => {}
    }
    Ok(())
}

/// Names and values among what the groups of the matches hold, the name first. Names are cleaned as
/// Splunk does; without `multi` the first value of a name counts.
fn pairs_of(
    found: &[(&str, &str)],
    name: &str,
    value: &str,
    multi: bool,
    push: &mut impl FnMut(&str, &str),
) {
    let mut of: Option<String> = None;
    let mut seen: Vec<String> = Vec::new();
    for (group, text) in found {
        if *group == name {
            of = Some(cleaned(text));
        } else if *group == value
            && let Some(of) = of.take()
            && (multi || !seen.contains(&of))
        {
            push(&of, text);
            seen.push(of);
        }
    }
}

/// What the matches give, each of which begins with the group around all of it. Without `multi` the
/// first value of a name counts.
fn formatted(
    found: &[(&str, &str)],
    given: &[(Part, Part)],
    multi: bool,
    push: &mut impl FnMut(&str, &str),
) {
    let first = found.first().map(|(group, _)| *group);
    let mut seen: Vec<String> = Vec::new();
    for groups in found.chunk_by(|_, (group, _)| Some(*group) != first) {
        let held = |part: &Part| match part {
            Part::Text(text) => Some(text.clone()),
            Part::Group(name) => {
                let found = groups.iter().find(|(group, _)| group == name);
                found.map(|(_, text)| (*text).to_owned())
            }
        };
        for (name, value) in given {
            let of = match name {
                Part::Text(name) => Some(name.clone()),
                group @ Part::Group(_) => held(group).map(|name| cleaned(&name)),
            };
            if let (Some(of), Some(value)) = (of, held(value))
                && (multi || !seen.contains(&of))
            {
                push(&of, &value);
                seen.push(of);
            }
        }
    }
}

/// A name with `_` for other signs, and without a leading `_` or digit (transforms.conf, CLEAN_KEYS).
fn cleaned(name: &str) -> String {
    let word = |c: char| if c.is_ascii_alphanumeric() || c == '_' { c } else { '_' };
    let name: String = name.chars().map(word).collect();
    name.trim_start_matches(|c: char| c == '_' || c.is_ascii_digit()).to_owned()
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

/// Pairs between signs of `pair`, however many follow each other, with a sign of `eq` in each.
fn split_pairs(text: &str, pair: &str, eq: &str, multi: bool, push: &mut impl FnMut(&str, &str)) {
    let run = |rest: &str| rest.len() - rest.trim_start_matches(|c| pair.contains(c)).len();
    let mut seen: Vec<String> = Vec::new();
    for item in split(text, run) {
        let Some((name, value)) = item.split_once(|c| eq.contains(c)) else { continue };
        // As between pairs, signs that follow each other are one.
        let value = value.trim_start_matches(|c| eq.contains(c)).trim();
        let bare = value.strip_prefix('"').and_then(|v| v.strip_suffix('"'));
        let (name, value) = (cleaned(name.trim()), bare.unwrap_or(value));
        if !value.is_empty() && (multi || !seen.contains(&name)) {
            push(&name, value);
            seen.push(name);
        }
    }
}

/// How long the signs of `by` are with which a text begins, each counted once.
fn each_once(text: &str, by: &str) -> usize {
    let mut length = 0;
    for c in text.chars() {
        let before = text.get(..length).unwrap_or_default();
        if !by.contains(c) || before.contains(c) {
            break;
        }
        length += c.len_utf8();
    }
    length
}

/// Splits at `by` outside of double quotes.
fn split_quoted(text: &str, by: &str) -> Vec<String> {
    split(text, |rest| if rest.starts_with(by) { by.len() } else { 0 })
}

/// Splits outside of double quotes where `ends` tells of a separator and how long it is; a part that
/// is quoted as a whole loses its quotes.
fn split(text: &str, ends: impl Fn(&str) -> usize) -> Vec<String> {
    let mut out = vec![String::new()];
    let mut rest = text;
    let mut quoted = false;
    while let Some(c) = rest.chars().next() {
        let length = if quoted { 0 } else { ends(rest) };
        if length > 0 {
            out.push(String::new());
            rest = rest.get(length..).unwrap_or_default();
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
            matching: None,
        };
        let run = Run::lookup(&lookup, &table, &davy_plan::Env::default());
        let input: ArrayRef = Arc::new(StringViewArray::from(vec!["ab", "ac", "b"]));
        let fields = run.run(&[input], 3).unwrap();
        let column = davy_plan::Column::new(&fields.column("o")).unwrap();
        assert_eq!(column.get(0).text().as_deref(), Some("exact"));
        assert_eq!(column.get(1).text().as_deref(), Some("star"));
        assert!(column.get(2).is_null());
    }
}
