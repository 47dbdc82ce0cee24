//! The fields of a data model's dataset for one kind of event.

use super::graph::{ALL, Graph, Scope};
use super::node::{NodeId, Truth};
use davy_knowledge::Calculated;
use davy_plan::DatasetRef;

/// What every dataset has from its events.
const INHERITED: [&str; 8] =
    ["_time", "_raw", "host", "source", "sourcetype", "index", "eventtype", "tag"];

impl Graph {
    /// Which events are of the dataset.
    pub(crate) fn dataset_truth(&mut self, dataset: &DatasetRef) -> Truth {
        if let Some(truth) = self.dataset_truth.get(dataset) {
            return *truth;
        }
        let base = self.base.clone();
        let line = base.model(&dataset.model).map(|m| m.lineage(&dataset.dataset));
        let line = line.unwrap_or_default();
        let mut truth = if line.is_empty() { Truth::Never } else { Truth::Always };
        let mut calculated = 0;
        // What a JSON event calls its tag puts it in no dataset.
        let before = std::mem::replace(&mut self.only_types, true);
        for (depth, part) in line.iter().enumerate() {
            let scope = match depth {
                0 => ALL,
                // A child's constraint sees what its ancestors calculate.
                _ => Scope::Dataset(dataset, calculated),
            };
            let own = self.truth(&part.constraint, scope);
            truth = self.both(truth, own);
            if truth == Truth::Never {
                break;
            }
            calculated += part.calculated.len();
        }
        self.only_types = before;
        self.dataset_truth.insert(dataset.clone(), truth);
        truth
    }

    /// A field of the dataset; `before` counts calculated fields, from the oldest ancestor on.
    pub(super) fn dataset_value(
        &mut self,
        dataset: &DatasetRef,
        name: &str,
        before: usize,
    ) -> NodeId {
        let known = self.dataset_memo.get(dataset).and_then(|names| names.get(name));
        if let Some((_, id)) = known.and_then(|list| list.iter().find(|(at, _)| *at == before)) {
            return *id;
        }
        let id = self.dataset_value_of(dataset, name, before);
        // Asked for far more often than made.
        let names = self.dataset_memo.entry(dataset.clone()).or_default();
        names.entry(name.to_owned()).or_default().push((before, id));
        id
    }

    fn dataset_value_of(&mut self, dataset: &DatasetRef, name: &str, before: usize) -> NodeId {
        let base = self.base.clone();
        let Some(model) = base.model(&dataset.model) else { return 0 };
        let calculated: Vec<Calculated> = model
            .lineage(&dataset.dataset)
            .into_iter()
            .flat_map(|d| d.calculated.iter().cloned())
            .collect();
        let last = calculated.iter().take(before).rposition(|c| *c.name == *name);
        let value = match last.and_then(|at| calculated.get(at).map(|c| (at, c))) {
            Some((at, found)) => self.eval(&found.expr, Scope::Dataset(dataset, at), found.span),
            None => self.value(name, ALL),
        };
        if before != usize::MAX || INHERITED.contains(&name) {
            return value;
        }
        let Some(field) = model.field(&dataset.dataset, name) else {
            return if dataset.loose { value } else { 0 };
        };
        match &field.default {
            Some(default) => self.or_default(value, default),
            None => value,
        }
    }
}
