//! Events in transactions. They come from the newest to the oldest, so a transaction is opened by
//! its last event and closed by its first.

use super::Limits;
use crate::value::Val;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// An event, with the values of all columns.
pub(super) struct Event {
    pub(super) time: f64,
    pub(super) number: u64,
    pub(super) values: Vec<Val<'static>>,
    pub(super) is_start: bool,
    pub(super) is_end: bool,
}

impl Event {
    fn size(&self) -> usize {
        let text = |v: &Val<'_>| if let Val::Str(s) = v { s.len() } else { 0 };
        size_of::<Event>()
            + self.values.iter().map(|v| size_of::<Val<'_>>() + text(v)).sum::<usize>()
    }
}

/// What events are put together by.
#[derive(Debug)]
pub(super) struct Rule {
    pub(super) limits: Limits,
    /// The columns of the fields that they share; `None` for one that is not there.
    pub(super) fields: Vec<Option<usize>>,
    pub(super) has_starts: bool,
    pub(super) has_ends: bool,
}

impl Rule {
    fn values<'e>(&'e self, event: &'e Event) -> impl Iterator<Item = Option<&'e Val<'static>>> {
        let value = |at: &Option<usize>| at.and_then(|at| event.values.get(at));
        self.fields.iter().map(move |at| value(at).filter(|v| !v.is_null()))
    }

    /// Transactions give way to others.
    fn crowded(&self) -> bool {
        self.limits.open != usize::MAX || self.limits.open_events != usize::MAX
    }
}

/// What the values of an event tell of its transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// One value of each field: found by its key or not at all, while all so far were so.
    Single,
    /// None of the fields.
    Bare,
    /// Several values, or not all fields: it may belong to transactions with other keys.
    Loose,
}

/// A transaction to which events may still come.
struct Open {
    /// Newest first.
    events: Vec<Event>,
    /// The values of the fields that unify it.
    values: Vec<Option<Val<'static>>>,
    /// They as one text, where none is missing.
    key: Option<String>,
    newest: f64,
    oldest: f64,
    has_end: bool,
    /// The number of its first event.
    opened: u64,
    /// The number of the event that it took last: what was used least recently goes first.
    used: u64,
}

pub(super) struct Done {
    /// Newest first.
    pub(super) events: Vec<Event>,
    pub(super) closed: bool,
    pub(super) orphan: bool,
    /// Its place among the others: the number of the event at which it was closed.
    pub(super) number: u64,
}

pub(super) struct Grouper {
    rule: Arc<Rule>,
    open: Vec<Option<Open>>,
    /// Open transactions by the values of all fields.
    index: HashMap<String, usize, foldhash::fast::RandomState>,
    /// Every transaction so far had one value of each field.
    plain: bool,
    /// How many are open, and how many events they hold.
    open_count: usize,
    open_events: usize,
    bytes: usize,
    /// Open transactions by the event that they took last, where some give way to others.
    recent: BTreeMap<u64, usize>,
    seen: u64,
    /// The time of the oldest event.
    last: f64,
    /// The number of the event in hand.
    now: u64,
    done: Vec<Done>,
}

/// Where the numbers begin of transactions that nothing closed.
const LEFT_OPEN: u64 = 1 << 62;

impl Grouper {
    /// `last`: the time of an event that is known to come, or infinite.
    pub(super) fn new(rule: Arc<Rule>, last: f64) -> Grouper {
        Grouper {
            rule,
            open: Vec::new(),
            index: HashMap::default(),
            plain: true,
            open_count: 0,
            open_events: 0,
            bytes: 0,
            recent: BTreeMap::new(),
            seen: 0,
            last,
            now: 0,
            done: Vec::new(),
        }
    }

    pub(super) fn last(&self) -> f64 {
        self.last
    }

    /// An event of this time is known to come, or has come.
    pub(super) fn meet(&mut self, time: f64) {
        self.last = self.last.min(time);
    }

    pub(super) fn take(&mut self) -> Vec<Done> {
        std::mem::take(&mut self.done)
    }

    /// Bytes held in open transactions.
    pub(super) fn size(&self) -> usize {
        self.bytes + self.open.capacity() * size_of::<Option<Open>>() + self.open_count * 128
    }

