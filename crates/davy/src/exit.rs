//! How the command ends.

use std::process::ExitCode;

/// The exit status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Exit {
    /// All was done, whatever was found.
    Done,
    /// Something could not be read or did not pass; all the rest was done.
    Incomplete,
    /// The arguments, the search or the content have mistakes; nothing was done.
    Usage,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(match exit {
            Exit::Done => 0,
            Exit::Incomplete => 1,
            Exit::Usage => 2,
        })
    }
}
