//! `davy spl explain`: what a search comes to before it runs.

use super::texts;
use crate::cmd::explained::explain_search;
use crate::content;
use crate::exit::Exit;
use crate::output::say;
use crate::settings::{RangeArgs, usage};
use clap::{Args, ValueEnum};
use davy_exec::{FileSource, Search, prepare_in};
use davy_plan::{FieldSet, Knowledge};
use std::path::Path;
use std::sync::Arc;

/// Shows a search with its macros in place, what each command reads and leaves, where the search
/// is cut because columns depend on data, and the plan.
#[derive(Args)]
pub(crate) struct Arguments {
    /// The search, a file that holds it, or a detection's YAML file.
    #[arg(value_name = "SPL|FILE")]
    search: String,
    /// Only the command of this number, from 1.
    #[arg(long, value_name = "N")]
    stage: Option<usize>,
    /// A folder of content whose macros and lookups the search may use. May be repeated.
    #[arg(long, value_name = "DIR")]
    content: Vec<String>,
    #[arg(long, value_enum, default_value = "text")]
    format: Shape,
    #[command(flatten)]
    range: RangeArgs,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Shape {
    Text,
    Json,
}

pub(crate) fn run(args: Arguments) -> Exit {
    match explain(args) {
        Ok(exit) | Err(exit) => exit,
    }
}

fn explain(args: Arguments) -> Result<Exit, Exit> {
    let env = args.range.env()?;
    let (mut loaded, file) = if Path::new(&args.search).is_file() {
        let opened = texts::open(std::slice::from_ref(&args.search), &args.content)?;
        if content::show(&opened.loaded.sources, &opened.garbled, true) {
            return Err(Exit::Usage);
        }
        (opened.loaded, opened.texts.first().map(|t| t.file))
    } else {
        (content::open(&args.content)?, None)
    };
    let file = match file {
        Some(file) => file,
        None if Path::new(&args.search).is_file() => {
            loaded.report(false);
            return Err(usage(&format!("no search in {}", args.search)));
        }
        None => loaded.sources.add("search", args.search.as_str()),
    };
    let knowledge = loaded.knowledge();
    let prepared = prepare_in(loaded.sources.clone(), file, knowledge.macros());
    if content::show(&prepared.sources, &prepared.diags, true) {
        return Err(Exit::Usage);
    }
    let session = args.range.session()?;
    let search = Search {
        prepared: &prepared,
        env: Arc::new(env),
        // What the plan is like does not hang on what is read; no events are.
        source: Some(Arc::new(FileSource::new(Vec::new(), Default::default()))),
        knowledge: &knowledge,
        out: FieldSet::all(),
    };
    let explained = explain_search(&session, &search)
        .map_err(|e| crate::cmd::search::failed(&prepared.sources, e))?;
    let count = explained.stages.len();
    if let Some(n) = args.stage.filter(|n| !(1..=count).contains(n)) {
        return Err(usage(&format!("--stage: there is no command {n}; the search has {count}")));
    }
    Ok(say(&match args.format {
        Shape::Text => explained.text(args.stage),
        Shape::Json => format!("{:#}\n", explained.json(args.stage)),
    }))
}
