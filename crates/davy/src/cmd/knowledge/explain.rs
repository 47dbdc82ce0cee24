//! `davy knowledge explain`: for each kind of event, what it is known as, by which line of which
//! add-on, and why it is not something else.

use crate::content::ContentArgs;
use crate::exit::Exit;
use crate::inputs::StatedArgs;
use crate::settings::{RangeArgs, usage};
use crate::{inputs, output};
use clap::{Args, ValueEnum};
use davy_diag::{SourceMap, Span};
use davy_exec::{Explained, Holds, explain};
use serde_json::{Value, json};
use std::fmt::Write;
use std::sync::Arc;

/// Tells which sourcetype, event types, tags and datasets events get, and from where.
#[derive(Args)]
pub(super) struct Arguments {
    /// A file, folder or glob to read; `-` is standard input. May be repeated.
    #[arg(short, long, value_name = "PATH", required = true)]
    input: Vec<String>,
    /// Only the kind of event with this number, as listed.
    #[arg(long, value_name = "N")]
    kind: Option<usize>,
    /// Say of event types and datasets with this in their name why events are not in them.
    #[arg(long, value_name = "TEXT")]
    why_not: Option<String>,
    #[command(flatten)]
    content: ContentArgs,
    #[command(flatten)]
    stated: StatedArgs,
    #[arg(long, value_enum, default_value = "table")]
    format: Shown,
    #[command(flatten)]
    range: RangeArgs,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Shown {
    Table,
    Json,
}

pub(super) fn run(args: Arguments) -> Result<Exit, Exit> {
    let env = args.range.env()?;
    let loaded = args.content.open()?;
    let meta = args.stated.meta(env.now);
    let inputs = inputs::open(&args.input, &meta, None);
    let base = &loaded.base;
    let kinds = explain(base, &inputs.source, &Arc::new(env));
    let count = kinds.len();
    let chosen = kinds.into_iter().enumerate().map(|(at, kind)| (at + 1, kind));
    let chosen: Vec<(usize, Explained)> =
        chosen.filter(|(number, _)| args.kind.is_none_or(|n| n == *number)).collect();
    if chosen.is_empty() && args.kind.is_some() {
        return Err(usage(&format!("--kind: there are {count} kinds of event")));
    }
    let text = match args.format {
        Shown::Table => {
            let why = args.why_not.as_deref();
            chosen.iter().map(|(n, kind)| told(*n, kind, base.sources(), why)).collect()
        }
        Shown::Json => {
            let kinds: Vec<Value> =
                chosen.iter().map(|(n, kind)| object(*n, kind, base.sources())).collect();
            format!("{:#}\n", Value::Array(kinds))
        }
    };
    let said = output::say(&text);
    match inputs::report_problems(&inputs.errors, &inputs.source.reports()) {
        true => Ok(Exit::Incomplete),
        false => Ok(said),
    }
}

fn place(sources: &SourceMap, span: Span) -> String {
    format!("{}:{}", sources.file(span.file).name, sources.line_col(span).0)
}

fn told(number: usize, kind: &Explained, sources: &SourceMap, why_not: Option<&str>) -> String {
    let mut out = format!("event kind {number}, sourcetype {}\n", kind.sourcetype);
    for (name, value) in &kind.constants {
        let _ = writeln!(out, "  {name}={value}");
    }
    let some = |holds: &Holds| if *holds == Holds::Some { ", of some events" } else { "" };
    let _ = writeln!(out, "  fields by");
    for (span, holds) in kind.stanzas.iter().filter(|(_, h)| !matches!(h, Holds::None(_))) {
        let _ = writeln!(out, "    {}{}", place(sources, *span), some(holds));
    }
    let _ = writeln!(out, "  event types");
    for (name, tags, span, holds) in &kind.eventtypes {
        if !matches!(holds, Holds::None(_)) {
            let (tags, at) = (tags.join(" "), place(sources, *span));
            let _ = writeln!(out, "    {name} (tags: {tags}) {at}{}", some(holds));
        }
    }
    let _ = writeln!(out, "  datasets");
    for (model, dataset, holds) in &kind.datasets {
        if !matches!(holds, Holds::None(_)) {
            let _ = writeln!(out, "    {model}.{dataset}{}", some(holds));
        }
    }
    let Some(asked) = why_not.map(str::to_lowercase) else { return out };
    let _ = writeln!(out, "  not");
    let types = kind.eventtypes.iter().map(|(name, _, _, holds)| (name.clone(), holds));
    let sets = kind.datasets.iter().map(|(model, set, holds)| (format!("{model}.{set}"), holds));
    for (name, holds) in types.chain(sets) {
        if let Holds::None(why) = holds
            && name.to_lowercase().contains(&asked)
        {
            let why = why.as_deref().map(|term| format!(": no such event has `{term}`"));
            let _ = writeln!(out, "    {name}{}", why.unwrap_or_default());
        }
    }
    out
}

fn object(number: usize, kind: &Explained, sources: &SourceMap) -> Value {
    let state = |holds: &Holds| match holds {
        Holds::All => json!({"holds": "all"}),
        Holds::Some => json!({"holds": "some"}),
        Holds::None(why) => json!({"holds": "none", "because": why}),
    };
    let with = |mut value: Value, more: Value| {
        if let (Some(to), Value::Object(from)) = (value.as_object_mut(), more) {
            to.extend(from);
        }
        value
    };
    let stanzas = kind.stanzas.iter();
    let types = kind.eventtypes.iter();
    let constants = kind.constants.iter().map(|(n, v)| (n.clone(), Value::from(v.as_str())));
    json!({
        "kind": number,
        "sourcetype": kind.sourcetype,
        "fields": Value::Object(constants.collect()),
        "stanzas": stanzas.map(|(span, h)| with(json!({"at": place(sources, *span)}), state(h)))
            .collect::<Vec<_>>(),
        "eventtypes": types.map(|(name, tags, span, h)| {
            with(json!({"name": name, "tags": tags, "at": place(sources, *span)}), state(h))
        }).collect::<Vec<_>>(),
        "datasets": kind.datasets.iter().map(|(model, dataset, h)| {
            with(json!({"model": model, "dataset": dataset}), state(h))
        }).collect::<Vec<_>>(),
    })
}
