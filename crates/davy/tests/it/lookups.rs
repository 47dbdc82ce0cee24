//! Lookups: computed ones, assets and identities, and tables that are kept for later runs.

use crate::davy;
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
                10.9.0.0/16,,,,low,guests,\n";
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
        let ran = search(&format!("{made} | outputlookup {name}"));
        assert_eq!(ran.status, 0, "{}", ran.err);
        let ran = search(&format!("| inputlookup {name}"));
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
