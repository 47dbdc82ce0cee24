//! Knowledge applied to events: for each shape, which fields, event types and datasets its events
//! have, worked out once and kept.

mod alike;
mod compile;
mod dataset;
mod explain;
mod expressions;
mod graph;
mod known;
mod lookup;
mod made;
mod node;
mod open;
mod pass;
mod program;
mod run;
mod server;
mod stamped;
mod types;

pub(crate) use alike::Alike;
pub use explain::{Explained, Holds, check_base, check_eval, check_files, explain, explain_event};
pub(crate) use graph::{ALL, Graph, Scope};
pub(crate) use made::{Fast, Made};
pub(crate) use node::{Node, NodeId, Truth};
pub(crate) use pass::{Memo, Pass, Rows};
pub(crate) use program::{Nodes, Program, closure};

use crate::source::ReadRequest;
use davy_events::{Demand, Shape, Want};
use davy_knowledge::Base;
use davy_plan::Env;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// What is known of the shapes that were met.
pub(crate) struct Shapes {
    made: Arc<Made>,
    /// Ids are hashes, so several shapes may have one.
    known: Mutex<HashMap<u64, Vec<(Shape, Arc<Mutex<Graph>>)>>>,
}

impl std::fmt::Debug for Shapes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Shapes")
    }
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shapes {
    pub(crate) fn new(base: Arc<Base>, env: Arc<Env>) -> Shapes {
        Shapes { made: Arc::new(Made::new(base, env)), known: Mutex::new(HashMap::new()) }
    }

    /// Whether this is made of that base, for times of that zone.
    pub(crate) fn is_of(&self, base: &Arc<Base>, env: &Env) -> bool {
        Arc::ptr_eq(&self.made.base, base) && self.made.env.zone == env.zone
    }

    pub(crate) fn graph(&self, shape: &Shape) -> Arc<Mutex<Graph>> {
        let found = |known: &HashMap<u64, Vec<(Shape, Arc<Mutex<Graph>>)>>| {
            let list = known.get(&shape.id)?;
            list.iter().find(|(known, _)| known == shape).map(|(_, graph)| graph.clone())
        };
        if let Some(graph) = found(&lock(&self.known)) {
            return graph;
        }
        // Nobody waits for what is made here.
        let made = Arc::new(Mutex::new(Graph::new(&self.made, shape.clone())));
        let mut known = lock(&self.known);
        if let Some(graph) = found(&known) {
            return graph;
        }
        known.entry(shape.id).or_default().push((shape.clone(), made.clone()));
        made
    }
}

/// A program, and the nodes that it reads.
pub(crate) type Ready = (Arc<Program>, Nodes);

/// One request's programs, by shape.
#[derive(Debug)]
pub(crate) struct Programs {
    shapes: Arc<Shapes>,
    request: ReadRequest,
    made: Mutex<HashMap<u64, Vec<(Shape, Option<Ready>)>>>,
}

impl Programs {
    pub(crate) fn new(shapes: Arc<Shapes>, request: ReadRequest) -> Programs {
        Programs { shapes, request, made: Mutex::new(HashMap::new()) }
    }

    /// `None`: no event of the shape is wanted.
    pub(crate) fn of(&self, shape: &Shape) -> Option<Ready> {
        if let Some(list) = lock(&self.made).get(&shape.id)
            && let Some((_, program)) = list.iter().find(|(known, _)| known == shape)
        {
            return program.clone();
        }
        let graph = self.shapes.graph(shape);
        let mut graph = lock(&graph);
        let program = Program::new(&mut graph, &self.request);
        let program = program.map(|program| (Arc::new(program), graph.nodes().into()));
        drop(graph);
        let mut made = lock(&self.made);
        made.entry(shape.id).or_default().push((shape.clone(), program.clone()));
        program
    }
}

impl Demand for Programs {
    fn want(&self, shape: &Shape) -> Want {
        match self.of(shape) {
            Some((program, _)) => Want::Fields { names: program.raw.clone(), rest: program.rest },
            None => Want::Skip,
        }
    }
}
