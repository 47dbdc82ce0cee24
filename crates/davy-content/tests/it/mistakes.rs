//! Mistakes: each named with its place, all at once, none of them fatal to other files.

use crate::forms::{V4, V6};
use crate::{Loaded, files, over_pack};
use davy_content::{Attack, validate, validate_knowledge};

fn validated(list: &[(&str, &str)]) -> Loaded {
    let mut loaded = over_pack(list);
    let attack = Attack::builtin();
    let d = loaded.content.find_detection("lamp_goes_out").unwrap();
    validate(&loaded.content, d, &attack, &mut loaded.diags);
    loaded
}

const LAMPS: (&str, &str) = ("macros/lamps.yml", "name: lamps\ndefinition: index=lamps\n");
const PATH: &str = "detections/endpoint/lamp_goes_out.yml";

fn source(name: &str) -> String {
    format!(
        "name: {name}\nid: 99999999-2222-3333-4444-{:012}\nversion: 1\nsource: lamp\nsourcetype: lamp\n",
        name.len()
    )
}

#[test]
fn a_macro_may_be_named_with_the_number_of_its_arguments() {
    let text = "name: probe(2)\narguments: [a, b]\ndefinition: $a$=$b$\n";
    let loaded = files(&[("macros/probe.yml", text)]);
    assert_eq!(loaded.shown(), "");
    assert_eq!(loaded.content.find_macro("probe", 2).unwrap().name, "probe");
    let loaded = files(&[("macros/probe.yml", &text.replace("(2)", "(3)"))]);
    let shown = loaded.shown();
    for said in ["content::bad-value", "macros/probe.yml:1:7", "has 2 names", "`name: probe`"] {
        assert!(shown.contains(said), "{said}: {shown}");
    }
}

#[test]
fn bytes_that_are_no_text_are_told() {
    let text = "name: probe\ndefinition: a=\u{fffd}\n";
    let loaded = files(&[("macros/probe.yml", text)]);
    assert_eq!(loaded.codes(), ["content::not-utf8"]);
    assert!(loaded.shown().contains("macros/probe.yml:2:15"), "{}", loaded.shown());
}

#[test]
fn a_wrong_type_shows_file_line_and_key() {
    let text = V4
        .replace("version: 3", "version: three")
        .replace("status: production", "status: prodution");
    let loaded = files(&[(PATH, &text)]);
    let expected = "\
error[content::wrong-type]: `version` must be a whole number, not text
 --> detections/endpoint/lamp_goes_out.yml:3:10
  |
3 | version: three
  |          ^^^^^ a whole number goes here
  |
  = help: write digits only
error[content::bad-value]: `status` cannot be `prodution`
 --> detections/endpoint/lamp_goes_out.yml:6:9
  |
6 | status: prodution
  |         ^^^^^^^^^ not known
  |
  = help: did you mean `production`?
";
    assert_eq!(loaded.shown(), expected);
    assert!(loaded.content.detections().is_empty());
}

#[test]
fn every_mistake_of_a_file_is_told_and_other_files_load() {
    let text = V4
        .replace("author: H. Davy\n", "")
        .replace("impact: 25", "impact: 250")
        .replace("name: lamp\n    type: Hostname", "name: lamp\n    type: Hostnam")
        .replace("data_source:", "data_sources:")
        .replace("message: $lamp$", "message: 7\n  mesage: $lamp$");
    let loaded = files(&[("detections/a.yml", &text), (PATH, V4)]);
    let codes = loaded.codes();
    assert_eq!(codes.iter().filter(|c| **c == "content::missing-key").count(), 1);
    assert_eq!(codes.iter().filter(|c| **c == "content::bad-value").count(), 2);
    assert_eq!(codes.iter().filter(|c| **c == "content::wrong-type").count(), 1);
    assert_eq!(codes.iter().filter(|c| **c == "content::unknown-key").count(), 2);
    let shown = loaded.shown();
    for words in [
        "`author` is missing",
        "`tags.impact` cannot be 250",
        "did you mean `Hostname`?",
        "did you mean `data_source`?",
        "did you mean `message`?",
        "quote it: `message: \"7\"`",
    ] {
        assert!(shown.contains(words), "{words} is not in:\n{shown}");
    }
    assert_eq!(loaded.content.detections().len(), 1);
}

