//! Detections as code: YAML files become typed content, annotated, checked and shown as a page.
//!
//! [`load`] turns texts into [`Content`]; [`Content::layer`] puts a user's folders over the
//! [`builtin_pack`]; [`validate`] checks one [`Detection`]; [`Attack`] gives techniques, tactics and
//! groups; [`page::render`] and [`to_json`] show the result.
//!
//! ```
//! use davy_content::{Attack, builtin_pack, load};
//! use davy_diag::{Diagnostics, SourceMap};
//! let (mut sources, mut diags) = (SourceMap::default(), Diagnostics::default());
//! let content = load(builtin_pack(), &mut sources, &mut diags);
//! assert!(diags.is_empty());
//! let detection = content.find_detection("windows export certificate").unwrap();
//! assert_eq!(detection.risk.score(), Some(36));
//! assert!(Attack::builtin().enrich(detection).actors.contains(&"APT29".to_owned()));
//! ```
//!
//! Never reads a file, a clock or the environment; never runs a search; never prints.

mod attack;
pub mod codes;
mod content;
mod expand;
pub mod html;
mod json;
mod kept;
mod later;
pub mod model;
mod pack;
pub mod page;
mod read;
mod rewrite;
mod scan;
mod tuning;
mod validate;
mod yaml;

pub use attack::{ATTACK_NOTICE, Attack, Enrichment, Tactic, Technique};
pub use content::{Content, EMPTY_FILTER, MacroValue};
pub use json::to_json;
pub use kept::ReadText;
pub use later::Later;
pub use model::Detection;
pub use pack::builtin_pack;
pub use read::{Hash, InputFile, Trees, hash, load, load_with};
pub use rewrite::{search_of, with_search};
pub use scan::lookup_uses;
pub use tuning::{TuningEntry, TuningTest, read_tuning};
pub use validate::{validate, validate_knowledge};
