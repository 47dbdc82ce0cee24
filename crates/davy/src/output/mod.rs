//! Results as a table, JSON, NDJSON or CSV.

mod findings;
mod navigator;
mod report;
mod rows;
mod timeline;

pub(crate) use findings::{Besides, findings, shown_time};
pub(crate) use navigator::navigator;
pub(crate) use report::{Report, report};
pub(crate) use rows::{Format, print, write_objects};
pub(crate) use timeline::timeline;

use crate::exit::Exit;
use crate::settings::usage;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

/// Standard output, or the file that `-o` names.
pub(crate) fn target(path: Option<&Path>) -> io::Result<Box<dyn Write>> {
    Ok(match path {
        Some(path) => Box::new(BufWriter::new(File::create(path)?)),
        None => Box::new(BufWriter::new(io::stdout().lock())),
    })
}

/// Whether writing ended because nobody reads any more, as in `davy … | head`.
pub(crate) fn closed(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::BrokenPipe
}

/// How a command ends whose output was `written` like this, and that may have left something undone.
pub(crate) fn ended(written: io::Result<()>, incomplete: bool) -> Exit {
    match written {
        Err(e) if !closed(&e) => usage(&format!("cannot write: {e}")),
        _ if incomplete => Exit::Incomplete,
        _ => Exit::Done,
    }
}

/// A number of things in words: `1 file`, `2 files`.
pub(crate) fn counted(n: usize, thing: &str) -> String {
    format!("{n} {thing}{}", if n == 1 { "" } else { "s" })
}

/// Prints a text; that nobody reads any more is no failure.
pub(crate) fn say(text: &str) -> Exit {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(e) if !closed(&e) => {
            tell!("davy: cannot write: {e}");
            Exit::Incomplete
        }
        _ => Exit::Done,
    }
}
