//! Commands that find names and values in a text: `xmlkv`, `spath`, `extract`, `fromjson`.
//!
//! Which names a text holds is not known before it is read. Those that later commands want become
//! columns; where all fields are wanted, the others are packed (see `davy_events::rest`), so no
//! command of this kind has to hold all rows.

use crate::column::Ty;
use crate::fields::REST;
use crate::plan::{Failed, Plan, PlanCx};
use crate::rowmap::{RowMap, Set, row_map};
use crate::value::Val;
use davy_events::{mv, rest};
use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

/// Finds names and their values in a text.
pub(crate) trait Extractor: std::fmt::Debug + Send + Sync {
    fn name(&self) -> &'static str;
    fn extract(&self, text: &str, found: &mut Found);
}

/// Names with their values, in the order in which they were found.
#[derive(Debug, Default)]
pub(crate) struct Found {
    list: Vec<(String, Vec<String>)>,
    index: HashMap<String, usize>,
}

impl Found {
    fn slot(&mut self, name: &str) -> Option<&mut Vec<String>> {
        let at = match self.index.get(name) {
            Some(at) => *at,
            None => {
                let name = mv::clean(Cow::Borrowed(name)).into_owned();
                self.list.push((name.clone(), Vec::new()));
                self.index.insert(name, self.list.len() - 1);
                self.list.len() - 1
            }
        };
        self.list.get_mut(at).map(|(_, values)| values)
    }

    /// One more value of the field.
    pub(crate) fn add(&mut self, name: &str, value: &str) {
        if let Some(values) = self.slot(name) {
            values.push(mv::clean(Cow::Borrowed(value)).into_owned());
        }
    }

    /// The only value of the field: the last one stays.
    pub(crate) fn put(&mut self, name: &str, value: &str) {
        if let Some(values) = self.slot(name) {
            values.clear();
            values.push(mv::clean(Cow::Borrowed(value)).into_owned());
        }
    }

    /// The only value of the field: the first one stays.
    pub(crate) fn put_first(&mut self, name: &str, value: &str) {
        if self.index.contains_key(name) {
            return;
        }
        self.put(name, value);
    }

    pub(crate) fn len(&self) -> usize {
        self.list.len()
    }
}

/// A field that no extraction may replace: the row's own time and text, and hidden columns.
fn fixed(name: &str) -> bool {
    name == "_time" || name == "_raw" || name.starts_with(crate::fields::HIDDEN)
}

/// The plan with the fields that `extractor` finds in the text of `from`.
pub(crate) fn extracted(
    plan: Plan,
    from: &str,
    extractor: Arc<dyn Extractor>,
    cx: &PlanCx<'_>,
) -> Result<Plan, Failed> {
    if !plan.has_column(from) {
        return Ok(plan);
    }
    let mut names: Vec<String> = cx.out.names.iter().filter(|n| !fixed(n)).cloned().collect();
    if cx.out.all {
        for name in plan.names() {
            if !fixed(&name) && !names.contains(&name) {
                names.push(name);
            }
        }
    }
    let mut sets: Vec<Set> = names.iter().map(|n| Set::keep(n, Ty::Text)).collect();
    let mut reads = vec![from.to_owned()];
    let rest = cx.out.all.then_some(sets.len());
    if rest.is_some() {
        reads.push(REST.to_owned());
        sets.push(Set::keep(REST, Ty::Text));
    }
    let index = names.into_iter().enumerate().map(|(i, n)| (n, i)).collect();
    row_map(plan, reads, sets, Arc::new(ExtractMap { extractor, index, rest }))
}

#[derive(Debug)]
struct ExtractMap {
    extractor: Arc<dyn Extractor>,
    index: HashMap<String, usize>,
    /// Where the packed fields are set.
    rest: Option<usize>,
}

impl RowMap for ExtractMap {
    fn name(&self) -> &'static str {
        self.extractor.name()
    }

    fn map(&self, args: &[Val<'_>], out: &mut [Option<Val<'static>>]) -> Result<(), String> {
        let Some(text) = args.first() else { return Ok(()) };
        let mut found = Found::default();
        for value in text.values() {
            self.extractor.extract(&value, &mut found);
        }
        let mut others: Vec<(String, String)> = Vec::new();
        for (name, values) in found.list {
            if fixed(&name) || values.is_empty() || name.is_empty() {
                continue;
            }
            match self.index.get(&name).and_then(|at| out.get_mut(*at)) {
                Some(slot) => *slot = Some(Val::multi(&values)),
                None if self.rest.is_some() => others.push((name, mv::encode(&values))),
                None => {}
            }
        }
        if others.is_empty() {
            return Ok(());
        }
        let Some(slot) = self.rest.and_then(|at| out.get_mut(at)) else { return Ok(()) };
        let packed = match args.get(1) {
            Some(Val::Str(packed)) => packed.as_ref(),
            _ => "",
        };
        let kept = rest::iter(packed).filter(|(n, _)| !others.iter().any(|(o, _)| o == n));
        let new = others.iter().map(|(n, v)| (n.as_str(), v.as_str()));
        *slot = Some(Val::Str(Cow::Owned(rest::pack(kept.chain(new)))));
        Ok(())
    }
}
