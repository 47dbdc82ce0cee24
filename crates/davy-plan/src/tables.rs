//! The table that a search names, and its rows for the values of an event.

use crate::bind::CommandGrammars;
use crate::codes;
use crate::lookups::{LookupIndex, LookupOptions, LookupTable};
use crate::plan::{Failed, PlanCx};
use crate::search;
use crate::value::Val;
use davy_diag::{Diagnostics, SourceMap, Spanned, closest};
use std::sync::Arc;

/// What to do where there is no such table.
pub(crate) fn missing_table(name: &str, near: Option<&str>) -> String {
    if let Some(near) = near {
        return format!("did you mean `{near}`?");
    }
    match name {
        "dnslookup" => "davy asks no other systems: give the names as a table".to_owned(),
        _ if name.ends_with(".csv") => {
            format!(
                "put `{name}` into the folder `lookups` of a content (--content DIR) or app, or into --lookups DIR"
            )
        }
        _ => format!(
            "define it in a content (--content DIR) or app (--app PATH), or name a file: `{name}.csv` in --lookups DIR"
        ),
    }
}

/// The table of that name; a mistake names the nearest.
pub(crate) fn find_table(
    name: &Spanned<String>,
    cx: &PlanCx<'_>,
) -> Result<Arc<LookupTable>, Failed> {
    let knowledge = cx.engine.knowledge();
    let table = knowledge.lookup_table(&name.value).ok_or_else(|| {
        let names = knowledge.lookup_names();
        if names.contains(&name.value) {
            return codes::NO_SUCH_LOOKUP
                .at(name.span, format!("the table of the lookup `{}` cannot be read", name.value))
                .help("see that its file is there and is CSV with a line of names");
        }
        let near = closest(&name.value, names.iter().map(String::as_str));
        codes::NO_SUCH_LOOKUP
            .at(name.span, format!("no lookup `{}`", name.value))
            .help(missing_table(&name.value, near))
    })?;
    match &table.options.filter {
        Some(filter) => filtered(&table, filter, name, cx).map(Arc::new),
        None => Ok(table),
    }
}

/// The rows of a table that its definition lets be found: transforms.conf, `filter`.
fn filtered(
    table: &LookupTable,
    filter: &str,
    name: &Spanned<String>,
    cx: &PlanCx<'_>,
) -> Result<LookupTable, Failed> {
    let (mut sources, mut diags) = (SourceMap::default(), Diagnostics::default());
    let file = sources.add("filter", filter);
    let span = file.span(0..filter.len());
    let expr = davy_spl::parse_search_at(&sources, span, &CommandGrammars, &mut diags);
    if let Some(first) = diags.list().first() {
        return Err(codes::BAD_ARGUMENT
            .at(name.span, format!("the filter of this lookup cannot be read: {}", first.message))
            .help(format!("correct `filter` in its definition: {filter}"))
            .into());
    }
    let mut plan = cx.plan_of(table.rows.clone())?;
    if let Some(condition) = expr.and_then(|expr| search::condition(&expr, &plan, false)) {
        plan = plan.filter(condition)?;
    }
    Ok(LookupTable::new(cx.rows(&plan)?, table.options.clone()))
}

/// Combinations of several values of one event that are looked up.
const COMBINATIONS: usize = 1000;

/// The rows for the values of an event, each of several values by itself.
pub(crate) fn found(
    index: &LookupIndex,
    keys: &[Val<'_>],
    time: Option<f64>,
    options: &LookupOptions,
) -> Vec<u32> {
    if keys.iter().any(Val::is_null) {
        return Vec::new();
    }
    let values: Vec<_> = keys.iter().map(Val::values).collect();
    let mut rows: Vec<u32> = Vec::new();
    let total: usize = values.iter().map(Vec::len).product();
    for n in 0..total.min(COMBINATIONS) {
        let mut left = n;
        let combination: Vec<&str> = values
            .iter()
            .filter_map(|list| {
                let value = list.get(left % list.len().max(1));
                left /= list.len().max(1);
                value.map(AsRef::as_ref)
            })
            .collect();
        for row in index.find(&combination, time) {
            if !rows.contains(&row) {
                rows.push(row);
            }
        }
    }
    rows.truncate(options.max_matches.max(1));
    rows
}
