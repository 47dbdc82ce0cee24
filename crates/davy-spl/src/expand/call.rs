//! Calls of macros in a text, and their arguments.

use super::MacroDef;
use crate::mapped::Mapped;
use std::ops::Range;

/// A macro's call as read.
pub(crate) struct Call {
    pub(super) name: String,
    /// Byte ranges in the text that holds the call; blanks and outer quotes taken off.
    pub(super) args: Vec<(Range<usize>, bool)>,
    /// Of the whole call with its backticks.
    pub(crate) range: Range<usize>,
}

pub(super) fn is_name(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b':' | b'.')
}

/// The index after the double-quoted text that starts at `at`.
pub(crate) fn after_string(bytes: &[u8], at: usize) -> usize {
    let mut i = at + 1;
    while let Some(&b) = bytes.get(i) {
        match b {
            b'\\' => i += 2,
            b'"' => return i + 1,
            _ => i += 1,
        }
    }
    bytes.len()
}

/// The index of the backtick that ends the call which starts at `at`. A backtick where an argument
/// begins starts a call among the arguments.
fn call_end(bytes: &[u8], at: usize) -> Option<usize> {
    let (mut end, mut depth, mut last, mut inner) = (at + 1, 0usize, b'`', false);
    loop {
        let b = *bytes.get(end)?;
        match b {
            b'`' if inner => inner = false,
            b'`' if depth > 0 && matches!(last, b'(' | b',') => inner = true,
            b'`' => return Some(end),
            b'"' => {
                end = after_string(bytes, end);
                last = b;
                continue;
            }
            b'(' => depth += 1,
            b')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if !b.is_ascii_whitespace() {
            last = b;
        }
        end += 1;
    }
}

/// Reads `name` or `name(a, "b, c", (d, e))` between backticks.
pub(crate) fn read_call(text: &str, at: usize) -> Option<Call> {
    let end = call_end(text.as_bytes(), at)?;
    let inner = text.get(at + 1..end)?;
    let range = at..end + 1;
    let Some((name, rest)) = inner.split_once('(') else {
        return Some(Call { name: inner.trim().to_owned(), args: Vec::new(), range });
    };
    let open = at + 1 + name.len() + 1;
    let list = rest.trim_end();
    let list = list.strip_suffix(')').unwrap_or(list);
    let args = if list.trim().is_empty() {
        Vec::new()
    } else {
        split_arguments(text, open, open + list.len())
    };
    Some(Call { name: name.trim().to_owned(), args, range })
}

/// The arguments between `start` and `end`: at top-level commas, blanks and quotes taken off.
fn split_arguments(text: &str, start: usize, end: usize) -> Vec<(Range<usize>, bool)> {
    let bytes = text.as_bytes();
    let (mut args, mut from, mut at, mut depth) = (Vec::new(), start, start, 0usize);
    while at < end {
        match bytes.get(at) {
            Some(b'"') => {
                at = after_string(bytes, at).min(end);
                continue;
            }
            Some(b'(' | b'[') => depth += 1,
            Some(b')' | b']') => depth = depth.saturating_sub(1),
            Some(b',') if depth == 0 => {
                args.push(trimmed(text, from..at));
                from = at + 1;
            }
            _ => {}
        }
        at += 1;
    }
    args.push(trimmed(text, from..end));
    args
}

fn trimmed(text: &str, range: Range<usize>) -> (Range<usize>, bool) {
    let raw = text.get(range.clone()).unwrap_or("");
    let start = range.start + (raw.len() - raw.trim_start().len());
    let body = raw.trim();
    let quoted = body.len() >= 2
        && body.starts_with('"')
        && after_string(body.as_bytes(), 0) == body.len()
        && body.ends_with('"');
    if quoted {
        (start + 1..start + body.len() - 1, true)
    } else {
        (start..start + body.len(), false)
    }
}

/// The arguments of a call by their names.
pub(super) fn arguments<'d>(
    def: &'d MacroDef,
    input: &Mapped,
    call: &Call,
) -> Vec<(&'d str, String)> {
    let argument = |range: &Range<usize>, quoted: bool| {
        let text = input.text.get(range.clone()).unwrap_or("");
        if quoted { text.replace("\\\"", "\"") } else { text.to_owned() }
    };
    let given = in_order(def, input, call);
    let pairs = def.args.iter().zip(&given);
    pairs.map(|(name, (range, quoted))| (name.as_str(), argument(range, *quoted))).collect()
}

/// The arguments of a call in the order of the definition. They may all be named, as in
/// `m(bar=2,foo=1)`: macros.conf.example.
pub(super) fn in_order(def: &MacroDef, input: &Mapped, call: &Call) -> Vec<(Range<usize>, bool)> {
    let named = |name: &String| {
        call.args.iter().find_map(|(range, quoted)| {
            let text = input.text.get(range.clone()).filter(|_| !quoted)?;
            let value = text.strip_prefix(name.as_str())?.trim_start().strip_prefix('=')?;
            let start = range.end - value.len();
            (!value.starts_with('=')).then(|| trimmed(&input.text, start..range.end))
        })
    };
    let all: Option<Vec<_>> = def.args.iter().map(named).collect();
    all.unwrap_or_else(|| call.args.clone())
}

/// Puts an argument in; a quoted one had `\"` for each quote inside it.
pub(super) fn push_argument(body: &mut Mapped, input: &Mapped, range: Range<usize>, quoted: bool) {
    let mut from = range.start;
    if quoted {
        let raw = input.text.get(range.clone()).unwrap_or("");
        for (i, _) in raw.match_indices("\\\"") {
            body.push_part(input, from..range.start + i);
            from = range.start + i + 1;
        }
    }
    body.push_part(input, from..range.end);
}
