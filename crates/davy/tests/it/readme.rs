//! What the README shows is what davy prints.
#![cfg(unix)]

use std::path::Path;
use std::process::Command;

/// The commands that the README shows with their output.
fn examples(text: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut parts = text.split("```console\n$ ").skip(1);
    while let Some((command, rest)) = parts.next().and_then(|p| p.split_once("\n```\n")) {
        if let Some((shown, _)) = rest.strip_prefix("```text\n").and_then(|r| r.split_once("\n```"))
        {
            found.push((command.to_owned(), shown.to_owned()));
        }
    }
    found
}

/// Lines without the blanks at their ends.
fn trimmed(text: &str) -> String {
    text.lines().map(|line| format!("{}\n", line.trim_end())).collect()
}

#[test]
fn the_readme_shows_what_is_printed() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let text = std::fs::read_to_string(root.join("README.md")).unwrap();
    let all = examples(&text);
    assert!(all.len() >= 7, "{all:#?}");
    let davy = Path::new(env!("CARGO_BIN_EXE_davy")).parent().unwrap();
    let path = format!("{}:{}", davy.display(), std::env::var("PATH").unwrap_or_default());
    for (command, shown) in all {
        let ran = Command::new("sh")
            .arg("-c")
            .arg(command.replace("cargo run --release --locked --", "davy"))
            .current_dir(&root)
            .env("PATH", &path)
            .output()
            .unwrap();
        let text = |bytes: &[u8]| trimmed(&String::from_utf8_lossy(bytes));
        let printed = text(&ran.stdout) + &text(&ran.stderr);
        let shown = trimmed(&shown);
        // What is left out of a long output is said in such a line.
        match shown.split_once("\n(three more)\n") {
            Some((head, tail)) => {
                assert!(printed.starts_with(head), "{command}\n{printed}");
                assert!(printed.ends_with(tail), "{command}\n{printed}");
            }
            None => assert_eq!(printed, shown, "{command}"),
        }
    }
}
