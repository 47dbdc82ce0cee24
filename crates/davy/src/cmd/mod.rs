//! The subcommands, one file each.

pub(crate) mod app;
pub(crate) mod explain;
pub(crate) mod explained;
pub(crate) mod help;
pub(crate) mod hunt;
pub(crate) mod knowledge;
pub(crate) mod lsp;
pub(crate) mod page;
pub(crate) mod run;
pub(crate) mod search;
pub(crate) mod spl;
pub(crate) mod test;
pub(crate) mod watch;
