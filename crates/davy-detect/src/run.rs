//! One detection over one source.

use crate::compiled::Compiled;
use crate::finding::Finding;
use crate::risk::{OfDetection, Window, result_time, risk_events};
use crate::row::Row;
use davy_content::{Attack, Content, Detection};
use davy_diag::{Diagnostic, SourceMap};
use davy_exec::{EventSource, ManyEvents, Prepared, RunError, Search, Session, prepare_in};
use davy_plan::{Env, FieldSet, Knowledge, rows_of};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// What every run shares.
pub struct World<'a> {
    pub content: &'a Content,
    pub attack: &'a Attack,
    pub session: &'a Session,
    pub knowledge: &'a dyn Knowledge,
    /// The texts of the content.
    pub sources: &'a SourceMap,
    /// What is kept of the content's searches.
    pub compiled: Option<&'a Compiled>,
}

/// The result of one detection's run.
#[derive(Debug)]
pub struct DetectionRun {
    pub rows: Vec<Row>,
    pub findings: Vec<Finding>,
    pub notes: Vec<Diagnostic>,
}

/// A detection's search, read with the content's macros. A search starts with terms unless it
/// starts with a pipe.
pub fn prepare_detection(world: &World<'_>, detection: &Detection) -> Prepared {
    prepare_in(world.sources.clone(), detection.search.span.file, world.knowledge.macros())
}

struct Silent;

impl ManyEvents for Silent {
    fn searched(&self, _: usize, _: usize) {}
}

/// Runs a detection over a source. `env` holds the clock and the time range.
pub fn run_detection(
    world: &World<'_>,
    detection: &Detection,
    prepared: &Prepared,
    source: Arc<dyn EventSource>,
    env: &Env,
) -> Result<DetectionRun, RunError> {
    let search = Search {
        prepared,
        env: Arc::new(env.clone()),
        source: Some(source.clone()),
        knowledge: world.knowledge,
        out: FieldSet::all(),
    };
    let stop = AtomicBool::new(false);
    let many = world.session.run_many(&[search][..], &source, &stop, &Silent)?;
    let answer = many.answers.into_iter().next();
    let answer = answer.ok_or_else(|| RunError::Start("the search did not run".to_owned()))??;
    // As in a hunt, a result that tells no time is of the last event that it may be made of.
    let latest = many.profile.searches.iter().find_map(|spent| spent.latest);
    let rows = Row::take(rows_of(&answer.schema, &answer.batches)?);
    let findings = findings(world, detection, rows.clone(), env, latest.unwrap_or(env.now));
    Ok(DetectionRun { rows, findings, notes: answer.notes })
}

/// Each row as a finding with its risk events. `otherwise` is the time of those that tell none.
pub(crate) fn findings(
    world: &World<'_>,
    detection: &Detection,
    rows: Vec<Row>,
    env: &Env,
    otherwise: f64,
) -> Vec<Finding> {
    if rows.is_empty() {
        return Vec::new();
    }
    let enrichment = world.attack.enrich(detection);
    let window = Window { earliest: env.earliest, latest: env.latest };
    let of_detection = Arc::new(OfDetection::new(detection, &enrichment, window));
    let techniques: Vec<String> = enrichment.techniques.iter().map(|t| t.id.clone()).collect();
    let tactics: Vec<String> = enrichment.tactics().iter().map(|t| t.name.to_owned()).collect();
    rows.into_iter()
        .map(|row| {
            let time = result_time(&row, &env.zone).unwrap_or(otherwise);
            let risk = risk_events(detection, &of_detection, &row, time);
            let message = risk.first().map(|r| r.message.clone()).unwrap_or_else(|| {
                let message = detection.risk.message.as_ref();
                let own = message.map(|m| crate::risk::fill(&m.value, &row));
                own.unwrap_or_else(|| detection.name.value.clone())
            });
            Finding {
                detection: detection.name.value.clone(),
                id: detection.id.value.clone(),
                kind: detection.kind.value.as_str(),
                time,
                message,
                score: risk.iter().map(|r| r.score).max().unwrap_or(0),
                techniques: techniques.clone(),
                tactics: tactics.clone(),
                row,
                risk,
                events: None,
            }
        })
        .collect()
}
