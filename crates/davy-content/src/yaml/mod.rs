//! YAML as content holds it.

mod align;
mod keys;

pub(crate) use align::pieces;
pub(crate) use davy_yaml::{Node, Value};
pub(crate) use keys::{Keys, Reader};

use crate::codes;
use davy_diag::{Diagnostics, FileId, SourceMap};
use davy_yaml::Codes;

/// The tree of one file, or a diagnostic and nothing.
pub(crate) fn parse(file: FileId, sources: &SourceMap, diags: &mut Diagnostics) -> Option<Node> {
    let codes = Codes { yaml: &codes::YAML, too_large: &codes::TOO_LARGE };
    davy_yaml::parse(file, &sources.file(file).text, &codes, diags)
}
