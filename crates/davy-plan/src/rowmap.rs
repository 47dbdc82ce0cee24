//! Commands that handle each row by itself and set several columns at once: what one pass over a
//! text gives is not computed again for each column.

use crate::column::{Builder, Column, Ty};
use crate::mistake::given_up;
use crate::node::{SequentialNode, SequentialOp, SequentialState};
use crate::plan::{Failed, Plan};
use crate::value::Val;
use arrow::array::{Array, ArrayRef, RecordBatch, StringViewArray};
use arrow::datatypes::{Field, Schema, SchemaRef};
use datafusion_common::Result;
use std::collections::HashMap;
use std::sync::Arc;

/// What is done to a row.
pub(crate) trait RowMap: std::fmt::Debug + Send + Sync {
    fn name(&self) -> &'static str;

    /// Puts values into `out`, which has one place for each column that is set and holds `None` in
    /// all of them. `args` are the values of the columns that are read. The error is that of a
    /// regular expression that was given up.
    fn map(&self, args: &[Val<'_>], out: &mut [Option<Val<'static>>]) -> Result<(), String>;
}

/// A column that a [`RowMap`] sets.
#[derive(Debug, Clone)]
pub(crate) struct Set {
    pub(crate) name: String,
    pub(crate) ty: Ty,
    /// A row that gives no value keeps the one it had; otherwise it has none.
    pub(crate) keep: bool,
}

impl Set {
    /// Replaces the column of that name.
    pub(crate) fn new(name: impl Into<String>, ty: Ty) -> Self {
        Set { name: name.into(), ty, keep: false }
    }

    /// Replaces values only where there are new ones.
    pub(crate) fn keep(name: impl Into<String>, ty: Ty) -> Self {
        Set { name: name.into(), ty, keep: true }
    }
}

/// The plan with `map` applied to each row.
pub(crate) fn row_map(
    plan: Plan,
    reads: Vec<String>,
    sets: Vec<Set>,
    map: Arc<dyn RowMap>,
) -> Result<Plan, Failed> {
    let op = RowMapOp { reads, sets, map };
    Ok(Plan::new(SequentialNode::plan(plan.logical, Arc::new(op))?))
}

/// The rows for which `map`, which sets one truth value, says true.
pub(crate) fn row_filter(
    plan: Plan,
    reads: Vec<String>,
    map: Arc<dyn RowMap>,
) -> Result<Plan, Failed> {
    const HELD: &str = "__keep";
    let plan = row_map(plan, reads, vec![Set::new(HELD, Ty::Bool)], map)?;
    let held = plan.column(HELD).expr;
    plan.filter(held)?.without_columns(&[HELD.to_owned()])
}

#[derive(Debug)]
struct RowMapOp {
    reads: Vec<String>,
    sets: Vec<Set>,
    map: Arc<dyn RowMap>,
}

impl RowMapOp {
    /// The kind of a set column: one that keeps old values must hold both kinds.
    fn ty(&self, set: &Set, input: &Schema) -> Ty {
        match input.field_with_name(&set.name) {
            Ok(field) if set.keep => set.ty.unify(Ty::of(field.data_type())),
            _ => set.ty,
        }
    }
}

impl SequentialOp for RowMapOp {
    fn name(&self) -> &'static str {
        self.map.name()
    }

    fn schema(&self, input: &Schema) -> Result<Schema> {
        let mut fields: Vec<Arc<Field>> = input.fields().iter().cloned().collect();
        for set in &self.sets {
            let field = Arc::new(Field::new(&set.name, self.ty(set, input).data_type(), true));
            match fields.iter_mut().find(|f| *f.name() == set.name) {
                Some(slot) => *slot = field,
                None => fields.push(field),
            }
        }
        Ok(Schema::new(fields))
    }

    fn start(&self, input: SchemaRef) -> Result<Box<dyn SequentialState>> {
        let schema = Arc::new(self.schema(&input)?);
        let at = |name: &String| input.index_of(name).ok();
        let sets = self
            .sets
            .iter()
            .map(|set| {
                Ok(Target {
                    old: at(&set.name),
                    new: schema.index_of(&set.name)?,
                    ty: self.ty(set, &input),
                    keep: set.keep,
                })
            })
            .collect::<Result<Vec<Target>>>()?;
        let reads = self.reads.iter().map(at).collect();
        Ok(Box::new(RowMapState { schema, reads, sets, map: self.map.clone() }))
    }

    fn parallel(&self) -> bool {
        true
    }

    fn keeps(&self, column: &str) -> bool {
        !self.sets.iter().any(|set| set.name == column)
    }

    fn reads(&self) -> Option<Vec<&str>> {
        let kept = self.sets.iter().filter(|set| set.keep).map(|set| set.name.as_str());
        Some(self.reads.iter().map(String::as_str).chain(kept).collect())
    }
}

