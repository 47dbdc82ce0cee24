//! `davy spl check`: every mistake of searches at once, and what Splunk lets pass.

use super::texts::{self, Opened, Text};
use crate::content::Loaded;
use crate::exit::Exit;
use crate::output::say;
use clap::{Args, ValueEnum};
use davy_diag::{Diagnostic, Diagnostics, FileId, Severity, SourceMap, render, sarif};
use davy_plan::Knowledge;
use serde_json::json;
use std::collections::HashSet;
use std::io::IsTerminal;
use std::path::Path;

/// Finds the mistakes in searches without running them, and warns of what is often regretted.
///
/// Status 0: no errors (there may be warnings); 1: errors; 2: nothing could be checked.
#[derive(Args)]
pub(crate) struct Arguments {
    /// Files of SPL, detections as YAML, saved searches (`.conf`), or folders of these; `-` is SPL
    /// on standard input.
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<String>,
    /// A folder of content whose macros the searches may use. May be repeated.
    #[arg(long, value_name = "DIR")]
    content: Vec<String>,
    #[arg(long, value_enum, default_value = "text")]
    format: Shape,
    /// Show errors only.
    #[arg(long)]
    no_warnings: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Shape {
    Text,
    Json,
    /// For code hosts.
    Sarif,
}

pub(crate) fn run(args: Arguments) -> Exit {
    match check(args) {
        Ok(exit) | Err(exit) => exit,
    }
}

fn check(args: Arguments) -> Result<Exit, Exit> {
    let opened = texts::open(&args.paths, &args.content)?;
    let unread = unread(&opened);
    let Opened { loaded, texts, garbled, .. } = &opened;
    if texts.is_empty() && unread.is_empty() {
        return Err(crate::settings::usage("no searches there"));
    }
    let checked = all(loaded, texts);
    let mut shown: Vec<(&SourceMap, &Diagnostic)> =
        garbled.sorted().into_iter().chain(unread).map(|d| (&loaded.sources, d)).collect();
    shown.extend(checked.iter().flat_map(|part| {
        part.found.iter().flat_map(|found| found.sorted()).map(|d| (&part.sources, d))
    }));
    shown.retain(|(_, d)| !args.no_warnings || d.severity == Severity::Error);
    let errors = shown.iter().filter(|(_, d)| d.severity == Severity::Error).count();
    let warnings = shown.iter().filter(|(_, d)| d.severity == Severity::Warning).count();
    let said = match args.format {
        Shape::Text => {
            let color = std::io::stdout().is_terminal();
            let mut out: String = shown.iter().map(|(s, d)| render::text(s, d, color)).collect();
            out.push_str(&format!(
                "{}, {}, {}\n",
                count(texts.len(), "search", "searches"),
                count(errors, "error", "errors"),
                count(warnings, "warning", "warnings"),
            ));
            say(&out)
        }
        Shape::Json => {
            let list: Vec<_> = shown.iter().map(|(s, d)| render::json(s, d)).collect();
            let all = json!({
                "searches": texts.len(), "errors": errors, "warnings": warnings,
                "diagnostics": list,
            });
            say(&format!("{all:#}\n"))
        }
        Shape::Sarif => say(&format!("{:#}\n", sarif("davy", env!("CARGO_PKG_VERSION"), shown))),
    };
    Ok(if errors > 0 { Exit::Incomplete } else { said })
}

fn count(n: usize, one: &str, many: &str) -> String {
    format!("{n} {}", if n == 1 { one } else { many })
}

/// What is wrong with checked files that are no content at all, so that no search was found there.
fn unread(opened: &Opened) -> Vec<&Diagnostic> {
    let sources = &opened.loaded.sources;
    let read: HashSet<FileId> =
        opened.texts.iter().map(|t| sources.origin(t.file.span(0..1)).0.file).collect();
    let errors = opened.loaded.diags.sorted().into_iter().filter(|d| d.severity == Severity::Error);
    errors
        .filter(|d| {
            d.primary.as_ref().is_some_and(|label| {
                let file = sources.origin(label.span).0.file;
                let path = Path::new(&sources.file(file).name);
                !read.contains(&file) && opened.wanted.contains(&texts::canonical(path))
            })
        })
        .collect()
}

/// The mistakes of a share of the searches, with the texts that they point into.
pub(super) struct Part {
    sources: SourceMap,
    pub(super) found: Vec<Diagnostics>,
}

/// Checks the searches, in as many threads as there are cores.
pub(super) fn all(loaded: &Loaded, texts: &[Text]) -> Vec<Part> {
    let threads = std::thread::available_parallelism().map_or(1, |n| n.get()).min(16);
    let share = texts.len().div_ceil(threads).max(1);
    let one = |texts: &[Text]| {
        let mut sources = loaded.sources.clone();
        // Macros that ship with the data models count too, as they do in a run.
        let knowledge = loaded.knowledge();
        let macros = knowledge.macros();
        let found = texts
            .iter()
            .map(|text| {
                let mut diags = Diagnostics::default();
                let fields = text.fields.as_deref();
                davy_plan::check(&mut sources, text.file, macros, fields, &mut diags);
                diags
            })
            .collect();
        Part { sources, found }
    };
    if texts.len() < 2 * threads {
        return vec![one(texts)];
    }
    std::thread::scope(|scope| {
        let handles: Vec<_> =
            texts.chunks(share).map(|part| scope.spawn(move || one(part))).collect();
        handles
            .into_iter()
            .map(|handle| match handle.join() {
                Ok(part) => part,
                Err(panic) => std::panic::resume_unwind(panic),
            })
            .collect()
    })
}
