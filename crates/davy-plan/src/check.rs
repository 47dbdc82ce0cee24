//! Reading a search without running it: every mistake and every regret at once.

use crate::bind::{CommandGrammars, bind};
use crate::command::Bound;
use crate::lint;
use davy_diag::{Diagnostics, FileId, SourceMap};
use davy_spl::Macros;
use davy_spl::ast::Pipeline;

/// A search that was read.
#[derive(Debug, Clone)]
pub struct Checked {
    /// The text with macros in place of their calls.
    pub expanded: FileId,
    pub pipeline: Pipeline,
    pub bound: Bound,
}

/// Expands, parses and binds the search that is the text `query`, and warns of what Splunk lets
/// pass. `source_fields` are all fields that the search's events can have, where that is known.
pub fn check(
    sources: &mut SourceMap,
    query: FileId,
    macros: &dyn Macros,
    source_fields: Option<&[String]>,
    diags: &mut Diagnostics,
) -> Checked {
    let expanded = davy_spl::expand_with(sources, query, macros, &crate::eval_macro, diags);
    let pipeline = davy_spl::parse(sources, expanded, &CommandGrammars, diags);
    let bound = bind(&pipeline, sources, diags);
    lint::run(&lint::Lint { pipeline: &pipeline, bound: &bound, sources, source_fields }, diags);
    Checked { expanded, pipeline, bound }
}
