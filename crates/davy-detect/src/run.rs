//! One detection over one source.

use crate::compiled::Compiled;
use crate::finding::Finding;
use crate::risk::{OfDetection, Window, result_time, risk_events};
use crate::row::Row;
use davy_content::{Attack, Content, Detection};
use davy_diag::{Diagnostic, SourceMap};
use davy_exec::{
    EventSource, ManyEvents, Prepared, RunError, Search, Session, prepare, prepare_in,
};
use davy_plan::{Env, FieldSet, Knowledge, rows_of};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock};

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
    let stop = Arc::new(AtomicBool::new(false));
    let many = world.session.run_many(&[search][..], &source, &stop, &Silent)?;
    let answer = many.answers.into_iter().next();
    let answer = answer.ok_or_else(|| RunError::Start("the search did not run".to_owned()))??;
    let latest = many.profile.searches.iter().find_map(|spent| spent.latest);
    let rows = Row::take(rows_of(&answer.schema, &answer.batches)?);
    let last = LastEvent::new(world, &source, env);
    let findings = findings(world, detection, rows.clone(), env, &|| last.or(latest));
    Ok(DetectionRun { rows, findings, notes: answer.notes })
}

/// The time of results that tell none: that of the last event that passed the search's filter, or
/// else of the last of the input. It is the same whatever else runs over the input.
pub(crate) struct LastEvent<'r> {
    world: &'r World<'r>,
    source: &'r Arc<dyn EventSource>,
    env: &'r Env,
    /// Looked for once, and only where a result needs it: it may take a reading of its own.
    last: OnceLock<Option<f64>>,
    /// In place of it, where there can be no such reading.
    instead: Option<f64>,
}

impl<'r> LastEvent<'r> {
    pub(crate) fn new(
        world: &'r World<'r>,
        source: &'r Arc<dyn EventSource>,
        env: &'r Env,
    ) -> LastEvent<'r> {
        LastEvent { world, source, env, last: OnceLock::new(), instead: None }
    }

    /// With what to take where the input cannot be read again, or must not be any more.
    pub(crate) fn instead(mut self, known: Option<f64>, stopped: bool) -> Self {
        self.instead = known;
        if stopped {
            self.last = OnceLock::from(known);
        }
        self
    }

    pub(crate) fn or(&self, passed: Option<f64>) -> f64 {
        let last = || *self.last.get_or_init(|| self.look());
        let Env { latest, now, .. } = *self.env;
        passed.or_else(last).unwrap_or(if latest.is_finite() { latest } else { now })
    }

    fn look(&self) -> Option<f64> {
        let within = |time: &f64| (self.env.earliest..self.env.latest).contains(time);
        if let Some(last) = self.source.last_event().filter(within) {
            return Some(last);
        }
        if !self.source.can_be_read_again() {
            return self.instead;
        }
        let prepared =
            prepare("the last event", "search * | stats max(_time) as last", self.world.content);
        let search = Search {
            prepared: &prepared,
            env: Arc::new(self.env.clone()),
            source: Some(self.source.clone()),
            knowledge: self.world.knowledge,
            out: FieldSet::of(["last"]),
        };
        let answer = self.world.session.run(&search).ok()?;
        let rows = Row::take(rows_of(&answer.schema, &answer.batches).ok()?);
        rows.first()?.get("last")?.num()
    }
}

/// Each row as a finding with its risk events. `otherwise` gives the time of those that tell none.
pub(crate) fn findings(
    world: &World<'_>,
    detection: &Detection,
    rows: Vec<Row>,
    env: &Env,
    otherwise: &dyn Fn() -> f64,
) -> Vec<Finding> {
    if rows.is_empty() {
        return Vec::new();
    }
    let enrichment = world.attack.enrich(detection);
    let window = Window { earliest: env.earliest, latest: env.latest };
    let of_detection = Arc::new(OfDetection::new(detection, &enrichment, window));
    let techniques: Vec<String> = enrichment.techniques.iter().map(|t| t.id.clone()).collect();
    let makes_risk = world.content.makes_risk(detection);
    let tactics: Vec<String> = enrichment.tactics().iter().map(|t| t.name.to_owned()).collect();
    rows.into_iter()
        .map(|row| {
            let time = result_time(&row, &env.zone).unwrap_or_else(otherwise);
            let mut risk = risk_events(detection, &of_detection, &row, time);
            let message = risk.first().map(|r| r.message.clone()).unwrap_or_else(|| {
                let message = detection.risk.message.as_ref();
                let own = message.map(|m| crate::risk::fill(&m.value, &row));
                own.unwrap_or_else(|| detection.name.value.clone())
            });
            let score = risk.iter().map(|r| r.score).max().unwrap_or(0);
            if !makes_risk {
                risk.clear();
            }
            Finding {
                detection: detection.name.value.clone(),
                id: detection.id.value.clone(),
                kind: detection.kind.value.as_str(),
                time,
                message,
                score,
                techniques: techniques.clone(),
                tactics: tactics.clone(),
                row,
                risk,
                events: None,
            }
        })
        .collect()
}
