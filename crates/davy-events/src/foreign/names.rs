//! The names of an event's data, in order, for tools that give the values alone.
//!
//! Source: the events' own templates, as recorded events carry them.

use serde_json::Value;

/// A line an event: provider, id, and the names, with tabs between; `:x` marks a value that is written in hexadecimal.
const NAMES: &str = include_str!("names.txt");

/// The values with their names. Of several versions of an event the one with as many values is
/// it; where none is known, the values stay without names.
pub(super) fn named(provider: &str, id: &str, values: Vec<Value>) -> Vec<(String, Value)> {
    let known = NAMES.lines().find_map(|line| {
        let mut words = line.split('\t');
        let same = words.next() == Some(provider) && words.next() == Some(id);
        let names: Vec<&str> = words.collect();
        (same && names.len() == values.len()).then_some(names)
    });
    let Some(names) = known else {
        return values.into_iter().map(|value| ("Data".to_owned(), value)).collect();
    };
    let of = |(name, value): (&str, Value)| match name.strip_suffix(":x") {
        Some(name) => (name.to_owned(), hexadecimal(value)),
        None => (name.to_owned(), value),
    };
    names.into_iter().zip(values).map(of).collect()
}

/// A name whose first letter was put in another case, as the event has it: in upper case, unless
/// the event is known to have it in lower case.
pub(super) fn spelled(provider: &str, id: &str, name: &str) -> String {
    let mut letters = name.chars();
    let first = letters.next().map(|c| c.to_ascii_uppercase());
    let upper: String = first.into_iter().chain(letters).collect();
    let lines = NAMES.lines().filter(|line| {
        let mut words = line.split('\t');
        words.next() == Some(provider) && words.next() == Some(id)
    });
    let mut own = lines.flat_map(|line| line.split('\t').skip(2));
    match own.any(|known| known.strip_suffix(":x").unwrap_or(known) == name) {
        true => name.to_owned(),
        false => upper,
    }
}

fn hexadecimal(value: Value) -> Value {
    match value.as_u64() {
        Some(number) => Value::from(format!("{number:#x}")),
        None => value,
    }
}
