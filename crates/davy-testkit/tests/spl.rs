//! Every case under `tests/spl/` in every setting, and every example of the reference.

// A test may end in a panic; helpers outside `#[test]` functions are not told apart.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use davy_plan::spec::{Example, Expect};
use davy_plan::{aggregates, commands, functions};
use davy_testkit::{Case, Expected, KINDS, Kinds, Runner, read, read_kinds, settings};
use libtest_mimic::{Arguments, Failed, Trial};
use std::path::{Path, PathBuf};
use std::sync::Arc;

fn main() {
    let args = Arguments::from_args();
    let runners: Vec<Arc<Runner>> = settings()
        .into_iter()
        .map(|s| Arc::new(Runner::new(s).expect("a session starts")))
        .collect();
    let kinds = kinds();
    let mut trials = vec![Trial::test("every function has a row of every kind", {
        let missing = missing(&kinds);
        move || match missing.is_empty() {
            true => Ok(()),
            false => Err(Failed::from(missing.join("\n"))),
        }
    })];
    for case in cases().into_iter().chain(kinds.cases).chain(examples()) {
        let runners = runners.clone();
        trials.push(Trial::test(case.name.clone(), move || {
            for runner in &runners {
                runner
                    .check(&case)
                    .map_err(|e| Failed::from(format!("line {}: {e}", case.line)))?;
            }
            Ok(())
        }));
    }
    libtest_mimic::run(&args, trials).exit();
}

fn cases() -> Vec<Case> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/spl");
    let mut files = Vec::new();
    walk(&root, &mut files);
    files.sort();
    files
        .iter()
        .flat_map(|path| {
            let text = std::fs::read_to_string(path).expect("a case file is readable");
            let name = path.strip_prefix(&root).unwrap_or(path).with_extension("");
            read(&name.display().to_string(), &text)
        })
        .collect()
}

/// The tables of calls under `tests/spl/kinds/`.
fn kinds() -> Kinds {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/spl/kinds");
    let mut files: Vec<PathBuf> = std::fs::read_dir(root)
        .expect("the folder of tables")
        .flatten()
        .map(|e| e.path())
        .collect();
    files.sort();
    let mut out = Kinds::default();
    for path in files {
        let text = std::fs::read_to_string(&path).expect("a file of tables is readable");
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        let file = read_kinds(&format!("kinds/{stem}"), &text);
        out.cases.extend(file.cases);
        out.covered.extend(file.covered);
        out.faults.extend(file.faults);
    }
    out
}

/// What is wrong with the tables, and the functions of which they say nothing for a kind.
fn missing(kinds: &Kinds) -> Vec<String> {
    let eval = functions::names().map(|n| (false, n));
    // A function with a number after its name (`perc95`) has rows under any number.
    let stats = aggregates::names().map(|n| (true, n));
    let mut out = kinds.faults.clone();
    for (stats, name) in eval.chain(stats) {
        for kind in KINDS {
            let has = kinds.covered.iter().any(|c| {
                let function = match stats {
                    true => c.function.trim_end_matches(|d: char| d.is_ascii_digit()),
                    false => c.function.as_str(),
                };
                c.stats == stats && function == name && c.kind == kind
            });
            if !has {
                out.push(format!("`{name}` has no row of the kind `{kind}`"));
            }
        }
    }
    out
}

fn walk(folder: &Path, out: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("the folder of cases").flatten() {
        let path = entry.path();
        if path.ends_with("kinds") {
            continue;
        }
        if path.is_dir() {
            walk(&path, out);
        } else if path.extension().is_some_and(|e| e == "md") && !path.ends_with("README.md") {
            out.push(path);
        }
    }
}

/// The examples of commands and functions. Their results are checked by what they state.
fn examples() -> Vec<Case> {
    let commands = commands::all().iter().map(|s| (s.name, s.examples));
    let functions = functions::families()
        .iter()
        .flat_map(|(_, list)| list.iter().map(|s| (s.name, s.examples)));
    let aggregates = aggregates::families()
        .iter()
        .flat_map(|(_, list)| list.iter().map(|s| (s.name, s.examples)));
    commands
        .chain(functions)
        .chain(aggregates)
        .flat_map(|(name, list)| list.iter().enumerate().map(move |(i, e)| example(name, i, e)))
        .collect()
}

fn example(name: &str, number: usize, example: &Example) -> Case {
    let (tail, expected) = match example.expect {
        Expect::Rows(n) => (
            "| stats count AS n".to_owned(),
            Expected::Csv { text: format!("n\n{n}"), unordered: false },
        ),
        Expect::Field(field, value) => {
            let row = match value {
                "" => "{}".to_owned(),
                value if value.contains('|') => {
                    let list: Vec<&str> = value.split('|').collect();
                    serde_json::json!({ field: list }).to_string()
                }
                value => serde_json::json!({ field: value }).to_string(),
            };
            (
                format!("| head 1 | table \"{field}\""),
                Expected::Rows { lines: vec![row], unordered: false },
            )
        }
        Expect::Table(text) => {
            (String::new(), Expected::Csv { text: text.to_owned(), unordered: false })
        }
        Expect::Varies => (
            "| stats count AS n | where n<0 | table n".to_owned(),
            Expected::Csv { text: "n".to_owned(), unordered: false },
        ),
    };
    // Examples whose result depends on the events or on a table still need one.
    let (events, lookups) = match example.expect {
        Expect::Varies => (
            vec!["{\"_time\":1777890000,\"user\":\"ann\"}".to_owned()],
            vec![("users.csv".to_owned(), "name,department\nann,finance\n".to_owned())],
        ),
        _ => (Vec::new(), Vec::new()),
    };
    Case {
        events,
        lookups,
        name: format!("example {name} {}", number + 1),
        search: format!("{}\n{tail}", example.search),
        expected,
        ..Case::default()
    }
}
