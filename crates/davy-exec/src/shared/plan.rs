//! What all requests come to for the events of one shape.

use super::gate::{Columns, Filter, Filters, Gate};
use super::index::{Automata, Index};
use super::scan::OnlyIf;
use super::times::Times;
use crate::shapes::{
    ALL, Alike, Memo, Node, NodeId, Nodes, Pass, Program, Rows, Scope, Shapes, Truth, closure, lock,
};
use crate::source::ReadRequest;
use datafusion::arrow::array::{Array, AsArray, RecordBatch};
use datafusion::arrow::datatypes::{Float64Type, UInt64Type};
use datafusion::common::Result;
use davy_events::{Demand, Kind, Needles, Shape, Want};
use davy_plan::{Column, SEQ};
use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

const RAW: &str = "_raw";
const TIME: &str = "_time";

/// The plans of one reading, by shape.
pub(super) trait Plans: Demand {
    fn plan(&self, shape: &Shape) -> Arc<ShapePlan>;

    /// A request has rows.
    fn found(&self, request: usize);

    /// Whether it is known by now that a request's rows matter.
    fn matters(&self, request: usize) -> bool;
}

/// The requests that events of one shape may match.
pub(super) struct ShapePlan {
    pub(super) shape: Shape,
    pub(super) live: Vec<Live>,
    by: By,
    pub(super) nodes: Nodes,
    /// The decoded fields that are read, in the order of the columns.
    pub(super) raw: Arc<[Arc<str>]>,
    want: Want,
}

/// A request whose rows the shape may hold.
#[derive(Clone)]
pub(super) struct Live {
    /// Its number.
    pub(super) number: usize,
    /// How its columns are made.
    pub(super) program: Arc<Program>,
    /// Its columns take much to decode, or may never be needed, so only the numbers of its rows
    /// are kept at first.
    pub(super) late: bool,
    /// What its columns are made of is decoded for others: once it is known to be needed, they are
    /// made at once.
    pub(super) ready: bool,
    /// What its rows must meet others by, and the text that stands for none: they wait, and are
    /// never made at once.
    pub(super) key: Option<(NodeId, Option<Arc<str>>)>,
    /// The times that it asks for, where other requests may ask for more.
    range: Option<(f64, f64)>,
}

/// How rows are found.
enum By {
    Gates {
        gates: Vec<Gate>,
        index: Index,
        /// The nodes that gates and index read.
        read: Vec<NodeId>,
        /// The decoded fields behind them.
        fields: Vec<Arc<str>>,
    },
    /// The numbers of the rows, in order, by request.
    Numbers(Arc<Vec<Vec<u64>>>),
}

/// A live request's place, and its rows of a batch, in order.
pub(super) type Passing = Vec<(usize, Vec<u32>)>;

impl ShapePlan {
    /// The requests that have rows in a batch.
    pub(super) fn passing(&self, batch: &RecordBatch) -> Result<Passing> {
        let mut passing = Vec::new();
        match &self.by {
            By::Gates { fields, .. } => {
                let told = told_by(batch, fields)?;
                match Alike::of(told.columns())? {
                    Some(alike) => {
                        let few = told.columns().iter().map(|column| alike.firsts(column));
                        let few = RecordBatch::try_new(told.schema(), few.collect::<Result<_>>()?)?;
                        for (at, groups) in self.gated(&few)? {
                            passing.push((at, alike.rows(&groups)));
                        }
                    }
                    None => passing = self.gated(batch)?,
                }
            }
            By::Numbers(wanted) => {
                let Some(numbers) = batch.column_by_name(SEQ).and_then(|c| c.as_primitive_opt())
                else {
                    return Ok(passing);
                };
                let numbers: &datafusion::arrow::array::UInt64Array = numbers;
                for (at, live) in self.live.iter().enumerate() {
                    let Some(wanted) = wanted.get(live.number) else { continue };
                    let has = |(number, _): &(&u64, u32)| wanted.binary_search(number).is_ok();
                    let rows = numbers.values().iter().zip(0u32..).filter(has);
                    passing.push((at, rows.map(|(_, row)| row).collect()));
                }
            }
        }
        self.in_time(batch, &mut passing);
        passing.retain(|(_, rows)| !rows.is_empty());
        Ok(passing)
    }

    /// Leaves out rows at other times than a request asks for: the reading is of all that any does.
    fn in_time(&self, batch: &RecordBatch, passing: &mut Passing) {
        let times = batch.column_by_name(TIME).and_then(|c| c.as_primitive_opt::<Float64Type>());
        for (at, rows) in passing {
            let range = self.live.get(*at).and_then(|live| live.range);
            let (Some((earliest, latest)), Some(times)) = (range, times) else { continue };
            rows.retain(|row| {
                // As for the whole reading, an event without a time is of any.
                let row = *row as usize;
                let time = times.is_valid(row).then(|| times.value(row));
                time.is_none_or(|time| time >= earliest && time < latest)
            });
        }
    }

