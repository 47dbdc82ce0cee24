//! Diagnostics as text for a terminal and as JSON for a machine.

use crate::diagnostic::{Diagnostic, Severity};
use crate::source::{FileId, SourceMap, Span};
use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use std::ops::Range;

/// The message with the text it is about, underlined.
pub fn text(sources: &SourceMap, diagnostic: &Diagnostic, color: bool) -> String {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    };
    let marks = marks(sources, diagnostic);
    let mut group: Group<'_> =
        Group::with_title(level.primary_title(diagnostic.message.clone()).id(diagnostic.code.id));
    let mut done: Vec<FileId> = Vec::new();
    for mark in &marks {
        if done.contains(&mark.file) {
            continue;
        }
        done.push(mark.file);
        let file = sources.file(mark.file);
        let mut snippet = Snippet::source(file.text.as_ref()).path(file.name.as_str()).fold(true);
        for mark in marks.iter().filter(|m| m.file == mark.file) {
            let kind = if mark.primary { AnnotationKind::Primary } else { AnnotationKind::Context };
            let label = (!mark.text.is_empty()).then(|| mark.text.clone());
            snippet = snippet.annotation(kind.span(mark.range.clone()).label(label));
        }
        group = group.element(snippet);
    }
    if let Some(help) = &diagnostic.help {
        group = group.element(Level::HELP.message(help.clone()));
    }
    let renderer = if color { Renderer::styled() } else { Renderer::plain() };
    format!("{}\n", renderer.render(&[group]))
}

struct Mark {
    file: FileId,
    range: Range<usize>,
    text: String,
    primary: bool,
}

/// The places of a diagnostic in the texts that a user wrote, the primary one first.
fn marks(sources: &SourceMap, diagnostic: &Diagnostic) -> Vec<Mark> {
    let mut marks = Vec::new();
    let mut add = |span: Span, text: &str, primary: bool| {
        let (origin, calls) = sources.origin(span);
        marks.push(mark(sources, origin, text.to_owned(), primary));
        for (call, what) in calls {
            let (call, _) = sources.origin(call);
            marks.push(mark(sources, call, format!("in this use of {what}"), false));
        }
    };
    if let Some(primary) = &diagnostic.primary {
        add(primary.span, &primary.text, true);
    }
    for other in &diagnostic.others {
        add(other.span, &other.text, false);
    }
    marks
}

/// A mark on character boundaries inside the text, so that rendering cannot fail.
fn mark(sources: &SourceMap, span: Span, text: String, primary: bool) -> Mark {
    let source = &sources.file(span.file).text;
    let floor = |mut at: usize| {
        at = at.min(source.len());
        while !source.is_char_boundary(at) {
            at -= 1;
        }
        at
    };
    let start = floor(span.start as usize);
    Mark { file: span.file, range: start..floor(span.end as usize).max(start), text, primary }
}

/// One JSON object: code, severity, message, help, and each place with file, line, column, text.
pub fn json(sources: &SourceMap, diagnostic: &Diagnostic) -> serde_json::Value {
    let places: Vec<serde_json::Value> = marks(sources, diagnostic)
        .into_iter()
        .map(|m| {
            let span = m.file.span(m.range.clone());
            let (line, column) = sources.line_col(span);
            let (end_line, end_column) = sources.line_col(m.file.span(m.range.end..m.range.end));
            serde_json::json!({
                "file": sources.file(m.file).name,
                "line": line, "column": column,
                "end_line": end_line, "end_column": end_column,
                "offset": m.range.start, "length": m.range.len(),
                "primary": m.primary, "label": m.text,
                "text": sources.text(span),
            })
        })
        .collect();
    serde_json::json!({
        "code": diagnostic.code.id,
        "severity": diagnostic.severity,
        "message": diagnostic.message,
        "help": diagnostic.help,
        "places": places,
    })
}
