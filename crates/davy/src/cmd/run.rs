//! `davy run`: one detection over data.

use crate::content::ContentArgs;
use crate::exit::Exit;
use crate::output::{self, Format};
use crate::settings::RangeArgs;
use crate::{content, inputs, interrupt};
use clap::{Args, ValueEnum};
use davy_content::Attack;
use davy_detect::{prepare_detection, reads_risk, run_detection};
use davy_events::Meta;
use davy_exec::Search;
use davy_plan::FieldSet;
use std::sync::Arc;

/// Runs one detection over files, folders, globs or standard input.
#[derive(Args)]
pub(crate) struct Arguments {
    /// Its name, id, or YAML file.
    detection: String,
    /// A file, folder or glob to read; `-` is standard input. May be repeated.
    #[arg(short, long, value_name = "PATH")]
    input: Vec<String>,
    #[command(flatten)]
    content: ContentArgs,
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
    /// Print this instead of running.
    #[arg(long, value_enum, value_name = "WHAT")]
    show: Option<Show>,
    /// Print the stages and the plan instead of the result.
    #[arg(long)]
    explain: bool,
    #[command(flatten)]
    range: RangeArgs,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Show {
    /// The search with its macros in place.
    Spl,
}

pub(crate) fn run(args: Arguments) -> Exit {
    match detection(args) {
        Ok(exit) | Err(exit) => exit,
    }
}

fn detection(mut args: Arguments) -> Result<Exit, Exit> {
    let env = args.range.env()?;
    // A file stands for itself, over all that is loaded.
    if std::path::Path::new(&args.detection).is_file() {
        args.content.content.push(args.detection.clone());
    }
    let loaded = args.content.open()?;
    let attack = Attack::builtin();
    let session = args.range.session()?;
    interrupt::ends(&session);
    let knowledge = loaded.knowledge();
    let world = loaded.world(&attack, &session, &knowledge);
    let detection = loaded.detection(&args.detection, false)?;
    let prepared = prepare_detection(&world, detection);
    if args.show == Some(Show::Spl) {
        let said = output::say(&davy_spl::format(&prepared.pipeline));
        let bad = content::show(&prepared.sources, &prepared.diags, true);
        return Ok(if bad { Exit::Usage } else { said });
    }
    if content::show(&prepared.sources, &prepared.diags, true) {
        return Err(Exit::Usage);
    }
    if args.input.is_empty() {
        return Err(crate::settings::usage("name what to read with -i PATH"));
    }
    let meta = Meta { now: env.now, ..Meta::default() };
    let inputs = inputs::open(&args.input, &meta).read_by(&loaded.apps);
    let source = Arc::new(inputs.source.clone());
    if args.explain {
        let search = Search {
            prepared: &prepared,
            env: Arc::new(env),
            source: Some(source),
            knowledge: &knowledge,
            out: FieldSet::all(),
        };
        let shown = super::explained::explain_search(&session, &search);
        let shown = shown.map_err(|e| super::search::failed(&prepared.sources, e))?;
        return Ok(output::say(&shown.text(None)));
    }
    let run = run_detection(&world, detection, &prepared, source, &env)
        .map_err(|e| super::search::failed(&prepared.sources, e))?;
    if reads_risk(&prepared) {
        tell!(
            "note: `{}` reads risk events or notables, which `davy run` does not make: `davy hunt` \
             runs it over those of the other detections",
            detection.name.value
        );
    }
    let written = output::target(None).and_then(|mut out| {
        let besides = output::Besides::default();
        output::findings(&mut *out, &run.findings, &besides, args.format, &env.zone)
    });
    inputs::report_range(&inputs.source, &env);
    let unread = inputs::report_problems(&inputs.errors, &inputs.source.reports(), false);
    Ok(output::ended(written, unread))
}
