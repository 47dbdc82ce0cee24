//! Windows of rows that move on: what leaves one is taken out of its aggregations again, so that a
//! row costs the same however long the window is. A function that cannot do so without the other
//! values is made anew of them when its result is wanted.

use super::state::{Run, Settings};
use crate::fold::{Fold, SetResult};
use crate::value::Val;
use foldhash::fast::RandomState;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;

/// Rows in a window of time: `max_stream_window` of limits.conf. "The count will never be greater
/// than 10000." Search Reference, streamstats, example 4.
const MOST: usize = 10_000;

/// One row in a window.
struct Entry {
    values: Vec<Val<'static>>,
    time: f64,
    bytes: usize,
}

/// The rows of one group that are in the window.
struct Group {
    rows: VecDeque<Entry>,
    folds: Vec<Box<dyn Fold>>,
    /// The aggregations that are to be made anew.
    stale: Vec<bool>,
    /// How many values are no number, of each aggregation.
    odd: Vec<usize>,
}

impl Group {
    fn new(settings: &Settings) -> Self {
        let runs = settings.runs.len();
        Group {
            rows: VecDeque::new(),
            folds: settings.runs.iter().map(fold).collect(),
            stale: vec![false; runs],
            odd: vec![0; runs],
        }
    }

    fn push(&mut self, entry: Entry) {
        for (i, value) in entry.values.iter().enumerate() {
            if value.is_null() {
                continue;
            }
            if let Some(odd) = self.odd.get_mut(i) {
                *odd += usize::from(value.num().is_none());
            }
            if let (Some(fold), Some(false)) = (self.folds.get_mut(i), self.stale.get(i)) {
                add(fold.as_mut(), value, entry.time);
            }
        }
        self.rows.push_back(entry);
    }

    /// Takes the oldest row out; gives its bytes.
    fn pop(&mut self) -> usize {
        let Some(entry) = self.rows.pop_front() else { return 0 };
        for (i, value) in entry.values.iter().enumerate() {
            if value.is_null() {
                continue;
            }
            if let Some(odd) = self.odd.get_mut(i) {
                *odd -= usize::from(value.num().is_none());
            }
            if let (Some(fold), Some(stale)) = (self.folds.get_mut(i), self.stale.get_mut(i)) {
                *stale = *stale || !forget(fold.as_mut(), value, entry.time);
            }
        }
        entry.bytes
    }

    /// Keeps the rows of some times; gives the bytes of the others.
    fn keep(&mut self, fresh: impl Fn(f64) -> bool) -> usize {
        let mut gone = 0;
        let odd = &mut self.odd;
        self.rows.retain(|entry| {
            let keep = fresh(entry.time);
            if !keep {
                gone += entry.bytes;
                for (odd, value) in odd.iter_mut().zip(&entry.values) {
                    *odd -= usize::from(!value.is_null() && value.num().is_none());
                }
            }
            keep
        });
        if gone > 0 {
            self.stale.fill(true);
        }
        gone
    }

    fn finish(&mut self, settings: &Settings, out: &mut [Val<'static>]) {
        for (i, (slot, run)) in out.iter_mut().zip(&settings.runs).enumerate() {
            let odd = run.numeric && self.odd.get(i).is_some_and(|n| *n > 0);
            let (Some(held), Some(stale)) = (self.folds.get_mut(i), self.stale.get_mut(i)) else {
                continue;
            };
            if *stale {
                *held = fold(run);
                for entry in &self.rows {
                    let value = entry.values.get(i).filter(|v| !v.is_null());
                    value.into_iter().for_each(|v| add(held.as_mut(), v, entry.time));
                }
                *stale = false;
            }
            *slot = if odd { Val::Null } else { held.finish() };
        }
    }
}

fn add(fold: &mut dyn Fold, value: &Val<'_>, time: f64) {
    match value.is_multi() {
        true => value.values().into_iter().for_each(|one| fold.add(&Val::Str(one), time)),
        false => fold.add(value, time),
    }
}

fn forget(fold: &mut dyn Fold, value: &Val<'_>, time: f64) -> bool {
    match value.is_multi() {
        true => value.values().into_iter().all(|one| fold.forget(&Val::Str(one), time)),
        false => fold.forget(value, time),
    }
}

/// A fold that has seen nothing; one of distinct values counts them, so that it can forget.
fn fold(run: &Run) -> Box<dyn Fold> {
    let fold = (run.make)(run.number);
    match fold.of_set() {
        Some(result) => Box::new(Counted::of(result)),
        None => fold,
    }
}

/// Distinct values, and how often each is there.
#[derive(Debug)]
struct Counted {
    result: SetResult,
    counts: BTreeMap<String, usize>,
}

impl Counted {
    fn of(result: SetResult) -> Self {
        Counted { result, counts: BTreeMap::new() }
    }

