//! Mistakes that show only when a search meets its values, carried through the engine.

use crate::codes;
use datafusion_common::DataFusionError;
use davy_diag::Diagnostic;

/// A regular expression that was given up on one value.
#[derive(Debug)]
struct GivenUp(String);

impl std::fmt::Display for GivenUp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for GivenUp {}

/// What the pattern says, as an error of the engine.
pub(crate) fn given_up(message: String) -> DataFusionError {
    DataFusionError::External(Box::new(GivenUp(message)))
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
    let GivenUp(message) = inner.downcast_ref()?;
    Some(codes::REGEX_LIMIT.bare(message.clone()).help(Some(
        "write it so that one text matches in one way only: `a+` for `(a+)+`, `[^x]*x` for `.*?x`"
            .to_owned(),
    )))
}
