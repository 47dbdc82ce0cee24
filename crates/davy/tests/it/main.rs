//! The command as a user runs it: what it prints and how it ends.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod datasets;
mod language;
