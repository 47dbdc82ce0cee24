//! The reference that is made from the specs.

use davy_plan::reference::{Class, entries, find, nearest, slug, support_table};
use davy_plan::spec::Support;
use std::collections::HashSet;

/// Whose examples would need what no test can have by itself.
const WITHOUT_EXAMPLE: &[&str] = &["loadjob", "outputlookup", "savedsearch", "searchtxn"];

#[test]
fn every_entry_says_what_it_is() {
    let mut bare = Vec::new();
    for entry in entries() {
        let name = entry.name;
        assert!(!entry.summary.is_empty() && !entry.syntax.is_empty(), "{name}");
        assert!(!entry.source.is_empty(), "{name}");
        let refused = matches!(entry.support, Support::Refused { .. });
        if !refused && entry.examples.is_empty() && !WITHOUT_EXAMPLE.contains(&name) {
            bare.push(name);
        }
        let page = entry.markdown(2);
        assert!(
            page.starts_with(&format!("## {name}\n")) && page.contains(entry.summary),
            "{page}"
        );
        for example in entry.examples {
            assert!(page.contains(example.search), "{name}: {}", example.search);
            assert!(entry.text().contains(example.search.lines().next().unwrap()), "{name}");
        }
    }
    assert!(bare.is_empty(), "without an example: {}", bare.join(", "));
}

#[test]
fn no_name_stands_twice_in_its_class() {
    let (mut seen, mut twice) = (HashSet::new(), Vec::new());
    for entry in entries() {
        for name in std::iter::once(&entry.name).chain(entry.aliases) {
            if !seen.insert((entry.class, name.to_lowercase())) {
                twice.push(*name);
            }
        }
    }
    assert!(twice.is_empty(), "{}", twice.join(", "));
}

#[test]
fn names_are_found_whatever_they_are() {
    let classes = |name| find(name).iter().map(|e| e.class).collect::<Vec<_>>();
    assert_eq!(classes("STATS"), [Class::Command]);
    assert_eq!(classes("replace"), [Class::Command, Class::Function]);
    assert_eq!(find("bucket")[0].name, "bin");
    assert_eq!(find("p95")[0].name, find("perc5")[0].name);
    assert!(find("frobnicate").is_empty());
    assert_eq!(nearest("stast"), Some("stats"));
    assert_eq!(slug("Date and time"), "date-and-time");
}

#[test]
fn the_table_names_every_entry() {
    let table = support_table();
    for entry in entries() {
        assert!(table.contains(&format!("[{}](", entry.name)), "{}", entry.name);
    }
}
