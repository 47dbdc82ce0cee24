//! Which kinds of events searches can read, and what the others lack, without decoding an event.

use crate::run::{Events, Run, Search};
use crate::session::{RunError, Session};
use crate::shapes::{ALL, Graph, Node, Scope, Shapes, Truth, lock};
use crate::shared::{Filters, Gate, Told};
use crate::source::{EventSource, Read, ReadRequest};
use davy_events::{Demand, Shape, Want};
use davy_plan::{Bound, Fields, HIDDEN, SEQ};
use davy_spl::ast::SearchExpr;
use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex};

/// What a search can reach in the logs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reach {
    /// It reads events at all.
    pub reads: bool,
    /// Kinds of events that may match.
    pub kinds: usize,
    /// What no kind of event meets: the data model's dataset, or a part of the filter, as SPL.
    pub unmet: Vec<String>,
    /// Each part of the filter is met by some kind, and no kind meets all: `unmet` is what the kind
    /// that meets most does not.
    pub apart: bool,
    /// Fields that it reads and that none of the kinds which may match has.
    pub missing: Vec<String>,
}

/// Notes the shapes and wants none of their events.
#[derive(Debug, Default)]
struct Noted(Mutex<Vec<Shape>>);

impl Demand for Noted {
    fn want(&self, shape: &Shape) -> Want {
        let mut known = lock(&self.0);
        if !known.contains(shape) {
            known.push(shape.clone());
        }
        Want::Skip
    }
}

impl Session {
    /// Looks at the kinds of events of the source, and tells of each search which it can read. A
    /// search that reads several times is told by the reading that reaches least.
    pub fn reach(
        &self,
        searches: &[Search<'_>],
        source: &Arc<dyn EventSource>,
    ) -> Result<Vec<Reach>, RunError> {
        let Some(first) = searches.first() else { return Ok(Vec::new()) };
        let noted = Arc::new(Noted::default());
        let open = (f64::NEG_INFINITY, f64::INFINITY);
        let read = Read {
            demand: noted.clone(),
            earliest: open.0,
            latest: open.1,
            only: None,
            stop: None,
        };
        let threads = self.config().partitions.max(1);
        let reading = source.start(read, threads);
        std::thread::scope(|scope| {
            for part in 0..threads {
                let reading = reading.clone();
                scope.spawn(move || reading.part(part, &mut |_| ControlFlow::Continue(())));
            }
        });
        let found = std::mem::take(&mut *lock(&noted.0));
        let shapes = Run::new(self, first, Events::Source).shapes();
        let requests = self.requests(searches);
        let out = requests.iter().zip(searches).map(|(requests, search)| {
            let each = requests.iter().map(|request| {
                let mut reach = reach(request, &found, &shapes);
                reach.missing.retain(|name| !extracted(name, &search.prepared.bound));
                reach
            });
            each.min_by_key(|reach| (reach.kinds, usize::MAX - reach.missing.len()))
                .unwrap_or_default()
        });
        Ok(out.collect())
    }
}

fn reach(request: &ReadRequest, found: &[Shape], shapes: &Shapes) -> Reach {
    let parts: &[SearchExpr] = match request.filter.as_deref() {
        None => &[],
        Some(SearchExpr::And(list)) => list,
        Some(other) => std::slice::from_ref(other),
    };
    let mut made = Filters::default();
    let dataset = request.dataset.as_ref().map(|dataset| made.dataset(dataset));
    let filters: Vec<_> = parts.iter().map(|part| made.filter(part, dataset)).collect();
    let mut out = Reach { reads: true, ..Reach::default() };
    let mut in_dataset = false;
    // Which parts some kind meets, and the fewest that one kind does not.
    let mut met: BTreeSet<usize> = BTreeSet::new();
    let mut nearest: Option<Vec<usize>> = None;
    let mut missing: Option<BTreeSet<String>> = None;
    for shape in found {
        let graph = shapes.graph(shape);
        let mut graph = lock(&graph);
        let scope = match &request.dataset {
            Some(dataset) if graph.dataset_truth(dataset) == Truth::Never => continue,
            Some(dataset) => Scope::Dataset(dataset, usize::MAX),
            None => ALL,
        };
        in_dataset = true;
        let mut told = Told::new(&made);
        let fails: Vec<usize> = (0..parts.len())
            .filter(|at| {
                let gate = filters.get(*at).map(|f| told.gate(f, &mut graph));
                matches!(gate, Some(Gate::False))
            })
            .collect();
        met.extend((0..parts.len()).filter(|at| !fails.contains(at)));
        if !fails.is_empty() {
            if nearest.as_ref().is_none_or(|n| n.len() > fails.len()) {
                nearest = Some(fails);
            }
            continue;
        }
        out.kinds += 1;
        let own = absent(request, &mut graph, scope);
        missing = Some(match missing {
            None => own,
            Some(before) => before.intersection(&own).cloned().collect(),
        });
    }
    out.missing = missing.into_iter().flatten().collect();
    if out.kinds > 0 {
        return out;
    }
    if let Some(dataset) = request.dataset.as_ref().filter(|_| !in_dataset) {
        out.unmet.push(format!("datamodel={}.{}", dataset.model, dataset.dataset));
        return out;
    }
    let never: Vec<usize> = (0..parts.len()).filter(|at| !met.contains(at)).collect();
    out.apart = never.is_empty();
    let shown = if never.is_empty() { nearest.unwrap_or_default() } else { never };
    out.unmet = shown.iter().filter_map(|at| parts.get(*at)).map(davy_spl::format_search).collect();
    out
}

/// Whether a command may take the field out of the events' text.
fn extracted(name: &str, bound: &Bound) -> bool {
    let takes = |command: &str| {
        let from_text = ["xmlkv", "spath", "extract", "kv", "multikv", "xpath", "fromjson"];
        from_text.contains(&command) || matches!(command, "rex" | "lookup")
    };
    bound.stages.iter().filter(|stage| takes(stage.spec.name)).any(|stage| {
        let made = stage.command.fields(&Fields::default());
        made.open || made.has(name)
    })
}

/// The fields that are wanted and in no event of the kind.
fn absent(request: &ReadRequest, graph: &mut Graph, scope: Scope<'_>) -> BTreeSet<String> {
    let wanted = request.fields.iter().filter(|n| ***n != *SEQ && !n.starts_with(HIDDEN));
    wanted
        .filter(|name| {
            let id = graph.value(name, scope);
            matches!(graph.node(id).as_ref(), Node::Absent)
        })
        .map(|name| name.to_string())
        .collect()
}
