//! Detections in their three forms.

use super::{Query, risk, spl, stem, values, version, whole};
use crate::model::{
    ASSET_TYPES, About, Annotations, AttackData, DOMAINS, Detection, Drilldown, Form, Kind,
    ManualTest, RiskSpec, Scheduling, Status, Test, Throttling,
};
use crate::yaml::{Keys, Reader, Value};
use davy_diag::FileId;

/// Which form a file is in, told by its keys.
fn form_of(keys: &Keys<'_>) -> Form {
    let tag = |name: &str| match keys.peek("tags").map(|tags| &tags.value) {
        Some(Value::Map(entries)) => entries.iter().any(|(key, _)| key.value == name),
        _ => false,
    };
    let flat = ["creation_date", "finding", "intermediate_findings"];
    if flat.iter().any(|key| keys.has(key)) {
        Form::V6
    } else if keys.has("rba") || !(tag("observable") || tag("confidence")) {
        Form::V5
    } else {
        Form::V4
    }
}

pub(super) fn read(
    cx: &mut Reader<'_>,
    mut keys: Keys<'_>,
    file: FileId,
    path: String,
    query: &mut Query,
) -> Option<Detection> {
    let form = form_of(&keys);
    cx.strict = form != Form::V4;
    let k = &mut keys;
    let name = k.text(cx, "name");
    let id = k.text(cx, "id");
    let version = version(cx, k);
    let (date, created) = match form {
        Form::V6 => (k.text(cx, "modification_date"), k.text(cx, "creation_date")),
        _ => (k.text(cx, "date"), None),
    };
    let author = k.text(cx, "author");
    let status = k.word(cx, "status", &Status::WORDS);
    let kind = k.word(cx, "type", &Kind::WORDS);
    let description = k.text(cx, "description");
    let data_sources = k.texts(cx, "data_source");
    let search_node = k.need(cx, "search");
    let search = search_node
        .and_then(|node| Some((node, cx.text("search", node)?)))
        .map(|(node, text)| spl(cx, node, text, "search", query));
    let how_to_implement = k.text(cx, "how_to_implement");
    let known_false_positives = k.text(cx, "known_false_positives");
    let references = k.texts(cx, "references");
    let drilldowns = drilldowns(cx, k);
    let enabled_by_default = k.opt_bool(cx, "enabled_by_default").unwrap_or(false);
    let stem = stem(&path);
    let own_risk = own_risk(cx, k);
    let (annotations, mut risk, finding, tagged) = match form {
        Form::V6 => {
            let annotations = annotations(cx, k);
            let (risk, finding) = risk::read_v6(cx, k);
            (annotations, risk, finding, Tagged::default())
        }
        Form::V4 | Form::V5 => {
            let (annotations, observed, tagged) = tags(cx, k, form);
            let risk = if form == Form::V5 { risk::read_v5(cx, k) } else { observed };
            (annotations, risk, None, tagged)
        }
    };
    risk.enabled = own_risk;
    let category = match k.opt_text(cx, "category") {
        Some(category) if form == Form::V6 => category.value,
        _ => folder_category(&path),
    };
    let tests = tests(cx, k);
    let scheduling = scheduling(cx, k);
    let throttling = match tagged.throttling {
        Some(throttling) => Some(throttling),
        None => throttling(cx, k),
    };
    k.ignore(&["datamodel", "schedule", "baselines", "deprecation_info"]);
    keys.finish(cx);
    if cx.errors > 0 {
        return None;
    }
    let about = About {
        author: author?.value,
        description: description?.value,
        how_to_implement: how_to_implement?.value,
        known_false_positives: known_false_positives?.value,
        references,
        drilldowns,
        tests,
        manual_test: tagged.manual_test,
    };
    Some(Detection {
        name: name?,
        id: id?,
        version: version?,
        date: date?,
        created,
        status: status?.value,
        kind: kind?,
        data_sources,
        search: search?,
        annotations,
        risk,
        finding,
        throttling,
        scheduling,
        enabled_by_default,
        form,
        path,
        stem,
        category,
        file,
        about: about.into(),
    })
}

/// What stands under `tags` in the first two forms and belongs elsewhere.
#[derive(Default)]
struct Tagged {
    manual_test: Option<ManualTest>,
    throttling: Option<Throttling>,
}

fn tags(cx: &mut Reader<'_>, k: &mut Keys<'_>, form: Form) -> (Annotations, RiskSpec, Tagged) {
    let empty = || (Annotations::default(), RiskSpec::default(), Tagged::default());
    let Some(node) = k.need(cx, "tags") else { return empty() };
    let Some(mut tags) = cx.map("tags", node) else { return empty() };
    let t = &mut tags;
    let annotations = annotations(cx, t);
    let risk = if form == Form::V4 { risk::read_v4(cx, t) } else { RiskSpec::default() };
    let manual_test = t.opt_text(cx, "manual_test").map(|s| ManualTest { reason: s.value });
    let throttling = throttling(cx, t);
    t.ignore(&["required_fields", "risk_score", "context", "dataset", "supported_tas"]);
    tags.finish(cx);
    (annotations, risk, Tagged { manual_test, throttling })
}

