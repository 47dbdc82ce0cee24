//! `davy help`: the help of subcommands, and the reference of the language.

use crate::exit::Exit;
use crate::settings::usage;
use clap::{Args, ValueEnum};
use davy_plan::reference::{self, Class, Entry};
use davy_plan::spec::{Expect, Support};
use serde_json::{Value, json};

/// Prints the help of a subcommand, or what a command or function of SPL does.
#[derive(Args)]
pub(crate) struct Arguments {
    /// A subcommand, or `spl NAME` for a command, an eval function or a statistical function;
    /// `spl` alone lists them all.
    topic: Vec<String>,
    /// Of the reference of SPL.
    #[arg(long, value_enum, default_value = "text")]
    format: Shape,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Shape {
    Text,
    Json,
}

pub(crate) fn run(args: Arguments) -> Exit {
    let topic: Vec<&str> = args.topic.iter().map(String::as_str).collect();
    match topic.as_slice() {
        ["spl"] => show(&reference::entries(), args.format, list),
        ["spl", name] => {
            let found = reference::find(name);
            if !found.is_empty() {
                return show(&found, args.format, |found| {
                    found.iter().map(Entry::text).collect::<Vec<_>>().join("\n")
                });
            }
            if subcommand(&topic).is_some() {
                return command(&topic);
            }
            let near = reference::nearest(name).map(|n| format!("; did you mean `{n}`?"));
            usage(&format!("no command or function `{name}` in SPL{}", near.unwrap_or_default()))
        }
        path => command(path),
    }
}

fn show(entries: &[Entry], format: Shape, text: impl Fn(&[Entry]) -> String) -> Exit {
    let out = match format {
        Shape::Text => text(entries),
        Shape::Json => {
            let list: Vec<Value> = entries.iter().map(entry_json).collect();
            format!("{:#}\n", Value::Array(list))
        }
    };
    crate::output::say(&out)
}

fn subcommand(path: &[&str]) -> Option<clap::Command> {
    let mut command = crate::cli();
    command.build();
    for name in path {
        command = command.find_subcommand(name)?.clone();
    }
    Some(command)
}

fn command(path: &[&str]) -> Exit {
    match subcommand(path) {
        Some(mut command) => crate::output::say(&command.render_long_help().to_string()),
        None => usage(&format!("no subcommand `{}`; `davy help` lists them", path.join(" "))),
    }
}

/// The names by kind and family.
fn list(entries: &[Entry]) -> String {
    let mut out = String::new();
    let (mut class, mut family) = (None, "");
    for entry in entries {
        if class != Some(entry.class) {
            class = Some(entry.class);
            family = "";
            let title = match entry.class {
                Class::Command => "Commands",
                Class::Function => "\nEval functions",
                Class::Statistic => "\nStatistical functions",
            };
            out.push_str(&format!("{title}\n"));
        }
        if entry.class != Class::Command && family != entry.family {
            family = entry.family;
            out.push_str(&format!("  {family}\n"));
        }
        let refused = matches!(entry.support, Support::Refused { .. });
        let note = if refused { "(refused) " } else { "" };
        out.push_str(&format!("    {:<18} {note}{}\n", entry.name, first_sentence(entry.summary)));
    }
    out.push_str("\n`davy help spl NAME` tells more of one.\n");
    out
}

fn first_sentence(text: &str) -> &str {
    text.split_once(". ").map_or(text.trim_end_matches('.'), |(first, _)| first)
}

fn entry_json(entry: &Entry) -> Value {
    let support = match entry.support {
        Support::Full => json!({ "status": "supported" }),
        Support::Limited(limits) => json!({ "status": "limited", "limits": limits }),
        Support::Refused { why, instead } => {
            json!({ "status": "refused", "why": why, "instead": instead })
        }
    };
    let examples: Vec<Value> = entry
        .examples
        .iter()
        .map(|example| {
            let expect = match example.expect {
                Expect::Rows(rows) => json!({ "rows": rows }),
                Expect::Field(field, value) => json!({ "field": field, "value": value }),
                Expect::Table(csv) => json!({ "table": csv }),
                Expect::Varies => Value::Null,
            };
            json!({ "search": example.search, "expect": expect })
        })
        .collect();
    json!({
        "kind": entry.class.as_str(),
        "name": entry.name,
        "aliases": entry.aliases,
        "family": entry.family,
        "syntax": entry.syntax,
        "summary": entry.summary,
        "support": support,
        "source": entry.source,
        "examples": examples,
    })
}