#[test]
fn broken_yaml_and_repeated_keys_are_told() {
    let loaded = files(&[
        ("detections/a.yml", "name: a\n  b: [c\n"),
        ("detections/b.yml", "name: a\nname: b\n"),
        ("detections/c.yml", "- a\n"),
        ("detections/d.yml", ""),
        ("other/e.yml", "colour: red\n"),
        ("macros/f.yml", "name: f\ndefinition: '1'\n---\nname: g\n"),
        ("macros/g.yml", "name: __UPDATE__\ndefinition: '1'\n"),
    ]);
    let of = |file: &str| -> Vec<&str> {
        let here = |d: &&davy_diag::Diagnostic| {
            d.primary.as_ref().is_some_and(|l| loaded.sources.file(l.span.file).name == file)
        };
        loaded.diags.list().iter().filter(here).map(|d| d.code.id).collect()
    };
    assert_eq!(of("detections/a.yml"), ["content::yaml"]);
    assert_eq!(of("detections/b.yml"), ["content::yaml"]);
    assert_eq!(of("detections/c.yml"), ["content::wrong-type"]);
    assert_eq!(of("detections/d.yml"), ["content::wrong-type"]);
    assert_eq!(of("other/e.yml"), ["content::unknown-kind"]);
    assert_eq!(of("macros/f.yml"), ["content::yaml"]);
    assert_eq!(of("macros/g.yml"), ["content::placeholder"]);
}

#[test]
fn yaml_mistakes_have_their_place() {
    for (text, place, words) in [
        ("name: x\ndefinition: a: b\n", "a.yml:2:", "mapping values are not allowed"),
        ("name: x\ndefinition: `x`\n", "a.yml:2:13", "unexpected character"),
        ("name: x\nname: y\n", "a.yml:2:1", "the key `name` stands here twice"),
        ("name: x\ndefinition: *y\n", "a.yml:2:13", "this alias has no anchor"),
    ] {
        let shown = files(&[("macros/a.yml", text)]).shown();
        assert!(shown.contains(place) && shown.contains(words), "{place} {words}:\n{shown}");
    }
}

#[test]
fn hostile_files_end_with_a_limit() {
    let mut bomb = String::from("a: &a [x, x, x, x, x, x, x, x, x]\n");
    for (new, old) in ["b", "c", "d", "e", "f", "g", "h", "i"]
        .iter()
        .zip(["a", "b", "c", "d", "e", "f", "g", "h"])
    {
        let aliases = vec![format!("*{old}"); 9].join(", ");
        bomb.push_str(&format!("{new}: &{new} [{aliases}]\n"));
    }
    let deep = format!("a: {}{}", "[".repeat(5000), "]".repeat(5000));
    let nested: String = (0..200).map(|i| format!("{}k:\n", " ".repeat(i))).collect();
    let huge = format!("name: {}", "x".repeat(5 << 20));
    for (what, text) in [("bomb", &bomb), ("deep", &deep), ("nested", &nested), ("huge", &huge)] {
        let loaded = files(&[("macros/a.yml", text)]);
        assert_eq!(loaded.codes(), ["content::too-large"], "{what}: {}", loaded.shown());
    }
}

#[test]
fn two_of_a_name_are_told_with_both_places() {
    let loaded = files(&[(PATH, V4), ("detections/web/lamp_goes_out.yml", V4)]);
    assert_eq!(loaded.codes(), ["content::duplicate-name", "content::duplicate-id"]);
    let shown = loaded.shown();
    assert!(shown.contains("detections/endpoint/") && shown.contains("detections/web/"), "{shown}");
}

#[test]
fn a_sound_detection_has_no_mistakes() {
    let (lamp, gas) = (source("Lamp Log"), source("Gas Log") + "separator: x\n");
    let gas = gas.replace("-000000000007", "-000000000001");
    let list =
        [(PATH, V4), LAMPS, ("data_sources/l.yml", lamp.as_str()), ("data_sources/g.yml", &gas)];
    assert_eq!(validated(&list).shown(), "");
    assert_eq!(validated(&[(PATH, V6), LAMPS]).codes(), ["content::drilldowns"]);
}

#[test]
fn a_macro_that_calls_itself_is_told() {
    let loaded = validated(&[
        (PATH, V4),
        ("macros/lamps.yml", "name: lamps\ndefinition: index=lamps `wicks`\n"),
        ("macros/wicks.yml", "name: wicks\ndefinition: '`lamps`'\n"),
    ]);
    let shown = loaded.shown();
    assert!(shown.contains("macro `lamps` never ends"), "{shown}");
    assert!(shown.contains("lamps calls wicks calls lamps"), "{shown}");
    // The place is in the YAML, not in a text the user never saw.
    assert!(shown.contains("lamp_goes_out.yml:11:10"), "{shown}");
}