    /// The rows of a batch that pass each gate, where there are any.
    fn gated(&self, batch: &RecordBatch) -> Result<Passing> {
        let mut passing = Vec::new();
        let By::Gates { gates, index, read, .. } = &self.by else { return Ok(passing) };
        let mut memo = Memo::default();
        let mut pass = Pass::new(&self.nodes, Rows::All(batch), &mut memo);
        let mut columns = Columns::default();
        for id in read {
            columns.put(*id, Column::new(&pass.array(*id)?)?);
        }
        let candidates = index.candidates(gates.len(), &columns, batch.num_rows());
        for (at, (gate, mut rows)) in gates.iter().zip(candidates).enumerate() {
            rows.retain(|row| gate.passes(&columns, *row as usize));
            if !rows.is_empty() {
                passing.push((at, rows));
            }
        }
        Ok(passing)
    }
}

/// The columns of some fields; none where the batch lacks one.
fn told_by(batch: &RecordBatch, fields: &[Arc<str>]) -> Result<RecordBatch> {
    let schema = batch.schema();
    let at: Result<Vec<usize>, _> = fields.iter().map(|name| schema.index_of(name)).collect();
    Ok(batch.project(&at.unwrap_or_default())?)
}

/// All requests, for the first reading.
pub(super) struct Many {
    shapes: Arc<Shapes>,
    requests: Vec<ReadRequest>,
    /// By request: whose rows its own depend on. Whether they matter may be known at the end only.
    only_if: Vec<OnlyIf>,
    /// By request: the column by which its rows must meet others.
    keys: Vec<Option<(Arc<str>, Option<Arc<str>>)>>,
    /// By request: some row passed.
    found: Vec<AtomicBool>,
    /// By request: those of one number ask for the same columns of the same events, so that these
    /// are made in one way.
    alike: Vec<usize>,
    /// By request.
    filters: Vec<Option<Filter>>,
    automata: Automata,
    /// The source can be read again, so what takes long can be decoded then.
    twice: bool,
    known: Mutex<HashMap<u64, Vec<Arc<ShapePlan>>>>,
    needles: Mutex<HashMap<BTreeSet<String>, Option<Arc<Needles>>>>,
    times: Arc<Times>,
}

impl std::fmt::Debug for Many {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} requests", self.requests.len())
    }
}

impl Many {
    pub(super) fn new(
        shapes: Arc<Shapes>,
        requests: Vec<ReadRequest>,
        only_if: &[OnlyIf],
        keys: Vec<Option<(Arc<str>, Option<Arc<str>>)>>,
        twice: bool,
        times: Arc<Times>,
    ) -> Many {
        let only_if = only_if.to_vec();
        let found = requests.iter().map(|_| AtomicBool::new(false)).collect();
        let mut made = Filters::default();
        let filter = |r: &ReadRequest| r.filter.as_deref().map(|filter| made.filter(filter));
        let filters = requests.iter().map(filter).collect();
        let mut numbers = HashMap::new();
        let mut alike = Vec::with_capacity(requests.len());
        for request in &requests {
            let next = numbers.len();
            let columns = (request.fields.clone(), request.rest, request.dataset.clone());
            alike.push(*numbers.entry(columns).or_insert(next));
        }
        let (known, needles, automata) = Default::default();
        Many {
            shapes,
            requests,
            only_if,
            keys,
            found,
            alike,
            filters,
            automata,
            twice,
            known,
            needles,
            times,
        }
    }

    pub(super) fn requests(&self) -> &[ReadRequest] {
        &self.requests
    }

