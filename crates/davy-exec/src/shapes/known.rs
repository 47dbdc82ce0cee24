//! What is known of events before any is read, for folding searches.

use super::graph::{Graph, Scope};
use super::node::Node;
use davy_plan::{Facts, Matcher};

/// What a graph knows, as facts for folding a search.
pub(super) struct Known<'g, 's> {
    pub(super) graph: &'g mut Graph,
    pub(super) scope: Scope<'s>,
}

impl Facts for Known<'_, '_> {
    fn fits(&mut self, field: &str, matcher: &dyn Fn() -> Matcher) -> Option<bool> {
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
