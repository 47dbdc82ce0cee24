//! Automatic lookups: tables by the columns that are matched.

use davy_knowledge::{LookupUse, Matching, Table, wild};
use davy_plan::{Column, Env, LookupIndex, LookupOptions, LookupTable, MatchType, Rows, Val};
use std::collections::HashMap;
use std::sync::Arc;

/// A lookup table by the columns that are matched; values are compared without regard to case, and
/// a `*` in the table stands for anything.
pub(super) struct Index {
    exact: HashMap<Vec<String>, usize>,
    patterns: Vec<(Vec<String>, usize)>,
    /// (field, values by row)
    out: Vec<(Arc<str>, Vec<String>)>,
}

impl Index {
    pub(super) fn new(lookup: &LookupUse, table: &Table) -> Index {
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
        index.out = outputs(lookup, table);
        index
    }

    pub(super) fn find(&self, columns: &[Column], row: usize, out: &mut Vec<(String, String)>) {
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

/// The values of each field that is given, by row.
fn outputs(lookup: &LookupUse, table: &Table) -> Vec<(Arc<str>, Vec<String>)> {
    let mut out = Vec::new();
    for (column, field) in &lookup.out {
        let Some(column) = table.column(column) else { continue };
        let values = table.rows.iter().map(|r| r.get(column).cloned().unwrap_or_default());
        out.push((field.clone(), values.collect()));
    }
    out
}

/// A lookup whose definition says how its rows are found: transforms.conf, as for the command.
pub(super) struct Defined {
    index: LookupIndex,
    /// How many inputs are matched; one more is the event's time.
    keys: usize,
    out: Vec<(Arc<str>, Vec<String>)>,
    min: usize,
    default: Option<String>,
}

impl Defined {
    pub(super) fn new(
        lookup: &LookupUse,
        matching: &Matching,
        table: &Table,
        env: &Env,
    ) -> Defined {
        let usual = LookupOptions::default();
        let by_time = matching.time_field.is_some();
        let options = LookupOptions {
            case_sensitive: matching.case_sensitive,
            match_types: matching.match_types.iter().flat_map(|t| MatchType::parse(t)).collect(),
            min_matches: matching.min,
            // Where rows are found by time, one is enough.
            max_matches: match matching.max {
                0 if by_time => 1,
                0 => usual.max_matches,
                max => max,
            },
            default_match: matching.default.clone(),
            time_field: matching.time_field.clone(),
            time_format: matching.time_format.clone(),
            filter: None,
            offsets: (
                matching.offsets.0.unwrap_or(usual.offsets.0),
                matching.offsets.1.unwrap_or(usual.offsets.1),
            ),
        };
        let columns: Vec<usize> =
            lookup.on.iter().map(|(c, _)| table.column(c).unwrap_or(usize::MAX)).collect();
        let cell = |c: &String| if c.is_empty() { Val::Null } else { Val::str(c.clone()) };
        let rows = table.rows.iter().map(|row| row.iter().map(cell).collect()).collect();
        let table_rows = LookupTable::new(Rows { names: table.names.clone(), rows }, options);
        Defined {
            index: LookupIndex::new(&table_rows, &columns, env),
            keys: columns.len(),
            out: outputs(lookup, table),
            min: matching.min,
            default: matching.default.clone(),
        }
    }

    pub(super) fn find(&self, columns: &[Column], row: usize, out: &mut Vec<(String, String)>) {
        let mut texts = Vec::with_capacity(self.keys);
        for column in columns.iter().take(self.keys) {
            match column.get(row).text() {
                Some(text) => texts.push(text.into_owned()),
                None => return,
            }
        }
        let time = columns.get(self.keys).and_then(|column| column.get(row).num());
        let keys: Vec<&str> = texts.iter().map(String::as_str).collect();
        let found = self.index.find(&keys, time);
        if found.len() < self.min
            && let Some(default) = &self.default
        {
            out.extend(self.out.iter().map(|(field, _)| (field.to_string(), default.clone())));
            return;
        }
        for (field, values) in &self.out {
            let held = found.iter().filter_map(|at| values.get(*at as usize));
            out.extend(held.filter(|v| !v.is_empty()).map(|v| (field.to_string(), v.clone())));
        }
    }
}
