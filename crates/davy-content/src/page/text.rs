//! The page as plain text.

use super::view::{Block, Cell, Section, View};
use std::fmt::Write;

pub(super) fn render(view: &View) -> String {
    let mut out = format!("{}\n", clean(&view.title));
    for section in &view.sections {
        let _ = write!(out, "\n{}\n", section.title);
        write_blocks(&mut out, section);
    }
    out.push('\n');
    for cell in &view.footer {
        out.push_str(&clean(&cell.text));
    }
    out.push('\n');
    for notice in &view.notices {
        let _ = writeln!(out, "{notice}");
    }
    out
}

fn write_blocks(out: &mut String, section: &Section) {
    for block in &section.blocks {
        out.push('\n');
        match block {
            Block::Text { text } => {
                let _ = writeln!(out, "{}", clean(text.trim()));
            }
            Block::Heading { text } => {
                let _ = writeln!(out, "{text}:");
            }
            Block::Search { lines } => {
                let width = lines.len().to_string().len();
                for (i, line) in lines.iter().enumerate() {
                    let text: String = line.iter().map(|s| s.text.as_str()).collect();
                    let _ = writeln!(out, "{:>width$} {}", i + 1, clean(&text));
                }
            }
            Block::Table { headers, rows, .. } => table(out, headers, rows),
            Block::List { items } => {
                for item in items {
                    let _ = writeln!(out, "{}", clean(&item.text));
                }
            }
        }
    }
}

fn table(out: &mut String, headers: &[&str], rows: &[Vec<Cell>]) {
    let head: Vec<String> = headers.iter().map(|h| (*h).to_owned()).collect();
    let body = rows.iter().map(|row| row.iter().map(|c| clean(&c.text)).collect::<Vec<_>>());
    let lines: Vec<Vec<String>> = std::iter::once(head).chain(body).collect();
    let width = |column: usize| {
        let cells = lines.iter().filter_map(|line| line.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or_default()
    };
    let widths: Vec<usize> = (0..headers.len()).map(width).collect();
    for line in &lines {
        let mut text = String::new();
        for (cell, width) in line.iter().zip(&widths) {
            let _ = write!(text, "{cell:<width$}  ");
        }
        let _ = writeln!(out, "{}", text.trim_end());
    }
}

/// Without control characters, which could rewrite a reader's terminal; breaks become blanks.
fn clean(text: &str) -> String {
    text.chars()
        .filter_map(|c| match c {
            '\n' | '\t' => Some(' '),
            c if c.is_control() => None,
            c => Some(c),
        })
        .collect()
}
