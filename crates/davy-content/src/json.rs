//! A detection with everything it refers to, for machines.

use crate::attack::Attack;
use crate::content::Content;
use crate::model::{Detection, Form, RiskObject};
use crate::scan;
use serde_json::{Value, json};

/// The whole resolved detection.
pub fn to_json(detection: &Detection, content: &Content, attack: &Attack) -> Value {
    let d = detection;
    json!({
        "name": d.name.value,
        "id": d.id.value,
        "version": d.version,
        "date": d.date.value,
        "creation_date": d.created.as_ref().map(|c| &c.value),
        "author": d.about.author,
        "status": d.status.as_str(),
        "type": d.kind.value.as_str(),
        "form": match d.form { Form::V4 => "v4", Form::V5 => "v5", Form::V6 => "v6" },
        "path": d.path,
        "category": d.category,
        "description": d.about.description,
        "search": d.search.value,
        "how_to_implement": d.about.how_to_implement,
        "known_false_positives": d.about.known_false_positives,
        "references": d.about.references.iter().map(|r| &r.value).collect::<Vec<_>>(),
        "data_sources": data_sources(d, content),
        "macros": macros(d, content),
        "lookups": lookups(d, content),
        "annotations": annotations(d, attack),
        "deployment": deployment(d, content),
        "risk": risk(d),
        "finding": d.finding.as_ref().map(|f| json!({
            "title": f.title.value,
            "entity": object(&f.entity),
        })),
        "throttling": d.throttling.as_ref().map(|t| json!({
            "fields": t.fields.iter().map(|f| &f.value).collect::<Vec<_>>(),
            "period": t.period.value,
        })),
        "drilldown_searches": d.about.drilldowns.iter().map(|s| json!({
            "name": s.name.value,
            "search": s.search.value,
            "earliest_offset": s.earliest_offset,
            "latest_offset": s.latest_offset,
        })).collect::<Vec<_>>(),
        "tests": tests(d),
        "manual_test": d.about.manual_test.as_ref().map(|m| &m.reason),
    })
}

fn data_sources(d: &Detection, content: &Content) -> Vec<Value> {
    d.data_source_names()
        .map(|name| match content.data_source(name.value) {
            Some(s) => json!({
                "name": s.name.value, "id": s.id.value, "platform": s.platform(),
                "source": s.source, "sourcetype": s.sourcetype,
                "separator": s.separator, "separator_value": s.separator_value,
                "supported_TA": s.add_ons.iter().map(|a| json!({
                    "name": a.name, "url": a.url, "version": a.version,
                })).collect::<Vec<_>>(),
            }),
            None => json!({ "name": name.value }),
        })
        .collect()
}

fn macros(d: &Detection, content: &Content) -> Vec<Value> {
    let mut calls: Vec<(String, usize)> =
        scan::macro_calls(&d.search.value).into_iter().map(|c| (c.name, c.argc)).collect();
    calls.sort();
    calls.dedup();
    calls
        .into_iter()
        .map(|(name, argc)| {
            let value = content.find_macro(&name, argc);
            json!({
                "name": name,
                "arguments": value.map(|m| m.args).unwrap_or_default(),
                "definition": value.map(|m| m.definition),
            })
        })
        .collect()
}

fn lookups(d: &Detection, content: &Content) -> Vec<Value> {
    let mut names: Vec<String> =
        scan::lookups(&d.search.value).into_iter().map(|(name, _)| name).collect();
    names.sort();
    names.dedup();
    names
        .into_iter()
        .map(|name| {
            let description = content.lookup(&name).map(|l| l.description.clone());
            json!({ "name": name, "description": description })
        })
        .collect()
}

fn annotations(d: &Detection, attack: &Attack) -> Value {
    let a = &d.annotations;
    let enrichment = attack.enrich(d);
    let plain = |list: &[davy_diag::Spanned<String>]| -> Vec<String> {
        list.iter().map(|s| s.value.clone()).collect()
    };
    json!({
        "analytic_story": plain(&a.stories),
        "asset_type": a.asset_type,
        "security_domain": a.security_domain,
        "product": a.products,
        "mitre_attack_id": plain(&a.mitre_ids),
        "mitre_attack": enrichment.techniques.iter().map(|t| json!({
            "id": t.id,
            "technique": t.name,
            "tactics": t.tactics.iter().map(|x| json!({ "id": x.id, "name": x.name }))
                .collect::<Vec<_>>(),
            "groups": t.groups,
        })).collect::<Vec<_>>(),
        "kill_chain_phases": enrichment.kill_chain,
        "nist": [enrichment.nist],
        "cis20": [enrichment.cis],
        "threat_actors": enrichment.actors,
        "cve": plain(&a.cve),
        "atomic_guid": plain(&a.atomic_guids),
        "group": a.groups,
    })
}

fn deployment(d: &Detection, content: &Content) -> Value {
    let default = content.deployment(d.kind.value);
    let scheduling = content.scheduling(d).map(|s| {
        json!({
            "cron_schedule": s.cron_schedule, "earliest_time": s.earliest_time,
            "latest_time": s.latest_time, "schedule_window": s.schedule_window,
        })
    });
    json!({
        "name": default.map(|x| &x.name.value),
        "description": default.map(|x| &x.description),
        "enabled": d.enabled_by_default,
        "scheduling": scheduling,
        "risk": default.is_some_and(|x| x.risk),
        "notable": default.and_then(|x| x.notable.as_ref()).map(|n| json!({
            "rule_title": n.rule_title, "rule_description": n.rule_description,
            "nes_fields": n.fields,
        })),
    })
}

fn object(o: &RiskObject) -> Value {
    json!({ "field": o.field.value, "type": o.kind, "score": o.score,
        "message": o.message.as_ref().map(|m| &m.value) })
}

fn risk(d: &Detection) -> Value {
    let r = &d.risk;
    json!({
        "message": r.message.as_ref().map(|m| &m.value),
        "score": r.score(),
        "impact": r.impact,
        "confidence": r.confidence,
        "risk_objects": r.objects.iter().map(object).collect::<Vec<_>>(),
        "threat_objects": r.threats.iter()
            .map(|t| json!({ "field": t.field.value, "type": t.kind })).collect::<Vec<_>>(),
    })
}

fn tests(d: &Detection) -> Vec<Value> {
    d.about
        .tests
        .iter()
        .map(|t| {
            json!({
                "name": t.name,
                "attack_data": t.attack_data.iter().map(|a| json!({
                    "data": a.data.value, "source": a.source, "sourcetype": a.sourcetype,
                    "host": a.host, "index": a.index,
                })).collect::<Vec<_>>(),
            })
        })
        .collect()
}
