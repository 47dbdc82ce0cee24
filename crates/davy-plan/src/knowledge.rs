//! The knowledge objects that a search may name.

use crate::plan::Rows;
use davy_spl::Macros;
use std::sync::Arc;

/// Lookups, macros, saved searches: what stands behind a search.
pub trait Knowledge: Send + Sync {
    fn macros(&self) -> &dyn Macros;

    /// The whole table of a lookup (CSV, collection), by definition or file name.
    fn lookup(&self, name: &str) -> Option<Rows>;

    fn lookup_names(&self) -> Vec<String>;

    /// The text of a saved search or detection.
    fn saved_search(&self, name: &str) -> Option<String>;

    /// Add-ons and data models.
    fn base(&self) -> Option<&Arc<davy_knowledge::Base>> {
        None
    }
}

/// Knows nothing.
#[derive(Debug, Default)]
pub struct NoKnowledge;

impl Macros for NoKnowledge {
    fn find(&self, _: &str, _: usize) -> Option<davy_spl::MacroDef> {
        None
    }

    fn names(&self) -> Vec<String> {
        Vec::new()
    }
}

impl Knowledge for NoKnowledge {
    fn macros(&self) -> &dyn Macros {
        self
    }

    fn lookup(&self, _: &str) -> Option<Rows> {
        None
    }

    fn lookup_names(&self) -> Vec<String> {
        Vec::new()
    }

    fn saved_search(&self, _: &str) -> Option<String> {
        None
    }
}
