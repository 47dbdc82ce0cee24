//! Automatic lookups, as `LOOKUP-` settings write them.

use crate::app::Reader;
use crate::props::Around;
use davy_conf::words;
use davy_knowledge::LookupUse;
use std::sync::Arc;

/// `table in AS field OUTPUT column AS field`; whether fields that are there stay.
pub(crate) fn lookup(
    text: &str,
    around: &Around<'_>,
    cx: &Reader<'_>,
) -> Result<(LookupUse, bool), String> {
    let words = words(text);
    let mut rest = words.as_slice();
    while let [first, after @ ..] = rest
        && first.contains('=')
    {
        rest = after;
    }
    let Some((name, rest)) = rest.split_first() else { return Err("names no lookup".into()) };
    let definition = around.lookups.iter().find(|l| l.name.value == *name);
    let table = match definition.map(|l| &l.store) {
        Some(davy_content::model::LookupStore::Csv { file }) => around.tables.get(file),
        Some(_) => return Err(format!("the lookup `{name}` is no table")),
        None => around.tables.get(name).or_else(|| cx.base.table(name)),
    };
    let Some(table) = table else { return Err(format!("no lookup table `{name}`")) };
    let at = rest
        .iter()
        .position(|w| w.eq_ignore_ascii_case("OUTPUT") || w.eq_ignore_ascii_case("OUTPUTNEW"));
    let keep = at.and_then(|at| rest.get(at)).is_some_and(|w| w.eq_ignore_ascii_case("OUTPUTNEW"));
    let (on, out) = rest.split_at(at.unwrap_or(rest.len()));
    let on = pairs(on);
    let mut out = pairs(out.get(1..).unwrap_or_default());
    if out.is_empty() {
        // All other columns.
        let rest = table.names.iter().filter(|n| !on.iter().any(|(c, _)| c == *n));
        out = rest.map(|n| (n.clone(), Arc::from(n.as_str()))).collect();
    }
    if on.is_empty() {
        return Err("names no field to look up".into());
    }
    for (column, _) in on.iter().chain(&out) {
        if table.column(column).is_none() {
            return Err(format!("the table of `{name}` has no column `{column}`"));
        }
    }
    Ok((LookupUse { table: name.clone(), on, out, matching: None }, keep))
}

/// `column AS field`, as often as given; a column alone is its own field.
fn pairs(words: &[String]) -> Vec<(String, Arc<str>)> {
    let mut out = Vec::new();
    let mut rest = words;
    while let [column, after @ ..] = rest {
        match after {
            [by, field, more @ ..] if by.eq_ignore_ascii_case("AS") => {
                out.push((column.clone(), Arc::from(field.as_str())));
                rest = more;
            }
            _ => {
                out.push((column.clone(), Arc::from(column.as_str())));
                rest = after;
            }
        }
    }
    out
}
