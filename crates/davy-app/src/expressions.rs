//! Expressions and searches in settings, read into trees whose texts the knowledge keeps.

use davy_diag::{Diagnostics, SourceMap, Span};
use davy_plan::Env;
use davy_spl::ast::{Expr, Grammar, SearchExpr};
use davy_spl::{Grammars, Macros};
use std::sync::Arc;

/// Knowledge objects hold no commands.
struct NoCommands;

impl Grammars for NoCommands {
    fn grammar(&self, _: &str) -> Option<Grammar> {
        None
    }

    fn names(&self) -> Vec<String> {
        Vec::new()
    }
}

/// As `eval`, of which it is known that it can be computed.
pub(crate) fn computed(
    sources: &mut SourceMap,
    name: &str,
    text: &str,
) -> Result<(Arc<Expr>, Span), String> {
    let (expr, span) = eval(sources, name, text)?;
    match davy_exec::check_eval(&expr, &Arc::new(Env::default())) {
        None => Ok((expr, span)),
        Some(why) => Err(why),
    }
}

/// Why a regular expression cannot be compiled; nothing where it can.
pub(crate) fn bad_pattern(text: &str) -> Option<String> {
    davy_plan::Regex::new(text).err()
}

/// An eval expression; the error says why it is none.
pub(crate) fn eval(
    sources: &mut SourceMap,
    name: &str,
    text: &str,
) -> Result<(Arc<Expr>, Span), String> {
    let span = sources.add(name, text).span(0..text.len());
    let mut diags = Diagnostics::default();
    match davy_spl::parse_expr_at(sources, span, &mut diags) {
        Some(expr) if !diags.has_errors() => Ok((Arc::new(expr), span)),
        _ => Err(words(&diags, "not an eval expression")),
    }
}

/// A search without commands; nothing written matches everything.
pub(crate) fn search(
    sources: &mut SourceMap,
    macros: &dyn Macros,
    name: &str,
    text: &str,
) -> Result<(Arc<SearchExpr>, Span), String> {
    let mut diags = Diagnostics::default();
    let query = sources.add(name, text);
    let expanded = davy_spl::expand(sources, query, macros, &mut diags);
    let full = sources.file(expanded).text.clone();
    let mut span = expanded.span(0..full.len());
    // Splunk takes the command's name too.
    let trimmed = full.trim_start();
    if let Some(rest) = trimmed.strip_prefix("search ") {
        span = expanded.span(full.len() - rest.len()..full.len());
    }
    if trimmed.starts_with('|') {
        return Err("a search with commands cannot stand here".into());
    }
    let found = davy_spl::parse_search_at(sources, span, &NoCommands, &mut diags);
    if diags.has_errors() {
        return Err(words(&diags, "not a search"));
    }
    Ok((Arc::new(found.unwrap_or(SearchExpr::And(Vec::new()))), span))
}

fn words(diags: &Diagnostics, otherwise: &str) -> String {
    let Some(first) = diags.sorted().first().copied() else { return otherwise.to_owned() };
    match &first.help {
        Some(help) => format!("{}; {help}", first.message),
        None => first.message.clone(),
    }
}
