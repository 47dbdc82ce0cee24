//! Nodes that are worked out of others: expressions of the base, and what several ways to a field
//! come to.

use super::compile::{self, Compiled};
use super::graph::{Graph, Scope};
use super::made::Of;
use super::node::{Node, NodeId};
use davy_plan::{Compiler, Failed, Plan, Typed, Val};
use davy_spl::ast::Expr;
use std::sync::Arc;

impl Graph {
    /// The value of an expression of the base.
    pub(super) fn eval(
        &mut self,
        expr: &Arc<Expr>,
        scope: Scope<'_>,
        span: davy_diag::Span,
    ) -> NodeId {
        self.eval_of(expr, scope, span, Of::Eval(Arc::as_ptr(expr) as usize))
    }

    fn eval_of(&mut self, expr: &Expr, scope: Scope<'_>, span: davy_diag::Span, of: Of) -> NodeId {
        let inputs = self.inputs(Compiler::reads(expr), scope);
        let env = self.made.env.clone();
        self.compiled(of, &inputs, Some(span), |plan| {
            let mut compiler = Compiler::alone(plan, &env);
            let value = compiler.value(expr);
            compiler.finish(value)
        })
    }

    pub(super) fn inputs(
        &mut self,
        mut names: Vec<String>,
        scope: Scope<'_>,
    ) -> Vec<(String, NodeId, Arc<Node>)> {
        names.sort();
        names.dedup();
        names
            .into_iter()
            .map(|name| {
                let id = self.value(&name, scope);
                (name, id, self.node(id))
            })
            .collect()
    }

    /// Nodes as columns named by their place.
    pub(super) fn named(&self, ids: &[NodeId]) -> Vec<(String, NodeId, Arc<Node>)> {
        ids.iter().enumerate().map(|(i, id)| (i.to_string(), *id, self.node(*id))).collect()
    }

    pub(super) fn compiled(
        &mut self,
        of: Of,
        inputs: &[(String, NodeId, Arc<Node>)],
        span: Option<davy_diag::Span>,
        build: impl FnOnce(&Plan) -> Result<Typed, Failed>,
    ) -> NodeId {
        let id = |at: &usize| inputs.get(*at).map_or(0, |(_, id, _)| *id);
        match self.made.compiled(of, inputs, build) {
            Ok(Compiled::Absent) => 0,
            Ok(Compiled::Const(value)) => self.add(Node::Const(value)),
            Ok(Compiled::Same(at)) => id(&at),
            Ok(Compiled::Expr { inputs: used, schema, expr, ty, costly, lead }) => {
                let (inputs, lead) = (used.iter().map(id).collect(), lead.as_ref().map(id));
                self.add(Node::Expr { inputs, schema, expr, ty, costly, lead })
            }
            Err(words) => {
                let span = span.unwrap_or(davy_diag::SourceMap::default().add("", "").span(0..0));
                self.problems.push((span, words));
                0
            }
        }
    }

    /// The first of these that is there.
    pub(super) fn coalesce(&mut self, ids: Vec<NodeId>) -> NodeId {
        let mut list: Vec<NodeId> = Vec::new();
        for id in ids {
            let node = self.node(id);
            if matches!(*node, Node::Absent) || list.contains(&id) {
                continue;
            }
            list.push(id);
            if matches!(*node, Node::Const(_)) {
                break;
            }
        }
        match list.as_slice() {
            [] => 0,
            [one] => *one,
            _ => {
                let inputs = self.named(&list);
                let names: Vec<String> = inputs.iter().map(|(n, _, _)| n.clone()).collect();
                self.compiled(Of::Coalesce, &inputs, None, |plan| compile::coalesce(plan, &names))
            }
        }
    }

    pub(super) fn choose(&mut self, condition: NodeId, yes: NodeId, no: NodeId) -> NodeId {
        if yes == no {
            return yes;
        }
        let inputs = self.named(&[condition, yes, no]);
        self.compiled(Of::Choose, &inputs, None, |plan| compile::choose(plan, "0", "1", "2"))
    }

    pub(super) fn or_default(&mut self, value: NodeId, default: &str) -> NodeId {
        match self.nodes().get(value).map(AsRef::as_ref) {
            Some(Node::Absent) | None => {
                return self.add(Node::Const(Val::str(default.to_owned())));
            }
            Some(Node::Const(Val::Str(text))) if !text.is_empty() => return value,
            Some(_) => {}
        }
        let inputs = self.named(&[value]);
        let of = Of::Default(default.into());
        self.compiled(of, &inputs, None, |plan| compile::or_default(plan, "0", default))
    }
}
