//! What of an app cannot be honoured, and why.

use davy_conf::{Setting, Stanza};
use davy_diag::{SourceMap, Span};

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Note {
    /// Inside the app.
    pub file: String,
    /// From 1; 0 when it is about the whole file.
    pub line: usize,
    pub stanza: String,
    pub key: String,
    pub why: String,
}

/// All notes on an app.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    pub(crate) list: Vec<Note>,
}

impl Notes {
    /// On a whole file.
    pub(crate) fn file(&mut self, file: &str, why: impl Into<String>) {
        self.item(file, "", "", why);
    }

    /// On something in a file that has no lines of its own.
    pub(crate) fn item(&mut self, file: &str, stanza: &str, key: &str, why: impl Into<String>) {
        let (stanza, key) = (stanza.to_owned(), key.to_owned());
        self.list.push(Note { file: file.to_owned(), line: 0, stanza, key, why: why.into() });
    }

    pub(crate) fn setting(
        &mut self,
        sources: &SourceMap,
        stanza: &Stanza,
        setting: &Setting,
        why: impl Into<String>,
    ) {
        self.at(sources, setting.key.span, &stanza.name.value, &setting.key.value, why);
    }

    pub(crate) fn stanza(&mut self, sources: &SourceMap, stanza: &Stanza, why: impl Into<String>) {
        self.at(sources, stanza.name.span, &stanza.name.value, "", why);
    }

    fn at(
        &mut self,
        sources: &SourceMap,
        span: Span,
        stanza: &str,
        key: &str,
        why: impl Into<String>,
    ) {
        self.list.push(Note {
            file: sources.file(span.file).name.clone(),
            line: sources.line_col(span).0,
            stanza: stanza.to_owned(),
            key: key.to_owned(),
            why: why.into(),
        });
    }
}
