//! `davy hunt`: all detections of the content over files or folders.

use crate::exit::Exit;
use crate::output::{self, Format};
use crate::progress::Bar;
use crate::settings::RangeArgs;
use crate::{content, inputs};
use clap::Args;
use davy_content::model::Status;
use davy_content::{Attack, Detection};
use davy_detect::{Hunt, HuntEvents, World, hunt};
use davy_events::Meta;
use davy_exec::{EventSource, InputReport};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Runs every detection of the content over files or folders.
#[derive(Args)]
pub(crate) struct Arguments {
    /// Files, folders or globs to read; `-` is standard input.
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<String>,
    /// A folder in the layout of ESCU. May be repeated; later ones win.
    #[arg(long, value_name = "DIR")]
    content: Vec<String>,
    #[command(flatten)]
    apps: crate::apps::AppArgs,
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
    /// Write the findings there instead of to standard output.
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Run deprecated detections too.
    #[arg(long)]
    deprecated: bool,
    #[command(flatten)]
    range: RangeArgs,
}

pub(crate) fn run(args: Arguments) -> Exit {
    match hunt_all(args) {
        Ok(exit) | Err(exit) => exit,
    }
}

struct Watch(Arc<Bar>);

impl HuntEvents for Watch {
    fn detection(&self, number: usize, of: usize) {
        self.0.tell(&format!("detection {} of {of}", number + 1));
    }
}

fn hunt_all(args: Arguments) -> Result<Exit, Exit> {
    let env = args.range.env()?;
    let loaded = content::open_with(&args.content, &args.apps, false)?;
    let unsound = loaded.report(false);
    let attack = Attack::builtin();
    let session = args.range.session()?;
    let knowledge = loaded.knowledge();
    let world = World {
        content: &loaded.content,
        attack: &attack,
        session: &session,
        knowledge: &knowledge,
        sources: &loaded.sources,
    };
    let chosen: Vec<&Detection> = loaded
        .content
        .detections()
        .iter()
        .filter(|d| args.deprecated || !matches!(d.status, Status::Deprecated | Status::Removed))
        .collect();
    let meta = Meta { now: env.now, ..Meta::default() };
    let bar = Arc::new(Bar::new(0));
    let inputs = inputs::open(&args.paths, &meta, Some(bar.clone()));
    bar.length(inputs.source.inputs().len() as u64);
    let source: Arc<dyn EventSource> = Arc::new(inputs.source.clone());
    let stop = Arc::new(AtomicBool::new(false));
    let flag = stop.clone();
    // Without a handler Ctrl-C still ends the hunt, only less gently.
    let _ = ctrlc::set_handler(move || flag.store(true, Ordering::Relaxed));
    let hunt = hunt(&world, &chosen, &source, &env, &stop, &Watch(bar.clone()));
    bar.finish();
    let hunt = hunt.map_err(|e| super::search::failed(&loaded.sources, e))?;
    let written = output::target(args.output.as_deref())
        .and_then(|mut out| output::findings(&mut *out, &hunt.findings, args.format, &env.zone));
    let reports = inputs.source.reports();
    summary(&hunt, &reports);
    let unread = inputs::report_problems(&inputs.errors, &reports);
    match written {
        Err(e) if !output::closed(&e) => Ok(crate::settings::usage(&format!("cannot write: {e}"))),
        _ if unread || unsound => Ok(Exit::Incomplete),
        _ => Ok(Exit::Done),
    }
}

/// What the hunt came to, on standard error.
fn summary(hunt: &Hunt, reports: &[InputReport]) {
    let events: u64 = reports.iter().map(|r| r.counts.events).sum();
    let risk: usize = hunt.findings.iter().map(|f| f.risk.len()).sum();
    eprintln!(
        "{} files, {events} events, {} detections: {} findings, {risk} risk events",
        reports.len(),
        hunt.ran,
        hunt.findings.len(),
    );
    if hunt.stopped {
        eprintln!("stopped before the end: these are the findings so far");
    }
    if hunt.skipped.is_empty() {
        return;
    }
    eprintln!("{} detections did not run:", hunt.skipped.len());
    for skipped in &hunt.skipped {
        eprintln!("  {}: {}", skipped.detection, skipped.reason);
    }
}
