//! What the later filters of many searches ask of the rows of one reading.

use crate::many::{Probe, Searches};
use crate::run::{Events, Run, Search};
use crate::session::Session;
use crate::shapes::lock;
use crate::shared::{Narrow, Narrows};
use crate::source::ReadRequest;
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::common::DataFusionError;
use datafusion::logical_expr::LogicalPlan;
use davy_plan::{Bound, BoundStage, Failed, narrowing, reads_of};
use std::sync::Mutex;

/// The searches of a run, and who has which request.
pub(crate) struct Later<'a, S: ?Sized> {
    pub(crate) session: &'a Session,
    pub(crate) searches: &'a S,
    pub(crate) probes: &'a [Probe],
    pub(crate) users: &'a [Vec<(usize, usize)>],
}

/// What planning does with the rows of a request.
#[derive(Default)]
pub(crate) struct Planned {
    request: Option<ReadRequest>,
    /// Plans of the rows that what comes later works on.
    held: Vec<LogicalPlan>,
}

impl Planned {
    pub(crate) const TABLE: &str = "__narrowed";

    fn of(request: ReadRequest) -> Planned {
        Planned { request: Some(request), held: Vec::new() }
    }

    /// Whether it is that request, asked for once.
    pub(crate) fn asks(&mut self, request: &ReadRequest) -> bool {
        self.request.take().is_some_and(|own| own == *request)
    }

    pub(crate) fn holds(&mut self, plan: &LogicalPlan) {
        self.held.push(plan.clone());
    }

    /// The plan that reads the rows, if one does and does once.
    fn only(self, last: LogicalPlan) -> Option<LogicalPlan> {
        let count = |plan: &LogicalPlan| reads_of(plan, Self::TABLE);
        let reading = self.held.into_iter().chain([last]).filter(|plan| count(plan) > 0);
        match reading.collect::<Vec<_>>().as_slice() {
            [one] if count(one) == 1 => Some(one.clone()),
            _ => None,
        }
    }

    /// Why planning ends.
    pub(crate) fn other() -> Failed {
        DataFusionError::Execution("what comes later depends on the rows".to_owned()).into()
    }
}

/// By request: the searches that have it, and the place of it among each one's own.
pub(crate) fn users(places: &[Vec<usize>], requests: usize) -> Vec<Vec<(usize, usize)>> {
    let mut users = vec![Vec::new(); requests];
    for (search, own) in places.iter().enumerate() {
        for (nth, at) in own.iter().enumerate() {
            if let Some(users) = users.get_mut(*at) {
                users.push((search, nth));
            }
        }
    }
    users
}

impl<S: Searches + ?Sized> Narrows for Later<'_, S> {
    fn narrow(&self, request: usize) -> Option<Vec<Narrow>> {
        let users = self.users.get(request)?;
        let one = |(number, nth): &(usize, usize)| {
            let probe = self.probes.get(*number).filter(|_| *nth == 0)?;
            of(self.session, &self.searches.search(*number), probe)
        };
        users.iter().map(one).collect()
    }
}

/// Rows that are read for one search or several, without those that have no effect on this one.
pub(crate) fn narrow(
    session: &Session,
    search: &Search<'_>,
    probe: &Probe,
    rows: &mut [RecordBatch],
) {
    if rows.iter().map(RecordBatch::num_rows).sum::<usize>() < MANY {
        return;
    }
    let Some(narrow) = of(session, search, probe) else { return };
    for batch in rows {
        if let Ok(left) = narrow.rows(batch) {
            *batch = left;
        }
    }
}

/// Learning what later filters ask takes as long as some thousand rows do.
const MANY: usize = 2000;

/// What a search's filters up to its first search in brackets ask of what it reads first.
fn of(session: &Session, search: &Search<'_>, probe: &Probe) -> Option<Narrow> {
    let request = probe.requests.first().filter(|_| !probe.dynamic)?;
    let bound = &search.prepared.bound;
    let inner = |stage: &BoundStage| !stage.command.subsearches().is_empty();
    let end = bound.stages.iter().position(inner).unwrap_or(bound.stages.len());
    let demands = bound.demands(&search.out, true);
    let demand = demands.get(end.checked_sub(1)?)?;
    let start = Bound { stages: bound.stages.get(..end)?.to_vec(), ..Bound::default() };
    let planned = Mutex::new(Planned::of(request.clone()));
    let run = Run::new(session, search, Events::Planned(&planned));
    let last = run.plan_of(&start, &demand.out, demand.ordered);
    let planned = std::mem::take(&mut *lock(&planned));
    let plan = planned.only(last.ok()?.logical)?;
    let narrowing = narrowing(&plan, Planned::TABLE, request.filter.is_some())?;
    Narrow::new(narrowing, session.few()).ok()
}
