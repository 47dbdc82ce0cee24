//! Which kinds of events an input holds, learnt while it is read: a later reading of the same hunt
//! leaves out what holds nothing that it wants.

use crate::shapes::lock;
use davy_events::{Demand, Shape, Want};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};

/// The kinds of each part of a source.
#[derive(Debug, Default)]
pub(crate) struct Met {
    parts: Mutex<HashMap<PartKey, Arc<[Arc<Shape>]>>>,
}

/// An input, and where its part begins if it has several.
pub(crate) type PartKey = (usize, Option<usize>);

/// An input of more kinds is read again.
const MAX_KINDS: usize = 512;

impl Met {
    /// A part was read to its end.
    pub(crate) fn learn(&self, part: PartKey, shapes: Vec<Arc<Shape>>) {
        if shapes.len() <= MAX_KINDS {
            lock(&self.parts).insert(part, shapes.into());
        }
    }

    /// Whether a part is known to hold nothing that is wanted.
    pub(crate) fn has_none(&self, part: PartKey, demand: &dyn Demand) -> bool {
        let Some(shapes) = lock(&self.parts).get(&part).cloned() else { return false };
        shapes.iter().all(|shape| matches!(demand.want(shape), Want::Skip))
    }
}
