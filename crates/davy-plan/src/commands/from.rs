//! `from`. Search Reference, from.

use super::modelled::{Modelled, Named, base};
use super::savedsearch::no_such_search;
use crate::codes;
use crate::command::{Bound, BoundStage, Command, Order};
use crate::example;
use crate::fields::{FieldSet, Fields};
use crate::inner;
use crate::plan::{Failed, Plan, PlanCx};
use crate::spec::{CommandSpec, Kind, ParseCx, Support};
use davy_diag::{Spanned, closest};
use davy_spl::ast::{Args, Grammar};
use std::sync::Arc;

pub(super) static SPEC: CommandSpec = CommandSpec {
    name: "from",
    aliases: &[],
    kind: Kind::Generating,
    grammar: Grammar::Raw,
    syntax: "from <datamodel | lookup | inputlookup | savedsearch>:<name>",
    summary: "The rows of a data model's dataset, of a lookup table, or of a saved search.",
    examples: &[
        example!("| from datamodel:\"Endpoint.Processes\"" => varies),
        example!("| from datamodel Risk.All_Risk" => varies),
    ],
    source: "Search Reference, from",
    support: Support::Full,
    parse,
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Source {
    DataModel,
    Lookup,
    SavedSearch,
}

#[derive(Debug)]
struct From {
    source: Source,
    name: Spanned<String>,
}

/// What may stand before the colon.
const KINDS: [&str; 4] = ["datamodel", "lookup", "inputlookup", "savedsearch"];

fn parse(args: &Args, cx: &mut ParseCx<'_>) -> Option<Box<dyn Command>> {
    let Args::Raw(raw) = args else { return None };
    Some(Box::new(read(raw, cx)?))
}

/// Whether a word names a dataset, as `lookup:users` does and the field `tag::host` does not.
pub(super) fn is_dataset(word: &str) -> bool {
    let (kind, name) = word.split_once(':').unwrap_or_default();
    KINDS.contains(&kind) && !name.starts_with(':')
}

/// The search that reads the dataset which a word names.
pub(super) fn dataset(word: &Spanned<String>, cx: &mut ParseCx<'_>) -> Option<Bound> {
    if !is_dataset(&word.value) {
        let (name, kinds) = (cx.spec.name, KINDS.join(", "));
        cx.report(
            codes::BAD_ARGUMENT
                .at(word.span, format!("`{}` is no dataset that `{name}` can read", word.value))
                .help(format!(
                    "type a search in brackets, or KIND:NAME where the kind is one of {kinds}"
                )),
        );
        return None;
    }
    let command = Arc::new(read(word, cx)?);
    let stage = BoundStage { spec: &SPEC, command, span: word.span };
    Some(Bound { stages: vec![stage], understood: None })
}

fn read(raw: &Spanned<String>, cx: &mut ParseCx<'_>) -> Option<From> {
    let text = raw.value.trim();
    let end = text.find(|c: char| c == ':' || c == '=' || c.is_whitespace()).unwrap_or(text.len());
    let kind = text.get(..end).unwrap_or_default();
    let source = match kind.to_ascii_lowercase().as_str() {
        "datamodel" => Source::DataModel,
        "lookup" | "inputlookup" => Source::Lookup,
        "savedsearch" => Source::SavedSearch,
        "" => return cx.missing("what to read, such as `datamodel:\"Endpoint.Processes\"`"),
        _ => {
            let near = closest(kind, KINDS).unwrap_or("datamodel");
            cx.report(
                codes::BAD_ARGUMENT
                    .at(raw.span, format!("`from` cannot read `{kind}`"))
                    .help(format!("did you mean `{near}:…`? It reads {}", KINDS.join(", "))),
            );
            return None;
        }
    };
    let name = text.get(end..).unwrap_or_default();
    let name = name.trim_start_matches(|c: char| c == ':' || c == '=' || c.is_whitespace());
    // `datamodel:"Model"."Dataset"`, as Splunk's own pages write it, is one name.
    let name = name.trim_matches(['"', '\'']).trim().replace("\".\"", ".");
    if name.is_empty() {
        return cx.missing("a name after its kind");
    }
    Some(From { source, name: Spanned::new(name, raw.span) })
}

impl Command for From {
    fn needs(&self, _: &FieldSet) -> FieldSet {
        FieldSet::none()
    }

    fn fields(&self, _: &Fields) -> Fields {
        Fields::open()
    }

    fn order(&self) -> Order {
        Order::Makes
    }

    fn plan(&self, _: Plan, cx: &PlanCx<'_>) -> Result<Plan, Failed> {
        match self.source {
            Source::DataModel => {
                let base = base(cx, self.name.span)?;
                let named = Named::read(&self.name);
                let modelled = Modelled::new(&base, &named, None, &[])?;
                let mut shown: Vec<String> =
                    ["_time", "host", "source", "sourcetype", "index"].map(str::to_owned).into();
                for name in modelled.shown() {
                    let inner = modelled.inner(&name).to_owned();
                    if !shown.contains(&inner) {
                        shown.push(inner);
                    }
                }
                shown.retain(|n| cx.out.wants(n) || n == "_time");
                modelled.events(&shown, None, cx.ordered, cx)
            }
            Source::Lookup => {
                let command = format!("| inputlookup {}", quoted(&self.name.value));
                inner::search(&command, cx)?.plan(cx.out, cx.ordered, cx)
            }
            Source::SavedSearch => {
                let Some(text) = cx.engine.knowledge().saved_search(&self.name.value) else {
                    return Err(no_such_search(&self.name.value, self.name.span).into());
                };
                inner::search(&text, cx)?.plan(cx.out, cx.ordered, cx)
            }
        }
    }
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\""))
}
