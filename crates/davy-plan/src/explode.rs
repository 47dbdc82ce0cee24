//! One row for each value of a field: for grouping by fields that may hold several.

use crate::column::{Builder, Column, Ty};
use crate::node::{SequentialNode, SequentialOp, SequentialState};
use crate::plan::{Failed, Plan};
use crate::value::Val;
use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, StringViewArray, UInt32Array};
use arrow::compute::take_record_batch;
use arrow::datatypes::{DataType, Schema, SchemaRef};
use datafusion_common::Result;
use davy_events::mv;
use std::sync::Arc;

/// Rows in which a text column of `names` holds several values are repeated for each of them
/// (every combination, for several columns). Batches without such rows pass as they are.
pub(crate) fn explode(plan: Plan, names: &[String]) -> Result<Plan, Failed> {
    let names: Vec<String> =
        names.iter().filter(|n| plan.column(n).ty == Ty::Text).cloned().collect();
    if names.is_empty() {
        return Ok(plan);
    }
    let op = ExplodeOp { names };
    Ok(Plan::new(SequentialNode::plan(plan.logical, Arc::new(op))?))
}

#[derive(Debug)]
struct ExplodeOp {
    names: Vec<String>,
}

impl SequentialOp for ExplodeOp {
    fn name(&self) -> &'static str {
        "explode"
    }

    fn schema(&self, input: &Schema) -> Result<Schema> {
        Ok(input.clone())
    }

    fn start(&self, input: SchemaRef) -> Result<Box<dyn SequentialState>> {
        let columns =
            self.names.iter().filter_map(|n| input.index_of(n).ok()).collect::<Vec<usize>>();
        Ok(Box::new(ExplodeState { columns }))
    }

    fn parallel(&self) -> bool {
        true
    }

    fn keeps(&self, column: &str) -> bool {
        !self.names.iter().any(|name| name == column)
    }

    fn splits(&self, column: &str) -> bool {
        !self.keeps(column)
    }

    fn reads(&self) -> Option<Vec<&str>> {
        Some(self.names.iter().map(String::as_str).collect())
    }

    fn grows(&self) -> bool {
        true
    }
}

struct ExplodeState {
    columns: Vec<usize>,
}

impl SequentialState for ExplodeState {
    fn push(&mut self, batch: &RecordBatch) -> Result<Vec<RecordBatch>> {
        let mut batch = batch.clone();
        for &at in &self.columns {
            if any_multi(batch.column(at)) {
                batch = split_column(&batch, at)?;
            }
        }
        Ok(vec![batch])
    }
}

/// Whether any value of a text column holds several.
pub(crate) fn any_multi(array: &ArrayRef) -> bool {
    matches!(array.data_type(), DataType::Utf8View) && has_multi(array.as_string_view())
}

pub(crate) fn has_multi(texts: &StringViewArray) -> bool {
    let first = mv::MARK.len_utf8();
    // The first four bytes of a long value stand in its view; no text need be read.
    let mut mark = [0u8; 4];
    mv::MARK.encode_utf8(&mut mark);
    texts.views().iter().enumerate().any(|(i, view)| {
        let bytes = view.to_le_bytes();
        bytes[4..4 + first] == mark[..first] && texts.is_valid(i)
    })
}

fn split_column(batch: &RecordBatch, at: usize) -> Result<RecordBatch> {
    let column = Column::new(batch.column(at))?;
    let mut rows: Vec<u32> = Vec::with_capacity(batch.num_rows());
    let mut out = Builder::new(Ty::Text, batch.num_rows());
    for row in 0..batch.num_rows() {
        let value = column.get(row);
        if value.is_multi() {
            for one in value.values() {
                rows.push(row as u32);
                out.push(&Val::Str(one));
            }
        } else {
            rows.push(row as u32);
            out.push(&value);
        }
    }
    let taken = take_record_batch(batch, &UInt32Array::from(rows))?;
    let mut columns = taken.columns().to_vec();
    columns[at] = out.finish();
    Ok(RecordBatch::try_new(batch.schema(), columns)?)
}
