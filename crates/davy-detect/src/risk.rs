//! Risk events, in the shape of Splunk's risk index.

use crate::row::{Cell, Row};
use davy_content::model::RiskObject;
use davy_content::{Detection, Enrichment};
use davy_events::StashEvent;
use davy_plan::{Val, fmt_num};
use jiff::tz::TimeZone;
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Map, Value, json};
use std::collections::HashSet;
use std::sync::Arc;

/// One result's risk to one object. The fields are those of Splunk's `risk` index, so that
/// searches on the Risk data model find them.
#[derive(Debug, Clone, PartialEq)]
pub struct RiskEvent {
    /// Seconds since the epoch: when the latest event of the result happened.
    pub time: f64,
    pub search_name: Arc<str>,
    pub object: String,
    /// `system`, `user` or `other`.
    pub object_type: String,
    pub score: u32,
    pub message: String,
    /// The result's fields and those of this event, in the order of their names.
    own: Vec<(Arc<str>, Val<'static>)>,
    of_detection: Arc<OfDetection>,
}

impl RiskEvent {
    /// All fields, those above too, in the order of their names.
    pub fn fields(&self) -> impl Iterator<Item = (&str, &Val<'static>)> {
        self.merged().map(|part| match part {
            Part::Own(name, value) => (name, value),
            Part::OfDetection(constant) => (&*constant.name, &constant.value),
        })
    }

    pub fn get(&self, name: &str) -> Option<&Val<'static>> {
        self.fields().find(|(n, _)| *n == name).map(|(_, v)| v)
    }

    /// What is the event's own and what is not, by name.
    fn merged(&self) -> impl Iterator<Item = Part<'_>> {
        let mut own = self.own.iter().peekable();
        let mut others = self.of_detection.constants.iter().peekable();
        std::iter::from_fn(move || {
            let first = match (own.peek(), others.peek()) {
                (Some((name, _)), Some(other)) => **name < *other.name,
                (own, _) => own.is_some(),
            };
            match first {
                true => own.next().map(|(name, value)| Part::Own(name, value)),
                false => others.next().map(Part::OfDetection),
            }
        })
    }
}

/// As Splunk's `risk` index holds it: `<epoch>, name="value", …`; a field with several values is
/// repeated.
impl StashEvent for RiskEvent {
    fn stamp(&self) -> String {
        fmt_num(self.time)
    }

    fn fields(&self, give: &mut dyn FnMut(&str, &str)) {
        for (name, value) in self.fields() {
            value.values().iter().for_each(|one| give(name, one));
        }
    }

    fn write(&self, out: &mut String) {
        out.push_str(&self.stamp());
        for part in self.merged() {
            match part {
                Part::Own(name, value) => stash_value(out, name, value),
                Part::OfDetection(constant) => out.push_str(&constant.stash),
            }
        }
    }
}

/// A field of a risk event.
enum Part<'e> {
    Own(&'e str, &'e Val<'static>),
    OfDetection(&'e Constant),
}

/// As a JSON object with `_time` first.
impl Serialize for RiskEvent {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        let len = self.own.len() + self.of_detection.constants.len() + 1;
        let mut map = out.serialize_map(Some(len))?;
        map.serialize_entry("_time", &Cell(&Val::Num(self.time)))?;
        for (name, value) in self.fields() {
            map.serialize_entry(name, &Cell(value))?;
        }
        map.end()
    }
}