    fn made(&self, shape: &Shape) -> ShapePlan {
        let graph = self.shapes.graph(shape);
        let mut graph = lock(&graph);
        let mut live = Vec::new();
        let mut gates = Vec::new();
        let mut programs: HashMap<usize, Option<Arc<Program>>> = HashMap::new();
        let requests = self.requests.iter().enumerate().zip(&self.alike).zip(&self.filters);
        for (((number, request), alike), filter) in requests {
            let (truth, scope) = match &request.dataset {
                Some(dataset) => {
                    (graph.dataset_truth(dataset), Scope::Dataset(dataset, usize::MAX))
                }
                None => (Truth::Always, ALL),
            };
            if truth == Truth::Never {
                continue;
            }
            let gate = match filter {
                Some(filter) => Gate::of(filter, &mut graph, scope),
                None => Gate::True,
            };
            let gate = gate.and(truth);
            if matches!(gate, Gate::False) {
                continue;
            }
            // The gate is the filter; what is left is how the columns are made.
            let program = programs.entry(*alike).or_insert_with(|| {
                let bare = ReadRequest { filter: None, ..request.clone() };
                Program::new(&mut graph, &bare).map(Arc::new)
            });
            if let Some(program) = program.clone() {
                let heavy = program.rest || program.raw.iter().any(|n| **n == *RAW);
                let perhaps = self.only_if.get(number).is_some_and(|sets| !sets.is_empty());
                let late = (heavy || perhaps) && self.twice && shape.kind == Kind::Evtx;
                let range = (request.earliest > 0.0 || request.latest.is_finite())
                    .then_some((request.earliest, request.latest));
                let key = self.keys.get(number).and_then(Option::as_ref).filter(|_| late);
                let key = key.and_then(|(name, none)| Some((program.output(name)?, none.clone())));
                let ready = !heavy && key.is_none();
                live.push(Live { number, program, late, ready, key, range });
                gates.push(gate);
            }
        }
        let index = Index::new(&gates, &self.automata);
        let mut read: BTreeSet<_> = index.nodes().collect();
        for gate in &gates {
            let mut nodes = Vec::new();
            gate.nodes(&mut nodes);
            read.extend(nodes);
        }
        let read: Vec<_> = read.into_iter().collect();
        let nodes = closure(&graph, &read);
        drop(graph);
        let mut fields = Fields::default();
        nodes.values().for_each(|node| fields.extend(node));
        let by = By::Gates { gates, index, read, fields: fields.names };
        self.settled(shape, live, by, nodes)
    }

    /// With what has to be decoded.
    fn settled(&self, shape: &Shape, live: Vec<Live>, by: By, nodes: Nodes) -> ShapePlan {
        let mut nodes = nodes;
        let mut raw = Fields::default();
        for node in nodes.values() {
            raw.extend(node);
        }
        let mut rest = false;
        let mut met = HashSet::new();
        let text_of_gates = raw.names.iter().any(|n| **n == *RAW);
        for live in &live {
            if let Some((key, _)) = &live.key {
                let own = live.program.behind(*key);
                own.values().for_each(|node| raw.extend(node));
                nodes.extend(own);
            }
            if !met.insert((Arc::as_ptr(&live.program), live.late)) {
                continue;
            }
            // The range of times is looked at while reading.
            let late = |name: &&Arc<str>| !live.late || ***name == *TIME;
            live.program.raw.iter().filter(late).for_each(|name| raw.add(name));
            rest |= live.program.rest && !live.late;
            if !live.late {
                let own = live.program.nodes();
                nodes.extend(own.iter().map(|(id, node)| (*id, node.clone())));
            }
        }
        let mut live = live;
        for live in &mut live {
            live.ready &= live.late && live.program.raw.iter().all(|name| raw.met.contains(name));
            if live.ready && met.insert((Arc::as_ptr(&live.program), false)) {
                let own = live.program.nodes();
                nodes.extend(own.iter().map(|(id, node)| (*id, node.clone())));
            }
        }
        let eager_text = live.iter().any(|l| !l.late && l.program.raw.iter().any(|n| **n == *RAW));
        raw.add(&Arc::from(SEQ));
        let names: Arc<[Arc<str>]> = raw.names.into();
        let fields = Want::Fields { names: names.clone(), rest };
        let want = match &by {
            _ if live.is_empty() => Want::Skip,
            By::Gates { gates, .. } if text_of_gates && !eager_text && !rest => {
                self.seek(gates, &nodes, &names).unwrap_or(fields)
            }
            _ => fields,
        };
        ShapePlan { shape: shape.clone(), live, by, nodes, raw: names, want }
    }

    /// Where all that the text of events is for is to find phrases, words of them are looked for in
    /// the log's bytes first.
    fn seek(&self, gates: &[Gate], nodes: &Nodes, names: &Arc<[Arc<str>]>) -> Option<Want> {
        let is_raw = |id: &NodeId| match nodes.get(id).map(AsRef::as_ref) {
            Some(Node::Raw(name)) => **name == *RAW,
            _ => false,
        };
        let used = nodes.values().flat_map(|node| node.inputs()).any(|id| is_raw(&id));
        let mut words = BTreeSet::new();
        let mut plain = !used;
        for gate in gates {
            gate.values(&mut |id| plain &= !is_raw(id));
            gate.phrases(&mut |_, phrase| {
                let word = phrase.parts().iter().filter_map(|part| Needles::word(part));
                match word.max_by_key(|word| word.len()) {
                    Some(word) => {
                        words.insert(word.to_owned());
                    }
                    None => plain = false,
                }
            });
        }
        if !plain {
            return None;
        }
        let whole = gates.iter().all(Gate::needs_phrase);
        let mut known = lock(&self.needles);
        let made = known
            .entry(words)
            .or_insert_with_key(|w| Needles::new(w.iter().map(String::as_str)).map(Arc::new));
        Some(Want::Seek { names: names.clone(), needles: made.clone()?, whole })
    }
}

