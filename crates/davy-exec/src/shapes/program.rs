//! What one request asks of one kind of event, ready to run on batches.

use super::graph::{Graph, Scope};
use super::node::{Node, NodeId, Truth};
use super::pass::{Memo, Pass, Rows};
use super::run::Run;
use crate::source::ReadRequest;
use datafusion::arrow::array::{Array, ArrayRef, AsArray, StringViewArray, StringViewBuilder};
use datafusion::arrow::compute::filter_record_batch;
use datafusion::arrow::datatypes::{DataType, SchemaRef};
use datafusion::arrow::record_batch::{RecordBatch, RecordBatchOptions};
use datafusion::common::Result;
use davy_events::rest;
use davy_plan::{Column, HIDDEN, REST, SEQ, Ty};
use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

/// The nodes of one kind of events, by number.
pub(crate) type Nodes = Arc<[Arc<Node>]>;

#[derive(Debug)]
pub(crate) struct Program {
    /// The decoded fields that are needed.
    pub(crate) raw: Arc<[Arc<str>]>,
    /// All other fields too, packed.
    pub(crate) rest: bool,
    /// The nodes that are read, in order.
    used: Vec<NodeId>,
    filter: Option<NodeId>,
    /// The node of each column.
    outputs: Vec<NodeId>,
    packed: Option<Packed>,
    schema: SchemaRef,
    /// The decoder's batches are as wanted.
    as_is: bool,
}

/// How the fields that nobody named are packed.
#[derive(Debug)]
struct Packed {
    /// Defined fields that are put in.
    add: Vec<(Arc<str>, NodeId)>,
    /// Decoded fields of these names are left out of the decoder's own packing.
    hide: HashSet<Arc<str>>,
    /// Decoded fields that are put back, as they were taken out to compute others.
    back: Vec<Arc<str>>,
    /// Extractions that give names as they come.
    runs: Vec<(Option<NodeId>, Arc<Run>, Vec<NodeId>)>,
}

impl Program {
    /// `None`: no event of this kind is wanted.
    pub(crate) fn new(graph: &mut Graph, request: &ReadRequest) -> Option<Program> {
        let scope = Scope::of(request.dataset.as_ref());
        let mut truth = match &request.dataset {
            Some(dataset) => graph.dataset_truth(dataset),
            None => Truth::Always,
        };
        if truth != Truth::Never
            && let Some(filter) = &request.filter
        {
            let own = graph.filter(filter, scope);
            truth = graph.both(truth, own);
        }
        let filter = match truth {
            Truth::Never => return None,
            Truth::Always => None,
            Truth::When(id) => Some(id),
        };
        Some(Program::of(graph, request, request.schema(), filter))
    }

    /// How columns are made, whatever events they are wanted of.
    pub(crate) fn columns(graph: &mut Graph, request: &ReadRequest, schema: SchemaRef) -> Program {
        Program::of(graph, request, schema, None)
    }

    fn of(
        graph: &mut Graph,
        request: &ReadRequest,
        schema: SchemaRef,
        filter: Option<NodeId>,
    ) -> Program {
        let scope = Scope::of(request.dataset.as_ref());
        let output = |name: &Arc<str>| match &**name {
            SEQ => graph.decoded(name),
            _ => graph.value(name, scope),
        };
        let outputs: Vec<NodeId> = request.fields.iter().map(output).collect();
        let packed = request.rest.then(|| Packed::new(graph, request, scope));
        let mut roots = outputs.clone();
        roots.extend(filter);
        if let Some(packed) = &packed {
            roots.extend(packed.add.iter().map(|(_, id)| *id));
            for (condition, _, inputs) in &packed.runs {
                roots.extend(condition.iter().chain(inputs));
            }
        }
        let mut program = Program {
            raw: Arc::from([]),
            rest: request.packs_events(),
            used: closure(graph.nodes(), &roots),
            filter,
            outputs,
            packed,
            schema,
            as_is: false,
        };
        program.settle(graph, &request.fields);
        program
    }

