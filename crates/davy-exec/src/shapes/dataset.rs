//! The fields of a data model's dataset for one kind of event.

use super::graph::{ALL, Graph, Scope};
use super::made::Fast;
use super::node::{NodeId, Truth};
use davy_knowledge::{Base, Calculated, Dataset};
use davy_plan::DatasetRef;
use std::sync::Arc;

/// What every dataset has from its events.
const INHERITED: [&str; 8] =
    ["_time", "_raw", "host", "source", "sourcetype", "index", "eventtype", "tag"];

/// What a model says of a dataset, whatever the events.
#[derive(Debug, Default)]
pub(super) struct Modelled {
    /// From the oldest ancestor on.
    calculated: Vec<Calculated>,
    /// The fields, each with what stands where an event has no value.
    fields: Fast<Arc<str>, Option<Arc<str>>>,
}

impl Modelled {
    /// `None`: there is no such model.
    pub(super) fn of(base: &Base, dataset: &DatasetRef) -> Option<Modelled> {
        let model = base.model(&dataset.model)?;
        let mut modelled = Modelled::default();
        for part in model.lineage(&dataset.dataset) {
            modelled.calculated.extend(part.calculated.iter().cloned());
        }
        // As `Model::field` finds them: those of datasets below it come last.
        let below = |d: &&Dataset| model.lineage(&d.name).iter().any(|a| a.name == dataset.dataset);
        let below = model.datasets.iter().filter(below).flat_map(|d| &d.fields).cloned();
        for field in model.fields(&dataset.dataset).into_iter().chain(below) {
            modelled.fields.entry(field.name).or_insert(field.default);
        }
        Some(modelled)
    }
}

/// What is known of a dataset for one kind of event.
pub(super) struct OfDataset {
    modelled: Option<Arc<Modelled>>,
    /// By name, with the number of calculated fields that count.
    values: Fast<String, Vec<(usize, NodeId)>>,
}

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
        let modelled = match self.datasets.get(dataset) {
            Some(known) => {
                let list = known.values.get(name).into_iter().flatten();
                if let Some((_, id)) = list.clone().find(|(at, _)| *at == before) {
                    return *id;
                }
                known.modelled.clone()
            }
            None => {
                let modelled = self.made.modelled(dataset);
                let own = OfDataset { modelled: modelled.clone(), values: Fast::default() };
                self.datasets.insert(dataset.clone(), own);
                modelled
            }
        };
        let Some(modelled) = modelled else { return 0 };
        let id = self.dataset_value_of(dataset, &modelled, name, before);
        if let Some(own) = self.datasets.get_mut(dataset) {
            own.values.entry(name.to_owned()).or_default().push((before, id));
        }
        id
    }

    fn dataset_value_of(
        &mut self,
        dataset: &DatasetRef,
        modelled: &Modelled,
        name: &str,
        before: usize,
    ) -> NodeId {
        let calculated = &modelled.calculated;
        let last = calculated.iter().take(before).rposition(|c| *c.name == *name);
        let value = match last.and_then(|at| calculated.get(at).map(|c| (at, c))) {
            Some((at, found)) => self.eval(&found.expr, Scope::Dataset(dataset, at), found.span),
            None => self.value(name, ALL),
        };
        if before != usize::MAX || INHERITED.contains(&name) {
            return value;
        }
        match modelled.fields.get(name) {
            Some(Some(default)) => self.or_default(value, default),
            Some(None) => value,
            None if dataset.loose => value,
            None => 0,
        }
    }
}
