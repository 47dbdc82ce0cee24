//! Literate tests of SPL: Markdown files under `tests/spl/`, a case a heading.
//!
//! A [`Case`] is read from Markdown by [`read`] and run by [`Runner`] under several settings. What
//! a case may hold is written in `tests/spl/README.md`.

mod case;
mod run;

pub use case::{Case, Expected, read};
pub use run::{Runner, Setting, rows_json, settings};
