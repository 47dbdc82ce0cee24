//! Functions that add numbers up. What they hold of many groups lies in one array, and columns of
//! numbers come to them without a detour through values, one after the other all the same.

use super::Fold;
use super::accumulate::passes;
use crate::column::Column;
use crate::value::{Val, parse_num};
use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Float64Array};
use arrow::datatypes::Float64Type;
use datafusion_common::{Result, ScalarValue};
use datafusion_expr::{Accumulator, EmitTo, GroupsAccumulator};
use davy_events::mv;
use std::fmt::Debug;
use std::sync::Arc;

/// What a function holds of the numbers of one group.
pub trait Tally: Debug + Clone + Send + Sync + 'static {
    /// How many numbers it is saved as.
    const WIDTH: usize;
    fn add(&mut self, n: f64);
    fn save(&self, saved: &mut [f64]);
    /// Adds what another one had seen.
    fn load(&mut self, saved: &[f64]);
    /// `None` where no number was seen.
    fn finish(&self) -> Option<f64>;
    /// Takes the oldest number out again; `false` where that is not exact.
    fn forget(&mut self, _n: f64) -> bool {
        false
    }
}

/// Sums of whole numbers below this lose no digit, so that a summand can be taken out again.
pub(crate) fn exact(n: f64, sum: f64) -> bool {
    n.fract() == 0.0 && sum.fract() == 0.0 && n.abs().max(sum.abs()) < 4_503_599_627_370_496.0
}

/// A tally that has seen nothing, as the maker of DataFusion's accumulators.
pub trait Empty {
    fn width(&self) -> usize;
    fn groups(&self) -> Box<dyn GroupsAccumulator>;
    fn one(&self) -> Box<dyn Accumulator>;
}

impl<T: Tally> Empty for T {
    fn width(&self) -> usize {
        T::WIDTH
    }

    fn groups(&self) -> Box<dyn GroupsAccumulator> {
        Box::new(Tallies { empty: self.clone(), all: Vec::new() })
    }

    fn one(&self) -> Box<dyn Accumulator> {
        Box::new(One(self.clone()))
    }
}

impl<T: Tally> Fold for T {
    fn add(&mut self, value: &Val<'_>, _: f64) {
        if let Some(n) = value.num() {
            Tally::add(self, n);
        }
    }

    fn save(&self) -> Vec<String> {
        let mut saved = vec![0.0; T::WIDTH];
        Tally::save(self, &mut saved);
        saved.iter().map(|n| format!("{n:?}")).collect()
    }

    fn load(&mut self, saved: &[&str]) {
        let saved: Vec<f64> = saved.iter().filter_map(|s| s.parse().ok()).collect();
        if saved.len() == T::WIDTH {
            Tally::load(self, &saved);
        }
    }

    fn finish(&self) -> Val<'static> {
        Tally::finish(self).map_or(Val::Null, Val::Num)
    }

    fn size(&self) -> usize {
        size_of::<T>()
    }

    fn forget(&mut self, value: &Val<'_>, _: f64) -> bool {
        value.num().is_none_or(|n| Tally::forget(self, n))
    }

    fn of_numbers(&self) -> Option<Box<dyn Empty>> {
        Some(Box::new(self.clone()))
    }
}

/// Each number of a column with its row; several values in one row come one by one.
fn each(array: &ArrayRef, mut give: impl FnMut(usize, f64)) -> Result<()> {
    match Column::new(array)? {
        Column::Null(_) | Column::Bool(_) => {}
        Column::Num(a) if a.null_count() == 0 => {
            a.values().iter().enumerate().for_each(|(row, n)| give(row, *n));
        }
        Column::Num(a) => {
            let there = a.iter().enumerate().filter_map(|(row, n)| Some((row, n?)));
            there.for_each(|(row, n)| give(row, n));
        }
        Column::Int(a) if a.null_count() == 0 => {
            a.values().iter().enumerate().for_each(|(row, n)| give(row, *n as f64));
        }
        Column::Int(a) => {
            let there = a.iter().enumerate().filter_map(|(row, n)| Some((row, n?)));
            there.for_each(|(row, n)| give(row, n as f64));
        }
        Column::Text(a) => {
            for (row, text) in a.iter().enumerate() {
                let Some(text) = text else { continue };
                match mv::is_multi(text) {
                    true => mv::split(text).filter_map(parse_num).for_each(|n| give(row, n)),
                    false => parse_num(text).into_iter().for_each(|n| give(row, n)),
                }
            }
        }
    }
    Ok(())
}

