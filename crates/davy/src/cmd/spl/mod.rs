//! `davy spl`: searches looked at without running them.

mod check;
mod explain;
mod fmt;
mod report;
mod texts;

use crate::exit::Exit;
use clap::{Args, Subcommand};
pub(crate) use report::page as report;

/// Checks, lays out and explains searches without running them.
#[derive(Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    Check(check::Arguments),
    Fmt(fmt::Arguments),
    Explain(explain::Arguments),
}

pub(crate) fn run(args: Arguments) -> Exit {
    match args.task {
        Task::Check(args) => check::run(args),
        Task::Fmt(args) => fmt::run(args),
        Task::Explain(args) => explain::run(args),
    }
}
