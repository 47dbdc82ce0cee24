//! `davy lsp`: the language server over standard input and output.

use crate::content;
use crate::exit::Exit;
use clap::Args;
use davy_lsp::{World, serve};
use lsp_server::Connection;
use std::path::Path;

/// Serves an editor over standard input and output: SPL in `.spl` files and in detections.
#[derive(Args)]
pub(crate) struct Arguments {
    /// A folder of content whose macros the searches may use. May be repeated.
    #[arg(long, value_name = "DIR")]
    content: Vec<String>,
    /// Editors add this; it is how the server talks anyway.
    #[arg(long, hide = true)]
    stdio: bool,
}

pub(crate) fn run(args: Arguments) -> Exit {
    // Editors open files by absolute paths.
    let absolute = |path: &String| match Path::new(path).canonicalize() {
        Ok(full) => full.display().to_string(),
        Err(_) => path.clone(),
    };
    let folders: Vec<String> = args.content.iter().map(absolute).collect();
    let loaded = match content::open_to_write(&folders) {
        Ok(loaded) => loaded,
        Err(exit) => return exit,
    };
    let world = World { content: loaded.content, sources: loaded.sources, base: loaded.base };
    let (connection, threads) = Connection::stdio();
    let served = serve(&connection, &world);
    // The writing thread ends when nothing can send any more.
    drop(connection);
    match served.map_err(|e| e.to_string()).and_then(|()| threads.join().map_err(|e| e.to_string()))
    {
        Ok(()) => Exit::Done,
        Err(message) => {
            tell!("davy: {message}");
            Exit::Incomplete
        }
    }
}
