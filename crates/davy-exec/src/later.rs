//! What the later filters of many searches ask of the rows of one reading.

use crate::many::{Probe, Searches};
use crate::reads::Key;
use crate::run::{Events, Run, Search};
use crate::session::Session;
use crate::shapes::lock;
use crate::shared::{Keys, Narrow, Narrows, Stored};
use crate::source::ReadRequest;
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::common::DataFusionError;
use datafusion::logical_expr::LogicalPlan;
use davy_plan::{
    Bound, BoundStage, Engine as _, Failed, FieldSet, narrowing, read_as, reads_of, rows_of,
};
use std::sync::{Arc, Mutex};

/// The searches of a run, and who has which request.
pub(crate) struct Later<'a, S: ?Sized> {
    session: &'a Session,
    searches: &'a S,
    probes: &'a [Probe],
    /// By search: the numbers of its requests.
    places: &'a [Vec<usize>],
    users: &'a [Vec<(usize, usize)>],
}

impl<'a, S: ?Sized> Later<'a, S> {
    pub(crate) fn new(
        session: &'a Session,
        searches: &'a S,
        probes: &'a [Probe],
        places: &'a [Vec<usize>],
        users: &'a [Vec<(usize, usize)>],
    ) -> Self {
        Later { session, searches, probes, places, users }
    }
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

    fn key(&self, request: usize) -> Option<(Arc<str>, Option<Arc<str>>)> {
        let mut columns = self.users.get(request)?.iter().map(|(number, nth)| {
            let key = self.probes.get(*number)?.key.as_ref().filter(|_| *nth == 0)?;
            Some((key.column.clone(), key.absent.clone()))
        });
        let first = columns.next()??;
        columns.all(|column| column.as_ref() == Some(&first)).then_some(first)
    }

    fn others(&self, request: usize) -> Vec<usize> {
        let users = self.users.get(request).into_iter().flatten();
        let places = users.filter_map(|(number, _)| self.places.get(*number));
        places.flat_map(|own| own.iter().skip(1)).copied().collect()
    }

    fn keys(&self, request: usize, stored: &[Stored]) -> Option<Keys> {
        let mut keys = Keys::default();
        for (number, _) in self.users.get(request)? {
            let probe = self.probes.get(*number)?;
            let mut rows = Vec::new();
            for (own, at) in probe.requests.iter().zip(self.places.get(*number)?).skip(1) {
                rows.push((own.clone(), stored.get(*at)?.load().ok()?));
            }
            let search = self.searches.search(*number);
            let run = Run::new(self.session, &search, Events::Kept(&rows));
            met(&run, &search, &probe.key.as_ref()?.field, &mut keys)?;
        }
        Some(keys)
    }
}

/// With more rows than these on a join's other side, most rows meet one.
const MOST: usize = 10_000;

/// Adds what the other side of a search's first join holds in a field.
fn met(run: &Run<'_>, search: &Search<'_>, field: &str, keys: &mut Keys) -> Option<()> {
    let stages = &search.prepared.bound.stages;
    let inner = stages.iter().flat_map(|stage| stage.command.subsearches()).next()?;
    let plan = run.plan_of(inner, &FieldSet::of([field]), true).ok()?;
    let (schema, batches) = run.collect(&plan.logical).ok()?;
    let rows = rows_of(&schema, &batches).ok().filter(|rows| rows.rows.len() <= MOST)?;
    let at = rows.column(field)?;
    let texts = rows.rows.iter().filter_map(|row| row.get(at)?.text());
    texts.for_each(|text| keys.add(&text));
    Some(())
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
    let (plan, _) = start_of(session, search, request)?;
    let narrowing = narrowing(&plan, Planned::TABLE, request.filter.is_some())?;
    Narrow::new(narrowing, session.few()).ok()
}

/// By what rows of a search's first request must meet one of the other side of its first join,
/// where that can be told from the rows as they are read.
pub(crate) fn key(session: &Session, search: &Search<'_>, requests: &[ReadRequest]) -> Option<Key> {
    let first = requests.first()?;
    let fields = |stage: &BoundStage| stage.command.meets();
    let fields = search.prepared.bound.stages.iter().map(fields).find(|f| !f.is_empty())?;
    let (plan, join) = start_of(session, search, first)?;
    if join?.command.meets() != fields {
        return None;
    }
    fields.into_iter().find_map(|field| {
        let read = read_as(&plan, Planned::TABLE, &field)?;
        let is_read = |own: &&Arc<str>| ***own == *read.column && !own.starts_with('_');
        let column = first.fields.iter().find(is_read)?.clone();
        Some(Key { field, column, absent: read.absent.map(Arc::from) })
    })
}

/// The plan of a search up to its first command with a search in brackets, and that command.
fn start_of<'s>(
    session: &Session,
    search: &'s Search<'_>,
    request: &ReadRequest,
) -> Option<(LogicalPlan, Option<&'s BoundStage>)> {
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
    Some((planned.only(last.ok()?.logical)?, bound.stages.get(end)))
}
