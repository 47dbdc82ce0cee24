//! The integration test: the schedule runs over the data as it arrives, on a simulated clock, and
//! each result becomes exactly one risk event.

use super::Fault;
use super::unit::Replay;
use crate::finding::Finding;
use crate::risk::result_time;
use crate::row::Row;
use crate::run::{World, run_detection};
use crate::schedule::{Schedule, Tick};
use davy_content::Detection;
use davy_content::model::Status;
use davy_exec::Prepared;
use davy_plan::Env;
use jiff::tz::TimeZone;
use std::collections::BTreeMap;
use std::sync::Arc;

/// No more runs than this are simulated.
const MAX_RUNS: usize = 5_000;

pub(super) fn run(
    world: &World<'_>,
    detection: &Detection,
    prepared: &Prepared,
    replay: &Replay,
    now: f64,
    zone: &TimeZone,
) -> Result<String, Fault> {
    if detection.status != Status::Production {
        return Err(Fault::Skipped("only production detections are tested".to_owned()));
    }
    if !world.content.makes_risk(detection) {
        let kind = detection.kind.value.as_str();
        return Err(Fault::Skipped(format!("a {kind} detection makes no risk of its own")));
    }
    let scheduling = world
        .content
        .scheduling(detection)
        .ok_or_else(|| Fault::Failed("its type has no default configuration".to_owned()))?;
    let schedule =
        Schedule::new(scheduling, zone.clone()).map_err(|e| Fault::Failed(e.to_string()))?;
    let times = event_times(world, replay, now, zone).map_err(Fault::Failed)?;
    let ticks = ticks(&schedule, &times);
    let mut ledger = Ledger::default();
    for (number, tick) in ticks.iter().enumerate() {
        let env = Env {
            now: tick.at,
            zone: zone.clone(),
            earliest: tick.earliest,
            latest: tick.latest,
            ..Env::default()
        };
        let run = run_detection(world, detection, prepared, Arc::new(replay.source()), &env)
            .map_err(|e| Fault::Failed(e.to_string()))?;
        for finding in run.findings {
            ledger.take(number, *tick, finding, zone);
        }
    }
    judge(&ledger, ticks.len())
}

/// Says what came of it, or what is wrong.
fn judge(ledger: &Ledger, runs: usize) -> Result<String, Fault> {
    let events: usize = ledger.findings.iter().map(|f| f.risk.len()).sum();
    if events == 0 {
        return Err(Fault::Failed(format!("{runs} scheduled runs made no risk event")));
    }
    for finding in &ledger.findings {
        if finding.risk.is_empty() {
            return Err(Fault::Failed(format!("a result made no risk event: {}", finding.message)));
        }
        if let Some(open) = finding.risk.iter().find(|r| has_token(&r.message)) {
            return Err(Fault::Failed(format!("a token stayed open in: {}", open.message)));
        }
    }
    Ok(format!("runs: {runs}, results: {}, risk events: {events}", ledger.findings.len()))
}

fn has_token(message: &str) -> bool {
    let mut parts = message.split('$');
    parts.next();
    let inner: Vec<&str> = parts.collect();
    inner.len() > 1 && inner.iter().any(|t| !t.is_empty() && !t.contains(' '))
}

/// The times of all events, in order.
fn event_times(
    world: &World<'_>,
    replay: &Replay,
    now: f64,
    zone: &TimeZone,
) -> Result<Vec<f64>, String> {
    let prepared = davy_exec::prepare("times", "search * | fields _time", world.content);
    let search = davy_exec::Search {
        prepared: &prepared,
        env: Arc::new(Env { now, zone: zone.clone(), ..Env::default() }),
        source: Some(Arc::new(replay.source())),
        knowledge: world.knowledge,
        out: davy_plan::FieldSet::of(["_time"]),
    };
    let answer = world.session.run(&search).map_err(|e| e.to_string())?;
    let rows = davy_plan::rows_of(&answer.schema, &answer.batches)
        .map_err(|e| format!("the events' times cannot be read: {e:?}"))?;
    let mut times: Vec<f64> =
        Row::all(&rows).iter().filter_map(|row| row.get("_time").and_then(|v| v.num())).collect();
    times.sort_by(f64::total_cmp);
    Ok(times)
}

/// The runs whose window holds an event that had arrived; an event arrives when it happens.
fn ticks(schedule: &Schedule, times: &[f64]) -> Vec<Tick> {
    let (Some(first), Some(last)) = (times.first(), times.last()) else { return Vec::new() };
    let mut out = Vec::new();
    let mut after = first - 1.0;
    let mut idle = 0;
    while let Some(tick) = schedule.next(after) {
        after = tick.at;
        let from = times.partition_point(|t| *t < tick.earliest);
        let to = times.partition_point(|t| *t < tick.latest);
        if from < to {
            out.push(tick);
        }
        let over = tick.earliest > *last;
        idle += 1;
        if over || out.len() >= MAX_RUNS || idle > 20 * MAX_RUNS {
            break;
        }
        // A long silence is stepped over.
        let next = times.partition_point(|t| *t < tick.latest);
        if from == to
            && let Some(time) = times.get(next)
        {
            after = after.max(time - (tick.at - tick.earliest));
        }
    }
    out
}

/// The results so far. Windows may overlap, and a result that a later run sees again, perhaps with
/// more events, is the same result.
#[derive(Debug, Default)]
struct Ledger {
    findings: Vec<Finding>,
    /// By the identity of a result.
    seen: BTreeMap<String, Vec<Known>>,
}

/// The stretch of time that a result covers, and the last run that gave it.
#[derive(Debug)]
struct Known {
    from: f64,
    to: f64,
    run: usize,
}

impl Ledger {
    fn take(&mut self, run: usize, tick: Tick, finding: Finding, zone: &TimeZone) {
        let (from, to) = covered(&finding.row, tick, zone);
        let all = self.seen.entry(identity(&finding)).or_default();
        // Two results of one run are two, however alike they are.
        match all.iter_mut().find(|k| k.run != run && k.from <= to && from <= k.to) {
            Some(known) => {
                known.from = known.from.min(from);
                known.to = known.to.max(to);
                known.run = run;
            }
            None => {
                all.push(Known { from, to, run });
                self.findings.push(finding);
            }
        }
    }
}

/// What a result is about: its fields, but for times and numbers that grow with the window.
fn identity(finding: &Finding) -> String {
    let mut out = String::new();
    for (name, value) in &finding.row.fields {
        let lower = name.to_lowercase();
        let grows = lower.contains("time") || lower.contains("count") || lower.starts_with('_');
        let number = matches!(value, davy_plan::Val::Num(_));
        if !grows && !number {
            out.push_str(&format!("{name}={}\n", value.values().join("\u{1f}")));
        }
    }
    out
}

/// The stretch of time that a result is about: what it says itself, or else the window in which its
/// events are.
fn covered(row: &Row, tick: Tick, zone: &TimeZone) -> (f64, f64) {
    // A window ends before its latest time, where the next one may begin.
    let Some(last) = result_time(row, zone) else { return (tick.earliest, tick.latest - 1e-3) };
    let first = row.time("firstTime", zone).unwrap_or(last);
    (first.min(last), first.max(last))
}
