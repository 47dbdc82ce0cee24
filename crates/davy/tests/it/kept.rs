//! What one hunt keeps for the next changes how long it takes and nothing else.

use crate::Folder;
use std::path::Path;
use std::process::Command;

const DETECTION: &str = r"name: Made Detection
id: 1f0f2c1e-6f0e-4c7e-9d0e-2f4b5a6c7d8e
version: 1
date: '2026-01-01'
author: A
status: production
type: Hunting
description: d
data_source: []
search: EventCode=VALUE | stats count BY EventCode | `made_filter`
how_to_implement: h
known_false_positives: k
references: []
tags:
  analytic_story: []
  asset_type: Endpoint
  mitre_attack_id: []
  product: [Splunk Enterprise]
  security_domain: endpoint
";

struct Place {
    folder: Folder,
}

impl Place {
    fn new(name: &str) -> Place {
        let place = Place { folder: Folder::new(name) };
        place.detection("1007");
        std::fs::create_dir_all(place.path("content/macros")).unwrap();
        place.filter("search *");
        place
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        Path::new(&self.folder.path()).join(name)
    }

    fn detection(&self, code: &str) {
        let folder = self.path("content/detections");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("made.yml"), DETECTION.replace("VALUE", code)).unwrap();
    }

    fn filter(&self, definition: &str) {
        let text = format!("name: made_filter\ndescription: d\ndefinition: {definition}\n");
        std::fs::write(self.path("content/macros/made_filter.yml"), text).unwrap();
    }

    /// The findings, and what was said of the hunt.
    fn hunt(&self, cache: &Path) -> String {
        self.hunt_at(cache, "1800000000")
    }

    fn hunt_at(&self, cache: &Path, now: &str) -> String {
        let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../samples");
        let (status, said) = self.davy(
            cache,
            &["hunt", "--now", now, "--format", "ndjson", &samples.display().to_string()],
        );
        assert_eq!(status, Some(0), "{said}");
        said
    }

    /// How a command over the content ends, and what it says.
    fn davy(&self, cache: &Path, args: &[&str]) -> (Option<i32>, String) {
        let out = Command::new(env!("CARGO_BIN_EXE_davy"))
            .env("DAVY_CACHE", cache)
            .args(args)
            .arg("--content")
            .arg(self.path("content"))
            .output()
            .unwrap();
        let said = String::from_utf8(out.stdout).unwrap() + &String::from_utf8(out.stderr).unwrap();
        (out.status.code(), said)
    }

    /// Makes a content's files look as if they had lain there for long.
    fn age(&self) {
        let old = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_700_000_000);
        for name in ["content/detections/made.yml", "content/macros/made_filter.yml"] {
            let file = std::fs::File::options().write(true).open(self.path(name)).unwrap();
            file.set_modified(old).unwrap();
        }
    }

    fn kept(&self) -> Vec<std::path::PathBuf> {
        let all = std::fs::read_dir(self.path("cache")).into_iter().flatten().flatten();
        let mut files: Vec<_> = all.map(|entry| entry.path()).collect();
        files.sort();
        files
    }
}

#[test]
fn a_hunt_with_kept_files_is_the_hunt_without() {
    let place = Place::new("kept-same");
    let without = place.hunt(Path::new("off"));
    assert!(without.contains("Made Detection"), "{without}");
    assert!(place.kept().is_empty());
    for _ in 0..3 {
        assert_eq!(place.hunt(&place.path("cache")), without);
        assert_eq!(place.kept().len(), 4, "{:?}", place.kept());
    }
}

#[test]
fn a_changed_file_counts_at_once() {
    let place = Place::new("kept-changed");
    let cache = place.path("cache");
    let first = place.hunt(&cache);
    assert!(first.contains("Made Detection"));
    // A detection that finds nothing, and the first one again.
    place.detection("999999");
    assert!(!place.hunt(&cache).contains("Made Detection"));
    place.detection("1007");
    assert_eq!(place.hunt(&cache), first);
    // A macro that lets nothing through: what the detection reads is the same, its rows are not.
    place.filter("search EventCode=5");
    assert!(!place.hunt(&cache).contains("Made Detection"));
    place.filter("search *");
    assert_eq!(place.hunt(&cache), first);
}

