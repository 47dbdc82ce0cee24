//! From text to stanzas, line by line.

use crate::codes;
use crate::conf::{Conf, DEFAULT, Setting};
use davy_diag::{Diagnostics, FileId, Piece, SourceMap, Spanned};
use std::ops::Range;

struct Reader<'a> {
    text: &'a str,
    file: FileId,
    sources: &'a mut SourceMap,
    diags: &'a mut Diagnostics,
}

pub(crate) fn read(
    name: &str,
    text: &str,
    sources: &mut SourceMap,
    diags: &mut Diagnostics,
) -> Conf {
    let file = sources.add(name, text);
    let mut reader = Reader { text, file, sources, diags };
    let mut conf = Conf::default();
    // `None`: below a header that cannot be read.
    let mut stanza = Some(Spanned::new(DEFAULT.to_owned(), file.span(0..0)));
    let mut at = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    while at < text.len() {
        let line = reader.line(at);
        let next = next_line(text, line.end);
        let trimmed = reader.trimmed(line.clone());
        match reader.slice(&trimmed).chars().next() {
            None | Some('#' | ';') => at = next,
            Some('[') => {
                stanza = reader.header(trimmed);
                if let Some(name) = &stanza {
                    conf.open(name);
                }
                at = next;
            }
            Some(_) => {
                let lines = reader.continued(line);
                at = next_line(text, lines.last().map_or(next, |l| l.end)).max(next);
                let Some(setting) = reader.setting(&lines) else { continue };
                let Some(name) = &stanza else { continue };
                let span = setting.key.span;
                if let Some(old) = conf.set(name, setting) {
                    reader.diags.push(
                        codes::DUPLICATE_KEY
                            .at(span, format!("`{}` is set twice in one stanza", old.key.value))
                            .label("this counts")
                            .also(old.key.span, "this does not"),
                    );
                }
            }
        }
    }
    conf
}

/// Where the line after the one that ends at `end` begins.
fn next_line(text: &str, end: usize) -> usize {
    let rest = text.get(end..).unwrap_or_default();
    end + if rest.starts_with("\r\n") { 2 } else { usize::from(!rest.is_empty()) }
}

impl Reader<'_> {
    fn slice(&self, range: &Range<usize>) -> &str {
        self.text.get(range.clone()).unwrap_or_default()
    }

    /// The line from `at` on, without its end.
    fn line(&self, at: usize) -> Range<usize> {
        let rest = self.text.get(at..).unwrap_or_default();
        let len = rest.find('\n').unwrap_or(rest.len());
        let line = rest.get(..len).unwrap_or_default();
        at..at + line.strip_suffix('\r').map_or(len, str::len)
    }

    fn trimmed(&self, range: Range<usize>) -> Range<usize> {
        let text = self.slice(&range);
        let start = range.start + (text.len() - text.trim_start().len());
        start..start + text.trim().len()
    }

    /// A line and those that it is continued by, without the backslashes.
    fn continued(&self, first: Range<usize>) -> Vec<Range<usize>> {
        let mut lines = Vec::new();
        let mut line = first;
        loop {
            if !self.slice(&line).ends_with('\\') {
                lines.push(line);
                return lines;
            }
            let next = next_line(self.text, line.end);
            lines.push(line.start..line.end - 1);
            if next >= self.text.len() {
                return lines;
            }
            line = self.line(next);
        }
    }

    fn header(&mut self, line: Range<usize>) -> Option<Spanned<String>> {
        let text = self.slice(&line);
        // The last bracket closes: names of sources hold brackets too.
        let close = text
            .char_indices()
            .rev()
            .find(|(i, c)| *c == ']' && !text.get(..*i).is_some_and(|t| t.ends_with('\\')))
            .map(|(i, _)| i);
        let Some(close) = close else {
            self.diags.push(
                codes::BAD_HEADER
                    .at(self.file.span(line), "the stanza's header is not closed")
                    .help("end the line with `]`"),
            );
            return None;
        };
        let after = self.trimmed(line.start + close + 1..line.end);
        let name = self.trimmed(line.start + 1..line.start + close);
        let value = self.slice(&name).replace("\\[", "[").replace("\\]", "]");
        if !after.is_empty() {
            self.diags.push(
                codes::AFTER_HEADER
                    .at(self.file.span(after), "text behind a stanza's header")
                    .help("put it on a line of its own"),
            );
        }
        Some(Spanned::new(value, self.file.span(name)))
    }

    fn setting(&mut self, lines: &[Range<usize>]) -> Option<Setting> {
        let (first, rest) = lines.split_first()?;
        let text = self.slice(first);
        let equals = text.find('=').filter(|at| !text.get(..*at).unwrap_or("").trim().is_empty());
        let Some(equals) = equals else {
            let line = self.trimmed(first.clone());
            self.diags.push(
                codes::NO_EQUALS
                    .at(self.file.span(line), "neither a header nor `key = value`")
                    .help("write `key = value`, or `#` before a comment"),
            );
            return None;
        };
        let key = self.trimmed(first.start..first.start + equals);
        let key = Spanned::new(self.slice(&key).to_owned(), self.file.span(key));
        let value = first.start + equals + 1..first.end;
        if rest.is_empty() {
            let value = self.trimmed(value);
            let text = self.slice(&value).to_owned();
            return Some(Setting { key, value: Spanned::new(text, self.file.span(value)) });
        }
        let value = self.joined(&key.value, value, rest);
        Some(Setting { key, value })
    }

    /// A value over several lines, with the ends of the lines in it, as a text of its own.
    fn joined(&mut self, key: &str, first: Range<usize>, rest: &[Range<usize>]) -> Spanned<String> {
        let mut parts: Vec<Range<usize>> = vec![first];
        parts.extend(rest.iter().cloned());
        // The value's ends are trimmed, the lines between are as they were written.
        while parts.len() > 1 && parts.first().is_some_and(|p| self.trimmed(p.clone()).is_empty()) {
            parts.remove(0);
        }
        while parts.len() > 1 && parts.last().is_some_and(|p| self.trimmed(p.clone()).is_empty()) {
            parts.pop();
        }
        if let Some(first) = parts.first_mut() {
            first.start = self.trimmed(first.clone()).start;
        }
        if let Some(last) = parts.last_mut() {
            last.end = self.trimmed(last.clone()).end.max(last.start);
        }
        let mut text = String::new();
        let mut pieces = Vec::new();
        for (n, part) in parts.into_iter().enumerate() {
            if n > 0 {
                text.push('\n');
            }
            let start = text.len();
            text.push_str(self.slice(&part));
            let from = self.file.span(part);
            pieces.push(Piece { out: start..text.len(), from, calls: Vec::new() });
        }
        let file = self.sources.add_derived(key, text.as_str(), pieces);
        let span = file.span(0..text.len());
        Spanned::new(text, span)
    }
}
