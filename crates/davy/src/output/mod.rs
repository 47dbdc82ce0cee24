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
use std::path::{Path, PathBuf};

/// Standard output, or the file that `-o` names; `-` is standard output too.
pub(crate) fn target(path: Option<&Path>) -> io::Result<Box<dyn Write>> {
    Ok(match path.filter(|path| !is_stdout(path)) {
        Some(path) => Box::new(BufWriter::new(File::create(path)?)),
        None => Box::new(BufWriter::new(io::stdout().lock())),
    })
}

pub(crate) fn is_stdout(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// Writes to a target; an error names it.
pub(crate) fn write_to(
    path: Option<&Path>,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    let written = target(path).and_then(|mut out| write(&mut *out));
    written.map_err(|e| match closed(&e) {
        true => io::ErrorKind::BrokenPipe.into(),
        false => io::Error::other(format!("{}: {e}", name(path))),
    })
}

fn name(path: Option<&Path>) -> String {
    match path.filter(|path| !is_stdout(path)) {
        Some(path) => path.display().to_string(),
        None => "standard output".to_owned(),
    }
}

/// Looks at the files that are to be written, each with its flag, before there is anything to
/// write: what takes an hour must not be lost to a slip of the hand.
pub(crate) fn check_targets(targets: &[(&str, Option<&Path>)]) -> Result<(), Exit> {
    let mut known: Vec<(PathBuf, &str)> = Vec::new();
    for (flag, path) in targets {
        let wrong = |why: &str| usage(&format!("{flag} {}: {why}", name(*path)));
        let place = match path.filter(|path| !is_stdout(path)) {
            None => PathBuf::from("-"),
            Some(path) => writable(path).map_err(|why| wrong(&why))?,
        };
        // Such as /dev/null, which takes it all.
        let swallows = std::fs::metadata(&place).is_ok_and(|meta| !meta.is_file());
        if let Some((_, other)) = known.iter().find(|(known, _)| *known == place && !swallows) {
            return Err(wrong(&format!("{other} goes there too; name another file")));
        }
        known.push((place, flag));
    }
    Ok(())
}

/// The place of a file that can be written, without links.
fn writable(path: &Path) -> Result<PathBuf, String> {
    let cannot = |e: io::Error| format!("cannot be written: {e}");
    match std::fs::metadata(path) {
        Ok(meta) if meta.is_dir() => Err("this is a folder; name a file in it".to_owned()),
        Ok(meta) => {
            // To open a pipe waits for who reads it.
            if meta.is_file() {
                File::options().append(true).open(path).map_err(cannot)?;
            }
            path.canonicalize().map_err(cannot)
        }
        Err(_) => {
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
            let folder = folder.unwrap_or(Path::new("."));
            if !folder.is_dir() {
                return Err(format!("there is no folder {}; make it first", folder.display()));
            }
            File::create(path).map_err(cannot)?;
            let place = path.canonicalize().map_err(cannot)?;
            std::fs::remove_file(path).map_err(cannot)?;
            Ok(place)
        }
    }
}

/// Whether writing ended because nobody reads any more, as in `davy … | head`.
pub(crate) fn closed(error: &io::Error) -> bool {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<csv::Error>());
    match inner.map(csv::Error::kind) {
        // It is hidden in an error of another kind.
        Some(csv::ErrorKind::Io(inner)) => closed(inner),
        _ => error.kind() == io::ErrorKind::BrokenPipe,
    }
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
