//! Content as the knowledge objects of a search.

use davy_content::Content;
use davy_content::model::Lookup;
use davy_knowledge::Base;
use davy_plan::{Geo, Knowledge, LookupOptions, LookupTable, MatchType, Rows, Val, WriteLookup};
use davy_spl::{MacroDef, Macros};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

/// Macros and saved searches of the content, and lookup tables that were read beforehand.
pub struct ContentKnowledge<'a> {
    content: &'a Content,
    tables: HashMap<String, Arc<LookupTable>>,
    saved: HashMap<String, String>,
    transactions: BTreeMap<String, Vec<(String, String)>>,
    base: Option<Arc<Base>>,
    geo: Option<Arc<dyn Geo>>,
    keeper: Option<Arc<dyn Keeper>>,
    /// Tables that searches of this run wrote.
    written: Mutex<HashMap<String, Arc<LookupTable>>>,
}

/// Keeps what `outputlookup` writes, for later runs.
pub trait Keeper: Send + Sync {
    /// The table as it is from now on. The error says why it cannot be kept.
    fn keep(&self, name: &str, rows: &Rows) -> Result<(), String>;

    /// A table that was kept earlier.
    fn kept(&self, name: &str) -> Option<Rows>;
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
            transactions: BTreeMap::new(),
            base: None,
            geo: None,
            keeper: None,
            written: Mutex::default(),
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

    /// With a place for what `outputlookup` writes.
    pub fn with_keeper(mut self, keeper: Arc<dyn Keeper>) -> Self {
        self.keeper = Some(keeper);
        self
    }

    /// A table that was written, in this run or an earlier one.
    fn written(&self, name: &str) -> Option<Arc<LookupTable>> {
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(table) = written.get(name) {
            return Some(table.clone());
        }
        let rows = self.keeper.as_ref()?.kept(name)?;
        let options = self.content.lookup(name).map(options).unwrap_or_default();
        let table = Arc::new(LookupTable::new(rows, options));
        written.insert(name.to_owned(), table.clone());
        Some(table)
    }

    /// Adds a search to call by its name.
    pub fn add_saved_search(&mut self, name: &str, search: &str) {
        self.saved.insert(name.to_owned(), search.to_owned());
    }

    /// Adds a transaction type: a name for settings of `transaction`.
    pub fn add_transaction_type(&mut self, name: &str, settings: Vec<(String, String)>) {
        self.transactions.insert(name.to_owned(), settings);
    }

    /// Adds a lookup table: its names, then its rows; empty cells hold nothing.
    pub fn add_table(&mut self, name: &str, names: Vec<String>, cells: Vec<Vec<String>>) {
        let options = self.content.lookup(name).map(options).unwrap_or_default();
        let table = LookupTable::new(rows_of(names, cells), options);
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

/// New rows over old ones: those with the key of an old one replace it, others come behind.
fn merged(old: Rows, new: &Rows, how: &WriteLookup) -> Rows {
    let mut out = old;
    for name in &new.names {
        if out.column(name).is_none() {
            out.names.push(name.clone());
        }
    }
    let width = out.names.len();
    out.rows.iter_mut().for_each(|row| row.resize(width, Val::Null));
    let key = how.key_field.as_deref().and_then(|name| out.column(name));
    for row in &new.rows {
        let mut cells = vec![Val::Null; width];
        for (name, value) in new.names.iter().zip(row) {
            if let Some(slot) = out.column(name).and_then(|at| cells.get_mut(at)) {
                *slot = value.clone();
            }
        }
        let value = key.and_then(|at| cells.get(at)).cloned().filter(|v| !v.is_null());
        let same = value
            .zip(key)
            .and_then(|(value, at)| out.rows.iter_mut().find(|row| row.get(at) == Some(&value)));
        match same {
            Some(known) => *known = cells,
            None => out.rows.push(cells),
        }
    }
    out
}

fn is_entity(name: &str) -> bool {
    name.starts_with("asset_lookup") || name.starts_with("identity_lookup")
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
        time_format: lookup.time_format.clone(),
        filter: lookup.filter.clone(),
        offsets: (
            lookup.min_offset.unwrap_or(default.offsets.0),
            lookup.max_offset.unwrap_or(default.offsets.1),
        ),
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
        if let Some(table) = self.written(name) {
            return Some(table);
        }
        if let Some(table) = self.tables.get(name) {
            return Some(table.clone());
        }
        let table = self.base.as_ref()?.table(name)?;
        let rows = rows_of(table.names.clone(), table.rows.clone());
        // As Splunk's asset and identity framework defines them.
        let mut options =
            LookupOptions { case_sensitive: !is_entity(name), ..LookupOptions::default() };
        if name == "asset_lookup_by_cidr" {
            options.match_types = vec![("asset".to_owned(), MatchType::Cidr)];
        }
        Some(Arc::new(LookupTable::new(rows, options)))
    }

    /// Search Reference, outputlookup: rows are put in place of those that are there, or with
    /// `append` behind them; with `key_field` those of the same key are replaced.
    fn write_lookup(&self, name: &str, rows: &Rows, how: &WriteLookup) -> Result<(), String> {
        let Some(keeper) = &self.keeper else {
            return Err(format!("`{name}` has no place to be kept in; name one with `--lookups`"));
        };
        let old = self.lookup_table(name).map(|t| t.rows.clone());
        if rows.rows.is_empty() && !how.append {
            let keeps = old.is_some() && !how.override_if_empty;
            if keeps || (old.is_none() && !how.create_empty) {
                return Ok(());
            }
        }
        let merged = match old {
            Some(old) if how.append || how.key_field.is_some() => merged(old, rows, how),
            _ => rows.clone(),
        };
        keeper.keep(name, &merged)?;
        let options = self.content.lookup(name).map(options).unwrap_or_default();
        let table = Arc::new(LookupTable::new(merged, options));
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        written.insert(name.to_owned(), table);
        Ok(())
    }

    fn lookup_names(&self) -> Vec<String> {
        let mut names: Vec<String> = self.tables.keys().cloned().collect();
        names.extend(self.base.iter().flat_map(|b| b.tables()).map(|(name, _)| name.to_owned()));
        names.sort();
        names.dedup();
        names
    }

    fn transaction_type(&self, name: &str) -> Option<Vec<(String, String)>> {
        self.transactions.get(name).cloned()
    }

    fn transaction_types(&self) -> Vec<String> {
        self.transactions.keys().cloned().collect()
    }

    fn saved_search(&self, name: &str) -> Option<String> {
        if let Some(search) = self.saved.get(name) {
            return Some(search.clone());
        }
        let bare = name.strip_prefix("ESCU - ").unwrap_or(name);
        let bare = bare.strip_suffix(" - Rule").unwrap_or(bare);
        let detection = self.content.find_detection(bare).ok().map(|d| d.search.value.clone());
        let mut baselines = self.content.baselines().iter();
        detection.or_else(|| {
            baselines
                .find(|b| b.name.value.eq_ignore_ascii_case(bare))
                .map(|b| b.search.value.clone())
        })
    }
}
