//! Events in transactions. They are gone through from the newest to the oldest, so a transaction
//! is opened by its last event and closed by its first.

use super::{Limits, Shown};
use crate::counted::Counted;
use crate::plan::{Failed, PlanCx, Rows};
use crate::value::Val;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// A transaction to which events may still come.
struct Open {
    /// Newest first.
    events: Vec<usize>,
    /// The values of the fields that unify it.
    values: Vec<Option<Val<'static>>>,
    /// They as one text, where none is missing.
    key: Option<String>,
    newest: f64,
    oldest: f64,
    has_end: bool,
    /// The number of the event that it took last: what was used least recently goes first.
    used: u64,
}

struct Done {
    events: Vec<usize>,
    closed: bool,
    orphan: bool,
}

struct Grouper<'a> {
    limits: &'a Limits,
    starts: Option<Vec<bool>>,
    ends: Option<Vec<bool>>,
    open: Vec<Option<Open>>,
    /// Open transactions by the values of all fields.
    index: HashMap<String, usize>,
    /// Every transaction so far had one value of each field, and so is found by its key or not at
    /// all.
    plain: bool,
    /// How many are open, and how many events they hold.
    open_count: usize,
    open_events: usize,
    /// Open transactions by the event that they took last.
    recent: BTreeMap<u64, usize>,
    seen: u64,
    done: Vec<Done>,
}

pub(super) fn run(
    rows: Rows,
    names: &[String],
    starts: Option<Vec<bool>>,
    ends: Option<Vec<bool>>,
    limits: &Limits,
    shown: &Shown,
    cx: &PlanCx<'_>,
) -> Result<Rows, Failed> {
    let time_at = rows.column("_time");
    let time = |i: usize| {
        let value = time_at.and_then(|at| rows.rows.get(i).and_then(|r| r.get(at)));
        value.and_then(Val::num).unwrap_or(0.0)
    };
    let mut order: Vec<usize> = (0..rows.rows.len()).collect();
    order.sort_by(|a, b| time(*b).total_cmp(&time(*a)));
    let columns: Vec<Option<usize>> = names.iter().map(|n| rows.column(n)).collect();
    let mut grouper = Grouper {
        limits,
        starts,
        ends,
        open: Vec::new(),
        index: HashMap::new(),
        plain: true,
        open_count: 0,
        open_events: 0,
        recent: BTreeMap::new(),
        seen: 0,
        done: Vec::new(),
    };
    let mut last = f64::INFINITY;
    let mut steps = Counted::new(cx);
    for i in order {
        steps.step()?;
        let Some(row) = rows.rows.get(i) else { continue };
        let values = columns
            .iter()
            .map(|c| c.and_then(|c| row.get(c)).filter(|v| !v.is_null()).cloned())
            .collect();
        last = time(i);
        grouper.event(i, last, values);
    }
    grouper.finish(last);
    let mut done = grouper.done;
    let oldest = |d: &Done| d.events.last().map_or(0.0, |i| time(*i));
    done.sort_by(|a, b| oldest(b).total_cmp(&oldest(a)));
    let unified: Vec<usize> = columns.into_iter().flatten().collect();
    Ok(render(&rows, &done, time, shown, &unified))
}

