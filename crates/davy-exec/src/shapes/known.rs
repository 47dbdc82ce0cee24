//! What is known of events before any is read, for folding searches.

use super::graph::{Graph, Scope};
use super::made::Made;
use super::node::Node;
use davy_plan::Matcher;
use std::sync::Arc;

/// What a graph knows, as facts for folding a search.
pub(super) struct Facts<'g, 's> {
    pub(super) graph: &'g mut Graph,
    pub(super) scope: Scope<'s>,
    /// Keeps the tests of a search of the base.
    pub(super) made: Option<Arc<Made>>,
}

impl davy_plan::Facts for Facts<'_, '_> {
    fn fits(&mut self, field: &str, at: usize, matcher: &dyn Fn() -> Matcher) -> Option<bool> {
        let matcher = || match &self.made {
            Some(made) => made.matcher(at, matcher),
            None => Arc::new(matcher()),
        };
        let id = self.graph.value(field, self.scope);
        match self.graph.node(id).as_ref() {
            Node::Absent => Some(false),
            Node::Const(value) => Some(matcher().matches_val(value)),
            Node::Types { always, some } => {
                let matcher = matcher();
                if always.iter().any(|v| matcher.matches(v)) {
                    return Some(true);
                }
                let possible = some.iter().flat_map(|(_, values)| values);
                match possible.into_iter().any(|v| matcher.matches(v)) {
                    true => None,
                    false => Some(false),
                }
            }
            _ => None,
        }
    }
}