    /// Which decoded fields are read, and whether they are all there is to it.
    fn settle(&mut self, graph: &Graph, named: &[Arc<str>]) {
        let decoded = |id: &NodeId| match graph.nodes().get(*id).map(AsRef::as_ref) {
            Some(Node::Raw(name)) => Some((*id, name)),
            _ => None,
        };
        // In the order of the request, so that a plain request can be passed on.
        let outputs = self.outputs.iter().zip(named);
        let plain = outputs.filter_map(|(id, name)| decoded(id).filter(|(_, own)| *own == name));
        let mut met = BTreeSet::new();
        let mut raw: Vec<Arc<str>> = Vec::new();
        for (id, name) in plain.chain(self.used.iter().filter_map(decoded)) {
            if met.insert(id) {
                raw.push(name.clone());
            }
        }
        if let Some(packed) = &mut self.packed {
            let taken = raw.iter().filter(|n| !named.contains(n) && !packed.hide.contains(*n));
            packed.back = taken.filter(|n| !n.starts_with('_')).cloned().collect();
            // A constant that the request names is in no packing.
            packed.hide.extend(named.iter().cloned());
        }
        let direct = self.outputs.iter().zip(named).zip(&raw).all(|((id, name), own)| {
            name == own && decoded(id).is_some_and(|(_, decoded)| decoded == name)
        });
        let bare = self
            .packed
            .as_ref()
            .is_none_or(|p| p.add.is_empty() && p.back.is_empty() && p.runs.is_empty());
        self.as_is = self.filter.is_none()
            && direct
            && raw.len() == self.outputs.len()
            && bare
            && graph.shape().fields.is_none() | self.packed.is_none();
        self.raw = raw.into();
    }

    /// The request's columns for a batch of the decoder's; `None` when no row is left.
    pub(crate) fn run(
        &self,
        nodes: &[Arc<Node>],
        batch: &RecordBatch,
    ) -> Result<Option<RecordBatch>> {
        if self.as_is {
            return Ok(Some(self.rebuilt(batch.columns().to_vec(), batch.num_rows())?));
        }
        let mut kept = batch.clone();
        if let Some(filter) = self.filter {
            let mut memo = Memo::default();
            let mut pass = Pass::new(nodes, Rows::All(batch), &mut memo);
            let mask = pass.boolean(filter)?;
            match mask.true_count() {
                0 => return Ok(None),
                n if n == batch.num_rows() => {}
                _ => {
                    let mask = match mask.null_count() {
                        0 => mask,
                        _ => mask.iter().map(|b| Some(b.unwrap_or(false))).collect(),
                    };
                    kept = filter_record_batch(batch, &mask)?;
                }
            }
        }
        let mut memo = Memo::default();
        self.outputs(&mut Pass::new(nodes, Rows::All(&kept), &mut memo), &[]).map(Some)
    }

    /// The request's columns for rows that are all wanted. `others` are decoded fields of the
    /// batch that other requests asked for.
    pub(crate) fn outputs(
        &self,
        pass: &mut Pass<'_, '_>,
        others: &[Arc<str>],
    ) -> Result<RecordBatch> {
        let rows = pass.rows.count();
        let mut columns = Vec::with_capacity(self.outputs.len() + 1);
        for (at, id) in self.outputs.iter().enumerate() {
            let wanted = self.schema.fields().get(at).map(|f| f.data_type().clone());
            let array = pass.array(*id)?;
            columns.push(match wanted {
                Some(DataType::Float64) => Column::new(&array)?.to_array(Ty::Num),
                Some(DataType::UInt64) => array,
                _ => text(&array)?,
            });
        }
        if let Some(packed) = &self.packed {
            columns.push(packed.run(pass, others)?);
        }
        self.rebuilt(columns, rows)
    }

    /// The nodes that are read, in order.
    pub(crate) fn used(&self) -> &[NodeId] {
        &self.used
    }

    fn rebuilt(&self, columns: Vec<ArrayRef>, rows: usize) -> Result<RecordBatch> {
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        Ok(RecordBatch::try_new_with_options(self.schema.clone(), columns, &options)?)
    }
}

fn text(array: &ArrayRef) -> Result<ArrayRef> {
    Ok(match array.data_type() {
        DataType::Utf8View => array.clone(),
        _ => Arc::new(Column::new(array)?.to_text()),
    })
}

/// All nodes that these depend on, and these, in order.
pub(crate) fn closure(nodes: &[Arc<Node>], roots: &[NodeId]) -> Vec<NodeId> {
    let mut met = vec![false; nodes.len()];
    let mut open = roots.to_vec();
    let mut found = Vec::new();
    while let Some(id) = open.pop() {
        if let (Some(met @ false), Some(node)) = (met.get_mut(id), nodes.get(id)) {
            *met = true;
            open.extend(node.inputs());
            found.push(id);
        }
    }
    found.sort_unstable();
    found
}

