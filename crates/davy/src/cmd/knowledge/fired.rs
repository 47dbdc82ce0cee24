//! `davy knowledge fired`: for each file on its own, the detections that fire, and why those of
//! the technique that the file's name tells do not.

use super::techniques;
use crate::content::ContentArgs;
use crate::exit::Exit;
use crate::interrupt;
use crate::settings::{RangeArgs, usage};
use crate::{inputs, output};
use clap::Args;
use davy_content::{Attack, Content, Detection};
use davy_detect::{HuntEvents, Selection, World, hunt};
use davy_events::Meta;
use davy_exec::{EventSource, Explained, FileSource, explain};
use davy_plan::Env;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// Tells which detections fire on each of some recorded attacks, and why others do not.
#[derive(Args)]
pub(super) struct Arguments {
    /// Files, folders or globs of recorded attacks.
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<String>,
    #[command(flatten)]
    content: ContentArgs,
    /// Only the lines of the table, without title, figures and misses.
    #[arg(long)]
    lines: bool,
    #[command(flatten)]
    range: RangeArgs,
}

/// What a file came to.
struct Row {
    name: String,
    techniques: Vec<String>,
    fired: BTreeSet<String>,
    /// (detection, reason)
    missed: Vec<(String, Why)>,
}

/// Why a detection did not fire, as far as its run tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Why {
    /// None of the events that it reads is in the log.
    NoEvents,
    /// It reads logs of another kind.
    OtherLogs,
    /// Its first filter lets nothing pass.
    Filtered,
    /// Events pass, and later conditions keep none.
    Conditions,
    /// It does not run here.
    Skipped,
}

impl Why {
    fn words(self) -> &'static str {
        match self {
            Why::NoEvents => "the log lacks the events that it reads",
            Why::OtherLogs => "it reads logs of another kind",
            Why::Filtered => "the log has its events, and none fits its filter",
            Why::Conditions => {
                "events pass its filter, and none its conditions (a count, a \
                                baseline, a table, a field that the log lacks)"
            }
            Why::Skipped => "it needs what is not here (a model of machine learning, an app)",
        }
    }
}

struct Quiet;

impl HuntEvents for Quiet {
    fn detection(&self, _: usize, _: usize) {}
}

pub(super) fn run(args: Arguments) -> Result<Exit, Exit> {
    let env = args.range.env()?;
    let loaded = args.content.open()?;
    let attack = Attack::builtin();
    let session = args.range.session()?;
    interrupt::ends(&session);
    let knowledge = loaded.knowledge();
    let world = loaded.world(&attack, &session, &knowledge);
    let selection = Selection::default();
    let all = loaded.content.detections();
    // Nothing is chosen by name, so nothing can fail to fit.
    let chosen: Vec<&Detection> =
        selection.choose(all).map(|selected| selected.chosen).unwrap_or_default();
    let meta = Meta { now: env.now, ..Meta::default() };
    let found = inputs::open(&args.paths, &meta);
    let mut rows = Vec::new();
    for input in found.source.inputs() {
        let source = FileSource::new(vec![input.clone()], davy_events::Options::default());
        let name = shown(&input.meta.name, &args.paths);
        let kinds = explain(&loaded.base, &source, &Arc::new(env.clone()));
        rows.push(row(&world, &chosen, name, source, &kinds, &env)?);
    }
    let mut text = String::new();
    if !args.lines {
        text.push_str(&head(&rows, chosen.len()));
    }
    for row in &rows {
        let fired: Vec<&str> = row.fired.iter().map(String::as_str).collect();
        let techniques = row.techniques.join(", ");
        let _ = writeln!(text, "| {} | {techniques} | {} |", row.name, fired.join(", "));
    }
    if !args.lines {
        text.push_str(&misses(&rows));
    }
    Ok(output::say(&text))
}

/// The path below the folder that was asked for.
fn shown(name: &str, paths: &[String]) -> String {
    let below = paths.iter().find_map(|p| name.strip_prefix(p.as_str()));
    let below = below.map(|n| n.trim_start_matches('/')).filter(|n| !n.is_empty());
    below.unwrap_or(name).to_owned()
}

