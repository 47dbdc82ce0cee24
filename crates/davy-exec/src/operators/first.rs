//! Leaves out rows that are not the first of their group, before the rest is sorted.
//!
//! A row is held while no better one of its group came. Where groups take more memory than there
//! is, or nearly every row has a group of its own, rows go on as they are: what comes after looks
//! again.

use super::properties;
use crate::held::lean;
use datafusion::arrow::array::{Array, ArrayRef, AsArray, BooleanArray, UInt32Array, UInt64Array};
use datafusion::arrow::compute::{
    and, filter_record_batch, interleave_record_batch, is_not_null, take_record_batch,
};
use datafusion::arrow::datatypes::{
    DataType, Field, Float64Type, Int64Type, Schema, SchemaRef, UInt64Type,
};
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::common::Result;
use datafusion::execution::TaskContext;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use datafusion::physical_plan::aggregates::group_values::{GroupValues, new_group_values};
use datafusion::physical_plan::aggregates::order::GroupOrdering;
use datafusion::physical_plan::execution_plan::EmissionType;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties, SendableRecordBatchStream,
};
use davy_plan::{FirstNode, SortKey};
use futures::StreamExt;
use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;

#[derive(Debug)]
pub(crate) struct FirstExec {
    input: Arc<dyn ExecutionPlan>,
    by: Vec<String>,
    keys: Vec<SortKey>,
    properties: Arc<PlanProperties>,
}

impl FirstExec {
    pub(crate) fn new(input: Arc<dyn ExecutionPlan>, by: Vec<String>, keys: Vec<SortKey>) -> Self {
        let parts = input.properties().partitioning.partition_count();
        let mut fields: Vec<Arc<Field>> = input.schema().fields().iter().cloned().collect();
        fields.push(Arc::new(Field::new(FirstNode::NUMBER, DataType::UInt64, false)));
        let schema = Arc::new(Schema::new(fields));
        let properties = properties(schema, parts, EmissionType::Final);
        FirstExec { input, by, keys, properties }
    }

    fn over(&self, input: Arc<dyn ExecutionPlan>) -> Self {
        FirstExec::new(input, self.by.clone(), self.keys.clone())
    }
}

impl DisplayAs for FirstExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SplFirstExec: by {}", self.by.join(", "))
    }
}

impl ExecutionPlan for FirstExec {
    over_one_input!("SplFirstExec");

    fn benefits_from_input_partitioning(&self) -> Vec<bool> {
        vec![false]
    }

    no_expressions!();

    fn execute(&self, part: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let schema = self.schema();
        let reservation = MemoryConsumer::new("first of each group")
            .with_can_spill(true)
            .register(context.memory_pool());
        let firsts = Firsts::new(&schema, &self.by, &self.keys, reservation)?;
        let input = self.input.execute(part, context.clone())?;
        let mut next = (part as u64) << 48;
        let numbered = schema.clone();
        let input = input.map(move |batch| {
            let batch = batch?;
            let last = next + batch.num_rows() as u64;
            let mut columns = batch.columns().to_vec();
            columns.push(Arc::new(UInt64Array::from_iter_values(next..last)));
            next = last;
            Ok(RecordBatch::try_new(numbered.clone(), columns)?)
        });
        let input = RecordBatchStreamAdapter::new(schema.clone(), input);
        let size = context.session_config().batch_size();
        let run = Run { input: Some(Box::pin(input)), firsts, ready: VecDeque::new(), size };
        let rows = futures::stream::try_unfold(run, |mut run| async move {
            let batch = run.next().await?;
            Ok(batch.map(|batch| (batch, run)))
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(schema, rows)))
    }
}

struct Run {
    input: Option<SendableRecordBatchStream>,
    firsts: Firsts,
    ready: VecDeque<RecordBatch>,
    size: usize,
}

impl Run {
    async fn next(&mut self) -> Result<Option<RecordBatch>> {
        loop {
            if let Some(batch) = self.ready.pop_front() {
                if batch.num_rows() <= self.size {
                    return Ok(Some(batch));
                }
                let rest = batch.slice(self.size, batch.num_rows() - self.size);
                self.ready.push_front(rest);
                return Ok(Some(batch.slice(0, self.size)));
            }
            let Some(input) = &mut self.input else { return Ok(None) };
            match input.next().await {
                Some(batch) => self.firsts.push(batch?, &mut self.ready)?,
                None => {
                    self.input = None;
                    self.firsts.give(&mut self.ready)?;
                    self.firsts.reservation = None;
                }
            }
        }
    }
}

