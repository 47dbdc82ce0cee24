//! Every search of a catalogue of detections, where one lies next to the workspace.

use crate::support::{Commands, Defs, read_with};
use davy_diag::{Diagnostics, SourceMap, render};
use davy_spl::{MacroDef, Macros, format, parse};
use serde::Deserialize;
use std::path::{Path, PathBuf};

#[derive(Deserialize)]
struct MacroFile {
    name: String,
    #[serde(default)]
    arguments: Vec<String>,
    definition: String,
}

#[derive(Deserialize)]
struct SearchFile {
    name: String,
    search: Option<String>,
}

/// The catalogue's macros; a `_filter` that no file defines is `search *`.
struct CatalogueMacros(Defs);

impl Macros for CatalogueMacros {
    fn find(&self, name: &str, argc: usize) -> Option<MacroDef> {
        self.0.find(name, argc).or_else(|| {
            (argc == 0 && name.ends_with("_filter")).then(|| MacroDef {
                name: name.to_owned(),
                args: Vec::new(),
                definition: "search *".to_owned(),
                source: None,
                iseval: false,
                validation: None,
            })
        })
    }

    fn names(&self) -> Vec<String> {
        self.0.names()
    }
}

fn catalogue() -> Option<PathBuf> {
    let folder = match std::env::var_os("DAVY_SHARED") {
        Some(folder) => PathBuf::from(folder),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..").join("shared"),
    };
    Some(folder.join("reference").join("escu")).filter(|f| f.is_dir())
}

fn yaml_files(folder: &Path, found: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let path = entry.path();
        if path.is_dir() {
            yaml_files(&path, found);
        } else if path.extension().is_some_and(|e| e == "yml") {
            found.push(path);
        }
    }
}

pub(crate) fn searches() -> Option<(Vec<(String, String)>, impl Macros)> {
    let Some(root) = catalogue() else {
        eprintln!("SKIPPED: no catalogue of detections (set DAVY_SHARED to its folder)");
        return None;
    };
    let mut files = Vec::new();
    yaml_files(&root.join("macros"), &mut files);
    let mut defs = Defs::default();
    for file in &files {
        let text = std::fs::read_to_string(file).unwrap();
        let file: MacroFile = serde_saphyr::from_str(&text).unwrap();
        let args: Vec<&str> = file.arguments.iter().map(String::as_str).collect();
        defs = defs.with(&file.name, &args, &file.definition);
    }
    // Two macros that the common add-ons define.
    defs = defs.with("drop_dm_object_name", &["object"], "rename \"$object$.*\" as *").with(
        "cim_corporate_web_domain_search",
        &["field"],
        "$field$=\"*.example.com\"",
    );
    let mut files = Vec::new();
    yaml_files(&root.join("detections"), &mut files);
    yaml_files(&root.join("baselines"), &mut files);
    files.sort();
    let searches = files
        .iter()
        .filter_map(|path| {
            let text = std::fs::read_to_string(path).unwrap();
            let file: SearchFile = serde_saphyr::from_str(&text).unwrap();
            Some((file.name, file.search?))
        })
        .collect();
    Some((searches, CatalogueMacros(defs)))
}

#[test]
fn every_search_parses_and_keeps_its_tree_when_laid_out() {
    let Some((searches, macros)) = searches() else { return };
    assert!(searches.len() > 1000);
    let mut bad = Vec::new();
    for (name, search) in &searches {
        let read = read_with(search, &macros);
        if read.diags.has_errors() {
            bad.push(format!("{name}\n{}", read.messages()));
            continue;
        }
        let text = format(&read.pipeline);
        let mut sources = SourceMap::default();
        let mut diags = Diagnostics::default();
        let file = sources.add("layout", text.as_str());
        let again = parse(&sources, file, &Commands, &mut diags);
        if let Some(first) = diags.sorted().first().filter(|_| diags.has_errors()) {
            bad.push(format!("{name}: layout\n{}", render::text(&sources, first, false)));
        } else if again != read.pipeline {
            bad.push(format!("{name}: another tree\n{search}\n{text}"));
        } else if format(&again) != text {
            bad.push(format!("{name}: not stable\n{text}"));
        }
    }
    assert!(bad.is_empty(), "{} of {}:\n{}", bad.len(), searches.len(), bad.join("\n"));
}
