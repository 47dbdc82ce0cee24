//! The page as GitHub-flavoured Markdown.

use super::view::{Block, Cell, View};
use std::fmt::Write;

pub(super) fn render(view: &View) -> String {
    let mut out = format!("# {}\n", escape(&view.title));
    for section in &view.sections {
        let _ = write!(out, "\n## {}\n", section.title);
        for block in &section.blocks {
            out.push('\n');
            write_block(&mut out, block);
        }
    }
    out.push_str("\n---\n\n");
    for cell in &view.footer {
        out.push_str(&inline(cell));
    }
    out.push('\n');
    for notice in &view.notices {
        let _ = write!(out, "\n{}\n", escape(notice));
    }
    out
}

fn write_block(out: &mut String, block: &Block) {
    match block {
        Block::Text { text } => {
            let text = paragraph(text);
            // Nor may the first characters.
            let guard = if text.starts_with(['-', '+', '=', '#']) { "\\" } else { "" };
            let _ = writeln!(out, "{guard}{text}");
        }
        Block::Heading { text } => {
            let _ = writeln!(out, "### {text}");
        }
        Block::Search { lines } => {
            let lines: Vec<String> =
                lines.iter().map(|line| line.iter().map(|s| s.text.as_str()).collect()).collect();
            let fence = "`".repeat(longest_run(&lines.join("\n")).max(2) + 1);
            // Without numbers, so that it can be copied into a search as it stands.
            let _ = writeln!(out, "{fence}spl\n{}\n{fence}", lines.join("\n"));
        }
        Block::Table { headers, rows, .. } => {
            let _ = writeln!(out, "| {} |", headers.join(" | "));
            let _ = writeln!(out, "|{}", " --- |".repeat(headers.len()));
            for row in rows {
                let cells: Vec<String> = row.iter().map(inline).collect();
                let _ = writeln!(out, "| {} |", cells.join(" | "));
            }
        }
        Block::List { items } => {
            for item in items {
                let _ = writeln!(out, "- {}", inline(item));
            }
        }
    }
}

fn inline(cell: &Cell) -> String {
    let text = cell.text.replace(['\n', '\r'], " ");
    if cell.code && !text.is_empty() {
        let fence = "`".repeat(longest_run(&text) + 1);
        // A back-quote next to the fence needs a blank between; both are dropped in reading.
        let pad = if text.starts_with('`') || text.ends_with('`') { " " } else { "" };
        return format!("{fence}{pad}{}{pad}{fence}", text.replace('|', "\\|"));
    }
    match &cell.href {
        Some(href) => {
            let href: String = href.chars().map(url_safe).collect();
            format!("[{}]({href})", escape(&text))
        }
        None => escape(&text),
    }
}

fn url_safe(c: char) -> String {
    match c {
        '(' => "%28".to_owned(),
        ')' => "%29".to_owned(),
        '<' => "%3C".to_owned(),
        '>' => "%3E".to_owned(),
        '|' => "%7C".to_owned(),
        c if c.is_whitespace() || c.is_control() => "%20".to_owned(),
        c => c.to_string(),
    }
}

/// A text of its own, whose parts in back-quotes stay code.
fn paragraph(text: &str) -> String {
    let text = text.trim();
    let mut out = String::new();
    for (i, part) in text.split('`').enumerate() {
        // An odd part lies between two back-quotes, unless the last one is left open.
        let code = i % 2 == 1 && text.matches('`').count() > i && !part.contains('\n');
        if code && !part.is_empty() {
            let _ = write!(out, "`{part}`");
        } else if i % 2 == 1 {
            let _ = write!(out, "\\`{}", escape(part));
            if text.matches('`').count() > i {
                out.push_str("\\`");
            }
        } else {
            out.push_str(&escape(part));
        }
    }
    out
}

/// Without meaning to Markdown, on one line.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    let mut last = None;
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        let next = rest.as_str().chars().next();
        let word = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
        let blank = |c: Option<char>| c.is_none_or(char::is_whitespace);
        match c {
            // Inside a word, or between blanks, these two mean nothing and stay readable.
            '_' if word(last) && word(next) => out.push(c),
            '*' if last.is_some() && blank(last) && blank(next) => out.push(c),
            '\\' | '`' | '*' | '[' | ']' | '|' | '~' | '_' => {
                out.push('\\');
                out.push(c);
            }
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            // Breaks become blanks, so that no line of a text begins a list or a heading.
            '\n' | '\t' => out.push(' '),
            c if c.is_control() => {}
            c => out.push(c),
        }
        last = Some(c);
    }
    out
}

fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or_default()
}