/// A row's place in the order, for one key: less is better, a null comes last.
type Place = [u128; FirstNode::MOST_KEYS];

/// The best row of a group so far.
struct Best {
    place: Place,
    batch: u32,
    row: u32,
}

struct Firsts {
    by: Vec<usize>,
    keys: Vec<(usize, bool)>,
    group_schema: SchemaRef,
    groups: Box<dyn GroupValues>,
    best: Vec<Best>,
    held: Vec<RecordBatch>,
    rows: usize,
    bytes: usize,
    /// Rows that came, until it is known whether leaving out pays.
    seen: usize,
    pass: bool,
    /// `None` once nothing more is held: who may spill has a share of the memory kept for it.
    reservation: Option<MemoryReservation>,
}

/// Rows are copied together when so many more are held than there are groups.
const SLACK: usize = 65_536;
/// After so many rows it is seen whether they share groups.
const TRIED: usize = 32_768;

impl Firsts {
    fn new(
        schema: &SchemaRef,
        by: &[String],
        keys: &[SortKey],
        reservation: MemoryReservation,
    ) -> Result<Firsts> {
        let by = by.iter().map(|n| Ok(schema.index_of(n)?)).collect::<Result<Vec<_>>>()?;
        let keys = keys
            .iter()
            .map(|k| Ok((schema.index_of(&k.column)?, k.descending)))
            .collect::<Result<Vec<_>>>()?;
        let fields: Vec<Field> = by.iter().map(|i| schema.field(*i).clone()).collect();
        let group_schema = Arc::new(Schema::new(fields));
        let groups = new_group_values(group_schema.clone(), &GroupOrdering::None)?;
        // Of other kinds of numbers the order is not known here.
        let known = |(at, _): &(usize, bool)| {
            let kind = schema.field(*at).data_type();
            matches!(kind, DataType::Float64 | DataType::Int64 | DataType::UInt64)
        };
        let pass = !keys.iter().all(known) || keys.len() > FirstNode::MOST_KEYS;
        Ok(Firsts {
            by,
            keys,
            group_schema,
            groups,
            best: Vec::new(),
            held: Vec::new(),
            rows: 0,
            bytes: 0,
            seen: 0,
            pass,
            reservation: (!pass).then_some(reservation),
        })
    }

    fn push(&mut self, batch: RecordBatch, ready: &mut VecDeque<RecordBatch>) -> Result<()> {
        let batch = self.present(batch)?;
        if self.pass || batch.num_rows() == 0 {
            ready.push_back(batch);
            return Ok(());
        }
        self.seen += batch.num_rows();
        let columns: Vec<ArrayRef> = self.by.iter().map(|i| batch.column(*i).clone()).collect();
        let mut groups = Vec::with_capacity(batch.num_rows());
        self.groups.intern(&columns, &mut groups)?;
        let places = self.places(&batch);
        let at = self.held.len() as u32;
        for (row, (group, place)) in groups.iter().zip(places).enumerate() {
            let best = Best { place, batch: at, row: row as u32 };
            match self.best.get_mut(*group) {
                // Of equal rows the one that came first stays.
                Some(held) if place < held.place => *held = best,
                Some(_) => {}
                None => self.best.push(best),
            }
        }
        self.hold(&batch, &groups, at)?;
        if self.rows > 2 * self.best.len() + SLACK {
            self.compact()?;
        }
        let size = self.bytes + self.groups.size() + self.best.capacity() * size_of::<Best>();
        let full = self.reservation.as_mut().is_some_and(|r| r.try_resize(size).is_err());
        let vain = self.seen >= TRIED && self.best.len() * 10 > self.seen * 8;
        if full || vain {
            self.give(ready)?;
            self.pass = vain;
        }
        if vain {
            self.reservation = None;
        }
        Ok(())
    }

