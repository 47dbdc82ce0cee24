//! The second reading: columns of rows that were found to matter after all others were known.

use super::known::Known;
use super::live::{Live, Outputs};
use super::plan::{By, Many, Plans, ShapePlan};
use crate::shapes::{Fast, Nodes, lock};
use davy_events::{Demand, Shape, Want};
use std::sync::Arc;

/// The second reading: only events whose numbers the first one kept.
pub(super) struct Late {
    first: Arc<Many>,
    numbers: Arc<Vec<Vec<u64>>>,
    known: Known,
}

impl std::fmt::Debug for Late {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}, again", self.first)
    }
}

impl Late {
    pub(super) fn new(first: Arc<Many>, numbers: Vec<Vec<u64>>) -> Late {
        Late { first, numbers: Arc::new(numbers), known: Known::default() }
    }

    fn again(&self, shape: &Shape) -> ShapePlan {
        let first = self.first.plan(shape);
        let has = |live: &&Live| self.numbers.get(live.number).is_some_and(|n| !n.is_empty());
        let live = first.live.iter().filter(|live| live.late).filter(has);
        let by = By::Numbers(self.numbers.clone());
        let mut live = live.peekable();
        if live.peek().is_none() {
            return self.first.settled(Vec::new(), by, Nodes::default());
        }
        // The first reading's plan may be that of another shape.
        let shared = self.first.shapes.graph(shape);
        let mut outputs: Fast<*const Outputs, Arc<Outputs>> = Fast::default();
        let live = live.map(|live| {
            let columns = outputs.entry(Arc::as_ptr(&live.columns));
            let columns = columns.or_insert_with(|| Arc::new(live.columns.over(&shared)));
            live.at_once(columns.clone())
        });
        let live: Vec<Live> = live.collect();
        let mut graph = lock(&shared);
        for live in &live {
            live.columns.program_of(&mut graph);
        }
        let nodes: Nodes = graph.nodes().into();
        drop(graph);
        self.first.settled(live, by, nodes)
    }
}

impl Plans for Late {
    fn plan(&self, shape: &Shape) -> Arc<ShapePlan> {
        self.known.of(shape, || Arc::new(self.again(shape)))
    }

    fn found(&self, _: usize) {}

    fn matters(&self, _: usize) -> bool {
        true
    }
}

impl Demand for Late {
    fn want(&self, shape: &Shape) -> Want {
        self.plan(shape).want.clone()
    }
}
