//! Risk events, in the shape of Splunk's risk index.

use crate::row::{Cell, Row};
use davy_content::model::RiskObject;
use davy_content::{Detection, Enrichment};
use davy_plan::{Val, fmt_num};
use jiff::tz::TimeZone;
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Map, Value, json};

/// One result's risk to one object. The fields are those of Splunk's `risk` index, so that
/// searches on the Risk data model find them.
#[derive(Debug, Clone, PartialEq)]
pub struct RiskEvent {
    /// Seconds since the epoch: when the latest event of the result happened.
    pub time: f64,
    pub search_name: String,
    pub object: String,
    /// `system`, `user` or `other`.
    pub object_type: String,
    pub score: u32,
    pub message: String,
    /// All fields, these too, in the order of their names.
    pub fields: Vec<(String, Val<'static>)>,
}

impl RiskEvent {
    pub fn get(&self, name: &str) -> Option<&Val<'static>> {
        self.fields.iter().find(|(n, _)| n == name).map(|(_, v)| v)
    }

    /// As stash text: `<epoch>, name="value", …`; a field with several values is repeated.
    pub(crate) fn write_stash(&self, out: &mut String) {
        stash_line(out, self.time, &self.fields);
    }
}

/// As a JSON object with `_time` first.
impl Serialize for RiskEvent {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        let mut map = out.serialize_map(Some(self.fields.len() + 1))?;
        map.serialize_entry("_time", &Cell(&Val::Num(self.time)))?;
        for (name, value) in &self.fields {
            map.serialize_entry(name, &Cell(value))?;
        }
        map.end()
    }
}

/// Fields as stash text; those that begin with `_` are of the event and not written.
pub(crate) fn stash_line(out: &mut String, time: f64, fields: &[(String, Val<'static>)]) {
    out.push_str(&fmt_num(time));
    for (name, value) in fields.iter().filter(|(name, _)| !name.starts_with('_')) {
        for one in value.values() {
            stash_field(out, name, &one);
        }
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

/// The risk events of one result row: one for each value of each risk object's field.
pub(crate) fn risk_events(
    detection: &Detection,
    enrichment: &Enrichment,
    row: &Row,
    window: Window,
    orig_time: f64,
) -> Vec<RiskEvent> {
    let spec = &detection.risk;
    let threats = threats(detection, row);
    let mut events = Vec::new();
    for object in &spec.objects {
        let message = object.message.as_ref().or(spec.message.as_ref());
        let message = message.map(|m| fill(&m.value, row)).unwrap_or_default();
        for value in row.values(&object.field.value) {
            let fields = fields(
                detection, enrichment, row, object, &value, &message, &threats, window, orig_time,
            );
            events.push(RiskEvent {
                time: orig_time,
                search_name: search_name(detection),
                object: value,
                object_type: object.kind.clone(),
                score: object.score,
                message: message.clone(),
                fields,
            });
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

#[expect(clippy::too_many_arguments, reason = "each is a part of the event")]
fn fields(
    detection: &Detection,
    enrichment: &Enrichment,
    row: &Row,
    object: &RiskObject,
    value: &str,
    message: &str,
    threats: &(Vec<String>, Vec<String>),
    window: Window,
    orig_time: f64,
) -> Vec<(String, Val<'static>)> {
    let mut out: Vec<(String, Val<'static>)> =
        row.fields.iter().filter(|(name, _)| !name.starts_with('_')).cloned().collect();
    let mut set = |name: &str, value: Val<'static>| {
        out.retain(|(n, _)| n != name);
        if !value.is_null() {
            out.push((name.to_owned(), value));
        }
    };
    set("search_name", Val::str(search_name(detection)));
    set("savedsearch_description", Val::str(detection.about.description.clone()));
    set("risk_object", Val::str(value.to_owned()));
    set("risk_object_type", Val::str(object.kind.clone()));
    set("normalized_risk_object", Val::str(value.to_owned()));
    set("risk_score", Val::Num(f64::from(object.score)));
    set("calculated_risk_score", Val::Num(f64::from(object.score)));
    set("risk_message", Val::str(message.to_owned()));
    set("threat_object", Val::multi(&threats.0));
    set("threat_object_type", Val::multi(&threats.1));
    let frameworks = annotations(detection, enrichment);
    let all: Vec<&String> = frameworks.iter().flat_map(|(_, v)| v).collect();
    let names: Vec<&str> = frameworks.iter().map(|(n, _)| *n).collect();
    set("annotations", Val::str(annotations_json(detection, enrichment)));
    set("annotations._all", Val::multi(&all));
    set("annotations._frameworks", Val::multi(&names));
    for (name, values) in &frameworks {
        set(&format!("annotations.{name}"), Val::multi(values));
    }
    for (name, values) in mitre(enrichment) {
        set(name, Val::multi(&values));
    }
    let stories: Vec<&String> = detection.annotations.stories.iter().map(|s| &s.value).collect();
    set("analyticstories", Val::multi(&stories));
    set("orig_time", Val::Num(orig_time));
    set("info_min_time", bound(window.earliest));
    set("info_max_time", bound(window.latest));
    set("contributing_events_search", Val::str(contributing(detection, object, value)));
    out.sort_by(|a, b| a.0.cmp(&b.0));
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

fn contributing(detection: &Detection, object: &RiskObject, value: &str) -> String {
    let quoted = value.replace('\\', "\\\\").replace('"', "\\\"");
    let name = search_name(detection);
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
                ("dest".to_owned(), Val::str("ws-1")),
                ("user".to_owned(), Val::multi(&["ann", "bob"])),
            ],
        };
        assert_eq!(fill("on $dest$ by $user$", &row), "on ws-1 by ann, bob");
        assert_eq!(fill("costs 5$ on $dest$", &row), "costs 5$ on ws-1");
        assert_eq!(fill("$missing$ $", &row), "$missing$ $");
    }
}
