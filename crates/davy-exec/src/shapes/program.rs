//! What one request asks of one kind of event, ready to run on batches.

use super::graph::{ALL, Graph, Scope};
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
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

/// Nodes by number, with all that they depend on.
pub(crate) type Nodes = BTreeMap<NodeId, Arc<Node>>;

#[derive(Debug)]
pub(crate) struct Program {
    /// The decoded fields that are needed.
    pub(crate) raw: Arc<[Arc<str>]>,
    /// All other fields too, packed.
    pub(crate) rest: bool,
    nodes: Nodes,
    filter: Option<NodeId>,
    outputs: Vec<(Arc<str>, NodeId)>,
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
        let scope = match &request.dataset {
            Some(dataset) => Scope::Dataset(dataset, usize::MAX),
            None => ALL,
        };
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
        let mut outputs = Vec::new();
        for name in request.fields.iter() {
            let id = match &**name {
                SEQ => graph.add(Node::Raw(name.clone())),
                _ => graph.value(name, scope),
            };
            outputs.push((name.clone(), id));
        }
        let packed = request.rest.then(|| Packed::new(graph, request, scope));
        let mut roots: Vec<NodeId> = outputs.iter().map(|(_, id)| *id).collect();
        roots.extend(filter);
        if let Some(packed) = &packed {
            roots.extend(packed.add.iter().map(|(_, id)| *id));
            for (condition, _, inputs) in &packed.runs {
                roots.extend(condition.iter().chain(inputs));
            }
        }
        let nodes = closure(graph, &roots);
        let mut program = Program {
            raw: Arc::from([]),
            rest: request.rest && request.dataset.as_ref().is_none_or(|dataset| dataset.loose),
            nodes,
            filter,
            outputs,
            packed,
            schema: request.schema(),
            as_is: false,
        };
        program.settle(graph);
        Some(program)
    }

    /// Which decoded fields are read, and whether they are all there is to it.
    fn settle(&mut self, graph: &Graph) {
        let mut raw: Vec<Arc<str>> = Vec::new();
        // In the order of the request, so that a plain request can be passed on.
        for (name, id) in &self.outputs {
            if let Some(Node::Raw(own)) = self.nodes.get(id).map(AsRef::as_ref)
                && own == name
                && !raw.contains(own)
            {
                raw.push(own.clone());
            }
        }
        for node in self.nodes.values() {
            if let Node::Raw(name) = node.as_ref()
                && !raw.contains(name)
            {
                raw.push(name.clone());
            }
        }
        let named: Vec<&Arc<str>> = self.outputs.iter().map(|(name, _)| name).collect();
        if let Some(packed) = &mut self.packed {
            let taken = raw.iter().filter(|n| !named.contains(n) && !packed.hide.contains(*n));
            packed.back = taken.filter(|n| !n.starts_with('_')).cloned().collect();
            // A constant that the request names is in no packing.
            packed.hide.extend(named.iter().map(|n| (*n).clone()));
        }
        let direct = self.outputs.iter().zip(&raw).all(|((name, id), own)| {
            name == own
                && matches!(self.nodes.get(id).map(AsRef::as_ref), Some(Node::Raw(n)) if n == name)
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
    pub(crate) fn run(&self, batch: &RecordBatch) -> Result<Option<RecordBatch>> {
        if self.as_is {
            return Ok(Some(self.rebuilt(batch.columns().to_vec(), batch.num_rows())?));
        }
        let mut kept = batch.clone();
        if let Some(filter) = self.filter {
            let mut memo = Memo::default();
            let mut pass = Pass::new(&self.nodes, Rows::All(batch), &mut memo);
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
        self.outputs(&mut Pass::new(&self.nodes, Rows::All(&kept), &mut memo), &[]).map(Some)
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
        for (at, (_, id)) in self.outputs.iter().enumerate() {
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

    /// The node of a column.
    pub(crate) fn output(&self, name: &str) -> Option<NodeId> {
        self.outputs.iter().find(|(own, _)| **own == *name).map(|(_, id)| *id)
    }

    /// A node with all that it depends on.
    pub(crate) fn behind(&self, id: NodeId) -> Nodes {
        let mut found = Nodes::new();
        let mut open = vec![id];
        while let Some(id) = open.pop() {
            if let Some(node) = self.nodes.get(&id).filter(|_| !found.contains_key(&id)) {
                open.extend(node.inputs());
                found.insert(id, node.clone());
            }
        }
        found
    }

    pub(crate) fn nodes(&self) -> &Nodes {
        &self.nodes
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

/// All nodes that these depend on, and these.
pub(crate) fn closure(graph: &Graph, roots: &[NodeId]) -> Nodes {
    let mut found = BTreeMap::new();
    let mut open: Vec<NodeId> = roots.to_vec();
    while let Some(id) = open.pop() {
        found.entry(id).or_insert_with(|| {
            let node = graph.node(id);
            open.extend(node.inputs());
            node
        });
    }
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
