//! `davy watch`: a hunt over files as they grow or arrive.

mod files;
mod state;

use crate::cmd::hunt::{HuntArgs, Quarry};
use crate::exit::Exit;
use crate::output::{closed, is_stdout};
use crate::settings::usage;
use crate::{inputs, interrupt};
use clap::{Args, ValueEnum};
use davy_app::App;
use davy_content::Attack;
use davy_detect::{Finding, Hunt, HuntEvents};
use davy_events::Meta;
use davy_exec::{EventSource, GrowingFiles, RunError};
use davy_plan::Env;
use files::Seen;
use serde_json::json;
use state::{Output, State};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Hunts over files as they grow or arrive, and tells of findings as they come.
///
/// Each look hunts over all events of the files, so that statistics over old and new ones are right;
/// of files that grow only what is new is read. A finding is told once. When new events change the result of a statistic, the new result is told
/// and the key of the old one is given as gone: what was told and is not gone equals one plain
/// hunt.
#[derive(Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    what: HuntArgs,
    #[arg(long, value_enum, default_value = "ndjson")]
    format: Shape,
    /// Append the findings there instead of printing them, as `-` does. With --state each is there
    /// once, however often the watch is killed.
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Keep there what was told, so that the next watch goes on from it.
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,
    /// Seconds between looks for what changed.
    #[arg(long, value_name = "SECONDS", default_value_t = 2.0)]
    interval: f64,
    /// Look once, tell what is new, and end.
    #[arg(long)]
    once: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Shape {
    Ndjson,
    /// One line a finding.
    Table,
}

pub(crate) fn run(args: Arguments) -> Exit {
    match watch(&args) {
        Ok(exit) | Err(exit) => exit,
    }
}

struct Silent;

impl HuntEvents for Silent {
    fn detection(&self, _: usize, _: usize) {}
}

fn watch(args: &Arguments) -> Result<Exit, Exit> {
    places(args)?;
    let env = args.what.range.env()?;
    let loaded = args.what.content.open()?;
    loaded.report(false);
    let attack = Attack::builtin();
    let session = args.what.range.session()?;
    let knowledge = loaded.knowledge();
    let world = loaded.world(&attack, &session, &knowledge);
    let chosen = args.what.select.choose(loaded.content.detections())?.chosen;
    let (tuning, _) = args.what.tuning(&world, &env)?;
    let io_error = |what: &str, e: io::Error| usage(&format!("{what}: {e}"));
    let mut state = match &args.state {
        Some(path) => {
            State::open(path).map_err(|e| io_error(&format!("--state {}", path.display()), e))?
        }
        None => State::default(),
    };
    let place = args.output.as_deref().filter(|path| !is_stdout(path));
    let shown = place.map_or("standard output".to_owned(), |path| format!("-o {}", path.display()));
    let mut output = Output::open(place, &mut state).map_err(|e| io_error(&shown, e))?;
    state.save(args.state.as_deref()).map_err(|e| io_error("cannot keep the state", e))?;
    let stop = interrupt::raises(&session, None);
    let quarry = Quarry { world: &world, chosen: &chosen, tuning: &tuning };
    let mut seen = Seen::default();
    let growing = GrowingFiles::default();
    let mut first = true;
    while !stop.load(Ordering::Relaxed) {
        let (now_seen, settled) = Seen::look(&args.what.paths);
        if !first && now_seen == seen {
            pause(args.interval, &stop);
            continue;
        }
        // What is being written right now is read when the writer pauses, or after a while.
        if !args.once && !settled && !seen.waited(&now_seen) {
            pause(0.1, &stop);
            continue;
        }
        let env = args.what.range.env()?;
        let (hunted, events) = look(&quarry, &loaded.apps, args, &growing, &env, &stop)
            .map_err(|e| crate::cmd::search::failed(&loaded.sources, e))?;
        if hunted.stopped {
            // A part of the events is no ground to say that a finding is gone.
            break;
        }
        // A statistic over no event at all had the clock's time.
        let anew = state.renew(events > 0);
        let changes = state.ledger.changes(&hunted.findings);
        let mut text = String::new();
        for key in anew.iter().chain(&changes.gone) {
            text.push_str(&gone(key, args.format));
        }
        for (key, finding) in &changes.new {
            text.push_str(&told(key, finding, args.format, &env));
        }
        let written = output.write(&text, &mut state);
        match written.and_then(|()| state.save(args.state.as_deref())) {
            // Nobody reads any more.
            Err(e) if closed(&e) => return Ok(Exit::Done),
            Err(e) => return Err(io_error(&format!("cannot write: {shown}"), e)),
            Ok(()) => {}
        }
        if args.once {
            break;
        }
        seen = now_seen;
        first = false;
    }
    Ok(Exit::Done)
}

/// The watch's own files must not be among the watched ones: each look would change them.
fn places(args: &Arguments) -> Result<(), Exit> {
    if args.what.paths.iter().any(|p| p == "-") {
        return Err(usage("standard input cannot be watched; name files or folders"));
    }
    for (flag, own) in [("--state", &args.state), ("-o", &args.output)] {
        let Some(own) = own.as_ref().filter(|own| !is_stdout(own)) else { continue };
        let folder = own.parent().filter(|p| !p.as_os_str().is_empty());
        let folder = folder.unwrap_or(Path::new(".")).canonicalize().unwrap_or_default();
        let whole = folder.join(own.file_name().unwrap_or_default());
        let within = |path: &String| {
            Path::new(path).canonicalize().is_ok_and(|watched| whole.starts_with(watched))
        };
        if args.what.paths.iter().any(within) {
            return Err(usage(&format!(
                "{flag} {}: it lies in what is watched; name a place outside",
                own.display()
            )));
        }
    }
    Ok(())
}

/// One plain hunt over what is there, of which only what is new is read, and how many events there
/// are.
fn look(
    quarry: &Quarry<'_>,
    apps: &[App],
    args: &Arguments,
    growing: &GrowingFiles,
    env: &Env,
    stop: &Arc<AtomicBool>,
) -> Result<(Hunt, u64), RunError> {
    let meta = Meta { now: env.now, ..Meta::default() };
    let inputs = inputs::open(&args.what.paths, &meta).read_by(apps);
    let look = growing.look(inputs.source);
    let source: Arc<dyn EventSource> = Arc::new(look.clone());
    let hunted = args.what.hunt(quarry, &source, env, stop, &Silent)?;
    let reports = look.reports();
    inputs::report_problems(&inputs.errors, &reports, false);
    Ok((hunted, reports.iter().map(|report| report.counts.events).sum()))
}

fn told(key: &str, finding: &Finding, shape: Shape, env: &Env) -> String {
    if shape == Shape::Table {
        let time = crate::output::shown_time(finding.time, &env.zone);
        let message: String =
            finding.message.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        return format!("{time}  {:>3}  {}: {message}\n", finding.score, finding.detection);
    }
    let mut map = finding.to_json();
    map.insert("key".to_owned(), json!(key));
    format!("{}\n", serde_json::Value::Object(map))
}

fn gone(key: &str, shape: Shape) -> String {
    match shape {
        Shape::Table => String::new(),
        Shape::Ndjson => format!("{}\n", json!({ "gone": key })),
    }
}

/// Waits, but not on after a stop.
fn pause(seconds: f64, stop: &Arc<AtomicBool>) {
    let wait = Duration::try_from_secs_f64(seconds).unwrap_or(Duration::from_secs(2));
    let until = Instant::now() + wait;
    while Instant::now() < until && !stop.load(Ordering::Relaxed) {
        std::thread::sleep(Duration::from_millis(50).min(wait));
    }
}