fn row(
    world: &World<'_>,
    chosen: &[&Detection],
    name: String,
    source: FileSource,
    kinds: &[Explained],
    env: &Env,
) -> Result<Row, Exit> {
    let source: Arc<dyn EventSource> = Arc::new(source);
    let stop = Arc::new(AtomicBool::new(false));
    let hunt = hunt(world, chosen, &source, env, &stop, &Quiet)
        .map_err(|e| usage(&format!("{name}: {e}")))?;
    let fired: BTreeSet<String> = hunt.findings.iter().map(|f| f.detection.clone()).collect();
    let techniques = techniques::techniques(&name);
    let passed: BTreeMap<&str, usize> =
        hunt.profile.detections.iter().map(|(d, spent)| (d.as_str(), spent.rows_in)).collect();
    let events = events(kinds);
    let mut missed = Vec::new();
    for detection in chosen {
        let own = detection.annotations.mitre_ids.iter();
        let title = detection.name.value.as_str();
        if fired.contains(title) || !own.into_iter().any(|t| techniques::of(&techniques, &t.value))
        {
            continue;
        }
        let why = match passed.get(title) {
            None => Why::Skipped,
            Some(0) => unread(detection, world.content, &events),
            Some(_) => Why::Conditions,
        };
        missed.push((title.to_owned(), why));
    }
    Ok(Row { name, techniques, fired, missed })
}

/// The events of a log: channel and code of each kind.
fn events(kinds: &[Explained]) -> BTreeSet<(String, String)> {
    let of = |kind: &Explained, name: &str| {
        let found = kind.constants.iter().find(|(n, _)| n == name);
        found.map(|(_, v)| v.to_lowercase()).unwrap_or_default()
    };
    kinds.iter().map(|k| (of(k, "source"), of(k, "EventCode"))).collect()
}

/// Why no event passed: by the data sources that the detection names.
fn unread(detection: &Detection, content: &Content, events: &BTreeSet<(String, String)>) -> Why {
    let mut windows = false;
    for name in detection.data_source_names() {
        let Some(source) = content.data_sources().iter().find(|s| s.name.value == *name.value)
        else {
            continue;
        };
        let place = source.source.trim_matches('"').to_lowercase();
        let Some((_, channel)) = place.split_once("wineventlog:") else { continue };
        windows = true;
        let code = name.value.rsplit(' ').next().unwrap_or_default();
        let code = code.parse::<u32>().map(|n| n.to_string()).unwrap_or_default();
        let there = events
            .iter()
            .any(|(source, own)| source.ends_with(channel) && (code.is_empty() || *own == code));
        if there {
            return Why::Filtered;
        }
    }
    match windows {
        true => Why::NoEvents,
        false if detection.data_sources.is_empty() => Why::Filtered,
        false => Why::OtherLogs,
    }
}

fn head(rows: &[Row], detections: usize) -> String {
    let told = rows.iter().filter(|r| !r.techniques.is_empty()).count();
    // Searches that end in `stats count` have a row over any log, one with a count of 0.
    let mut always = rows.first().map(|r| r.fired.clone()).unwrap_or_default();
    always.retain(|name| rows.iter().all(|r| r.fired.contains(name)));
    let any = rows.iter().filter(|r| r.fired.len() > always.len()).count();
    let fired: usize = rows.iter().map(|r| r.fired.len() - always.len()).sum();
    let always: Vec<&str> = always.iter().map(String::as_str).collect();
    format!(
        "# Detections that fired, file by file\n\nMade by `davy knowledge fired` over recorded \
         attacks, each file on its own, with {detections} detections\nof the ESCU catalogue (those \
         that are not deprecated).\n\n- Files: {}; of {told} the name tells a technique\n\
         - On every file, whatever is in it: {}\n\
         - Files on which others fired: {any}; these by file: {fired}\n\n\
         | File | Technique by its name | Fired |\n|---|---|---|\n",
        rows.len(),
        always.join(", ")
    )
}

fn misses(rows: &[Row]) -> String {
    let mut counts: BTreeMap<Why, usize> = BTreeMap::new();
    for (_, why) in rows.iter().flat_map(|r| &r.missed) {
        *counts.entry(*why).or_default() += 1;
    }
    let mut out = String::from(
        "\n## Detections of the file's technique that did not fire\n\n| Why | How often |\n\
         |---|---:|\n",
    );
    for (why, count) in &counts {
        let _ = writeln!(out, "| {} | {count} |", why.words());
    }
    out.push_str(
        "\nThose whose events are in the log, by file. The catalogue's detections each look for \
         one way of\ndoing a thing, so that most of them are of other ways than the file's. Of the \
         second column most join what\nwas done with the creation of the process that did it \
         (Eventvwr, Sdclt, the execution policy), which\nthe recording began too late to have, or \
         group by a field that its Sysmon did not write yet\n(SourceUser), or count more users \
         than it has.\n\n\
         | File | None fits the filter | None fits later conditions |\n|---|---|---|\n",
    );
    for row in rows.iter().filter(|r| !r.missed.is_empty()) {
        let of = |wanted: Why| {
            let names = row.missed.iter().filter(|(_, why)| *why == wanted);
            names.map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", ")
        };
        let (filtered, conditions) = (of(Why::Filtered), of(Why::Conditions));
        if !filtered.is_empty() || !conditions.is_empty() {
            let _ = writeln!(out, "| {} | {filtered} | {conditions} |", row.name);
        }
    }
    out
}
