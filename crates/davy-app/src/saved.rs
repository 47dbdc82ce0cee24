//! `savedsearches.conf`: searches to call by name, and detections among them.

use crate::app::{Reader, Saved};
use davy_conf::{Conf, Stanza, list, truth};
use davy_content::Detection;
use davy_content::model::{
    About, Annotations, Drilldown, Form, Kind, RiskObject, RiskSpec, Scheduling, Status,
    ThreatObject, Throttling,
};
use davy_diag::{Span, Spanned};
use serde_json::Value;

pub(crate) fn read(conf: &Conf, cx: &mut Reader<'_>) -> (Vec<Detection>, Vec<Saved>) {
    let (mut detections, mut saved) = (Vec::new(), Vec::new());
    for stanza in conf.stanzas() {
        let Some(search) = conf.setting(stanza, "search").filter(|s| !s.value.value.is_empty())
        else {
            cx.notes.stanza(cx.sources, stanza, "the saved search has no `search`");
            continue;
        };
        let search = cx.whole(stanza, search);
        not_honoured(conf, stanza, cx);
        let one = One { conf, stanza };
        if one.is_detection() {
            detections.push(one.detection(search.clone(), cx));
        } else if one.text("dispatch.earliest_time").is_some_and(|t| !matches!(t, "" | "0"))
            && let Some(setting) = stanza.setting("dispatch.earliest_time")
        {
            let why = "the time range is that of the search which calls this one";
            cx.notes.setting(cx.sources, stanza, setting, why);
        }
        saved.push(Saved { name: stanza.name.value.clone(), search: search.value });
    }
    (detections, saved)
}

/// Actions that are known here, or that describe and do nothing.
const ACTIONS: &[&str] = &["risk", "notable", "escu", "correlationsearch", "customsearchinfo"];

fn not_honoured(conf: &Conf, stanza: &Stanza, cx: &mut Reader<'_>) {
    for setting in stanza.own() {
        let (key, value) = (setting.key.value.as_str(), setting.value.value.trim());
        let action = key.strip_prefix("action.").filter(|a| !a.contains('.'));
        let why = match (key, action) {
            (_, Some(action)) if truth(value) == Some(true) && !ACTIONS.contains(&action) => {
                format!("the action `{action}` is not taken")
            }
            ("alert_condition", _) if !value.is_empty() => "the condition is not asked".to_owned(),
            ("relation", _) if !value.eq_ignore_ascii_case("greater than") => {
                "every result counts, however many there are".to_owned()
            }
            ("quantity", _) if value != "0" && conf.setting(stanza, "relation").is_some() => {
                "every result counts, however many there are".to_owned()
            }
            ("workload_pool" | "dispatchAs", _) => "there is nothing like it here".to_owned(),
            _ => continue,
        };
        cx.notes.setting(cx.sources, stanza, setting, why);
    }
}

struct One<'c> {
    conf: &'c Conf,
    stanza: &'c Stanza,
}

