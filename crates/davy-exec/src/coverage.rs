//! Which of the fields that a data source is said to have are produced from an example of it.

use crate::files::{FileSource, Input, Place};
use crate::prepared::prepare;
use crate::run::Search;
use crate::session::{RunError, Session};
use davy_events::{Meta, Options};
use davy_plan::{Env, FieldSet, Knowledge, rows_of};
use std::sync::Arc;

/// The example of a data source.
#[derive(Debug, Clone, Copy)]
pub struct Example<'a> {
    pub text: &'a str,
    pub source: &'a str,
    pub sourcetype: &'a str,
    /// The fields that it is said to have.
    pub fields: &'a [String],
}

/// A fixed clock, so that the result is the same every day.
const NOW: f64 = 1_777_896_000.0;

/// The listed fields that have a value in some event of the example, and those that have none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Coverage {
    pub events: usize,
    /// With the values of the first event that has any.
    pub produced: Vec<(String, Vec<String>)>,
    pub missing: Vec<String>,
}

/// Reads the example with its source and sourcetype and looks for its fields.
pub fn coverage(
    session: &Session,
    knowledge: &dyn Knowledge,
    example: Example<'_>,
) -> Result<Coverage, RunError> {
    let prepared = prepare("coverage", "search *", knowledge.macros());
    let input = Input {
        place: Place::Bytes(Arc::from(example.text.as_bytes())),
        meta: Meta {
            source: Some(example.source.to_owned()),
            sourcetype: Some(example.sourcetype.to_owned()),
            host: Some("example".to_owned()),
            name: example.source.to_owned(),
            // Times without a year are of the last twelve months.
            now: NOW,
            ..Meta::default()
        },
    };
    let search = Search {
        prepared: &prepared,
        env: Arc::new(Env { now: NOW, earliest: f64::NEG_INFINITY, ..Env::default() }),
        source: Some(Arc::new(FileSource::new(vec![input], Options::default()))),
        knowledge,
        out: FieldSet::of(example.fields.iter().cloned()),
    };
    let answer = session.run(&search)?;
    let rows = rows_of(&answer.schema, &answer.batches)?;
    let mut out = Coverage { events: rows.rows.len(), ..Coverage::default() };
    for field in example.fields {
        let at = rows.column(field);
        let values = at.into_iter().flat_map(|at| rows.rows.iter().filter_map(move |r| r.get(at)));
        match values.into_iter().find(|v| !v.is_null()) {
            Some(value) => {
                let values = value.values().into_iter().map(|v| v.into_owned()).collect();
                out.produced.push((field.clone(), values));
            }
            None => out.missing.push(field.clone()),
        }
    }
    Ok(out)
}

/// Whether the example holds an event to its end.
pub fn whole(text: &str) -> bool {
    let text = text.trim();
    if text.starts_with("<Event") {
        return text.ends_with("</Event>");
    }
    match text.starts_with('{') {
        true => text.ends_with('}'),
        // Of some classic Windows events only the first line, a date, is left.
        false => text.len() > 30,
    }
}
