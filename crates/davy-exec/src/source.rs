//! Where events come from.

use datafusion::arrow::array::{AsArray, BooleanArray, RecordBatch, UInt64Array};
use datafusion::arrow::compute::filter_record_batch;
use datafusion::arrow::datatypes::{DataType, Field, Float64Type, Schema, SchemaRef, UInt64Type};
use datafusion::catalog::TableProvider;
use davy_events::{Demand, EventBatch, Problem, Shape, Want};
use davy_plan::{HIDDEN, REST, SEQ, Scan, specialise};
use davy_spl::ast::SearchExpr;
use std::ops::ControlFlow;
use std::sync::Arc;

/// What a search asks of its events.
#[derive(Debug, Clone)]
pub struct ReadRequest {
    /// The columns, in order: `_time` as a number, `__seq` as a whole number, all else text.
    pub fields: Arc<[Arc<str>]>,
    /// All other fields too, packed into a last column.
    pub rest: bool,
    pub earliest: f64,
    pub latest: f64,
    /// The base search: events that cannot match by their shape may be left out.
    pub filter: Option<Arc<SearchExpr>>,
}

impl ReadRequest {
    pub(crate) fn new(scan: &Scan) -> Self {
        let mut names: Vec<Arc<str>> = Vec::new();
        let mut add = |name: &str| {
            if !names.iter().any(|n| **n == *name) {
                names.push(Arc::from(name));
            }
        };
        let bounded = scan.earliest.is_finite() && scan.earliest > 0.0 || scan.latest.is_finite();
        if scan.needs.all {
            ["_time", "_raw", "host", "source", "sourcetype", "index"].into_iter().for_each(&mut add);
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
        }
    }

    /// The schema of every batch.
    pub fn schema(&self) -> SchemaRef {
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

/// Events that a search can read. One source is read by several threads at once.
pub trait EventSource: Send + Sync + std::fmt::Debug {
    /// Starts a reading that `parts` calls of [`Reading::part`] share.
    fn start(&self, request: ReadRequest, parts: usize) -> Arc<dyn Reading>;

    /// A table that DataFusion can read itself, if that is what the source is; its columns are the
    /// fields.
    fn table(&self) -> Option<Arc<dyn TableProvider>> {
        None
    }
}

/// One reading of a source.
pub trait Reading: Send + Sync {
    /// Reads a part of the events, giving batches with the request's schema.
    fn part(&self, part: usize, give: &mut dyn FnMut(RecordBatch) -> ControlFlow<()>);
}

/// Wants the request's fields of the shapes that its filter does not rule out.
#[derive(Debug)]
pub(crate) struct RequestDemand {
    request: ReadRequest,
}

impl RequestDemand {
    pub(crate) fn new(request: ReadRequest) -> Self {
        RequestDemand { request }
    }
}

impl Demand for RequestDemand {
    fn want(&self, shape: &Shape) -> Want {
        if let Some(filter) = &self.request.filter
            && specialise(filter, shape) == Some(false)
        {
            return Want::Skip;
        }
        Want::Fields { names: self.request.fields.clone(), rest: self.request.rest }
    }
}

/// Gives a decoder's batches on, numbered over all inputs and cut to the time range.
pub(crate) struct BatchSink<'a> {
    pub(crate) request: &'a ReadRequest,
    pub(crate) schema: &'a SchemaRef,
    /// The number of the input's first event.
    pub(crate) base: u64,
    pub(crate) give: &'a mut dyn FnMut(RecordBatch) -> ControlFlow<()>,
    pub(crate) problems: &'a mut Vec<Problem>,
}

impl davy_events::Sink for BatchSink<'_> {
    fn batch(&mut self, batch: EventBatch) -> ControlFlow<()> {
        match self.prepared(batch.batch) {
            Some(batch) if batch.num_rows() > 0 => (self.give)(batch),
            _ => ControlFlow::Continue(()),
        }
    }

    fn problem(&mut self, problem: Problem) {
        self.problems.push(problem);
    }
}

impl BatchSink<'_> {
    fn prepared(&self, batch: RecordBatch) -> Option<RecordBatch> {
        let mut batch = batch;
        let (from, to) = (self.request.earliest, self.request.latest);
        if let Some(times) = batch.column_by_name("_time")
            && let Some(times) = times.as_primitive_opt::<Float64Type>()
        {
            let outside = |t: f64| t < from || t >= to;
            if times.iter().flatten().any(outside) {
                let keep: BooleanArray =
                    times.iter().map(|t| Some(t.is_none_or(|t| !outside(t)))).collect();
                batch = filter_record_batch(&batch, &keep).ok()?;
            }
        }
        let mut columns = batch.columns().to_vec();
        if let Ok(at) = batch.schema().index_of(SEQ)
            && let Some(seq) = columns.get(at).and_then(|c| c.as_primitive_opt::<UInt64Type>())
        {
            let numbered: UInt64Array = seq.unary(|n| n + self.base);
            debug_assert_eq!(numbered.len(), batch.num_rows());
            columns[at] = Arc::new(numbered);
        }
        let options = datafusion::arrow::record_batch::RecordBatchOptions::new()
            .with_row_count(Some(batch.num_rows()));
        RecordBatch::try_new_with_options(self.schema.clone(), columns, &options).ok()
    }
}
