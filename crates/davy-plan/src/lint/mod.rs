//! What Splunk lets pass and people regret, one file a habit.

mod absent_by;
pub mod codes;
mod command_word;
mod leading_wildcard;
mod not_equal;
mod or_precedence;
mod subsearch_limit;

use crate::command::Bound;
use davy_diag::{Diagnostic, Diagnostics, SourceMap, Span};
use davy_spl::ast::{Arg, ArgKind, Args, Pipeline, SearchExpr, Stage};

/// What a lint looks at.
pub(crate) struct Lint<'a> {
    pub(crate) pipeline: &'a Pipeline,
    pub(crate) bound: &'a Bound,
    pub(crate) sources: &'a SourceMap,
    pub(crate) source_fields: Option<&'a [String]>,
}

static ALL: &[fn(&Lint<'_>, &mut Vec<Diagnostic>)] = &[
    absent_by::check,
    command_word::check,
    leading_wildcard::check,
    not_equal::check,
    or_precedence::check,
    subsearch_limit::check,
];

/// Runs every lint. What a macro brought is left to whoever wrote the macro.
pub(crate) fn run(lint: &Lint<'_>, diags: &mut Diagnostics) {
    let mut found = Vec::new();
    ALL.iter().for_each(|check| check(lint, &mut found));
    for diagnostic in found {
        let written = |span| lint.sources.origin(span).1.is_empty();
        if diagnostic.primary.as_ref().is_some_and(|label| written(label.span)) {
            diags.push(diagnostic);
        }
    }
}

impl<'a> Lint<'a> {
    /// The terms that choose events: of the search itself and of each search in brackets, with the
    /// pipeline that they start.
    fn base_searches(&self) -> Vec<(&'a Pipeline, &'a SearchExpr)> {
        let all = self.pipeline.all_stages();
        let inner = all.into_iter().flat_map(|stage| stage.subsearches());
        std::iter::once(self.pipeline)
            .chain(inner)
            .filter_map(|pipeline| Some((pipeline, pipeline.stages.first()?)))
            .filter_map(|(pipeline, stage)| match &stage.args {
                Args::Search(Some(expr)) if stage.name.value == "search" => Some((pipeline, expr)),
                _ => None,
            })
            .collect()
    }
}

/// The commands that leave out rows without a BY field.
const DROPS: &[&str] = &["stats", "chart", "timechart", "top", "rare", "sistats"];

/// The words after `by`.
fn by(stage: &Stage) -> Vec<(&str, Span)> {
    let Args::General(items) = &stage.args else { return Vec::new() };
    let is_by =
        |item: &&Arg| matches!(&item.kind, ArgKind::Word(w) if w.eq_ignore_ascii_case("by"));
    items
        .iter()
        .skip_while(|item| !is_by(item))
        .skip(1)
        .filter_map(|item| match &item.kind {
            ArgKind::Word(name) | ArgKind::Quoted(name) | ArgKind::FieldQuoted(name) => {
                Some((name.as_str(), item.span.0))
            }
            _ => None,
        })
        .collect()
}

/// Fields that every event has.
const ALWAYS: &[&str] = &[
    "_time",
    "_raw",
    "_indextime",
    "index",
    "source",
    "sourcetype",
    "host",
    "linecount",
    "punct",
    "splunk_server",
    "timestamp",
];

fn always(field: &str) -> bool {
    ALWAYS.iter().any(|f| f.eq_ignore_ascii_case(field))
}
