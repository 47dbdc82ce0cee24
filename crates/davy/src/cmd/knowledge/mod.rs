//! `davy knowledge`: what is known of events.

mod coverage;
mod explain;
mod fired;
mod reasons;
mod techniques;

use crate::exit::Exit;
use clap::{Args, Subcommand};

/// Tells what is known of events: fields, event types, tags, datasets.
#[derive(Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    Explain(Box<explain::Arguments>),
    Coverage(coverage::Arguments),
    Fired(fired::Arguments),
}

pub(crate) fn run(args: Arguments) -> Exit {
    let ran = match args.what {
        What::Explain(args) => explain::run(*args),
        What::Coverage(args) => coverage::run(args),
        What::Fired(args) => fired::run(args),
    };
    match ran {
        Ok(exit) | Err(exit) => exit,
    }
}
