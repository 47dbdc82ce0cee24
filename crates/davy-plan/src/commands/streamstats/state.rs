//! The running aggregations of `streamstats`.

use crate::fold::Fold;
use crate::roweval::RowEval;
use crate::value::Val;
use crate::walk::{Row, Walker, group_key};
use datafusion_common::Result as DfResult;
use foldhash::fast::RandomState;
use std::collections::{HashMap, VecDeque};
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
    pub(super) global: bool,
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
            global: true,
            on_change: false,
            after: None,
        }
    }
}

/// One row in a window.
struct Entry {
    key: Arc<str>,
    values: Vec<Val<'static>>,
    time: f64,
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
    windows: HashMap<String, VecDeque<Entry>, RandomState>,
    last: Option<String>,
    /// Bytes of what grows with the rows: folds, and rows in windows.
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

    fn windowed(
        &mut self,
        key: &str,
        values: Vec<Val<'static>>,
        time: f64,
        out: &mut [Val<'static>],
    ) {
        let settings = self.settings.clone();
        let which = if settings.global { "" } else { key };
        if !self.windows.contains_key(which) {
            self.windows.insert(which.to_owned(), VecDeque::new());
        }
        let Some(window) = self.windows.get_mut(which) else { return };
        let entry = Entry { key: Arc::from(key), values, time };
        let before = window.len();
        let trim = |window: &mut VecDeque<Entry>| {
            while settings.window > 0 && window.len() > settings.window {
                window.pop_front();
            }
            if let Some(span) = settings.time_window {
                window.retain(|e| (e.time - time).abs() < span);
            }
        };
        let compute = |window: &VecDeque<Entry>, out: &mut [Val<'static>]| {
            let mut folds = Folds::new(&settings);
            for e in window.iter().filter(|e| *e.key == *key) {
                folds.add(&settings, &e.values, e.time);
            }
            folds.finish(out);
        };
        if settings.current {
            window.push_back(entry);
            trim(window);
            compute(window, out);
        } else {
            trim(window);
            compute(window, out);
            window.push_back(entry);
            trim(window);
        }
        let each = size_of::<Entry>() + 64 + settings.runs.len() * size_of::<Val<'_>>();
        self.bytes = (self.bytes + window.len() * each).saturating_sub(before * each);
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
            self.windowed(&key, values, time, out);
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
        let groups = self.groups.len() + self.windows.len();
        groups * (160 + 96 * self.settings.runs.len()) + self.bytes
    }

    fn apart(&self, row: Row<'_>) -> DfResult<Option<u64>> {
        let first = self.settings.runs.len() + 2;
        let Some(key) = group_key((0..self.settings.by).map(|i| row.get(first + i))) else {
            return Ok(None);
        };
        let held = self.groups.contains_key(&key) || self.windows.contains_key(&key);
        Ok((!held).then(|| self.hasher.hash_one(&key)))
    }
}
