//! What is read of an app, and what is noted.

use crate::{acme, app};
use davy_content::model::{Kind, LookupStore, Status};
use davy_spl::Macros;

#[test]
fn macros_with_local_over_default() {
    let acme = acme();
    let found = acme.content.find("acme", 0).expect("the macro");
    assert_eq!(found.definition, "(sourcetype=acme:fw OR sourcetype=acme:old)");
    let found = acme.content.find("acme_action", 1).expect("the macro");
    assert_eq!(found.args, ["what"]);
    assert_eq!(found.validation.expect("it is read").expression, "isnotnull(what)");
    assert!(acme.content.find("acme_now", 0).is_some_and(|m| m.iseval));
    assert!(acme.content.find("acme_broken", 2).is_none());
}

#[test]
fn saved_searches_keep_their_lines() {
    let acme = acme();
    let saved = acme.app.saved.iter().find(|s| s.name == "Acme blocked").expect("the search");
    assert_eq!(saved.search, "`acme` `acme_action(blocked)` \n| stats count by src_ip");
}

#[test]
fn built_detections_are_detections() {
    let acme = acme();
    assert_eq!(acme.content.detections().len(), 1);
    let found = acme.content.find_detection("blocked by gateway").expect("the detection");
    assert_eq!(found.id.value, "11111111-2222-4333-8444-555555555555");
    assert_eq!((found.version, found.date.value.as_str()), (3, "2023-11-14"));
    assert_eq!((found.kind.value, found.status), (Kind::Anomaly, Status::Production));
    assert_eq!(found.filter_macro(), "blocked_by_gateway_filter");
    assert_eq!(found.risk.score(), Some(40));
    assert_eq!(found.risk.threats.first().map(|t| t.field.value.as_str()), Some("user"));
    let mitre: Vec<&str> = found.annotations.mitre_ids.iter().map(|m| m.value.as_str()).collect();
    assert_eq!(mitre, ["T1071"]);
    let schedule = found.scheduling.as_ref().expect("a schedule");
    assert_eq!(schedule.cron_schedule, "0 * * * *");
    assert_eq!((schedule.earliest_time.as_str(), schedule.latest_time.as_str()), ("-70m@m", "now"));
    assert_eq!(found.throttling.as_ref().map(|t| t.period.value.as_str()), Some("1h"));
    assert!(!found.enabled_by_default);
}

#[test]
fn lookups_and_tables() {
    let acme = acme();
    let zones = acme.content.lookup("acme_zones").expect("the lookup");
    assert_eq!(zones.store, LookupStore::Csv { file: "zones.csv".into() });
    assert!(!zones.case_sensitive);
    assert_eq!(zones.max_matches, Some(1));
    assert_eq!(zones.match_type, ["WILDCARD(ip)", "WILDCARD(owner)", "EXACT(zone)"]);
    let state = acme.content.lookup("acme_state").expect("the lookup");
    let LookupStore::KeyValue { collection, fields } = &state.store else {
        panic!("not a collection: {state:?}");
    };
    assert_eq!((collection.as_str(), fields.len()), ("state", 2));
    assert!(acme.content.lookup("acme_script").is_none());
    assert!(acme.base.table("acme_zones").is_some_and(|t| t.rows.len() == 2));
    assert!(acme.base.table("zones.csv").is_some());
}

#[test]
fn all_that_is_not_honoured_is_noted_with_its_place() {
    let acme = acme();
    assert!(acme.diags.is_empty(), "{:?}", acme.diags.list());
    assert_eq!(
        acme.notes(),
        [
            "default/commands.conf:0 [] ",
            "default/data/models/Acme_Traffic.json:0 [All_Acme] y",
            "default/data/models/Acme_Traffic.json:0 [Sessions] parentName",
            "default/eventtypes.conf:5 [acme_commands] search",
            "default/macros.conf:14 [acme_broken(2)] ",
            "default/props.conf:4 [acme:fw] KV_MODE",
            "default/props.conf:8 [acme:fw] REPORT-pairs",
            "default/props.conf:12 [acme:fw] EVAL-bad",
            "default/props.conf:15 [acme:fw] TRANSFORMS-drop",
            "default/props.conf:16 [acme:fw] colour",
            "default/props.conf:27 [rule::guess] ",
            "default/savedsearches.conf:7 [Acme blocked] action.email",
            "default/transforms.conf:11 [acme_script] ",
            "default/transforms.conf:14 [acme_drop] ",
            "default/transforms.conf:23 [acme_state] max_offset_secs",
        ]
    );
    assert!(acme.app.notes.iter().all(|n| !n.why.is_empty()));
}

#[test]
fn mistakes_in_the_syntax_are_diagnostics() {
    let app = app(&[("default/props.conf", "[a]\nno equals sign\n")]);
    let codes: Vec<&str> = app.diags.list().iter().map(|d| d.code.id).collect();
    assert_eq!(codes, ["conf::no-equals"]);
}

#[test]
fn broken_json_and_tables_are_noted() {
    let app = app(&[
        ("default/data/models/X.json", "{"),
        (
            "default/savedsearches.conf",
            "[A]\nsearch = x\naction.risk = 1\naction.risk.param._risk = [\n",
        ),
        ("lookups/readme.txt", "x"),
        ("lookups/ragged.csv", "a,b\n1\n"),
    ]);
    assert_eq!(
        app.notes(),
        [
            "default/data/models/X.json:0 [] ",
            "default/savedsearches.conf:4 [A] action.risk.param._risk",
            "lookups/ragged.csv:0 [] ",
            "lookups/readme.txt:0 [] ",
        ]
    );
    assert_eq!(app.content.detections().len(), 1, "the rest of the detection stands");
}

// Saved searches without risk or findings are no detections.
#[test]
fn plain_searches_are_no_detections() {
    let app = app(&[("default/savedsearches.conf", "[A]\nsearch = x\n[B]\ndescription = none\n")]);
    assert!(app.content.detections().is_empty());
    assert_eq!(app.app.saved.len(), 1);
    assert_eq!(app.notes(), ["default/savedsearches.conf:3 [B] "]);
}

#[test]
fn transaction_types_with_local_over_default() {
    let app = app(&[
        ("default/transactiontypes.conf", "[web]\nfields = user\nmaxpause = 5s\n"),
        ("local/transactiontypes.conf", "[web]\nmaxpause = 9s\n"),
    ]);
    let (name, settings) = app.app.transactions.first().expect("the type");
    let settings: Vec<(&str, &str)> =
        settings.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
    assert_eq!((name.as_str(), settings), ("web", vec![("fields", "user"), ("maxpause", "9s")]));
}
