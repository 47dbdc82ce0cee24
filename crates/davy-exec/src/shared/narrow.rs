//! Rows that pass a search's first filter and none of its later ones are not kept for it.

use super::kept::Stored;
use super::keyed::Keys;
use crate::few::Few;
use crate::operators::Step;
use crate::shapes::Alike;
use datafusion::arrow::array::{Array, ArrayRef, AsArray, RecordBatch, UInt32Array};
use datafusion::arrow::compute::{concat, take_record_batch};
use datafusion::arrow::datatypes::{SchemaRef, UInt32Type};
use datafusion::common::{DataFusionError, Result};
use datafusion::logical_expr::{Extension, LogicalPlan};
use davy_plan::{Narrowing, ROW, SequentialNode, SequentialOp};
use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};

/// Tells what the later filters of the searches ask of a request's rows.
pub(crate) trait Narrows: Sync {
    /// By search that has the request: its filters. `None` if any may need all rows.
    fn narrow(&self, request: usize) -> Option<Vec<Narrow>>;

    /// The column of a request by which, for all searches that have it, its rows must meet one of
    /// [`Narrows::keys`], and the text that stands for none.
    fn key(&self, request: usize) -> Option<(Arc<str>, Option<Arc<str>>)>;

    /// The requests whose rows tell [`Narrows::keys`].
    fn others(&self, request: usize) -> Vec<usize>;

    /// What the rows of a request must hold one of, told by all rows of the others. `None` if they
    /// may hold anything.
    fn keys(&self, request: usize, stored: &[Stored]) -> Option<Keys>;
}

/// What is known of it, by request: learnt when many rows have passed.
pub(crate) struct Narrowed<'n> {
    narrows: Option<&'n dyn Narrows>,
    known: Vec<OnceLock<Option<Vec<Narrow>>>>,
}

impl<'n> Narrowed<'n> {
    pub(super) fn new(narrows: Option<&'n dyn Narrows>, requests: usize) -> Narrowed<'n> {
        Narrowed { narrows, known: (0..requests).map(|_| Default::default()).collect() }
    }

    /// What is asked of a request's rows.
    pub(super) fn of(&self, request: usize) -> Option<&[Narrow]> {
        let narrows = self.narrows?;
        self.known.get(request)?.get_or_init(|| narrows.narrow(request)).as_deref()
    }
}

/// Of these rows, counted through, those that may have an effect on any of the searches; `None`
/// where that is not known: an error is the search's to tell.
pub(super) fn left(narrows: &[Narrow], rows: &[&RecordBatch]) -> Option<BTreeSet<u32>> {
    let mut left = BTreeSet::new();
    for narrow in narrows {
        left.extend(narrow.left(rows).ok()?);
    }
    Some(left)
}

/// The later filters of one search.
pub(crate) struct Narrow {
    reads: Vec<String>,
    schema: SchemaRef,
    moves: Vec<Move>,
}

enum Move {
    Step(Step),
    Walk(Arc<dyn SequentialOp>),
}

impl Narrow {
    pub(crate) fn new(narrowing: Narrowing, few: &Few) -> Result<Narrow> {
        let plan = few.coerced(narrowing.plan)?;
        let mut moves = Vec::new();
        let mut at = &plan;
        while let Some(input) = at.inputs().into_iter().next() {
            moves.push(match at {
                LogicalPlan::Extension(Extension { node }) => {
                    match node.as_any().downcast_ref::<SequentialNode>() {
                        Some(walk) => Move::Walk(walk.op.clone()),
                        None => return Err(other()),
                    }
                }
                _ => Move::Step(few.step(at)?.ok_or_else(other)?),
            });
            at = input;
        }
        moves.reverse();
        let schema = Arc::new(at.schema().as_arrow().clone());
        Ok(Narrow { reads: narrowing.reads, schema, moves })
    }

    /// The rows of a batch that may have an effect.
    pub(crate) fn rows(&self, batch: &RecordBatch) -> Result<RecordBatch> {
        let left = self.left(&[batch])?;
        match left.len() == batch.num_rows() {
            true => Ok(batch.clone()),
            false => Ok(take_record_batch(batch, &UInt32Array::from(left))?),
        }
    }

    /// The rows that may have an effect, in order.
    fn left(&self, rows: &[&RecordBatch]) -> Result<Vec<u32>> {
        let column = |name: &String| {
            let parts: Option<Vec<&dyn Array>> =
                rows.iter().map(|rows| Some(rows.column_by_name(name)?.as_ref())).collect();
            Ok(concat(&parts.ok_or_else(other)?)?)
        };
        let columns = self.reads.iter().map(column).collect::<Result<Vec<ArrayRef>>>()?;
        match Alike::of(&columns)? {
            Some(alike) => {
                let few = columns.iter().map(|column| alike.firsts(column));
                Ok(alike.rows(&self.of_each(few.collect::<Result<_>>()?)?))
            }
            None => self.of_each(columns),
        }
    }

    fn of_each(&self, mut columns: Vec<ArrayRef>) -> Result<Vec<u32>> {
        let rows = columns.first().map_or(0, |column| column.len()) as u32;
        columns.push(Arc::new(UInt32Array::from_iter_values(0..rows)));
        let mut batches = vec![RecordBatch::try_new(self.schema.clone(), columns)?];
        for made in &self.moves {
            let mut next = Vec::new();
            for batch in batches {
                match made {
                    Move::Step(step) => next.push(step.run(batch)?),
                    Move::Walk(op) => {
                        let mut walk = op.start(batch.schema())?;
                        next.extend(walk.push(&batch)?);
                        next.extend(walk.finish()?);
                    }
                }
            }
            batches = next.into_iter().filter(|batch| batch.num_rows() > 0).collect();
        }
        let mut left = BTreeSet::new();
        for batch in &batches {
            let numbers =
                batch.column_by_name(ROW).and_then(|c| c.as_primitive_opt::<UInt32Type>());
            left.extend(numbers.ok_or_else(other)?.values());
        }
        Ok(left.into_iter().collect())
    }
}

fn other() -> DataFusionError {
    DataFusionError::Internal("a filter's plan has a part that is not one of rows".to_owned())
}
