//! Lookup tables, and their definitions in `transforms.conf`.

use crate::app::Reader;
use crate::files::Files;
use davy_conf::{Conf, Stanza, list, truth};
use davy_content::model::{Lookup, LookupStore};
use davy_knowledge::{Matching, Table};
use std::collections::BTreeMap;
use std::io::Read;
use std::sync::Arc;

/// Largest table unpacked from a `.csv.gz`.
const MAX_BYTES: u64 = 1 << 29;

/// The tables in `lookups/`, by file name.
pub(crate) fn tables(files: &Files, cx: &mut Reader<'_>) -> BTreeMap<String, Arc<Table>> {
    let mut out = BTreeMap::new();
    for (name, bytes) in files.folder("lookups") {
        let path = format!("lookups/{name}");
        let mut unpacked = Vec::new();
        let bytes = match name.to_ascii_lowercase() {
            n if n.ends_with(".csv") => bytes,
            n if n.ends_with(".csv.gz") => {
                let mut gz = flate2::read::MultiGzDecoder::new(bytes).take(MAX_BYTES);
                if let Err(e) = gz.read_to_end(&mut unpacked) {
                    cx.notes.file(&path, format!("cannot be unpacked: {e}"));
                    continue;
                }
                &unpacked
            }
            n if n.ends_with(".kml") || n.ends_with(".kmz") => {
                cx.notes.file(&path, "geographic lookups are not known");
                continue;
            }
            n if n.ends_with(".mmdb") => {
                cx.notes.file(&path, "give it with --mmdb to use it");
                continue;
            }
            _ => {
                cx.notes.file(&path, "not a CSV table");
                continue;
            }
        };
        match table(bytes) {
            Ok((table, ragged)) => {
                if ragged > 0 {
                    let why = format!("{ragged} rows have fewer or more cells than the header");
                    cx.notes.file(&path, why);
                }
                out.insert(name.to_owned(), Arc::new(table));
            }
            Err(e) => cx.notes.file(&path, format!("cannot be read as CSV: {e}")),
        }
    }
    out
}

/// A table, and how many rows were not as long as the header.
fn table(bytes: &[u8]) -> Result<(Table, usize), csv::Error> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(bytes);
    let text = |b: &[u8]| String::from_utf8_lossy(b).into_owned();
    let names: Vec<String> =
        reader.byte_headers()?.iter().map(|n| text(n).trim().to_owned()).collect();
    let (mut rows, mut ragged) = (Vec::new(), 0);
    for record in reader.byte_records() {
        let record = record?;
        ragged += usize::from(record.len() != names.len());
        let mut row: Vec<String> = record.iter().map(text).collect();
        row.resize(names.len(), String::new());
        rows.push(row);
    }
    Ok((Table { names, rows }, ragged))
}

/// Whether a stanza of `transforms.conf` defines a lookup.
pub(crate) fn is_lookup(stanza: &Stanza) -> bool {
    ["filename", "external_type", "external_cmd", "collection", "feature_id_element"]
        .iter()
        .any(|key| stanza.setting(key).is_some())
}

/// Keys that change speed or who may write, never what a search finds.
const HARMLESS: &[&str] = &[
    "batch_index_query",
    "allow_caching",
    "cache_size",
    "max_ext_batch",
    "index_fields_list",
    "replicate",
    "description",
    "check_permission",
    "disabled",
    "reverse_lookup_honor_case_sensitive_match",
];

