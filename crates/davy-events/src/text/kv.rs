//! Fields that a line writes as `key=value` or `key="a value"`, as Splunk's KV_MODE=auto finds
//! them.

use std::collections::HashSet;

/// Gives each name with its first value, in order: Splunk keeps no other ("the newly found value is
/// discarded", transforms.conf.spec, MV_ADD). A name has letters, digits, `_`, `.`, `-` and `:`, and begins with a letter
/// or `_`; other characters in it become `_` as far as they are part of it.
pub(crate) fn fields<'a>(line: &'a str, mut each: impl FnMut(&str, &'a str)) {
    let bytes = line.as_bytes();
    let mut at = 0;
    let mut seen = Seen::default();
    while let Some(hit) = memchr::memchr(b'=', bytes.get(at..).unwrap_or_default()) {
        let equals = at + hit;
        let name = name_before(line, at, equals);
        let (value, end) = value_after(line, equals + 1);
        if !name.is_empty() && !value.is_empty() && seen.is_new(name) {
            each(name, value);
        }
        at = if name.is_empty() { equals + 1 } else { end.max(equals + 1) };
    }
}

/// The names of a line. Most lines have few, for which nothing is allocated.
#[derive(Default)]
struct Seen<'a> {
    few: [&'a str; 32],
    count: usize,
    more: HashSet<&'a str>,
}

impl<'a> Seen<'a> {
    fn is_new(&mut self, name: &'a str) -> bool {
        if self.few.iter().take(self.count).any(|known| *known == name) {
            return false;
        }
        match self.few.get_mut(self.count) {
            Some(free) => {
                *free = name;
                self.count += 1;
                true
            }
            None => self.more.insert(name),
        }
    }
}

fn name_before(line: &str, from: usize, equals: usize) -> &str {
    let before = line.get(from..equals).unwrap_or_default();
    let before = before.strip_suffix('"').unwrap_or(before);
    let start = before
        .char_indices()
        .rev()
        .find(|(_, c)| {
            !(c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-' | ':' | '{' | '}'))
        })
        .map_or(0, |(at, c)| at + c.len_utf8());
    let name = before.get(start..).unwrap_or_default();
    let begins = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    if begins { name } else { "" }
}

/// The value that begins at `start`, and where the text after it does.
fn value_after(line: &str, start: usize) -> (&str, usize) {
    let rest = line.get(start..).unwrap_or_default();
    let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''));
    if let Some(quote) = quote
        && let Some(body) = rest.get(1..)
        && let Some(end) = end_of_quote(body, quote)
    {
        return (body.get(..end).unwrap_or_default(), start + end + 2);
    }
    let mut open = 0_usize;
    let ends = |c: char| {
        match c {
            '(' | '[' | '{' => open += 1,
            // A bracket that the value opens is part of it.
            ')' | ']' | '}' if open > 0 => open -= 1,
            ')' | ']' | '}' => return true,
            _ => {}
        }
        // The first is what auditd writes before the names of ids.
        c == '\u{1d}' || c.is_whitespace() || matches!(c, ',' | ';' | '&' | '|' | '"')
    };
    let end = rest.find(ends).unwrap_or(rest.len());
    (rest.get(..end).unwrap_or_default(), start + end)
}

/// Where a quoted text ends; a backslash keeps the quote after it.
fn end_of_quote(body: &str, quote: char) -> Option<usize> {
    let mut escaped = false;
    body.char_indices().find_map(|(at, c)| {
        let ends = c == quote && !escaped;
        escaped = c == '\\' && !escaped;
        ends.then_some(at)
    })
}
