//! Nodes worked out for rows of a batch, each once.

use super::alike::{self, Alike};
use super::compile::scalar;
use super::made::Fast;
use super::node::{Node, NodeId};
use super::run::{Fields, Run};
use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, StringViewArray, StringViewBuilder, UInt32Array,
};
use datafusion::arrow::buffer::Buffer;
use datafusion::arrow::compute::take;
use datafusion::arrow::record_batch::{RecordBatch, RecordBatchOptions};
use datafusion::common::{DataFusionError, Result};
use davy_plan::Val;
use std::collections::BTreeSet;
use std::sync::Arc;

/// What was worked out for one batch.
#[derive(Default)]
pub(crate) struct Memo {
    arrays: Fast<NodeId, ArrayRef>,
    /// What runs gave: for each row, or for one of each kind.
    fields: Fast<(usize, Vec<NodeId>, bool), Arc<Fields>>,
    alike: alike::Known,
}

/// The rows that nodes are worked out for.
#[derive(Clone, Copy)]
pub(crate) enum Rows<'r> {
    All(&'r RecordBatch),
    /// Some rows of a batch, for which what most of those who want rows of it need was worked out
    /// before.
    Part {
        batch: &'r RecordBatch,
        at: &'r UInt32Array,
        shared: &'r Fast<NodeId, ArrayRef>,
    },
}

impl Rows<'_> {
    pub(super) fn count(&self) -> usize {
        match self {
            Rows::All(batch) => batch.num_rows(),
            Rows::Part { at, .. } => at.len(),
        }
    }

    /// A decoded column.
    pub(super) fn decoded(&self, name: &str) -> Result<Option<ArrayRef>> {
        match self {
            Rows::All(batch) => Ok(batch.column_by_name(name).cloned()),
            Rows::Part { batch, at, .. } => {
                batch.column_by_name(name).map(|array| part(array, at)).transpose()
            }
        }
    }

    /// What was worked out before.
    fn known(&self, id: NodeId) -> Result<Option<ArrayRef>> {
        match self {
            Rows::All(_) => Ok(None),
            Rows::Part { at, shared, .. } => shared.get(&id).map(|a| part(a, at)).transpose(),
        }
    }
}

/// The rows `at` of an array; they are in order, so as many are all.
fn part(array: &ArrayRef, at: &UInt32Array) -> Result<ArrayRef> {
    match at.len() == array.len() {
        true => Ok(array.clone()),
        false => Ok(take(array, at, None)?),
    }
}

/// The evaluation of rows: each node once.
pub(crate) struct Pass<'p, 'm> {
    nodes: &'p [Arc<Node>],
    pub(super) rows: Rows<'p>,
    memo: &'m mut Memo,
}

impl<'p, 'm> Pass<'p, 'm> {
    pub(crate) fn new(nodes: &'p [Arc<Node>], rows: Rows<'p>, memo: &'m mut Memo) -> Self {
        Pass { nodes, rows, memo }
    }

    pub(crate) fn array(&mut self, id: NodeId) -> Result<ArrayRef> {
        if let Some(array) = self.memo.arrays.get(&id) {
            return Ok(array.clone());
        }
        let array = match self.rows.known(id)? {
            Some(array) => array,
            None => self.made(id)?,
        };
        self.memo.arrays.insert(id, array.clone());
        Ok(array)
    }

