//! Plans that were made, by the shapes of events that they are for.

use super::plan::ShapePlan;
use crate::shapes::lock;
use davy_events::Shape;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock};

/// Plans by shape. Of threads that ask for one at the same time, one makes it.
#[derive(Default)]
pub(super) struct Known(Mutex<HashMap<u64, Vec<Slot>>>);

type Slot = (Arc<Shape>, Arc<OnceLock<Arc<ShapePlan>>>);

impl Known {
    pub(super) fn of(
        &self,
        shape: &Shape,
        make: impl FnOnce() -> Arc<ShapePlan>,
    ) -> Arc<ShapePlan> {
        let mut known = lock(&self.0);
        let list = known.entry(shape.id).or_default();
        let slot = match list.iter().find(|(known, _)| **known == *shape) {
            Some((_, slot)) => slot.clone(),
            None => {
                let slot = Arc::default();
                list.push((Arc::new(shape.clone()), Arc::clone(&slot)));
                slot
            }
        };
        drop(known);
        slot.get_or_init(make).clone()
    }
}

/// Plans by what is constant, each with the names on which it depends: templates of one kind of
/// event often differ in a field that nobody asks for.
#[derive(Default)]
pub(super) struct Agreeing(
    Mutex<HashMap<Constants, Vec<(Arc<Shape>, Vec<Arc<str>>, Arc<ShapePlan>)>>>,
);

type Constants = Vec<(Arc<str>, Arc<str>)>;

/// Honest logs have a few variants of an event; with a thousand, comparing would take long.
const MAX_AGREEING: usize = 32;

impl Agreeing {
    pub(super) fn of(&self, shape: &Shape) -> Option<Arc<ShapePlan>> {
        let known = lock(&self.0);
        let found = known.get(&shape.constants)?.iter().find(|(known, asked, _)| {
            known.kind == shape.kind
                && known.fields.is_some() == shape.fields.is_some()
                && asked.iter().all(|name| known.may_hold(name) == shape.may_hold(name))
        });
        found.map(|(_, _, plan)| plan.clone())
    }

    pub(super) fn add(&self, shape: &Shape, asked: Vec<Arc<str>>, plan: &Arc<ShapePlan>) {
        let mut known = lock(&self.0);
        let list = known.entry(shape.constants.clone()).or_default();
        if list.len() < MAX_AGREEING {
            list.push((Arc::new(shape.clone()), asked, plan.clone()));
        }
    }
}
