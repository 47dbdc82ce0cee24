//! Files that are broken or an attack, through the command: named, bounded, and the rest is done.

use crate::{Folder, davy, shared};
use std::io::Write;
use std::path::Path;

const SAMPLE: &[u8] = include_bytes!("../../../../samples/certificate_export.evtx");

/// The same noise in every run.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as u8
    };
    (0..length).map(|_| next()).collect()
}

fn bomb() -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    writer.start_file("bomb.log", zip::write::SimpleFileOptions::default()).unwrap();
    let blanks = vec![b' '; 1 << 20];
    // More than the bound on the ratio lets through.
    (0..300).for_each(|_| writer.write_all(&blanks).unwrap());
    writer.finish().unwrap().into_inner()
}

fn entity_bomb() -> String {
    let mut text = "<?xml version=\"1.0\"?><!DOCTYPE a [<!ENTITY e0 \"boom\">".to_owned();
    for i in 1..12 {
        let inside = format!("&e{};", i - 1).repeat(10);
        text.push_str(&format!("<!ENTITY e{i} \"{inside}\">"));
    }
    text.push_str(
        "]><Events><Event xmlns=\"http://schemas.microsoft.com/win/2004/08/events/event\"><System>\
         <Provider Name=\"P\"/><EventID>1</EventID><Channel>C</Channel></System><EventData>\
         <Data Name=\"A\">&e11;&nope;</Data></EventData></Event></Events>",
    );
    text
}

#[test]
fn a_hunt_names_what_it_cannot_read_and_does_the_rest() {
    let folder = Folder::new("hostile");
    folder.file("good.evtx", SAMPLE);
    folder.file("cut.evtx", &SAMPLE[..SAMPLE.len() * 3 / 4]);
    folder.file("noise.evtx", noise(100_000));
    folder.file("noise_after_header.evtx", [b"ElfFile\0".to_vec(), noise(100_000)].concat());
    folder.file("empty.evtx", "");
    folder.file("bomb.zip", bomb());
    folder.file("bomb.xml", entity_bomb());
    folder.file("deep.json", format!("{}1{}", "{\"a\":".repeat(10_000), "}".repeat(10_000)));
    folder.file("latin.log", b"a=1 \xff\xfe\nb=2\n");
    let sound = Folder::new("sound");
    sound.file("good.evtx", SAMPLE);
    let alone = davy(&["hunt", &sound.path(), "--format", "ndjson"], "");
    let all = davy(&["hunt", &folder.path(), "--format", "ndjson"], "");
    assert_eq!((alone.status, all.status), (0, 1), "{}", all.err);
    let count = |text: &str| text.lines().count();
    assert!(count(&alone.out) > 0);
    // What could be read of the cut file may add findings; none is lost.
    assert!(count(&all.out) >= count(&alone.out), "{}\n{}", all.out, all.err);
    let named = ["cut.evtx", "noise.evtx", "noise_after_header.evtx", "bomb.zip", "deep.json"];
    for name in named.into_iter().chain(["latin.log"]) {
        assert!(all.err.contains(name), "{name} is not named:\n{}", all.err);
    }
    let cut = all.err.lines().find(|line| line.contains("cut.evtx")).unwrap_or_default();
    assert!(cut.contains("at offset"), "{cut}");
    assert!(!all.err.contains("panicked"), "{}", all.err);
}

#[test]
fn an_entity_bomb_is_one_event_with_its_entities_as_written() {
    let folder = Folder::new("entities");
    let path = folder.file("bomb.xml", entity_bomb());
    let found = davy(&["search", "* | table A", "-i", &path, "--format", "ndjson"], "");
    assert!(found.out.contains("&e11;&nope;"), "{}{}", found.out, found.err);
    assert!(found.out.len() < 1000);
}

#[test]
fn a_line_of_50_megabytes_does_not_hide_the_next() {
    let folder = Folder::new("long");
    let mut text = "x".repeat(50 << 20);
    text.push_str("\nnext=1\n");
    let path = folder.file("long.log", text);
    let found = davy(&["search", "next=1 | stats count", "-i", &path, "--format", "ndjson"], "");
    assert_eq!(found.out.trim(), "{\"count\":1}", "{}", found.err);
}

#[test]
fn every_kind_of_mistake_in_a_search_ends_with_a_message() {
    for search in [
        "a (b",
        "a | append [search b",
        "a=\"b",
        "a OR",
        "a IN ()",
        "| where a >",
        "| eval a",
        "| stats count(x by y",
        "a `nope`",
        "a ``` b",
        "| frobnicate",
        "a | | b",
        "| rex \"(?<a>\"",
    ] {
        let told = davy(&["search", search], "");
        assert_eq!(told.status, 2, "{search}: {}{}", told.out, told.err);
        assert!(told.err.starts_with("error[") && told.err.contains("help"), "{}", told.err);
    }
}

