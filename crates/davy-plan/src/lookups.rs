//! Lookup tables: how a row of the table is found for the values of an event.
//! Knowledge Manager Manual, "Define a lookup"; transforms.conf.

use crate::env::Env;
use crate::matcher::Glob;
use crate::plan::Rows;
use crate::timefmt;
use crate::value::Val;
use aho_corasick::AhoCorasick;
use ipnet::IpNet;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

/// A table and its definition.
#[derive(Debug, Default)]
pub struct LookupTable {
    pub rows: Rows,
    pub options: LookupOptions,
    /// By the columns that events are matched by: many searches look into one table.
    indices: Mutex<HashMap<Vec<usize>, Arc<LookupIndex>>>,
}

impl LookupTable {
    pub fn new(rows: Rows, options: LookupOptions) -> LookupTable {
        LookupTable { rows, options, indices: Mutex::default() }
    }

    /// How rows are found by these columns.
    pub(crate) fn index(&self, columns: &[usize], env: &Env) -> Arc<LookupIndex> {
        // How times are read may depend on the search.
        if self.options.time_field.is_some() {
            return Arc::new(LookupIndex::new(self, columns, env));
        }
        let mut indices = self.indices.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(index) = indices.get(columns) {
            return index.clone();
        }
        let index = Arc::new(LookupIndex::new(self, columns, env));
        indices.insert(columns.to_vec(), index.clone());
        index
    }
}

/// What a lookup's definition says of matching.
#[derive(Debug, Clone)]
pub struct LookupOptions {
    pub case_sensitive: bool,
    /// Columns that do not match by equality.
    pub match_types: Vec<(String, MatchType)>,
    pub min_matches: usize,
    pub max_matches: usize,
    /// The value of all outputs when fewer than `min_matches` rows match.
    pub default_match: Option<String>,
    /// The column that holds when a row came to be true: the latest row before the event matches.
    pub time_field: Option<String>,
    /// How that column's times are written; seconds since 1970 where it is not said.
    pub time_format: Option<String>,
    /// A search of which only the rows that it finds are in the table.
    pub filter: Option<String>,
    /// How many seconds an event may be later than its row, at least and at most.
    pub offsets: (f64, f64),
}

