//! Lookups: computed ones, assets and identities, and tables that are kept for later runs.

use crate::{Folder, davy};
use serde_json::Value;
use std::path::PathBuf;

fn folder(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("davy-lookups-{name}-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

// Shannon: two words of two and of four different characters hold one and two bits a character.
#[test]
fn entropy_is_computed() {
    let spl = "| makeresults count=1 | eval w=mvappend(\"abab\",\"abcd\"), x=\"\" | mvexpand w \
               | lookup ut_shannon_lookup word AS w | table w ut_shannon";
    let ran = davy(&["search", spl, "--format", "csv"], "");
    assert_eq!(ran.out, "w,ut_shannon\nabab,1\nabcd,2\n", "{}", ran.err);
    let spl = "| makeresults | eval w=\"a\" | lookup ut_shannon_lookup words AS w";
    let ran = davy(&["search", spl], "");
    assert!(ran.err.contains("did you mean `word`?"), "{}", ran.err);
}

// Tables that a server would fill are there and empty.
#[test]
fn tables_of_a_server_are_empty_without_one() {
    for (table, key) in [
        ("asset_lookup_by_str", "asset"),
        ("asset_lookup_by_cidr", "asset"),
        ("identity_lookup_expanded", "identity"),
        ("identity_lookup_expanded", "objectSid"),
        ("admon_groups_def", "objectSid"),
        ("admon_groups_def", "category"),
        ("interesting_ports_lookup", "dest_port"),
        ("dynamic_dns_providers_default", "dynamic_dns_domains"),
    ] {
        let spl = format!("| makeresults | eval k=\"x\" | lookup {table} {key} AS k | table k");
        let ran = davy(&["search", &spl, "--format", "csv"], "");
        assert_eq!((ran.out.as_str(), ran.status), ("k\nx\n", 0), "{table}: {}", ran.err);
    }
}

#[test]
fn assets_and_identities_fill_fields() {
    let folder = folder("entities");
    let (assets, people) = (folder.join("assets.csv"), folder.join("people.csv"));
    let text = "ip,mac,nt_host,dns,priority,category,bunit\n\
                10.0.0.5|10.0.0.6,,WS1,ws1.example.com,critical,pci|server,finance\n\
                10.9.0.0/16,,,,low,guests,\n\
                10.8.0.5-10.8.0.20,,,,low,range,\n\
                10.8.0.11,,,,low,one,\n";
    std::fs::write(&assets, text).unwrap();
    std::fs::write(
        &people,
        "identity,email,priority,category\nann|EXAMPLE\\ann,a@example.com,high,privileged\n",
    )
    .unwrap();
    let (assets, people) = (assets.to_string_lossy(), people.to_string_lossy());
    let over = ["--assets", &assets, "--identities", &people, "--format", "csv"];
    let event = "{\"dest\":\"ws1.example.com\",\"src\":\"10.0.0.6\",\"user\":\"Ann\"}\n";
    let search = |spl: &str, stdin: &str| {
        let input: &[&str] = if stdin.is_empty() { &[] } else { &["-i", "-"] };
        let ran = davy(&[&["search", spl], input, &over].concat(), stdin);
        assert_eq!(ran.status, 0, "{}", ran.err);
        ran.out
    };
    let spl = "search * | table dest_priority src_bunit user_priority user_category \
               | eval n=mvcount(dest_category)";
    let got = search(spl, event);
    assert_eq!(got.lines().nth(1), Some("critical,finance,high,privileged,"), "{got}");
    let got = search("search dest_category=pci src_category=server | stats count", event);
    assert_eq!(got, "count\n1\n");
    // Networks and ranges of addresses fill fields too; the single address stands above its network.
    let net = "{\"dest\":\"10.9.3.4\",\"src\":\"10.8.0.9\",\"dvc\":\"10.8.0.11\"}\n";
    let got = search("search * | table dest_priority dest_category src_category dvc_category", net);
    assert_eq!(got.lines().nth(1), Some("low,guests,range,one"), "{got}");
    let spl = "| makeresults | eval a=\"10.9.3.4\" | lookup asset_lookup_by_cidr asset AS a OUTPUT priority | table priority";
    assert_eq!(search(spl, ""), "priority\nlow\n");
    let spl = "| makeresults | eval u=\"example\\ANN\" | lookup identity_lookup_expanded category, identity AS u OUTPUT identity_tag | table identity_tag";
    assert_eq!(search(&spl.replace("category, ", ""), ""), "identity_tag\nprivileged\n");
    let bad = davy(&["search", "search *", "-i", "-", "--assets", &people], event);
    assert_eq!(bad.status, 2);
    let _ = std::fs::remove_dir_all(folder);
}

#[test]
fn written_lookups_are_there_in_the_next_run() {
    let folder = folder("kept");
    let place = folder.to_string_lossy().into_owned();
    let search = |spl: &str| davy(&["search", spl, "--lookups", &place, "--format", "csv"], "");
    for name in ["seen_users", "seen.csv"] {
        let made =
            "| makeresults count=2 | streamstats count AS n | eval user=\"u\".n | table user n";
        let ran = search(&format!("{made} | outputlookup key_field=user {name}"));
        assert_eq!(ran.status, 0, "{}", ran.err);
        let ran = search(&format!("| inputlookup {name} | table user n"));
        assert_eq!(ran.out, "user,n\nu1,1\nu2,2\n", "{name}: {}", ran.err);
        let more = "| makeresults | eval user=\"u2\", n=9 | table user n";
        let ran = search(&format!("{more} | outputlookup append=true key_field=user {name}"));
        assert_eq!(ran.status, 0, "{}", ran.err);
        let ran =
            search(&format!("| makeresults | eval user=\"u2\" | lookup {name} user | table n"));
        assert_eq!(ran.out, "n\n9\n", "{name}: {}", ran.err);
        // A table that a search writes is there for its own later commands.
        let ran = search(&format!(
            "{more} | outputlookup {name} | append [| inputlookup {name}] | stats count"
        ));
        assert_eq!(ran.out, "count\n2\n", "{name}: {}", ran.err);
    }
    assert!(folder.join("seen.csv").is_file());
    for name in ["\"../out.csv\"", "\"/tmp/out.csv\"", "\".hidden.csv\""] {
        let ran = search(&format!("| makeresults | outputlookup {name}"));
        assert_ne!(ran.status, 0, "{name} was written");
    }
    assert!(!folder.join("../out.csv").exists());
    let without = davy(&["search", "| makeresults | outputlookup t"], "");
    assert!(without.err.contains("--lookups"), "{}", without.err);
    let _ = std::fs::remove_dir_all(folder);
}

// Search Reference, outputlookup, "Append results": only the fields of the file are kept; "Multivalued
// fields": one value with blanks, though not in a collection; "Overwrite KV store collections".
#[test]
fn what_is_written_is_as_the_reference_says() {
    let folder = Folder::new("written");
    let place = folder.path();
    folder.file("content/lookups/own.csv", "a,d,j\n1,2,3\n");
    folder.file("content/lookups/own.yml", "name: own\ndescription: d\nfilename: own.csv\n");
    folder.file(
        "content/lookups/kv.yml",
        "name: kv\ndescription: d\ncollection: coll\nfields_list: _key, user, n\n",
    );
    let content = format!("{place}/content");
    let kept = format!("{place}/kept");
    let search = |spl: &str| {
        let args = ["search", spl, "--lookups", &kept, "--content", &content, "--format", "csv"];
        let ran = davy(&args, "");
        assert_eq!(ran.status, 0, "{spl}: {}", ran.err);
        ran.out
    };
    search("| makeresults | eval a=4, c=5, j=6 | table a c j | outputlookup append=true own");
    // The definition and its file are one table.
    for name in ["own", "own.csv"] {
        assert_eq!(search(&format!("| inputlookup {name}")), "a,d,j\n1,2,3\n4,,6\n", "{name}");
    }
    search("| makeresults | eval a=split(\"x,y\",\",\") | table a | outputlookup many.csv");
    assert_eq!(search("| inputlookup many.csv | eval n=mvcount(a)"), "a,n\nx y,1\n");
    search(
        "| makeresults | eval a=split(\"x,y\",\",\") | table a | outputlookup output_format=splunk_mv_csv many.csv",
    );
    assert_eq!(search("| inputlookup many.csv | eval n=mvcount(a) | table n"), "n\n2\n");
    // A row of a collection has a key, by which it is changed: examples 5 and 7.
    let made = "| makeresults count=2 | streamstats count AS n | eval user=\"u\".n | table user n";
    search(&format!("{made} | outputlookup kv"));
    let key = search("| inputlookup kv where user=u2 | eval k=_key | table k");
    let key = key.lines().nth(1).unwrap().to_owned();
    assert_eq!(key.len(), 24, "{key}");
    search(&format!("| inputlookup kv where _key={key} | eval n=9 | outputlookup append=true kv"));
    assert_eq!(search("| inputlookup kv | table user n"), "user,n\nu1,1\nu2,9\n");
    let more = "| makeresults | eval user=\"u3\", n=3 | table user n | outputlookup key_field=user";
    search(&format!("{more} kv"));
    assert_eq!(search("| inputlookup kv | stats count"), "count\n3\n");
    search(&format!("{more} append=false kv"));
    let all = search("| inputlookup kv | eval k=_key | table k user n");
    assert_eq!(all, "k,user,n\nu3,u3,3\n");
}

// A file may stand alone, hold bytes that are no UTF-8, and be found by time; a shipped table goes by its
// file's name too.
#[test]
fn tables_of_a_folder() {
    let folder = Folder::new("tables");
    folder.file("lookups/bare.csv", b"k,v\na,caf\xe9\n");
    folder.file(
        "lookups/leases.csv",
        "ip,since,mac\n10.0.0.1,2026-05-01,old\n10.0.0.1,2026-05-03,new\n",
    );
    folder.file(
        "lookups/leases.yml",
        "name: leases\ndescription: d\nfilename: leases.csv\ntime_field: since\ntime_format: '%Y-%m-%d'\n\
         max_offset_secs: 864000\n",
    );
    let search = |spl: &str| {
        let ran = davy(&["search", spl, "--content", &folder.path(), "--format", "csv"], "");
        assert_eq!(ran.status, 0, "{spl}: {}", ran.err);
        ran.out
    };
    assert_eq!(search("| inputlookup bare.csv"), "k,v\na,caf\u{fffd}\n");
    for (day, mac) in [("2026-05-04", "new"), ("2026-05-02", "old"), ("2026-04-01", "")] {
        let spl = format!(
            "| makeresults | eval _time=strptime(\"{day}\",\"%Y-%m-%d\"), ip=\"10.0.0.1\" \
             | lookup leases ip OUTPUT mac | table mac"
        );
        assert_eq!(search(&spl).replace("\"\"", ""), format!("mac\n{mac}\n"), "{day}");
    }
    let spl = "| makeresults | eval status=404 | lookup http_status.csv status | table status_type";
    assert_eq!(search(spl), "status_type\nClient Error\n");
}

/// Seen before, and the baseline that says what was; a detection over another log, without events.
fn baselines(folder: &Folder) {
    let detection = |name: &str, number: usize, search: &str| {
        format!(
            "name: {name}\nid: 00000000-0000-4000-8000-{number:012}\nversion: 1\ndate: \
             '2026-01-01'\nauthor: A\nstatus: production\ntype: Hunting\ndescription: d\n\
             data_source: []\nsearch: '{search}'\nhow_to_implement: h\nknown_false_positives: k\n\
             references: []\ntags:\n  analytic_story: []\n  asset_type: Endpoint\n  \
             mitre_attack_id: [T1059]\n  product: [Splunk Enterprise]\n  security_domain: endpoint\n"
        )
    };
    let new = "index=main kind=login | lookup seen_users user OUTPUT first | where isnull(first)";
    let other = "index=main kind=call | lookup seen_users user OUTPUT first";
    folder.file("content/detections/endpoint/a.yml", detection("New User", 1, new));
    folder.file("content/detections/endpoint/b.yml", detection("Other Log", 2, other));
    let baseline = detection(
        "Users Seen",
        3,
        "index=main kind=login | stats min(_time) as first by user | outputlookup seen_users",
    );
    folder.file("content/baselines/c.yml", baseline.replace("type: Hunting", "type: Baseline"));
    folder.file(
        "content/lookups/seen_users.yml",
        "name: seen_users\ndate: 2026-01-01\nversion: 1\nid: 00000000-0000-4000-8000-000000000004\n\
         author: A\nlookup_type: kvstore\ndescription: d\nfields: [_key, user, first]\n",
    );
}

#[test]
fn detections_without_their_baseline_are_named() {
    let folder = Folder::new("baseline");
    baselines(&folder);
    let logs =
        folder.file("logs.json", "{\"_time\":1700000000,\"kind\":\"login\",\"user\":\"ann\"}\n");
    let content = format!("{}/content", folder.path());
    let kept = format!("{}/kept", folder.path());
    std::fs::create_dir_all(&kept).unwrap();
    let hunt = || {
        let mut args = vec!["hunt", &logs, "--content", &content, "--exclude", "Windows Export*"];
        args.extend(["--lookups", &kept, "--left-out", "--format", "ndjson"]);
        let out = davy(&args, "");
        assert_eq!(out.status, 0, "{}", out.err);
        out
    };
    let records = |text: &str| -> Vec<Value> {
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    let first = hunt();
    let all = records(&first.out);
    assert!(all.iter().any(|r| r["detection"] == "New User"), "{} {}", first.out, first.err);
    for (name, had) in [("New User", true), ("Other Log", false)] {
        let own = all.iter().find(|r| r["without_baseline"] == name);
        let own = own.unwrap_or_else(|| panic!("{} {}", first.out, first.err));
        assert_eq!((&own["lookup"], &own["had_events"]), (&"seen_users".into(), &had.into()));
        assert_eq!(own["filled_by"], serde_json::json!(["Users Seen"]));
    }
    let said = "New User: its table `seen_users` is empty; `Users Seen` would fill it";
    assert!(first.err.contains(said) && !first.err.contains("Other Log: its"), "{}", first.err);
    // The baseline is a saved search; when it has run, the user was seen and the table is there.
    let spl = "| savedsearch \"ESCU - Users Seen\"";
    let filled = davy(&["search", spl, "-i", &logs, "--content", &content, "--lookups", &kept], "");
    assert_eq!(filled.status, 0, "{}", filled.err);
    let second = hunt();
    let all = records(&second.out);
    assert!(all.iter().all(|r| r["detection"] != "New User"), "{}", second.out);
    assert!(all.iter().all(|r| r.get("without_baseline").is_none()), "{}", second.out);
}
