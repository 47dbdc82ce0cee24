//! Splunk's knowledge objects as data: which fields an event of a sourcetype has beside those that
//! its decoder finds, its event types and tags, and the data models that it belongs to.
//!
//! [`Base::load`] reads add-ons and models (YAML) from the binary and from a user's texts;
//! [`Base::view`] gives what holds for a source. Expressions are kept as trees of `davy-spl`.
//!
//! Never reads a path and never evaluates an expression: `davy-exec` does, batch by batch.

mod addon;
mod base;
pub mod codes;
mod country;
mod kept;
mod model;
mod pattern;
mod table;
mod yaml;

pub use addon::{
    Addon, Def, EventType, Extract, FieldTags, Given, How, LookupUse, Matching, Part, Stanza,
};
pub use base::{Base, Text, View};
pub use country::{Countries, Country};
pub use model::{Calculated, Dataset, DatasetField, Model};
pub use pattern::wild;
pub use table::Table;
