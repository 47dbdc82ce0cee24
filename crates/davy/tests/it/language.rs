//! `davy spl` and `davy help`.

use crate::{Folder, davy};

const DETECTION: &str = "name: Odd Thing\nid: 6d0c5b5d-0c5e-4b35-9a3c-0d6a9d3c8a11\nversion: 1\n\
    date: '2026-05-04'\nauthor: A\nstatus: experimental\ntype: Hunting\ndescription: Odd.\n\
    data_source: []\nsearch: '`odd` a=1|stats count'\nhow_to_implement: No.\n\
    known_false_positives: No.\nreferences: []\ntags:\n  analytic_story: []\n  \
    asset_type: Endpoint\n  mitre_attack_id: []\n  product:\n  - Splunk Enterprise\n  \
    security_domain: endpoint\n";

#[test]
fn check_tells_all_mistakes_at_once_and_ends_by_their_weight() {
    let bad = davy(&["spl", "check", "-"], "index=a | stast count | eval x=lowr(y)");
    assert_eq!(bad.status, 1);
    assert!(bad.out.contains("did you mean `stats`?") && bad.out.contains("lowr"), "{}", bad.out);
    assert!(bad.out.ends_with("1 search, 2 errors, 0 warnings\n"), "{}", bad.out);
    let warned = davy(&["spl", "check", "-"], "index=a user!=root");
    assert_eq!(warned.status, 0);
    assert!(warned.out.contains("[lint::not-equal]"), "{}", warned.out);
    let quiet = davy(&["spl", "check", "--no-warnings", "-"], "index=a user!=root");
    assert_eq!(quiet.out, "1 search, 0 errors, 0 warnings\n");
    assert_eq!(davy(&["spl", "check", "/no/such/file.spl"], "").status, 2);
    assert_eq!(davy(&["spl", "check"], "").status, 2);
}

#[test]
fn bytes_that_are_no_text_are_named_and_left_alone() {
    let folder = Folder::new("latin");
    let latin = folder.file("latin.spl", b"index=a x=\"caf\xe9\" | stats count by x\n");
    let checked = davy(&["spl", "check", &latin], "");
    assert_eq!(checked.status, 1);
    assert!(checked.out.contains("[spl::not-utf8]: these bytes are no UTF-8"), "{}", checked.out);
    assert!(checked.out.contains("latin.spl:1:15"), "{}", checked.out);
    let laid = davy(&["spl", "fmt", "--write", &latin], "");
    assert_eq!(laid.status, 1);
    assert!(laid.err.contains("[spl::not-utf8]"), "{}", laid.err);
    assert!(std::fs::read(&latin).unwrap().contains(&0xe9));
    let explained = davy(&["spl", "explain", &latin], "");
    assert!(explained.status == 2 && explained.err.contains("[spl::not-utf8]"));
    // The mark of an editor is no part of the search.
    let marked = folder.file("marked.spl", "\u{feff}| makeresults\n");
    let checked = davy(&["spl", "check", &marked], "");
    assert_eq!((checked.status, checked.out.as_str()), (0, "1 search, 0 errors, 0 warnings\n"));
    assert_eq!(davy(&["spl", "fmt", &marked], "").out, "| makeresults\n");
}

#[test]
fn check_speaks_json_and_sarif() {
    let json = davy(&["spl", "check", "--format", "json", "-"], "a | stast").json();
    assert_eq!((&json["errors"], &json["searches"]), (&1.into(), &1.into()));
    assert_eq!(json["diagnostics"][0]["code"], "spl::unknown-command");
    assert_eq!(json["diagnostics"][0]["places"][0]["column"], 5);
    let sarif = davy(&["spl", "check", "--format", "sarif", "-"], "a | stast").json();
    let result = &sarif["runs"][0]["results"][0];
    assert_eq!(result["ruleId"], "spl::unknown-command");
}

