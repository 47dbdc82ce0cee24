//! The values of one kind of event: constants, decoded fields, and what is computed from them.

use super::run::Run;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::physical_expr::PhysicalExpr;
use davy_plan::{Ty, Val};
use std::sync::Arc;

/// A node's number; a node's inputs have smaller ones.
pub(crate) type NodeId = usize;

#[derive(Debug)]
pub(crate) enum Node {
    /// In no event.
    Absent,
    /// The same in all events.
    Const(Val<'static>),
    /// As decoded.
    Raw(Arc<str>),
    Expr {
        inputs: Vec<NodeId>,
        schema: SchemaRef,
        expr: Arc<dyn PhysicalExpr>,
        ty: Ty,
        /// It takes more to work out than to see which rows are alike.
        costly: bool,
        /// Where this input is nowhere null, it is the value.
        lead: Option<NodeId>,
    },
    /// One of the fields that a run gives.
    Out { run: Arc<Run>, inputs: Vec<NodeId>, name: Arc<str> },
    /// Event types or tags: those that all events have, and those that some have.
    Types { always: Vec<Arc<str>>, some: Vec<(NodeId, Vec<Arc<str>>)> },
}

impl Node {
    pub(crate) fn ty(&self) -> Ty {
        match self {
            Node::Absent => Ty::Null,
            Node::Const(Val::Num(_)) => Ty::Num,
            Node::Const(Val::Bool(_)) => Ty::Bool,
            Node::Const(_) => Ty::Text,
            Node::Raw(name) if &**name == "_time" => Ty::Num,
            Node::Raw(_) | Node::Out { .. } | Node::Types { .. } => Ty::Text,
            Node::Expr { ty, .. } => *ty,
        }
    }

    pub(crate) fn inputs(&self) -> impl Iterator<Item = NodeId> + '_ {
        let (ids, some): (&[NodeId], &[(NodeId, Vec<Arc<str>>)]) = match self {
            Node::Absent | Node::Const(_) | Node::Raw(_) => (&[], &[]),
            Node::Expr { inputs, .. } | Node::Out { inputs, .. } => (inputs, &[]),
            Node::Types { some, .. } => (&[], some),
        };
        ids.iter().copied().chain(some.iter().map(|(id, _)| *id))
    }
}

/// What a condition comes to for one kind of event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Truth {
    Always,
    Never,
    /// Where this node is true.
    When(NodeId),
}
