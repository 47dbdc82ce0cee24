//! `reverse`. Search Reference, reverse.

use crate::command::{Command, Order};
use crate::example;
use crate::fields::{FieldSet, Fields};
use crate::node::{SequentialNode, SequentialOp, SequentialState};
use crate::plan::{Failed, Plan, PlanCx};
use crate::spec::{CommandSpec, Kind, ParseCx, Support};
use arrow::array::{RecordBatch, UInt32Array};
use arrow::compute::take_record_batch;
use arrow::datatypes::{Schema, SchemaRef};
use datafusion_common::Result as DfResult;
use davy_spl::ast::{Args, Grammar};
use std::collections::VecDeque;
use std::sync::Arc;

pub(super) static SPEC: CommandSpec = CommandSpec {
    name: "reverse",
    aliases: &[],
    kind: Kind::Sequential,
    grammar: Grammar::General,
    syntax: "reverse",
    summary: "Turns the order of the rows round.",
    examples: &[
        example!("| makeresults count=3 | streamstats count AS n | reverse | table n" => table "n\n3\n2\n1"),
    ],
    source: "Search Reference, reverse",
    support: Support::Full,
    parse,
};

#[derive(Debug)]
struct Reverse;

fn parse(args: &Args, cx: &mut ParseCx<'_>) -> Option<Box<dyn Command>> {
    if let Some(extra) = cx.reader(args).peek() {
        return cx.bad(extra.span.0, "`reverse` takes no arguments");
    }
    Some(Box::new(Reverse))
}

impl Command for Reverse {
    fn needs(&self, out: &FieldSet) -> FieldSet {
        out.clone()
    }

    fn fields(&self, input: &Fields) -> Fields {
        input.clone()
    }

    fn order(&self) -> Order {
        Order::Needs
    }

    fn makes_rows(&self) -> bool {
        false
    }

    fn plan(&self, input: Plan, _: &PlanCx<'_>) -> Result<Plan, Failed> {
        reversed(input, None)
    }
}

/// The last `limit` rows, or all, the last one first.
pub(super) fn reversed(input: Plan, limit: Option<usize>) -> Result<Plan, Failed> {
    let op = ReverseOp { limit };
    Ok(Plan::new(SequentialNode::plan(input.logical, Arc::new(op))?))
}

#[derive(Debug)]
struct ReverseOp {
    limit: Option<usize>,
}

impl SequentialOp for ReverseOp {
    fn name(&self) -> &'static str {
        "reverse"
    }

    fn schema(&self, input: &Schema) -> DfResult<Schema> {
        Ok(input.clone())
    }

    fn start(&self, _: SchemaRef) -> DfResult<Box<dyn SequentialState>> {
        let (limit, held) = (self.limit, VecDeque::new());
        Ok(Box::new(ReverseState { limit, held, rows: 0, bytes: 0 }))
    }
}

struct ReverseState {
    limit: Option<usize>,
    held: VecDeque<RecordBatch>,
    rows: usize,
    bytes: usize,
}

impl ReverseState {
    /// A batch's share of memory that several batches share.
    fn bytes(batch: &RecordBatch) -> usize {
        batch.columns().iter().map(|c| c.to_data().get_slice_memory_size().unwrap_or(0)).sum()
    }
}

impl SequentialState for ReverseState {
    fn push(&mut self, batch: &RecordBatch) -> DfResult<Vec<RecordBatch>> {
        self.rows += batch.num_rows();
        self.held.push_back(batch.clone());
        self.bytes += Self::bytes(batch);
        if let Some(limit) = self.limit {
            // A batch from which no row can be among the last is let go.
            while let Some(first) = self.held.front().map(RecordBatch::num_rows) {
                if self.rows - first < limit {
                    break;
                }
                self.rows -= first;
                let gone = self.held.pop_front();
                self.bytes -= gone.map_or(0, |batch| Self::bytes(&batch));
            }
        }
        Ok(Vec::new())
    }

    fn size(&self) -> usize {
        self.bytes
    }

    fn finish(&mut self) -> DfResult<Vec<RecordBatch>> {
        let mut left = self.limit.unwrap_or(usize::MAX);
        let mut out = Vec::new();
        while let Some(batch) = self.held.pop_back() {
            let rows = batch.num_rows();
            let take = rows.min(left);
            left -= take;
            let last: UInt32Array = (0..take).map(|i| (rows - 1 - i) as u32).collect();
            out.push(take_record_batch(&batch, &last)?);
        }
        Ok(out)
    }
}
