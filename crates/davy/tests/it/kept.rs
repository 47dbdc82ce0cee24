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
        let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../samples");
        let out = Command::new(env!("CARGO_BIN_EXE_davy"))
            .env("DAVY_CACHE", cache)
            .args(["hunt", "--now", "1800000000", "--format", "ndjson", "--content"])
            .arg(self.path("content"))
            .arg(samples)
            .output()
            .unwrap();
        assert_eq!(out.status.code(), Some(0), "{}", String::from_utf8_lossy(&out.stderr));
        String::from_utf8(out.stdout).unwrap() + &String::from_utf8(out.stderr).unwrap()
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
        assert_eq!(place.kept().len(), 2, "{:?}", place.kept());
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
        // They are as they were again.
        for (path, whole) in place.kept().iter().zip(&whole) {
            assert!(std::fs::read(path).unwrap() == *whole, "{path:?}");
        }
    }
    // A folder that cannot be written, or is none, is done without.
    std::fs::write(place.path("file"), "x").unwrap();
    assert_eq!(place.hunt(&place.path("file")), first);
}
