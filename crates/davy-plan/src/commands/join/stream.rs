//! A join as its left side comes: only the rows of the search in brackets are held.

use super::{Join, Keys};
use crate::column::{Builder, Column, Ty};
use crate::mistake;
use crate::node::{SequentialNode, SequentialOp, SequentialState};
use crate::plan::{Failed, Plan, Rows};
use crate::value::Val;
use arrow::array::{Array, ArrayRef, RecordBatch, RecordBatchOptions, UInt32Array};
use arrow::compute::take;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion_common::Result;
use foldhash::fast::RandomState;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// How a column of the result is made.
#[derive(Debug)]
enum Made {
    /// Of the left side alone.
    Left(usize),
    /// Of the right side alone.
    Right(usize),
    /// Of both: which value stays is seen row by row.
    Both(usize, usize),
}

#[derive(Debug)]
struct Joined {
    schema: SchemaRef,
    /// Each column with its kind.
    columns: Vec<(Made, Ty)>,
    right: Vec<ArrayRef>,
    /// The rows of the right side by their keys.
    index: HashMap<String, Vec<u32>, RandomState>,
    /// The key columns of the left side; `None` where there is none of that name.
    keys: Vec<Option<usize>>,
    left_time: Option<usize>,
    right_times: Vec<Option<f64>>,
    how: How,
    budget: Budget,
}

/// What was joined so far, by all threads.
#[derive(Debug, Default)]
struct Budget {
    taken: AtomicUsize,
    made: AtomicUsize,
}

/// Rows that any join may make.
const ANY: usize = 10_000_000;
/// And for each row of both sides. Where nearly everything meets everything, the disk is full sooner
/// than anyone has read the result.
const EACH: usize = 1_000;

impl Budget {
    /// Counts a row of the left side and what it met.
    fn spend(&self, met: usize, right: usize) -> Result<()> {
        let taken = self.taken.fetch_add(1, Ordering::Relaxed) + 1;
        let made = self.made.fetch_add(met, Ordering::Relaxed) + met;
        if made <= ANY || made <= (taken + right).saturating_mul(EACH) {
            return Ok(());
        }
        let message = format!(
            "`join` had made {made} rows when it had joined {taken} with {right}: nearly every row \
             meets every other"
        );
        Err(mistake::too_many_rows(
            message,
            "join by a field that tells rows apart, or count each side by it first, or keep fewer \
             with `max=`",
        ))
    }
}

#[derive(Debug, Clone, Copy)]
struct How {
    outer: bool,
    overwrite: bool,
    use_time: bool,
    earlier: bool,
    max: usize,
}

/// The join of a plan with these rows. `None` where the kind of a column depends on which rows
/// meet.
pub(super) fn plan(join: &Join, input: &Plan, right: &Rows) -> Option<Result<Plan, Failed>> {
    if input.open() {
        return None;
    }
    let left = input.names();
    let at = |name: &str| input.all_names().iter().position(|n| n == name);
    let pairs = join.pairs(&left, &right.names);
    let renamed = |alias: fn(&Keys) -> Option<&String>, name: &String| match alias(&join.keys) {
        Some(alias) => format!("{alias}.{name}"),
        None => name.clone(),
    };
    let mut names: Vec<String> = left.iter().map(|n| renamed(Keys::left, n)).collect();
    let mut columns: Vec<(Made, Ty)> = Vec::new();
    for name in &left {
        columns.push((Made::Left(at(name)?), shown(input.column(name).ty)));
    }
    let mut kinds: Vec<DataType> = left.iter().map(|n| kept(&input.column(n).data_type)).collect();
    for (i, name) in right.names.iter().enumerate() {
        let (name, ty) = (renamed(Keys::right, name), right.ty(i));
        let Some(place) = names.iter().position(|n| *n == name) else {
            names.push(name);
            columns.push((Made::Right(i), shown(ty)));
            kinds.push(ty.data_type());
            continue;
        };
        let slot = columns.get_mut(place)?;
        let (Made::Left(here), held) = (&slot.0, slot.1) else { return None };
        let whole = right.rows.iter().all(|r| r.get(i).is_some_and(|v| !v.is_null()));
        let (made, ty) = match ty {
            Ty::Null => continue,
            _ if whole && join.overwrite && !join.outer => (Made::Right(i), ty),
            _ if ty == held => (Made::Both(*here, i), ty),
            _ => return None,
        };
        *slot = (made, ty);
        *kinds.get_mut(place)? = ty.data_type();
    }
    let fields = names.iter().zip(kinds).map(|(n, kind)| Field::new(n, kind, true));
    let schema = Arc::new(Schema::new(fields.collect::<Vec<Field>>()));
    let right_keys: Vec<Option<usize>> = pairs.iter().map(|(_, b)| right.column(b)).collect();
    let mut index: HashMap<String, Vec<u32>, RandomState> = HashMap::default();
    for (i, row) in right.rows.iter().enumerate() {
        // The key of one field is its text.
        let key = match right_keys.as_slice() {
            [Some(at)] => row.get(*at).and_then(Val::text).map(|t| t.into_owned()),
            keys => super::key_of(row, keys),
        };
        if let Some(key) = key {
            index.entry(key).or_default().push(i as u32);
        }
    }
    let time = right.column("_time");
    let time_of = |row: &Vec<Val<'static>>| time.and_then(|at| row.get(at)).and_then(Val::num);
    let joined = Joined {
        schema,
        columns,
        right: (0..right.names.len()).map(|i| right.array(i)).collect(),
        index,
        keys: pairs.iter().map(|(a, _)| at(a)).collect(),
        left_time: at("_time"),
        right_times: right.rows.iter().map(time_of).collect(),
        how: How {
            outer: join.outer,
            overwrite: join.overwrite,
            use_time: join.use_time,
            earlier: join.earlier,
            max: if join.max == 0 { usize::MAX } else { join.max },
        },
        budget: Budget::default(),
    };
    let op = Arc::new(JoinOp(Arc::new(joined)));
    Some(SequentialNode::plan(input.logical.clone(), op).map(Plan::new).map_err(Failed::from))
}