#[test]
fn check_reads_detections_with_the_macros_of_content() {
    let folder = Folder::new("check");
    let detection = folder.file("detections/endpoint/odd_thing.yml", DETECTION);
    let alone = davy(&["spl", "check", &detection], "");
    assert_eq!(alone.status, 1);
    assert!(alone.out.contains("no macro `odd`"), "{}", alone.out);
    let content = Folder::new("content");
    content.file("macros/odd.yml", "name: odd\ndefinition: index=odd\ndescription: Odd.\n");
    let known = davy(&["spl", "check", &folder.path(), "--content", &content.path()], "");
    assert_eq!((known.status, known.out.as_str()), (0, "1 search, 0 errors, 0 warnings\n"));
    // A folder that is the content as well is read once.
    folder.file("macros/odd.yml", "name: odd\ndefinition: index=odd | stast\ndescription: Odd.\n");
    let both = davy(&["spl", "check", &folder.path(), "--content", &folder.path()], "");
    assert!(both.out.contains("1 search, 1 error"), "{}", both.out);
    // The macros beside the detections are theirs.
    folder.file("macros/odd.yml", "name: odd\ndefinition: index=odd\ndescription: Odd.\n");
    for path in [&detection, &folder.path()] {
        let beside = davy(&["spl", "check", path], "");
        assert_eq!((beside.status, beside.out.as_str()), (0, "1 search, 0 errors, 0 warnings\n"));
    }
}

#[test]
fn fmt_prints_writes_and_checks() {
    let laid = davy(&["spl", "fmt"], "`m`  a|stats  count```why```");
    assert_eq!((laid.status, laid.out.as_str()), (0, "`m` a\n| stats count\n```why```\n"));
    let wrong = davy(&["spl", "fmt"], "a | where (");
    assert_eq!((wrong.status, wrong.out.as_str()), (1, ""));
    assert!(!wrong.err.is_empty());

    let folder = Folder::new("fmt");
    let spl = folder.file("a.spl", "a|head");
    let yaml = folder.file("detections/odd_thing.yml", DETECTION);
    let found = davy(&["spl", "fmt", "--check", &folder.path()], "");
    assert_eq!((found.status, found.out), (1, format!("{spl}\n{yaml}\n")));
    assert_eq!(davy(&["spl", "fmt", "--write", &folder.path()], "").status, 0);
    assert_eq!(std::fs::read_to_string(&spl).unwrap(), "a\n| head\n");
    let block = "search: |-\n  `odd` a=1\n  | stats count\n";
    let expected = DETECTION.replace("search: '`odd` a=1|stats count'\n", block);
    assert_eq!(std::fs::read_to_string(&yaml).unwrap(), expected);
    assert_eq!(davy(&["spl", "fmt", "--check", &folder.path()], "").status, 0);
}

#[test]
fn saved_searches_are_checked_where_they_stand() {
    let folder = Folder::new("saved");
    let text = "[default]\ndispatch.latest_time = now\n\n[Odd]\ndescription = \nsearch = a=\"*\\\\b*\" \\\n| stats count by c\n\n[Wrong]\nsearch = a=1 \\\n| stast count\n";
    let conf = folder.file("default/savedsearches.conf", text);
    for path in [&conf, &folder.path()] {
        let args = ["spl", "check", "--no-warnings", "--format", "json", path];
        let checked = davy(&args, "").json();
        assert_eq!(
            (&checked["searches"], &checked["errors"]),
            (&2.into(), &1.into()),
            "{checked:#}"
        );
        assert_eq!(checked["diagnostics"][0]["places"][0]["line"], 11, "{checked:#}");
    }
    assert_eq!(davy(&["spl", "fmt", "--check", &folder.path()], "").out, "");
}

#[test]
fn each_mistake_of_content_and_settings_is_told_once() {
    let folder = Folder::new("once");
    folder.file("c/detections/endpoint/odd.yml", DETECTION);
    folder.file("c/macros/odd.yml", "name: odd\ndefinition: [1\n");
    folder.file("c/detections/endpoint/broken.yml", "name: Broken\nid: x\n");
    let check = |path: &str| davy(&["spl", "check", "--format", "json", path], "").json();
    for path in ["c", "c/detections", "c/detections/endpoint/broken.yml", "c/macros"] {
        let found = check(&format!("{}/{path}", folder.path()));
        let all = found["diagnostics"].as_array().unwrap();
        let once: std::collections::HashSet<String> = all.iter().map(|d| d.to_string()).collect();
        assert!(!all.is_empty());
        assert_eq!(all.len(), once.len(), "{path}: {found:#}");
    }
    let text = "[Odd]\nsearch = a=1 | stats count\nno setting\n";
    let conf = folder.file("app/default/savedsearches.conf", text);
    let found = check(&conf);
    let codes: Vec<&str> = found["diagnostics"]
        .as_array()
        .unwrap()
        .iter()
        .map(|d| d["code"].as_str().unwrap())
        .collect();
    assert_eq!(codes, ["conf::no-equals"], "{found:#}");
}

