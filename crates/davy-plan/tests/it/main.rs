//! Tests through the crate's public functions. How commands and functions behave is tested by
//! running searches; see `tests/spl`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod lints;
mod mistakes;
mod reference;
