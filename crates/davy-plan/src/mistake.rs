//! Mistakes that show only when a search meets its values, carried through the engine.

use crate::codes;
use datafusion_common::DataFusionError;
use davy_diag::{Code, Diagnostic};

/// A mistake on its way through the engine.
#[derive(Debug)]
struct Mistake {
    code: &'static Code,
    message: String,
    help: &'static str,
}

impl std::fmt::Display for Mistake {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Mistake {}

/// A regular expression that was given up on one value, as an error of the engine.
pub(crate) fn given_up(message: String) -> DataFusionError {
    let help = "write it so that one text matches in one way only: `a+` for `(a+)+`, `[^x]*x` for \
                `.*?x`";
    DataFusionError::External(Box::new(Mistake { code: &codes::REGEX_LIMIT, message, help }))
}

/// A function that would make more values than it may, as an error of the engine.
pub(crate) fn too_many_values(message: String, help: &'static str) -> DataFusionError {
    DataFusionError::External(Box::new(Mistake { code: &codes::TOO_MANY_VALUES, message, help }))
}

/// A command that would make more rows than it may, as an error of the engine.
pub(crate) fn too_many_rows(message: String, help: &'static str) -> DataFusionError {
    DataFusionError::External(Box::new(Mistake { code: &codes::TOO_MANY_ROWS, message, help }))
}

/// The user's mistake in an error of the engine; `None` for failures of the engine itself.
pub fn mistake_in(error: &DataFusionError) -> Option<Diagnostic> {
    let inner = match error.find_root() {
        DataFusionError::External(inner) => inner,
        DataFusionError::ResourcesExhausted(what) => {
            return Some(
                codes::OUT_OF_MEMORY
                    .bare(format!("the search needs more memory than it may have: {what}"))
                    .help("give it more with --memory-limit, or narrow the search: fewer events, fewer fields, fewer groups"),
            );
        }
        _ => return None,
    };
    let Mistake { code, message, help } = inner.downcast_ref()?;
    Some(code.bare(message.clone()).help(*help))
}
