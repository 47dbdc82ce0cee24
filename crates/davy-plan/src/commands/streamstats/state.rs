//! The running aggregations of `streamstats`.

use super::window::Windows;
use crate::fold::Fold;
use crate::roweval::RowEval;
use crate::value::Val;
use crate::walk::{Row, Walker, group_key};
use datafusion_common::Result as DfResult;
use foldhash::fast::RandomState;
use std::collections::HashMap;
use std::hash::BuildHasher;
use std::sync::Arc;

pub(super) struct Run {
    pub(super) make: fn(f64) -> Box<dyn Fold>,
    pub(super) number: f64,
    /// Null once a value is no number.
    pub(super) numeric: bool,
}

pub(super) struct After {
    pub(super) eval: RowEval,
    /// The place among what is read of the columns besides the results, and how many there are.
    pub(super) first: usize,
    pub(super) count: usize,
}

pub(super) struct Settings {
    pub(super) runs: Vec<Run>,
    pub(super) by: usize,
    pub(super) current: bool,
    pub(super) window: usize,
    pub(super) time_window: Option<f64>,
    /// One window for the rows of all groups.
    pub(super) global: bool,
    /// The first BY field is a number that only grows; rows of different ones never meet.
    pub(super) segments: bool,
    pub(super) on_change: bool,
    pub(super) after: Option<After>,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            runs: Vec::new(),
            by: 0,
            current: true,
            window: 0,
            time_window: None,
            global: false,
            segments: false,
            on_change: false,
            after: None,
        }
    }
}

/// The folds of one group.
struct Folds {
    folds: Vec<Box<dyn Fold>>,
    broken: Vec<bool>,
}

impl Folds {
    fn new(settings: &Settings) -> Self {
        Folds {
            folds: settings.runs.iter().map(|r| (r.make)(r.number)).collect(),
            broken: vec![false; settings.runs.len()],
        }
    }

    /// Returns how many bytes more are held.
    fn add(&mut self, settings: &Settings, values: &[Val<'_>], time: f64) -> isize {
        let runs = settings.runs.iter().zip(values);
        let mut more = 0;
        for ((fold, broken), (run, value)) in self.folds.iter_mut().zip(&mut self.broken).zip(runs)
        {
            if value.is_null() {
                continue;
            }
            more -= fold.size() as isize;
            *broken |= run.numeric && value.num().is_none();
            if value.is_multi() {
                value.values().into_iter().for_each(|one| fold.add(&Val::Str(one), time));
            } else {
                fold.add(value, time);
            }
            more += fold.size() as isize;
        }
        more
    }

    fn finish(&self, out: &mut [Val<'static>]) {
        for ((slot, fold), broken) in out.iter_mut().zip(&self.folds).zip(&self.broken) {
            *slot = if *broken { Val::Null } else { fold.finish() };
        }
    }
}

/// What is kept from row to row.
#[derive(Default)]
pub(super) struct State {
    settings: Arc<Settings>,
    groups: HashMap<String, Folds, RandomState>,
    windows: Windows,
    last: Option<String>,
    segment: f64,
    /// Bytes of folds, which grow with the rows.
    bytes: usize,
    hasher: RandomState,
}

impl State {
    pub(super) fn new(settings: Arc<Settings>) -> Self {
        State { settings, ..State::default() }
    }

    fn reset(&mut self) {
        self.groups.clear();
        self.windows.clear();
        self.bytes = 0;
    }
}

impl Walker for State {
    fn row(&mut self, row: Row<'_>, out: &mut [Val<'static>]) -> DfResult<bool> {
        let settings = self.settings.clone();
        let count = settings.runs.len();
        if row.get(count) == Val::Bool(true) {
            self.reset();
        }
        let time = row.get(count + 1).num().unwrap_or(0.0);
        if settings.segments {
            let segment = row.get(count + 2).num().unwrap_or(0.0);
            if segment != self.segment {
                self.reset();
                self.segment = segment;
            }
        }
        let by = (0..settings.by).map(|i| row.get(count + 2 + i));
        // A row that lacks a BY field belongs to no group.
        let Some(key) = group_key(by) else { return Ok(true) };
        if settings.on_change && settings.by > 0 {
            if self.last.as_ref().is_some_and(|last| *last != key) {
                self.reset();
            }
            self.last = Some(key.clone());
        }
        if settings.window > 0 || settings.time_window.is_some() {
            let values = (0..count).map(|i| row.get(i).into_owned()).collect();
            self.windows.row(&settings, &key, values, time, out);
        } else {
            let values: Vec<Val<'_>> = (0..count).map(|i| row.get(i)).collect();
            let folds = self.groups.entry(key).or_insert_with(|| Folds::new(&settings));
            let more = if settings.current {
                let more = folds.add(&settings, &values, time);
                folds.finish(out);
                more
            } else {
                folds.finish(out);
                folds.add(&settings, &values, time)
            };
            self.bytes = self.bytes.saturating_add_signed(more);
        }
        if let Some(after) = &settings.after {
            let mut values: Vec<Val<'_>> = out.to_vec();
            values.extend((0..after.count).map(|i| row.get(after.first + i)));
            if after.eval.truth(&values)? {
                self.reset();
            }
        }
        Ok(true)
    }

    fn size(&self) -> usize {
        // A group's key, its table entry, and its folds when they are new.
        let groups = self.groups.len() + self.windows.groups();
        groups * (160 + 96 * self.settings.runs.len()) + self.bytes + self.windows.size()
    }

    fn apart(&self, row: Row<'_>) -> DfResult<Option<u64>> {
        let first = self.settings.runs.len() + 2;
        let Some(key) = group_key((0..self.settings.by).map(|i| row.get(first + i))) else {
            return Ok(None);
        };
        let held = self.groups.contains_key(&key) || self.windows.holds(&key);
        Ok((!held).then(|| self.hasher.hash_one(&key)))
    }
}

/// Numbers the stretches of rows that begin where a condition holds.
#[derive(Default)]
pub(super) struct Segments(f64);

impl Walker for Segments {
    fn row(&mut self, row: Row<'_>, out: &mut [Val<'static>]) -> DfResult<bool> {
        if row.get(0) == Val::Bool(true) {
            self.0 += 1.0;
        }
        if let Some(slot) = out.first_mut() {
            *slot = Val::Num(self.0);
        }
        Ok(true)
    }
}