impl Grouper<'_> {
    fn flag(list: &Option<Vec<bool>>, i: usize) -> bool {
        list.as_ref().and_then(|l| l.get(i)).copied().unwrap_or(false)
    }

    fn event(&mut self, i: usize, time: f64, values: Vec<Option<Val<'static>>>) {
        let is_start = Self::flag(&self.starts, i);
        let is_end = Self::flag(&self.ends, i);
        let bare = !values.is_empty() && values.iter().all(Option::is_none);
        let key = full_key(&values);
        let single = key.is_some() && !values.iter().flatten().any(Val::is_multi);
        let mut at = self.find(&values, key.as_deref(), single);
        if bare && at.is_none() && !self.limits.unify_ends && (is_start || is_end) {
            // An event that only bounds a transaction need not share its fields.
            at = self.open.iter().rposition(Option::is_some);
        }
        if let Some(found) = at {
            let fits = self.open.get(found).and_then(Option::as_ref).is_some_and(|open| {
                // "The events in the transaction must span less than" maxspan.
                let spanned = open.newest - time;
                let span = self.limits.span.is_none_or(|max| spanned < max || spanned == 0.0);
                let pause = self.limits.pause.is_none_or(|max| open.oldest - time <= max);
                span && pause && open.events.len() < self.limits.events
            });
            if !fits {
                self.close(found, true);
                at = None;
            } else if is_end {
                // Another end: what was open had no start.
                self.close(found, self.starts.is_none());
                at = None;
            }
        }
        let at = match at {
            Some(at) => at,
            None if bare => {
                self.done.push(Done { events: vec![i], closed: false, orphan: true });
                return;
            }
            None => {
                self.plain &= single;
                if let Some(key) = &key {
                    self.index.insert(key.clone(), self.open.len());
                }
                self.open.push(Some(Open {
                    events: Vec::new(),
                    values: values.clone(),
                    key,
                    newest: time,
                    oldest: time,
                    has_end: is_end,
                    used: 0,
                }));
                self.open_count += 1;
                self.open.len() - 1
            }
        };
        self.seen += 1;
        if let Some(open) = self.open.get_mut(at).and_then(Option::as_mut) {
            open.events.push(i);
            open.oldest = time;
            self.open_events += 1;
            self.recent.remove(&open.used);
            open.used = self.seen;
            self.recent.insert(open.used, at);
            if open.values.iter().any(Option::is_none) {
                for (held, value) in open.values.iter_mut().zip(values) {
                    if held.is_none() {
                        *held = value;
                    }
                }
                open.key = full_key(&open.values);
            }
            if let Some(key) = &open.key
                && !self.plain
            {
                self.index.insert(key.clone(), at);
            }
        }
        if is_start {
            self.close(at, true);
        }
        while self.open_count > self.limits.open || self.open_events > self.limits.open_events {
            let Some(oldest) = self.recent.first_key_value().map(|(_, at)| *at) else { break };
            self.close(oldest, false);
        }
    }

    /// The open transaction that an event with these values belongs to.
    fn find(
        &self,
        values: &[Option<Val<'static>>],
        key: Option<&str>,
        single: bool,
    ) -> Option<usize> {
        if values.is_empty() {
            return self.open.iter().rposition(Option::is_some);
        }
        if values.iter().all(Option::is_none) {
            return None;
        }
        let there = |at: &usize| self.open.get(*at).is_some_and(Option::is_some);
        if let Some(at) = key.and_then(|key| self.index.get(key)).filter(|at| there(at)) {
            return Some(*at);
        }
        if self.plain && single {
            return None;
        }
        // Some transactions lack fields that this event has, or the other way round.
        self.open.iter().enumerate().rev().find_map(|(at, open)| {
            let open = open.as_ref()?;
            let mut shared = false;
            for (held, value) in open.values.iter().zip(values) {
                match (held, value) {
                    (Some(held), Some(value)) if agree(held, value) => shared = true,
                    (Some(_), Some(_)) => return None,
                    _ => {}
                }
            }
            (shared || !self.limits.connected).then_some(at)
        })
    }

    fn close(&mut self, at: usize, complete: bool) {
        let Some(open) = self.open.get_mut(at).and_then(Option::take) else { return };
        if let Some(key) = &open.key {
            self.index.remove(key);
        }
        self.open_count -= 1;
        self.open_events -= open.events.len();
        self.recent.remove(&open.used);
        // With an end asked for, only what has one is whole.
        let closed = complete && (self.ends.is_none() || open.has_end);
        self.done.push(Done { events: open.events, closed, orphan: false });
        while matches!(self.open.last(), Some(None)) {
            self.open.pop();
        }
    }

    fn finish(&mut self, last: f64) {
        for at in 0..self.open.len() {
            let Some(open) = self.open.get(at).and_then(Option::as_ref) else { continue };
            // Events older than its limits were seen: nothing can come any more.
            let over = self.limits.span.is_some_and(|max| open.newest - last >= max)
                || self.limits.pause.is_some_and(|max| open.oldest - last > max)
                || open.events.len() >= self.limits.events;
            let ended = self.starts.is_none() && self.ends.is_some() && open.has_end;
            let unbounded = self.starts.is_none();
            self.close(at, (over && unbounded) || ended);
        }
        let bounded = self.starts.is_some() || self.ends.is_some();
        let (orphans, evicted) = (self.limits.keep_orphans, self.limits.keep_evicted);
        self.done.retain(|d| match d.orphan {
            true => orphans,
            false => d.closed || evicted || !bounded,
        });
    }
}