    /// The rows that have all fields of the group.
    fn present(&self, batch: RecordBatch) -> Result<RecordBatch> {
        let mut keep: Option<BooleanArray> = None;
        for at in &self.by {
            let column = batch.column(*at);
            if column.logical_null_count() > 0 {
                let there = is_not_null(column)?;
                keep = Some(match keep {
                    Some(keep) => and(&keep, &there)?,
                    None => there,
                });
            }
        }
        match keep {
            Some(keep) => Ok(filter_record_batch(&batch, &keep)?),
            None => Ok(batch),
        }
    }

    fn places(&self, batch: &RecordBatch) -> Vec<Place> {
        let mut places = vec![Place::default(); batch.num_rows()];
        for (i, (at, descending)) in self.keys.iter().enumerate() {
            let column = batch.column(*at);
            let mut set = |row: usize, code: u64| {
                let code = if *descending { !code } else { code };
                let null = u128::from(column.is_null(row)) << 64;
                if let Some(slot) = places.get_mut(row).and_then(|p| p.get_mut(i)) {
                    *slot = if null > 0 { null } else { u128::from(code) };
                }
            };
            match column.data_type() {
                DataType::Float64 => {
                    let values = column.as_primitive::<Float64Type>().values();
                    values.iter().enumerate().for_each(|(row, n)| set(row, of_float(*n)));
                }
                DataType::Int64 => {
                    let values = column.as_primitive::<Int64Type>().values();
                    let of = |n: i64| (n as u64) ^ (1 << 63);
                    values.iter().enumerate().for_each(|(row, n)| set(row, of(*n)));
                }
                _ => {
                    let values = column.as_primitive::<UInt64Type>().values();
                    values.iter().enumerate().for_each(|(row, n)| set(row, *n));
                }
            }
        }
        places
    }

    /// Keeps the rows of a batch that are the best of their groups.
    fn hold(&mut self, batch: &RecordBatch, groups: &[usize], at: u32) -> Result<()> {
        let mut kept: Vec<u32> = Vec::new();
        for (row, group) in groups.iter().enumerate() {
            if let Some(best) = self.best.get_mut(*group)
                && best.batch == at
                && best.row == row as u32
            {
                best.row = kept.len() as u32;
                kept.push(row as u32);
            }
        }
        if kept.is_empty() {
            return Ok(());
        }
        let taken = match kept.len() == batch.num_rows() {
            true => batch.clone(),
            false => take_record_batch(batch, &UInt32Array::from(kept))?,
        };
        self.add(taken)
    }

    fn add(&mut self, batch: RecordBatch) -> Result<()> {
        let batch = lean(batch)?;
        self.rows += batch.num_rows();
        self.bytes += batch.get_array_memory_size();
        self.held.push(batch);
        Ok(())
    }

    /// The rows that are the best of their groups, in the order in which they came.
    fn together(&mut self) -> Result<RecordBatch> {
        let mut order: Vec<usize> = (0..self.best.len()).collect();
        order.sort_unstable_by_key(|g| self.best.get(*g).map(|b| (b.batch, b.row)));
        let mut from = Vec::with_capacity(order.len());
        for (place, group) in order.into_iter().enumerate() {
            if let Some(best) = self.best.get_mut(group) {
                from.push((best.batch as usize, best.row as usize));
                (best.batch, best.row) = (0, place as u32);
            }
        }
        let held: Vec<&RecordBatch> = self.held.iter().collect();
        let batch = interleave_record_batch(&held, &from)?;
        self.held.clear();
        (self.rows, self.bytes) = (0, 0);
        Ok(batch)
    }

    fn compact(&mut self) -> Result<()> {
        let batch = self.together()?;
        self.add(batch)
    }

    /// Gives what is held on, and forgets it.
    fn give(&mut self, ready: &mut VecDeque<RecordBatch>) -> Result<()> {
        if !self.held.is_empty() {
            ready.push_back(self.together()?);
        }
        self.best = Vec::new();
        self.groups = new_group_values(self.group_schema.clone(), &GroupOrdering::None)?;
        if let Some(reservation) = &mut self.reservation {
            reservation.free();
        }
        Ok(())
    }
}

/// Floats in the order of their bits, as arrow sorts them.
fn of_float(n: f64) -> u64 {
    let bits = n.to_bits();
    if bits >> 63 == 1 { !bits } else { bits | (1 << 63) }
}
