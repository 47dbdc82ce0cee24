//! Settings that cannot be honoured, one by one.

use crate::app;

/// The reason for the only note that a setting of `props.conf` gives.
fn why(setting: &str, transforms: &str) -> String {
    let props = format!("[t]\n{setting}\n");
    let app = app(&[("default/props.conf", &props), ("default/transforms.conf", transforms)]);
    assert!(app.diags.is_empty(), "{:?}", app.diags.list());
    let notes: Vec<&str> = app.app.notes.iter().map(|n| n.why.as_str()).collect();
    assert_eq!(notes.len(), 1, "{notes:?}");
    notes.first().copied().unwrap_or_default().to_owned()
}

#[test]
fn of_props() {
    assert!(why("EXTRACT-a = \\d+", "").contains("no group"));
    assert!(why("FIELDALIAS-a = b TO c", "").contains("AS"));
    assert!(why("FIELDALIAS-a = b* AS c*", "").contains("AS"));
    assert!(why("EVAL-a = 1 +", "").contains("`+`"));
    assert!(why("LOOKUP-a = gone x OUTPUT y", "").contains("`gone`"));
    assert!(why("KV_MODE = xml", "").contains("spath"));
    assert!(why("SEDCMD-a = b/a/b/", "").contains("sed"));
    assert!(why("TZ = Nowhere/None", "").contains("zone"));
    assert!(why("MAX_EVENTS = many", "").contains("number"));
    assert!(why("EVAL-a = b\nEVAL-b = a", "").contains("reads"));
}

#[test]
fn of_transforms() {
    let report = "REPORT-a = t";
    assert!(why(report, "[t]\nREGEX = (\\w) (\\w)\nFORMAT = a$1::$2\n").contains("two groups"));
    assert!(why(report, "[t]\nREGEX = (\\w\nFORMAT = a::$1\n").contains("paren"));
    assert!(why(report, "[t]\nREGEX = (x)\nFORMAT = a::$2\n").contains("group"));
    assert!(why(report, "[t]\nREGEX = (x)\nFORMAT = a::$1-$1\n").contains("more than one"));
    assert!(why(report, "[t]\nREGEX = (?<_KEY_1>a)(?<c>b)\n").contains("_KEY_"));
    assert!(why(report, "[t]\nDELIMS = \",;\"\n").contains("DELIMS"));
    assert!(why(report, "[t]\nREGEX = (\\w)\\1\nFORMAT = a::b c::$1\n").contains("\\1"));
    assert!(why(report, "[t]\nREGEX = (x)\nFORMAT = a::b c::$2\n").contains("group"));
    assert!(why(report, "[t]\nMV_ADD = true\n").contains("REGEX"));
    assert!(why(report, "[t]\nREGEX = (?<a>x)\nSOURCE_KEY = MetaData:Host\n").contains("MetaData"));
}

#[test]
fn of_saved_searches() {
    let app = app(&[(
        "default/savedsearches.conf",
        "[a]\nsearch = x\nrelation = less than\nquantity = 3\ncron_schedule = * * * * *\nis_visible = 0\n",
    )]);
    let keys: Vec<&str> = app.app.notes.iter().map(|n| n.key.as_str()).collect();
    assert_eq!(keys, ["relation", "quantity"]);
}

#[test]
fn of_event_types_and_tags() {
    let app = app(&[
        ("default/eventtypes.conf", "[a]\nsearch = `gone`\n[off]\nsearch = x\ndisabled = 1\n"),
        ("default/tags.conf", "[eventtype=none]\nx = enabled\n[nothing]\nx = enabled\n"),
    ]);
    let stanzas: Vec<&str> = app.app.notes.iter().map(|n| n.stanza.as_str()).collect();
    assert_eq!(stanzas, ["a", "nothing", "eventtype=none"]);
    assert!(app.app.addon.eventtypes.is_empty());
}
