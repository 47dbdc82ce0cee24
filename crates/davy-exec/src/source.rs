//! Where events come from.

use datafusion::arrow::array::{AsArray, BooleanArray, RecordBatch};
use datafusion::arrow::compute::filter_record_batch;
use datafusion::arrow::datatypes::{DataType, Field, Float64Type, Schema, SchemaRef};
use datafusion::catalog::TableProvider;
use davy_events::{Demand, EventBatch, Problem};
use davy_plan::{DatasetRef, HIDDEN, REST, SEQ, Scan};
use davy_spl::ast::SearchExpr;
use serde::{Deserialize, Serialize};
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

/// What a search asks of its events.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct ReadRequest {
    /// The columns, in order: `_time` as a number, `__seq` as a whole number, all else text.
    pub(crate) fields: Arc<[Arc<str>]>,
    /// All other fields too, packed into a last column.
    pub(crate) rest: bool,
    pub(crate) earliest: f64,
    pub(crate) latest: f64,
    /// The base search: events that cannot match by their shape may be left out.
    pub(crate) filter: Option<Arc<SearchExpr>>,
    /// Only the events of this dataset, with its fields.
    pub(crate) dataset: Option<DatasetRef>,
}

impl ReadRequest {
    /// As `new`, with the time of each event even where the search does not ask for it.
    pub(crate) fn timed(scan: &Scan) -> Self {
        let mut request = ReadRequest::new(scan);
        if !request.fields.iter().any(|name| &**name == "_time") {
            let time: Arc<str> = Arc::from("_time");
            request.fields = request.fields.iter().cloned().chain([time]).collect();
        }
        request
    }

    pub(crate) fn new(scan: &Scan) -> Self {
        let mut names: Vec<Arc<str>> = Vec::new();
        let mut add = |name: &str| {
            if !names.iter().any(|n| **n == *name) {
                names.push(Arc::from(name));
            }
        };
        let bounded = scan.earliest.is_finite() && scan.earliest > 0.0 || scan.latest.is_finite();
        if scan.needs.all {
            ["_time", "_raw", "host", "source", "sourcetype", "index"]
                .into_iter()
                .for_each(&mut add);
        }
        scan.needs.names.iter().filter(|n| !n.starts_with(HIDDEN)).for_each(|n| add(n));
        if scan.ordered || bounded {
            add("_time");
        }
        if scan.ordered {
            add(SEQ);
        }
        ReadRequest {
            fields: names.into(),
            rest: scan.needs.all,
            earliest: scan.earliest,
            latest: scan.latest,
            filter: scan.filter.clone(),
            dataset: scan.dataset.clone(),
        }
    }

    /// All fields of the events themselves are among the others that are packed.
    pub(crate) fn packs_events(&self) -> bool {
        self.rest && self.dataset.as_ref().is_none_or(|dataset| dataset.loose)
    }

    /// The schema of every batch.
    pub(crate) fn schema(&self) -> SchemaRef {
        let mut fields: Vec<Field> = self
            .fields
            .iter()
            .map(|name| {
                let data_type = match &**name {
                    "_time" => DataType::Float64,
                    SEQ => DataType::UInt64,
                    _ => DataType::Utf8View,
                };
                Field::new(&**name, data_type, true)
            })
            .collect();
        if self.rest {
            fields.push(Field::new(REST, DataType::Utf8View, true));
        }
        Arc::new(Schema::new(fields))
    }
}

/// What is asked of a source.
#[derive(Clone)]
pub struct Read {
    /// Which fields of which shapes.
    pub demand: Arc<dyn Demand>,
    /// Seconds since the epoch; infinite where open. Where a bound is not, `_time` is among the
    /// fields.
    pub earliest: f64,
    pub latest: f64,
    /// Only events of these numbers, in order. They are those of an earlier reading of the source,
    /// and the reading is not reported.
    pub only: Option<Arc<[u64]>>,
    /// Raised for the reading to end early. What was read by then is still given.
    pub stop: Option<Arc<AtomicBool>>,
}

impl Read {
    pub(crate) fn stops(&self) -> bool {
        self.stop.as_ref().is_some_and(|stop| stop.load(Ordering::Relaxed))
    }
}

impl std::fmt::Debug for Read {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "events from {} to {}", self.earliest, self.latest)
    }
}

/// Events that a search can read. One source is read by several threads at once.
pub trait EventSource: Send + Sync + std::fmt::Debug {
    /// Starts a reading that `parts` calls of [`Reading::part`] share.
    fn start(&self, read: Read, parts: usize) -> Arc<dyn Reading>;

    /// Whether a second reading gives the same events with the same numbers.
    fn can_be_read_again(&self) -> bool {
        false
    }

    /// When the last event happened, where a reading of all has told it.
    fn last_event(&self) -> Option<f64> {
        None
    }

    /// Files that grow, of which only what is new is read.
    fn grows(&self) -> Option<&crate::growing::Look> {
        None
    }

    /// A table that DataFusion can read itself, if that is what the source is; its columns are the
    /// fields.
    fn table(&self) -> Option<Arc<dyn TableProvider>> {
        None
    }
}

/// One reading of a source.
pub trait Reading: Send + Sync {
    /// Reads a part of the events, giving batches with the fields that the demand wanted of their
    /// shape. Tells how long it took to get the bytes that they were made of, where that is known.
    fn part(&self, part: usize, give: &mut dyn FnMut(EventBatch) -> ControlFlow<()>) -> Duration;
}

/// Gives a decoder's batches on, cut to the time range.
pub(crate) struct BatchSink<'a> {
    pub(crate) read: &'a Read,
    pub(crate) give: &'a mut dyn FnMut(EventBatch) -> ControlFlow<()>,
    pub(crate) problems: &'a mut Vec<Problem>,
    pub(crate) looked_at: &'a LookedAt,
}

/// How many events were looked at, for any search.
#[derive(Debug, Default)]
pub(crate) struct LookedAt {
    pub(crate) all: AtomicU64,
    /// Those that happened at other times than any search asks for.
    pub(crate) out_of_range: AtomicU64,
}

impl davy_events::Sink for BatchSink<'_> {
    fn batch(&mut self, batch: EventBatch) -> ControlFlow<()> {
        let EventBatch { shape, batch } = batch;
        let all = batch.num_rows();
        let prepared = self.prepared(batch);
        let inside = prepared.as_ref().map_or(0, RecordBatch::num_rows);
        self.looked_at.all.fetch_add(all as u64, Ordering::Relaxed);
        self.looked_at.out_of_range.fetch_add((all - inside) as u64, Ordering::Relaxed);
        match prepared {
            Some(batch) if batch.num_rows() > 0 => (self.give)(EventBatch { shape, batch }),
            _ => ControlFlow::Continue(()),
        }
    }

    fn stops(&self) -> bool {
        self.read.stops()
    }

    fn problem(&mut self, problem: Problem) {
        self.problems.push(problem);
    }
}

impl BatchSink<'_> {
    fn prepared(&self, batch: RecordBatch) -> Option<RecordBatch> {
        let (from, to) = (self.read.earliest, self.read.latest);
        let outside = |t: f64| t < from || t >= to;
        if let Some(times) = batch.column_by_name("_time")
            && let Some(times) = times.as_primitive_opt::<Float64Type>()
            && times.iter().flatten().any(outside)
        {
            let keep: BooleanArray =
                times.iter().map(|t| Some(t.is_none_or(|t| !outside(t)))).collect();
            return filter_record_batch(&batch, &keep).ok();
        }
        Some(batch)
    }
}
