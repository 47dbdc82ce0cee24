//! Literate tests of SPL: Markdown files under `tests/spl/`, a case a heading.
//!
//! A [`Case`] is read from Markdown by [`read`] and run by [`Runner`] under several settings. What
//! a case may hold is written in `tests/spl/README.md`. [`read_kinds`] reads tables of calls, which say of
//! each function what it gives for each kind of value.

mod case;
mod kinds;
mod run;

pub use case::{Case, Expected, read};
pub use kinds::{Covered, KINDS, Kinds, read_kinds};
pub use run::{Runner, Setting, rows_json, settings};
