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
    if matches!(context.option.as_deref(), Some("datamodel")) {
        return models(world);
    }
    let mut items = Vec::new();
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

/// `Endpoint.Processes` and its kin.
fn models(world: &World) -> Vec<CompletionItem> {
    let mut items = Vec::new();
    let mut add = |label: String, kind| {
        items.push(CompletionItem { label, kind: Some(kind), ..CompletionItem::default() });
    };
    for model in world.base.models() {
        add(model.name.to_string(), CompletionItemKind::MODULE);
        for dataset in &model.datasets {
            add(format!("{}.{}", model.name, dataset.name), CompletionItemKind::STRUCT);
        }
    }
    items
}