    fn count(&mut self, text: &str) {
        match self.counts.get_mut(text) {
            Some(n) => *n += 1,
            None => {
                self.counts.insert(text.to_owned(), 1);
            }
        }
    }
}

impl Fold for Counted {
    fn add(&mut self, value: &Val<'_>, _: f64) {
        if let Some(text) = value.text() {
            self.count(&text);
        }
    }

    fn save(&self) -> Vec<String> {
        self.counts.keys().cloned().collect()
    }

    fn load(&mut self, saved: &[&str]) {
        saved.iter().for_each(|text| self.count(text));
    }

    fn finish(&self) -> Val<'static> {
        match self.result {
            SetResult::Count => Val::Num(self.counts.len() as f64),
            SetResult::Values => Val::multi(&self.counts.keys().collect::<Vec<_>>()),
        }
    }

    fn size(&self) -> usize {
        self.counts.keys().map(|text| text.len() + 48).sum()
    }

    fn forget(&mut self, value: &Val<'_>, _: f64) -> bool {
        let Some(text) = value.text() else { return true };
        match self.counts.get_mut(text.as_ref()) {
            Some(n) if *n > 1 => *n -= 1,
            _ => {
                self.counts.remove(text.as_ref());
            }
        }
        true
    }
}

/// The windows of all groups.
#[derive(Default)]
pub(super) struct Windows {
    groups: HashMap<Arc<str>, Group, RandomState>,
    /// The groups and times of the rows in one window for all groups, the oldest first.
    order: VecDeque<(Arc<str>, f64)>,
    last: Option<f64>,
    /// Whether times only grow, or only fall, as they should.
    grow: Option<bool>,
    mixed: bool,
    rows: usize,
    /// How many rows there were when those of groups that come no more were last looked for.
    swept: usize,
    bytes: usize,
}

impl Windows {
    pub(super) fn clear(&mut self) {
        *self = Windows::default();
    }

    pub(super) fn holds(&self, key: &str) -> bool {
        self.groups.contains_key(key)
    }

    pub(super) fn groups(&self) -> usize {
        self.groups.len()
    }

    /// Bytes of the rows in windows, and of what is made of them.
    pub(super) fn size(&self) -> usize {
        self.bytes
    }

