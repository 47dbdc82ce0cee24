//! `davy knowledge explain`: for each kind of event, what it is known as, by which line of which
//! add-on, and why it is not something else.

use crate::content::ContentArgs;
use crate::exit::Exit;
use crate::inputs::StatedArgs;
use crate::settings::{RangeArgs, usage};
use crate::{inputs, output};
use clap::{Args, ValueEnum};
use davy_diag::{SourceMap, Span};
use davy_events::mv;
use davy_exec::{Explained, Holds, explain, explain_event};
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
    /// Only the event with this number, counted from 1 in the order of the input: all its fields, and
    /// what it is and is not.
    #[arg(long, value_name = "N", conflicts_with = "kind")]
    event: Option<usize>,
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
    let inputs = inputs::open(&args.input, &meta).read_by(&loaded.apps);
    let base = &loaded.base;
    let env = Arc::new(env);
    let kinds = match args.event {
        None => explain(base, &inputs.source, &env),
        Some(place) => match explain_event(base, &inputs.source, &env, place) {
            Some(event) => vec![event],
            None => return Err(usage(&format!("--event: there is no event {place}"))),
        },
    };
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
            let title = |n: usize| match args.event {
                Some(place) => format!("event {place}"),
                None => format!("event kind {n}"),
            };
            chosen.iter().map(|(n, kind)| told(&title(*n), kind, base.sources(), why)).collect()
        }
        Shown::Json => {
            let kinds: Vec<Value> =
                chosen.iter().map(|(n, kind)| object(*n, kind, base.sources())).collect();
            format!("{:#}\n", Value::Array(kinds))
        }
    };
    let said = output::say(&text);
    match inputs::report_problems(&inputs.errors, &inputs.source.reports(), false) {
        true => Ok(Exit::Incomplete),
        false => Ok(said),
    }
}

fn place(sources: &SourceMap, span: Span) -> String {
    format!("{}:{}", sources.file(span.file).name, sources.line_col(span).0)
}

fn told(title: &str, kind: &Explained, sources: &SourceMap, why_not: Option<&str>) -> String {
    let events = if kind.events == 1 { "event" } else { "events" };
    let mut out = match title.starts_with("event kind") {
        true => format!("{title}, {} {events}, sourcetype {}\n", kind.events, kind.sourcetype),
        false => format!("{title}, sourcetype {}\n", kind.sourcetype),
    };
    for (name, value) in kind.constants.iter().filter(|(name, _)| name != "_raw") {
        let value = mv::split(value).collect::<Vec<_>>().join(" | ");
        let _ = writeln!(out, "  {name}={value}");
    }
    let some = |holds: &Holds| match holds {
        Holds::Some => ", of some events".to_owned(),
        Holds::Of { held, looked } if *looked == kind.events => {
            format!(", of {held} of {looked} events")
        }
        Holds::Of { held, looked } => format!(", of {held} of the first {looked} events"),
        Holds::All | Holds::None(_) => String::new(),
    };
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
    let before = out.len();
    let types = kind.eventtypes.iter().map(|(name, _, _, holds)| (name.clone(), holds));
    let sets = kind.datasets.iter().map(|(model, set, holds)| (format!("{model}.{set}"), holds));
    for (name, holds) in types.chain(sets) {
        if let Holds::None(why) = holds
            && name.to_lowercase().contains(&asked)
        {
            let which = if kind.events == 1 { "the event has not" } else { "no such event has" };
            let why = why.as_deref().map(|term| format!(": {which} `{term}`"));
            let _ = writeln!(out, "    {name}{}", why.unwrap_or_default());
        }
    }
    if out.len() == before {
        let _ =
            writeln!(out, "    nothing with `{asked}` in its name: it is all there, or nowhere");
    }
    out
}

fn object(number: usize, kind: &Explained, sources: &SourceMap) -> Value {
    let state = |holds: &Holds| match holds {
        Holds::All => json!({"holds": "all"}),
        Holds::Some => json!({"holds": "some"}),
        Holds::Of { held, looked } => json!({"holds": "some", "in": held, "of": looked}),
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
        "events": kind.events,
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