#[test]
fn content_that_is_broken_is_told_and_the_rest_is_checked() {
    let folder = Folder::new("content-bad");
    folder.file("macros/a.yml", "name: a\ndefinition: '`b`'\ndescription: d\n");
    folder.file("macros/b.yml", "name: b\ndefinition: '`a`'\ndescription: d\n");
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for i in 1..10 {
        let before = format!("*a{}, ", i - 1).repeat(10);
        bomb.push_str(&format!("a{i}: &a{i} [{}]\n", before.trim_end_matches(", ")));
    }
    folder.file("detections/endpoint/bomb.yml", &bomb);
    folder.file("detections/endpoint/types.yml", "name: [1]\nid: {}\nsearch: 5\nversion: x\n");
    let told = davy(&["search", "`a`", "--content", &folder.path()], "");
    assert_eq!(told.status, 2);
    assert!(told.err.contains("spl::macro") && told.err.contains("`a`"), "{}", told.err);
    let checked = davy(&["spl", "check", &folder.path(), "--content", &folder.path()], "");
    assert_eq!(checked.status, 1, "{}", checked.out);
    for name in ["bomb.yml", "types.yml"] {
        assert!(checked.out.contains(name), "{name} is not named:\n{}", checked.out);
    }
}

// Though a built-in one has its name.
#[test]
fn a_broken_detection_is_not_mistaken_for_another() {
    let good = include_str!(
        "../../../davy-content/pack/detections/endpoint/windows_export_certificate.yml"
    );
    let folder = Folder::new("broken-detection");
    let sound = folder.file("windows_export_certificate.yml", good);
    for command in ["test", "page", "run"] {
        let more: &[&str] = if command == "run" { &["--show", "spl"] } else { &[] };
        let offline: &[&str] = if command == "test" { &["--offline"] } else { &[] };
        let ran = |path: &str| davy(&[&[command, path][..], more, offline].concat(), "");
        assert_eq!(ran(&sound).status, 0, "{command}");
        let path = folder.file("broken/windows_export_certificate.yml", good.replace(": 4", ": x"));
        let told = ran(&path);
        assert_eq!(told.status, 2, "{command}: {}", told.out);
        assert!(told.out.is_empty(), "{}", told.out);
        assert_eq!(told.err.matches("`version` must be a whole number").count(), 1, "{}", told.err);
        assert!(told.err.contains("holds no detection that can be read"), "{}", told.err);
    }
}

#[test]
fn a_pattern_that_is_given_up_is_a_named_error() {
    let text = "a".repeat(60) + "!";
    let search = format!("| makeresults | eval x=\"{text}\" | where match(x, \"(?=a)(a+)+$\")");
    let told = davy(&["search", &search], "");
    assert_ne!(told.status, 0);
    assert!(told.err.contains("run::regex-limit"), "{}", told.err);
}

/// A search over the reference recordings, and a hunt, have as many events as the `evtx` crate itself
/// dumps.
#[test]
fn events_are_counted_as_the_evtx_crate_dumps_them() {
    let Some(root) = shared("reference/evtx") else { return };
    let (mut total, mut files) = (0_u64, 0);
    each_evtx(Path::new(&root), &mut |path| {
        let Ok(mut parser) = evtx::EvtxParser::from_path(path) else { return };
        files += 1;
        total += parser.records_json().filter(Result::is_ok).count() as u64;
    });
    assert!(total > 0);
    let counted = davy(&["search", "* | stats count", "-i", &root, "--format", "ndjson"], "");
    let line: serde_json::Value = serde_json::from_str(counted.out.trim()).unwrap();
    assert_eq!(line["count"].as_u64(), Some(total), "{}", counted.err);
    let hunted = davy(&["hunt", &root, "--format", "ndjson"], "");
    let sums = format!("{files} files, {total} events, 1 detection: ");
    assert!(hunted.err.starts_with(&sums), "{sums}, not: {}", hunted.err);
}

fn each_evtx(folder: &Path, with: &mut impl FnMut(&Path)) {
    let mut entries: Vec<_> =
        std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            each_evtx(&path, with);
        } else if path.extension().is_some_and(|e| e == "evtx") {
            with(&path);
        }
    }
}

// A link in an app's folder may lead anywhere: outside of the app it is not followed, and is listed.
#[cfg(unix)]
#[test]
fn links_out_of_an_app_are_not_followed() {
    use std::os::unix::fs::symlink;
    let folder = Folder::new("links");
    folder.file("app/default/macros.conf", "[m]\ndefinition = \"ok\"\n");
    folder.file("app/lookups/own.csv", "a\nown\n");
    folder.file("secret.csv", "a\nsecret\n");
    let app = format!("{}/app", folder.path());
    symlink("/", Path::new(&app).join("default/data")).unwrap();
    symlink("../../secret.csv", Path::new(&app).join("lookups/out.csv")).unwrap();
    symlink("own.csv", Path::new(&app).join("lookups/in.csv")).unwrap();
    let search = |spl: &str| davy(&["search", spl, "--app", &app, "--format", "csv"], "");
    let ran = search("| inputlookup in.csv | eval m=`m`");
    assert_eq!(ran.out, "a,m\nown,ok\n", "{}", ran.err);
    assert!(search("| inputlookup out.csv").err.contains("no lookup `out.csv`"));
    let listed = davy(&["app", "check", &app], "");
    for name in ["default/data", "lookups/out.csv"] {
        assert!(listed.out.contains(name), "{name}: {}", listed.out);
    }
}
