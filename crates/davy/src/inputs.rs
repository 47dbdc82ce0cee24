//! Files, folders, globs and standard input as an event source.

use clap::Args;
use davy_app::{App, Readings};
use davy_events::{Meta, Options};
use davy_exec::{FileSource, Finder, Input, InputReport, Place, Progress};
use davy_plan::Env;
use std::io::Read;
use std::sync::Arc;

/// The inputs of a run, and what could not be opened while they were looked for.
pub(crate) struct Inputs {
    pub(crate) source: FileSource,
    pub(crate) errors: Vec<String>,
}

/// What is said of all events, in place of their own.
#[derive(Args)]
pub(crate) struct StatedArgs {
    /// The source of all events, in place of their own.
    #[arg(long, value_name = "TEXT")]
    source: Option<String>,
    /// The sourcetype of all events, in place of their own.
    #[arg(long, value_name = "TEXT")]
    sourcetype: Option<String>,
}

impl StatedArgs {
    /// For events that are read at `now`.
    pub(crate) fn meta(&self, now: f64) -> Meta {
        let (source, sourcetype) = (self.source.clone(), self.sourcetype.clone());
        Meta { source, sourcetype, now, ..Meta::default() }
    }
}

/// Opens what the paths name; `-` is standard input.
pub(crate) fn open(paths: &[String], meta: &Meta) -> Inputs {
    let mut inputs = Vec::new();
    let mut errors = Vec::new();
    let mut finder = Finder::default();
    let mut taken = 0;
    for path in paths {
        if path != "-" {
            finder.find(path);
            for file in &finder.files[taken..] {
                let meta = Meta { name: file.display().to_string(), ..meta.clone() };
                inputs.push(Input { place: Place::File(file.clone()), meta });
            }
            taken = finder.files.len();
            continue;
        }
        let mut bytes = Vec::new();
        match std::io::stdin().lock().read_to_end(&mut bytes) {
            Ok(_) => inputs.push(Input {
                place: Place::Bytes(Arc::from(bytes)),
                meta: Meta { name: "stdin".to_owned(), ..meta.clone() },
            }),
            Err(e) => errors.push(format!("standard input: {e}")),
        }
    }
    errors.extend(finder.errors.into_iter().map(|(path, e)| format!("{path}: {e}")));
    Inputs { source: FileSource::new(inputs, Options::default()), errors }
}

impl Inputs {
    /// With what apps say of how texts are read.
    pub(crate) fn read_by(self, apps: &[App]) -> Inputs {
        let readings = Readings::of(apps);
        if readings.is_empty() {
            return self;
        }
        let of = |meta: &Meta| {
            let source = meta.source.as_deref().unwrap_or(&meta.name);
            readings.rules(source, meta.sourcetype.as_deref())
        };
        Inputs { source: self.source.with_rules(of), ..self }
    }

    pub(crate) fn with_progress(self, progress: Arc<dyn Progress>) -> Inputs {
        Inputs { source: self.source.with_progress(progress), ..self }
    }
}

/// Where times were asked for, tells how many of the events are of them.
pub(crate) fn report_range(source: &FileSource, env: &Env) {
    let (all, outside) = source.looked_at();
    if all == 0 || env.earliest <= 0.0 && env.latest == f64::INFINITY {
        return;
    }
    let inside = all.saturating_sub(outside);
    tell!("in the time range: {inside} of the {all} events of kinds that are looked for");
}

/// Tells of what could not be read: a file at all, or parts of it; of many only the first, unless
/// `all` are wanted. Gives whether there was any.
pub(crate) fn report_problems(errors: &[String], reports: &[InputReport], all: bool) -> bool {
    const SHOWN: usize = 20;
    let shown = if all { usize::MAX } else { SHOWN };
    let mut lines: Vec<String> = errors.to_vec();
    for report in reports {
        if let Some(failed) = &report.failed {
            lines.push(format!("{}: {failed}", report.name));
        }
        let Some(first) = report.problems.first() else { continue };
        let place = first.offset.map(|o| format!(" at offset {o}")).unwrap_or_default();
        let more = match report.problems.len() {
            1 => String::new(),
            n => format!(" (and {} more)", n - 1),
        };
        // Of an archive that cannot be opened there is no rest.
        let rest = if report.counts.events > 0 { "; the rest was read" } else { "" };
        lines.push(format!("{}{place}: {}{more}{rest}", report.name, first.message));
    }
    for line in lines.iter().take(shown) {
        tell!("warning: {line}");
    }
    if lines.len() > shown {
        let more = crate::output::counted(lines.len() - shown, "more input");
        tell!("warning: {more} had problems; `davy hunt --left-out` lists all of them");
    }
    !lines.is_empty()
}
