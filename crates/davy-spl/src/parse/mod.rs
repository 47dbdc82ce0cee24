//! The parser: recursive descent over the text, one file for each shape of arguments.

mod cursor;
mod eval;
mod general;
mod indexed;
mod lookalike;
mod pipeline;
mod scan;
mod search;
mod strength;
mod tstats;

use crate::ast::{Expr, Grammar, Pipeline, SearchExpr};
use crate::codes;
use cursor::Parsed;
use davy_diag::{Diagnostics, FileId, SourceMap, Span};
pub(crate) use eval::{is_keyword, is_name};
pub(crate) use scan::{is_blank_char, opens_single};
pub(crate) use strength::{COMPARE_POWER, NOT_POWER, SIGN_POWER, SUM_POWER, power, strength};

/// The commands that exist and the shape of their arguments. Names are asked for in lower case.
pub trait Grammars {
    fn grammar(&self, command: &str) -> Option<Grammar>;
    fn names(&self) -> Vec<String>;
}

pub use search::is_time_key;

struct Parser<'a> {
    text: &'a str,
    file: FileId,
    pos: usize,
    /// Where the current command ends.
    end: usize,
    grammars: &'a dyn Grammars,
    diags: &'a mut Diagnostics,
    depth: u32,
    errors: usize,
    remarks: usize,
    /// How many reports were of what could not be read.
    mistakes: usize,
}

/// Reads a search whose macros are already expanded. What could not be read is `Args::Broken`.
pub fn parse(
    sources: &SourceMap,
    file: FileId,
    grammars: &dyn Grammars,
    diags: &mut Diagnostics,
) -> Pipeline {
    let span = file.span(0..sources.file(file).text.len());
    let mut parser = Parser::new(sources, span, grammars, diags);
    parser.look_alikes(sources);
    parser.pipeline(false)
}

/// Reads the pipeline written at `span`.
pub fn parse_pipeline_at(
    sources: &SourceMap,
    span: Span,
    grammars: &dyn Grammars,
    diags: &mut Diagnostics,
) -> Pipeline {
    Parser::new(sources, span, grammars, diags).pipeline(false)
}

/// Reads the eval expression written at `span`.
pub fn parse_expr_at(sources: &SourceMap, span: Span, diags: &mut Diagnostics) -> Option<Expr> {
    let mut parser = Parser::new(sources, span, &RawCommands, diags);
    let expr = parser.only_expr().ok()?;
    (parser.mistakes == 0).then_some(expr)
}

/// Reads the search expression written at `span`; `None` also when nothing is written there.
pub fn parse_search_at(
    sources: &SourceMap,
    span: Span,
    grammars: &dyn Grammars,
    diags: &mut Diagnostics,
) -> Option<SearchExpr> {
    let mut parser = Parser::new(sources, span, grammars, diags);
    let expr = parser.only_search().ok().flatten()?;
    (parser.mistakes == 0).then_some(expr)
}

/// For an expression on its own: the commands of a subsearch in it are kept as text.
struct RawCommands;

impl Grammars for RawCommands {
    fn grammar(&self, _: &str) -> Option<Grammar> {
        Some(Grammar::Raw)
    }

    fn names(&self) -> Vec<String> {
        Vec::new()
    }
}

impl<'a> Parser<'a> {
    fn new(
        sources: &'a SourceMap,
        span: Span,
        grammars: &'a dyn Grammars,
        diags: &'a mut Diagnostics,
    ) -> Self {
        let text: &str = &sources.file(span.file).text;
        let mut end = (span.end as usize).min(text.len());
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        let mut pos = (span.start as usize).min(end);
        while !text.is_char_boundary(pos) {
            pos -= 1;
        }
        let text = text.get(..end).unwrap_or("");
        Self {
            text,
            file: span.file,
            pos,
            end,
            grammars,
            diags,
            depth: 0,
            errors: 0,
            remarks: 0,
            mistakes: 0,
        }
    }

    /// One expression and nothing after it.
    fn only_expr(&mut self) -> Parsed<Expr> {
        let expr = self.expr()?;
        // What is left is a mistake, but what was read is still looked at.
        let _: Parsed<()> = match self.next_byte() {
            None => Ok(()),
            Some(b')') => self.unmatched(),
            Some(_) => self.unexpected("an operator"),
        };
        Ok(expr)
    }

    /// One search expression and nothing after it.
    fn only_search(&mut self) -> Parsed<Option<SearchExpr>> {
        let expr = self.search_and(false)?;
        let _: Parsed<()> = match self.next_byte() {
            None => Ok(()),
            Some(_) => self.unmatched(),
        };
        Ok(expr)
    }

    fn unexpected<T>(&mut self, wanted: &str) -> Parsed<T> {
        let here = self.here();
        let found = match self.text.get(here.range()) {
            Some(word) if !word.is_empty() => format!("`{word}`"),
            _ => "the end".to_owned(),
        };
        let help = match self.peek() {
            None => format!("type {wanted} here"),
            Some(_) => format!("type {wanted} before it, or put the text in double quotes"),
        };
        self.fail(
            codes::UNEXPECTED
                .at(here, format!("expected {wanted}, found {found}"))
                .label("not expected here")
                .help(help),
        )
    }
}
