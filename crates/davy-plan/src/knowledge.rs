//! The knowledge objects that a search may name.

use crate::lookups::LookupTable;
use crate::plan::Rows;
use davy_spl::Macros;
use std::sync::Arc;

/// Lookups, macros, saved searches: what stands behind a search.
pub trait Knowledge: Send + Sync {
    fn macros(&self) -> &dyn Macros;

    /// The whole table of a lookup (CSV, collection), by definition or file name.
    fn lookup(&self, name: &str) -> Option<Rows>;

    fn lookup_names(&self) -> Vec<String>;

    /// The database that tells where addresses are, if there is one.
    fn geo(&self) -> Option<std::sync::Arc<dyn crate::geo::Geo>> {
        None
    }

    /// A lookup's table with its definition: how its columns match.
    fn lookup_table(&self, name: &str) -> Option<Arc<LookupTable>> {
        self.lookup(name).map(|rows| Arc::new(LookupTable::from(rows)))
    }

    /// Writes rows into a lookup: what `outputlookup` does. The error says why it cannot be.
    fn write_lookup(&self, name: &str, _: &Rows, _: &WriteLookup) -> Result<(), String> {
        Err(format!("`{name}` cannot be written here"))
    }

    /// Keeps rows as events of an index: what `collect` does. The error says why it cannot be.
    fn collect(&self, index: &str, _: &Rows) -> Result<(), String> {
        Err(format!("there is no index `{index}` that keeps events"))
    }

    /// The text of a saved search or detection.
    fn saved_search(&self, name: &str) -> Option<String>;

    /// The settings of a stanza of `transactiontypes.conf`.
    fn transaction_type(&self, _: &str) -> Option<Vec<(String, String)>> {
        None
    }

    fn transaction_types(&self) -> Vec<String> {
        Vec::new()
    }

    /// Add-ons and data models.
    fn base(&self) -> Option<&Arc<davy_knowledge::Base>> {
        None
    }
}

/// How `outputlookup` writes.
#[derive(Debug, Clone, Default)]
pub struct WriteLookup {
    /// After the rows that are there; otherwise in their place.
    pub append: bool,
    /// The row of a collection whose key is this field's value is replaced.
    pub key_field: Option<String>,
    /// A lookup without rows is made when there are none.
    pub create_empty: bool,
    /// Rows that are there go when there are none.
    pub override_if_empty: bool,
    /// Several values of a field stay apart in a file; otherwise a blank is put between them.
    pub keep_values: bool,
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
