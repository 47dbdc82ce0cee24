//! The parser's place in the text: peeking, keywords, quoted texts, errors.

use super::{Parser, scan};
use crate::codes;
use davy_diag::{Diagnostic, Severity, Span};

/// Reading cannot go on in this command; a diagnostic has been reported.
#[derive(Debug)]
pub(super) struct Stop;

pub(super) type Parsed<T> = Result<T, Stop>;

/// Levels of nesting that a search may have.
pub(super) const MAX_DEPTH: u32 = 120;
/// A hostile search could otherwise make a message for each byte.
const MAX_REPORTS: usize = 100;

impl Parser<'_> {
    pub(super) fn bytes(&self) -> &[u8] {
        self.text.as_bytes()
    }

    /// The byte `ahead` of the place, inside the current command.
    pub(super) fn peek_at(&self, ahead: usize) -> Option<u8> {
        let at = self.pos + ahead;
        if at < self.end { self.bytes().get(at).copied() } else { None }
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.peek_at(0)
    }

    pub(super) fn eat(&mut self, b: u8) -> bool {
        let found = self.peek() == Some(b);
        if found {
            self.pos += 1;
        }
        found
    }

    pub(super) fn skip_blank(&mut self) {
        while self.peek().is_some_and(scan::is_blank) {
            self.pos += 1;
        }
    }

    /// The next byte that is no blank.
    pub(super) fn next_byte(&mut self) -> Option<u8> {
        self.skip_blank();
        self.peek()
    }

    pub(super) fn slice(&self, from: usize, to: usize) -> &str {
        self.text.get(from..to).unwrap_or("")
    }

    pub(super) fn span(&self, from: usize, to: usize) -> Span {
        self.file.span(from..to.max(from))
    }

    pub(super) fn span_from(&self, from: usize) -> Span {
        self.span(from, self.pos)
    }

    /// A place to show for what stands here: its first word or sign.
    pub(super) fn here(&self) -> Span {
        let mut len = 0;
        while self.peek_at(len).is_some_and(scan::is_word) {
            len += 1;
        }
        if len == 0 && self.peek().is_some() {
            len = 1;
        }
        self.span(self.pos, self.pos + len)
    }

    /// The letters, digits and `_` that stand here.
    pub(super) fn word_here(&self) -> &str {
        let mut len = 0;
        while self.peek_at(len).is_some_and(|b| b.is_ascii_alphanumeric() || b == b'_') {
            len += 1;
        }
        self.slice(self.pos, self.pos + len)
    }

    /// No error is reported any more.
    pub(super) fn is_silent(&self) -> bool {
        self.errors >= MAX_REPORTS
    }

    pub(super) fn report(&mut self, diagnostic: Diagnostic) {
        // Many warnings hide no error: one without any would be taken for a search that can run.
        let count = match diagnostic.severity {
            Severity::Error => &mut self.errors,
            _ => &mut self.remarks,
        };
        *count += 1;
        if *count <= MAX_REPORTS {
            self.diags.push(diagnostic);
        }
    }

    pub(super) fn fail<T>(&mut self, diagnostic: Diagnostic) -> Parsed<T> {
        self.mistake(diagnostic);
        Err(Stop)
    }

    /// Reports what makes the command's arguments `Broken`, and reads on.
    pub(super) fn mistake(&mut self, diagnostic: Diagnostic) {
        self.mistakes += 1;
        self.report(diagnostic);
    }

    /// Goes on after what could not be read: to the next of `stops` outside of quotes and
    /// brackets that were opened since `start`, or to the end.
    pub(super) fn recover(&mut self, start: usize, stops: impl Fn(u8) -> bool) {
        let (mut at, mut depth) = (start, 0u32);
        while at < self.end {
            match self.bytes().get(at) {
                Some(&b) if depth == 0 && at >= self.pos && stops(b) => break,
                Some(b'"' | b'\'') => match scan::after_quoted(self.bytes(), at, self.end) {
                    Some(after) => {
                        at = after;
                        continue;
                    }
                    None => at = self.end,
                },
                Some(b'(' | b'[') => depth += 1,
                Some(b')' | b']') => depth = depth.saturating_sub(1),
                _ => {}
            }
            at += 1;
        }
        self.pos = at.clamp(self.pos, self.end);
    }

    /// Goes a level down; every `enter` that succeeds is followed by a `leave`.
    pub(super) fn enter(&mut self) -> Parsed<()> {
        if self.depth >= MAX_DEPTH {
            let here = self.here();
            return self.fail(too_deep(here));
        }
        self.depth += 1;
        Ok(())
    }

    pub(super) fn leave(&mut self) {
        self.depth = self.depth.saturating_sub(1);
    }

    /// Reads one level down.
    pub(super) fn nested<T>(&mut self, read: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        self.enter()?;
        let result = read(self);
        self.leave();
        result
    }

    /// The text between the quotes that start here, `\"` and `\\` resolved; any other backslash
    /// stays.
    pub(super) fn quoted(&mut self) -> Parsed<String> {
        let start = self.pos;
        let Some(end) = scan::after_quoted(self.bytes(), start, self.end) else {
            let line = self.slice(start, self.end).find('\n').map_or(self.end, |i| start + i);
            let single = self.peek() == Some(b'\'');
            let span = self.span(start, line);
            self.pos = self.end;
            return self.fail(if single {
                codes::UNTERMINATED_FIELD
                    .at(span, "this quoted field name has no end")
                    .label("starts here")
                    .help("type a single quote after the field name")
            } else {
                codes::UNTERMINATED_STRING
                    .at(span, "this quoted text has no end")
                    .label("starts here")
                    .help("type a double quote at its end; a backslash before it is written `\\\\`")
            });
        };
        let quote = if self.peek() == Some(b'\'') { '\'' } else { '"' };
        let inner = self.slice(start + 1, end - 1);
        let mut text = String::with_capacity(inner.len());
        let mut chars = inner.chars().peekable();
        while let Some(c) = chars.next() {
            match chars.peek() {
                Some(&next) if c == '\\' && (next == '\\' || next == quote) => {
                    text.push(next);
                    chars.next();
                }
                _ => text.push(c),
            }
        }
        self.pos = end;
        Ok(text)
    }

    /// Expects the `)` of the `(` at `open`.
    pub(super) fn close(&mut self, open: usize) -> Parsed<()> {
        self.skip_blank();
        if self.eat(b')') {
            return Ok(());
        }
        if self.peek().is_none() {
            return self.unclosed(open);
        }
        let here = self.here();
        let found = self.text.get(here.range()).unwrap_or("").to_owned();
        let open = self.span(open, open + 1);
        self.fail(
            codes::UNEXPECTED
                .at(here, format!("expected `,` or `)`, found `{found}`"))
                .also(open, "inside these parentheses")
                .help("type an operator or a comma before it, or close the parentheses"),
        )
    }

    pub(super) fn unclosed<T>(&mut self, open: usize) -> Parsed<T> {
        let span = self.span(open, open + 1);
        self.fail(
            codes::UNCLOSED_PAREN
                .at(span, "this `(` is never closed")
                .label("opened here")
                .help("type `)` before the end of this command"),
        )
    }

    pub(super) fn unmatched<T>(&mut self) -> Parsed<T> {
        let here = self.here();
        self.fail(
            codes::UNMATCHED_PAREN
                .at(here, "this `)` closes nothing")
                .help("remove it, or type `(` where the group starts"),
        )
    }
}

pub(super) fn too_deep(span: Span) -> Diagnostic {
    codes::TOO_DEEP
        .at(span, "nested too deep")
        .label("given up here")
        .help("split the search, or use a lookup in place of a long condition")
}
