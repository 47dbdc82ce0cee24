//! Searches over events with add-ons and data models applied.

// A test may end in a panic; helpers outside `#[test]` functions are not told apart.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod chain;
mod coverage;
mod devices;
mod find;
mod growing;
mod join;
mod kinds;
mod knowledge;
mod large;
mod many;
mod narrow;
mod stopped;

use davy_diag::Diagnostics;
use davy_events::{Meta, Options};
use davy_exec::{Config, FileSource, Input, Place, Search, Session, prepare};
use davy_knowledge::{Base, Text};
use davy_plan::{Env, FieldSet, Knowledge, Rows, rows_of};
use davy_spl::Macros;
use std::sync::Arc;

/// Knowledge that is only a base.
pub(crate) struct Only(pub(crate) Arc<Base>);

impl Knowledge for Only {
    fn macros(&self) -> &dyn Macros {
        self.0.as_ref()
    }

    fn lookup(&self, _: &str) -> Option<Rows> {
        None
    }

    fn lookup_names(&self) -> Vec<String> {
        Vec::new()
    }

    fn saved_search(&self, _: &str) -> Option<String> {
        None
    }

    fn base(&self) -> Option<&Arc<Base>> {
        Some(&self.0)
    }
}

/// A base of one add-on and one model.
pub(crate) fn base(addon: &str, model: &str) -> Arc<Base> {
    let text = |name: &str, text: &str| Text { name: name.into(), text: text.into() };
    let texts = [text("addons/a.yml", addon), text("models/m.yml", model)];
    let mut diags = Diagnostics::default();
    let base = Base::of(if model.is_empty() { &texts[..1] } else { &texts }, &mut diags);
    assert!(diags.is_empty(), "{:?}", diags.list());
    Arc::new(base)
}

/// The rows of a search over texts, each with its source and sourcetype, cell by cell.
pub(crate) fn run(
    base: &Arc<Base>,
    inputs: &[(&str, &str, &str)],
    search: &str,
) -> Vec<Vec<(String, Vec<String>)>> {
    let knowledge = Only(base.clone());
    let prepared = prepare("search", search, knowledge.macros());
    assert!(!prepared.diags.has_errors(), "{search}: {:?}", prepared.diags.list());
    let inputs = inputs
        .iter()
        .map(|(source, sourcetype, text)| Input {
            place: Place::Bytes(Arc::from(text.as_bytes())),
            meta: Meta {
                source: (!source.is_empty()).then(|| source.to_string()),
                sourcetype: (!sourcetype.is_empty()).then(|| sourcetype.to_string()),
                name: "events".into(),
                ..Meta::default()
            },
        })
        .collect();
    let source = FileSource::new(inputs, Options::default());
    let session = Session::new(Config { partitions: 1, ..Config::default() }).unwrap();
    let answer = session
        .run(&Search {
            prepared: &prepared,
            env: Arc::new(Env::default()),
            source: Some(Arc::new(source)),
            knowledge: &knowledge,
            out: FieldSet::all(),
        })
        .unwrap_or_else(|e| panic!("{search}: {e:?}"));
    let rows = rows_of(&answer.schema, &answer.batches).unwrap();
    rows.rows
        .iter()
        .map(|row| {
            rows.names
                .iter()
                .zip(row)
                .filter(|(_, v)| !v.is_null())
                .map(|(n, v)| (n.clone(), v.values().iter().map(|s| s.to_string()).collect()))
                .collect()
        })
        .collect()
}

/// As [`run`], each row as `name=value` texts.
pub(crate) fn lines(base: &Arc<Base>, inputs: &[(&str, &str, &str)], search: &str) -> Vec<String> {
    run(base, inputs, search)
        .into_iter()
        .map(|row| {
            let cells: Vec<String> =
                row.into_iter().map(|(n, v)| format!("{n}={}", v.join("|"))).collect();
            cells.join(" ")
        })
        .collect()
}
