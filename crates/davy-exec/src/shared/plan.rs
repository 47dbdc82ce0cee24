//! What all requests come to for the events of one shape.

use super::gate::{Columns, Filter, Filters, Gate, Told};
use super::index::{Automata, Index};
use super::known::{Agreeing, Known};
use super::live::{AskedColumns, Live, Outputs, Rare};
use super::scan::OnlyIf;
use super::times::Times;
use crate::shapes::{
    Alike, Fast, Graph, Memo, Node, NodeId, Nodes, Pass, Rows, Scope, Shapes, Truth, closure, lock,
};
use crate::source::ReadRequest;
use datafusion::arrow::array::{Array, AsArray, RecordBatch};
use datafusion::arrow::datatypes::{Float64Type, UInt64Type};
use datafusion::common::Result;
use davy_events::{Demand, Kind, Needles, Shape, Want};
use davy_plan::{Column, SEQ};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
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
    pub(super) live: Vec<Live>,
    by: By,
    pub(super) nodes: Nodes,
    /// The decoded fields that are read, in the order of the columns.
    pub(super) raw: Arc<[Arc<str>]>,
    pub(super) want: Want,
}

/// How rows are found.
pub(super) enum By {
    Gates {
        gates: Vec<Gate>,
        /// Made for the first batch that is worth it.
        index: OnceLock<Index>,
        automata: Arc<Automata>,
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
            let range = self.live.get(*at).and_then(Live::range);
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
        let By::Gates { gates, index, automata, read, .. } = &self.by else { return Ok(passing) };
        let mut memo = Memo::default();
        let mut pass = Pass::new(&self.nodes, Rows::All(batch), &mut memo);
        let mut columns = Columns::default();
        for id in read {
            columns.put(*id, Column::new(&pass.array(*id)?)?);
        }
        let mut candidates = Vec::new();
        if batch.num_rows() > FEW {
            let index = index.get_or_init(|| Index::new(gates, automata));
            candidates = index.candidates(gates.len(), &columns, batch.num_rows());
        }
        for (at, gate) in gates.iter().enumerate() {
            let own = candidates.get_mut(at).map(std::mem::take);
            let mut rows = own.unwrap_or_else(|| (0..batch.num_rows() as u32).collect());
            rows.retain(|row| gate.passes(&columns, *row as usize));
            if !rows.is_empty() {
                passing.push((at, rows));
            }
        }
        Ok(passing)
    }
}

/// Of so few rows, each is tried at each gate sooner than an index is made.
const FEW: usize = 16;

/// The columns of some fields; none where the batch lacks one.
fn told_by(batch: &RecordBatch, fields: &[Arc<str>]) -> Result<RecordBatch> {
    let schema = batch.schema();
    let at: Result<Vec<usize>, _> = fields.iter().map(|name| schema.index_of(name)).collect();
    Ok(batch.project(&at.unwrap_or_default())?)
}

/// All requests, for the first reading.
pub(super) struct Many {
    pub(super) shapes: Arc<Shapes>,
    requests: Vec<ReadRequest>,
    /// By request: whose rows its own depend on. Whether they matter may be known at the end only.
    only_if: Vec<OnlyIf>,
    /// By request: the column by which its rows must meet others.
    keys: Vec<Option<(Arc<str>, Option<Arc<str>>)>>,
    /// By request: some row passed.
    found: Vec<AtomicBool>,
    /// By request.
    asked: Vec<Asked>,
    /// Requests by their dataset and the first test of their filter.
    groups: Vec<((Option<usize>, Option<usize>), Vec<usize>)>,
    filters: Filters,
    automata: Arc<Automata>,
    /// The source can be read again, so what takes long can be decoded then.
    twice: bool,
    known: Known,
    agreeing: Agreeing,
    needles: Mutex<HashMap<BTreeSet<String>, Option<Arc<Needles>>>>,
    times: Arc<Times>,
}

