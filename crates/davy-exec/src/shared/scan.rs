//! The one reading.

use super::gate::{Gate, Interned};
use super::index::Index;
use crate::shapes::{
    ALL, Memo, NodeId, Nodes, Pass, Program, Rows, Scope, Shapes, Truth, closure, lock,
};
use crate::source::{EventSource, Read, ReadRequest};
use datafusion::arrow::array::{
    ArrayRef, AsArray, RecordBatch, RecordBatchOptions, UInt32Array, UInt64Array,
};
use datafusion::arrow::buffer::Buffer;
use datafusion::arrow::compute::{concat_batches, take, take_record_batch};
use datafusion::common::Result;
use davy_events::{Demand, EventBatch, Shape, Want};
use davy_plan::{Column, SEQ};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

/// Rows are gathered per shape up to this number before they are looked at.
const ROWS: usize = 8192;
/// Rows gathered over all shapes, in bytes, at which all are looked at.
const BYTES: usize = 16 << 20;

/// The rows of each request, in the order of the requests.
pub(crate) type Kept = Vec<Vec<RecordBatch>>;

/// Reads the source once for all requests. `stop` ends it early with what was read.
pub(crate) fn scan(
    source: &Arc<dyn EventSource>,
    requests: Vec<ReadRequest>,
    shapes: Arc<Shapes>,
    threads: usize,
    stop: &AtomicBool,
) -> Result<Kept> {
    let count = requests.len();
    let earliest = requests.iter().map(|r| r.earliest).fold(f64::INFINITY, f64::min);
    let latest = requests.iter().map(|r| r.latest).fold(0.0, f64::max);
    let interned = Interned::of(requests.iter().filter_map(|r| r.filter.as_deref()));
    let many = Arc::new(Many { shapes, requests, interned, known: Mutex::new(HashMap::new()) });
    let read = Read { demand: many.clone(), earliest, latest };
    let reading = source.start(read, threads);
    let results: Vec<Result<Vec<Vec<Part>>>> = std::thread::scope(|scope| {
        let handles: Vec<_> = (0..threads)
            .map(|part| {
                let (reading, many) = (reading.clone(), many.clone());
                scope.spawn(move || {
                    let mut worker = Worker::new(many, count);
                    let mut failed = None;
                    reading.part(part, &mut |batch| {
                        match worker.take(batch) {
                            Ok(()) => {}
                            Err(error) => failed = Some(error),
                        }
                        match failed.is_some() || stop.load(Ordering::Relaxed) {
                            true => ControlFlow::Break(()),
                            false => ControlFlow::Continue(()),
                        }
                    });
                    match failed {
                        Some(error) => Err(error),
                        None => worker.finish(),
                    }
                })
            })
            .collect();
        handles
            .into_iter()
            .map(|h| {
                h.join().unwrap_or_else(|_| {
                    Err(datafusion::common::DataFusionError::Internal(
                        "a reading thread ended by itself".to_owned(),
                    ))
                })
            })
            .collect()
    });
    let mut kept: Vec<Vec<Part>> = (0..count).map(|_| Vec::new()).collect();
    for part in results {
        for (all, own) in kept.iter_mut().zip(part?) {
            all.extend(own);
        }
    }
    kept.into_iter().map(in_order).collect()
}

/// Rows, and the number of each event.
type Part = (UInt64Array, RecordBatch);

/// The rows in the order of their events, whichever thread read them: sums of fractions, and what
/// else depends on the order, are the same in each run.
fn in_order(parts: Vec<Part>) -> Result<Vec<RecordBatch>> {
    let Some((_, first)) = parts.first() else { return Ok(Vec::new()) };
    let batch = concat_batches(&first.schema(), parts.iter().map(|(_, rows)| rows))?;
    let numbers: Vec<u64> =
        parts.iter().flat_map(|(seq, _)| seq.values().iter().copied()).collect();
    if numbers.len() != batch.num_rows() || numbers.is_sorted() {
        return Ok(vec![batch]);
    }
    let mut order: Vec<u32> = (0..numbers.len() as u32).collect();
    order.sort_by_key(|at| numbers.get(*at as usize));
    Ok(vec![take_record_batch(&batch, &UInt32Array::from(order))?])
}

/// All requests, and what they come to for each shape.
struct Many {
    shapes: Arc<Shapes>,
    requests: Vec<ReadRequest>,
    interned: Interned,
    known: Mutex<HashMap<u64, Vec<Arc<ShapePlan>>>>,
}

impl std::fmt::Debug for Many {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} requests", self.requests.len())
    }
}

/// The requests that events of one shape may match.
struct ShapePlan {
    shape: Shape,
    /// The request's number, and how its columns are made.
    live: Vec<(usize, Program)>,
    gates: Vec<Gate>,
    index: Index,
    nodes: Nodes,
    /// The nodes that gates and index read.
    read: Vec<NodeId>,
    /// All decoded fields that any of them needs.
    raw: Arc<[Arc<str>]>,
    rest: bool,
}

