//! Content as the knowledge objects of a search.

use crate::kept::{Write, written};
use davy_content::Content;
use davy_content::model::{Lookup, LookupStore};
use davy_knowledge::Base;
use davy_plan::{Geo, Knowledge, LookupOptions, LookupTable, MatchType, Rows, Val, WriteLookup};
use davy_spl::{MacroDef, Macros};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// Macros and saved searches of the content, and lookup tables that were read beforehand.
pub struct ContentKnowledge<'a> {
    content: &'a Content,
    tables: HashMap<String, Later>,
    saved: HashMap<String, String>,
    transactions: BTreeMap<String, Vec<(String, String)>>,
    base: Option<Arc<Base>>,
    geo: Option<Arc<dyn Geo>>,
    keeper: Option<Arc<dyn Keeper>>,
    /// Tables that searches of this run wrote.
    written: Mutex<HashMap<String, Arc<LookupTable>>>,
}

/// The names of a table and the cells of its rows.
pub type Cells = (Vec<String>, Vec<Vec<String>>);

/// A table that is read when a search first asks for it.
struct Later {
    read: Box<dyn Fn() -> Option<Cells> + Send + Sync>,
    made: OnceLock<Option<Arc<LookupTable>>>,
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
        let rows = self.keeper.as_ref()?.kept(&self.place(name))?;
        let options = self.content.lookup(name).map(options).unwrap_or_default();
        let table = Arc::new(LookupTable::new(rows, options));
        written.insert(name.to_owned(), table.clone());
        Some(table)
    }

    /// Where the rows of a lookup are: the file or the collection that its definition names.
    fn place(&self, name: &str) -> String {
        match self.content.lookup(name).map(|lookup| &lookup.store) {
            Some(LookupStore::Csv { file }) => file.clone(),
            Some(LookupStore::KeyValue { collection, .. }) => collection.clone(),
            Some(LookupStore::Model { .. }) | None => name.to_owned(),
        }
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
        self.add_table_later(name, move || Some((names.clone(), cells.clone())));
    }

    /// Adds a lookup table that is read when a search first asks for it.
    pub fn add_table_later(
        &mut self,
        name: &str,
        read: impl Fn() -> Option<Cells> + Send + Sync + 'static,
    ) {
        let later = Later { read: Box::new(read), made: OnceLock::new() };
        self.tables.insert(name.to_owned(), later);
    }

    /// A table that was added, read now if it was not.
    fn added(&self, name: &str) -> Option<Arc<LookupTable>> {
        let later = self.tables.get(name)?;
        let made = later.made.get_or_init(|| {
            let (names, cells) = (later.read)()?;
            let options = self.content.lookup(name).map(options).unwrap_or_default();
            Some(Arc::new(LookupTable::new(rows_of(names, cells), options)))
        });
        made.clone()
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
        if let Some(table) = self.added(name) {
            return Some(table);
        }
        // A shipped table goes by the name of its file too.
        let base = self.base.as_ref()?;
        let table = base.table(name).or_else(|| base.table(name.strip_suffix(".csv")?))?;
        let rows = rows_of(table.names.clone(), table.rows.clone());
        // As Splunk's asset and identity framework defines them.
        let mut options =
            LookupOptions { case_sensitive: !is_entity(name), ..LookupOptions::default() };
        if name == "asset_lookup_by_cidr" {
            options.match_types = vec![("asset".to_owned(), MatchType::Cidr)];
        }
        Some(Arc::new(LookupTable::new(rows, options)))
    }

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
        let place = self.place(name);
        let to = if place.ends_with(".csv") { Write::File } else { Write::Collection };
        keeper.keep(&place, &written(old, rows, how, to))?;
        // Other names may lead to the same place.
        self.written.lock().unwrap_or_else(PoisonError::into_inner).clear();
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
