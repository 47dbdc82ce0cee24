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
    /// What few have.
    pub(super) rare: Option<Box<Rare>>,
}

#[derive(Clone, Default)]
pub(super) struct Rare {
    /// What its rows must meet others by, and the text that stands for none: they wait, and are
    /// never made at once.
    pub(super) key: Option<(NodeId, Option<Arc<str>>)>,
    /// The times that it asks for, where other requests may ask for more.
    pub(super) range: Option<(f64, f64)>,
}

impl Live {
    pub(super) fn key(&self) -> Option<&(NodeId, Option<Arc<str>>)> {
        self.rare.as_ref().and_then(|rare| rare.key.as_ref())
    }

    pub(super) fn range(&self) -> Option<(f64, f64)> {
        self.rare.as_ref().and_then(|rare| rare.range)
    }

    /// The same, of rows whose columns are made at once.
    pub(super) fn at_once(&self, columns: Arc<Outputs>) -> Live {
        let rare = self.range().map(|range| Box::new(Rare { key: None, range: Some(range) }));
        Live { number: self.number, columns, late: false, ready: false, rare }
    }
}

/// How columns are made of a shape's events. It is worked out when it is first asked for: a shape
/// may hold rows of hundreds of requests, and most hold rows of a few.
pub(super) struct Outputs {
    graph: Arc<Mutex<Graph>>,
    asked: Arc<AskedColumns>,
    made: OnceLock<Program>,
}

/// The columns that requests ask for.
pub(super) struct AskedColumns {
    /// One of those requests, without its filter.
    request: ReadRequest,
    schema: SchemaRef,
}

impl AskedColumns {
    pub(super) fn of(request: &ReadRequest) -> AskedColumns {
        let request = ReadRequest { filter: None, ..request.clone() };
        AskedColumns { schema: request.schema(), request }
    }
}

impl Outputs {
    pub(super) fn new(graph: &Arc<Mutex<Graph>>, asked: &Arc<AskedColumns>) -> Outputs {
        Outputs { graph: graph.clone(), asked: asked.clone(), made: OnceLock::new() }
    }

    /// The same columns of the events of another graph.
    pub(super) fn over(&self, graph: &Arc<Mutex<Graph>>) -> Outputs {
        Outputs::new(graph, &self.asked)
    }

    /// As `program`, where the graph is in hand.
    pub(super) fn program_of(&self, graph: &mut Graph) -> &Program {
        let AskedColumns { request, schema } = self.asked.as_ref();
        let made = || Program::columns(graph, request, schema.clone());
        self.made.get_or_init(made)
    }

    pub(super) fn program(&self) -> &Program {
        // The graph is taken first, as by who has it in hand already.
        self.made.get().unwrap_or_else(|| self.program_of(&mut lock(&self.graph)))
    }
}
