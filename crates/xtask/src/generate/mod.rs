//! The generated files: what they hold, and whether those on disk are current.

mod catalogue;
mod cli;
mod codes;
mod spl;

pub(crate) use catalogue::catalogue;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Texts by path below the workspace.
type Files = BTreeMap<PathBuf, String>;

/// Folders in which every file is generated, so that one that is not made any more must go.
const OWNED: &[&str] = &["docs/spl"];

const NOTICE: &str = "<!-- Made by `cargo xtask gen`; changes here are lost. -->\n\n";

fn all() -> Files {
    let mut files = Files::new();
    spl::files(&mut files);
    files.insert("docs/CODES.md".into(), codes::page());
    files.insert("docs/CLI.md".into(), cli::page());
    for text in files.values_mut() {
        text.insert_str(0, NOTICE);
    }
    files
}

pub(crate) fn write(root: &Path) -> Result<(), String> {
    let files = all();
    for path in stale(root, &files)? {
        let full = root.join(&path);
        let done = match files.get(&path) {
            Some(text) => full
                .parent()
                .map_or(Ok(()), std::fs::create_dir_all)
                .and_then(|()| std::fs::write(&full, text)),
            None => std::fs::remove_file(&full),
        };
        done.map_err(|e| format!("{}: {e}", path.display()))?;
        println!("{}", path.display());
    }
    Ok(())
}

pub(crate) fn check(root: &Path) -> Result<(), String> {
    let stale = stale(root, &all())?;
    if stale.is_empty() {
        return Ok(());
    }
    let names: Vec<String> = stale.iter().map(|p| format!("    {}", p.display())).collect();
    Err(format!("not current:\n{}\nrun `cargo xtask gen`", names.join("\n")))
}

/// The files that differ, are missing, or are not made any more.
fn stale(root: &Path, files: &Files) -> Result<Vec<PathBuf>, String> {
    let differs = |(path, text): (&PathBuf, &String)| {
        let old = std::fs::read_to_string(root.join(path)).ok();
        (old.as_ref() != Some(text)).then(|| path.clone())
    };
    let mut out: Vec<PathBuf> = files.iter().filter_map(differs).collect();
    for folder in OWNED {
        let mut there = Vec::new();
        crate::tidy::walk(&root.join(folder), &mut there);
        for path in there {
            let path = path.strip_prefix(root).map_err(|e| e.to_string())?.to_path_buf();
            if !files.contains_key(&path) {
                out.push(path);
            }
        }
    }
    Ok(out)
}
