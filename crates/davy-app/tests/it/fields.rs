//! The fields, event types, tags and datasets that events get from an app. Sources: Knowledge
//! Manager Manual, "The sequence of search-time operations"; `props.conf.spec`,
//! `transforms.conf.spec`, `tags.conf.spec`.

use crate::{acme, app};

const EVENTS: &str = concat!(
    r#"{"_time": 1777890000, "sourcetype": "acme:fw", "source": "/a/gateway.log", "host": "dmz-1", "#,
    r#""_raw": "client=10.0.0.1 action=blocked verdict=drop to=example.org:443", "#,
    r#""client": "10.0.0.1", "user": "ROOT"}"#,
    "\n",
    r#"{"_time": 1777890001, "sourcetype": "acme:old", "source": "/a/other.log", "host": "lan-1", "#,
    r#""_raw": "client=10.0.0.2 action=allowed to=example.net:80", "#,
    r#""client": "10.0.0.2", "src": "given", "src_ip": "stale"}"#,
    "\n",
    r#"{"_time": 1777890002, "sourcetype": "other", "host": "lan-2", "_raw": "action=blocked"}"#,
);

fn row(host: &str, fields: &[&str]) -> Vec<String> {
    let rows = acme().search(EVENTS, &format!("search host={host}"), fields);
    assert_eq!(rows.len(), 1);
    rows.into_iter().next().unwrap_or_default()
}

#[test]
fn extractions() {
    let fields = ["action", "verdict", "dest", "target", "dest_port"];
    assert_eq!(
        row("dmz-1", &fields),
        ["blocked", "drop", "example.org", "to=example.org:443", "443"]
    );
    assert_eq!(row("lan-1", &fields), ["allowed", "", "example.net", "to=example.net:80", "80"]);
    assert_eq!(row("lan-2", &["dest", "target"]), ["", ""]);
}

// "AS" overwrites, "ASNEW" leaves a value that is there.
#[test]
fn aliases() {
    assert_eq!(row("dmz-1", &["src_ip", "src"]), ["10.0.0.1", "10.0.0.1"]);
    assert_eq!(row("lan-1", &["src_ip", "src"]), ["10.0.0.2", "given"]);
}

// "AS": where the field is not there, the alias is not either; "ASNEW" keeps it.
#[test]
fn an_alias_of_nothing() {
    let app = app(&[("default/props.conf", "[t]\nFIELDALIAS-a = gone AS a gone ASNEW b\n")]);
    let event = r#"{"_time": 1777890000, "sourcetype": "t", "a": "1", "b": "2"}"#;
    assert_eq!(app.search(event, "search *", &["a", "b"]), [["", "2"]]);
}

// "Calculated fields cannot reference one another": each sees what the others saw.
#[test]
fn calculated_fields_do_not_see_each_other() {
    assert_eq!(row("dmz-1", &["user", "account"]), ["root", "ROOT"]);
    let app =
        app(&[("default/props.conf", "[t]\nEVAL-a = a+1\nEVAL-b = a*10\nEVAL-c = \"a\".b\n")]);
    let event = r#"{"_time": 1777890000, "sourcetype": "t", "a": "1", "b": "2"}"#;
    assert_eq!(app.search(event, "search *", &["a", "b", "c"]), [["2", "10", "a2"]]);
}

#[test]
fn lookups_give_fields_and_keep_those_that_are_there() {
    assert_eq!(row("dmz-1", &["src_zone", "user"]), ["dmz", "root"]);
    assert_eq!(row("lan-1", &["src_zone", "user"]), ["lan", "Lan Team"]);
}

#[test]
fn stanzas_for_sources_and_hosts() {
    assert_eq!(row("dmz-1", &["vendor", "exposed"]), ["Acme", "yes"]);
    assert_eq!(row("lan-1", &["vendor", "exposed"]), ["", ""]);
}

#[test]
fn a_renamed_sourcetype() {
    assert_eq!(row("lan-1", &["sourcetype"]), ["acme:fw"]);
}

#[test]
fn event_types_and_tags() {
    let fields = ["eventtype", "tag"];
    assert_eq!(row("dmz-1", &fields), ["acme_blocked", "communicate|exposed|network"]);
    assert_eq!(row("lan-1", &fields), ["", ""]);
    assert_eq!(row("lan-2", &fields), ["", ""]);
}

#[test]
fn datasets_of_the_models() {
    let acme = acme();
    let model = acme.base.model("Acme_Traffic").expect("the model");
    let names: Vec<&str> = model.datasets.iter().map(|d| d.name.as_str()).collect();
    assert_eq!(names, ["All_Acme", "Blocked"]);
    let spl =
        "| tstats count from datamodel=Acme_Traffic.All_Acme by All_Acme.user All_Acme.src_ip";
    let rows = acme.search(EVENTS, spl, &["All_Acme.user", "All_Acme.src_ip", "count"]);
    assert_eq!(rows, [["root", "10.0.0.1", "1"]]);
}