/// Fields as stash text; those that begin with `_` are of the event and not written.
pub(crate) fn stash_line(out: &mut String, time: f64, fields: &[(Arc<str>, Val<'static>)]) {
    out.push_str(&fmt_num(time));
    for (name, value) in fields.iter().filter(|(name, _)| !name.starts_with('_')) {
        stash_value(out, name, value);
    }
}

/// Adds each value of a field to a line.
fn stash_value(out: &mut String, name: &str, value: &Val<'_>) {
    for one in value.values() {
        stash_field(out, name, &one);
    }
}

/// Adds `, name="value"` to a line.
pub(crate) fn stash_field(line: &mut String, name: &str, value: &str) {
    line.push_str(", ");
    line.push_str(name);
    line.push_str("=\"");
    let mut rest = value;
    while let Some(at) = memchr::memchr2(b'\\', b'"', rest.as_bytes()) {
        line.push_str(&rest[..at]);
        line.push('\\');
        line.push_str(&rest[at..=at]);
        rest = &rest[at + 1..];
    }
    line.push_str(rest);
    line.push('"');
}

/// The window of the search that a result comes from, in epoch seconds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Window {
    pub(crate) earliest: f64,
    pub(crate) latest: f64,
}

/// `$field$` replaced by the row's values; a token without a value stays as it is.
pub(crate) fn fill(template: &str, row: &Row) -> String {
    let mut out = String::new();
    let mut rest = template;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        let after = &rest[at + 1..];
        let token = after.find('$').map(|end| &after[..end]);
        match token.filter(|t| !t.is_empty() && !t.contains(char::is_whitespace)) {
            Some(token) => {
                match row.text(token) {
                    Some(text) => out.push_str(&text),
                    None => out.push_str(&format!("${token}$")),
                }
                rest = &after[token.len() + 1..];
            }
            None => {
                out.push('$');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}

/// When the latest event of a result happened, as far as its fields tell.
pub(crate) fn result_time(row: &Row, zone: &TimeZone) -> Option<f64> {
    ["lastTime", "_time", "firstTime", "last_time", "latest"]
        .iter()
        .find_map(|name| row.time(name, zone))
}

/// What the risk events of a detection have in common.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct OfDetection {
    search_name: Arc<str>,
    /// In the order of their names.
    constants: Vec<Constant>,
    /// Fields of a result that have no place in a risk event: a field of the event has the name.
    taken: HashSet<String>,
}

#[derive(Debug, PartialEq)]
struct Constant {
    name: String,
    value: Val<'static>,
    /// As it stands in stash text.
    stash: String,
}

/// Fields of a risk event that differ from event to event.
const OWN: [&str; 10] = [
    "risk_object",
    "risk_object_type",
    "normalized_risk_object",
    "risk_score",
    "calculated_risk_score",
    "risk_message",
    "threat_object",
    "threat_object_type",
    "orig_time",
    "contributing_events_search",
];

impl OfDetection {
    pub(crate) fn new(
        detection: &Detection,
        enrichment: &Enrichment,
        window: Window,
    ) -> OfDetection {
        let mut all = constants(detection, enrichment, window);
        all.sort_by(|a, b| a.0.cmp(&b.0));
        let names = all.iter().map(|(name, _)| name.clone());
        let taken = names.chain(OWN.map(str::to_owned)).collect();
        let constant = |(name, value): (String, Val<'static>)| {
            let mut stash = String::new();
            stash_value(&mut stash, &name, &value);
            Constant { name, value, stash }
        };
        let known = all.into_iter().filter(|(_, value)| !value.is_null());
        let constants = known.map(constant).collect();
        OfDetection { search_name: search_name(detection).into(), constants, taken }
    }
}

/// The risk events of one result row: one for each value of each risk object's field.
pub(crate) fn risk_events(
    detection: &Detection,
    of_detection: &Arc<OfDetection>,
    row: &Row,
    orig_time: f64,
) -> Vec<Arc<RiskEvent>> {
    let spec = &detection.risk;
    let threats = threats(detection, row);
    let mut events = Vec::new();
    for object in &spec.objects {
        let message = object.message.as_ref().or(spec.message.as_ref());
        let message = message.map(|m| fill(&m.value, row)).unwrap_or_default();
        for value in row.values(&object.field.value) {
            let search_name = of_detection.search_name.clone();
            let contributing = contributing(&search_name, object, &value);
            let free = |name: &str| !name.starts_with('_') && !of_detection.taken.contains(name);
            let mut own: Vec<_> =
                row.fields.iter().filter(|(name, _)| free(name)).cloned().collect();
            let score = f64::from(object.score);
            let set = [
                ("risk_object", Val::str(value.clone())),
                ("risk_object_type", Val::str(object.kind.clone())),
                ("normalized_risk_object", Val::str(value.clone())),
                ("risk_score", Val::Num(score)),
                ("calculated_risk_score", Val::Num(score)),
                ("risk_message", Val::str(message.clone())),
                ("threat_object", Val::multi(&threats.0)),
                ("threat_object_type", Val::multi(&threats.1)),
                ("orig_time", Val::Num(orig_time)),
                ("contributing_events_search", Val::str(contributing)),
            ];
            let set = set.into_iter().filter(|(_, value)| !value.is_null());
            own.extend(set.map(|(name, value)| (name.into(), value)));
            own.sort_by(|a, b| a.0.cmp(&b.0));
            events.push(Arc::new(RiskEvent {
                time: orig_time,
                search_name,
                object: value,
                object_type: object.kind.clone(),
                score: object.score,
                message: message.clone(),
                own,
                of_detection: of_detection.clone(),
            }));
        }
    }
    events
}

/// The name that the detection has as a saved search.
pub(crate) fn search_name(detection: &Detection) -> String {
    format!("ESCU - {} - Rule", detection.name.value)
}

/// The threat objects of a row: values and their types, in pairs.
fn threats(detection: &Detection, row: &Row) -> (Vec<String>, Vec<String>) {
    let mut objects = Vec::new();
    let mut types = Vec::new();
    for threat in &detection.risk.threats {
        for value in row.values(&threat.field.value) {
            objects.push(value);
            types.push(threat.kind.clone());
        }
    }
    (objects, types)
}

/// Frameworks and their values, as the `annotations` of a correlation search.
pub(crate) fn annotations(
    detection: &Detection,
    enrichment: &Enrichment,
) -> Vec<(&'static str, Vec<String>)> {
    let spanned = |list: &[davy_diag::Spanned<String>]| -> Vec<String> {
        list.iter().map(|s| s.value.clone()).collect()
    };
    let a = &detection.annotations;
    let own = |list: &[&str]| list.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>();
    let mut list = vec![
        ("analytic_story", spanned(&a.stories)),
        ("cis20", own(&[enrichment.cis])),
        ("cve", spanned(&a.cve)),
        ("kill_chain_phases", own(&enrichment.kill_chain)),
        ("mitre_attack", spanned(&a.mitre_ids)),
        ("nist", own(&[enrichment.nist])),
    ];
    list.retain(|(_, values)| !values.is_empty());
    list
}

fn annotations_json(detection: &Detection, enrichment: &Enrichment) -> String {
    let mut map = Map::new();
    for (name, values) in annotations(detection, enrichment) {
        map.insert(name.to_owned(), json!(values));
    }
    let sources: Vec<&String> = detection.data_sources.iter().map(|s| &s.value).collect();
    map.insert("data_source".to_owned(), json!(sources));
    map.insert("type".to_owned(), json!(detection.kind.value.as_str()));
    if let (Some(confidence), Some(impact)) = (detection.risk.confidence, detection.risk.impact) {
        map.insert("confidence".to_owned(), json!(confidence));
        map.insert("impact".to_owned(), json!(impact));
    }
    map.sort_keys();
    Value::Object(map).to_string()
}

/// The fields that all risk events of a detection have.
fn constants(
    detection: &Detection,
    enrichment: &Enrichment,
    window: Window,
) -> Vec<(String, Val<'static>)> {
    let frameworks = annotations(detection, enrichment);
    let all: Vec<&String> = frameworks.iter().flat_map(|(_, v)| v).collect();
    let names: Vec<&str> = frameworks.iter().map(|(n, _)| *n).collect();
    let stories: Vec<&String> = detection.annotations.stories.iter().map(|s| &s.value).collect();
    let mut out = vec![
        ("search_name".to_owned(), Val::str(search_name(detection))),
        ("savedsearch_description".to_owned(), Val::str(detection.about.description.clone())),
        ("annotations".to_owned(), Val::str(annotations_json(detection, enrichment))),
        ("annotations._all".to_owned(), Val::multi(&all)),
        ("annotations._frameworks".to_owned(), Val::multi(&names)),
        ("analyticstories".to_owned(), Val::multi(&stories)),
        ("info_min_time".to_owned(), bound(window.earliest)),
        ("info_max_time".to_owned(), bound(window.latest)),
    ];
    let framework =
        |(name, values): &(&str, Vec<String>)| (format!("annotations.{name}"), Val::multi(values));
    out.extend(frameworks.iter().map(framework));
    let looked_up = mitre(enrichment);
    out.extend(looked_up.map(|(name, values)| (name.to_owned(), Val::multi(&values))));
    out
}

/// What Enterprise Security's lookup adds to `annotations.mitre_attack`.
fn mitre(enrichment: &Enrichment) -> [(&'static str, Vec<String>); 5] {
    let tactics = enrichment.tactics();
    let each = |f: &dyn Fn(&davy_content::Technique) -> String| {
        enrichment.techniques.iter().map(f).collect::<Vec<_>>()
    };
    [
        (
            "annotations.mitre_attack.mitre_tactic",
            tactics.iter().map(|t| t.name.to_lowercase().replace(' ', "-")).collect(),
        ),
        (
            "annotations.mitre_attack.mitre_tactic_id",
            tactics.iter().map(|t| t.id.to_owned()).collect(),
        ),
        ("annotations.mitre_attack.mitre_technique", each(&|t| t.name.clone())),
        ("annotations.mitre_attack.mitre_technique_id", each(&|t| t.id.clone())),
        ("annotations.mitre_attack.mitre_threat_group_name", enrichment.actors.clone()),
    ]
}

fn bound(time: f64) -> Val<'static> {
    match time {
        t if t == f64::INFINITY => Val::str("+Infinity"),
        t => Val::Num(t),
    }
}

fn contributing(name: &str, object: &RiskObject, value: &str) -> String {
    let quoted = value.replace('\\', "\\\\").replace('"', "\\\"");
    format!("| savedsearch \"{name}\" | search {}=\"{quoted}\"", object.field.value)
}

#[cfg(test)]
mod tests {
    use super::fill;
    use crate::row::Row;
    use davy_plan::Val;

    #[test]
    fn tokens_are_filled() {
        let row = Row {
            fields: vec![
                ("dest".into(), Val::str("ws-1")),
                ("user".into(), Val::multi(&["ann", "bob"])),
            ],
        };
        assert_eq!(fill("on $dest$ by $user$", &row), "on ws-1 by ann, bob");
        assert_eq!(fill("costs 5$ on $dest$", &row), "costs 5$ on ws-1");
        assert_eq!(fill("$missing$ $", &row), "$missing$ $");
    }
}
