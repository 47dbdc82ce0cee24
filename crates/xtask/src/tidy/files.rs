//! Modules say what they are for, are not too long, have functions that fit a page or two, and are
//! not named after nothing.

use super::{Finding, walk};
use std::path::Path;

const AIM: usize = 500;
const LIMIT: usize = 800;
const FUNCTION: usize = 100;
/// Names that say nothing of what is inside.
const NAMELESS: &[&str] = &["utils", "util", "helpers", "helper", "common", "misc", "prelude"];

pub(super) fn check(root: &Path) -> Vec<Finding> {
    let mut paths = Vec::new();
    walk(&root.join("crates"), &mut paths);
    let mut found = Vec::new();
    for path in paths.iter().filter(|p| p.extension().is_some_and(|e| e == "rs")) {
        let name = path.strip_prefix(root).unwrap_or(path).display().to_string();
        match std::fs::read_to_string(path) {
            Ok(text) => one(&name, &text, &mut found),
            Err(e) => found.push(Finding::error(format!("{name}: {e}"))),
        }
    }
    found
}

fn one(name: &str, text: &str, found: &mut Vec<Finding>) {
    if !text.starts_with("//!") {
        found.push(Finding::error(format!("{name}: no `//!` line says what the module is for")));
    }
    let lines: Vec<&str> = text.lines().collect();
    match lines.len() {
        n if n > LIMIT => found.push(Finding::error(format!("{name}: {n} lines, over {LIMIT}"))),
        n if n > AIM => found.push(Finding::warning(format!("{name}: {n} lines, over {AIM}"))),
        _ => {}
    }
    let parts = name.split(['/', '.']);
    if let Some(part) = parts.into_iter().find(|p| NAMELESS.contains(p)) {
        found.push(Finding::error(format!("{name}: `{part}` says nothing of what is inside")));
    }
    for (line, function, length) in functions(&lines) {
        if length > FUNCTION {
            found.push(Finding::error(format!(
                "{name}:{line}: `{function}` has {length} lines, over {FUNCTION}"
            )));
        }
    }
}

/// Line, name and length of each function. The text is formatted, so a function ends at the first
/// brace that stands where it began.
fn functions(lines: &[&str]) -> Vec<(usize, String, usize)> {
    let mut out = Vec::new();
    for (i, line) in lines.iter().enumerate() {
        let code = line.trim_start();
        let Some(name) = function(code) else { continue };
        let end = format!("{}}}", " ".repeat(line.len() - code.len()));
        let rest = lines.iter().skip(i);
        // A declaration or a body in the same line ends at once.
        if code.ends_with(';') || code.ends_with('}') {
            continue;
        }
        if let Some(length) = rest.clone().position(|l| *l == end) {
            out.push((i + 1, name.to_owned(), length + 1));
        }
    }
    out
}

fn function(code: &str) -> Option<&str> {
    let mut rest = code;
    loop {
        if let Some(name) = rest.strip_prefix("fn ") {
            return name.split(['(', '<']).next();
        }
        let word = rest.split(' ').next()?;
        let before = matches!(word, "pub" | "const" | "async" | "unsafe" | "extern")
            || word.starts_with("pub(");
        if !before {
            return None;
        }
        rest = rest.get(word.len() + 1..)?;
    }
}

#[cfg(test)]
mod tests {
    use super::{functions, one};

    #[test]
    fn a_function_ends_at_its_brace() {
        let text = "impl A {\n    pub(crate) fn f(&self) {\n        if x {\n        }\n    }\n}\nfn g();\n";
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(functions(&lines), [(2, "f".to_owned(), 4)]);
    }

    #[test]
    fn what_is_wrong_is_named() {
        let mut found = Vec::new();
        let long = format!("fn f() {{\n{}}}\n", "    x();\n".repeat(120));
        one("crates/a/src/utils.rs", &long, &mut found);
        let texts: Vec<&str> = found.iter().map(|f| f.text.as_str()).collect();
        assert_eq!(texts.len(), 3, "{texts:?}");
        assert!(texts.iter().any(|t| t.contains("`f` has 122 lines")), "{texts:?}");
    }
}