impl<'c> One<'c> {
    fn text(&self, key: &str) -> Option<&'c str> {
        self.conf.setting(self.stanza, key).map(|s| s.value.value.trim())
    }

    fn flag(&self, key: &str) -> bool {
        self.text(key).and_then(truth).unwrap_or_default()
    }

    fn span(&self, key: &str) -> Span {
        self.conf.setting(self.stanza, key).map_or(self.stanza.name.span, |s| s.value.span)
    }

    fn is_detection(&self) -> bool {
        self.flag("action.correlationsearch.enabled")
            || self.flag("action.risk")
            || self.flag("action.notable")
            || self.text("action.escu.search_type") == Some("detection")
    }

    fn json(&self, key: &str, cx: &mut Reader<'_>) -> Value {
        let Some(setting) = self.conf.setting(self.stanza, key) else { return Value::Null };
        if setting.value.value.trim().is_empty() {
            return Value::Null;
        }
        match serde_json::from_str(&setting.value.value) {
            Ok(value) => value,
            Err(e) => {
                let why = format!("cannot be read as JSON: {e}");
                cx.notes.setting(cx.sources, self.stanza, setting, why);
                Value::Null
            }
        }
    }

    fn detection(&self, search: Spanned<String>, cx: &mut Reader<'_>) -> Detection {
        let span = self.stanza.name.span;
        let full = self.stanza.name.value.as_str();
        let label = cx.app_label();
        let bare = full.strip_suffix(" - Rule").unwrap_or(full);
        let bare = [
            label.as_str(),
            "ESCU",
            "Threat",
            "Access",
            "Endpoint",
            "Network",
            "Identity",
            "Audit",
        ]
        .iter()
        .filter(|l| !l.is_empty() && full.ends_with(" - Rule"))
        .find_map(|l| bare.strip_prefix(l)?.strip_prefix(" - "))
        .unwrap_or(bare);
        let annotations = self.json("action.correlationsearch.annotations", cx);
        let metadata = self.json("action.correlationsearch.metadata", cx);
        let mappings = self.json("action.escu.mappings", cx);
        let at = self.span("action.correlationsearch.annotations");
        let spanned = |list: Vec<String>| -> Vec<Spanned<String>> {
            list.into_iter().map(|t| Spanned::new(t, at)).collect()
        };
        let either = |key: &str| match texts(&annotations, key) {
            list if list.is_empty() => texts(&mappings, key),
            list => list,
        };
        let stories = match texts(&annotations, "analytic_story") {
            list if list.is_empty() => strings(&self.json("action.escu.analytic_story", cx)),
            list => list,
        };
        let description = self.text("description").unwrap_or_default().to_owned();
        let date = text(&metadata, "publish_time").and_then(|t| day(&t));
        let date = date.or_else(|| self.text("action.escu.modification_date").map(str::to_owned));
        let stem: String = bare
            .to_lowercase()
            .chars()
            .map(|c| if matches!(c, ' ' | '-' | '.' | '/') { '_' } else { c })
            .collect();
        let id = text(&metadata, "detection_id").unwrap_or_else(|| full.to_owned());
        let version = text(&metadata, "detection_version").and_then(|v| v.parse().ok());
        let status = status(&metadata, &description);
        let about = About {
            description,
            how_to_implement: self.text("action.escu.how_to_implement").unwrap_or("").to_owned(),
            known_false_positives: self
                .text("action.escu.known_false_positives")
                .unwrap_or("")
                .to_owned(),
            drilldowns: self.drilldowns(cx),
            ..About::default()
        };
        Detection {
            name: Spanned::new(bare.to_owned(), span),
            id: Spanned::new(id, span),
            version: version.unwrap_or(1),
            date: Spanned::new(date.unwrap_or_default(), span),
            created: None,
            status,
            kind: Spanned::new(self.kind(&annotations), span),
            data_sources: spanned(texts(&annotations, "data_source")),
            search,
            annotations: Annotations {
                stories: spanned(stories),
                mitre_ids: spanned(either("mitre_attack")),
                cve: spanned(texts(&annotations, "cve")),
                security_domain: self
                    .text("action.notable.param.security_domain")
                    .unwrap_or_default()
                    .to_owned(),
                ..Annotations::default()
            },
            risk: self.risk(cx),
            finding: None,
            throttling: self.throttling(),
            scheduling: self.scheduling(),
            enabled_by_default: !self.flag("disabled"),
            form: Form::V5,
            path: format!("{}/{}", cx.app_name(), cx.file_of(self.stanza)),
            stem,
            category: self.text("action.notable.param.security_domain").unwrap_or("").to_owned(),
            file: span.file,
            about: about.into(),
        }
    }

    fn kind(&self, annotations: &Value) -> Kind {
        let said = text(annotations, "type");
        let all = [Kind::Ttp, Kind::Anomaly, Kind::Hunting, Kind::Correlation];
        if let Some(kind) = all.into_iter().find(|k| Some(k.as_str()) == said.as_deref()) {
            return kind;
        }
        match (self.flag("action.notable"), self.flag("action.risk")) {
            (true, true) => Kind::Ttp,
            (true, false) => Kind::Correlation,
            (false, true) => Kind::Anomaly,
            (false, false) => Kind::Hunting,
        }
    }

    fn risk(&self, cx: &mut Reader<'_>) -> RiskSpec {
        if !self.flag("action.risk") {
            return RiskSpec::default();
        }
        let span = self.span("action.risk.param._risk");
        let spanned = |t: String| Spanned::new(t, span);
        let list = self.json("action.risk.param._risk", cx);
        let mut risk = RiskSpec { enabled: Some(true), ..RiskSpec::default() };
        let message = self.conf.setting(self.stanza, "action.risk.param._risk_message");
        risk.message = message.map(|m| m.value.clone()).filter(|m| !m.value.is_empty());
        for entry in list.as_array().into_iter().flatten() {
            if let Some(field) = text(entry, "risk_object_field") {
                risk.objects.push(RiskObject {
                    field: spanned(field),
                    kind: text(entry, "risk_object_type").unwrap_or_else(|| "other".into()),
                    score: text(entry, "risk_score").and_then(|s| whole(&s)).unwrap_or_default(),
                    message: text(entry, "risk_message").map(spanned),
                });
            } else if let Some(field) = text(entry, "threat_object_field") {
                let kind = text(entry, "threat_object_type").unwrap_or_default();
                risk.threats.push(ThreatObject { field: spanned(field), kind });
            }
        }
        // The older form: one object.
        if risk.objects.is_empty()
            && let Some(field) = self.text("action.risk.param._risk_object")
        {
            let score = self.text("action.risk.param._risk_score").and_then(whole);
            let kind = self.text("action.risk.param._risk_object_type").unwrap_or("other");
            risk.objects.push(RiskObject {
                field: spanned(field.to_owned()),
                kind: kind.to_owned(),
                score: score.unwrap_or_default(),
                message: None,
            });
        }
        risk
    }

    fn drilldowns(&self, cx: &mut Reader<'_>) -> Vec<Drilldown> {
        let key = "action.notable.param.drilldown_searches";
        let span = self.span(key);
        let list = self.json(key, cx);
        let one = |entry: &Value| {
            Some(Drilldown {
                name: Spanned::new(text(entry, "name")?, span),
                search: Spanned::new(text(entry, "search")?, span),
                earliest_offset: text(entry, "earliest_offset"),
                latest_offset: text(entry, "latest_offset"),
            })
        };
        list.as_array().into_iter().flatten().filter_map(one).collect()
    }

    fn throttling(&self) -> Option<Throttling> {
        if !self.flag("alert.suppress") {
            return None;
        }
        let span = self.span("alert.suppress.fields");
        let fields = list(self.text("alert.suppress.fields").unwrap_or_default());
        Some(Throttling {
            fields: fields.into_iter().map(|f| Spanned::new(f, span)).collect(),
            period: Spanned::new(
                self.text("alert.suppress.period")?.to_owned(),
                self.span("alert.suppress.period"),
            ),
        })
    }

    fn scheduling(&self) -> Option<Scheduling> {
        let text = |key: &str, otherwise: &str| match self.text(key) {
            None | Some("") => otherwise.to_owned(),
            Some(text) => text.to_owned(),
        };
        Some(Scheduling {
            cron_schedule: self.text("cron_schedule").filter(|c| !c.is_empty())?.to_owned(),
            earliest_time: text("dispatch.earliest_time", "0"),
            latest_time: text("dispatch.latest_time", "now"),
            schedule_window: text("schedule_window", "0"),
        })
    }
}

