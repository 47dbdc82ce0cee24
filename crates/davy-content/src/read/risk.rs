//! Risk as each of the three forms writes it.

use super::whole;
use crate::codes;
use crate::model::{
    ENTITY_TYPES, FindingSpec, OBSERVABLE_TYPES, RiskObject, RiskSpec, THREAT_TYPES, ThreatObject,
};
use crate::yaml::{Keys, Reader};
use davy_diag::Spanned;

/// Observables with a role, and one score for all of them.
pub(super) fn read_v4(cx: &mut Reader<'_>, t: &mut Keys<'_>) -> RiskSpec {
    let mut percent = |cx: &mut Reader<'_>, key: &'static str| {
        let number = t.int(cx, key)?;
        whole(cx, number, &t.path(key), 0, 100)
    };
    let confidence = percent(cx, "confidence");
    let impact = percent(cx, "impact");
    let message = t.text(cx, "message");
    let score = confidence.zip(impact).map_or(0, |(c, i)| crate::model::score(c, i));
    let mut spec = RiskSpec { message, impact, confidence, ..RiskSpec::default() };
    if !t.has("observable") {
        t.need(cx, "observable");
    }
    for mut o in t.maps(cx, "observable") {
        let field = o.text(cx, "name");
        let kind = o.word(cx, "type", OBSERVABLE_TYPES);
        let victim = role(cx, &mut o);
        o.finish(cx);
        let (Some(field), Some(kind), Some(victim)) = (field, kind, victim) else { continue };
        let kind = kind.value.to_lowercase();
        if victim {
            let kind = victim_kind(&kind).to_owned();
            spec.objects.push(RiskObject { field, kind, score, message: None });
        } else {
            spec.threats.push(ThreatObject { field, kind: attacker_kind(&kind).to_owned() });
        }
    }
    spec
}

/// Whether the observable is a victim; exactly one role is allowed.
fn role(cx: &mut Reader<'_>, o: &mut Keys<'_>) -> Option<bool> {
    let node = o.need(cx, "role")?;
    let path = o.path("role");
    let items = cx.list(&path, node);
    let [item] = items else {
        cx.report(
            codes::BAD_VALUE
                .at(node.span, format!("`{path}` has {} entries", items.len()))
                .label("one role goes here")
                .help("write one of: Victim, Attacker"),
        );
        return None;
    };
    cx.word(&path, item, &[("Victim", true), ("Attacker", false)]).map(|w| w.value)
}

fn victim_kind(kind: &str) -> &'static str {
    match kind {
        "user" | "username" | "email address" => "user",
        "device" | "endpoint" | "hostname" | "ip address" => "system",
        _ => "other",
    }
}

fn attacker_kind(kind: &str) -> &str {
    match kind {
        "process name" | "process" => "process",
        "file name" | "file" | "file hash" => "file_name",
        "ip address" => "ip_address",
        "url string" | "url" => "url",
        other => other,
    }
}

/// The `rba` map. Objects are sorted, as they form a set.
pub(super) fn read_v5(cx: &mut Reader<'_>, k: &mut Keys<'_>) -> RiskSpec {
    let Some(node) = k.get("rba") else { return RiskSpec::default() };
    let Some(mut rba) = cx.map("rba", node) else { return RiskSpec::default() };
    let message = rba.text(cx, "message");
    let mut objects: Vec<RiskObject> = Vec::new();
    for mut o in rba.maps(cx, "risk_objects") {
        objects.extend(object(cx, &mut o, 1));
        o.finish(cx);
    }
    let mut threats = threats(cx, &mut rba);
    rba.finish(cx);
    objects.sort_by_key(|o| format!("{}{}{}", o.field.value, o.kind, o.score));
    objects.dedup();
    threats.sort_by_key(|t| format!("{}{}", t.field.value, t.kind));
    threats.dedup();
    RiskSpec { message, objects, threats, ..RiskSpec::default() }
}

fn object(cx: &mut Reader<'_>, o: &mut Keys<'_>, low: u32) -> Option<RiskObject> {
    let field = o.text(cx, "field");
    let kind = o.word(cx, "type", ENTITY_TYPES);
    let number = o.int(cx, "score");
    let score = number.and_then(|n| whole(cx, n, &o.path("score"), low, 100));
    Some(RiskObject { field: field?, kind: kind?.value.to_owned(), score: score?, message: None })
}

fn threats(cx: &mut Reader<'_>, k: &mut Keys<'_>) -> Vec<ThreatObject> {
    let mut list = Vec::new();
    for mut t in k.maps(cx, "threat_objects") {
        let field = t.text(cx, "field");
        let kind = t.word(cx, "type", THREAT_TYPES);
        t.finish(cx);
        if let (Some(field), Some(kind)) = (field, kind) {
            list.push(ThreatObject { field, kind: kind.value.to_owned() });
        }
    }
    list
}

/// A finding with one entity, and intermediate findings with a message each.
pub(super) fn read_v6(cx: &mut Reader<'_>, k: &mut Keys<'_>) -> (RiskSpec, Option<FindingSpec>) {
    let mut spec = RiskSpec::default();
    let finding = finding(cx, k);
    if let Some(node) = k.get("intermediate_findings")
        && let Some(mut map) = cx.map("intermediate_findings", node)
    {
        let mut seen: Vec<Spanned<String>> = Vec::new();
        for mut entity in map.maps(cx, "entities") {
            let object = object(cx, &mut entity, 0);
            let message = entity.text(cx, "message");
            entity.finish(cx);
            let Some(mut object) = object else { continue };
            object.message = message;
            once(cx, &seen, &object, finding.as_ref());
            seen.push(object.field.clone());
            spec.objects.push(object);
        }
        map.finish(cx);
    }
    spec.threats = threats(cx, k);
    (spec, finding)
}

/// A field scores once.
fn once(
    cx: &mut Reader<'_>,
    seen: &[Spanned<String>],
    object: &RiskObject,
    finding: Option<&FindingSpec>,
) {
    let finding = finding.map(|f| &f.entity.field);
    let field = &object.field;
    if let Some(first) = seen.iter().chain(finding).find(|f| *f == field) {
        cx.report(
            codes::REPEATED
                .at(field.span, format!("`{}` already has a score", field.value))
                .label("again")
                .also(first.span, "first here")
                .help("keep one of the two"),
        );
    }
}

fn finding(cx: &mut Reader<'_>, k: &mut Keys<'_>) -> Option<FindingSpec> {
    let node = k.get("finding")?;
    let mut map = cx.map("finding", node)?;
    let title = map.text(cx, "title");
    let entity = map.need(cx, "entity").and_then(|node| cx.map("finding.entity", node));
    let entity = entity.and_then(|mut entity| {
        let object = object(cx, &mut entity, 0);
        entity.finish(cx);
        object
    });
    map.finish(cx);
    Some(FindingSpec { title: title?, entity: entity? })
}
