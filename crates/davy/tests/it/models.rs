//! Which data models events of a source are in.

use crate::{davy, shared};
use davy_content::Content;
use davy_content::model::Status;
use davy_diag::{Diagnostics, SourceMap};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// (model, dataset); the dataset is empty where a search names the model alone.
type Dataset = (String, String);

/// The datasets that the text of a search reads.
fn datasets(spl: &str) -> BTreeSet<Dataset> {
    let word = |text: &str| -> String {
        text.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect()
    };
    let starts = spl.match_indices("datamodel").map(|(at, word)| at + word.len());
    let named = starts.filter_map(|at| {
        let rest = spl[at..].trim_start_matches(['=', ':', ' ', '"']);
        let model = word(rest);
        let after = rest[model.len()..].strip_prefix('.').unwrap_or_default();
        let upper = model.starts_with(|c: char| c.is_ascii_uppercase());
        upper.then(|| (model, word(after.trim_start_matches('"'))))
    });
    named.collect()
}

fn catalogue(folder: &str) -> Content {
    fn read(folder: &Path, root: &Path, out: &mut Vec<davy_content::InputFile>) {
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() {
                read(&path, root, out);
            } else if path.extension().is_some_and(|end| end == "yml") {
                let text = std::fs::read_to_string(&path).unwrap();
                let name = path.strip_prefix(root).unwrap().display().to_string();
                out.push(davy_content::InputFile { path: name, text });
            }
        }
    }
    let mut files = Vec::new();
    let root = Path::new(folder);
    for part in ["data_sources", "detections"] {
        read(&root.join(part), root, &mut files);
    }
    davy_content::load(files, &mut SourceMap::default(), &mut Diagnostics::default())
}

/// The datasets that the example of a source is in, told by the command.
fn given(source: &davy_content::model::DataSource) -> BTreeSet<Dataset> {
    let Some(log) = source.example_log.as_deref().filter(|log| davy_exec::whole(log)) else {
        return BTreeSet::new();
    };
    let (from, kind) = (source.source.trim_matches('"'), source.sourcetype.trim_matches('"'));
    let stated = ["--source", from, "--sourcetype", kind, "--format", "json"];
    let args = [&["knowledge", "explain", "-i", "-"][..], &stated].concat();
    let kinds = davy(&args, log).json();
    let all =
        kinds.as_array().unwrap().iter().flat_map(|kind| kind["datasets"].as_array().unwrap());
    let held = all.filter(|dataset| dataset["holds"] != "none");
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    held.flat_map(|d| {
        let model = text(&d["model"]);
        [(model.clone(), text(&d["dataset"])), (model, String::new())]
    })
    .collect()
}

/// What the catalogue lists as the source of a search is not always one that writes such events:
/// two read files and name the start of a process, one reads both and names files, one reads the
/// registry too.
const OF_ANOTHER_SOURCE: [&str; 4] = [
    "Eventvwr UAC Bypass",
    "Msmpeng Application DLL Side Loading",
    "File with Samsam Extension",
    "Windows Phishing Outlook Drop Dll In FORM Dir",
];

// Each dataset that a published search reads is given by the example of one of its data sources.
#[test]
fn examples_are_in_the_models_that_searches_want() {
    let Some(folder) = shared("reference/escu") else { return };
    let content = catalogue(&folder);
    let sources: BTreeMap<&str, &davy_content::model::DataSource> =
        content.data_sources().iter().map(|s| (s.name.value.as_str(), s)).collect();
    let mut known: BTreeMap<&str, BTreeSet<Dataset>> = BTreeMap::new();
    let (mut looked, mut lacking) = (0, Vec::new());
    for detection in content.detections() {
        let wanted = datasets(&detection.search.value);
        // Risk is what the other searches give.
        let wanted: Vec<&Dataset> = wanted.iter().filter(|(model, _)| model != "Risk").collect();
        let named: Vec<_> = detection.data_source_names().collect();
        let mut from = named.iter().filter_map(|name| sources.get(name.value)).peekable();
        if wanted.is_empty() || from.peek().is_none() || detection.status == Status::Deprecated {
            continue;
        }
        let mut have = BTreeSet::new();
        let mut examples = true;
        for source in from {
            let set = known.entry(&source.name.value).or_insert_with(|| given(source));
            examples &= source.example_log.as_deref().is_some_and(davy_exec::whole);
            have.extend(set.iter().cloned());
        }
        if !examples {
            continue;
        }
        looked += 1;
        let name = detection.name.value.as_str();
        // A sensor's flow and what it saw of HTTP are of one source, whose example is the flow.
        let other_kind = have.iter().any(|(model, _)| model == "Network_Traffic")
            && named.iter().any(|source| source.value == "Suricata");
        if !wanted.iter().all(|set| have.contains(*set))
            && !other_kind
            && !OF_ANOTHER_SOURCE.contains(&name)
        {
            lacking.push(format!("{name}: {wanted:?} of {have:?}"));
        }
    }
    assert!(looked > 300, "{looked}");
    assert!(lacking.is_empty(), "{} of {looked}: {lacking:#?}", lacking.len());
}