impl Default for LookupOptions {
    fn default() -> Self {
        LookupOptions {
            case_sensitive: true,
            match_types: Vec::new(),
            min_matches: 0,
            max_matches: 1000,
            default_match: None,
            time_field: None,
            time_format: None,
            filter: None,
            offsets: (0.0, 2_000_000_000.0),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MatchType {
    Exact,
    /// `*` in the table's value stands for anything.
    Wildcard,
    /// The table's value is a network that the event's address lies in.
    Cidr,
}

impl MatchType {
    /// `WILDCARD(user)`, `CIDR(src)`, several separated by commas: as transforms.conf has them.
    pub fn parse(text: &str) -> Vec<(String, MatchType)> {
        let mut out = Vec::new();
        for part in text.split_inclusive(')') {
            let part = part.trim_matches(|c: char| c == ',' || c.is_whitespace());
            let Some((kind, rest)) = part.split_once('(') else { continue };
            let kind = match kind.trim().to_ascii_uppercase().as_str() {
                "WILDCARD" => MatchType::Wildcard,
                "CIDR" => MatchType::Cidr,
                _ => MatchType::Exact,
            };
            for name in rest.trim_end_matches(')').split(',') {
                out.push((name.trim().to_owned(), kind));
            }
        }
        out
    }
}

impl From<Rows> for LookupTable {
    fn from(rows: Rows) -> Self {
        LookupTable::new(rows, LookupOptions::default())
    }
}

/// The rows of a table by some of its columns.
#[derive(Debug)]
pub struct LookupIndex {
    case_sensitive: bool,
    max: usize,
    /// Places among the columns asked for.
    exact: Vec<usize>,
    others: Vec<(usize, MatchType)>,
    /// Rows by their exact columns.
    by_text: HashMap<String, Vec<u32>>,
    /// Without exact columns: rows by the network of the first other column. Where that is text
    /// without a star, they are in `by_text`.
    by_net: HashMap<IpNet, Vec<u32>>,
    lengths: BTreeSet<(bool, u8)>,
    /// Rows whose first other column has a star.
    globs: Globs,
    /// The tests of each row for the other columns.
    tests: HashMap<u32, Vec<Test>>,
    times: Option<Vec<f64>>,
    offsets: (f64, f64),
}

/// Rows by a text that the values they match hold.
#[derive(Debug, Default)]
struct Globs {
    /// Rows that are looked at one by one: until all rows are there, and those without such a text.
    scanned: Vec<u32>,
    texts: Option<AhoCorasick>,
    /// By text.
    rows: Vec<Vec<u32>>,
}

/// So few rows are looked at sooner than an automaton is made for them.
const FEW_GLOBS: usize = 8;

impl Globs {
    fn index(&mut self, tests: &HashMap<u32, Vec<Test>>) {
        if self.scanned.len() <= FEW_GLOBS {
            return;
        }
        let mut by_text: BTreeMap<&str, Vec<u32>> = BTreeMap::new();
        let mut scanned = Vec::new();
        for row in &self.scanned {
            match tests.get(row).and_then(|tests| tests.first()) {
                Some(Test::Glob(glob)) if !glob.literal().is_empty() => {
                    by_text.entry(glob.literal()).or_default().push(*row);
                }
                _ => scanned.push(*row),
            }
        }
        let (texts, rows): (Vec<&str>, Vec<Vec<u32>>) = by_text.into_iter().unzip();
        // Where they are too many for one automaton each row is looked at.
        if let Ok(automaton) = AhoCorasick::new(texts) {
            *self = Globs { scanned, texts: Some(automaton), rows };
        }
    }

    /// The rows that may match, in any order, each once.
    fn candidates(&self, cell: &str, found: &mut Vec<u32>) {
        found.extend(&self.scanned);
        let Some(texts) = &self.texts else { return };
        let mut met: Vec<usize> =
            texts.find_overlapping_iter(cell).map(|hit| hit.pattern().as_usize()).collect();
        met.sort_unstable();
        met.dedup();
        found.extend(met.iter().filter_map(|text| self.rows.get(*text)).flatten());
    }
}

#[derive(Debug)]
enum Test {
    Text(String),
    Glob(Glob),
    Net(IpNet),
    Never,
}

impl LookupIndex {
    /// `columns` are the table's columns that events are matched by.
    pub fn new(table: &LookupTable, columns: &[usize], env: &Env) -> LookupIndex {
        let options = &table.options;
        let kind = |at: usize| {
            let name = table.rows.names.get(at);
            let found = options.match_types.iter().find(|(n, _)| Some(n) == name);
            found.map_or(MatchType::Exact, |(_, kind)| *kind)
        };
        let mut exact = Vec::new();
        let mut others = Vec::new();
        for (place, &at) in columns.iter().enumerate() {
            match kind(at) {
                MatchType::Exact => exact.push(place),
                kind => others.push((place, kind)),
            }
        }
        let time = options.time_field.as_ref().and_then(|n| table.rows.column(n));
        let times = time.map(|at| {
            let time = |value: &Val<'static>| match &options.time_format {
                Some(format) => timefmt::strptime(&value.text()?, format, &env.zone, env.now),
                None => value.num(),
            };
            // Splunk ignores the fractions of these times.
            let second = |row: &Vec<Val<'static>>| row.get(at).and_then(time).map(f64::floor);
            table.rows.rows.iter().map(|row| second(row).unwrap_or(f64::NAN)).collect()
        });
        let mut index = LookupIndex {
            case_sensitive: options.case_sensitive,
            max: options.max_matches.max(1),
            exact,
            others,
            by_text: HashMap::new(),
            by_net: HashMap::new(),
            lengths: BTreeSet::new(),
            globs: Globs::default(),
            tests: HashMap::new(),
            times,
            offsets: options.offsets,
        };
        for (i, row) in table.rows.rows.iter().enumerate() {
            let cells: Option<Vec<String>> = columns
                .iter()
                .map(|c| row.get(*c).and_then(Val::text).map(|t| index.fold(&t)))
                .collect();
            if let (Some(cells), Ok(i)) = (cells, u32::try_from(i)) {
                index.insert(i, &cells);
            }
        }
        index.globs.index(&index.tests);
        index
    }

    fn fold(&self, text: &str) -> String {
        if self.case_sensitive { text.to_owned() } else { text.to_lowercase() }
    }

    fn insert(&mut self, row: u32, cells: &[String]) {
        let tests: Vec<Test> = self
            .others
            .iter()
            .map(|(place, kind)| {
                let cell = cells.get(*place).map_or("", String::as_str);
                match kind {
                    MatchType::Cidr => net(cell).map_or(Test::Never, Test::Net),
                    // Both sides are folded already.
                    _ if cell.contains('*') => Test::Glob(Glob::new(cell, false)),
                    _ => Test::Text(cell.to_owned()),
                }
            })
            .collect();
        if !self.exact.is_empty() || self.others.is_empty() {
            let key = self.key(cells);
            self.by_text.entry(key).or_default().push(row);
        } else if let Some(Test::Net(net)) = tests.first() {
            self.lengths.insert((net.addr().is_ipv4(), net.prefix_len()));
            self.by_net.entry(*net).or_default().push(row);
        } else if let Some(Test::Text(text)) = tests.first() {
            self.by_text.entry(text.clone()).or_default().push(row);
        } else if !matches!(tests.first(), Some(Test::Never)) {
            self.globs.scanned.push(row);
        }
        if !tests.is_empty() {
            self.tests.insert(row, tests);
        }
    }

    fn key(&self, cells: &[String]) -> String {
        let cell = |place: &usize| cells.get(*place).map_or(0, String::len);
        let mut key = String::with_capacity(self.exact.iter().map(|at| cell(at) + 1).sum());
        for place in &self.exact {
            key.push_str(cells.get(*place).map_or("", String::as_str));
            key.push('\u{0}');
        }
        key
    }

    /// The rows that match these values, in the order of the table, `max_matches` at most.
    pub fn find(&self, values: &[&str], time: Option<f64>) -> Vec<u32> {
        let cells: Vec<String> = values.iter().map(|v| self.fold(v)).collect();
        let mut found: Vec<u32> = Vec::new();
        if !self.exact.is_empty() || self.others.is_empty() {
            found.extend(self.by_text.get(&self.key(&cells)).into_iter().flatten());
        } else {
            let place = self.others.first().map_or(0, |(place, _)| *place);
            let cell = cells.get(place).map_or("", String::as_str);
            self.globs.candidates(cell, &mut found);
            found.extend(self.by_text.get(cell).into_iter().flatten());
            let address = cell.parse::<IpAddr>().ok();
            if let Some(address) = address {
                for (_, length) in self.lengths.iter().filter(|(v4, _)| *v4 == address.is_ipv4()) {
                    let Ok(net) = IpNet::new(address, *length) else { continue };
                    found.extend(self.by_net.get(&net.trunc()).into_iter().flatten());
                }
            }
            found.sort_unstable();
        }
        if !self.others.is_empty() {
            found.retain(|row| self.passes(*row, &cells));
        }
        if let Some(times) = &self.times {
            let at = |row: &u32| times.get(*row as usize).copied().unwrap_or(f64::NAN);
            let (least, most) = self.offsets;
            found.retain(|row| time.is_none_or(|now| (least..=most).contains(&(now - at(row)))));
            found.sort_by(|a, b| at(b).total_cmp(&at(a)));
        }
        found.truncate(self.max);
        found
    }

    fn passes(&self, row: u32, cells: &[String]) -> bool {
        let Some(tests) = self.tests.get(&row) else { return false };
        self.others.iter().zip(tests).all(|((place, _), test)| {
            let Some(cell) = cells.get(*place) else { return false };
            match test {
                Test::Text(text) => text == cell,
                Test::Glob(glob) => glob.matches(cell),
                Test::Net(net) => cell.parse::<IpAddr>().is_ok_and(|a| net.contains(&a)),
                Test::Never => false,
            }
        })
    }
}

/// A network, or a single address.
fn net(text: &str) -> Option<IpNet> {
    let text = text.trim();
    let net = text.parse::<IpNet>().ok();
    net.or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from)).map(|n| n.trunc())
}

/// The lookup of the URL Toolbox that tells how random a word looks: `word` gives `ut_shannon`,
/// the entropy of its characters in bits (Shannon 1948). It is a script there and computed here.
pub(crate) const SHANNON: &str = "ut_shannon_lookup";

/// Bits a character of the word holds.
pub(crate) fn shannon(word: &str) -> f64 {
    let mut counts: HashMap<char, f64> = HashMap::new();
    for c in word.chars() {
        *counts.entry(c).or_default() += 1.0;
    }
    let total: f64 = counts.values().sum();
    // In a fixed order, so that the sum is the same each time.
    let mut counts: Vec<f64> = counts.into_values().collect();
    counts.sort_by(f64::total_cmp);
    counts.iter().map(|n| -(n / total) * (n / total).log2()).sum::<f64>().abs()
}
