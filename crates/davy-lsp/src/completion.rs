//! What may stand at a place.

use crate::analysis::Analysis;
use crate::context::Context;
use crate::server::World;
use davy_plan::commands;
use davy_plan::reference::{Class, Entry, entries, find};
use davy_plan::spec::Support;
use davy_spl::ast::Grammar;
use lsp_types::{CompletionItem, CompletionItemKind, Documentation, MarkupContent, MarkupKind};

pub(crate) fn complete(
    analysis: &Analysis,
    world: &World,
    context: &Context,
    at: usize,
) -> Vec<CompletionItem> {
    if context.call.is_some() {
        return macros(analysis, world);
    }
    if context.in_text {
        return Vec::new();
    }
    if context.at_command {
        let commands = entries().into_iter().filter(|e| e.class == Class::Command);
        return commands.filter(works).map(|e| of_entry(&e, CompletionItemKind::KEYWORD)).collect();
    }
    let stage = Written::at(analysis.query_text(), context, at);
    if matches!(context.option.as_deref(), Some("datamodel"))
        || stage.before.ends_with("datamodel:")
    {
        return models(world);
    }
    if stage.before.ends_with("lookup:") {
        return lookups(world);
    }
    let mut items = Vec::new();
    match context.command.as_str() {
        "datamodel" | "pivot" => items.extend(datasets(world, &stage)),
        "from" => {
            let kinds = ["datamodel:", "lookup:", "inputlookup:", "savedsearch:"];
            return kinds.iter().map(|k| item(*k, CompletionItemKind::PROPERTY)).collect();
        }
        "lookup" | "inputlookup" | "outputlookup" if context.option.is_none() => {
            items.extend(lookups(world));
        }
        "tstats" => items.extend(model_fields(world, stage.whole)),
        _ => {}
    }
    let class = functions_of(context);
    if let Some(class) = class {
        let functions = entries().into_iter().filter(|e| e.class == class);
        items.extend(functions.filter(works).map(|e| of_entry(&e, CompletionItemKind::FUNCTION)));
    }
    if context.option.is_none() {
        items.extend(options(&context.command));
    }
    items.extend(analysis.fields_at(at).into_iter().map(|name| CompletionItem {
        sort_text: Some(format!("0{name}")),
        kind: Some(CompletionItemKind::FIELD),
        label: name,
        ..CompletionItem::default()
    }));
    items
}

fn works(entry: &Entry) -> bool {
    !matches!(entry.support, Support::Refused { .. })
}

/// Which functions may stand there.
fn functions_of(context: &Context) -> Option<Class> {
    let spec = commands::find(&context.command)?;
    if matches!(spec.grammar, Grammar::Eval | Grammar::Where) {
        return Some(Class::Function);
    }
    if context.inside.as_deref() == Some("eval") {
        return Some(Class::Function);
    }
    let aggregates = matches!(
        spec.name,
        "stats" | "eventstats" | "streamstats" | "chart" | "timechart" | "tstats" | "mstats"
    );
    (aggregates && !context.after_by && context.inside.is_none()).then_some(Class::Statistic)
}

fn of_entry(entry: &Entry, kind: CompletionItemKind) -> CompletionItem {
    CompletionItem {
        label: entry.name.to_owned(),
        kind: Some(kind),
        detail: Some(entry.syntax.to_owned()),
        documentation: Some(Documentation::MarkupContent(MarkupContent {
            kind: MarkupKind::Markdown,
            value: entry.summary.to_owned(),
        })),
        sort_text: Some(format!("2{}", entry.name)),
        ..CompletionItem::default()
    }
}

/// The options that the command's syntax shows: `limit=<N>`.
fn options(command: &str) -> Vec<CompletionItem> {
    let syntax = find(command).into_iter().find(|e| e.class == Class::Command);
    let Some(syntax) = syntax.map(|e| e.syntax) else { return Vec::new() };
    let mut names: Vec<&str> = Vec::new();
    for (at, _) in syntax.match_indices('=') {
        let before = syntax.get(..at).unwrap_or("");
        let start = before.rfind(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        let name = before.get(start.map_or(0, |i| i + 1)..).unwrap_or("");
        if !name.is_empty() && !names.contains(&name) {
            names.push(name);
        }
    }
    names
        .into_iter()
        .map(|name| CompletionItem {
            label: format!("{name}="),
            kind: Some(CompletionItemKind::PROPERTY),
            sort_text: Some(format!("1{name}")),
            ..CompletionItem::default()
        })
        .collect()
}

fn macros(analysis: &Analysis, world: &World) -> Vec<CompletionItem> {
    let names = analysis.macro_names(world);
    names
        .into_iter()
        .map(|name| {
            let file = world.content.macros().iter().find(|m| m.name.value == name);
            let args = file.map(|m| m.args.join(", ")).filter(|a| !a.is_empty());
            CompletionItem {
                detail: args.map(|args| format!("{name}({args})")),
                documentation: file.map(|m| Documentation::String(m.description.clone())),
                kind: Some(CompletionItemKind::SNIPPET),
                label: name,
                ..CompletionItem::default()
            }
        })
        .collect()
}

fn item(label: impl Into<String>, kind: CompletionItemKind) -> CompletionItem {
    let label = label.into();
    let sort_text = Some(format!("0{label}"));
    CompletionItem { label, kind: Some(kind), sort_text, ..CompletionItem::default() }
}

/// The command around a place, as it is written.
struct Written<'a> {
    /// Up to the word at the place.
    before: &'a str,
    whole: &'a str,
}