fn annotations(cx: &mut Reader<'_>, t: &mut Keys<'_>) -> Annotations {
    let stories = match t.need(cx, "analytic_story") {
        Some(node) => cx.texts(&t.path("analytic_story"), node),
        None => Vec::new(),
    };
    let mut groups = values(t.texts(cx, "group"));
    groups.extend(values(t.texts(cx, "threat_group")));
    Annotations {
        stories,
        mitre_ids: t.texts(cx, "mitre_attack_id"),
        cve: t.texts(cx, "cve"),
        atomic_guids: t.texts(cx, "atomic_guid"),
        groups,
        asset_type: t.word(cx, "asset_type", ASSET_TYPES).map_or("", |w| w.value).to_owned(),
        security_domain: t.word(cx, "security_domain", DOMAINS).map_or("", |w| w.value).to_owned(),
        products: values(t.texts(cx, "product")),
    }
}

fn drilldowns(cx: &mut Reader<'_>, k: &mut Keys<'_>) -> Vec<Drilldown> {
    let mut list = Vec::new();
    for mut d in k.maps(cx, "drilldown_searches") {
        let name = d.text(cx, "name");
        let search = d.text(cx, "search");
        let earliest_offset = d.opt_scalar(cx, "earliest_offset");
        let latest_offset = d.opt_scalar(cx, "latest_offset");
        d.finish(cx);
        if let (Some(name), Some(search)) = (name, search) {
            list.push(Drilldown { name, search, earliest_offset, latest_offset });
        }
    }
    list
}

fn tests(cx: &mut Reader<'_>, k: &mut Keys<'_>) -> Vec<Test> {
    let mut list = Vec::new();
    for mut t in k.maps(cx, "tests") {
        let span = t.span;
        let name = t.opt_text(cx, "name").map_or_else(|| "True Positive Test".into(), |s| s.value);
        let mut attack_data = Vec::new();
        for mut a in t.maps(cx, "attack_data") {
            let data = a.text(cx, "data");
            let source = a.text(cx, "source");
            let sourcetype = a.text(cx, "sourcetype");
            let index = a.opt_text(cx, "custom_index").or_else(|| a.opt_text(cx, "index"));
            let host = a.opt_text(cx, "host");
            a.ignore(&["update_timestamp", "index"]);
            a.finish(cx);
            if let (Some(data), Some(source), Some(sourcetype)) = (data, source, sourcetype) {
                attack_data.push(AttackData {
                    data,
                    source: source.value,
                    sourcetype: sourcetype.value,
                    host: host.map(|s| s.value),
                    index: index.map(|s| s.value),
                });
            }
        }
        let words = [("unit", false), ("experimental", true)];
        let experimental = match t.get("test_type") {
            Some(node) => cx.word(&t.path("test_type"), node, &words).is_some_and(|w| w.value),
            None => false,
        };
        let expected = t.opt_int(cx, "expected_results");
        let expected_results =
            expected.and_then(|n| whole(cx, n, "tests.expected_results", 0, u32::MAX));
        t.ignore(&["description", "pass_condition", "file"]);
        t.finish(cx);
        list.push(Test { name, span, attack_data, experimental, expected_results });
    }
    list
}

fn throttling(cx: &mut Reader<'_>, k: &mut Keys<'_>) -> Option<Throttling> {
    let node = k.get("throttling")?;
    let mut t = cx.map(&k.path("throttling"), node)?;
    let fields = t.texts(cx, "fields");
    let period = t.text(cx, "period");
    t.finish(cx);
    Some(Throttling { fields, period: period? })
}

/// A schedule of a detection's or baseline's own.
pub(super) fn scheduling(cx: &mut Reader<'_>, k: &mut Keys<'_>) -> Option<Scheduling> {
    if let Some(node) = k.get("custom_schedule") {
        let keys = cx.map(&k.path("custom_schedule"), node)?;
        return read_scheduling(cx, keys);
    }
    let node = k.get("deployment")?;
    let mut deployment = cx.map(&k.path("deployment"), node)?;
    let scheduling = deployment.need(cx, "scheduling");
    let scheduling = scheduling.and_then(|node| cx.map(&deployment.path("scheduling"), node));
    deployment.ignore(&["name", "id", "date", "author", "description", "type", "alert_action"]);
    deployment.finish(cx);
    read_scheduling(cx, scheduling?)
}

/// Whether a deployment of the detection's own makes risk events.
fn own_risk(cx: &mut Reader<'_>, k: &Keys<'_>) -> Option<bool> {
    let mut deployment = cx.map(&k.path("deployment"), k.peek("deployment")?)?;
    let mut action = cx.map("deployment.alert_action", deployment.get("alert_action")?)?;
    let Some(node) = action.get("rba") else { return Some(false) };
    let mut rba = cx.map("deployment.alert_action.rba", node)?;
    Some(rba.opt_bool(cx, "enabled").unwrap_or(false))
}

pub(super) fn read_scheduling(cx: &mut Reader<'_>, mut s: Keys<'_>) -> Option<Scheduling> {
    let cron_schedule = s.text(cx, "cron_schedule");
    let earliest_time = s.need(cx, "earliest_time").and_then(|n| cx.scalar("earliest_time", n));
    let latest_time = s.need(cx, "latest_time").and_then(|n| cx.scalar("latest_time", n));
    let schedule_window = s.opt_scalar(cx, "schedule_window").unwrap_or_else(|| "auto".into());
    s.ignore(&["name", "id", "description"]);
    s.finish(cx);
    Some(Scheduling {
        cron_schedule: cron_schedule?.value,
        earliest_time: earliest_time?.value,
        latest_time: latest_time?.value,
        schedule_window,
    })
}

/// The folder below `detections/`.
fn folder_category(path: &str) -> String {
    let mut parts = path.split(['/', '\\']).rev();
    parts.next();
    match (parts.next(), parts.next()) {
        (Some(category), Some("detections")) => category.to_owned(),
        _ => String::new(),
    }
}
