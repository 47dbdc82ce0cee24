//! A search that begins with the name of a command, and so looks for that word in events.

use super::{Lint, codes};
use crate::commands;
use crate::spec::Support;
use davy_diag::Diagnostic;
use davy_spl::ast::{Args, SearchExpr};

pub(super) fn check(lint: &Lint<'_>, found: &mut Vec<Diagnostic>) {
    let Some(stage) = lint.pipeline.stages.first().filter(|s| s.implicit) else { return };
    let Args::Search(Some(SearchExpr::And(items))) = &stage.args else { return };
    let Some(SearchExpr::Term(first)) = items.first() else { return };
    let known = commands::find(&first.text).filter(|c| c.name == first.text);
    if first.quoted || known.is_none_or(|c| matches!(c.support, Support::Refused { .. })) {
        return;
    }
    let name = &first.text;
    found.push(
        codes::COMMAND_WORD
            .at(first.span.0, format!("events with the word `{name}` are looked for here"))
            .label("the name of a command, but no `|` stands before it")
            .help(format!(
                "type `| {name}`, or `* | {name}` over all events; `\"{name}\"` is the word"
            )),
    );
}
