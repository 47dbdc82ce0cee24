//! How many of the fields that published data sources list are produced from their examples.
//!
//! Needs a checkout of the published content: `DAVY_SHARED`, or `../shared` beside the workspace.

use crate::Only;
use davy_diag::Diagnostics;
use davy_exec::{Config, Example, Session, coverage, whole};
use davy_knowledge::Base;
use serde::Deserialize;
use std::path::PathBuf;
use std::sync::Arc;

#[derive(Deserialize)]
struct DataSource {
    #[serde(default)]
    source: String,
    #[serde(default)]
    sourcetype: String,
    #[serde(default)]
    fields: Vec<String>,
    example_log: Option<String>,
}

/// The folder of data sources, if it is there.
fn folder() -> Option<PathBuf> {
    let root = std::env::var("DAVY_SHARED")
        .map(PathBuf::from)
        .unwrap_or_else(|_| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared"));
    let folder = root.join("reference/escu/data_sources");
    folder.is_dir().then_some(folder)
}

#[test]
fn published_data_sources_have_their_fields() {
    let Some(folder) = folder() else {
        eprintln!("SKIPPED: no data sources; set DAVY_SHARED");
        return;
    };
    let mut diags = Diagnostics::default();
    let base = Arc::new(Base::load(&[], &mut diags));
    assert!(diags.is_empty(), "{:?}", diags.list());
    let knowledge = Only(base);
    let session = Session::new(Config { partitions: 1, ..Config::default() }).unwrap();
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().flatten().map(|e| e.path()).collect();
    files.sort();
    let (mut expected, mut produced) = (0, 0);
    let mut seen = 0;
    for file in files.iter().filter(|f| f.extension().is_some_and(|e| e == "yml")) {
        let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(file).unwrap();
        let source: DataSource = match serde_saphyr::from_str(&text) {
            Ok(source) => source,
            Err(e) => {
                eprintln!("{name}: {e}");
                continue;
            }
        };
        let Some(log) = source.example_log.filter(|_| !source.fields.is_empty()) else { continue };
        let clean = |s: &str| s.trim_matches('"').to_owned();
        let (from, kind) = (clean(&source.source), clean(&source.sourcetype));
        let example =
            Example { text: &log, source: &from, sourcetype: &kind, fields: &source.fields };
        let got = coverage(&session, &knowledge, example).unwrap_or_else(|e| panic!("{name}: {e}"));
        let cut = if whole(&log) { "" } else { " (cut short)" };
        if cut.is_empty() {
            expected += source.fields.len();
            produced += got.produced.len();
        }
        seen += 1;
        eprintln!(
            "{name}: {} of {}{cut}{}",
            got.produced.len(),
            source.fields.len(),
            match got.missing.is_empty() {
                true => String::new(),
                false => format!("; missing {}", got.missing.join(", ")),
            }
        );
    }
    assert!(seen > 150, "only {seen} data sources were read");
    let share = produced as f64 / expected as f64;
    eprintln!("{produced} of {expected} fields: {:.2} %", share * 100.0);
    assert!(share >= 0.98, "{produced} of {expected} fields are produced");
}