    /// Every transaction so far is found by its key.
    pub(super) fn is_plain(&self) -> bool {
        self.plain
    }

    pub(super) fn holds(&self, key: &str) -> bool {
        self.index.contains_key(key)
    }

    pub(super) fn event(&mut self, event: Event) {
        let rule = self.rule.clone();
        let (is_start, is_end, time) = (event.is_start, event.is_end, event.time);
        self.meet(time);
        self.now = event.number;
        let (shape, key) = shape(rule.values(&event));
        let mut at = self.find(&rule, &event, shape, key.as_deref());
        if shape == Shape::Bare && at.is_none() && !rule.limits.unify_ends && (is_start || is_end) {
            // An event that only bounds a transaction need not share its fields.
            at = self.open.iter().rposition(Option::is_some);
        }
        if let Some(found) = at {
            let fits = self.open.get(found).and_then(Option::as_ref).is_some_and(|open| {
                // "The events in the transaction must span less than" maxspan.
                let spanned = open.newest - time;
                let span = rule.limits.span.is_none_or(|max| spanned < max || spanned == 0.0);
                let pause = rule.limits.pause.is_none_or(|max| open.oldest - time <= max);
                span && pause && open.events.len() < rule.limits.events
            });
            if !fits {
                self.close(found, true, self.now);
                at = None;
            } else if is_end {
                // Another end: what was open had no start.
                self.close(found, !rule.has_starts, self.now);
                at = None;
            }
        }
        let at = match at {
            Some(at) => at,
            None if shape == Shape::Bare => {
                let number = self.now;
                self.give(Done { events: vec![event], closed: false, orphan: true, number });
                return;
            }
            None => self.open(&rule, &event, shape, key),
        };
        self.put(&rule, at, event);
        if is_start {
            self.close(at, true, self.now);
        }
        while self.open_count > rule.limits.open || self.open_events > rule.limits.open_events {
            let Some(oldest) = self.recent.first_key_value().map(|(_, at)| *at) else { break };
            self.close(oldest, false, self.now);
        }
    }

    /// Opens a transaction for an event; returns its place.
    fn open(&mut self, rule: &Rule, event: &Event, shape: Shape, key: Option<String>) -> usize {
        self.tidy();
        self.plain &= shape == Shape::Single;
        if let Some(key) = &key {
            self.bytes += key.len() * 2;
            self.index.insert(key.clone(), self.open.len());
        }
        self.open.push(Some(Open {
            events: Vec::new(),
            values: rule.values(event).map(|v| v.cloned()).collect(),
            key,
            newest: event.time,
            oldest: event.time,
            has_end: event.is_end,
            opened: event.number,
            used: 0,
        }));
        self.open_count += 1;
        self.open.len() - 1
    }

    /// Puts an event into an open transaction.
    fn put(&mut self, rule: &Rule, at: usize, event: Event) {
        self.seen += 1;
        let Some(open) = self.open.get_mut(at).and_then(Option::as_mut) else { return };
        open.oldest = event.time;
        self.open_events += 1;
        self.bytes += event.size();
        if rule.crowded() {
            self.recent.remove(&open.used);
            open.used = self.seen;
            self.recent.insert(open.used, at);
        }
        if open.values.iter().any(Option::is_none) {
            for (held, value) in open.values.iter_mut().zip(rule.values(&event)) {
                if held.is_none() {
                    *held = value.cloned();
                }
            }
            (_, open.key) = shape(open.values.iter().map(Option::as_ref));
        }
        if let Some(key) = &open.key
            && !self.plain
        {
            self.index.insert(key.clone(), at);
        }
        open.events.push(event);
    }

