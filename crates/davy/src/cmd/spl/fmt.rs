//! `davy spl fmt`: searches in the one layout.

use super::texts;
use crate::content;
use crate::exit::Exit;
use crate::output::say;
use crate::settings::usage;
use clap::Args;
use davy_diag::{Diagnostics, SourceMap};
use davy_plan::CommandGrammars;
use std::path::{Path, PathBuf};

/// Lays searches out: a command a line, macros as written, comments before their command.
#[derive(Args)]
pub(crate) struct Arguments {
    /// Files of SPL, detections as YAML, or folders of both; `-`, or nothing, is standard input.
    #[arg(value_name = "PATH")]
    paths: Vec<String>,
    /// Change nothing; name the files that are laid out otherwise and end with status 1.
    #[arg(long)]
    check: bool,
    /// Write the layout into the files.
    #[arg(long, conflicts_with = "check")]
    write: bool,
}

pub(crate) fn run(args: Arguments) -> Exit {
    match lay_out(args) {
        Ok(exit) | Err(exit) => exit,
    }
}

fn lay_out(args: Arguments) -> Result<Exit, Exit> {
    let mut exit = Exit::Done;
    if args.paths.is_empty() || args.paths == ["-"] {
        let read = texts::stdin()?;
        let Some(laid) = one("standard input", &read, false) else { return Ok(Exit::Incomplete) };
        return Ok(match args.check {
            true if laid != read.text => Exit::Incomplete,
            true => Exit::Done,
            false => say(&laid),
        });
    }
    let mut files: Vec<PathBuf> = Vec::new();
    for path in &args.paths {
        texts::walk(Path::new(path), &mut files).map_err(|e| usage(&format!("{path}: {e}")))?;
    }
    // Saved searches below a folder are laid out by no one else than who wrote the file.
    files.retain(|f| !texts::is_conf(f) || args.paths.iter().any(|p| Path::new(p) == f));
    for path in files {
        let read = texts::text_of(&path)?;
        let Some(laid) = one(&path.display().to_string(), &read, texts::is_yaml(&path)) else {
            exit = exit.max(Exit::Incomplete);
            continue;
        };
        if args.check || args.write {
            if laid == read.text {
                continue;
            }
            exit = exit.max(say(&format!("{}\n", path.display())));
            if args.check {
                exit = exit.max(Exit::Incomplete);
            } else if let Err(e) = std::fs::write(&path, laid) {
                tell!("davy: {}: {e}", path.display());
                exit = exit.max(Exit::Incomplete);
            }
        } else {
            exit = exit.max(say(&laid));
        }
    }
    Ok(exit)
}

/// The text laid out; its mistakes are shown. A YAML file without a search stays as it is.
fn one(name: &str, read: &texts::Bytes, yaml: bool) -> Option<String> {
    let text = read.text.as_str();
    let mut sources = SourceMap::default();
    let mut diags = Diagnostics::default();
    // Written back, the other bytes would be lost.
    if let Some(place) = read.garbled.clone() {
        let file = sources.add(name, text);
        diags.push(texts::not_utf8(file, place));
        content::show(&sources, &diags, false);
        return None;
    }
    let laid = if yaml {
        match davy_content::search_of(name, text, &mut sources, &mut diags) {
            Some(search) => {
                let file = search.span.file;
                let laid =
                    davy_spl::format_source(&mut sources, file, &CommandGrammars, &mut diags);
                laid.and_then(|laid| davy_content::with_search(text, &search.value, &laid))
            }
            None if diags.has_errors() => None,
            None => Some(text.to_owned()),
        }
    } else {
        let file = sources.add(name, text);
        davy_spl::format_source(&mut sources, file, &CommandGrammars, &mut diags)
    };
    if laid.is_none() {
        if !diags.has_errors() {
            tell!("davy: {name}: the search cannot be replaced in this YAML");
        }
        content::show(&sources, &diags, false);
    }
    laid
}
