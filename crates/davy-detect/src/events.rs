//! The events behind findings.

use crate::finding::Finding;
use crate::hunt::Hunt;
use crate::row::Row;
use crate::run::{World, prepare_detection};
use davy_content::Detection;
use davy_exec::{EventSource, Matching, RunError, Search};
use davy_plan::{Env, FieldSet, Val};
use davy_spl::ast::{ArgKind, Args, Pipeline};
use serde_json::{Map, Value, json};
use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// Events that are kept of one finding; the rest is counted.
const KEPT: usize = 100;

/// The events of one finding.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FindingEvents {
    pub events: Vec<Event>,
    /// Events beyond those.
    pub more: usize,
    /// How they were found; says so where not every event need belong to the finding.
    pub note: String,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Its number in the reading: the same event has the same one in all findings.
    pub seq: u64,
    /// All fields, `_raw` too; those of a data model where a detection reads one. Findings that
    /// share an event share this.
    pub row: Arc<Row>,
    /// The alternatives of the search's outer `OR`s that it meets, as SPL.
    pub branches: Vec<Arc<str>>,
}

/// Numbers events in the order in which they are met, so that each is written once however many
/// findings have it.
#[derive(Debug, Default)]
pub struct EventNumbers(HashMap<u64, usize>);

impl EventNumbers {
    /// An event's number, from 0 on, and whether it is new.
    pub fn number(&mut self, event: &Event) -> (usize, bool) {
        let next = self.0.len();
        let number = *self.0.entry(event.seq).or_insert(next);
        (number, number == next)
    }
}

impl FindingEvents {
    /// How a finding refers to its events; those that are met the first time go to `new` as
    /// records of their own: `{"event": NUMBER, "fields": {…}}`.
    pub fn to_json(
        &self,
        numbers: &mut EventNumbers,
        new: &mut Vec<Map<String, Value>>,
    ) -> Map<String, Value> {
        let events: Vec<Value> = self
            .events
            .iter()
            .map(|event| {
                let (number, is_new) = numbers.number(event);
                if is_new {
                    let fields = ("fields".to_owned(), Value::Object(event.row.to_json()));
                    new.push([("event".to_owned(), json!(number)), fields].into_iter().collect());
                }
                let branches: Vec<&str> = event.branches.iter().map(|b| &**b).collect();
                json!({ "event": number, "matched": branches })
            })
            .collect();
        let value = json!({ "events": events, "more": self.more, "note": self.note });
        match value {
            Value::Object(map) => map,
            _ => Map::new(),
        }
    }
}

/// Gives the findings their events, in one more reading for the detections that found something;
/// those of the second stage have the risk events and notables that it read.
pub fn matching_events(
    world: &World<'_>,
    detections: &[&Detection],
    hunt: &mut Hunt,
    source: &Arc<dyn EventSource>,
    env: &Env,
    stop: &Arc<AtomicBool>,
) -> Result<(), RunError> {
    let found: BTreeSet<&str> = hunt.findings.iter().map(|f| f.id.as_str()).collect();
    let (second, first): (Vec<_>, Vec<_>) = detections
        .iter()
        .filter(|d| found.contains(d.id.value.as_str()))
        .partition(|d| hunt.second_stage.contains(&d.name.value));
    let over_logs = Reading { source, env, from: 0 };
    over_logs.give(world, &first, &mut hunt.findings, stop)?;
    if let Some((source, env)) = &hunt.second_source {
        let over_risk = Reading { source, env, from: SECOND };
        over_risk.give(world, &second, &mut hunt.findings, stop)?;
    }
    share(hunt.findings.iter_mut().filter_map(|f| f.events.as_mut()));
    Ok(())
}

/// The numbers of risk events and notables, behind those of all events of logs.
const SECOND: u64 = 1 << 63;

/// What the searches of a stage read.
struct Reading<'a> {
    source: &'a Arc<dyn EventSource>,
    env: &'a Env,
    /// The number of its first event.
    from: u64,
}

impl Reading<'_> {
    fn give(
        &self,
        world: &World<'_>,
        chosen: &[&&Detection],
        findings: &mut [Finding],
        stop: &Arc<AtomicBool>,
    ) -> Result<(), RunError> {
        let prepared: Vec<_> = chosen.iter().map(|d| prepare_detection(world, d)).collect();
        let shared = Arc::new(self.env.clone());
        let search = |prepared| Search {
            prepared,
            env: shared.clone(),
            source: Some(self.source.clone()),
            knowledge: world.knowledge,
            out: FieldSet::all(),
        };
        let searches: Vec<Search<'_>> = prepared.iter().map(search).collect();
        let mut all = world.session.matching(&searches, self.source, stop)?;
        for ((detection, matching), prepared) in chosen.iter().zip(&mut all).zip(&prepared) {
            matching.numbers.iter_mut().for_each(|number| *number += self.from);
            let renamed = renamed(&prepared.pipeline);
            let rows: Vec<Arc<Row>> = Row::all(&matching.rows).into_iter().map(Arc::new).collect();
            let known: Vec<Known<'_>> = rows.iter().map(|row| known(row)).collect();
            for finding in findings.iter_mut().filter(|f| f.id == detection.id.value) {
                let env = self.env;
                finding.events = Some(of_finding(finding, &rows, &known, matching, &renamed, env));
            }
        }
        Ok(())
    }
}