/// What was saved of each row.
fn saved<T: Tally>(states: &[ArrayRef], mut give: impl FnMut(usize, &[f64])) {
    let states: Vec<&Float64Array> =
        states.iter().map(|a| a.as_primitive::<Float64Type>()).collect();
    let rows = states.first().map_or(0, |a| a.len());
    let mut saved = vec![0.0; T::WIDTH];
    for row in 0..rows {
        for (slot, state) in saved.iter_mut().zip(&states) {
            *slot = state.value(row);
        }
        give(row, &saved);
    }
}

/// Many groups.
#[derive(Debug)]
struct Tallies<T> {
    empty: T,
    all: Vec<T>,
}

impl<T: Tally> Tallies<T> {
    fn grow(&mut self, groups: usize) {
        if self.all.len() < groups {
            self.all.resize(groups, self.empty.clone());
        }
    }
}

impl<T: Tally> GroupsAccumulator for Tallies<T> {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        group_indices: &[usize],
        opt_filter: Option<&BooleanArray>,
        total_num_groups: usize,
    ) -> Result<()> {
        self.grow(total_num_groups);
        let Some(first) = values.first() else { return Ok(()) };
        let all = self.all.as_mut_slice();
        let mut add = |row: usize, n: f64| {
            if let Some(tally) = group_indices.get(row).and_then(|group| all.get_mut(*group)) {
                tally.add(n);
            }
        };
        match opt_filter {
            None => each(first, add),
            Some(_) => each(first, |row, n| {
                if passes(opt_filter, row) {
                    add(row, n)
                }
            }),
        }
    }

    fn evaluate(&mut self, emit_to: EmitTo) -> Result<ArrayRef> {
        let taken = emit_to.take_needed(&mut self.all);
        Ok(Arc::new(taken.iter().map(Tally::finish).collect::<Float64Array>()))
    }

    fn state(&mut self, emit_to: EmitTo) -> Result<Vec<ArrayRef>> {
        let taken = emit_to.take_needed(&mut self.all);
        let mut columns = vec![Vec::with_capacity(taken.len()); T::WIDTH];
        let mut saved = vec![0.0; T::WIDTH];
        for tally in &taken {
            tally.save(&mut saved);
            columns.iter_mut().zip(&saved).for_each(|(column, n)| column.push(*n));
        }
        Ok(columns.into_iter().map(|c| Arc::new(Float64Array::from(c)) as ArrayRef).collect())
    }

    fn merge_batch(
        &mut self,
        values: &[ArrayRef],
        group_indices: &[usize],
        total_num_groups: usize,
    ) -> Result<()> {
        self.grow(total_num_groups);
        let all = self.all.as_mut_slice();
        saved::<T>(values, |row, saved| {
            if let Some(tally) = group_indices.get(row).and_then(|group| all.get_mut(*group)) {
                tally.load(saved);
            }
        });
        Ok(())
    }

    fn convert_to_state(
        &self,
        values: &[ArrayRef],
        opt_filter: Option<&BooleanArray>,
    ) -> Result<Vec<ArrayRef>> {
        let rows = values.first().map_or(0, |v| v.len());
        let mut each = Tallies { empty: self.empty.clone(), all: Vec::new() };
        let groups: Vec<usize> = (0..rows).collect();
        each.update_batch(values, &groups, opt_filter, rows)?;
        each.state(EmitTo::All)
    }

    fn size(&self) -> usize {
        size_of_val(self) + self.all.capacity() * size_of::<T>()
    }
}

/// One group.
#[derive(Debug)]
struct One<T>(T);

impl<T: Tally> Accumulator for One<T> {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let Some(first) = values.first() else { return Ok(()) };
        each(first, |_, n| self.0.add(n))
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        Ok(ScalarValue::Float64(self.0.finish()))
    }

    fn size(&self) -> usize {
        size_of_val(self)
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let mut saved = vec![0.0; T::WIDTH];
        self.0.save(&mut saved);
        Ok(saved.into_iter().map(|n| ScalarValue::Float64(Some(n))).collect())
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        saved::<T>(states, |_, saved| self.0.load(saved));
        Ok(())
    }
}
