//! Event types and the tags that they give.

use super::graph::Graph;
use super::known::Told;
use super::node::{Node, NodeId, Truth};
use super::open::Lookup;
use davy_plan::Val;
use davy_spl::ast::SearchExpr;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// The event types that events of a kind have or may have.
#[derive(Debug, Default, Clone)]
pub(crate) struct Types {
    /// By name.
    made: HashMap<String, NodeId>,
}

impl Graph {
    /// `eventtype`, `tag` or `tag::FIELD`; what the event itself says stands where there is none.
    pub(super) fn type_values(&mut self, name: &str, before: usize) -> NodeId {
        let mut made = 0;
        if self.types.is_some() {
            self.open.used(&Lookup::Types);
        } else if let Some(frame) = self.open.enter(Lookup::Types) {
            let all = self.types_made();
            made = all.get(name).copied().unwrap_or(0);
            self.types = Some(Types { made: all });
            self.leave(frame);
        }
        if let Some(known) = self.types.as_ref().and_then(|t| t.made.get(name)) {
            made = *known;
        }
        if self.only_types {
            return made;
        }
        match self.event_value(name, before) {
            0 => made,
            own => self.coalesce(vec![made, own]),
        }
    }

    fn types_made(&mut self) -> HashMap<String, NodeId> {
        let base = self.base.clone();
        let mut told = Told::new(self.made.tests());
        let mut names = Vec::new();
        let mut tags: HashMap<String, Vec<(Vec<Arc<str>>, Truth)>> = HashMap::new();
        let mut tag = |kind: &str, list: &[Arc<str>], truth: Truth| {
            for name in ["tag".to_owned(), format!("tag::{kind}")] {
                tags.entry(name).or_default().push((list.to_vec(), truth));
            }
        };
        for eventtype in base.addons().iter().flat_map(|a| &a.eventtypes) {
            let truth = self.truth_told(&eventtype.search, &mut told);
            if truth != Truth::Never {
                match (eventtype.name.is_empty(), eventtype.search.as_ref()) {
                    (false, _) => {
                        names.push((vec![eventtype.name.clone()], truth));
                        tag("eventtype", &eventtype.tags, truth);
                    }
                    // One without a name only gives tags, those of a field's value.
                    (true, SearchExpr::Compare { field, .. }) => {
                        tag(&field.value, &eventtype.tags, truth);
                    }
                    (true, _) => tag("eventtype", &eventtype.tags, truth),
                }
            }
        }
        for given in base.addons().iter().flat_map(|a| &a.field_tags) {
            let truth = self.truth_told(&given.search, &mut told);
            if truth != Truth::Never {
                tag(&given.field, &given.tags, truth);
            }
        }
        let mut made = HashMap::new();
        made.insert("eventtype".to_owned(), self.type_node(names));
        for (name, list) in tags {
            let node = self.type_node(list);
            made.insert(name, node);
        }
        made
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
