//! Commands that walk over rows in order, setting columns and dropping rows.

use crate::column::{Builder, Column, Ty};
use crate::node::{SequentialNode, SequentialOp, SequentialState};
use crate::plan::{Failed, Plan};
use crate::value::Val;
use arrow::array::{BooleanArray, RecordBatch};
use arrow::compute::filter_record_batch;
use arrow::datatypes::{Field, Schema, SchemaRef};
use datafusion_common::Result;
use std::fmt::Write;
use std::sync::Arc;

/// One row as a walker sees it: the columns that it asked for.
#[derive(Clone, Copy)]
pub(crate) struct Row<'a> {
    columns: &'a [Column],
    at: usize,
}

impl<'a> Row<'a> {
    /// The value of the `i`-th column that the walk reads; null where there is none.
    pub(crate) fn get(&self, i: usize) -> Val<'a> {
        self.columns.get(i).map_or(Val::Null, |c| c.get(self.at))
    }
}

/// What is kept from row to row.
pub(crate) trait Walker: Send {
    /// Sets the values of the walk's columns, which come as nulls. `false` drops the row.
    fn row(&mut self, row: Row<'_>, out: &mut [Val<'static>]) -> Result<bool>;

    /// No row to come is kept.
    fn done(&self) -> bool {
        false
    }

    /// Bytes held, roughly, for those that may hold much.
    fn size(&self) -> usize {
        0
    }

    /// Of a walk over keys apart: a hash of the row's key, or `None` where something of that key is
    /// held already or the row has none.
    fn apart(&self, _: Row<'_>) -> Result<Option<u64>> {
        Ok(None)
    }
}

type Start = dyn Fn() -> Box<dyn Walker> + Send + Sync;

/// A walk over the rows of a plan.
#[derive(Clone)]
pub(crate) struct Walk {
    pub(crate) name: &'static str,
    pub(crate) reads: Vec<String>,
    /// The columns that are set, and their kinds.
    pub(crate) sets: Vec<(String, Ty)>,
    /// Each row is handled by itself.
    pub(crate) parallel: bool,
    /// What it sets may be large and come in each row, as `values` of all that was before.
    pub(crate) grows: bool,
    /// Rows of different keys never meet; see [`Walker::apart`].
    pub(crate) apart: bool,
    pub(crate) start: Arc<Start>,
}

impl Walk {
    /// A walk in the order of the rows.
    pub(crate) fn new(
        name: &'static str,
        reads: Vec<String>,
        sets: Vec<(String, Ty)>,
        start: impl Fn() -> Box<dyn Walker> + Send + Sync + 'static,
    ) -> Self {
        let (parallel, grows, apart) = (false, false, false);
        Walk { name, reads, sets, parallel, grows, apart, start: Arc::new(start) }
    }

    pub(crate) fn in_any_order(mut self) -> Self {
        self.parallel = true;
        self
    }

    /// Rows of different keys never meet, where `apart` says so.
    pub(crate) fn of_keys(mut self, apart: bool) -> Self {
        self.apart = apart;
        self
    }

    /// The texts that it sets may be large.
    pub(crate) fn of_statistics(mut self) -> Self {
        self.grows = self.sets.iter().any(|(_, ty)| *ty == Ty::Text);
        self
    }

    pub(crate) fn plan(self, input: Plan) -> Result<Plan, Failed> {
        Ok(Plan::new(SequentialNode::plan(input.logical, Arc::new(self))?))
    }
}

impl std::fmt::Debug for Walk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Walk").field("name", &self.name).field("sets", &self.sets).finish()
    }
}