impl Many {
    fn plan(&self, shape: &Shape) -> Arc<ShapePlan> {
        let found = |known: &HashMap<u64, Vec<Arc<ShapePlan>>>| {
            known.get(&shape.id).and_then(|l| l.iter().find(|p| p.shape == *shape)).cloned()
        };
        if let Some(plan) = found(&lock(&self.known)) {
            return plan;
        }
        let made = Arc::new(self.made(shape));
        let mut known = lock(&self.known);
        if let Some(plan) = found(&known) {
            return plan;
        }
        known.entry(shape.id).or_default().push(made.clone());
        made
    }

    fn made(&self, shape: &Shape) -> ShapePlan {
        let graph = self.shapes.graph(shape);
        let mut graph = lock(&graph);
        let mut live = Vec::new();
        let mut gates = Vec::new();
        for (number, request) in self.requests.iter().enumerate() {
            let (truth, scope) = match &request.dataset {
                Some(dataset) => {
                    (graph.dataset_truth(dataset), Scope::Dataset(dataset, usize::MAX))
                }
                None => (Truth::Always, ALL),
            };
            if truth == Truth::Never {
                continue;
            }
            let gate = match &request.filter {
                Some(filter) => Gate::of(filter, &mut graph, scope, &self.interned),
                None => Gate::True,
            };
            let gate = gate.and(truth);
            if matches!(gate, Gate::False) {
                continue;
            }
            // The gate is the filter; what is left is how the columns are made.
            let bare = ReadRequest { filter: None, ..request.clone() };
            if let Some(program) = Program::new(&mut graph, &bare) {
                live.push((number, program));
                gates.push(gate);
            }
        }
        let index = Index::new(&gates);
        let mut read: BTreeSet<_> = index.nodes().collect();
        for gate in &gates {
            let mut nodes = Vec::new();
            gate.nodes(&mut nodes);
            read.extend(nodes);
        }
        let read: Vec<_> = read.into_iter().collect();
        let mut nodes = closure(&graph, &read);
        let mut raw: Vec<Arc<str>> = Vec::new();
        for name in nodes.values().filter_map(|n| match n.as_ref() {
            crate::shapes::Node::Raw(name) => Some(name),
            _ => None,
        }) {
            if !raw.contains(name) {
                raw.push(name.clone());
            }
        }
        let mut rest = false;
        for (_, program) in &live {
            rest |= program.rest;
            for name in program.raw.iter() {
                if !raw.contains(name) {
                    raw.push(name.clone());
                }
            }
            nodes.extend(program.nodes().iter().map(|(id, node)| (*id, node.clone())));
        }
        if !live.is_empty() && !raw.iter().any(|n| **n == *SEQ) {
            raw.push(Arc::from(SEQ));
        }
        ShapePlan { shape: shape.clone(), live, gates, index, nodes, read, raw: raw.into(), rest }
    }
}

impl Demand for Many {
    fn want(&self, shape: &Shape) -> Want {
        let plan = self.plan(shape);
        match plan.live.is_empty() {
            true => Want::Skip,
            false => Want::Fields { names: plan.raw.clone(), rest: plan.rest },
        }
    }
}

/// One thread's share: batches gathered by shape until there are enough rows.
struct Worker {
    many: Arc<Many>,
    waiting: HashMap<u64, Vec<(Arc<ShapePlan>, Vec<RecordBatch>, usize)>>,
    bytes: usize,
    kept: Vec<Vec<Part>>,
}

impl Worker {
    fn new(many: Arc<Many>, count: usize) -> Worker {
        Worker {
            many,
            waiting: HashMap::new(),
            bytes: 0,
            kept: (0..count).map(|_| Vec::new()).collect(),
        }
    }

    fn take(&mut self, batch: EventBatch) -> Result<()> {
        let EventBatch { shape, batch } = batch;
        let list = self.waiting.entry(shape.id).or_default();
        let at = match list.iter().position(|(plan, ..)| plan.shape == *shape) {
            Some(at) => at,
            None => {
                list.push((self.many.plan(&shape), Vec::new(), 0));
                list.len() - 1
            }
        };
        self.bytes += batch.get_array_memory_size();
        if let Some((plan, batches, rows)) = list.get_mut(at) {
            *rows += batch.num_rows();
            batches.push(batch);
            if *rows >= ROWS {
                *rows = 0;
                let (plan, batches) = (plan.clone(), std::mem::take(batches));
                self.look(&plan, &batches)?;
            }
        }
        if self.bytes > BYTES {
            self.look_at_all()?;
        }
        Ok(())
    }

    fn finish(mut self) -> Result<Vec<Vec<Part>>> {
        self.look_at_all()?;
        Ok(self.kept)
    }

    fn look_at_all(&mut self) -> Result<()> {
        let waiting: Vec<_> = self.waiting.drain().flat_map(|(_, list)| list).collect();
        self.bytes = 0;
        for (plan, batches, _) in waiting {
            self.look(&plan, &batches)?;
        }
        Ok(())
    }