    /// Goes on to a row of a group, and gives its aggregations.
    pub(super) fn row(
        &mut self,
        settings: &Settings,
        key: &str,
        values: Vec<Val<'static>>,
        time: f64,
        out: &mut [Val<'static>],
    ) {
        self.meet(time);
        let key: Arc<str> = match self.groups.get_key_value(key) {
            Some((key, _)) => key.clone(),
            None => Arc::from(key),
        };
        let text = |v: &Val<'_>| if let Val::Str(s) = v { s.len() } else { 0 };
        let texts: usize = values.iter().map(text).sum();
        // Twice, since an aggregation may hold the value once more.
        let bytes = size_of::<Entry>() + 2 * (size_of_val(values.as_slice()) + texts) + 32;
        let entry = Entry { values, time, bytes };
        if settings.current {
            self.push(settings, &key, entry);
            self.trim(settings, &key, time);
            self.finish(settings, &key, out);
        } else {
            self.trim(settings, &key, time);
            self.finish(settings, &key, out);
            self.push(settings, &key, entry);
            self.trim(settings, &key, time);
        }
        if settings.time_window.is_some() && self.rows >= 2 * self.swept.max(1024) {
            self.sweep(settings, time);
        }
    }

    fn meet(&mut self, time: f64) {
        if let Some(last) = self.last
            && last != time
        {
            let grows = time > last;
            self.mixed |= self.grow.is_some_and(|before| before != grows);
            self.grow = Some(grows);
        }
        self.last = Some(time);
    }

    fn push(&mut self, settings: &Settings, key: &Arc<str>, entry: Entry) {
        self.rows += 1;
        self.bytes += entry.bytes;
        if settings.global {
            self.order.push_back((key.clone(), entry.time));
        }
        let group = self.groups.entry(key.clone());
        group.or_insert_with(|| Group::new(settings)).push(entry);
    }

    fn finish(&mut self, settings: &Settings, key: &Arc<str>, out: &mut [Val<'static>]) {
        match self.groups.get_mut(key) {
            Some(group) => group.finish(settings, out),
            None => Group::new(settings).finish(settings, out),
        }
    }

    /// Takes out what the window does not reach any more.
    fn trim(&mut self, settings: &Settings, key: &Arc<str>, time: f64) {
        let fresh = |at: f64| settings.time_window.is_none_or(|span| (at - time).abs() < span);
        if settings.global {
            let over = |order: &VecDeque<(Arc<str>, f64)>| {
                order.len() > settings.window || order.front().is_some_and(|(_, at)| !fresh(*at))
            };
            while over(&self.order) {
                let Some((key, _)) = self.order.pop_front() else { break };
                self.pop(&key);
                if self.groups.get(&key).is_some_and(|group| group.rows.is_empty()) {
                    self.groups.remove(&key);
                }
            }
            if self.mixed && settings.time_window.is_some() {
                self.order.retain(|(_, at)| fresh(*at));
                self.keep(fresh);
            }
            return;
        }
        let most = if settings.window > 0 { settings.window } else { MOST };
        while self.groups.get(key).is_some_and(|group| {
            group.rows.len() > most || group.rows.front().is_some_and(|row| !fresh(row.time))
        }) {
            self.pop(key);
        }
        if self.mixed
            && settings.time_window.is_some()
            && let Some(group) = self.groups.get_mut(key)
        {
            let before = group.rows.len();
            self.bytes -= group.keep(fresh);
            self.rows -= before - group.rows.len();
        }
    }

    fn pop(&mut self, key: &Arc<str>) {
        if let Some(group) = self.groups.get_mut(key) {
            let before = group.rows.len();
            self.bytes -= group.pop();
            self.rows -= before - group.rows.len();
        }
    }

    fn keep(&mut self, fresh: impl Fn(f64) -> bool) {
        for group in self.groups.values_mut() {
            let before = group.rows.len();
            self.bytes -= group.keep(&fresh);
            self.rows -= before - group.rows.len();
        }
    }

    /// Lets go of the rows of groups that come no more.
    fn sweep(&mut self, settings: &Settings, time: f64) {
        if !settings.global
            && !self.mixed
            && let Some(span) = settings.time_window
        {
            self.keep(|at| (at - time).abs() < span);
            self.groups.retain(|_, group| !group.rows.is_empty());
        }
        self.swept = self.rows;
    }
}

#[cfg(test)]
mod tests {
    use super::super::state::{Run, Settings};
    use super::Windows;
    use crate::column::Ty;
    use crate::spec::AggKernel;
    use crate::value::Val;

    /// Some values, the same in every run: whole numbers, fractions, texts, several, none.
    fn value(n: u64) -> Val<'static> {
        match n % 7 {
            0 => Val::Null,
            1 => Val::str("x"),
            2 => Val::Num(n as f64 / 8.0),
            3 => Val::multi(&["2", "b"]),
            _ => Val::Num((n % 23) as f64),
        }
    }

    type Past = (String, Val<'static>, f64);

    /// What is left in the window of a group, or of all, told row by row.
    fn trim(past: &mut Vec<Past>, settings: &Settings, key: &str, time: f64) {
        let here = |k: &str| settings.global || k == key;
        let fresh = |at: f64| settings.time_window.is_none_or(|span| (at - time).abs() < span);
        let mut over = match settings.window {
            0 => 0,
            n => past.iter().filter(|(k, _, _)| here(k)).count().saturating_sub(n),
        };
        past.retain(|(k, _, _)| {
            let gone = over > 0 && here(k);
            over -= usize::from(gone);
            !gone
        });
        past.retain(|(k, _, at)| fresh(*at) || !here(k));
    }

    #[test]
    fn windows_give_what_their_rows_give() {
        let makes: Vec<(&str, _)> = crate::aggregates::all()
            .filter_map(|spec| match (spec.kernel)(Ty::Text) {
                AggKernel::Fold(make) => Some((spec.name, make)),
                AggKernel::Native(_) => None,
            })
            .collect();
        assert!(makes.len() > 15);
        for (window, time_window, global, current) in [
            (3, None, false, true),
            (4, None, true, true),
            (4, None, true, false),
            (0, Some(5.0), false, true),
            (2, Some(4.0), true, true),
            (3, Some(4.0), false, false),
        ] {
            let run = |make| Run { make, number: 50.0, numeric: false };
            let runs = makes.iter().map(|(_, make)| run(*make)).collect();
            let settings = Settings {
                runs,
                by: 1,
                current,
                window,
                time_window,
                global,
                ..Settings::default()
            };
            let mut windows = Windows::default();
            let mut past: Vec<Past> = Vec::new();
            let mut seed = 12345_u64;
            for i in 0..400_u64 {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                let (key, value) = (format!("k{}", (seed >> 40) % 3), value(seed >> 33));
                // Towards the end times go back and forth.
                let time = if i < 350 { (i / 2) as f64 } else { (170 + (seed >> 50) % 8) as f64 };
                let mut out = vec![Val::Null; makes.len()];
                windows.row(&settings, &key, vec![value.clone(); makes.len()], time, &mut out);
                if current {
                    past.push((key.clone(), value.clone(), time));
                }
                trim(&mut past, &settings, &key, time);
                let seen: Vec<&Past> = past.iter().filter(|(k, _, _)| *k == key).collect();
                for ((name, make), got) in makes.iter().zip(&out) {
                    let mut fold = make(50.0);
                    for (_, value, at) in &seen {
                        if !value.is_null() {
                            super::add(fold.as_mut(), value, *at);
                        }
                    }
                    assert_eq!(*got, fold.finish(), "{name}, row {i}, window {window}");
                }
                if !current {
                    past.push((key.clone(), value, time));
                    trim(&mut past, &settings, &key, time);
                }
            }
        }
    }
}
