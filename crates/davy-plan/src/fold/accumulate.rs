//! Folds as DataFusion's accumulators: of one group, and of many groups at once.

use super::{Fold, Maker};
use crate::column::{Builder, Column, Ty};
use crate::value::Val;
use arrow::array::{Array, ArrayRef, BooleanArray, StringViewBuilder};
use datafusion_common::{Result, ScalarValue};
use datafusion_expr::{Accumulator, EmitTo, GroupsAccumulator};
use davy_events::mv;
use std::sync::Arc;

/// Adds each value that a row holds.
fn add(fold: &mut dyn Fold, value: &Val<'_>, time: f64) {
    if value.is_null() {
        return;
    }
    if value.is_multi() {
        for one in value.values() {
            fold.add(&Val::Str(one), time);
        }
    } else {
        fold.add(value, time);
    }
}

/// The values and, for a function that asked for them, the times.
struct Input {
    values: Column,
    times: Option<Column>,
}

impl Input {
    fn new(arrays: &[ArrayRef]) -> Result<Option<Input>> {
        let Some(first) = arrays.first() else { return Ok(None) };
        let times = arrays.get(1).map(Column::new).transpose()?;
        Ok(Some(Input { values: Column::new(first)?, times }))
    }

    fn time(&self, row: usize) -> f64 {
        self.times.as_ref().map_or(0.0, |t| t.get(row).num().unwrap_or(f64::NAN))
    }
}

fn saved(fold: &dyn Fold) -> Option<String> {
    let texts = fold.save();
    (!texts.is_empty()).then(|| mv::encode(&texts))
}

fn load(fold: &mut dyn Fold, value: &Val<'_>) {
    let values = value.values();
    let texts: Vec<&str> = values.iter().map(AsRef::as_ref).collect();
    if !texts.is_empty() {
        fold.load(&texts);
    }
}

/// One group.
#[derive(Debug)]
pub(super) struct FoldAccumulator {
    pub fold: Box<dyn Fold>,
    pub ret: Ty,
}

impl Accumulator for FoldAccumulator {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let Some(input) = Input::new(values)? else { return Ok(()) };
        for row in 0..input.values.len() {
            add(self.fold.as_mut(), &input.values.get(row), input.time(row));
        }
        Ok(())
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let mut out = Builder::new(self.ret, 1);
        out.push(&self.fold.finish());
        ScalarValue::try_from_array(&out.finish(), 0)
    }

    fn size(&self) -> usize {
        size_of_val(self) + self.fold.size()
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        Ok(vec![ScalarValue::Utf8View(saved(self.fold.as_ref()))])
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        let Some(first) = states.first() else { return Ok(()) };
        let column = Column::new(first)?;
        for row in 0..column.len() {
            load(self.fold.as_mut(), &column.get(row));
        }
        Ok(())
    }
}

/// Many groups, without a copy of each group's rows.
pub(super) struct FoldGroups {
    make: Maker,
    folds: Vec<Box<dyn Fold>>,
    ret: Ty,
    /// What the folds hold, kept up to date since asking each of many is slow.
    bytes: usize,
}

impl FoldGroups {
    pub(super) fn new(make: Maker, ret: Ty) -> Self {
        FoldGroups { make, folds: Vec::new(), ret, bytes: 0 }
    }

    fn grow(&mut self, groups: usize) {
        while self.folds.len() < groups {
            let fold = (self.make)();
            self.bytes += fold.size();
            self.folds.push(fold);
        }
    }

    fn change(&mut self, group: usize, f: impl FnOnce(&mut dyn Fold)) {
        if let Some(fold) = self.folds.get_mut(group) {
            let before = fold.size();
            f(fold.as_mut());
            self.bytes = (self.bytes + fold.size()).saturating_sub(before);
        }
    }

    fn take(&mut self, emit_to: EmitTo) -> Vec<Box<dyn Fold>> {
        let taken = emit_to.take_needed(&mut self.folds);
        let size: usize = taken.iter().map(|f| f.size()).sum();
        self.bytes = self.bytes.saturating_sub(size);
        taken
    }
}

pub(super) fn passes(filter: Option<&BooleanArray>, row: usize) -> bool {
    filter.is_none_or(|f| f.is_valid(row) && f.value(row))
}

impl GroupsAccumulator for FoldGroups {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        group_indices: &[usize],
        opt_filter: Option<&BooleanArray>,
        total_num_groups: usize,
    ) -> Result<()> {
        self.grow(total_num_groups);
        let Some(input) = Input::new(values)? else { return Ok(()) };
        for (row, group) in group_indices.iter().enumerate() {
            if passes(opt_filter, row) {
                let (value, time) = (input.values.get(row), input.time(row));
                self.change(*group, |fold| add(fold, &value, time));
            }
        }
        Ok(())
    }

    fn evaluate(&mut self, emit_to: EmitTo) -> Result<ArrayRef> {
        let taken = self.take(emit_to);
        let mut out = Builder::new(self.ret, taken.len());
        taken.iter().for_each(|fold| out.push(&fold.finish()));
        Ok(out.finish())
    }

    fn state(&mut self, emit_to: EmitTo) -> Result<Vec<ArrayRef>> {
        let taken = self.take(emit_to);
        let mut out = StringViewBuilder::with_capacity(taken.len());
        taken.iter().for_each(|fold| out.append_option(saved(fold.as_ref())));
        Ok(vec![Arc::new(out.finish())])
    }

    fn merge_batch(
        &mut self,
        values: &[ArrayRef],
        group_indices: &[usize],
        total_num_groups: usize,
    ) -> Result<()> {
        self.grow(total_num_groups);
        let Some(first) = values.first() else { return Ok(()) };
        let column = Column::new(first)?;
        for (row, group) in group_indices.iter().enumerate() {
            let value = column.get(row);
            self.change(*group, |fold| load(fold, &value));
        }
        Ok(())
    }

    fn convert_to_state(
        &self,
        values: &[ArrayRef],
        opt_filter: Option<&BooleanArray>,
    ) -> Result<Vec<ArrayRef>> {
        let Some(input) = Input::new(values)? else { return Ok(Vec::new()) };
        let mut out = StringViewBuilder::with_capacity(input.values.len());
        for row in 0..input.values.len() {
            let mut fold = (self.make)();
            if passes(opt_filter, row) {
                add(fold.as_mut(), &input.values.get(row), input.time(row));
            }
            out.append_option(saved(fold.as_ref()));
        }
        Ok(vec![Arc::new(out.finish())])
    }

    fn size(&self) -> usize {
        size_of_val(self) + self.folds.capacity() * size_of::<Box<dyn Fold>>() + self.bytes
    }
}
