//! Content as the knowledge objects of a search.

use davy_content::Content;
use davy_content::model::Lookup;
use davy_knowledge::Base;
use davy_plan::{Geo, Knowledge, LookupOptions, LookupTable, MatchType, Rows, Val};
use davy_spl::{MacroDef, Macros};
use std::collections::HashMap;
use std::sync::Arc;

/// Macros and saved searches of the content, and lookup tables that were read beforehand.
pub struct ContentKnowledge<'a> {
    content: &'a Content,
    tables: HashMap<String, Arc<LookupTable>>,
    saved: HashMap<String, String>,
    base: Option<Arc<Base>>,
    geo: Option<Arc<dyn Geo>>,
}

impl std::fmt::Debug for ContentKnowledge<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ContentKnowledge").field("tables", &self.tables.len()).finish()
    }
}

impl<'a> ContentKnowledge<'a> {
    pub fn new(content: &'a Content) -> Self {
        ContentKnowledge {
            content,
            tables: HashMap::new(),
            saved: HashMap::new(),
            base: None,
            geo: None,
        }
    }

    /// With add-ons, data models and the macros that come with them.
    pub fn with_base(mut self, base: Arc<Base>) -> Self {
        self.base = Some(base);
        self
    }

    /// With a database of addresses.
    pub fn with_geo(mut self, geo: Arc<dyn Geo>) -> Self {
        self.geo = Some(geo);
        self
    }

    /// Adds a search to call by its name.
    pub fn add_saved_search(&mut self, name: &str, search: &str) {
        self.saved.insert(name.to_owned(), search.to_owned());
    }

    /// Adds a lookup table: its names, then its rows; empty cells hold nothing.
    pub fn add_table(&mut self, name: &str, names: Vec<String>, cells: Vec<Vec<String>>) {
        let options = self.content.lookup(name).map(options).unwrap_or_default();
        let table = LookupTable { rows: rows_of(names, cells), options };
        self.tables.insert(name.to_owned(), Arc::new(table));
    }
}

fn rows_of(names: Vec<String>, cells: Vec<Vec<String>>) -> Rows {
    let width = names.len();
    let rows = cells
        .into_iter()
        .map(|row| {
            let mut row: Vec<Val<'static>> = row
                .into_iter()
                .map(|c| if c.is_empty() { Val::Null } else { Val::str(c) })
                .collect();
            row.resize(width, Val::Null);
            row
        })
        .collect();
    Rows { names, rows }
}

/// How a lookup matches, by its definition.
fn options(lookup: &Lookup) -> LookupOptions {
    let default = LookupOptions::default();
    let count = |n: Option<u32>, otherwise: usize| {
        n.and_then(|n| usize::try_from(n).ok()).unwrap_or(otherwise)
    };
    // Where rows are found by time, one is enough.
    let max = if lookup.time_field.is_some() { 1 } else { default.max_matches };
    LookupOptions {
        case_sensitive: lookup.case_sensitive,
        match_types: lookup.match_type.iter().flat_map(|t| MatchType::parse(t)).collect(),
        min_matches: count(lookup.min_matches, default.min_matches),
        max_matches: count(lookup.max_matches, max),
        default_match: lookup.default_match.clone(),
        time_field: lookup.time_field.clone(),
    }
}

/// The content's macros stand before those that Splunk brings.
impl Macros for ContentKnowledge<'_> {
    fn find(&self, name: &str, argc: usize) -> Option<MacroDef> {
        self.content
            .find(name, argc)
            .or_else(|| self.base.as_ref().and_then(|base| base.find(name, argc)))
    }

    fn names(&self) -> Vec<String> {
        let mut names = self.content.names();
        names.extend(self.base.iter().flat_map(|base| base.names()));
        names
    }
}

impl Knowledge for ContentKnowledge<'_> {
    fn macros(&self) -> &dyn Macros {
        self
    }

    fn base(&self) -> Option<&Arc<Base>> {
        self.base.as_ref()
    }

    fn geo(&self) -> Option<Arc<dyn Geo>> {
        self.geo.clone()
    }

    fn lookup(&self, name: &str) -> Option<Rows> {
        self.lookup_table(name).map(|table| table.rows.clone())
    }

    /// Tables of the content stand before those of add-ons.
    fn lookup_table(&self, name: &str) -> Option<Arc<LookupTable>> {
        if let Some(table) = self.tables.get(name) {
            return Some(table.clone());
        }
        let table = self.base.as_ref()?.table(name)?;
        Some(Arc::new(LookupTable::from(rows_of(table.names.clone(), table.rows.clone()))))
    }

    fn lookup_names(&self) -> Vec<String> {
        let mut names: Vec<String> = self.tables.keys().cloned().collect();
        names.extend(self.base.iter().flat_map(|b| b.tables()).map(|(name, _)| name.to_owned()));
        names.sort();
        names.dedup();
        names
    }

    fn saved_search(&self, name: &str) -> Option<String> {
        if let Some(search) = self.saved.get(name) {
            return Some(search.clone());
        }
        let bare = name.strip_prefix("ESCU - ").unwrap_or(name);
        let bare = bare.strip_suffix(" - Rule").unwrap_or(bare);
        self.content.find_detection(bare).ok().map(|d| d.search.value.clone())
    }
}
