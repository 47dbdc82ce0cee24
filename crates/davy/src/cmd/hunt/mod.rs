//! `davy hunt`: all detections of the content over files or folders.

mod coverage;
mod select;
mod summary;
mod tuning;
mod what;

use crate::exit::Exit;
use crate::output::{self, Format};
use crate::progress::Bar;
use crate::{content, inputs, interrupt};
use clap::Args;
use davy_content::Attack;
use davy_detect::{
    HuntEvents, RiskEvent, RiskNotable, Selected, detection_coverage, matching_events,
    risk_notables,
};
use davy_events::Meta;
use davy_exec::EventSource;
use serde::Serialize;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use summary::{profile, summary};

pub(crate) use select::SelectArgs;
pub(crate) use what::{HuntArgs, Quarry};

/// Runs every detection of the content over files or folders.
#[derive(Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    what: HuntArgs,
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
    /// Write the findings there instead of to standard output, which `-` names.
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Write a timeline for Timesketch or Timeline Explorer there: CSV, or NDJSON where the
    /// name ends in .jsonl (as Timesketch wants it) or .ndjson.
    #[arg(long, value_name = "FILE")]
    timeline: Option<PathBuf>,
    /// Write the risk events there, as NDJSON.
    #[arg(long, value_name = "FILE")]
    risk: Option<PathBuf>,
    /// Write the risk notables there, as NDJSON.
    #[arg(long, value_name = "FILE")]
    notables: Option<PathBuf>,
    /// Write a layer of the ATT&CK Navigator there.
    #[arg(long, value_name = "FILE")]
    navigator: Option<PathBuf>,
    /// Write a report there: one HTML file that needs nothing else.
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// Give each finding its matching events, raw and with all fields, and the alternatives of the
    /// search that each met. In JSON an event is a record of its own, `{"event": NUMBER, "fields":
    /// {...}}`, before the first finding that names its number.
    #[arg(long)]
    events: bool,
    /// Instead of hunting tell for each detection whether the logs have events for it, and which
    /// source, event code or field they lack.
    #[arg(long, conflicts_with_all = [
        "timeline", "risk", "notables", "navigator", "report", "events", "left_out", "profile",
    ])]
    coverage: bool,
    /// List the detections that did not run, each with the reason, and those that ran without the
    /// table that a baseline fills: in tables of their own, or as records after the findings.
    #[arg(long)]
    left_out: bool,
    /// Print where the time went: for each detection the events past its filter, rows and time.
    #[arg(long)]
    profile: bool,
}

pub(crate) fn run(args: Arguments) -> Exit {
    match hunt_all(args) {
        Ok(exit) | Err(exit) => exit,
    }
}

impl Arguments {
    /// Each file that is to be written, by its flag.
    fn targets(&self) -> Vec<(&'static str, Option<&Path>)> {
        let files = [
            ("--timeline", &self.timeline),
            ("--risk", &self.risk),
            ("--notables", &self.notables),
            ("--navigator", &self.navigator),
            ("--report", &self.report),
        ];
        let files =
            files.into_iter().filter_map(|(flag, path)| Some((flag, Some(path.as_deref()?))));
        [("-o", self.output.as_deref())].into_iter().chain(files).collect()
    }

    /// Writes the findings and each file that was asked for.
    fn write(&self, report: &output::Report<'_>) -> io::Result<()> {
        let (hunt, zone) = (report.hunt, report.zone);
        let findings = &hunt.findings;
        let mut besides =
            output::Besides { suppressed: &hunt.suppressed, ..output::Besides::default() };
        if self.left_out {
            besides.left_out = &hunt.left_out;
            besides.without_baseline = &hunt.without_baseline;
        }
        output::write_to(self.output.as_deref(), |out| {
            output::findings(out, findings, &besides, self.format, zone)
        })?;
        if let Some(path) = &self.timeline {
            let ending = path.extension().map(|e| e.to_string_lossy().to_lowercase());
            let ndjson = ending.is_some_and(|e| matches!(&*e, "ndjson" | "jsonl" | "json"));
            output::write_to(Some(path), |out| output::timeline(out, findings, ndjson))?;
        }
        if let Some(path) = &self.risk {
            let events: Vec<&Arc<RiskEvent>> = findings.iter().flat_map(|f| &f.risk).collect();
            write_ndjson(path, &events)?;
        }
        if let Some(path) = &self.notables {
            let events: Vec<_> = risk_notables(findings).iter().map(RiskNotable::to_json).collect();
            write_ndjson(path, &events)?;
        }
        if let Some(path) = &self.navigator {
            output::write_to(Some(path), |out| output::navigator(out, findings))?;
        }
        if let Some(path) = &self.report {
            output::write_to(Some(path), |out| output::report(out, report))?;
        }
        Ok(())
    }
}

