//! The event model (`_time`, `_raw`, `host`, `source`, `sourcetype`, `index`, fields), shapes, and
//! the decoders that turn bytes into batches of events.
//!
//! Invariants: takes bytes, never opens a path, reads the clock or prints; gives batches and
//! counted problems, and no input makes it panic.

mod columns;
mod decode;
mod evtx;
mod foreign;
mod json;
mod known;
mod model;
pub mod mv;
mod needles;
pub mod rest;
mod rows;
mod shape;
mod sniff;
mod stamp;
mod tar;
mod text;
mod xml;

pub use decode::{Decoder, continues, decode, decode_reader};
pub use evtx::EVENTS_PER_CHUNK as EVTX_NUMBERS;
pub use evtx::body::ReadSeek;
pub use model::{
    Counts, EVTX_CHUNK, EVTX_HEADER, EventBatch, Meta, Options, Problem, ProblemKind, Sink,
};
pub use needles::Needles;
pub use shape::{Demand, Kind, Shape, Want};
pub use sniff::{Format, sniff};
pub use stamp::{Stamp, first_time, stamp_of};
pub use text::{Gathered, StashEvent, TextRules};
