//! What is wrong with a file, in words that help.

use crate::Codes;
use crate::raw::range;
use davy_diag::{Diagnostic, FileId};
use serde_saphyr::Error;
use serde_saphyr::budget::BudgetBreach;
use std::ops::Range;

pub(crate) fn diagnose(file: FileId, text: &str, error: &Error, codes: &Codes) -> Diagnostic {
    let mut at = error.location().map_or(0..0, |l| located(text, &l));
    // A place without length would underline nothing.
    if at.is_empty() {
        let next = text.get(at.start..).and_then(|t| t.chars().next());
        at.end = at.start + next.map_or(0, char::len_utf8);
    }
    let span = file.span(at);
    let limit = |what: &str| {
        codes
            .too_large
            .at(span, format!("the file goes past a limit: {what}"))
            .help("write the values out once, without deep nesting or many aliases")
    };
    let yaml = |message: String, help: &str| codes.yaml.at(span, message).help(help);
    match innermost(error) {
        Error::AliasReplayLimitExceeded { .. }
        | Error::AliasExpansionLimitExceeded { .. }
        | Error::AliasReplayStackDepthExceeded { .. } => limit("its aliases make it too large"),
        Error::Budget { breach, .. } => limit(match breach {
            BudgetBreach::Depth { .. } => "it is nested too deeply",
            BudgetBreach::Documents { .. } => "it has too many documents",
            BudgetBreach::Aliases { .. }
            | BudgetBreach::Anchors { .. }
            | BudgetBreach::AliasAnchorRatio { .. }
            | BudgetBreach::RecordedAnchorEvents { .. } => "it has too many aliases",
            BudgetBreach::ScalarBytes { .. } => "its texts are too long",
            _ => "it has too many values",
        }),
        Error::DuplicateMappingKey { key, .. } => {
            let key = key.as_deref().unwrap_or("?");
            yaml(format!("the key `{key}` stands here twice"), "keep one of the two")
        }
        Error::MultipleDocuments { .. } => yaml(
            "the file holds more than one document".to_owned(),
            "keep one: remove what follows `---`",
        ),
        Error::UnknownAnchor { .. } => {
            yaml("this alias has no anchor".to_owned(), "quote a text that begins with `*`")
        }
        other => {
            let said = other.to_string();
            if said.contains("recursion limit") {
                return limit("it is nested too deeply");
            }
            let said = said.split('\n').next().unwrap_or_default();
            let said = said.split(" at line ").next().unwrap_or_default().trim_end_matches('.');
            yaml(
                format!("this YAML cannot be read: {said}"),
                "quote a text that holds `: `, ` #`, or begins with one of ` @ % * & ! [ {",
            )
        }
    }
}

/// What went wrong, without what was wrapped around it.
fn innermost(mut error: &Error) -> &Error {
    while let Error::WithSnippet { error: inner, .. } | Error::AliasError { error: inner, .. } =
        error
    {
        error = inner;
    }
    error
}

/// The scanner tells only line and column.
fn located(text: &str, location: &serde_saphyr::Location) -> Range<usize> {
    if location.span().byte_offset().is_some() {
        return range(location);
    }
    let line = usize::try_from(location.line()).unwrap_or(1).saturating_sub(1);
    let column = usize::try_from(location.column()).unwrap_or(1).saturating_sub(1);
    let start: usize = text.split_inclusive('\n').take(line).map(str::len).sum();
    let row = text.get(start..).unwrap_or_default().lines().next().unwrap_or_default();
    let at = row.char_indices().nth(column).map_or(row.len(), |(i, _)| i);
    start + at..start + at
}
