//! `davy search`: any search over files, folders or standard input.

use crate::content::ContentArgs;
use crate::exit::Exit;
use crate::inputs::StatedArgs;
use crate::output::{self, Format};
use crate::settings::RangeArgs;
use crate::{content, inputs, interrupt};
use clap::Args;
use davy_diag::{Diagnostics, SourceMap};
use davy_exec::{EventSource, RunError, Search, prepare};
use davy_plan::{FieldSet, Knowledge, rows_of};
use std::sync::Arc;

/// Runs a search over files, folders, globs or standard input.
#[derive(Args)]
pub(crate) struct Arguments {
    /// The search, as typed into Splunk.
    spl: String,
    /// A file, folder or glob to read; `-` is standard input. May be repeated.
    #[arg(short, long, value_name = "PATH")]
    input: Vec<String>,
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
    #[command(flatten)]
    content: ContentArgs,
    #[command(flatten)]
    stated: StatedArgs,
    #[command(flatten)]
    range: RangeArgs,
}

pub(crate) fn run(args: Arguments) -> Exit {
    match search(args) {
        Ok(exit) | Err(exit) => exit,
    }
}

fn search(args: Arguments) -> Result<Exit, Exit> {
    let env = args.range.env()?;
    let loaded = args.content.open()?;
    loaded.report(false);
    let knowledge = loaded.knowledge();
    let mut prepared = prepare("search", &args.spl, knowledge.macros());
    if content::show(&prepared.sources, &prepared.diags, true) {
        return Err(Exit::Usage);
    }
    if args.format == Format::Table {
        prepared.bound = prepared.bound.shown();
    }
    let session = args.range.session()?;
    interrupt::ends(&session);
    let meta = args.stated.meta(env.now);
    let inputs = inputs::open(&args.input, &meta).read_by(&loaded.apps);
    let source: Option<Arc<dyn EventSource>> = match args.input.is_empty() {
        true => None,
        false => Some(Arc::new(inputs.source.clone())),
    };
    let zone = env.zone.clone();
    let search = Search {
        prepared: &prepared,
        env: Arc::new(env),
        source,
        knowledge: &knowledge,
        out: FieldSet::all(),
    };
    let answer = session.run(&search).map_err(|e| failed(&prepared.sources, e))?;
    let mut notes = Diagnostics::default();
    answer.notes.into_iter().for_each(|n| notes.push(n));
    content::show(&prepared.sources, &notes, true);
    let rows = rows_of(&answer.schema, &answer.batches)
        .map_err(|e| failed(&prepared.sources, e.into()))?;
    let written = output::target(None)
        .and_then(|mut out| output::print(&mut *out, &rows, args.format, &zone));
    let unread = inputs::report_problems(&inputs.errors, &inputs.source.reports(), false);
    Ok(output::ended(written, unread))
}

/// Shows why a search could not run.
pub(crate) fn failed(sources: &SourceMap, error: RunError) -> Exit {
    match error {
        RunError::Diagnostic(diagnostic) => {
            let mut diags = Diagnostics::default();
            diags.push(*diagnostic);
            content::show(sources, &diags, true);
        }
        other => tell!("davy: {other}"),
    }
    Exit::Usage
}
