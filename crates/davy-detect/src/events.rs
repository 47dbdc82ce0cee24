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

/// Gives the findings their events, in one more reading for the detections that found something.
/// Findings of the second stage have none: their events are the risk events of the first.
pub fn matching_events(
    world: &World<'_>,
    detections: &[&Detection],
    hunt: &mut Hunt,
    source: &Arc<dyn EventSource>,
    env: &Env,
    stop: &Arc<AtomicBool>,
) -> Result<(), RunError> {
    let found: BTreeSet<&str> = hunt.findings.iter().map(|f| f.id.as_str()).collect();
    let chosen: Vec<&&Detection> = detections
        .iter()
        .filter(|d| found.contains(d.id.value.as_str()))
        .filter(|d| !hunt.second_stage.contains(&d.name.value))
        .collect();
    let prepared: Vec<_> = chosen.iter().map(|d| prepare_detection(world, d)).collect();
    let shared = Arc::new(env.clone());
    let searches: Vec<Search<'_>> = prepared
        .iter()
        .map(|prepared| Search {
            prepared,
            env: shared.clone(),
            source: Some(source.clone()),
            knowledge: world.knowledge,
            out: FieldSet::all(),
        })
        .collect();
    let matching = world.session.matching(&searches, source, stop)?;
    for ((detection, matching), prepared) in chosen.iter().zip(&matching).zip(&prepared) {
        let renamed = renamed(&prepared.pipeline);
        let rows: Vec<Arc<Row>> = Row::all(&matching.rows).into_iter().map(Arc::new).collect();
        let known: Vec<Known<'_>> = rows.iter().map(|row| known(row)).collect();
        for finding in hunt.findings.iter_mut().filter(|f| f.id == detection.id.value) {
            finding.events = Some(of_finding(finding, &rows, &known, matching, &renamed, env));
        }
    }
    share(hunt.findings.iter_mut().filter_map(|f| f.events.as_mut()));
    Ok(())
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

/// The events whose fields agree with the result wherever both have them.
fn of_finding(
    finding: &Finding,
    rows: &[Arc<Row>],
    known: &[Known<'_>],
    matching: &Matching,
    renamed: &HashMap<&str, &str>,
    env: &Env,
) -> FindingEvents {
    let single = finding.row.get("_raw").is_some();
    let named: Vec<&str> = finding
        .row
        .fields
        .iter()
        .map(|(name, _)| &**name)
        .filter(|name| single || !SUMS.contains(name))
        .filter(|name| known.iter().any(|k| k.contains_key(own(renamed, name))))
        .collect();
    let bounds = ["firstTime", "lastTime"].map(|name| finding.row.time(name, &env.zone));
    let in_time = |row: &Row| match (row.time("_time", &env.zone), bounds) {
        // Results have whole seconds.
        (Some(time), [Some(first), Some(last)]) => time >= first - 1.0 && time <= last + 1.0,
        _ => true,
    };
    let results: HashMap<&str, Vec<String>> =
        named.iter().map(|name| (*name, finding.row.values(name))).collect();
    let agrees = |event: &Known<'_>, named: &[&str]| {
        named.iter().all(|name| match (event.get(own(renamed, name)), results.get(name)) {
            (Some(had), Some(result)) => had.values().iter().all(|v| result.iter().any(|r| r == v)),
            // `fillnull` and data models write a word where an event has nothing.
            _ => true,
        })
    };
    let pick = |named: &[&str], any_time: bool| -> Vec<usize> {
        let fits = |at: &usize| {
            known.get(*at).is_some_and(|k| agrees(k, named))
                && (any_time || rows.get(*at).is_some_and(|row| in_time(row)))
        };
        (0..rows.len()).filter(fits).collect()
    };
    let mut picked = pick(&named, false);
    // A result's times may be those of the span that its events are in.
    let any_time = picked.is_empty() && !named.is_empty();
    if any_time {
        picked = pick(&named, true);
    }
    let count = finding.row.values("count").first().and_then(|n| n.parse::<usize>().ok());
    let note = if single && !picked.is_empty() {
        "the event is the result".to_owned()
    } else if picked.is_empty() || named.is_empty() {
        picked = pick(&[], false);
        match picked.is_empty() {
            true => {
                "no event that passed the search's filter agrees with the result in its fields \
                     or its time"
            }
            false => {
                "it cannot be told which events belong to the result: these passed the \
                      search's filter in its time"
            }
        }
        .to_owned()
    } else if any_time {
        format!(
            "events that passed the search's filter and agree with the result in {}, at other times \
             than its own; some may belong to other results",
            named.join(", ")
        )
    } else if count == Some(picked.len()) {
        format!("the {} events of the result, by {}", picked.len(), named.join(", "))
    } else {
        format!(
            "events that passed the search's filter and agree with the result in {}; later \
             commands may have dropped some of them",
            named.join(", ")
        )
    };
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
