//! Words, quoted texts, `key=value`, calls, groups and subsearches: what most commands take.

use super::cursor::Parsed;
use super::{Parser, scan};
use crate::ast::{Arg, ArgKind, CallArgs, Spanless};
use crate::codes;
use davy_diag::Spanned;

impl Parser<'_> {
    /// All that stands up to the command's end.
    pub(super) fn items(&mut self, template: bool) -> Parsed<Vec<Arg>> {
        let mut items = Vec::new();
        while let Some(b) = self.next_byte() {
            if b == b')' {
                return self.unmatched();
            }
            items.extend(self.item_or_next(template));
        }
        Ok(items)
    }

    /// One item, or none after one that could not be read; the place is then behind it.
    pub(super) fn item_or_next(&mut self, template: bool) -> Option<Arg> {
        let start = self.pos;
        let item = self.item(template);
        if item.is_err() {
            self.recover(start, |b| b == b',' || scan::is_blank(b));
            if self.pos == start {
                // A byte that starts nothing is passed, whole.
                let len = self.slice(start, self.end).chars().next().map_or(1, char::len_utf8);
                self.pos = (start + len).min(self.end);
            }
        }
        item.ok()
    }

    /// One item; the place is at its first byte.
    pub(super) fn item(&mut self, template: bool) -> Parsed<Arg> {
        let start = self.pos;
        let kind = match self.peek() {
            Some(b',') => {
                self.pos += 1;
                ArgKind::Comma
            }
            Some(b @ (b'-' | b'+')) if self.sign_here() => {
                self.pos += 1;
                ArgKind::Sign(char::from(b))
            }
            Some(b'"') => {
                let text = self.quoted()?;
                return self.maybe_option(start, text, ArgKind::Quoted);
            }
            Some(b'\'') if !scan::is_apostrophe(self.bytes(), start, self.end) => {
                let text = self.quoted()?;
                return self.maybe_option(start, text, ArgKind::FieldQuoted);
            }
            Some(b'(') => match self.bare_pattern() {
                Some(len) => self.bare_word(len),
                None => return self.group(),
            },
            Some(b'[') if template => return self.template(),
            Some(b'[') => ArgKind::Subsearch(self.subsearch()?),
            Some(b'=' | b'!') if self.equals().is_some() => {
                let here = self.here();
                return self.fail(
                    codes::MISSING_FIELD
                        .at(here, "nothing stands before this `=`")
                        .help("type a name before it, or put the text in double quotes"),
                );
            }
            _ => {
                let len = self.plain(true);
                if len == 0 {
                    return self.unexpected("an argument");
                }
                let word = self.slice(start, start + len).to_owned();
                self.pos += len;
                if self.peek() == Some(b'(') && is_call(&word) {
                    return self.call(start, word);
                }
                return self.maybe_option(start, word, word_kind);
            }
        };
        Ok(Arg { kind, span: Spanless(self.span_from(start)) })
    }

    /// `text` is an option's key when `=` or `!=` follows, otherwise an item of its own.
    fn maybe_option(
        &mut self,
        start: usize,
        text: String,
        otherwise: impl FnOnce(String) -> ArgKind,
    ) -> Parsed<Arg> {
        let after = self.pos;
        let span = self.span_from(start);
        self.skip_blank();
        let Some((not, len)) = self.equals() else {
            self.pos = after;
            return Ok(Arg { kind: otherwise(text), span: Spanless(span) });
        };
        let sign = self.span(self.pos, self.pos + len);
        self.pos += len;
        // `makemv delim=, list`: a comma right behind the sign is the delimiter.
        if self.peek() == Some(b',') && text.to_ascii_lowercase().ends_with("delim") {
            let at = self.pos;
            self.pos += 1;
            let value =
                Arg { kind: ArgKind::Quoted(",".into()), span: Spanless(self.span_from(at)) };
            let kind =
                ArgKind::Option { key: Spanned::new(text, span), not, value: Box::new(value) };
            return Ok(Arg { kind, span: Spanless(self.span_from(start)) });
        }
        if matches!(self.next_byte(), None | Some(b',' | b')' | b']')) {
            return self.fail(
                codes::MISSING_VALUE.at(sign, format!("`{text}` has no value")).help(format!(
                    "type a value after it: `{text}=...`; the empty value is `\"\"`"
                )),
            );
        }
        let value = Box::new(self.option_value()?);
        let kind = ArgKind::Option { key: Spanned::new(text, span), not, value };
        Ok(Arg { kind, span: Spanless(self.span_from(start)) })
    }

    fn option_value(&mut self) -> Parsed<Arg> {
        let start = self.pos;
        let kind = match self.peek() {
            Some(b'"') => ArgKind::Quoted(self.quoted()?),
            Some(b'\'') if !scan::is_apostrophe(self.bytes(), start, self.end) => {
                ArgKind::FieldQuoted(self.quoted()?)
            }
            Some(b'(') => match self.bare_pattern() {
                Some(len) => self.bare_word(len),
                None => return self.group(),
            },
            Some(b'[') => ArgKind::Subsearch(self.subsearch()?),
            _ => {
                let len = self.plain(false);
                if len == 0 {
                    return self.unexpected("a value");
                }
                let word = self.slice(start, start + len).to_owned();
                self.pos += len;
                if self.peek() == Some(b'(') && is_call(&word) {
                    return self.call(start, word);
                }
                word_kind(word)
            }
        };
        Ok(Arg { kind, span: Spanless(self.span_from(start)) })
    }

    /// `name(...)`; the place is at the `(`.
    fn call(&mut self, start: usize, word: String) -> Parsed<Arg> {
        let name = Spanned::new(word, self.span_from(start));
        let open = self.pos;
        let args = self.nested(|p| {
            p.pos += 1;
            if name.value.eq_ignore_ascii_case("eval") {
                let expr = p.expr()?;
                p.close(open)?;
                return Ok(CallArgs::Eval(Box::new(expr)));
            }
            if name.value == "PREFIX" {
                return p.raw_item(open);
            }
            let mut items = Vec::new();
            loop {
                match p.next_byte() {
                    None => return p.unclosed(open),
                    Some(b')') => break,
                    Some(_) => items.push(p.call_item()?),
                }
            }
            p.pos += 1;
            Ok(CallArgs::Items(items))
        })?;
        let span = Spanless(self.span_from(start));
        Ok(Arg { kind: ArgKind::Call { name, args }, span })
    }

    /// The text up to the parenthesis that ends it, as typed: `PREFIX(user=)`.
    fn raw_item(&mut self, open: usize) -> Parsed<CallArgs> {
        let start = self.pos;
        let Some(len) = self.slice(start, self.end).find(')') else { return self.unclosed(open) };
        self.pos += len;
        let text = self.slice(start, self.pos).trim();
        let item = Arg {
            kind: ArgKind::FieldQuoted(text.to_owned()),
            span: Spanless(self.span_from(start)),
        };
        self.pos += 1;
        Ok(CallArgs::Items(vec![item]))
    }

    /// As `item`, but `eval (...)` may have a blank before its parenthesis.
    fn call_item(&mut self) -> Parsed<Arg> {
        let start = self.pos;
        if self.word_here().eq_ignore_ascii_case("eval") {
            let word = self.word_here().to_owned();
            self.pos += word.len();
            if self.next_byte() == Some(b'(') {
                return self.call(start, word);
            }
            self.pos = start;
        }
        self.item(false)
    }

    /// The length of the regular expression without quotes that stands here, as `(?<name>\d+)`: all
    /// up to the next blank outside quotes. A bracket begins a search, so there is none around one.
    fn bare_pattern(&self) -> Option<usize> {
        if self.peek() != Some(b'(') || self.peek_at(1) != Some(b'?') {
            return None;
        }
        let mut at = self.pos;
        while at < self.end {
            at = match *self.bytes().get(at)? {
                b'\\' => at + 2,
                b'"' => scan::after_quoted(self.bytes(), at, self.end)?,
                b'[' | b']' => return None,
                b if scan::is_blank(b) => break,
                _ => at + 1,
            };
        }
        Some(at.min(self.end) - self.pos)
    }

    /// A bare word of that length.
    fn bare_word(&mut self, len: usize) -> ArgKind {
        let start = self.pos;
        self.pos += len;
        word_kind(self.slice(start, self.pos).to_owned())
    }

    /// `( ... )` after no name, as written.
    fn group(&mut self) -> Parsed<Arg> {
        let open = self.pos;
        let Some(close) = scan::closing(self.bytes(), open, self.end, b'(', b')') else {
            return self.unclosed(open);
        };
        self.pos = close + 1;
        let text = self.slice(open + 1, close).to_owned();
        self.paired(&text, open + 1)?;
        Ok(Arg { kind: ArgKind::Group(text), span: Spanless(self.span(open + 1, close)) })
    }

    /// `[ ... ]` as written.
    fn template(&mut self) -> Parsed<Arg> {
        let open = self.pos;
        let Some(close) = scan::closing(self.bytes(), open, self.end, b'[', b']') else {
            let span = self.span(open, open + 1);
            return self.fail(
                codes::UNCLOSED_BRACKET
                    .at(span, "this `[` is never closed")
                    .label("opened here")
                    .help("type `]` at the end of the template"),
            );
        };
        self.pos = close + 1;
        let text = self.slice(open + 1, close).to_owned();
        self.paired(&text, open + 1)?;
        Ok(Arg { kind: ArgKind::Template(text), span: Spanless(self.span(open + 1, close)) })
    }

    /// Of a text that is kept as it is, at `from`: each name in single quotes ends in it.
    fn paired(&mut self, text: &str, from: usize) -> Parsed<()> {
        let Some(at) = scan::unpaired(text) else { return Ok(()) };
        self.fail(
            codes::UNTERMINATED_FIELD
                .at(self.span(from + at, from + at + 1), "this quoted field name has no end")
                .label("starts here")
                .help("type a single quote after the field name, or put the text in double quotes"),
        )
    }

    /// A sign that belongs to no word.
    fn sign_here(&self) -> bool {
        match self.peek_at(1) {
            None => true,
            Some(b) if scan::is_blank(b) || b",()[]\"'=".contains(&b) => true,
            // `sort -num(x)`
            Some(_) => {
                let name = (1..).map_while(|i| self.peek_at(i)).take_while(u8::is_ascii_lowercase);
                let len = name.count();
                len > 0 && self.peek_at(1 + len) == Some(b'(')
            }
        }
    }

    /// `=`, `==` or `!=`: whether it negates, and its length.
    fn equals(&self) -> Option<(bool, usize)> {
        match (self.peek()?, self.peek_at(1)) {
            (b'=', Some(b'=')) => Some((false, 2)),
            (b'=', _) => Some((false, 1)),
            (b'!', Some(b'=')) => Some((true, 2)),
            _ => None,
        }
    }

    /// The length of the bare word here; a key ends before `=`, a value does not. A name in single
    /// quotes after a sign inside it is part of it as a whole: where the command ends was found so.
    fn plain(&self, key: bool) -> usize {
        let mut len = 0;
        while let Some(b) = self.peek_at(len) {
            match b {
                b'\\' if self.peek_at(len + 1) == Some(b'"') => {
                    len += 2;
                    continue;
                }
                b'\'' if len > 0 => {
                    let at = self.pos + len;
                    let end = scan::after_name(self.bytes(), at, self.end, self.pos);
                    len = end.unwrap_or(at + 1) - self.pos;
                }
                b',' | b'(' | b')' | b'[' | b']' | b'"' | b'|' => break,
                b'=' if key => break,
                b'!' if key && self.peek_at(len + 1) == Some(b'=') => break,
                _ if scan::is_blank(b) => break,
                _ => len += 1,
            }
        }
        len
    }
}

/// A bare word; one whose single quote might pair with a later one counts as quoted.
fn word_kind(word: String) -> ArgKind {
    if scan::opens_single(&word) { ArgKind::Quoted(word) } else { ArgKind::Word(word) }
}

/// Whether a parenthesis after this word makes it a call.
pub(crate) fn is_call(word: &str) -> bool {
    word.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.'))
}