// The first extraction that finds a field keeps it.
#[test]
fn earlier_extractions_win() {
    let app = app(&[(
        "default/props.conf",
        "[t]\nEXTRACT-1 = a=(?<x>\\d+)\nEXTRACT-2 = b=(?<x>\\d+)\nEXTRACT-3 = ^(?<y>.) in z\n",
    )]);
    let events = concat!(
        r#"{"_time": 1777890000, "sourcetype": "t", "_raw": "a=1 b=2", "z": "pq"}"#,
        "\n",
        r#"{"_time": 1777890001, "sourcetype": "t", "_raw": "b=2"}"#,
    );
    let rows = app.search(events, "search * | sort _time", &["x", "y"]);
    assert_eq!(rows, [["1", "p"], ["2", ""]]);
}

#[test]
fn transforms_by_delimiters_and_of_several_values() {
    let app = app(&[
        ("default/props.conf", "[t]\nREPORT-a = cells, pairs, many\n"),
        (
            "default/transforms.conf",
            concat!(
                "[cells]\nDELIMS = \"|\"\nFIELDS = one, two three\n",
                "[pairs]\nDELIMS = \";\", \":\"\nSOURCE_KEY = p\n",
                "[many]\nREGEX = (?<digit>\\d)\nMV_ADD = true\n",
            ),
        ),
    ]);
    let event = r#"{"_time": 1777890000, "sourcetype": "t", "_raw": "a1|b2", "p": "k:v;l:w"}"#;
    let fields = ["one", "two_three", "k", "l", "digit"];
    assert_eq!(app.search(event, "search *", &fields), [["a1", "b2", "v", "w", "1|2"]]);
    assert!(app.notes().is_empty(), "{:?}", app.notes());
}

// The `lookup` command heeds the definition of transforms.conf.
#[test]
fn lookups_by_command_match_as_defined() {
    let app = app(&[
        (
            "default/transforms.conf",
            concat!(
                "[nets]\nfilename = nets.csv\nmatch_type = CIDR(net)\nmax_matches = 1\n",
                "[names]\nfilename = names.csv\ncase_sensitive_match = false\n",
            ),
        ),
        ("lookups/nets.csv", "net,zone\n10.0.0.0/8,inside\n"),
        ("lookups/names.csv", "name,id\nROOT,0\n"),
    ]);
    let event = r#"{"_time": 1777890000, "ip": "10.1.2.3", "user": "root"}"#;
    let spl = "search * | lookup nets net AS ip OUTPUT zone | lookup names name AS user OUTPUT id";
    assert_eq!(app.search(event, spl, &["zone", "id"]), [["inside", "0"]]);
}

