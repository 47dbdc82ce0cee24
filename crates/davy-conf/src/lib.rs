//! Splunk's configuration files: stanzas of settings, in layers.
//!
//! [`Conf::read`] takes the text of one file, [`Conf::layer`] puts `local/` over `default/` key by
//! key, [`Conf::settings`] gives what holds in a stanza, the `[default]` stanza's settings included.
//!
//! ```
//! use davy_conf::Conf;
//! use davy_diag::{Diagnostics, SourceMap};
//! let (mut sources, mut diags) = (SourceMap::default(), Diagnostics::default());
//! let text = "[errors]\nsearch = index=main \\\nerror\n";
//! let conf = Conf::read("default/savedsearches.conf", text, &mut sources, &mut diags);
//! assert_eq!(conf.get("errors", "search"), Some("index=main \nerror"));
//! ```
//!
//! Never reads a file, and never knows what a key means.

pub mod codes;
mod conf;
mod parse;
mod value;

pub use conf::{Conf, DEFAULT, Setting, Stanza};
pub use value::{list, truth, words};