fn full_key(values: &[Option<Val<'static>>]) -> Option<String> {
    let mut key = String::new();
    for value in values {
        crate::walk::push_key(&mut key, &value.as_ref()?.text()?);
    }
    Some(key)
}

/// Any value in common.
fn agree(a: &Val<'_>, b: &Val<'_>) -> bool {
    let b = b.values();
    a.values().iter().any(|x| b.contains(x))
}

/// One row for each transaction.
fn render(
    rows: &Rows,
    done: &[Done],
    time: impl Fn(usize) -> f64,
    shown: &Shown,
    unified: &[usize],
) -> Rows {
    let mut names = rows.names.clone();
    names.retain(|n| !super::MADE.contains(&n.as_str()) && n != "_txn_orphan");
    let sources: Vec<Option<usize>> = names.iter().map(|n| rows.column(n)).collect();
    names.extend(super::MADE.map(str::to_owned));
    let orphans = done.iter().any(|d| d.orphan);
    if orphans {
        names.push("_txn_orphan".to_owned());
    }
    let mut out = Vec::with_capacity(done.len());
    for txn in done {
        // From the oldest on.
        let events: Vec<usize> = txn.events.iter().rev().copied().collect();
        let (Some(first), Some(last)) = (events.first(), events.last()) else { continue };
        let mut row: Vec<Val<'static>> = Vec::with_capacity(names.len());
        for (name, source) in names.iter().zip(&sources) {
            let values = events.iter().map(|i| {
                let row = rows.rows.get(*i);
                source.and_then(|s| row.and_then(|r| r.get(s))).unwrap_or(&Val::Null)
            });
            row.push(match name.as_str() {
                "_time" => Val::Num(time(*first)),
                "_raw" => raw(values, shown),
                _ if shown.list_all || shown.list.contains(name) => listed(values, shown),
                _ => distinct(values),
            });
        }
        row.push(Val::Num(time(*last) - time(*first)));
        row.push(Val::Num(events.len() as f64));
        row.push(Val::Num(f64::from(u8::from(txn.closed))));
        // As the page's last example shows them: the unifying fields of all events, and their lines.
        let count =
            |per: &dyn Fn(usize) -> usize| events.iter().map(|i| per(*i)).sum::<usize>() as f64;
        let value = |i: usize, at: usize| rows.rows.get(i).and_then(|r| r.get(at));
        let held = |i: usize, at: &usize| value(i, *at).is_some_and(|v| !v.is_null());
        row.push(Val::Num(count(&|i| unified.iter().filter(|at| held(i, at)).count())));
        let raw = rows.column("_raw");
        let text = |i: usize| raw.and_then(|at| value(i, at)).and_then(Val::text);
        row.push(Val::Num(count(&|i| text(i).map_or(1, |t| t.lines().count().max(1)))));
        if orphans {
            row.push(if txn.orphan { Val::Num(1.0) } else { Val::Null });
        }
        out.push(row);
    }
    Rows { names, rows: out }
}

fn raw<'v>(values: impl Iterator<Item = &'v Val<'static>>, shown: &Shown) -> Val<'static> {
    let texts: Vec<String> = values.filter_map(|v| v.text().map(|t| t.into_owned())).collect();
    match (texts.is_empty(), shown.mv_raw) {
        (true, _) => Val::Null,
        (false, true) => Val::multi(&texts),
        (false, false) => Val::str(texts.join(shown.delim.as_deref().unwrap_or("\n"))),
    }
}

fn listed<'v>(values: impl Iterator<Item = &'v Val<'static>>, shown: &Shown) -> Val<'static> {
    let mut texts: Vec<String> = Vec::new();
    let mut any = false;
    for value in values {
        let list = value.values();
        any |= !list.is_empty();
        if list.is_empty() {
            texts.push(shown.null.clone());
        }
        texts.extend(list.into_iter().map(|t| t.into_owned()));
    }
    if any { Val::multi(&texts) } else { Val::Null }
}

fn distinct<'v>(values: impl Iterator<Item = &'v Val<'static>>) -> Val<'static> {
    let mut set: BTreeSet<String> = BTreeSet::new();
    for value in values {
        set.extend(value.values().into_iter().map(|t| t.into_owned()));
    }
    let all: Vec<String> = set.into_iter().collect();
    Val::multi(&all)
}