impl Packed {
    fn new(graph: &mut Graph, request: &ReadRequest, scope: Scope<'_>) -> Packed {
        let named: BTreeSet<&str> = request.fields.iter().map(|n| &**n).collect();
        let loose = request.dataset.as_ref().is_none_or(|dataset| dataset.loose);
        let mut names: Vec<Arc<str>> = match &request.dataset {
            Some(dataset) => graph
                .base
                .model(&dataset.model)
                .map(|m| m.fields(&dataset.dataset).into_iter().map(|f| f.name).collect())
                .unwrap_or_default(),
            None => graph.defined(),
        };
        if loose && request.dataset.is_some() {
            names.extend(graph.defined());
        }
        names.extend(["eventtype", "tag"].map(Arc::<str>::from));
        names.sort();
        names.dedup();
        let mut packed =
            Packed { add: Vec::new(), hide: HashSet::new(), back: Vec::new(), runs: Vec::new() };
        for name in names {
            if named.contains(&*name) || name.starts_with('_') {
                continue;
            }
            let id = graph.value(&name, scope);
            match graph.node(id).as_ref() {
                // It stays where it is.
                Node::Raw(own) if *own == name => continue,
                Node::Absent => {}
                _ => packed.add.push((name.clone(), id)),
            }
            packed.hide.insert(name);
        }
        if loose {
            for (truth, run, inputs) in graph.dynamic_runs() {
                let condition = match truth {
                    Truth::When(id) => Some(id),
                    _ => None,
                };
                packed.runs.push((condition, run, inputs));
            }
        }
        packed
    }

    fn run(&self, pass: &mut Pass<'_, '_>, others: &[Arc<str>]) -> Result<ArrayRef> {
        let rows = pass.rows.count();
        // An empty text that was computed is no field; one that the event holds is.
        let mut add: Vec<(&str, StringViewArray, bool)> = Vec::new();
        for (name, id) in &self.add {
            let array = text(&pass.array(*id)?)?;
            add.push((name, array.as_string_view().clone(), false));
        }
        let others = others.iter().filter(|n| {
            !self.hide.contains(*n) && !self.back.contains(n) && !n.starts_with(HIDDEN)
        });
        for name in self.back.iter().chain(others) {
            if let Some(array) = pass.rows.decoded(name)? {
                add.push((name, text(&array)?.as_string_view().clone(), true));
            }
        }
        let mut runs = Vec::new();
        for (condition, run, inputs) in &self.runs {
            let mask = condition.map(|id| pass.boolean(id)).transpose()?;
            runs.push((mask, run.wins(), pass.fields(run, inputs, None)?));
        }
        let rest = pass.rows.decoded(REST)?.map(|r| text(&r)).transpose()?;
        let rest = rest.as_ref().map(|r| r.as_string_view());
        let mut out = StringViewBuilder::with_capacity(rows);
        for row in 0..rows {
            let mut fields: Vec<(&str, &str)> = Vec::new();
            if let Some(rest) = rest.filter(|r| r.is_valid(row)) {
                fields.extend(rest::iter(rest.value(row)).filter(|(n, _)| !self.hide.contains(*n)));
            }
            for (name, values, held) in &add {
                if values.is_valid(row) && (*held || !values.value(row).is_empty()) {
                    fields.push((name, values.value(row)));
                }
            }
            let mut extra: Vec<(String, String)> = Vec::new();
            for (mask, wins, found) in &runs {
                if mask.as_ref().is_some_and(|m| !(m.is_valid(row) && m.value(row))) {
                    continue;
                }
                for (name, value) in found.by_name(row) {
                    if self.hide.contains(name) {
                        continue;
                    }
                    if *wins {
                        fields.retain(|(n, _)| *n != name);
                        extra.retain(|(n, _)| n != name);
                    }
                    let known = fields.iter().any(|(n, _)| *n == name)
                        || extra.iter().any(|(n, _)| n == name);
                    if !known {
                        extra.push((name.to_owned(), value));
                    }
                }
            }
            fields.extend(extra.iter().map(|(n, v)| (n.as_str(), v.as_str())));
            out.append_value(rest::pack(fields));
        }
        Ok(Arc::new(out.finish()))
    }
}
