//! The detection that davy comes with says what its published page says.

use crate::over_pack;
use davy_content::{Attack, to_json, validate};
use davy_diag::Diagnostics;

#[test]
fn annotations_are_the_pages() {
    let loaded = over_pack(&[]);
    assert_eq!(loaded.shown(), "");
    let d = loaded.content.find_detection("Windows Export Certificate").unwrap();
    let e = Attack::builtin().enrich(d);
    let rows: Vec<_> =
        e.techniques.iter().map(|t| (t.id.as_str(), t.name.as_str(), t.tactics[0].name)).collect();
    let access = "Credential Access";
    assert_eq!(
        rows,
        [
            ("T1552.004", "Private Keys", access),
            ("T1552", "Unsecured Credentials", access),
            ("T1649", "Steal or Forge Authentication Certificates", access),
        ]
    );
    assert_eq!(e.kill_chain, ["Exploitation"]);
    assert_eq!((e.nist, e.cis), ("DE.AE", "CIS 10"));
    assert_eq!(e.actors, ["Rocke", "Scattered Spider", "TeamTNT", "Volt Typhoon", "APT29"]);
    assert_eq!(e.tactics()[0].id, "TA0006");
}

#[test]
fn it_keeps_its_own_rules() {
    let mut loaded = over_pack(&[]);
    let d = loaded.content.find_detection("windows_export_certificate").unwrap();
    validate(&loaded.content, d, &Attack::builtin(), &mut loaded.diags);
    assert_eq!(loaded.shown(), "");
}

#[test]
fn json_has_it_all_resolved() {
    let loaded = over_pack(&[]);
    let d = loaded.content.find_detection("Windows Export Certificate").unwrap();
    let json = to_json(d, &loaded.content, &Attack::builtin());
    let at = |pointer: &str| json.pointer(pointer).cloned().unwrap_or_default();
    assert_eq!(at("/type"), "Anomaly");
    assert_eq!(at("/risk/score"), 36);
    assert_eq!(at("/risk/risk_objects/0/field"), "dest");
    assert_eq!(at("/annotations/mitre_attack/2/tactics/0/id"), "TA0006");
    assert_eq!(at("/annotations/threat_actors").as_array().map(Vec::len), Some(5));
    assert_eq!(at("/deployment/scheduling/earliest_time"), "-70m@m");
    assert_eq!(at("/data_sources/0/platform"), "Windows");
    assert_eq!(at("/macros/2/name"), "windows_export_certificate_filter");
    assert_eq!(at("/macros/2/definition"), "search *");
}

#[test]
fn its_search_expands_and_leads_back_into_the_yaml() {
    let mut loaded = over_pack(&[]);
    let d = loaded.content.find_detection("Windows Export Certificate").unwrap();
    let mut diags = Diagnostics::default();
    let query = d.search.span.file;
    let out = davy_spl::expand(&mut loaded.sources, query, &loaded.content, &mut diags);
    assert_eq!(diags.errors(), 0);
    let text = loaded.sources.file(out).text.clone();
    assert!(text.contains("ctime(lastTime)") && text.contains("search *"), "{text}");
    let at = text.find("UserData_Xml").unwrap();
    let (origin, _) = loaded.sources.origin(out.span(at..at + 12));
    assert_eq!(loaded.sources.file(origin.file).name, d.path);
    assert_eq!(loaded.sources.text(origin), "UserData_Xml");
}
