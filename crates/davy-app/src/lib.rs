//! Splunk apps as they are: a folder or an archive of `.conf` files, data models and tables becomes
//! content and knowledge.
//!
//! [`Files`] holds an app's files, from an archive or as they were read from a folder. [`read`]
//! makes an [`App`] of them: what a search can use, and a [`Note`] for all that cannot be honoured.
//! [`App::install`] puts it over the content and knowledge that are there.
//!
//! Never reads or writes a file, never runs what an app brings, never drops a setting silently.

mod app;
mod automatic;
mod expressions;
mod files;
mod filter;
mod lookups;
mod macros;
mod models;
mod nested;
mod note;
mod patterns;
mod props;
mod reading;
mod regex;
mod saved;
mod transforms;
mod types;

pub use app::{App, Context, Saved, Stock, read};
pub use files::{AppError, Files, Limits};
pub use note::Note;
pub use reading::Readings;