    /// Finds each gate's rows and keeps them.
    fn look(&mut self, plan: &ShapePlan, batches: &[RecordBatch]) -> Result<()> {
        let Some(first) = batches.first() else { return Ok(()) };
        let batch = concat_batches(&first.schema(), batches)?;
        self.bytes = self
            .bytes
            .saturating_sub(batches.iter().map(RecordBatch::get_array_memory_size).sum::<usize>());
        let passing = plan.passing(&batch)?;
        if passing.is_empty() {
            return Ok(());
        }
        let union = union(&passing, batch.num_rows());
        let whole = union.len() == batch.num_rows();
        let batch = if whole { batch } else { take_record_batch(&batch, &union)? };
        let shared = plan.shared(&passing, &batch)?;
        for (live, rows) in passing {
            let Some((number, program)) = plan.live.get(live) else { continue };
            let at = if whole { rows.into() } else { places(&rows, &union) };
            let rows = Rows::Part { batch: &batch, at: &at, shared: &shared };
            let mut memo = Memo::default();
            let mut pass = Pass::new(program.nodes(), rows, &mut memo);
            let out = compact(program.outputs(&mut pass, &plan.raw)?)?;
            let numbers = match batch.column_by_name(SEQ) {
                Some(numbers) => take(numbers, &at, None)?.as_primitive_opt().cloned(),
                None => None,
            };
            let numbers = numbers.unwrap_or_else(|| vec![0; at.len()].into());
            if let Some(kept) = self.kept.get_mut(*number) {
                kept.push((numbers, out));
            }
        }
        Ok(())
    }
}

/// A live search's place, and its rows of a batch, in order.
type Passing = Vec<(usize, Vec<u32>)>;

impl ShapePlan {
    /// The searches that have rows in a batch.
    fn passing(&self, batch: &RecordBatch) -> Result<Passing> {
        let mut memo = Memo::default();
        let mut pass = Pass::new(&self.nodes, Rows::All(batch), &mut memo);
        let mut columns = HashMap::new();
        for id in &self.read {
            columns.insert(*id, Column::new(&pass.array(*id)?)?);
        }
        let candidates = self.index.candidates(self.gates.len(), &columns, batch.num_rows());
        let mut passing = Vec::new();
        for (at, (gate, mut rows)) in self.gates.iter().zip(candidates).enumerate() {
            rows.retain(|row| gate.passes(&columns, *row as usize));
            if !rows.is_empty() {
                passing.push((at, rows));
            }
        }
        Ok(passing)
    }

    /// What is worked out once for all: the nodes that are needed for so many rows, counted for
    /// each search, that all of the batch's are not more.
    fn shared(&self, passing: &Passing, batch: &RecordBatch) -> Result<HashMap<NodeId, ArrayRef>> {
        let mut needed: BTreeMap<NodeId, usize> = BTreeMap::new();
        for (live, rows) in passing {
            let Some((_, program)) = self.live.get(*live) else { continue };
            for id in program.nodes().keys() {
                *needed.entry(*id).or_default() += rows.len();
            }
        }
        let mut memo = Memo::default();
        let mut pass = Pass::new(&self.nodes, Rows::All(batch), &mut memo);
        let mut shared = HashMap::new();
        for (id, rows) in needed {
            if rows >= batch.num_rows() {
                shared.insert(id, pass.array(id)?);
            }
        }
        Ok(shared)
    }
}

/// All rows that anyone wants, in order.
fn union(passing: &Passing, rows: usize) -> UInt32Array {
    let mut wanted = vec![false; rows];
    for row in passing.iter().flat_map(|(_, rows)| rows) {
        if let Some(slot) = wanted.get_mut(*row as usize) {
            *slot = true;
        }
    }
    let rows = wanted.iter().zip(0u32..).filter(|(wanted, _)| **wanted).map(|(_, row)| row);
    rows.collect::<Vec<u32>>().into()
}

/// Where rows stand among `all`; both are in order.
fn places(rows: &[u32], all: &UInt32Array) -> UInt32Array {
    let all = all.values();
    rows.iter().filter_map(|row| all.binary_search(row).ok()).map(|at| at as u32).collect()
}

/// The rows without the texts of the others that were read with them, which they would hold in
/// memory.
fn compact(rows: RecordBatch) -> Result<RecordBatch> {
    let columns = rows.columns().iter().map(|array| match array.as_string_view_opt() {
        Some(texts) => {
            let held: usize = texts.data_buffers().iter().map(Buffer::len).sum();
            match held > 2 * texts.total_buffer_bytes_used() {
                true => Arc::new(texts.gc()) as ArrayRef,
                false => array.clone(),
            }
        }
        None => array.clone(),
    });
    let options = RecordBatchOptions::new().with_row_count(Some(rows.num_rows()));
    Ok(RecordBatch::try_new_with_options(rows.schema(), columns.collect(), &options)?)
}
