//! `davy app`: what of a Splunk app can be used here.

use crate::exit::Exit;
use crate::{content, output};
use clap::{Args, Subcommand, ValueEnum};
use comfy_table::{Table, presets};
use davy_app::App;
use serde_json::json;
use std::path::PathBuf;

/// Looks at a Splunk app.
#[derive(Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    Check(Check),
}

/// Lists what was read of an app, and what cannot be honoured.
#[derive(Args)]
struct Check {
    /// The app's folder, or a .spl or .tgz.
    #[arg(value_name = "PATH")]
    app: PathBuf,
    /// A folder of content that the app builds on. May be repeated.
    #[arg(long, value_name = "DIR")]
    content: Vec<String>,
    #[arg(long, value_enum, default_value = "table")]
    format: AppFormat,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum AppFormat {
    Table,
    Json,
}

pub(crate) fn run(args: Arguments) -> Exit {
    let What::Check(args) = args.what;
    match check(args) {
        Ok(exit) | Err(exit) => exit,
    }
}

fn check(args: Check) -> Result<Exit, Exit> {
    let over = crate::apps::AppArgs { app: vec![args.app.clone()], ..Default::default() };
    let loaded = content::open_with(&args.content, &over, true)?;
    let bad = loaded.report(true);
    let Some(app) = loaded.apps.first() else { return Err(Exit::Usage) };
    let written = output::target(None).and_then(|mut out| {
        match args.format {
            AppFormat::Table => write!(out, "{}", table(app))?,
            AppFormat::Json => writeln!(out, "{}", json(app))?,
        }
        out.flush()
    });
    Ok(output::ended(written, bad))
}

fn table(app: &App) -> String {
    let version = app.version.as_deref().map(|v| format!(" {v}")).unwrap_or_default();
    let mut out = format!("{}{version}\n", app.name);
    for stock in app.stock.iter().filter(|s| s.count > 0) {
        out.push_str(&format!("{:>8} {}\n", stock.count, stock.kind));
    }
    if app.notes.is_empty() {
        out.push_str("all of it can be honoured\n");
        return out;
    }
    let mut table = Table::new();
    table.load_preset(presets::UTF8_HORIZONTAL_ONLY);
    table.set_header(["file", "stanza", "key", "not honoured, because"]);
    for note in &app.notes {
        let place = match note.line {
            0 => note.file.clone(),
            line => format!("{}:{line}", note.file),
        };
        table.add_row([place.as_str(), &note.stanza, &note.key, &note.why]);
    }
    out.push_str(&format!("{} cannot be honoured\n{table}\n", app.notes.len()));
    out
}

fn json(app: &App) -> serde_json::Value {
    let read: serde_json::Map<String, serde_json::Value> =
        app.stock.iter().map(|s| (s.kind.to_owned(), json!(s.count))).collect();
    let notes: Vec<_> = app
        .notes
        .iter()
        .map(|n| {
            json!({"file": n.file, "line": n.line, "stanza": n.stanza, "key": n.key, "why": n.why})
        })
        .collect();
    json!({"app": app.name, "version": app.version, "read": read, "not_honoured": notes})
}
