//! What `outputlookup` leaves in a lookup. Search Reference, outputlookup and inputlookup.

use davy_events::mv;
use davy_plan::{Rows, Val, WriteLookup};
use std::collections::{HashMap, HashSet};

/// What the rows of a lookup are kept in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Write {
    /// A CSV file: it has the columns that it has, and one value a cell.
    File,
    /// A collection, each of whose rows has a key, `_key`.
    Collection,
}

/// The field that holds the key of a row of a collection.
const KEY: &str = "_key";

/// All rows of the lookup after these were written over the old ones.
pub(crate) fn written(old: Option<Rows>, new: &Rows, how: &WriteLookup, to: Write) -> Rows {
    let old = old.filter(|_| how.append);
    match to {
        Write::Collection => collection(old, new, how),
        Write::File => file(old, new, how),
    }
}

/// "If you run a search with outputlookup append=true, then only the fields that are currently in the
/// file are preserved."
fn file(old: Option<Rows>, new: &Rows, how: &WriteLookup) -> Rows {
    let joined = |value: &Val<'static>| match how.keep_values {
        true => value.clone(),
        false => one_value(value),
    };
    let mut out = old
        .filter(|old| !old.names.is_empty())
        .unwrap_or_else(|| Rows { names: new.names.clone(), rows: Vec::new() });
    let from: Vec<Option<usize>> = out.names.iter().map(|name| new.column(name)).collect();
    let key = how.key_field.as_deref().and_then(|name| out.column(name));
    let mut places = places(&out, key);
    for row in &new.rows {
        let cell = |at: &Option<usize>| at.and_then(|at| row.get(at)).map_or(Val::Null, joined);
        put(&mut out, &mut places, key, from.iter().map(cell).collect());
    }
    out
}

/// "The outputlookup command merges values in a multivalued field into single space-delimited value."
fn one_value(value: &Val<'static>) -> Val<'static> {
    match value.values() {
        values if values.len() > 1 => Val::str(values.join(" ")),
        _ => value.clone(),
    }
}

/// A row whose key is there replaces the one that is there; a row without a key gets one.
fn collection(old: Option<Rows>, new: &Rows, how: &WriteLookup) -> Rows {
    let mut out = old.unwrap_or_default();
    for name in new.names.iter().map(String::as_str).chain([KEY]) {
        if out.column(name).is_none() {
            out.names.push(name.to_owned());
        }
    }
    let width = out.names.len();
    out.rows.iter_mut().for_each(|row| row.resize(width, Val::Null));
    let key = out.column(KEY);
    let given = new.column(how.key_field.as_deref().unwrap_or(KEY));
    let mut taken: HashSet<String> =
        out.rows.iter().filter_map(|row| text(row, key)).chain(keys_of(new, given)).collect();
    let mut places = places(&out, key);
    let mut next = 0_u64;
    for row in &new.rows {
        let mut cells = vec![Val::Null; width];
        for (name, value) in new.names.iter().zip(row) {
            if let Some(slot) = out.column(name).and_then(|at| cells.get_mut(at)) {
                *slot = value.clone();
            }
        }
        let own = text(row, given).unwrap_or_else(|| {
            loop {
                // As long as a key of Splunk's.
                let made = format!("{next:024x}");
                next += 1;
                if taken.insert(made.clone()) {
                    break made;
                }
            }
        });
        if let Some(slot) = key.and_then(|at| cells.get_mut(at)) {
            *slot = Val::str(own);
        }
        put(&mut out, &mut places, key, cells);
    }
    out
}

fn keys_of(rows: &Rows, column: Option<usize>) -> impl Iterator<Item = String> + '_ {
    rows.rows.iter().filter_map(move |row| text(row, column))
}

fn text(row: &[Val<'static>], column: Option<usize>) -> Option<String> {
    let value = column.and_then(|at| row.get(at)).and_then(Val::text)?;
    Some(mv::split(&value).next().unwrap_or_default().to_owned()).filter(|key| !key.is_empty())
}

/// The places of rows by their keys.
fn places(rows: &Rows, key: Option<usize>) -> HashMap<String, usize> {
    let keyed = rows.rows.iter().enumerate();
    keyed.filter_map(|(at, row)| Some((text(row, key)?, at))).collect()
}

/// Puts a row in place of the one with its key, or behind all.
fn put(
    out: &mut Rows,
    places: &mut HashMap<String, usize>,
    key: Option<usize>,
    cells: Vec<Val<'static>>,
) {
    let own = text(&cells, key);
    let known = own.as_ref().and_then(|own| places.get(own)).copied();
    match known.and_then(|at| out.rows.get_mut(at)) {
        Some(row) => *row = cells,
        None => {
            if let Some(own) = own {
                places.insert(own, out.rows.len());
            }
            out.rows.push(cells);
        }
    }
}
