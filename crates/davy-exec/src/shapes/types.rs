//! Event types and the tags that they give.

use super::graph::{ALL, Graph};
use super::node::{Node, NodeId, Truth};
use davy_plan::Val;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The event types that events of a kind have or may have.
#[derive(Debug, Default, Clone)]
pub(crate) struct Types {
    list: Vec<(Arc<str>, Vec<Arc<str>>, Truth)>,
    /// By name: the nodes of `eventtype` and `tag`.
    made: Option<(NodeId, NodeId)>,
}

impl Graph {
    /// `eventtype` or `tag`; what the event itself says stands where no event type fits.
    pub(super) fn type_values(&mut self, name: &str, before: usize) -> NodeId {
        let (eventtype, tag) = self.types_made();
        let made = if name == "eventtype" { eventtype } else { tag };
        let own = self.event_value(name, before);
        match own {
            0 => made,
            own => self.coalesce(vec![made, own]),
        }
    }

    fn types_made(&mut self) -> (NodeId, NodeId) {
        if let Some(types) = &self.types {
            // An event type that asks for tags gets none while they are being made.
            return types.made.unwrap_or((0, 0));
        }
        self.types = Some(Types::default());
        let base = self.base.clone();
        for eventtype in base.addons().iter().flat_map(|a| &a.eventtypes) {
            let truth = self.truth(&eventtype.search, ALL);
            if truth == Truth::Never {
                continue;
            }
            let entry = (eventtype.name.clone(), eventtype.tags.clone(), truth);
            if let Some(types) = &mut self.types {
                types.list.push(entry);
            }
        }
        let list = self.types.as_ref().map(|t| t.list.clone()).unwrap_or_default();
        let names = list.iter().map(|(name, _, truth)| (vec![name.clone()], *truth));
        let eventtype = self.type_node(names.collect());
        let tags = list.iter().map(|(_, tags, truth)| (tags.clone(), *truth));
        let tag = self.type_node(tags.collect());
        self.types = Some(Types { list, made: Some((eventtype, tag)) });
        (eventtype, tag)
    }

    fn type_node(&mut self, list: Vec<(Vec<Arc<str>>, Truth)>) -> NodeId {
        let mut always: Vec<Arc<str>> = Vec::new();
        let mut some: BTreeMap<NodeId, Vec<Arc<str>>> = BTreeMap::new();
        for (values, truth) in list {
            match truth {
                Truth::Always => always.extend(values),
                Truth::When(id) => some.entry(id).or_default().extend(values),
                Truth::Never => {}
            }
        }
        always.sort();
        always.dedup();
        let mut some: Vec<(NodeId, Vec<Arc<str>>)> = some.into_iter().collect();
        for (_, values) in &mut some {
            values.retain(|v| !always.contains(v));
        }
        some.retain(|(_, values)| !values.is_empty());
        match (always.is_empty(), some.is_empty()) {
            (true, true) => 0,
            (false, true) => self.add(Node::Const(Val::multi(&always))),
            _ => self.add(Node::Types { always, some }),
        }
    }
}
