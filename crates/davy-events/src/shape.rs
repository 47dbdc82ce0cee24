//! Shapes: what all events of one kind share, and what a reader wants of them.

use crate::needles::Needles;
use std::sync::Arc;

/// Where the events of a shape come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    Evtx,
    WindowsXml,
    Json,
    Csv,
    WinEventLog,
    Stash,
    Line,
}

/// One kind of event. Equal `id`s mean equal shapes, in this run and the next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shape {
    pub id: u64,
    pub kind: Kind,
    /// Fields with one value in all events of the shape, sorted by name.
    pub constants: Vec<(Arc<str>, Arc<str>)>,
    /// All names such an event may hold, sorted, constants included; `None` is unknown until read.
    pub fields: Option<Vec<Arc<str>>>,
}

impl Shape {
    pub fn new(
        kind: Kind,
        mut constants: Vec<(Arc<str>, Arc<str>)>,
        mut fields: Option<Vec<Arc<str>>>,
    ) -> Self {
        constants.sort();
        constants.dedup_by(|a, b| a.0 == b.0);
        if let Some(names) = &mut fields {
            names.extend(constants.iter().map(|(name, _)| name.clone()));
            names.sort();
            names.dedup();
        }
        let mut hash = Fnv::new();
        hash.write(&[kind as u8]);
        for (name, value) in &constants {
            hash.text(name);
            hash.text(value);
        }
        hash.write(&[u8::from(fields.is_some())]);
        for name in fields.iter().flatten() {
            hash.text(name);
        }
        Self { id: hash.0, kind, constants, fields }
    }

    pub fn constant(&self, name: &str) -> Option<&str> {
        self.constants
            .binary_search_by(|(known, _)| (**known).cmp(name))
            .ok()
            .and_then(|at| self.constants.get(at))
            .map(|(_, value)| &**value)
    }

    /// Whether an event of the shape may hold the field.
    pub fn may_hold(&self, name: &str) -> bool {
        match &self.fields {
            None => true,
            Some(names) => {
                name.starts_with('_') || names.binary_search_by(|n| (**n).cmp(name)).is_ok()
            }
        }
    }
}

/// FNV-1a: the same on every machine, so that a shape's id can be stored.
pub(crate) struct Fnv(pub(crate) u64);

impl Fnv {
    pub(crate) fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    pub(crate) fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }

    pub(crate) fn text(&mut self, text: &str) {
        self.write(text.as_bytes());
        self.write(&[0xff]);
    }
}

/// What is wanted of the events of a shape.
#[derive(Debug, Clone)]
pub enum Want {
    /// They are counted and not read.
    Skip,
    /// These columns, in order, and with `rest` one more that packs all other fields.
    Fields { names: Arc<[Arc<str>]>, rest: bool },
    /// These columns, of which `_raw` only matters where one of the needles stands nearby; elsewhere
    /// it may be null. With `whole` the other columns too: events elsewhere need not be given.
    Seek { names: Arc<[Arc<str>]>, needles: Arc<Needles>, whole: bool },
}

/// Asked once for each shape of an input.
pub trait Demand: Send + Sync {
    fn want(&self, shape: &Shape) -> Want;
}

/// Wants the same of every shape.
impl Demand for Want {
    fn want(&self, _: &Shape) -> Want {
        self.clone()
    }
}