/// What is worked out of a request for all shapes.
struct Asked {
    filter: Option<Filter>,
    dataset: Option<usize>,
    /// Shared by those that ask for the same of the same events.
    columns: Arc<AskedColumns>,
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
        let mut filters = Filters::with_capacity(requests.len());
        let mut alike = HashMap::new();
        let mut groups: BTreeMap<_, Vec<usize>> = BTreeMap::new();
        let mut asked = Vec::with_capacity(requests.len());
        for request in &requests {
            let dataset = request.dataset.as_ref().map(|dataset| filters.dataset(dataset));
            let filter = request.filter.as_deref().map(|filter| filters.filter(filter, dataset));
            let first = filter.as_ref().and_then(Filter::first);
            groups.entry((dataset, first)).or_default().push(asked.len());
            let columns = (request.fields.clone(), request.rest, dataset);
            let columns = alike.entry(columns);
            let columns = columns.or_insert_with(|| Arc::new(AskedColumns::of(request))).clone();
            asked.push(Asked { filter, dataset, columns });
        }
        let (known, agreeing, needles, automata) = Default::default();
        Many {
            shapes,
            requests,
            only_if,
            keys,
            found,
            asked,
            groups: groups.into_iter().collect(),
            filters,
            automata,
            twice,
            known,
            agreeing,
            needles,
            times,
        }
    }

    pub(super) fn requests(&self) -> &[ReadRequest] {
        &self.requests
    }

    /// The plan, and the names of fields on which it depends.
    fn made(&self, shape: &Shape) -> (ShapePlan, Vec<Arc<str>>) {
        let shared = self.shapes.graph(shape);
        let mut graph = lock(&shared);
        let mut told = Told::new(&self.filters);
        let mut live = Vec::new();
        let mut gates = Vec::new();
        let mut outputs: Fast<usize, Arc<Outputs>> = Fast::default();
        for (number, asked) in self.possible(&mut told, &mut graph) {
            let truth = told.truth(asked.dataset, &mut graph);
            let gate = match &asked.filter {
                Some(filter) => told.gate(filter, &mut graph),
                None => Gate::True,
            };
            let gate = gate.and(truth);
            if matches!(gate, Gate::False) {
                continue;
            }
            let made = || Arc::new(Outputs::new(&shared, &asked.columns));
            let columns = Arc::as_ptr(&asked.columns) as usize;
            let columns = outputs.entry(columns).or_insert_with(made).clone();
            live.push(self.live(number, columns, &mut graph, shape.kind));
            gates.push(gate);
        }
        let mut read = Vec::new();
        gates.iter().for_each(|gate| gate.nodes(&mut read));
        read.sort_unstable();
        read.dedup();
        let (nodes, asked): (Nodes, _) = (graph.nodes().into(), graph.asked());
        drop(graph);
        let mut fields = Fields::default();
        fields.extend(&nodes, &closure(&nodes, &read));
        let (index, automata) = (OnceLock::new(), self.automata.clone());
        let by = By::Gates { gates, index, automata, read, fields: fields.names };
        (self.settled(live, by, nodes), asked)
    }

    /// The requests that a shape does not refuse at their first question, in order.
    fn possible(&self, told: &mut Told<'_>, graph: &mut Graph) -> Vec<(usize, &Asked)> {
        let mut numbers = Vec::new();
        for ((dataset, first), group) in &self.groups {
            let refused = told.truth(*dataset, graph) == Truth::Never
                || first.is_some_and(|test| told.refuses(test, graph));
            if !refused {
                numbers.extend(group);
            }
        }
        numbers.sort_unstable();
        numbers.into_iter().filter_map(|at| Some((at, self.asked.get(at)?))).collect()
    }

    /// How the rows of a request are had, where a shape may hold some.
    fn live(&self, number: usize, columns: Arc<Outputs>, graph: &mut Graph, kind: Kind) -> Live {
        let made = Live { number, columns, late: false, ready: false, rare: None };
        let Some(request) = self.requests.get(number) else { return made };
        let range = (request.earliest > 0.0 || request.latest.is_finite())
            .then_some((request.earliest, request.latest));
        let twice = self.twice && kind == Kind::Evtx;
        // How columns are made that take much to decode is not looked into before rows of them
        // are found.
        let heavy = twice && (request.packs_events() || request.fields.iter().any(|n| **n == *RAW))
            || made.columns.program_of(graph).raw.iter().any(|n| **n == *RAW);
        let perhaps = self.only_if.get(number).is_some_and(|sets| !sets.is_empty());
        let late = (heavy || perhaps) && twice;
        let key = self.keys.get(number).and_then(Option::as_ref).filter(|_| late);
        let key = key.filter(|(name, _)| request.fields.contains(name));
        let scope = Scope::of(request.dataset.as_ref());
        let key = key.map(|(name, none)| (graph.value(name, scope), none.clone()));
        let ready = late && !heavy && key.is_none();
        let rare = (key.is_some() || range.is_some()).then(|| Box::new(Rare { key, range }));
        Live { late, ready, rare, ..made }
    }

    /// With what has to be decoded.
    pub(super) fn settled(&self, mut live: Vec<Live>, by: By, nodes: Nodes) -> ShapePlan {
        let mut raw = Fields::default();
        // The nodes that are worked out.
        let mut used = vec![false; nodes.len()];
        let mut use_all = |ids: &[NodeId]| {
            for id in ids {
                if let Some(used) = used.get_mut(*id) {
                    *used = true;
                }
            }
        };
        if let By::Gates { read, .. } = &by {
            let own = closure(&nodes, read);
            raw.extend(&nodes, &own);
            use_all(&own);
        }
        let text_of_gates = raw.met.contains(RAW);
        let (mut rest, mut eager_text) = (false, false);
        let mut met = HashSet::new();
        for live in &live {
            if let Some((key, _)) = live.key() {
                let own = closure(&nodes, &[*key]);
                raw.extend(&nodes, &own);
                use_all(&own);
            }
            if live.late {
                // The range of times is looked at while reading.
                let request = self.requests.get(live.number);
                let time = request.and_then(|r| r.fields.iter().find(|name| ***name == *TIME));
                time.into_iter().for_each(|name| raw.add(name));
            } else if met.insert(Arc::as_ptr(&live.columns)) {
                let program = live.columns.program();
                program.raw.iter().for_each(|name| raw.add(name));
                rest |= program.rest;
                eager_text |= program.raw.iter().any(|n| **n == *RAW);
                use_all(program.used());
            }
        }
        for live in live.iter_mut().filter(|live| live.ready) {
            let program = live.columns.program();
            live.ready = program.raw.iter().all(|name| raw.met.contains(name));
            if live.ready && met.insert(Arc::as_ptr(&live.columns)) {
                use_all(program.used());
            }
        }
        raw.add(&Arc::from(SEQ));
        let names: Arc<[Arc<str>]> = raw.names.into();
        let fields = Want::Fields { names: names.clone(), rest };
        let want = match &by {
            _ if live.is_empty() => Want::Skip,
            By::Gates { gates, .. } if text_of_gates && !eager_text && !rest => {
                self.seek(gates, &nodes, &used, &names).unwrap_or(fields)
            }
            _ => fields,
        };
        ShapePlan { live, by, nodes, raw: names, want }
    }

    /// Where all that the text of events is for is to find phrases, words of them are looked for in
    /// the log's bytes first.
    fn seek(
        &self,
        gates: &[Gate],
        nodes: &Nodes,
        used: &[bool],
        names: &Arc<[Arc<str>]>,
    ) -> Option<Want> {
        let is_raw = |id: &NodeId| match nodes.get(*id).map(AsRef::as_ref) {
            Some(Node::Raw(name)) => **name == *RAW,
            _ => false,
        };
        let mut worked_out = nodes.iter().zip(used).filter(|(_, used)| **used);
        let mut words = BTreeSet::new();
        let mut plain = !worked_out.any(|(node, _)| node.inputs().any(|id| is_raw(&id)));
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
    met: HashSet<Arc<str>>,
}

impl Fields {
    fn add(&mut self, name: &Arc<str>) {
        if self.met.insert(name.clone()) {
            self.names.push(name.clone());
        }
    }

    /// The decoded fields among some nodes.
    fn extend(&mut self, nodes: &Nodes, ids: &[NodeId]) {
        for node in ids.iter().filter_map(|id| nodes.get(*id)) {
            if let Node::Raw(name) = node.as_ref() {
                self.add(name);
            }
        }
    }
}

impl Plans for Many {
    fn plan(&self, shape: &Shape) -> Arc<ShapePlan> {
        self.known.of(shape, || {
            if let Some(made) = self.agreeing.of(shape) {
                return made;
            }
            let started = Instant::now();
            let (made, asked) = self.made(shape);
            let made = Arc::new(made);
            self.agreeing.add(shape, asked, &made);
            self.times.matched(started);
            made
        })
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

/// The numbers of a batch's events.
pub(super) fn numbers(batch: &RecordBatch) -> Vec<u64> {
    match batch.column_by_name(SEQ).and_then(|c| c.as_primitive_opt::<UInt64Type>()) {
        Some(numbers) if numbers.null_count() == 0 => numbers.values().to_vec(),
        _ => vec![0; batch.num_rows()],
    }
}