/// A truth value becomes text beside others, and a column of nothing is one of texts.
fn shown(ty: Ty) -> Ty {
    match ty {
        Ty::Num => Ty::Num,
        Ty::Null | Ty::Bool | Ty::Text => Ty::Text,
    }
}

fn kept(kind: &DataType) -> DataType {
    match kind {
        DataType::Int64 | DataType::Float64 => kind.clone(),
        _ => shown(Ty::of(kind)).data_type(),
    }
}

#[derive(Debug)]
struct JoinOp(Arc<Joined>);

impl SequentialOp for JoinOp {
    fn name(&self) -> &'static str {
        "join"
    }

    fn schema(&self, _: &Schema) -> Result<Schema> {
        Ok(self.0.schema.as_ref().clone())
    }

    fn start(&self, _: SchemaRef) -> Result<Box<dyn SequentialState>> {
        Ok(Box::new(State { joined: self.0.clone(), key: String::new() }))
    }

    fn parallel(&self) -> bool {
        true
    }

    fn grows(&self) -> bool {
        true
    }
}

struct State {
    joined: Arc<Joined>,
    key: String,
}

impl SequentialState for State {
    fn push(&mut self, batch: &RecordBatch) -> Result<Vec<RecordBatch>> {
        let joined = self.joined.clone();
        let column = |at: &Option<usize>| match at {
            Some(at) => Column::new(batch.column(*at)),
            None => Ok(Column::Null(batch.num_rows())),
        };
        let keys = joined.keys.iter().map(column).collect::<Result<Vec<_>>>()?;
        let times = column(&joined.left_time)?;
        let mut left: Vec<u32> = Vec::with_capacity(batch.num_rows());
        let mut right: Vec<Option<u32>> = Vec::with_capacity(batch.num_rows());
        for row in 0..batch.num_rows() {
            let found = match keys.as_slice() {
                [Column::Text(texts)] if texts.is_valid(row) => joined.index.get(texts.value(row)),
                keys if self.key_of(keys, row) => joined.index.get(&self.key),
                _ => None,
            };
            let found = found.map_or(&[][..], Vec::as_slice);
            let before = left.len();
            joined.timely(found, &times.get(row), |at| {
                left.push(row as u32);
                right.push(Some(at));
            });
            joined.budget.spend(left.len() - before, joined.right_times.len())?;
            if left.len() == before && joined.how.outer {
                left.push(row as u32);
                right.push(None);
            }
        }
        let rows = left.len();
        let (left, right) = (UInt32Array::from(left), UInt32Array::from(right));
        let columns = joined
            .columns
            .iter()
            .zip(joined.schema.fields())
            .map(|((made, ty), field)| joined.column(made, *ty, field, batch, &left, &right))
            .collect::<Result<Vec<ArrayRef>>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        Ok(vec![RecordBatch::try_new_with_options(joined.schema.clone(), columns, &options)?])
    }
}

impl State {
    /// Writes the key of a row; `false` when a field is missing, or no field is common.
    fn key_of(&mut self, keys: &[Column], row: usize) -> bool {
        self.key.clear();
        for column in keys {
            let value = column.get(row);
            let Some(text) = value.text() else { return false };
            match keys.len() {
                1 => self.key.push_str(&text),
                _ => crate::walk::push_key(&mut self.key, &text),
            }
        }
        !keys.is_empty()
    }
}

impl Joined {
    /// The matches that time allows, the nearest first, at most `max` of them.
    fn timely(&self, found: &[u32], time: &Val<'_>, mut give: impl FnMut(u32)) {
        if !self.how.use_time {
            found.iter().take(self.how.max).for_each(|at| give(*at));
            return;
        }
        let Some(here) = time.num() else { return };
        let mut near: Vec<(u32, f64)> = found
            .iter()
            .filter_map(|at| {
                let there = (*self.right_times.get(*at as usize)?)?;
                let fits = if self.how.earlier { there <= here } else { there >= here };
                fits.then_some((*at, (here - there).abs()))
            })
            .collect();
        near.sort_by(|a, b| a.1.total_cmp(&b.1));
        near.into_iter().take(self.how.max).for_each(|(at, _)| give(at));
    }

    fn column(
        &self,
        made: &Made,
        ty: Ty,
        field: &Field,
        batch: &RecordBatch,
        left: &UInt32Array,
        right: &UInt32Array,
    ) -> Result<ArrayRef> {
        Ok(match made {
            Made::Left(at) => {
                let column = take(batch.column(*at), left, None)?;
                match column.data_type() == field.data_type() {
                    true => column,
                    false => Column::new(&column)?.to_array(ty),
                }
            }
            Made::Right(at) => take(&self.right[*at], right, None)?,
            Made::Both(here, there) => {
                let here = Column::new(batch.column(*here))?;
                let there = Column::new(&self.right[*there])?;
                let mut out = Builder::new(ty, left.len());
                for (row, at) in left.values().iter().zip(right) {
                    let held = here.get(*row as usize);
                    let new = at.map_or(Val::Null, |at| there.get(at as usize));
                    let replaced = !new.is_null() && (self.how.overwrite || held.is_null());
                    out.push(if replaced { &new } else { &held });
                }
                out.finish()
            }
        })
    }
}
