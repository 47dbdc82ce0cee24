//! Where a hunt's outputs go, and what is said when they cannot.

use crate::{Folder, davy};
use std::io::Read;
use std::process::{Command, Stdio};

fn samples() -> String {
    concat!(env!("CARGO_MANIFEST_DIR"), "/../../samples").to_owned()
}

#[test]
fn targets_are_looked_at_before_the_hunt() {
    let folder = Folder::new("targets");
    let file = |name: &str| format!("{}/{name}", folder.path());
    let refused = |args: &[&str], said: &[&str]| {
        let out = davy(&[&["hunt", &samples()], args].concat(), "");
        assert_eq!(out.status, 2, "{args:?}: {}", out.err);
        // Before anything is read.
        assert!(out.out.is_empty() && !out.err.contains("events,"), "{}", out.err);
        for said in said {
            assert!(out.err.contains(said), "{said}: {}", out.err);
        }
    };
    let far = file("none/x.csv");
    refused(&["--timeline", &far], &["--timeline", &far, "no folder"]);
    refused(&["-o", &folder.path()], &["-o", "folder"]);
    let (one, same) = (file("a.json"), file("./a.json"));
    refused(&["-o", &one, "--risk", &same], &["--risk", "-o goes there too"]);
    refused(&["--risk", "-"], &["--risk standard output"]);
    assert!(std::fs::read_dir(folder.path()).unwrap().next().is_none(), "nothing is left behind");
    let swallowed = ["--risk", "/dev/null", "--notables", "/dev/null", "-o", "/dev/null"];
    assert_eq!(davy(&[&["hunt", &samples()], &swallowed[..]].concat(), "").status, 0);
}

#[test]
fn a_dash_is_standard_output() {
    let run =
        |more: &[&str]| davy(&[&["hunt", &samples(), "--format", "ndjson"], more].concat(), "");
    let (plain, dash) = (run(&[]), run(&["-o", "-"]));
    assert_eq!((dash.status, dash.out), (0, plain.out));
    assert!(!std::path::Path::new("-").exists());
}

#[test]
fn a_reader_that_leaves_is_no_failure_in_any_format() {
    let folder = Folder::new("pipe");
    let text: String =
        (0..4000).map(|i| format!("{{\"_time\": 17000{i:05}, \"a\": {i}}}\n")).collect();
    let events = folder.file("e.json", text);
    for format in ["csv", "ndjson", "json", "table"] {
        let mut child = Command::new(env!("CARGO_BIN_EXE_davy"))
            .args(["search", "a=*", "-i", &events, "--format", format])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut out = child.stdout.take().unwrap();
        out.read_exact(&mut [0; 16]).unwrap();
        drop(out);
        let ended = child.wait_with_output().unwrap();
        let err = String::from_utf8_lossy(&ended.stderr);
        assert_eq!((ended.status.code(), &*err), (Some(0), ""), "{format}");
    }
}

#[test]
fn flags_that_do_not_go_together_are_told() {
    let folder = Folder::new("flags");
    let report = format!("{}/r.html", folder.path());
    let out = davy(&["hunt", &samples(), "--coverage", "--report", &report], "");
    assert_eq!(out.status, 2, "{}", out.err);
    let out = davy(&["hunt", &samples(), "--events", "--format", "csv"], "");
    assert!(out.err.contains("--events: CSV has no place"), "{}", out.err);
    for flag in ["--assets", "--identities"] {
        let out = davy(&["hunt", &samples(), flag, "nowhere.csv"], "");
        assert_eq!(out.status, 2);
        assert!(out.err.contains(&format!("{flag} nowhere.csv: ")), "{}", out.err);
    }
}

#[test]
fn all_that_could_not_be_read_is_listed_when_asked_for() {
    let folder = Folder::new("unread");
    (0..25).for_each(|i| drop(folder.file(&format!("{i:02}.zip"), b"PK\x03\x04 and no more")));
    let short = davy(&["hunt", &folder.path()], "");
    assert_eq!(short.status, 1, "{}", short.err);
    assert!(short.err.contains("5 more inputs had problems"), "{}", short.err);
    assert!(!short.err.contains("the rest was read"), "{}", short.err);
    let all = davy(&["hunt", &folder.path(), "--left-out"], "");
    assert!(all.err.contains("24.zip") && !all.err.contains("had problems"), "{}", all.err);
}
