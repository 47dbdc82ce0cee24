//! Tests through the crate's public functions.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod catalogue;
mod eval;
mod general;
mod layout;
mod macros;
mod messages;
mod robust;
mod search;
mod support;
mod time;
