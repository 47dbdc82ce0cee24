//! Texts, places in them, and messages about them.
//!
//! A [`SourceMap`] owns every text a user wrote (an SPL query, a YAML file, a macro's definition).
//! A [`Span`] is a place in one of them, a [`Diagnostic`] says what is wrong there, and
//! [`Diagnostics`] collects all of them so that a user sees every mistake at once. Rendering
//! ([`render::text`], [`render::json`]) happens only in the binary or a server.
//!
//! ```
//! use davy_diag::{Code, Diagnostics, Severity, SourceMap, render};
//! static UNKNOWN: Code = Code::error("spl::unknown-command", "No such command.");
//! let mut sources = SourceMap::default();
//! let file = sources.add("query", "| frobnicate x");
//! let mut diags = Diagnostics::default();
//! diags.push(UNKNOWN.at(file.span(2..12), "no command `frobnicate`").label("here").help("try `fields`"));
//! assert_eq!(diags.errors(), 1);
//! assert!(render::text(&sources, &diags.list()[0], false).contains("frobnicate"));
//! ```
//!
//! Never knows SPL or YAML; never prints; never reads a file by itself.

mod closest;
mod diagnostic;
pub mod placed;
pub mod render;
mod sarif;
mod source;

pub use closest::closest;
pub use diagnostic::{Code, Diagnostic, Diagnostics, Label, Severity};
pub use sarif::sarif;
pub use source::{FileId, Piece, SourceFile, SourceMap, Span, Spanned, Texts};
