//! One entry as Markdown and as plain text.

use super::{Class, Entry};
use crate::spec::{Example, Expect, Support};
use std::fmt::Write;

pub(super) fn markdown(entry: &Entry, level: usize) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "{} {}\n\n{}\n", "#".repeat(level.max(1)), entry.name, entry.summary);
    fenced(&mut out, "", entry.syntax);
    let mut facts = Vec::new();
    if !entry.aliases.is_empty() {
        let names: Vec<String> = entry.aliases.iter().map(|a| format!("`{a}`")).collect();
        facts.push(format!("Also written {}.", names.join(", ")));
    }
    if entry.class == Class::Command && !matches!(entry.support, Support::Refused { .. }) {
        facts.push(format!("{}.", entry.family));
    }
    facts.push(support(entry.support));
    facts.push(format!("Follows Splunk's {}.", entry.source));
    let _ = writeln!(out, "\n{}", facts.join("\n"));
    for example in entry.examples {
        out.push('\n');
        fenced(&mut out, "spl", example.search);
        out.push_str(&expected(&example.expect, true));
    }
    out
}

pub(super) fn text(entry: &Entry) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "{} — {}\n", entry.name, entry.class.as_str());
    let _ = writeln!(out, "{}\n\n    {}\n", entry.summary, entry.syntax.replace('\n', "\n    "));
    if !entry.aliases.is_empty() {
        let _ = writeln!(out, "Also written {}.", entry.aliases.join(", "));
    }
    if !matches!(entry.support, Support::Refused { .. }) {
        let _ = writeln!(out, "{}.", entry.family);
    }
    let _ = writeln!(out, "{}\nFollows Splunk's {}.", support(entry.support), entry.source);
    for (i, example) in entry.examples.iter().enumerate() {
        let Example { search, expect } = example;
        if i == 0 {
            out.push_str("\nExamples\n");
        } else {
            out.push('\n');
        }
        let _ = writeln!(out, "    {}", search.replace('\n', "\n    "));
        for line in expected(expect, false).lines() {
            let _ = writeln!(out, "        {line}");
        }
    }
    out
}

fn support(support: Support) -> String {
    match support {
        Support::Full => "Supported.".to_owned(),
        Support::Limited(limits) => format!("Supported with limits: {}", sentence(limits)),
        Support::Refused { why, instead } => {
            format!("Refused: {} Instead: {}", sentence(why), sentence(instead))
        }
    }
}

/// With one full stop at its end.
fn sentence(text: &str) -> String {
    format!("{}.", text.trim_end_matches('.'))
}

fn expected(expect: &Expect, markdown: bool) -> String {
    let tick = if markdown { "`" } else { "" };
    match expect {
        Expect::Rows(1) => "1 row.\n".to_owned(),
        Expect::Rows(n) => format!("{n} rows.\n"),
        Expect::Field(name, "") => format!("{tick}{name}{tick} is null.\n"),
        Expect::Field(name, value) if markdown && !value.contains(['`', '\n']) => {
            format!("`{name}` is `{value}`.\n")
        }
        Expect::Field(name, value) => format!("{tick}{name}{tick} is {value}\n"),
        Expect::Table(csv) if markdown => table(csv),
        Expect::Table(csv) => format!("{csv}\n"),
        Expect::Varies => "The result depends on the time or on what is there.\n".to_owned(),
    }
}

fn table(csv: &str) -> String {
    let mut out = String::new();
    for (i, line) in lines(csv).into_iter().enumerate() {
        let cells: Vec<String> =
            line.iter().map(|c| c.replace('|', "\\|").replace('\n', "<br>")).collect();
        let _ = writeln!(out, "| {} |", cells.join(" | "));
        if i == 0 {
            let _ = writeln!(out, "|{}", "---|".repeat(cells.len()));
        }
    }
    out
}

/// The cells of a small CSV text.
fn lines(csv: &str) -> Vec<Vec<String>> {
    let (mut lines, mut line, mut cell) = (Vec::new(), Vec::new(), String::new());
    let mut quoted = false;
    let mut chars = csv.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => {
                chars.next();
                cell.push('"');
            }
            '"' => quoted = !quoted,
            ',' if !quoted => line.push(std::mem::take(&mut cell)),
            '\n' if !quoted => {
                line.push(std::mem::take(&mut cell));
                lines.push(std::mem::take(&mut line));
            }
            c => cell.push(c),
        }
    }
    if !cell.is_empty() || !line.is_empty() {
        line.push(cell);
        lines.push(line);
    }
    lines
}

/// A code block whose fence is longer than any run of backticks in it.
fn fenced(out: &mut String, language: &str, text: &str) {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    let _ = writeln!(out, "{fence}{language}\n{text}\n{fence}");
}

#[cfg(test)]
mod tests {
    use super::{fenced, lines, table};

    #[test]
    fn quoted_cells_keep_commas_quotes_and_lines() {
        assert_eq!(
            lines("a,b\n\"1,\"\"2\"\"\",\"x\ny\""),
            [vec!["a".to_owned(), "b".to_owned()], vec!["1,\"2\"".to_owned(), "x\ny".to_owned()]]
        );
        assert_eq!(table("a,b\n1,x|y"), "| a | b |\n|---|---|\n| 1 | x\\|y |\n");
    }

    #[test]
    fn a_fence_outgrows_the_backticks_inside() {
        let mut out = String::new();
        fenced(&mut out, "spl", "search a ```note```");
        assert!(out.starts_with("````spl\n") && out.ends_with("\n````\n"), "{out}");
    }
}
