//! Mistakes as an editor shows them.

use crate::analysis::{Analysis, Document};
use crate::place;
use davy_diag::{Diagnostic as Found, Severity};
use lsp_types::{
    Diagnostic, DiagnosticRelatedInformation, DiagnosticSeverity, Location, NumberOrString, Range,
    Uri,
};

pub(crate) fn diagnostics(document: &Document, analysis: &Analysis, uri: &Uri) -> Vec<Diagnostic> {
    let sorted = analysis.diags.sorted();
    sorted.into_iter().filter_map(|found| one(found, document, analysis, uri)).collect()
}

/// `None` for a mistake in another file.
fn one(found: &Found, document: &Document, analysis: &Analysis, uri: &Uri) -> Option<Diagnostic> {
    let place = |span| {
        let span = analysis.in_document(document, span)?;
        Some(place::range(&document.text, span.range()))
    };
    let range = match &found.primary {
        Some(label) => place(label.span)?,
        None => Range::default(),
    };
    let mut message = found.message.clone();
    if let Some(help) = &found.help {
        message = format!("{message}\n{help}");
    }
    let others = found.others.iter().filter(|label| !label.text.is_empty());
    let related: Vec<DiagnosticRelatedInformation> = others
        .filter_map(|label| {
            let location = Location { uri: uri.clone(), range: place(label.span)? };
            Some(DiagnosticRelatedInformation { location, message: label.text.clone() })
        })
        .collect();
    Some(Diagnostic {
        range,
        severity: Some(match found.severity {
            Severity::Error => DiagnosticSeverity::ERROR,
            Severity::Warning => DiagnosticSeverity::WARNING,
            Severity::Note => DiagnosticSeverity::INFORMATION,
        }),
        code: Some(NumberOrString::String(found.code.id.to_owned())),
        source: Some("davy".to_owned()),
        message,
        related_information: (!related.is_empty()).then_some(related),
        ..Diagnostic::default()
    })
}
