//! What the compiler and clippy do not look at.

mod edges;
mod files;

use std::path::{Path, PathBuf};

pub(crate) fn run(root: &Path) -> Result<(), String> {
    let mut found = files::check(root);
    found.extend(edges::check(root)?);
    let errors = found.iter().filter(|f| f.fails).count();
    for finding in &found {
        let word = if finding.fails { "error" } else { "warning" };
        println!("{word}: {}", finding.text);
    }
    if errors > 0 { Err(format!("{errors} errors")) } else { Ok(()) }
}

struct Finding {
    fails: bool,
    text: String,
}

impl Finding {
    fn error(text: String) -> Finding {
        Finding { fails: true, text }
    }

    fn warning(text: String) -> Finding {
        Finding { fails: false, text }
    }
}

/// The files below a folder, in order of their names.
pub(crate) fn walk(folder: &Path, out: &mut Vec<PathBuf>) {
    let Ok(read) = std::fs::read_dir(folder) else { return };
    let mut children: Vec<PathBuf> = read.flatten().map(|e| e.path()).collect();
    children.sort();
    for child in children {
        let name = child.file_name().map(|n| n.to_string_lossy().into_owned());
        if child.is_dir() {
            if name.is_some_and(|n| n != "target" && !n.starts_with('.')) {
                walk(&child, out);
            }
        } else {
            out.push(child);
        }
    }
}
