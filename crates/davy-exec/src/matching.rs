//! The events behind the results of searches, with all of their fields.

use crate::run::{Events, Run, Search};
use crate::session::{RunError, Session};
use crate::shared::{Stored, scan};
use crate::source::{EventSource, ReadRequest};
use datafusion::arrow::array::AsArray;
use datafusion::arrow::datatypes::UInt64Type;
use datafusion::arrow::record_batch::RecordBatch;
use davy_plan::{Rows, SEQ, rows_of};
use davy_spl::ast::SearchExpr;
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// The events that passed a search's filter.
#[derive(Debug, Clone, Default)]
pub struct Matching {
    /// With `_raw` and all fields, in the order of the events.
    pub rows: Rows,
    /// For each row its event's number in the reading, which all searches share.
    pub numbers: Vec<u64>,
    /// For each row the alternatives of the filter's `OR`s that it meets, as SPL.
    pub branches: Vec<Vec<Arc<str>>>,
}

impl Session {
    /// The events that pass each search's filter, found in one reading of the source. A search
    /// that reads several times has the events of all its readings.
    pub fn matching(
        &self,
        searches: &[Search<'_>],
        source: &Arc<dyn EventSource>,
        stop: &Arc<AtomicBool>,
    ) -> Result<Vec<Matching>, RunError> {
        let Some(first) = searches.first().filter(|_| source.table().is_none()) else {
            return Ok(searches.iter().map(|_| Matching::default()).collect());
        };
        let mut requests: Vec<ReadRequest> = Vec::new();
        // Of each search: the numbers of its requests, each with those of its alternatives.
        let mut plans: Vec<Vec<(usize, Vec<(Arc<str>, usize)>)>> = Vec::new();
        for wanted in self.requests(searches) {
            let mut own = Vec::new();
            for request in wanted {
                let alternatives = alternatives(&request);
                requests.push(whole(&request));
                let main = requests.len() - 1;
                let mut branches = Vec::new();
                for (text, narrowed) in alternatives {
                    requests.push(narrowed);
                    branches.push((text, requests.len() - 1));
                }
                own.push((main, branches));
            }
            plans.push(own);
        }
        let shapes = Run::new(self, first, Events::Source).shapes();
        let kept = scan(source, requests, &[], shapes, &self.budget(), stop, None)?;
        plans.into_iter().map(|own| gathered(&own, &kept)).collect()
    }
}

/// The request for all fields of the same events.
fn whole(request: &ReadRequest) -> ReadRequest {
    let mut fields: Vec<Arc<str>> = ["_time", "_raw", "host", "source", "sourcetype", "index", SEQ]
        .into_iter()
        .map(Arc::from)
        .collect();
    for name in request.fields.iter() {
        if !fields.contains(name) {
            fields.push(name.clone());
        }
    }
    ReadRequest { fields: fields.into(), rest: true, ..request.clone() }
}

/// The alternatives of the filter's outer `OR`s, each as SPL and as a request of its events.
fn alternatives(request: &ReadRequest) -> Vec<(Arc<str>, ReadRequest)> {
    let Some(filter) = request.filter.as_deref() else { return Vec::new() };
    let parts: &[SearchExpr] = match filter {
        SearchExpr::And(list) => list,
        other => std::slice::from_ref(other),
    };
    let mut out = Vec::new();
    for part in parts {
        let SearchExpr::Or(list) = part else { continue };
        for one in list {
            let narrowed = SearchExpr::And(vec![filter.clone(), one.clone()]);
            let request = ReadRequest {
                fields: Arc::from([Arc::from(SEQ)]),
                rest: false,
                filter: Some(Arc::new(narrowed)),
                ..request.clone()
            };
            out.push((Arc::from(davy_spl::format_search(one)), request));
        }
    }
    out
}

type Alternatives = Vec<(Arc<str>, usize)>;

fn gathered(own: &[(usize, Alternatives)], kept: &[Stored]) -> Result<Matching, RunError> {
    let mut out = Matching::default();
    let mut seen = HashSet::new();
    for (main, branches) in own {
        let batches = kept.get(*main).map(Stored::load).transpose()?.unwrap_or_default();
        let mut met: BTreeMap<u64, Vec<Arc<str>>> = BTreeMap::new();
        for (text, number) in branches {
            let rows = kept.get(*number).map(Stored::load).transpose()?.unwrap_or_default();
            for seq in rows.iter().flat_map(numbers) {
                met.entry(seq).or_default().push(text.clone());
            }
        }
        let Some(schema) = batches.first().map(RecordBatch::schema) else { continue };
        let rows = rows_of(&schema, &batches)?;
        let columns: Vec<usize> = rows.names.iter().map(|n| out.rows.column_or_add(n)).collect();
        for (seq, row) in batches.iter().flat_map(numbers).zip(rows.rows) {
            if !seen.insert(seq) {
                continue;
            }
            let mut wide = vec![davy_plan::Val::Null; out.rows.names.len()];
            for (at, value) in columns.iter().zip(row) {
                if let Some(slot) = wide.get_mut(*at) {
                    *slot = value;
                }
            }
            out.rows.rows.push(wide);
            out.numbers.push(seq);
            out.branches.push(met.remove(&seq).unwrap_or_default());
        }
    }
    Ok(out)
}

fn numbers(batch: &RecordBatch) -> Vec<u64> {
    let column = batch.column_by_name(SEQ).and_then(|c| c.as_primitive_opt::<UInt64Type>());
    column.map(|c| c.values().to_vec()).unwrap_or_default()
}