fn status(metadata: &Value, description: &str) -> Status {
    if text(metadata, "deprecated").and_then(|t| truth(&t)) == Some(true) {
        return Status::Deprecated;
    }
    let start: String = description.chars().take(160).collect();
    let said = |word: &str| start.contains("WARNING") && start.to_lowercase().contains(word);
    match () {
        () if said("deprecated") => Status::Deprecated,
        () if said("experimental") => Status::Experimental,
        () => Status::Production,
    }
}

/// A member as text, whatever its type.
fn text(json: &Value, key: &str) -> Option<String> {
    match json.get(key)? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        _ => None,
    }
}

fn texts(json: &Value, key: &str) -> Vec<String> {
    json.get(key).map(strings).unwrap_or_default()
}

fn strings(json: &Value) -> Vec<String> {
    match json {
        Value::String(text) => vec![text.clone()],
        Value::Array(list) => list.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}

fn whole(text: &str) -> Option<u32> {
    let number: f64 = text.trim().parse().ok()?;
    (number.is_finite() && number >= 0.0).then_some(number as u32)
}

/// The day of a time in epoch seconds.
fn day(epoch: &str) -> Option<String> {
    let seconds: f64 = epoch.parse().ok()?;
    let time = jiff::Timestamp::from_second(seconds as i64).ok()?;
    Some(time.to_zoned(jiff::tz::TimeZone::UTC).date().to_string())
}