#[test]
fn damaged_and_foreign_files_are_passed_over() {
    let place = Place::new("kept-damaged");
    let cache = place.path("cache");
    let first = place.hunt(&cache);
    let whole: Vec<Vec<u8>> = place.kept().iter().map(|p| std::fs::read(p).unwrap()).collect();
    let spoil: [&dyn Fn(&[u8]) -> Vec<u8>; 5] = [
        &|_| Vec::new(),
        &|bytes| bytes[..bytes.len() / 2].to_vec(),
        &|bytes| bytes.iter().map(|b| b ^ 1).collect(),
        // One letter, late in the file.
        &|bytes| {
            let mut bytes = bytes.to_vec();
            let at = bytes.len() - bytes.len() / 8;
            bytes[at] ^= 0x20;
            bytes
        },
        &|_| vec![b'x'; 5000],
    ];
    for spoil in spoil {
        for (path, whole) in place.kept().iter().zip(&whole) {
            std::fs::write(path, spoil(whole)).unwrap();
        }
        assert_eq!(place.hunt(&cache), first);
        // They are as they were again, but for what is told of the files' times.
        for (path, whole) in place.kept().iter().zip(&whole) {
            let again = std::fs::read(path).unwrap();
            let content = path.file_name().unwrap().to_string_lossy().starts_with("content");
            assert!(again == *whole || content && again[..40] == whole[..40], "{path:?}");
        }
    }
    // A folder that cannot be written, or is none, is done without.
    std::fs::write(place.path("file"), "x").unwrap();
    assert_eq!(place.hunt(&place.path("file")), first);
}

#[test]
fn a_file_that_looks_unchanged_and_is_not_counts_at_once() {
    let place = Place::new("kept-stamp");
    let cache = place.path("cache");
    place.age();
    let first = place.hunt(&cache);
    assert!(first.contains("Made Detection"));
    // As long as before, and as old.
    place.detection("1008");
    place.age();
    assert!(!place.hunt(&cache).contains("Made Detection"));
    place.detection("1007");
    place.age();
    assert_eq!(place.hunt(&cache), first);
}

#[test]
fn a_touched_file_is_the_same_and_files_come_and_go() {
    let place = Place::new("kept-touched");
    let cache = place.path("cache");
    let first = place.hunt(&cache);
    place.age();
    assert_eq!(place.hunt(&cache), first);
    let other = DETECTION.replace("Made", "Other").replace("7d8e", "7d8f");
    let path = place.path("content/detections/other.yml");
    std::fs::write(&path, other.replace("VALUE", "1007").replace("made_filter", "other_filter"))
        .unwrap();
    let both = place.hunt(&cache);
    assert!(both.contains("Made Detection") && both.contains("Other Detection"), "{both}");
    std::fs::rename(&path, place.path("content/detections/another.yml")).unwrap();
    assert!(place.hunt(&cache).contains("Other Detection"));
    std::fs::remove_file(place.path("content/detections/another.yml")).unwrap();
    assert_eq!(place.hunt(&cache), first);
}

#[test]
fn mistakes_are_told_in_each_run_with_their_places() {
    let place = Place::new("kept-mistakes");
    let wrong = DETECTION.replace("version: 1", "version: one").replace("Made", "Wrong");
    std::fs::write(place.path("content/detections/wrong.yml"), wrong).unwrap();
    let odd = DETECTION.replace("author: A", "author: A\nodd_key: 1").replace("Made", "Odd");
    let odd = odd.replace("EventCode=VALUE", "EventCode=VALUE | frobnicate x");
    std::fs::write(place.path("content/detections/odd.yml"), odd).unwrap();
    let cache = place.path("cache");
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../samples");
    let samples = samples.display().to_string();
    let content = place.path("content").display().to_string();
    let runs: [&[&str]; 5] = [
        &["hunt", "--now", "1800000000", &samples],
        &["test", "--offline"],
        &["page", "Odd Detection"],
        &["page", "Made Detection", "--format", "json"],
        &["spl", "check", &content],
    ];
    for args in runs {
        let without = place.davy(Path::new("off"), args);
        for _ in 0..3 {
            assert_eq!(place.davy(&cache, args), without, "{args:?}");
        }
    }
    let (_, said) = place.davy(&cache, &["test", "--offline"]);
    for part in ["wrong.yml:3:", "`version`", "odd.yml:6:", "odd_key", "frobnicate"] {
        assert!(said.contains(part), "{part}: {said}");
    }
}

#[test]
fn ranges_of_times_are_counted_from_each_run() {
    let place = Place::new("kept-clock");
    let cache = place.path("cache");
    const SOON: &str = "1777877000";
    // One that is kept, and one that is not.
    for search in [
        "earliest=-1h EventCode=1007",
        "EventCode=1007 [| makeresults | eval _time=now()-3600 | eval earliest=_time | return earliest]",
    ] {
        let text = DETECTION.replace("EventCode=VALUE", search);
        std::fs::write(place.path("content/detections/made.yml"), text).unwrap();
        for now in ["1800000000", SOON, "1800000000", SOON] {
            let without = place.hunt_at(Path::new("off"), now);
            assert_eq!(place.hunt_at(&cache, now), without, "{search} at {now}");
            assert_eq!(without.contains("Made Detection"), now == SOON, "{search} at {now}");
        }
        // What is known of all searches need not be written again.
        let learnt = place.kept().into_iter().find(|p| p.to_string_lossy().contains("searches-"));
        let learnt = learnt.unwrap();
        let written = || std::fs::metadata(&learnt).unwrap().modified().unwrap();
        let before = written();
        place.hunt_at(&cache, "1777877001");
        assert_eq!(written(), before, "{search}");
    }
}