    /// The open transaction that an event belongs to.
    fn find(&self, rule: &Rule, event: &Event, shape: Shape, key: Option<&str>) -> Option<usize> {
        if rule.fields.is_empty() {
            return self.open.iter().rposition(Option::is_some);
        }
        if shape == Shape::Bare {
            return None;
        }
        let there = |at: &usize| self.open.get(*at).is_some_and(Option::is_some);
        if let Some(at) = key.and_then(|key| self.index.get(key)).filter(|at| there(at)) {
            return Some(*at);
        }
        if self.plain && shape == Shape::Single {
            return None;
        }
        // Some transactions lack fields that this event has, or the other way round.
        self.open.iter().enumerate().rev().find_map(|(at, open)| {
            let open = open.as_ref()?;
            let mut shared = false;
            for (held, value) in open.values.iter().zip(rule.values(event)) {
                match (held, value) {
                    (Some(held), Some(value)) if agree(held, value) => shared = true,
                    (Some(_), Some(_)) => return None,
                    _ => {}
                }
            }
            (shared || !rule.limits.connected).then_some(at)
        })
    }

    fn close(&mut self, at: usize, complete: bool, number: u64) {
        let Some(open) = self.open.get_mut(at).and_then(Option::take) else { return };
        if let Some(key) = &open.key {
            self.index.remove(key);
            self.bytes = self.bytes.saturating_sub(key.len() * 2);
        }
        self.open_count -= 1;
        self.open_events -= open.events.len();
        let size: usize = open.events.iter().map(Event::size).sum();
        self.bytes = self.bytes.saturating_sub(size);
        self.recent.remove(&open.used);
        // With an end asked for, only what has one is whole.
        let closed = complete && (!self.rule.has_ends || open.has_end);
        self.give(Done { events: open.events, closed, orphan: false, number });
        while matches!(self.open.last(), Some(None)) {
            self.open.pop();
        }
    }

    fn give(&mut self, done: Done) {
        let Limits { keep_orphans, keep_evicted, .. } = self.rule.limits;
        let bounded = self.rule.has_starts || self.rule.has_ends;
        let kept = match done.orphan {
            true => keep_orphans,
            false => done.closed || keep_evicted || !bounded,
        };
        if kept {
            self.done.push(done);
        }
    }

    /// Takes out the places of transactions that are closed, once they are the most.
    fn tidy(&mut self) {
        if self.open.len() < 2 * self.open_count + 1024 {
            return;
        }
        let mut places = Vec::with_capacity(self.open.len());
        let mut next = 0;
        for open in &self.open {
            places.push(next);
            next += usize::from(open.is_some());
        }
        self.open.retain(Option::is_some);
        let moved = |at: &mut usize| *at = places.get(*at).copied().unwrap_or(*at);
        self.index.values_mut().for_each(moved);
        self.recent.values_mut().for_each(moved);
    }

    /// No event is left.
    pub(super) fn finish(&mut self) {
        let rule = self.rule.clone();
        let last = self.last;
        for at in 0..self.open.len() {
            let Some(open) = self.open.get(at).and_then(Option::as_ref) else { continue };
            // Events older than its limits were seen: nothing can come any more.
            let over = rule.limits.span.is_some_and(|max| open.newest - last >= max)
                || rule.limits.pause.is_some_and(|max| open.oldest - last > max)
                || open.events.len() >= rule.limits.events;
            let ended = !rule.has_starts && rule.has_ends && open.has_end;
            let number = LEFT_OPEN + open.opened;
            self.close(at, (over && !rule.has_starts) || ended, number);
        }
    }
}

/// What values of the fields tell, and they as one text where none is missing.
pub(super) fn shape<'v>(
    values: impl Iterator<Item = Option<&'v Val<'static>>>,
) -> (Shape, Option<String>) {
    let (mut key, mut some, mut all, mut single) = (String::new(), false, true, true);
    let mut fields = false;
    for value in values {
        fields = true;
        match value.and_then(|v| Some((v.text()?, v.is_multi()))) {
            Some((text, multi)) => {
                some = true;
                single &= !multi;
                crate::walk::push_key(&mut key, &text);
            }
            None => all = false,
        }
    }
    let shape = match (some, all) {
        (false, _) if fields => Shape::Bare,
        (_, true) if single => Shape::Single,
        _ => Shape::Loose,
    };
    (shape, all.then_some(key))
}

/// Any value in common.
fn agree(a: &Val<'_>, b: &Val<'_>) -> bool {
    let b = b.values();
    a.values().iter().any(|x| b.contains(x))
}