fn write_ndjson(path: &Path, objects: &[impl Serialize + Sync]) -> io::Result<()> {
    output::write_to(Some(path), |out| output::write_objects(out, objects, Format::Ndjson))
}

struct Watch(Arc<Bar>);

impl HuntEvents for Watch {
    fn detection(&self, number: usize, of: usize) {
        self.0.tell(&format!("detection {} of {of}", number + 1));
    }
}

const STOPPING: &str = "stopping: what was read so far is looked at; Ctrl-C again ends at once";

fn hunt_all(args: Arguments) -> Result<Exit, Exit> {
    let env = args.what.range.env()?;
    output::check_targets(&args.targets())?;
    if args.events && args.format == Format::Csv {
        tell!("warning: --events: CSV has no place for events; --format json or ndjson gives them");
    }
    let meta = Meta { now: env.now, ..Meta::default() };
    // Standard input is read once all else is known to be right.
    let early = !args.what.paths.iter().any(|path| path == "-");
    let (loaded, (inputs, (attack, session))) = rayon::join(
        || args.what.content.open(),
        || {
            let find = || early.then(|| inputs::open(&args.what.paths, &meta));
            rayon::join(find, || (Attack::builtin(), args.what.range.session()))
        },
    );
    let loaded = loaded?;
    let unsound = loaded.report(false);
    let session = session?;
    let stop = interrupt::raises(&session, Some(STOPPING));
    let knowledge = loaded.knowledge();
    let world = loaded.world(&attack, &session, &knowledge);
    let Selected { chosen, left_out, .. } = args.what.select.choose(loaded.content.detections())?;
    let (tuning, tuning_texts) = args.what.tuning(&world, &env)?;
    let bar = Arc::new(Bar::new(0));
    let inputs = inputs.unwrap_or_else(|| inputs::open(&args.what.paths, &meta));
    let inputs = inputs.read_by(&loaded.apps).with_progress(bar.clone());
    bar.length(inputs.source.inputs().len() as u64);
    let source: Arc<dyn EventSource> = Arc::new(inputs.source.clone());
    if args.coverage {
        let all = detection_coverage(&world, &chosen, &source, &env);
        bar.finish();
        let all = all.map_err(|e| crate::cmd::search::failed(&loaded.sources, e))?;
        let written = coverage::write(&all, args.format, args.output.as_deref());
        let unread = inputs::report_problems(&inputs.errors, &inputs.source.reports(), false);
        return Ok(output::ended(written, unread || unsound));
    }
    let watch = Watch(bar.clone());
    let quarry = Quarry { world: &world, chosen: &chosen, tuning: &tuning };
    let hunted = args.what.hunt(&quarry, &source, &env, &stop, &watch).and_then(|mut hunt| {
        if args.events {
            // What was found before a stop is still to be shown whole.
            let go_on = Arc::new(AtomicBool::new(false));
            matching_events(&world, &chosen, &mut hunt, &source, &env, &go_on)?;
        }
        Ok(hunt)
    });
    bar.finish();
    let mut hunt = hunted.map_err(|e| crate::cmd::search::failed(&loaded.sources, e))?;
    hunt.left_out.extend(left_out);
    let reports = inputs.source.reports();
    let report = output::Report {
        hunt: &hunt,
        attack: &attack,
        files: reports.len(),
        events: reports.iter().map(|r| r.counts.events).sum(),
        unread: inputs.errors.len()
            + reports.iter().filter(|r| r.failed.is_some() || !r.problems.is_empty()).count(),
        now: env.now,
        zone: &env.zone,
    };
    let written = args.write(&report);
    content::show(&tuning_texts, &hunt.tuning_unused, true);
    summary(&hunt, &reports, inputs.source.inputs().len());
    inputs::report_range(&inputs.source, &env);
    if args.profile {
        profile(&hunt);
    }
    let unread = inputs::report_problems(&inputs.errors, &reports, args.left_out);
    loaded.keep();
    session.leave_shapes();
    let ended = output::ended(written, unread || unsound || hunt.stopped);
    // The end of the process frees them in no time.
    std::mem::forget((hunt, knowledge));
    loaded.leave();
    Ok(ended)
}
