//! What is wrong, where, and what to type instead.

use crate::source::{FileId, Span};
use serde::Serialize;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    Note,
    Warning,
    Error,
}

/// A kind of mistake. Each is a constant with an explanation, so that the documentation and
/// `davy explain CODE` come from one place.
#[derive(Debug, PartialEq, Eq)]
pub struct Code {
    /// `area::what-is-wrong`.
    pub id: &'static str,
    pub severity: Severity,
    /// One or more sentences: what it means and what to do.
    pub explanation: &'static str,
}

impl Code {
    pub const fn error(id: &'static str, explanation: &'static str) -> Self {
        Self { id, severity: Severity::Error, explanation }
    }

    pub const fn warning(id: &'static str, explanation: &'static str) -> Self {
        Self { id, severity: Severity::Warning, explanation }
    }

    /// A diagnostic of this kind. `message` is a headline that stands alone: lower case, no stop.
    pub fn at(&'static self, span: Span, message: impl Into<String>) -> Diagnostic {
        Diagnostic {
            code: self,
            severity: self.severity,
            message: message.into(),
            primary: Some(Label { span, text: String::new() }),
            others: Vec::new(),
            help: None,
        }
    }

    /// A diagnostic about a whole text, or about nothing that was written.
    pub fn bare(&'static self, message: impl Into<String>) -> Diagnostic {
        Diagnostic {
            code: self,
            severity: self.severity,
            message: message.into(),
            primary: None,
            others: Vec::new(),
            help: None,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    pub span: Span,
    pub text: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    pub code: &'static Code,
    pub severity: Severity,
    pub message: String,
    pub primary: Option<Label>,
    pub others: Vec<Label>,
    pub help: Option<String>,
}

impl Diagnostic {
    /// The words under the primary place.
    pub fn label(mut self, text: impl Into<String>) -> Self {
        if let Some(primary) = &mut self.primary {
            primary.text = text.into();
        }
        self
    }

    /// Another place that belongs to the matter.
    pub fn also(mut self, span: Span, text: impl Into<String>) -> Self {
        self.others.push(Label { span, text: text.into() });
        self
    }

    /// What to type instead. `None` leaves the diagnostic as it is.
    pub fn help(mut self, text: impl IntoOption<String>) -> Self {
        if let Some(text) = text.into_option() {
            self.help = Some(text);
        }
        self
    }
}

/// Lets `help` take a text or an optional one.
pub trait IntoOption<T> {
    fn into_option(self) -> Option<T>;
}

impl IntoOption<String> for Option<String> {
    fn into_option(self) -> Option<String> {
        self
    }
}

impl IntoOption<String> for String {
    fn into_option(self) -> Option<String> {
        Some(self)
    }
}

impl IntoOption<String> for &str {
    fn into_option(self) -> Option<String> {
        Some(self.to_owned())
    }
}

/// All that was found, in the order it was found.
#[derive(Debug, Clone, Default)]
pub struct Diagnostics {
    list: Vec<Diagnostic>,
}

impl Diagnostics {
    /// Adds one; the same kind at the same place is kept once.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        let same = |d: &Diagnostic| {
            d.code == diagnostic.code
                && d.primary.as_ref().map(|l| l.span) == diagnostic.primary.as_ref().map(|l| l.span)
                && d.message == diagnostic.message
        };
        if !self.list.iter().any(same) {
            self.list.push(diagnostic);
        }
    }

    pub fn extend(&mut self, other: Diagnostics) {
        for diagnostic in other.list {
            self.push(diagnostic);
        }
    }

    pub fn list(&self) -> &[Diagnostic] {
        &self.list
    }

    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    pub fn errors(&self) -> usize {
        self.list.iter().filter(|d| d.severity == Severity::Error).count()
    }

    pub fn has_errors(&self) -> bool {
        self.list.iter().any(|d| d.severity == Severity::Error)
    }

    /// Errors first, then by place.
    pub fn sorted(&self) -> Vec<&Diagnostic> {
        let mut list: Vec<&Diagnostic> = self.list.iter().collect();
        let place = |d: &Diagnostic| -> Option<(FileId, u32)> {
            d.primary.as_ref().map(|l| (l.span.file, l.span.start))
        };
        list.sort_by_key(|d| (std::cmp::Reverse(d.severity), place(d)));
        list
    }
}
