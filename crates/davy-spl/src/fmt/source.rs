//! Laying out a text as a user wrote it: the calls of macros stay calls, and comments stay.
//!
//! A call stands in the tree as a word that nothing else in the text holds; a command whose
//! arguments cannot be read with such a word in them keeps its arguments as they are. A comment
//! moves in front of the command in which it stands.

use super::Writer;
use crate::ast::{Args, Grammar, Pipeline, Stage};
use crate::codes;
use crate::expand::{after_string, read_call};
use crate::mapped::{Calls, Mapped};
use crate::parse::{Grammars, parse};
use davy_diag::{Diagnostics, FileId, Severity, SourceMap, Span};
use std::collections::HashMap;

/// The query in the one layout. `None` when there is a mistake in it, which is reported.
pub fn format_source(
    sources: &mut SourceMap,
    query: FileId,
    grammars: &dyn Grammars,
    diags: &mut Diagnostics,
) -> Option<String> {
    let (written, tree) = read(sources, query, grammars, diags)?;
    let text = written.lay_out(&tree, grammars);
    // The proof that the layout changes nothing.
    let copy = sources.add(sources.file(query).name.clone(), text.as_str());
    let same = match read(sources, copy, grammars, &mut Diagnostics::default()) {
        Some((again, copied)) => {
            copied == tree
                && again.calls == written.calls
                && again.lay_out(&copied, grammars) == text
        }
        None => false,
    };
    if !same {
        let whole = query.span(0..sources.file(query).text.len());
        diags.push(
            codes::NOT_FORMATTED
                .at(whole.part(0..1), "this search cannot be laid out safely")
                .help("leave it as it is, or simplify how its macros are used"),
        );
    }
    same.then_some(text)
}

fn read(
    sources: &mut SourceMap,
    query: FileId,
    grammars: &dyn Grammars,
    diags: &mut Diagnostics,
) -> Option<(Written, Pipeline)> {
    let name = sources.file(query).name.clone();
    let (mut written, mapped) = Written::new(sources, query, diags)?;
    let file = sources.add_derived(name, mapped.text, mapped.pieces);
    let mut found = Diagnostics::default();
    let opaque = Opaque { inner: grammars, mark: &written.mark };
    let tree = parse(sources, file, &opaque, &mut found);
    let mut errors = false;
    for diagnostic in found.list() {
        let span = diagnostic.primary.as_ref().map(|l| l.span);
        let forgiven = span.is_some_and(|s| written.keeps(&tree, s));
        if diagnostic.severity == Severity::Error && !forgiven {
            errors = true;
            diags.push(diagnostic.clone());
        }
    }
    written.place_comments(&tree);
    (!errors).then_some((written, tree))
}

/// Grammars in which the stand-in of a macro's call is a command whose arguments stay text.
struct Opaque<'a> {
    inner: &'a dyn Grammars,
    mark: &'a str,
}

impl Grammars for Opaque<'_> {
    fn grammar(&self, command: &str) -> Option<Grammar> {
        if command.starts_with(self.mark) {
            return Some(Grammar::Raw);
        }
        self.inner.grammar(command)
    }

    fn names(&self) -> Vec<String> {
        self.inner.names()
    }
}

/// A text whose comments are blanks and whose macros are words.
pub(super) struct Written {
    text: String,
    /// How the stand-ins begin; the text holds it nowhere else.
    mark: String,
    /// The calls as written, in order; each stand-in names its place here.
    calls: Vec<String>,
    /// Each comment with its place in `text`, until it has a command.
    found: Vec<(usize, String)>,
    /// The comments by the place of the command before which they are written.
    before: HashMap<u32, Vec<String>>,
    /// Those after the last command.
    after: Vec<String>,
}