#[test]
fn unknown_names_are_told_with_the_nearest() {
    let text = V4
        .replace("`lamps`", "`lamsp`")
        .replace("Windows Certificate Services", "Windows Certificate Servces")
        .replace("| stats", "| lookup pitz lamp | stats")
        .replace("T1649", "T9649");
    let loaded = validated(&[
        (PATH, &text),
        LAMPS,
        ("lookups/pits.yml", "name: pits\nfilename: pits.csv\n"),
    ]);
    let shown = loaded.shown();
    for words in [
        "no macro `lamsp`",
        "did you mean `lamps`?",
        "did you mean `Windows Certificate Services`?",
        "no lookup `pitz`",
        "did you mean `pits`?",
        "ATT&CK has no technique `T9649`",
        "no data source `Lamp Log`",
    ] {
        assert!(shown.contains(words), "{words} is not in:\n{shown}");
    }
}

#[test]
fn a_risk_field_has_to_be_in_the_search() {
    let text = V4.replace("name: lamp\n", "name: lammp\n").replace("$gas$", "$wind$");
    let loaded = validated(&[(PATH, &text), LAMPS]);
    let shown = loaded.shown();
    assert!(shown.contains("the search has no field `lammp`"), "{shown}");
    assert!(shown.contains("the search has no field `wind`"), "{shown}");
    let experimental = text.replace("status: production", "status: experimental");
    let loaded = validated(&[(PATH, &experimental), LAMPS]);
    assert!(!loaded.codes().contains(&"content::field-not-in-search"));
}

#[test]
fn a_type_decides_what_risk_it_has() {
    let hunting = V6.replace("type: TTP", "type: Hunting");
    let loaded = validated(&[(PATH, &hunting), LAMPS]);
    assert_eq!(loaded.codes().iter().filter(|c| **c == "content::risk-shape").count(), 2);
    let broken = V6.replace("title: $miner$", "title: $miner");
    assert!(validated(&[(PATH, &broken), LAMPS]).codes().contains(&"content::bad-message"));
}

#[test]
fn the_filter_macro_has_the_files_name() {
    let text = V4.replace("lamp_goes_out_filter", "lamp_gone_filter");
    let loaded = validated(&[(PATH, &text), LAMPS]);
    assert!(loaded.codes().contains(&"content::no-filter-macro"));
    assert!(loaded.shown().contains("write `lamp_goes_out_filter`"), "{}", loaded.shown());
}

#[test]
fn small_things_are_checked() {
    let text = V4
        .replace("11111111-2222", "1111-2222")
        .replace("2024-10-01", "2024-13-01")
        .replace("https://lamp.example/\n", "lamp.example\n")
        .replace("- T1649", "- T1649\n  - T1649\n  cve:\n  - CVE-21-44228")
        .replace("Hang lamps.", "No.");
    let codes = validated(&[(PATH, &text), LAMPS]).codes();
    for code in ["bad-id", "bad-date", "bad-reference", "repeated", "bad-cve", "bad-value"] {
        let code = format!("content::{code}");
        assert!(codes.contains(&code.as_str()), "{code} is not in {codes:?}");
    }
}

#[test]
fn the_newer_forms_forbid_unknown_keys_and_still_load() {
    let text = V6.replace("version: 5", "version: 5\ncolour: red");
    let loaded = files(&[(PATH, &text)]);
    assert_eq!(loaded.codes(), ["content::unknown-key"]);
    assert!(loaded.diags.has_errors());
    assert_eq!(loaded.content.detections().len(), 1);
    let text = V4.replace("version: 3", "version: 3\ncolour: red");
    assert!(!files(&[(PATH, &text)]).diags.has_errors());
}

#[test]
fn knowledge_is_checked_without_a_detection() {
    let mut loaded = over_pack(&[
        ("macros/lamps.yml", "name: lamps\ndefinition: index=lamps `wick`\n"),
        ("macros/loop.yml", "name: loop\ndefinition: '`loop`'\n"),
        ("data_sources/l.yml", "name: L\nid: lamp\nversion: 1\nsource: l\nsourcetype: l\n"),
    ]);
    validate_knowledge(&loaded.content, &mut loaded.diags);
    let mut codes = loaded.codes();
    codes.sort_unstable();
    assert_eq!(codes, ["content::bad-id", "content::macro-cycle", "content::unknown-macro"]);
    let shown = loaded.shown();
    assert!(shown.contains("macros/lamps.yml:2:25"), "{shown}");
}