/// Gives an event that several detections read all of the fields that any of them saw: a data
/// model adds some, and one that reads no model does not ask for them.
fn share<'f>(all: impl Iterator<Item = &'f mut FindingEvents>) {
    let mut events: Vec<&mut Event> = all.flat_map(|f| &mut f.events).collect();
    let mut views: HashMap<u64, Vec<Arc<Row>>> = HashMap::new();
    for event in &events {
        let own = views.entry(event.seq).or_default();
        if !own.iter().any(|row| Arc::ptr_eq(row, &event.row)) {
            own.push(event.row.clone());
        }
    }
    let whole: HashMap<u64, Arc<Row>> = views
        .into_iter()
        .filter_map(|(seq, mut views)| {
            // The view with the fewest fields is the plainest: where two differ, it tells.
            views.sort_by_key(|row| row.fields.len());
            let mut views = views.into_iter();
            let mut whole = views.next()?;
            for view in views {
                let known: HashSet<&str> = whole.fields.iter().map(|(n, _)| &**n).collect();
                let more: Vec<_> =
                    view.fields.iter().filter(|(n, _)| !known.contains(&**n)).cloned().collect();
                if !more.is_empty() {
                    Arc::make_mut(&mut whole).fields.extend(more);
                }
            }
            Some((seq, whole))
        })
        .collect();
    for event in &mut events {
        if let Some(row) = whole.get(&event.seq) {
            event.row = row.clone();
        }
    }
}

/// Fields of results that are about all of a group's events.
const SUMS: [&str; 6] = ["count", "firstTime", "lastTime", "first_time", "last_time", "_time"];

/// The names that fields had before the search renamed them one by one, by the new name.
fn renamed(pipeline: &Pipeline) -> HashMap<&str, &str> {
    let mut names: HashMap<&str, &str> = HashMap::new();
    for stage in pipeline.stages.iter().filter(|stage| stage.name.value == "rename") {
        let Args::General(args) = &stage.args else { continue };
        let words: Vec<Option<&str>> = args.iter().map(|arg| word(&arg.kind)).collect();
        for triple in words.windows(3) {
            let [Some(from), Some(be), Some(to)] = *triple else { continue };
            if be.eq_ignore_ascii_case("as") && !from.contains('*') {
                let first = names.remove(from).unwrap_or(from);
                names.insert(to, first);
            }
        }
    }
    names
}

fn word(kind: &ArgKind) -> Option<&str> {
    match kind {
        ArgKind::Word(text) | ArgKind::Quoted(text) | ArgKind::FieldQuoted(text) => Some(text),
        _ => None,
    }
}

/// As the events name a field of the result.
fn own<'n>(renamed: &HashMap<&'n str, &'n str>, name: &'n str) -> &'n str {
    renamed.get(name).copied().unwrap_or(name)
}

/// The events whose fields agree with the result.
fn of_finding(
    finding: &Finding,
    rows: &[Arc<Row>],
    known: &[Known<'_>],
    matching: &Matching,
    renamed: &HashMap<&str, &str>,
    env: &Env,
) -> FindingEvents {
    let (mut picked, note) = Wanted::of(finding, known, renamed, env).pick(rows, known);
    let more = picked.len().saturating_sub(KEPT);
    picked.truncate(KEPT);
    let events = picked
        .into_iter()
        .filter_map(|at| {
            let branches = matching.branches.get(at).cloned().unwrap_or_default();
            let seq = *matching.numbers.get(at)?;
            Some(Event { seq, row: rows.get(at)?.clone(), branches })
        })
        .collect();
    FindingEvents { events, more, note }
}

/// What a finding's events should have.
struct Wanted<'f> {
    /// The result is an event.
    single: bool,
    /// The fields of the result that its events may have: as they name it, as the result does, and
    /// the values there.
    fields: Vec<(&'f str, &'f str, Vec<String>)>,
    first: Option<f64>,
    last: Option<f64>,
    count: Option<usize>,
    env: &'f Env,
}

impl<'f> Wanted<'f> {
    fn of(
        finding: &'f Finding,
        known: &[Known<'_>],
        renamed: &HashMap<&'f str, &'f str>,
        env: &'f Env,
    ) -> Wanted<'f> {
        let row = &finding.row;
        let single = row.get("_raw").is_some();
        let names = row.fields.iter().map(|(name, _)| &**name);
        let fields = names
            .filter(|name| single || !SUMS.contains(name))
            .map(|name| (own(renamed, name), name, row.values(name)))
            .filter(|(own, ..)| known.iter().any(|event| event.contains_key(own)))
            .collect();
        let [first, last] = ["firstTime", "lastTime"].map(|name| row.time(name, &env.zone));
        let count = row.values("count").first().and_then(|n| n.parse().ok());
        Wanted { single, fields, first, last, count, env }
    }

