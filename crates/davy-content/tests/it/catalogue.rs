//! A real catalogue, where one is at hand.

use davy_content::{Attack, InputFile, builtin_pack, load, validate, validate_knowledge};
use davy_diag::{Diagnostics, SourceMap, render};
use std::path::{Path, PathBuf};

fn root() -> Option<PathBuf> {
    let given = std::env::var_os("DAVY_SHARED").map(PathBuf::from);
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let root = given.unwrap_or(beside).join("reference/escu");
    root.is_dir().then_some(root)
}

fn walk(dir: &Path, out: &mut Vec<InputFile>) {
    let mut entries: Vec<_> = std::fs::read_dir(dir).unwrap().map(|e| e.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            walk(&path, out);
        } else if path.extension().is_some_and(|e| e == "yml") {
            let text = std::fs::read_to_string(&path).unwrap();
            out.push(InputFile { path: path.to_string_lossy().into_owned(), text });
        }
    }
}

#[test]
fn a_whole_catalogue_loads_and_keeps_the_rules() {
    let Some(root) = root() else {
        eprintln!("SKIPPED: no catalogue; set DAVY_SHARED to the folder that holds reference/escu");
        return;
    };
    let mut files = Vec::new();
    walk(&root, &mut files);
    let (mut sources, mut diags) = (SourceMap::default(), Diagnostics::default());
    let mut content = load(builtin_pack(), &mut sources, &mut diags);
    let catalogue = load(files, &mut sources, &mut diags);
    let detections = catalogue.detections().len();
    content.layer(catalogue);
    let show = |diags: &Diagnostics| -> String {
        let errors = diags.list().iter().filter(|d| d.severity == davy_diag::Severity::Error);
        errors.take(20).map(|d| render::text(&sources, d, false)).collect()
    };
    assert_eq!(diags.errors(), 0, "{}", show(&diags));
    assert!(detections >= 1306, "{detections} detections");
    assert_eq!(content.data_sources().len(), 205);
    assert_eq!(content.stories().len(), 261);
    // Every place in a search leads back to the same text in its file, or to a part that YAML
    // writes in another way.
    let lost: Vec<_> = content
        .detections()
        .iter()
        .filter(|d| sources.file(d.search.span.file).pieces.is_empty())
        .map(|d| &d.path)
        .collect();
    assert!(lost.is_empty(), "{lost:?}");
    let attack = Attack::builtin();
    let mut found = Diagnostics::default();
    for d in content.detections() {
        validate(&content, d, &attack, &mut found);
    }
    validate_knowledge(&content, &mut found);
    assert_eq!(found.errors(), 0, "{}", show(&found));
}
