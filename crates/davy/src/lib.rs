//! The davy command: arguments as typed, one library call, a writer.
//!
//! A library only so that the documentation can be made from it.

#![warn(clippy::print_stdout, clippy::print_stderr)]

/// Says a line on standard error. Nobody may be reading it any more, as in `davy … 2>&1 | head`;
/// that is no reason to fail.
macro_rules! tell {
    ($($words:tt)*) => {{
        use std::io::Write as _;
        let _ = writeln!(std::io::stderr().lock(), $($words)*);
    }};
}

mod apps;
mod cache;
mod cmd;
mod content;
mod datasets;
mod entities;
mod exit;
mod folders;
mod geo;
mod inputs;
mod interrupt;
mod output;
mod progress;
mod settings;
mod store;

use clap::{CommandFactory, Parser, Subcommand};
use std::process::ExitCode;

/// Runs detections written in Splunk's search language straight on logs, with no Splunk.
#[derive(Parser)]
#[command(name = "davy", version, max_term_width = 100, disable_help_subcommand = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Search(cmd::search::Arguments),
    Run(cmd::run::Arguments),
    Hunt(cmd::hunt::Arguments),
    Watch(cmd::watch::Arguments),
    Test(cmd::test::Arguments),
    Page(cmd::page::Arguments),
    Explain(cmd::explain::Arguments),
    App(cmd::app::Arguments),
    Knowledge(cmd::knowledge::Arguments),
    Spl(cmd::spl::Arguments),
    Lsp(cmd::lsp::Arguments),
    Help(cmd::help::Arguments),
}

/// The arguments of the command and of its subcommands.
pub fn cli() -> clap::Command {
    Cli::command()
}

/// Every kind of mistake that can be reported, by its id.
pub fn codes() -> Vec<&'static davy_diag::Code> {
    cmd::explain::all()
}

/// A page on how much of a catalogue of detections, a folder in the ESCU layout, is understood.
/// The error says in words why there is none.
pub fn catalogue(folder: &std::path::Path) -> Result<String, String> {
    cmd::spl::report(folder)
}

/// Does what the arguments of the process say.
pub fn run() -> ExitCode {
    // `--help` and `--version` end well; every other mistake in the arguments is a usage error.
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let usage = error.use_stderr();
            let _ = error.print();
            return if usage { exit::Exit::Usage.into() } else { ExitCode::SUCCESS };
        }
    };
    let exit = match cli.command {
        Command::Search(args) => cmd::search::run(args),
        Command::Run(args) => cmd::run::run(args),
        Command::Hunt(args) => cmd::hunt::run(args),
        Command::Watch(args) => cmd::watch::run(args),
        Command::Test(args) => cmd::test::run(args),
        Command::Page(args) => cmd::page::run(args),
        Command::Explain(args) => cmd::explain::run(args),
        Command::App(args) => cmd::app::run(args),
        Command::Knowledge(args) => cmd::knowledge::run(args),
        Command::Spl(args) => cmd::spl::run(args),
        Command::Lsp(args) => cmd::lsp::run(args),
        Command::Help(args) => cmd::help::run(args),
    };
    exit.into()
}