/// Names, each once, in the order in which they come.
#[derive(Default)]
struct Fields {
    names: Vec<Arc<str>>,
    met: BTreeSet<Arc<str>>,
}

impl Fields {
    fn add(&mut self, name: &Arc<str>) {
        if self.met.insert(name.clone()) {
            self.names.push(name.clone());
        }
    }

    fn extend(&mut self, node: &Node) {
        if let Node::Raw(name) = node {
            self.add(name);
        }
    }
}

impl Plans for Many {
    fn plan(&self, shape: &Shape) -> Arc<ShapePlan> {
        let found = |known: &HashMap<u64, Vec<Arc<ShapePlan>>>| {
            known.get(&shape.id).and_then(|l| l.iter().find(|p| p.shape == *shape)).cloned()
        };
        if let Some(plan) = found(&lock(&self.known)) {
            return plan;
        }
        let started = Instant::now();
        let made = Arc::new(self.made(shape));
        self.times.matched(started);
        let mut known = lock(&self.known);
        if let Some(plan) = found(&known) {
            return plan;
        }
        known.entry(shape.id).or_default().push(made.clone());
        made
    }

    fn found(&self, request: usize) {
        if let Some(found) = self.found.get(request)
            && !found.load(Ordering::Relaxed)
        {
            found.store(true, Ordering::Relaxed);
        }
    }

    fn matters(&self, request: usize) -> bool {
        let has = |at: &usize| self.found.get(*at).is_some_and(|f| f.load(Ordering::Relaxed));
        let sets = self.only_if.get(request).map_or(&[][..], Vec::as_slice);
        sets.is_empty() || sets.iter().any(|set| set.iter().all(has))
    }
}

impl Demand for Many {
    fn want(&self, shape: &Shape) -> Want {
        self.plan(shape).want.clone()
    }
}

/// The second reading: only events whose numbers the first one kept.
pub(super) struct Late {
    first: Arc<Many>,
    numbers: Arc<Vec<Vec<u64>>>,
    known: Mutex<HashMap<u64, Vec<Arc<ShapePlan>>>>,
}

impl std::fmt::Debug for Late {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}, again", self.first)
    }
}

impl Late {
    pub(super) fn new(first: Arc<Many>, numbers: Vec<Vec<u64>>) -> Late {
        Late { first, numbers: Arc::new(numbers), known: Mutex::default() }
    }
}

impl Plans for Late {
    fn plan(&self, shape: &Shape) -> Arc<ShapePlan> {
        let found = |known: &HashMap<u64, Vec<Arc<ShapePlan>>>| {
            known.get(&shape.id).and_then(|l| l.iter().find(|p| p.shape == *shape)).cloned()
        };
        if let Some(plan) = found(&lock(&self.known)) {
            return plan;
        }
        let first = self.first.plan(shape);
        let has = |live: &&Live| self.numbers.get(live.number).is_some_and(|n| !n.is_empty());
        let live = first.live.iter().filter(|live| live.late).filter(has);
        let live = live.map(|live| Live { late: false, ready: false, key: None, ..live.clone() });
        let by = By::Numbers(self.numbers.clone());
        let made = Arc::new(self.first.settled(shape, live.collect(), by, Nodes::new()));
        let mut known = lock(&self.known);
        if let Some(plan) = found(&known) {
            return plan;
        }
        known.entry(shape.id).or_default().push(made.clone());
        made
    }

    fn found(&self, _: usize) {}

    fn matters(&self, _: usize) -> bool {
        true
    }
}

impl Demand for Late {
    fn want(&self, shape: &Shape) -> Want {
        self.plan(shape).want.clone()
    }
}

/// The numbers of a batch's events.
pub(super) fn numbers(batch: &RecordBatch) -> Vec<u64> {
    match batch.column_by_name(SEQ).and_then(|c| c.as_primitive_opt::<UInt64Type>()) {
        Some(numbers) if numbers.null_count() == 0 => numbers.values().to_vec(),
        _ => vec![0; batch.num_rows()],
    }
}
