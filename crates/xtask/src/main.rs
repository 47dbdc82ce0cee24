//! Work on the project itself: `cargo xtask gen [--check]` makes the generated files, `cargo xtask
//! catalogue [--check]` the report on the published detections, `cargo xtask tidy` looks at the
//! structure.

mod generate;
mod tidy;

use clap::{Parser, Subcommand};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

#[derive(Parser)]
#[command(name = "xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Writes the generated documentation.
    Gen {
        /// Writes nothing; fails and names the files that are not current.
        #[arg(long)]
        check: bool,
    },
    /// Writes docs/CATALOGUE.md: how much of the published detections is understood.
    ///
    /// The catalogue is looked for below the folder in DAVY_SHARED, or in `shared` beside the
    /// workspace. Without one nothing is done, and that is said.
    Catalogue {
        /// Writes nothing; fails when the page is not current.
        #[arg(long)]
        check: bool,
    },
    /// Checks module docs, sizes of files and functions, names of modules, and crate edges.
    Tidy,
}

fn main() -> ExitCode {
    let root = root();
    let outcome = match Cli::parse().task {
        Task::Gen { check: true } => generate::check(&root),
        Task::Gen { check: false } => generate::write(&root),
        Task::Catalogue { check } => generate::catalogue(&root, check),
        Task::Tidy => tidy::run(&root),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

/// The workspace's folder.
fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here).to_path_buf()
}