#[test]
fn saved_searches_may_use_the_macros_beside_them() {
    let macros = "[acme(1)]\nargs = what\ndefinition = a=$what$\n";
    let search = "[Odd]\nsearch = `acme(b)` | stats count\n";
    let folder = Folder::new("macros");
    folder.file("default/macros.conf", macros);
    let inside = folder.file("default/savedsearches.conf", search);
    let own = folder.file("local/savedsearches.conf", search);
    folder.file("loose/macros.conf", macros);
    let loose = folder.file("loose/savedsearches.conf", search);
    let alone = folder.file("alone/savedsearches.conf", search);
    for (path, status) in [(inside, 0), (own, 0), (loose, 0), (alone, 1), (folder.path(), 0)] {
        let checked = davy(&["spl", "check", "--no-warnings", &path], "");
        assert_eq!(checked.status, status, "{path}: {}{}", checked.out, checked.err);
    }
}

#[test]
fn explain_shows_fields_segments_and_one_command() {
    let search = "index=a | stats count by x y | chart count over x by y | eval z=1";
    let all = davy(&["spl", "explain", search], "");
    assert_eq!(all.status, 0, "{}", all.err);
    assert!(all.out.contains("segment 2") && all.out.contains("logical plan"), "{}", all.out);
    let stage = davy(&["spl", "explain", "--stage", "2", "--format", "json", search], "").json();
    assert_eq!((&stage["command"], &stage["segment"]), (&"stats".into(), &1.into()));
    assert_eq!(stage["leaves"]["fields"], serde_json::json!(["x", "y", "count"]));
    assert_eq!(davy(&["spl", "explain", "--stage", "9", search], "").status, 2);
    assert_eq!(davy(&["spl", "explain", "a | stast"], "").status, 2);
}

#[test]
fn help_finds_subcommands_and_the_language() {
    assert!(davy(&["help"], "").out.contains("Usage: davy <COMMAND>"));
    assert!(davy(&["help", "spl", "check"], "").out.contains("davy spl check"));
    let head = davy(&["help", "spl", "HEAD"], "");
    assert!(head.out.contains("| makeresults count=20 | head") && head.out.contains("10 rows."));
    let both = davy(&["help", "spl", "replace", "--format", "json"], "").json();
    let kinds: Vec<&str> =
        both.as_array().unwrap().iter().map(|e| e["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["command", "eval function"]);
    let list = davy(&["help", "spl"], "");
    assert!(list.out.contains("stats") && list.out.contains("Statistical functions"));
    let none = davy(&["help", "spl", "haed"], "");
    assert_eq!(none.status, 2);
    assert!(none.err.contains("did you mean `head`?"), "{}", none.err);
    assert_eq!(davy(&["help", "nothing"], "").status, 2);
}

#[test]
fn a_field_is_shown_by_its_format_and_exported_as_it_is() {
    let search = "| makeresults | eval n=1234567, m=2, o=3 | fieldformat n=tostring(n,\"commas\") \
        | fieldformat m=m.\" of \".o | fieldformat gone=\"x\" | eval p=n+1 | table n m p";
    let shown = davy(&["search", search], "").out;
    assert!(shown.contains("1,234,567") && shown.contains("1234568"), "{shown}");
    // `m` is shown by a field that was left out.
    assert!(!shown.contains("of") && !shown.contains("gone"), "{shown}");
    let csv = davy(&["search", "--format", "csv", search], "").out;
    assert_eq!(csv, "n,m,p\n1234567,2,1234568\n");
}