// "Filter results from the lookup table before returning data": transforms.conf.spec, filter.
#[test]
fn automatic_lookups_heed_a_filter() {
    let app = app(&[
        ("default/props.conf", "[t]\nLOOKUP-a = people name AS user OUTPUT room\n"),
        (
            "default/transforms.conf",
            "[people]\nfilename = people.csv\nfilter = (active=1 OR name=\"e*\") AND room>=20\n",
        ),
        (
            "lookups/people.csv",
            "name,active,room\nann,1,10\nbob,0,20\neve,0,30\nann,1,100\ncat,,40\n",
        ),
    ]);
    let event =
        |user: &str| format!(r#"{{"_time": 1777890000, "sourcetype": "t", "user": "{user}"}}"#);
    for (user, room) in [("ann", "100"), ("bob", ""), ("eve", "30"), ("cat", "")] {
        assert_eq!(app.search(&event(user), "search *", &["room"]), [[room]], "{user}");
    }
    assert!(app.notes().is_empty(), "{:?}", app.notes());
}

#[test]
fn a_filter_that_asks_more_is_told() {
    let app = app(&[
        ("default/props.conf", "[t]\nLOOKUP-a = people name AS user OUTPUT room\n"),
        ("default/transforms.conf", "[people]\nfilename = people.csv\nfilter = somewhere\n"),
        ("lookups/people.csv", "name,room\nann,10\n"),
    ]);
    assert!(app.notes().iter().any(|n| n.ends_with("LOOKUP-a")), "{:?}", app.notes());
}

// transforms.conf.spec, FORMAT: `$1::$2` takes the field's name from the event; MV_ADD keeps the values of a name
// that comes again, CLEAN_KEYS makes other signs `_`; `_KEY_1` and `_VAL_1` are the same as groups' names.
#[test]
fn names_that_the_event_gives() {
    let app = app(&[
        ("default/props.conf", "[a]\nREPORT-x = one\n[b]\nREPORT-x = many\n[c]\nREPORT-x = keys\n"),
        (
            "default/transforms.conf",
            "[one]\nREGEX = ([\\w-]+)=\"([^\"]*)\"\nFORMAT = $1::$2\n\
             [many]\nREGEX = ([\\w-]+)=\"([^\"]*)\"\nFORMAT = $1::$2\nMV_ADD = true\n\
             [keys]\nREGEX = (?<_KEY_1>[\\w-]+)=\"(?<_VAL_1>[^\"]*)\"\n",
        ),
    ]);
    assert_eq!(app.app.notes, []);
    for (sourcetype, wanted) in [("a", "1"), ("b", "1|3"), ("c", "1")] {
        let event = serde_json::json!({"_time": 1777890000, "sourcetype": sourcetype,
            "_raw": "x p-q=\"1\" r=\"a b\" p-q=\"3\""});
        let got = app.search(&event.to_string(), "search *", &["p_q", "r"]);
        assert_eq!(got, [[wanted, "a b"]], "{sourcetype}");
    }
}

// transforms.conf.spec: an automatic lookup is as its definition says.
#[test]
fn automatic_lookups_heed_their_definition() {
    let app = app(&[
        (
            "default/props.conf",
            "[t]\nLOOKUP-zone = zones net AS src OUTPUT zone\n\
             LOOKUP-role = roles user OUTPUT role\nLOOKUP-mac = leases ip AS src OUTPUT mac\n",
        ),
        (
            "default/transforms.conf",
            "[zones]\nfilename = zones.csv\nmatch_type = CIDR(net)\nmin_matches = 1\ndefault_match = nowhere\n\
             [roles]\nfilename = roles.csv\n\
             [leases]\nfilename = leases.csv\ntime_field = since\ntime_format = %Y-%m-%d\nmax_offset_secs = 864000\n",
        ),
        ("lookups/zones.csv", "net,zone\n10.0.0.0/8,corp\n"),
        ("lookups/roles.csv", "user,role\nann,one\nann,two\nANN,three\n"),
        ("lookups/leases.csv", "ip,since,mac\n10.1.1.1,2026-05-01,old\n10.1.1.1,2026-05-03,new\n"),
    ]);
    assert_eq!(app.app.notes, []);
    let event = |src: &str| {
        serde_json::json!({"_time": 1777890000, "sourcetype": "t", "src": src, "user": "ann"})
            .to_string()
    };
    let fields = ["zone", "role", "mac"];
    assert_eq!(app.search(&event("10.1.1.1"), "search *", &fields), [["corp", "one|two", "new"]]);
    assert_eq!(app.search(&event("9.9.9.9"), "search *", &fields), [["nowhere", "one|two", ""]]);
    let early = event("10.1.1.1").replace("1777890000", "1777680000");
    assert_eq!(app.search(&early, "search *", &["mac"]), [["old"]]);
}

// What cannot be compiled is listed, and the rest counts.
#[test]
fn bad_patterns_and_expressions_are_listed() {
    let app = app(&[(
        "default/props.conf",
        "[t]\nEXTRACT-a = (?<a>[\nEVAL-b = nosuch(1)\nEVAL-c = \"c\"\n",
    )]);
    let keys: Vec<&str> = app.app.notes.iter().map(|n| n.key.as_str()).collect();
    assert_eq!(keys, ["EXTRACT-a", "EVAL-b"]);
    let event = r#"{"_time": 1777890000, "sourcetype": "t"}"#;
    assert_eq!(app.search(event, "search *", &["c"]), [["c"]]);
}

// props.conf.spec: "[source::<source>] sourcetype = <string>".
#[test]
fn a_source_has_its_sourcetype() {
    let app = app(&[(
        "default/props.conf",
        "[source::.../acme/*.log]\nsourcetype = acme:app\n[acme:app]\nEVAL-seen = \"yes\"\n",
    )]);
    assert_eq!(app.app.notes, []);
    let event = r#"{"_time": 1777890000, "sourcetype": "x", "source": "/var/acme/a.log"}"#;
    let got = app.search(event, "search sourcetype=acme:app", &["sourcetype", "seen"]);
    assert_eq!(got, [["acme:app", "yes"]]);
}

// transforms.conf.spec, FORMAT: "FORMAT = first::$1 second::$2 third::other-value" and
// "FORMAT = $1::$2"; a text stands for itself.
#[test]
fn formats_of_texts_and_groups() {
    let app = app(&[
        (
            "default/props.conf",
            "[t]\nREPORT-a = both\nREPORT-b = alone\nREPORT-c = mixed\nREPORT-d = none\n",
        ),
        (
            "default/transforms.conf",
            "[both]\nREGEX = (\\w+) by (\\w+)\nFORMAT = first::$1 second::$2 third::other-value\n\
             [alone]\nREGEX = denied\nFORMAT = action::blocked\n\
             [mixed]\nREGEX = (\\w)<(\\w+):(\\w+)>\nFORMAT = letter::$1 $2::$3\n\
             [none]\nREGEX = accepted\nFORMAT = verdict::ok\n",
        ),
    ]);
    assert_eq!(app.app.notes, []);
    let event = r#"{"_time": 1777890000, "sourcetype": "t", "_raw": "denied by rule x<k:v> y<l:w> z<k:u>"}"#;
    let fields = ["first", "second", "third", "action", "letter", "k", "l", "verdict"];
    assert_eq!(
        app.search(event, "search *", &fields),
        [["denied", "rule", "other-value", "blocked", "x", "v", "w", ""]]
    );
}

// transforms.conf.spec, DELIMS: "Each individual ASCII character in the delimiter string is used as a
// delimiter"; its `[commalist]`; "consumes consecutive delimiter characters unless you specify a list of
// field names".
#[test]
fn each_sign_of_delimiters_separates() {
    let app = app(&[
        ("default/props.conf", "[a]\nREPORT-x = commalist\n[b]\nREPORT-x = pairs\n"),
        (
            "default/transforms.conf",
            "[commalist]\nDELIMS = \", \"\nFIELDS = one, two, three\n\
             [pairs]\nDELIMS = \"|;\", \"=:\"\n",
        ),
    ]);
    assert_eq!(app.app.notes, []);
    let event = |sourcetype: &str, raw: &str| {
        serde_json::json!({"_time": 1777890000, "sourcetype": sourcetype, "_raw": raw}).to_string()
    };
    let three = ["one", "two", "three"];
    assert_eq!(app.search(&event("a", "x, y, z"), "search *", &three), [["x", "y", "z"]]);
    assert_eq!(app.search(&event("a", "x,,z"), "search *", &three), [["x", "", "z"]]);
    let got = app.search(&event("b", "k=v w|;l:x;k=2"), "search *", &["k", "l"]);
    assert_eq!(got, [["v w", "x"]]);
}

// Knowledge Manager Manual, "The sequence of search-time operations": automatic key-value extraction
// comes after transforms.
#[test]
fn delimited_pairs_stand_over_automatic_ones() {
    let app = app(&[
        ("default/props.conf", "[t]\nREPORT-x = pairs\nEXTRACT-y = (?<c>\\d)\n"),
        ("default/transforms.conf", "[pairs]\nDELIMS = \"|\", \"=\"\n"),
    ]);
    let event = "2026-05-04T09:30:00Z|a=1|b=two words|c=3";
    let got = app.search_lines("t", event, "search *", &["a", "b", "c"]);
    assert_eq!(got, [["1", "two words", "2"]]);
    let got = app.search_lines("t", event, "search * | table *", &["a", "b", "c"]);
    assert_eq!(got, [["1", "two words", "2"]]);
}

// eventtypes.conf.spec: a search may name other event types, and not itself.
#[test]
fn event_types_of_event_types() {
    let app = app(&[
        (
            "default/eventtypes.conf",
            "[base]\nsearch = sourcetype=t\n[nested]\nsearch = eventtype=base sev=high\n\
             [twice]\nsearch = eventtype IN (nested, nothing_like) NOT eventtype=low*\n\
             [low_one]\nsearch = sev=low\n[nothing_like]\nsearch = sev=none\n\
             [loop_a]\nsearch = eventtype=loop_b\n[loop_b]\nsearch = x OR eventtype=loop_a\n\
             [of_none]\nsearch = eventtype=gone\n",
        ),
        ("default/tags.conf", "[eventtype=nested]\nurgent = enabled\n"),
    ]);
    let event = |sev: &str| {
        serde_json::json!({"_time": 1777890000, "sourcetype": "t", "sev": sev}).to_string()
    };
    let fields = ["eventtype", "tag"];
    assert_eq!(app.search(&event("high"), "search *", &fields), [["base|nested|twice", "urgent"]]);
    assert_eq!(app.search(&event("low"), "search *", &fields), [["base|low_one", ""]]);
    assert_eq!(app.search(&event("high"), "search tag=urgent", &["eventtype"]).len(), 1);
    let told: Vec<(&str, &str)> =
        app.app.notes.iter().map(|n| (n.stanza.as_str(), n.why.as_str())).collect();
    assert_eq!(
        told,
        [
            ("loop_a", "event types name each other: loop_a > loop_b > loop_a"),
            ("loop_b", "event types name each other: loop_b > loop_a > loop_b"),
            ("of_none", "no event type has the name `gone`"),
        ]
    );
}
