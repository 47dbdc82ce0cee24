//! The requests that events of one shape may match, and how the columns of each are made.

use crate::shapes::{Graph, NodeId, Program, lock};
use crate::source::ReadRequest;
use datafusion::arrow::datatypes::SchemaRef;
use std::sync::{Arc, Mutex, OnceLock};

/// A request whose rows the shape may hold.
#[derive(Clone)]
pub(super) struct Live {
    /// Its number.
    pub(super) number: usize,
    pub(super) columns: Arc<Outputs>,
    /// Its columns take much to decode, or may never be needed, so only the numbers of its rows
    /// are kept at first.
    pub(super) late: bool,
    /// What its columns are made of is decoded for others: once it is known to be needed, they are
    /// made at once.
    pub(super) ready: bool,
    /// What its rows must meet others by, and the text that stands for none: they wait, and are
    /// never made at once.
    pub(super) key: Option<(NodeId, Option<Arc<str>>)>,
    /// The times that it asks for, where other requests may ask for more.
    pub(super) range: Option<(f64, f64)>,
}

/// How columns are made of a shape's events. It is worked out when it is first asked for: a shape
/// may hold rows of hundreds of requests, and most hold rows of a few.
pub(super) struct Outputs {
    graph: Arc<Mutex<Graph>>,
    request: ReadRequest,
    schema: SchemaRef,
    made: OnceLock<Program>,
}

impl Outputs {
    pub(super) fn new(
        graph: &Arc<Mutex<Graph>>,
        request: &ReadRequest,
        schema: SchemaRef,
    ) -> Outputs {
        let request = ReadRequest { filter: None, ..request.clone() };
        Outputs { graph: graph.clone(), request, schema, made: OnceLock::new() }
    }

    /// As `program`, where the graph is in hand.
    pub(super) fn program_of(&self, graph: &mut Graph) -> &Program {
        let made = || Program::columns(graph, &self.request, self.schema.clone());
        self.made.get_or_init(made)
    }

    pub(super) fn program(&self) -> &Program {
        // The graph is taken first, as by who has it in hand already.
        self.made.get().unwrap_or_else(|| self.program_of(&mut lock(&self.graph)))
    }
}