impl Written {
    fn new(
        sources: &SourceMap,
        query: FileId,
        diags: &mut Diagnostics,
    ) -> Option<(Written, Mapped)> {
        let text = sources.file(query).text.clone();
        let lower = text.to_lowercase();
        let mark = (0..).map(|n| format!("zqm{n}x")).find(|m| !lower.contains(m.as_str()))?;
        let input = Mapped::new(&text, query.span(0..text.len()), Calls::new());
        let mut out = Mapped::default();
        let (mut calls, mut found) = (Vec::new(), Vec::new());
        let bytes = text.as_bytes();
        let (mut at, mut copied) = (0, 0);
        while let Some(b) = bytes.get(at) {
            match b {
                b'"' => at = after_string(bytes, at),
                b'\\' if bytes.get(at + 1) == Some(&b'"') => at += 2,
                b'`' => {
                    out.push_part(&input, copied..at);
                    let (end, stand_in) = if text.get(at..)?.starts_with("```") {
                        let Some(length) = text.get(at + 3..)?.find("```") else {
                            let place = query.span(at..at + 3);
                            let message = "this comment has no end";
                            diags.push(codes::UNTERMINATED_COMMENT.at(place, message));
                            return None;
                        };
                        let end = at + 3 + length + 3;
                        found.push((out.text.len(), text.get(at..end)?.to_owned()));
                        (end, " ".to_owned())
                    } else {
                        let Some(call) = read_call(&text, at) else {
                            let place = query.span(at..at + 1);
                            let message = "this macro call has no closing backtick";
                            diags.push(codes::UNTERMINATED_MACRO.at(place, message));
                            return None;
                        };
                        let end = call.range.end;
                        calls.push(text.get(at..end)?.to_owned());
                        // In single quotes, what the macro yields may need them: `%` keeps them.
                        let quoted = at > 0 && bytes.get(at - 1) == Some(&b'\'')
                            || bytes.get(end) == Some(&b'\'');
                        let sign = if quoted { "%" } else { "" };
                        (end, format!("{mark}{}x{sign}", calls.len() - 1))
                    };
                    out.push(&stand_in, query.span(at..end), Calls::new());
                    (at, copied) = (end, end);
                }
                _ => at += 1,
            }
        }
        out.push_part(&input, copied..text.len());
        let written = Written {
            text: out.text.clone(),
            mark,
            calls,
            found,
            before: HashMap::new(),
            after: Vec::new(),
        };
        Some((written, out))
    }

    fn lay_out(&self, tree: &Pipeline, grammars: &dyn Grammars) -> String {
        let opaque = Opaque { inner: grammars, mark: &self.mark };
        let commands: Option<&dyn Grammars> = Some(&opaque);
        let mut writer = Writer { written: Some(self), commands, ..Writer::default() };
        writer.pipeline(tree);
        for comment in &self.after {
            writer.line();
            writer.push(comment);
        }
        writer.push("\n");
        self.with_calls(&writer.out)
    }

    /// The calls in place of their stand-ins.
    fn with_calls(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut parts = text.split(self.mark.as_str());
        out.push_str(parts.next().unwrap_or(""));
        for part in parts {
            let (number, rest) = part.split_once('x').unwrap_or(("", part));
            let call = number.parse::<usize>().ok().and_then(|n| self.calls.get(n));
            out.push_str(call.map_or("", String::as_str));
            out.push_str(rest.strip_prefix('%').unwrap_or(rest));
        }
        out
    }

    fn slice(&self, from: u32, to: u32) -> &str {
        self.text.get(from as usize..to as usize).unwrap_or("")
    }

    /// A command whose arguments could not be read because of a macro among them.
    fn is_kept(&self, stage: &Stage) -> bool {
        let Span { start, end, .. } = stage.span.0;
        matches!(stage.args, Args::Broken(_)) && self.slice(start, end).contains(&self.mark)
    }

    /// Whether the place is in a command that is kept as it is.
    fn keeps(&self, tree: &Pipeline, place: Span) -> bool {
        tree.all_stages().into_iter().any(|stage| {
            let Span { start, end, .. } = stage.span.0;
            (start..=end).contains(&place.start) && self.is_kept(stage)
        })
    }

    /// The arguments as written of a command that is kept as it is; nothing for others.
    pub(super) fn arguments(&self, stage: &Stage) -> &str {
        if !self.is_kept(stage) {
            return "";
        }
        self.slice(stage.name.span.end, stage.span.0.end).trim()
    }

    pub(super) fn comments_before(&self, stage: &Stage) -> &[String] {
        self.before.get(&stage.span.0.start).map_or(&[], Vec::as_slice)
    }

    /// A subsearch that starts with a macro and no pipe.
    pub(super) fn is_pipeless_macro(&self, pipeline: &Pipeline, stage: &Stage) -> bool {
        let from = pipeline.span.0.start;
        stage.name.value.starts_with(&self.mark)
            && !self.slice(from, stage.span.0.start).contains('|')
    }

    fn place_comments(&mut self, tree: &Pipeline) {
        for (at, comment) in std::mem::take(&mut self.found) {
            match owner(tree, at as u32) {
                Some(place) => self.before.entry(place).or_default().push(comment),
                None => self.after.push(comment),
            }
        }
    }
}

/// Where the command starts to which a comment belongs; `None` when it stands after all.
fn owner(pipeline: &Pipeline, at: u32) -> Option<u32> {
    for stage in &pipeline.stages {
        let Span { start, end, .. } = stage.span.0;
        if at < start {
            return Some(start);
        }
        if at < end {
            let inner = stage.subsearches().into_iter().find(|p| {
                let Span { start, end, .. } = p.span.0;
                (start..=end).contains(&at)
            });
            let Some(inner) = inner else { return Some(start) };
            let last = inner.stages.last().map(|s| s.span.0.start);
            return owner(inner, at).or(last).or(Some(start));
        }
    }
    None
}
