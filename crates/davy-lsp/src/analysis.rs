//! One open text, read: its search, the commands in it, every mistake.

use crate::known::source_fields as source_fields_of;
use crate::server::World;
use davy_content::{Content, InputFile, load};
use davy_diag::{Diagnostics, FileId, Piece, SourceMap, Span};
use davy_knowledge::Base;
use davy_plan::{Checked, Fields, check};
use davy_spl::{MacroDef, Macros};
use std::path::Path;

/// A text that the editor holds.
#[derive(Debug, Clone)]
pub(crate) struct Document {
    /// As a path, for messages and for what a YAML file is.
    pub(crate) path: String,
    pub(crate) text: String,
}

impl Document {
    pub(crate) fn is_yaml(&self) -> bool {
        Path::new(&self.path).extension().is_some_and(|e| e == "yml" || e == "yaml")
    }
}

pub(crate) struct Analysis {
    pub(crate) sources: SourceMap,
    pub(crate) diags: Diagnostics,
    /// The search as written: the document, or what stands in it as YAML.
    pub(crate) query: Option<FileId>,
    pub(crate) checked: Option<Checked>,
    /// What the document itself defines.
    own: Content,
    source_fields: Vec<String>,
}

impl Analysis {
    pub(crate) fn of(document: &Document, world: &World) -> Analysis {
        let mut sources = world.sources.clone();
        let mut diags = Diagnostics::default();
        let mut own = Content::default();
        let mut source_fields = Vec::new();
        // All fields that events can have, where the data sources tell.
        let mut all_fields = None;
        let query = if document.is_yaml() {
            let file = InputFile { path: document.path.clone(), text: document.text.clone() };
            own = load([file], &mut sources, &mut diags);
            if let Some(detection) = own.detections().first() {
                let names = detection.data_source_names();
                let known = names.filter_map(|n| world.content.data_source(n.value));
                source_fields = known.flat_map(|s| s.fields.iter().cloned()).collect();
                all_fields = source_fields_of(detection, &world.content, &world.base);
            }
            let detection = own.detections().first().map(|d| d.search.span.file);
            detection.or_else(|| own.baselines().first().map(|b| b.search.span.file))
        } else {
            Some(sources.add(document.path.clone(), document.text.as_str()))
        };
        let empty = |file: FileId, sources: &SourceMap| sources.file(file).text.trim().is_empty();
        let checked = query.filter(|q| !empty(*q, &sources)).map(|query| {
            let macros = Layers { own: &own, below: &world.content, base: &world.base };
            check(&mut sources, query, &macros, all_fields.as_deref(), &mut diags)
        });
        Analysis { sources, diags, query, checked, own, source_fields }
    }

    pub(crate) fn query_text(&self) -> &str {
        self.query.map_or("", |query| &self.sources.file(query).text)
    }

    /// The place in the search of a byte of the document; `None` outside of it.
    pub(crate) fn in_query(&self, document: &Document, at: usize) -> Option<usize> {
        let query = self.sources.file(self.query?);
        if !document.is_yaml() {
            return Some(at.min(query.text.len()));
        }
        let piece = query.pieces.iter().rfind(|p| {
            let from = p.from.range();
            (from.start..=from.end).contains(&at)
        })?;
        let start = piece.from.range().start;
        Some((piece.out.start + (at - start)).min(piece.out.end))
    }

    /// Where in the document, in bytes, a place was written. What a macro brought stands at the
    /// macro's call.
    pub(crate) fn in_document(&self, document: &Document, span: Span) -> Option<Span> {
        let (origin, calls) = self.sources.origin(span);
        let calls = calls.into_iter().map(|(call, _)| self.sources.origin(call).0);
        std::iter::once(origin)
            .chain(calls)
            .find(|place| self.sources.file(place.file).name == document.path)
    }

    /// The macro of that name, of the document or of the content, and where its text is written.
    pub(crate) fn find_macro(&self, world: &World, name: &str, argc: usize) -> Option<MacroDef> {
        let layers = Layers { own: &self.own, below: &world.content, base: &world.base };
        let other = || (0..=20).find_map(|n| layers.find(name, n));
        layers.find(name, argc).or_else(other)
    }

    pub(crate) fn macro_names(&self, world: &World) -> Vec<String> {
        Layers { own: &self.own, below: &world.content, base: &world.base }.names()
    }

    /// The fields that a command at a byte of the search can use.
    pub(crate) fn fields_at(&self, at: usize) -> Vec<String> {
        let text = self.query_text();
        let mut fields = Fields::open();
        let mut read: Vec<String> = Vec::new();
        for stage in self.checked.iter().flat_map(|c| &c.bound.stages) {
            let Some(place) = self.query_range(stage.span).filter(|p| p.start < at) else { break };
            read.extend(stage.command.reads().into_iter().map(|(name, _)| name));
            // The command being written does not see what it makes itself.
            if text.get(place.end..at).is_some_and(|between| between.contains('|')) {
                fields = stage.command.fields(&fields);
            }
        }
        if !fields.open {
            return fields.names;
        }
        let usual = ["_time", "_raw", "host", "source", "sourcetype", "index"].map(str::to_owned);
        let mut names: Vec<String> = Vec::new();
        let all = fields.names.iter().chain(&read).chain(&self.source_fields).chain(&usual);
        for name in all {
            let hidden = name.starts_with(davy_plan::HIDDEN) || name.contains('*');
            if !hidden && !name.is_empty() && !names.contains(name) {
                names.push(name.clone());
            }
        }
        names
    }

    /// Where in the search as written a place of the expanded search is; a macro's call for what
    /// the macro brought.
    fn query_range(&self, span: Span) -> Option<std::ops::Range<usize>> {
        let query = self.query?;
        let mut span = span;
        for _ in 0..64 {
            if span.file == query {
                return Some(span.range());
            }
            let piece_at = |at: usize| {
                let pieces = &self.sources.file(span.file).pieces;
                pieces.iter().find(|p| p.out.contains(&at))
            };
            let first = piece_at(span.start as usize)?;
            let last = piece_at((span.end as usize).saturating_sub(1)).unwrap_or(first);
            let place = |piece: &Piece, at: usize| match piece.calls.first() {
                Some((call, _)) => *call,
                None => {
                    let at = at.saturating_sub(piece.out.start);
                    piece.from.part(at..at + 1)
                }
            };
            let (start, end) = (span.start as usize, (span.end as usize).saturating_sub(1));
            span = place(first, start).to(place(last, end.max(start)));
        }
        None
    }
}

/// What the document defines over the content.
struct Layers<'a> {
    own: &'a Content,
    below: &'a Content,
    /// Some macros ship with data models.
    base: &'a Base,
}

impl Macros for Layers<'_> {
    fn find(&self, name: &str, argc: usize) -> Option<MacroDef> {
        // The document's own filter is empty only if no file says otherwise.
        let own = Macros::find(self.own, name, argc);
        match own {
            Some(def) if def.source.is_some() => Some(def),
            own => Macros::find(self.below, name, argc).or(own).or_else(|| {
                let mut macros = self.base.macros().iter();
                let found = macros.find(|m| m.name == name && m.args.len() == argc)?;
                // Its place is in a text that only the base knows.
                Some(MacroDef { source: None, ..found.clone() })
            }),
        }
    }

    fn names(&self) -> Vec<String> {
        let mut names = self.own.macro_names();
        names.extend(self.below.macro_names());
        names.extend(self.base.macros().iter().map(|m| m.name.clone()));
        names.sort();
        names.dedup();
        names
    }
}
