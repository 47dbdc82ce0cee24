//! What an editor asks about a place in a text.

use crate::analysis::{Analysis, Document};
use crate::completion;
use crate::context::{Context, context};
use crate::place;
use crate::server::World;
use davy_diag::Diagnostics;
use davy_plan::CommandGrammars;
use davy_plan::reference::{Class, Entry, find};
use davy_spl::ast::Grammar;
use lsp_types::{
    CompletionItem, CompletionTextEdit, GotoDefinitionResponse, Hover, HoverContents, Location,
    MarkupContent, MarkupKind, Position, Range, TextEdit, Uri,
};
use std::str::FromStr;

/// The reference of the command or function at a place, or the text of the macro that is called.
pub(crate) fn hover(document: &Document, world: &World, position: Position) -> Option<Hover> {
    let (analysis, context, _) = look(document, world, position)?;
    let text = analysis.query_text();
    let shown = if let Some((name, argc)) = called(text, &context) {
        let def = analysis.find_macro(world, &name, argc)?;
        let file = world.content.macros().iter().find(|m| m.name.value == name);
        let description = file.map_or("", |m| m.description.as_str());
        format!("**macro `{name}`**\n\n```spl\n{}\n```\n\n{description}", def.definition)
    } else if context.in_text {
        return None;
    } else {
        let word = text.get(context.word.clone())?;
        entry(word, &context)?.markdown(3)
    };
    let contents = MarkupContent { kind: MarkupKind::Markdown, value: shown };
    Some(Hover { contents: HoverContents::Markup(contents), range: None })
}

/// The command, function or statistical function that a word is where it stands.
fn entry(word: &str, context: &Context) -> Option<Entry> {
    let grammar = davy_plan::commands::find(&context.command).map(|s| s.grammar);
    let evaluates = matches!(grammar, Some(Grammar::Eval | Grammar::Where))
        || context.inside.as_deref() == Some("eval");
    let found = find(word);
    let of = |class| found.iter().find(|e| e.class == class).copied();
    if context.at_command || context.command.is_empty() {
        return of(Class::Command);
    }
    if evaluates {
        return of(Class::Function).filter(|_| context.called);
    }
    let counts = context.called || word.eq_ignore_ascii_case("count");
    of(Class::Statistic).filter(|_| counts && !context.after_by && grammar != Some(Grammar::Search))
}

pub(crate) fn complete(
    document: &Document,
    world: &World,
    position: Position,
) -> Option<Vec<CompletionItem>> {
    let (analysis, context, at) = look(document, world, position)?;
    let mut items = completion::complete(&analysis, world, &context, at);
    let range = typed(analysis.query_text(), &context, at, position);
    for item in &mut items {
        // Editors differ in what they take for the word that is being typed.
        let edit = TextEdit { range, new_text: item.label.clone() };
        item.text_edit = Some(CompletionTextEdit::Edit(edit));
    }
    Some(items)
}

/// The place of the name that is being typed.
fn typed(text: &str, context: &Context, at: usize, position: Position) -> Range {
    let units = |part: Option<&str>| part.unwrap_or("").encode_utf16().count() as u32;
    let before = text.get(context.word.start..at).unwrap_or("");
    // In an expression a dot joins two values.
    let grammar = davy_plan::commands::find(&context.command).map(|s| s.grammar);
    let joins = matches!(grammar, Some(Grammar::Eval | Grammar::Where)) && context.call.is_none();
    let before = if joins { before.rsplit('.').next().unwrap_or("") } else { before };
    let start = position.character.saturating_sub(units(Some(before)));
    let end = position.character + units(text.get(at..context.word.end));
    Range::new(Position::new(position.line, start), Position::new(position.line, end))
}

/// Where the macro that is called at a place is defined.
pub(crate) fn definition(
    document: &Document,
    world: &World,
    position: Position,
) -> Option<GotoDefinitionResponse> {
    let (analysis, context, _) = look(document, world, position)?;
    let (name, argc) = called(analysis.query_text(), &context)?;
    let span = analysis.find_macro(world, &name, argc)?.source?;
    let (origin, _) = analysis.sources.origin(span);
    let file = analysis.sources.file(origin.file);
    let range = place::range(&file.text, origin.range());
    Some(GotoDefinitionResponse::Scalar(Location { uri: uri_of(&file.name)?, range }))
}

/// The whole text with its search in the one layout.
pub(crate) fn format(document: &Document, world: &World) -> Option<Vec<TextEdit>> {
    let mut analysis = Analysis::of(document, world);
    let query = analysis.query?;
    let mut diags = Diagnostics::default();
    let sources = &mut analysis.sources;
    let laid = davy_spl::format_source(sources, query, &CommandGrammars, &mut diags)?;
    let new_text = if document.is_yaml() {
        davy_content::with_search(&document.text, analysis.query_text(), &laid)?
    } else {
        laid
    };
    if new_text == document.text {
        return Some(Vec::new());
    }
    let range = Range::new(Position::new(0, 0), place::position(&document.text, usize::MAX));
    Some(vec![TextEdit { range, new_text }])
}

/// The surroundings of a place, if it is in a search.
fn look(
    document: &Document,
    world: &World,
    position: Position,
) -> Option<(Analysis, Context, usize)> {
    let analysis = Analysis::of(document, world);
    let at = analysis.in_query(document, place::offset(&document.text, position))?;
    let context = context(analysis.query_text(), at);
    Some((analysis, context, at))
}

/// The macro whose call is at the place, with the number of its arguments.
fn called(text: &str, context: &Context) -> Option<(String, usize)> {
    let start = context.call?;
    let call = davy_spl::macro_call_at(text, start - 1)?;
    Some((call.name, call.argc))
}

pub(crate) fn uri_of(path: &str) -> Option<Uri> {
    if !path.starts_with('/') {
        return None;
    }
    let mut uri = String::from("file://");
    for b in path.bytes() {
        match b {
            b if b.is_ascii_alphanumeric() || b"/-_.~".contains(&b) => uri.push(char::from(b)),
            b => uri.push_str(&format!("%{b:02X}")),
        }
    }
    Uri::from_str(&uri).ok()
}

/// The path of a `file:` address; any other address as it is.
pub(crate) fn path_of(uri: &Uri) -> String {
    let text = uri.as_str();
    let Some(rest) = text.strip_prefix("file://") else { return text.to_owned() };
    let (bytes, mut out, mut at) = (rest.as_bytes(), Vec::with_capacity(rest.len()), 0);
    while let Some(&b) = bytes.get(at) {
        let digits = (b == b'%').then(|| rest.get(at + 1..at + 3)).flatten();
        let code = digits.and_then(|d| u8::from_str_radix(d, 16).ok());
        out.push(code.unwrap_or(b));
        at += if code.is_some() { 3 } else { 1 };
    }
    String::from_utf8_lossy(&out).into_owned()
}