impl<'a> Written<'a> {
    fn at(text: &'a str, context: &Context, at: usize) -> Written<'a> {
        let start = text.get(..at).and_then(|t| t.rfind(['|', '['])).map_or(0, |i| i + 1);
        let end = text.get(at..).and_then(|t| t.find(['|', ']'])).map_or(text.len(), |i| at + i);
        Written {
            before: text.get(start..context.word.start).unwrap_or(""),
            whole: text.get(start..end).unwrap_or(""),
        }
    }
}

/// `Endpoint.Processes` and its kin.
fn models(world: &World) -> Vec<CompletionItem> {
    let mut items = Vec::new();
    for model in world.base.models() {
        items.push(item(&*model.name, CompletionItemKind::MODULE));
        for dataset in &model.datasets {
            let name = format!("{}.{}", model.name, dataset.name);
            items.push(item(name, CompletionItemKind::STRUCT));
        }
    }
    items
}

/// What `datamodel` takes: a model, then one of its datasets, then how.
fn datasets(world: &World, stage: &Written<'_>) -> Vec<CompletionItem> {
    let words: Vec<&str> =
        stage.before.split_whitespace().skip(1).filter(|w| !w.contains('=')).collect();
    let models = world.base.models();
    match words.as_slice() {
        [] => models.iter().map(|m| item(&*m.name, CompletionItemKind::MODULE)).collect(),
        [model] => {
            let model = models.iter().find(|m| *m.name == **model);
            let datasets = model.into_iter().flat_map(|m| &m.datasets);
            datasets.map(|d| item(&*d.name, CompletionItemKind::STRUCT)).collect()
        }
        _ => ["search", "flat"].map(|w| item(w, CompletionItemKind::PROPERTY)).to_vec(),
    }
}

/// The fields of the data model that a `tstats` names, as it writes them: `Processes.dest`.
fn model_fields(world: &World, stage: &str) -> Vec<CompletionItem> {
    let lower = stage.to_ascii_lowercase();
    let named = lower.find("datamodel").and_then(|at| stage.get(at + "datamodel".len()..));
    let part = |c: char| !(c.is_alphanumeric() || c == '_' || c == '.');
    let named = named.map(|t| t.trim_start_matches(['=', '"', ' ']));
    let name = named.and_then(|t| t.split(part).next()).unwrap_or("");
    let (name, dataset) = name.split_once('.').unwrap_or((name, ""));
    let Some(model) = world.base.model(name) else { return Vec::new() };
    let mut items = Vec::new();
    for set in &model.datasets {
        let line = model.lineage(&set.name);
        let path = line.iter().map(|d| d.name.as_str()).collect::<Vec<_>>().join(".");
        let wanted = model.lineage(dataset);
        if !wanted.is_empty() && !wanted.iter().any(|d| d.name == set.name) {
            continue;
        }
        let own = set.fields.iter().map(|f| &f.name);
        let names = own.chain(set.calculated.iter().map(|c| &c.name));
        items.extend(names.map(|n| item(format!("{path}.{n}"), CompletionItemKind::FIELD)));
    }
    items.sort_by(|a, b| a.label.cmp(&b.label));
    items.dedup_by(|a, b| a.label == b.label);
    items
}

fn lookups(world: &World) -> Vec<CompletionItem> {
    let mut names: Vec<&str> =
        world.content.lookups().iter().map(|l| l.name.value.as_str()).collect();
    names.extend(world.base.tables().map(|(name, _)| name));
    names.sort_unstable();
    names.dedup();
    names.into_iter().map(|n| item(n, CompletionItemKind::FILE)).collect()
}