    fn made(&mut self, id: NodeId) -> Result<ArrayRef> {
        let rows = self.rows.count();
        let nodes = self.nodes;
        let node = nodes.get(id).map(AsRef::as_ref).unwrap_or(&Node::Absent);
        Ok(match node {
            Node::Absent => Arc::new(StringViewArray::new_null(rows)),
            Node::Const(value) => constant(value, rows)?,
            Node::Raw(name) => match self.rows.decoded(name)? {
                Some(array) => array,
                None => Arc::new(StringViewArray::new_null(rows)),
            },
            Node::Expr { inputs, schema, expr, costly, lead, .. } => {
                if let Some(lead) = lead {
                    let first = self.array(*lead)?;
                    if first.null_count() == 0 {
                        return Ok(first);
                    }
                }
                let alike = if *costly { self.alike(inputs)? } else { None };
                let columns = self.columns(inputs, alike.as_deref())?;
                let rows = alike.as_ref().map_or(rows, |alike| alike.len());
                let options = RecordBatchOptions::new().with_row_count(Some(rows));
                let input = RecordBatch::try_new_with_options(schema.clone(), columns, &options)?;
                let made = expr.evaluate(&input)?.into_array(rows)?;
                alike.map_or(Ok(made.clone()), |alike| alike.spread(&made))?
            }
            Node::Out { run, inputs, name } => {
                let alike = self.alike(inputs)?;
                let made = self.fields(run, inputs, alike.as_deref())?.column(name);
                alike.map_or(Ok(made.clone()), |alike| alike.spread(&made))?
            }
            Node::Types { always, some } => self.types(always, some)?,
        })
    }

    /// What a run gives for each row, or for the first of each group.
    pub(super) fn fields(
        &mut self,
        run: &Arc<Run>,
        inputs: &[NodeId],
        alike: Option<&Alike>,
    ) -> Result<Arc<Fields>> {
        let key = (Arc::as_ptr(run) as *const u8 as usize, inputs.to_vec(), alike.is_some());
        if let Some(fields) = self.memo.fields.get(&key) {
            return Ok(fields.clone());
        }
        let columns = self.columns(inputs, alike)?;
        let rows = alike.map_or(self.rows.count(), |alike| alike.len());
        let fields = Arc::new(run.run(&columns, rows)?);
        self.memo.fields.insert(key, fields.clone());
        Ok(fields)
    }

    /// The values of nodes, in each row or in the first of each group.
    fn columns(&mut self, inputs: &[NodeId], alike: Option<&Alike>) -> Result<Vec<ArrayRef>> {
        let column = |id: &NodeId| {
            let array = self.array(*id)?;
            alike.map_or(Ok(array.clone()), |alike| alike.firsts(&array))
        };
        inputs.iter().map(column).collect()
    }

    /// The rows in which nodes have the same values, where there are many.
    fn alike(&mut self, inputs: &[NodeId]) -> Result<Option<Arc<Alike>>> {
        if let Some(known) = self.memo.alike.get(inputs) {
            return Ok(known.clone());
        }
        let columns = self.columns(inputs, None)?;
        let made = Alike::of(&columns)?.map(Arc::new);
        self.memo.alike.insert(inputs.to_vec(), made.clone());
        Ok(made)
    }

    pub(crate) fn boolean(&mut self, id: NodeId) -> Result<BooleanArray> {
        let array = self.array(id)?;
        array.as_boolean_opt().cloned().ok_or_else(|| {
            DataFusionError::Internal("a condition gave something that is not true or false".into())
        })
    }

    fn types(&mut self, always: &[Arc<str>], some: &[(NodeId, Vec<Arc<str>>)]) -> Result<ArrayRef> {
        let mut masks = Vec::new();
        for (id, values) in some {
            masks.push((self.boolean(*id)?, values));
        }
        let rows = self.rows.count();
        let mut out = StringViewBuilder::with_capacity(rows);
        for row in 0..rows {
            let mut values: BTreeSet<&str> = always.iter().map(|v| &**v).collect();
            for (mask, more) in &masks {
                if mask.is_valid(row) && mask.value(row) {
                    values.extend(more.iter().map(|v| &**v));
                }
            }
            match values.is_empty() {
                true => out.append_null(),
                false => out.append_value(davy_events::mv::encode(values)),
            }
        }
        Ok(Arc::new(out.finish()))
    }
}

/// One value in every row; a text is held once.
fn constant(value: &Val<'static>, rows: usize) -> Result<ArrayRef> {
    let Val::Str(text) = value else { return scalar(value).to_array_of_size(rows) };
    let mut builder = StringViewBuilder::with_capacity(rows);
    let block = builder.append_block(Buffer::from(text.as_bytes()));
    let size = u32::try_from(text.len()).unwrap_or(0);
    for _ in 0..rows {
        if builder.try_append_view(block, 0, size).is_err() {
            builder.append_value(text);
        }
    }
    Ok(Arc::new(builder.finish()))
}
