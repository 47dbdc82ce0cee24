//! A language server for SPL: in `.spl` files, and under `search:` in the YAML of detections.
//!
//! [`serve`] talks over a connection until the client leaves. It tells of mistakes with the parser
//! and binder that searches run with, and shows the reference that is generated from the specs.
//! [`World`] is what it knows besides the open texts: content with its macros, data models.
//!
//! Never opens a file, runs a search or prints.

mod analysis;
mod answers;
mod completion;
mod context;
mod known;
mod place;
mod report;
mod server;

pub use known::source_fields;
pub use server::{ServeError, World, serve};
