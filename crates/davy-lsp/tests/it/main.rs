//! A scripted client that talks with the server in the same process.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod client;
mod detection;
mod search;
