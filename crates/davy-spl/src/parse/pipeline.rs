//! Commands between pipes, and subsearches.

use super::cursor::Parsed;
use super::{Parser, scan};
use crate::ast::{Args, Grammar, Pipeline, Spanless, Stage};
use crate::codes;
use davy_diag::{Spanned, closest};

impl Parser<'_> {
    /// Reads to the end, or to the `]` that closes a subsearch (which is left in place).
    pub(super) fn pipeline(&mut self, inner: bool) -> Pipeline {
        let (start, limit) = (self.pos, self.end);
        let mut stages = Vec::new();
        self.skip_blank();
        let mut pipe = (self.peek() == Some(b'|')).then_some(self.pos);
        if pipe.is_some() {
            self.pos += 1;
        }
        let mut empty = true;
        loop {
            self.skip_blank();
            let first = stages.is_empty() && pipe.is_none();
            let end = scan::stage_end(self.bytes(), self.pos, limit, !first);
            if self.pos < end {
                empty = false;
                let body = self.slice(self.pos, end);
                self.end = self.pos + body.trim_end_matches(scan::is_blank_char).len();
                stages.extend(self.stage(first, inner));
            } else {
                self.nothing(pipe, end < limit && self.bytes().get(end) == Some(&b'|'), empty);
            }
            (self.pos, self.end) = (end, limit);
            match self.peek() {
                Some(b'|') => {
                    pipe = Some(self.pos);
                    self.pos += 1;
                }
                Some(b']') if !inner => match self.stray_bracket() {
                    Some(at) => pipe = Some(at),
                    None => break,
                },
                _ => break,
            }
        }
        Pipeline { stages, span: Spanless(self.span_from(start)) }
    }

    /// Reports a place where a command is missing.
    fn nothing(&mut self, pipe: Option<usize>, piped: bool, empty: bool) {
        let diagnostic = match pipe {
            Some(at) if piped => codes::EMPTY_STAGE
                .at(self.span(at, self.pos + 1), "no command between these pipes")
                .help("remove one `|`, or type a command between them"),
            None if piped => return,
            Some(at) if !empty => codes::TRAILING_PIPE
                .at(self.span(at, at + 1), "no command after the last pipe")
                .help("remove this `|`, or type a command after it"),
            _ => codes::EMPTY_SEARCH
                .at(self.span(self.pos, self.pos), "there is no search here")
                .help("type `search *` to find everything"),
        };
        self.report(diagnostic);
    }

    /// Reports a `]` that closes nothing and goes on after the next pipe, whose place it returns.
    fn stray_bracket(&mut self) -> Option<usize> {
        let span = self.here();
        self.report(
            codes::UNMATCHED_BRACKET
                .at(span, "this `]` closes nothing")
                .help("remove it, or put the text that holds it in double quotes"),
        );
        while self.peek() == Some(b']') {
            self.pos += 1;
            self.pos = scan::stage_end(self.bytes(), self.pos, self.end, false);
        }
        self.eat(b'|').then(|| self.pos - 1)
    }

    fn stage(&mut self, first: bool, inner: bool) -> Option<Stage> {
        // Commas between terms mean nothing, so they do not hide a command's name either.
        while first && self.next_byte() == Some(b',') {
            self.pos += 1;
        }
        let start = self.pos;
        if first && !self.command_here(inner) {
            let before = self.mistakes;
            let args = match self.only_search() {
                Ok(Some(expr)) if self.mistakes == before => Args::Search(Some(expr)),
                Ok(Some(expr)) => Args::Broken(Some(Box::new(Args::Search(Some(expr))))),
                Ok(None) if self.mistakes == before => {
                    self.nothing(None, false, true);
                    Args::Broken(None)
                }
                Ok(None) | Err(_) => Args::Broken(None),
            };
            let name = Spanned::new("search".to_owned(), self.span(start, start));
            let span = Spanless(self.span(start, self.end));
            return Some(Stage { name, implicit: true, args, span });
        }
        let word = self.word_here();
        if word.is_empty() {
            let here = self.here();
            self.report(
                codes::NO_COMMAND
                    .at(here, "a command's name must stand here")
                    .help("type a command after the `|`, such as `search` before terms"),
            );
            return None;
        }
        let lower = word.to_ascii_lowercase();
        self.pos += word.len();
        let name = Spanned::new(lower, self.span_from(start));
        let args = match self.grammars.grammar(&name.value) {
            Some(grammar) => {
                let before = self.mistakes;
                match self.args(grammar, &name) {
                    Ok(args) if self.mistakes == before => args,
                    part => Args::Broken(part.ok().map(Box::new)),
                }
            }
            None => {
                self.unknown(&name);
                self.raw()
            }
        };
        Some(Stage { name, implicit: false, args, span: Spanless(self.span(start, self.end)) })
    }

    fn unknown(&mut self, name: &Spanned<String>) {
        if self.is_silent() {
            return;
        }
        let names = self.grammars.names();
        let help = match closest(&name.value, names.iter().map(String::as_str)) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "type a command after the `|`, such as `search` before terms".to_owned(),
        };
        self.report(
            codes::UNKNOWN_COMMAND
                .at(name.span, format!("no command `{}`", name.value))
                .label("not a command")
                .help(help),
        );
    }

    /// Whether a search without a leading pipe starts with a command's name. At the top only
    /// `search` does; a subsearch may start with any command.
    fn command_here(&self, inner: bool) -> bool {
        let word = self.word_here().to_ascii_lowercase();
        let rest = self.slice(self.pos + word.len(), self.end);
        if !rest.is_empty()
            && !rest.starts_with(|c: char| scan::is_blank_char(c) || "([\"".contains(c))
        {
            return false;
        }
        let rest = rest.trim_start_matches(scan::is_blank_char);
        if rest.starts_with(['=', '<', '>']) || rest.starts_with("!=") {
            return false;
        }
        word == "search" || inner && self.grammars.grammar(&word).is_some()
    }

    fn args(&mut self, grammar: Grammar, name: &Spanned<String>) -> Parsed<Args> {
        Ok(match grammar {
            Grammar::Search => Args::Search(self.only_search()?),
            Grammar::Where => {
                if self.next_byte().is_none() {
                    return self.fail(
                        codes::MISSING_EXPRESSION
                            .at(name.span, format!("`{}` needs a condition", name.value))
                            .help(format!("type one after it: `{} count > 5`", name.value)),
                    );
                }
                Args::Where(self.only_expr()?)
            }
            Grammar::Eval => Args::Eval(self.assignments(name)?),
            Grammar::General => Args::General(self.items(false)?),
            Grammar::Template => Args::General(self.items(true)?),
            Grammar::Tstats => Args::Tstats(self.tstats()?),
            Grammar::Raw => self.raw(),
        })
    }

    fn raw(&mut self) -> Args {
        self.skip_blank();
        let text = self.slice(self.pos, self.end).to_owned();
        let span = self.span(self.pos, self.end);
        self.pos = self.end;
        Args::Raw(Spanned::new(text, span))
    }

    /// `[ ... ]`; the place is at the `[`.
    pub(super) fn subsearch(&mut self) -> Parsed<Pipeline> {
        let open = self.pos;
        self.nested(|p| {
            p.pos += 1;
            let pipeline = p.pipeline(true);
            if p.eat(b']') {
                return Ok(pipeline);
            }
            let span = p.span(open, open + 1);
            p.fail(
                codes::UNCLOSED_BRACKET
                    .at(span, "this `[` is never closed")
                    .label("opened here")
                    .help("type `]` after the subsearch"),
            )
        })
    }
}