pub(crate) fn definition(
    conf: &Conf,
    stanza: &Stanza,
    tables: &BTreeMap<String, Arc<Table>>,
    cx: &mut Reader<'_>,
) -> Option<Lookup> {
    let text = |key: &str| conf.setting(stanza, key).map(|s| s.value.value.clone());
    let fields = || text("fields_list").map(|l| list(&l)).unwrap_or_default();
    let store = match (text("filename"), text("external_type").as_deref()) {
        (Some(file), _) => {
            if !tables.contains_key(&file) {
                let why = format!("the app has no table `lookups/{file}`");
                cx.notes.stanza(cx.sources, stanza, why);
            }
            LookupStore::Csv { file }
        }
        (None, Some("kvstore")) => LookupStore::KeyValue {
            collection: text("collection").unwrap_or_else(|| stanza.name.value.clone()),
            fields: fields(),
        },
        (None, Some("geo")) => {
            cx.notes.stanza(cx.sources, stanza, "geographic lookups are not known");
            return None;
        }
        _ => {
            let why = "a lookup by an external command is never run";
            cx.notes.stanza(cx.sources, stanza, why);
            return None;
        }
    };
    let number = |key: &str| text(key).and_then(|n| n.trim().parse::<u32>().ok());
    let flag = |key: &str| text(key).and_then(|t| truth(&t));
    let by_time = text("time_field").is_some_and(|t| !t.is_empty());
    let seconds = |key: &str| text(key).and_then(|n| n.trim().parse::<f64>().ok());
    // The format that Splunk takes where none is given is that of plain seconds.
    let time_format = text("time_format").filter(|f| !matches!(f.trim(), "" | "%s" | "%s.%Q"));
    for setting in stanza.own() {
        match setting.key.value.as_str() {
            "filename" | "external_type" | "collection" | "fields_list" | "default_match" => {}
            "match_type" | "time_field" | "filter" => {}
            "min_matches" | "max_matches" if number(&setting.key.value).is_some() => {}
            "case_sensitive_match" if flag("case_sensitive_match").is_some() => {}
            "min_matches" | "max_matches" => {
                cx.notes.setting(cx.sources, stanza, setting, "not a whole number");
            }
            "case_sensitive_match" => {
                cx.notes.setting(cx.sources, stanza, setting, "neither true nor false");
            }
            "time_format" | "max_offset_secs" | "min_offset_secs" if by_time => {}
            "time_format" | "max_offset_secs" | "min_offset_secs" => {
                let why = "it is for lookups by time, and there is no `time_field`";
                cx.notes.setting(cx.sources, stanza, setting, why);
            }
            key if HARMLESS.contains(&key) => {}
            _ => cx.unknown(stanza, setting),
        }
    }
    Some(Lookup {
        name: stanza.name.clone(),
        description: text("description").unwrap_or_default(),
        store,
        default_match: text("default_match").filter(|t| !t.is_empty()),
        match_type: text("match_type").map(|t| match_types(&t)).unwrap_or_default(),
        min_matches: number("min_matches"),
        max_matches: number("max_matches"),
        case_sensitive: flag("case_sensitive_match").unwrap_or(true),
        time_field: text("time_field").filter(|t| !t.is_empty()),
        time_format,
        filter: text("filter").filter(|t| !t.trim().is_empty()),
        min_offset: seconds("min_offset_secs"),
        max_offset: seconds("max_offset_secs"),
        path: cx.file_of(stanza),
    })
}

/// `WILDCARD(a, b), CIDR(c)` as one entry a column.
fn match_types(text: &str) -> Vec<String> {
    let mut out = Vec::new();
    for part in text.split(')') {
        let Some((kind, columns)) = part.split_once('(') else { continue };
        let kind = kind.trim_matches(|c: char| c == ',' || c.is_whitespace());
        out.extend(columns.split(',').map(|c| format!("{kind}({})", c.trim())));
    }
    out
}

/// How an automatic lookup finds its rows.
pub(crate) fn matching(lookup: &Lookup) -> Matching {
    let number = |n: Option<u32>| n.and_then(|n| usize::try_from(n).ok()).unwrap_or_default();
    Matching {
        case_sensitive: lookup.case_sensitive,
        match_types: lookup.match_type.clone(),
        min: number(lookup.min_matches),
        max: number(lookup.max_matches),
        default: lookup.default_match.clone(),
        time_field: lookup.time_field.clone(),
        time_format: lookup.time_format.clone(),
        offsets: (lookup.min_offset, lookup.max_offset),
    }
}

/// What of a definition an automatic lookup does not heed; `filtered` has the definitions whose
/// filter it does.
pub(crate) fn inexact(lookup: &Lookup, filtered: &BTreeMap<String, Arc<Table>>) -> Option<String> {
    let unheeded = lookup.filter.is_some() && !filtered.contains_key(&lookup.name.value);
    unheeded.then(|| "this `filter` is more than comparisons and is not heeded".to_owned())
}