    /// The numbers of the events, and how they were found.
    fn pick(&self, rows: &[Arc<Row>], known: &[Known<'_>]) -> (Vec<usize>, String) {
        let in_time: Vec<usize> =
            (0..rows.len()).filter(|at| rows.get(*at).is_some_and(|r| self.in_time(r))).collect();
        if self.fields.is_empty() {
            return undecided(in_time);
        }
        let agreeing = |of: &[usize]| -> Vec<usize> {
            let agrees =
                |at: &&usize| known.get(**at).is_some_and(|e| self.differing(e).is_empty());
            of.iter().filter(agrees).copied().collect()
        };
        let names = self.names(|_| true);
        let picked = agreeing(&in_time);
        if !picked.is_empty() {
            let note = match self.count {
                _ if self.single => "the event is the result".to_owned(),
                Some(1) if picked.len() == 1 => format!("the event of the result, by {names}"),
                Some(n) if picked.len() == n => format!("the {n} events of the result, by {names}"),
                _ => format!(
                    "events that passed the search's filter and agree with the result in {names}; \
                     later commands may have dropped some of them"
                ),
            };
            return (picked, note);
        }
        let all: Vec<usize> = (0..rows.len()).collect();
        let picked = agreeing(&all);
        if !picked.is_empty() {
            // A result's times may be those of the span that its events are in.
            let note = format!(
                "events that passed the search's filter and agree with the result in {names}, at \
                 other times than its own; some may belong to other results"
            );
            return (picked, note);
        }
        match in_time.is_empty() {
            true => self
                .nearest(all, known, ", at other times than its own")
                .unwrap_or(undecided(in_time)),
            false => self.nearest(in_time.clone(), known, "").unwrap_or(undecided(in_time)),
        }
    }

    /// Those that agree in the most fields, if in any: the others may be set by the search. `when`
    /// ends the note.
    fn nearest(
        &self,
        among: Vec<usize>,
        known: &[Known<'_>],
        when: &str,
    ) -> Option<(Vec<usize>, String)> {
        let agreeing = |at: &usize| {
            let event = known.get(*at)?;
            let had = self.fields.iter().filter(|(own, ..)| event.contains_key(own)).count();
            Some(had - self.differing(event).len())
        };
        let most = among.iter().filter_map(agreeing).max().filter(|most| *most > 0)?;
        let picked: Vec<usize> =
            among.into_iter().filter(|at| agreeing(at) == Some(most)).collect();
        let differing: HashSet<&str> = picked
            .iter()
            .filter_map(|at| known.get(*at))
            .flat_map(|event| self.differing(event))
            .collect();
        let note = format!(
            "events that passed the search's filter and agree with the result in {}, but not in {}, \
             which the search may have set{when}",
            self.names(|name| !differing.contains(name)),
            self.names(|name| differing.contains(name)),
        );
        Some((picked, note))
    }

    /// Fields of the result of which the event has a value that the result has not.
    fn differing(&self, event: &Known<'_>) -> Vec<&'f str> {
        let differs = |(own, _, values): &&(&str, &str, Vec<String>)| {
            // `fillnull` and data models write a word where an event has nothing.
            let had = event.get(own).map(|had| had.values()).unwrap_or_default();
            had.iter().any(|v| !values.iter().any(|r| r == v))
        };
        self.fields.iter().filter(differs).map(|(_, name, _)| *name).collect()
    }

    fn names(&self, which: impl Fn(&str) -> bool) -> String {
        let names: Vec<&str> =
            self.fields.iter().map(|(_, name, _)| *name).filter(|name| which(name)).collect();
        names.join(", ")
    }

    fn in_time(&self, row: &Row) -> bool {
        match (row.time("_time", &self.env.zone), self.first, self.last) {
            // Results have whole seconds.
            (Some(time), Some(one), Some(other)) => {
                // A join may take the two from different sides.
                time >= one.min(other) - 1.0 && time <= one.max(other) + 1.0
            }
            _ => true,
        }
    }
}

/// Where nothing tells which events are the result's.
fn undecided(in_time: Vec<usize>) -> (Vec<usize>, String) {
    let note = match in_time.is_empty() {
        true => {
            "no event that passed the search's filter agrees with the result in its fields or its \
             time"
        }
        false => {
            "it cannot be told which events belong to the result: these passed the search's filter \
             in its time"
        }
    };
    (in_time, note.to_owned())
}

/// An event's fields by name; those of a data model by the name without its dataset too.
type Known<'r> = HashMap<&'r str, &'r Val<'static>>;

fn known(row: &Row) -> Known<'_> {
    let mut out = HashMap::new();
    for (name, value) in &row.fields {
        if let Some((_, short)) = name.rsplit_once('.') {
            out.entry(short).or_insert(value);
        }
    }
    out.extend(row.fields.iter().map(|(name, value)| (&**name, value)));
    out
}
