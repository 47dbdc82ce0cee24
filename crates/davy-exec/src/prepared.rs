//! A search as text becomes what can be run.

use davy_diag::{Diagnostics, SourceMap};
use davy_plan::{Bound, CommandGrammars};
use davy_spl::{Macros, ast::Pipeline};

/// A search that was read: its texts, its tree, its commands, and every mistake in it.
#[derive(Debug)]
pub struct Prepared {
    pub sources: SourceMap,
    pub diags: Diagnostics,
    /// With macros in place of their calls.
    pub expanded: String,
    pub pipeline: Pipeline,
    pub bound: Bound,
}

/// Reads a search: macros, tree, commands.
pub fn prepare(name: &str, text: &str, macros: &dyn Macros) -> Prepared {
    let mut sources = SourceMap::default();
    let file = sources.add(name, text);
    prepare_in(sources, file, macros)
}

/// As [`prepare`], for a text that is already among `sources`.
pub fn prepare_in(
    mut sources: SourceMap,
    file: davy_diag::FileId,
    macros: &dyn Macros,
) -> Prepared {
    let mut diags = Diagnostics::default();
    let expanded =
        davy_spl::expand_with(&mut sources, file, macros, &davy_plan::eval_macro, &mut diags);
    let pipeline = davy_spl::parse(&sources, expanded, &CommandGrammars, &mut diags);
    let bound = davy_plan::bind(&pipeline, &sources, &mut diags);
    let text = sources.file(expanded).text.to_string();
    Prepared { sources, diags, expanded: text, pipeline, bound }
}