struct Target {
    old: Option<usize>,
    new: usize,
    ty: Ty,
    keep: bool,
}

struct RowMapState {
    schema: SchemaRef,
    reads: Vec<Option<usize>>,
    sets: Vec<Target>,
    map: Arc<dyn RowMap>,
}

impl SequentialState for RowMapState {
    fn push(&mut self, batch: &RecordBatch) -> Result<Vec<RecordBatch>> {
        let rows = batch.num_rows();
        let column = |at: &Option<usize>| match at {
            Some(at) => Column::new(batch.column(*at)),
            None => Ok(Column::Null(rows)),
        };
        let reads = self.reads.iter().map(column).collect::<Result<Vec<_>>>()?;
        let old = self
            .sets
            .iter()
            .map(|t| column(&t.old.filter(|_| t.keep)))
            .collect::<Result<Vec<_>>>()?;
        let mut built: Vec<Builder> = self.sets.iter().map(|t| Builder::new(t.ty, rows)).collect();
        let mut out: Vec<Option<Val<'static>>> = vec![None; self.sets.len()];
        let mut args = Vec::with_capacity(reads.len());
        let mut seen = Seen::of(&reads);
        for row in 0..rows {
            let text = seen.text(row);
            if let Some(made) = text.and_then(|text| seen.made.get(text)) {
                put(made, &mut built, &old, row);
                continue;
            }
            args.clear();
            args.extend(reads.iter().map(|c| c.get(row)));
            self.map.map(&args, &mut out).map_err(given_up)?;
            put(&out, &mut built, &old, row);
            match text {
                Some(text) => {
                    seen.add(text, std::mem::replace(&mut out, vec![None; self.sets.len()]))
                }
                None => out.fill(None),
            }
        }
        let mut columns: Vec<Option<ArrayRef>> =
            batch.columns().iter().cloned().map(Some).collect();
        columns.resize(self.schema.fields().len(), None);
        for (target, builder) in self.sets.iter().zip(built) {
            if let Some(slot) = columns.get_mut(target.new) {
                *slot = Some(builder.finish());
            }
        }
        let columns: Vec<ArrayRef> = columns.into_iter().flatten().collect();
        let options = arrow::array::RecordBatchOptions::new().with_row_count(Some(rows));
        Ok(vec![RecordBatch::try_new_with_options(self.schema.clone(), columns, &options)?])
    }
}

/// Appends the values of a row; where there is none, the one that it had.
fn put(made: &[Option<Val<'static>>], built: &mut [Builder], old: &[Column], row: usize) {
    for ((value, builder), old) in made.iter().zip(built).zip(old) {
        match value {
            Some(value) => builder.push(value),
            None => builder.push(&old.get(row)),
        }
    }
}

/// What was made of the texts of a batch: logs say much the same again and again, and a look at
/// what is known takes less than a regular expression.
struct Seen<'b> {
    /// The one column that is read; `None` where looking does not pay.
    texts: Option<&'b StringViewArray>,
    made: HashMap<&'b str, Vec<Option<Val<'static>>>>,
    looked: usize,
}

/// After so many texts it is seen whether they come again.
const TRIED: usize = 256;

impl<'b> Seen<'b> {
    fn of(reads: &'b [Column]) -> Seen<'b> {
        let texts = match reads {
            [Column::Text(texts)] => Some(texts),
            _ => None,
        };
        Seen { texts, made: HashMap::new(), looked: 0 }
    }

    /// The text of a row, where it may be known.
    fn text(&mut self, row: usize) -> Option<&'b str> {
        let texts = self.texts.filter(|texts| texts.is_valid(row))?;
        self.looked += 1;
        if self.looked == TRIED && self.made.len() * 4 > TRIED * 3 {
            self.texts = None;
            self.made = HashMap::new();
            return None;
        }
        Some(texts.value(row))
    }

    fn add(&mut self, text: &'b str, made: Vec<Option<Val<'static>>>) {
        self.made.insert(text, made);
    }
}