impl SequentialOp for Walk {
    fn name(&self) -> &'static str {
        self.name
    }

    fn schema(&self, input: &Schema) -> Result<Schema> {
        let mut fields: Vec<Arc<Field>> = input.fields().iter().cloned().collect();
        for (name, ty) in &self.sets {
            let field = Arc::new(Field::new(name, ty.data_type(), true));
            match fields.iter_mut().find(|f| f.name() == name) {
                Some(slot) => *slot = field,
                None => fields.push(field),
            }
        }
        Ok(Schema::new(fields))
    }

    fn start(&self, input: SchemaRef) -> Result<Box<dyn SequentialState>> {
        let schema = Arc::new(self.schema(&input)?);
        let reads = self.reads.iter().map(|n| input.index_of(n).ok()).collect();
        Ok(Box::new(WalkState { walk: self.clone(), schema, reads, walker: (self.start)() }))
    }

    fn parallel(&self) -> bool {
        self.parallel
    }

    fn keeps(&self, column: &str) -> bool {
        !self.sets.iter().any(|(name, _)| name == column)
    }

    fn reads(&self) -> Option<Vec<&str>> {
        Some(self.reads.iter().map(String::as_str).collect())
    }

    fn grows(&self) -> bool {
        self.grows
    }

    fn apart(&self) -> bool {
        self.apart
    }
}

struct WalkState {
    walk: Walk,
    schema: SchemaRef,
    reads: Vec<Option<usize>>,
    walker: Box<dyn Walker>,
}

impl WalkState {
    fn columns(&self, batch: &RecordBatch) -> Result<Vec<Column>> {
        let column = |at: &Option<usize>| match at {
            Some(at) => Column::new(batch.column(*at)),
            None => Ok(Column::Null(batch.num_rows())),
        };
        self.reads.iter().map(column).collect()
    }
}

impl SequentialState for WalkState {
    fn push(&mut self, batch: &RecordBatch) -> Result<Vec<RecordBatch>> {
        let rows = batch.num_rows();
        let columns = self.columns(batch)?;
        let mut builders: Vec<Builder> =
            self.walk.sets.iter().map(|(_, ty)| Builder::new(*ty, rows)).collect();
        let mut out = vec![Val::Null; builders.len()];
        let mut keep = Vec::with_capacity(rows);
        for at in 0..rows {
            out.iter_mut().for_each(|v| *v = Val::Null);
            keep.push(self.walker.row(Row { columns: &columns, at }, &mut out)?);
            for (builder, value) in builders.iter_mut().zip(&out) {
                builder.push(value);
            }
        }
        let mut arrays = batch.columns().to_vec();
        let mut names: Vec<String> =
            batch.schema_ref().fields().iter().map(|f| f.name().clone()).collect();
        for ((name, _), builder) in self.walk.sets.iter().zip(builders) {
            let array = builder.finish();
            match names.iter().position(|n| n == name).and_then(|i| arrays.get_mut(i)) {
                Some(slot) => *slot = array,
                None => {
                    names.push(name.clone());
                    arrays.push(array);
                }
            }
        }
        let options = arrow::array::RecordBatchOptions::new().with_row_count(Some(rows));
        let made = RecordBatch::try_new_with_options(self.schema.clone(), arrays, &options)?;
        Ok(vec![match keep.iter().all(|k| *k) {
            true => made,
            false => filter_record_batch(&made, &BooleanArray::from(keep))?,
        }])
    }

    fn done(&self) -> bool {
        self.walker.done()
    }

    fn size(&self) -> usize {
        self.walker.size()
    }

    fn apart(&self, batch: &RecordBatch) -> Result<Vec<Option<u64>>> {
        let columns = self.columns(batch)?;
        let row = |at| self.walker.apart(Row { columns: &columns, at });
        (0..batch.num_rows()).map(row).collect()
    }
}

/// The values as one text by which rows are grouped; `None` when one is null.
pub(crate) fn group_key<'v>(values: impl IntoIterator<Item = Val<'v>>) -> Option<String> {
    let mut key = String::new();
    for value in values {
        push_key(&mut key, &value.text()?);
    }
    Some(key)
}

/// Adds a value to such a key.
pub(crate) fn push_key(key: &mut String, text: &str) {
    // The length keeps ("a", "bc") and ("ab", "c") apart.
    // A `String` takes all that is written to it.
    let _ = write!(key, "{}:{text}", text.len());
}
