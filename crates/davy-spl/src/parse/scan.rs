//! Finding where things end without reading what is in them.

/// The index after the quoted text that starts at `at`, or `None` when nothing ends it.
pub(super) fn after_quoted(bytes: &[u8], at: usize, limit: usize) -> Option<usize> {
    let quote = *bytes.get(at)?;
    let mut i = at + 1;
    while i < limit {
        match bytes.get(i) {
            Some(b'\\') => i += 2,
            Some(b) if *b == quote => return Some(i + 1),
            Some(_) => i += 1,
            None => return None,
        }
    }
    None
}

/// Steps over text in which quotes count and everything else is a byte.
struct Steps<'a> {
    bytes: &'a [u8],
    limit: usize,
    /// No single quote closes from here on; spares a search for each.
    no_single: bool,
}

impl Steps<'_> {
    /// The index after what stands at `at`: a quoted text, an escaped quote, or one byte.
    fn next(&mut self, at: usize, from: usize) -> usize {
        match self.bytes.get(at) {
            Some(b'"') => after_quoted(self.bytes, at, self.limit).unwrap_or(self.limit),
            Some(b'\\') if matches!(self.bytes.get(at + 1), Some(b'"' | b'\\' | b'|')) => at + 2,
            Some(b'\'') if !self.no_single && opens_name(self.bytes, at, from) => {
                match after_quoted(self.bytes, at, self.limit) {
                    // An apostrophe inside a word (`'tis`) is no quote.
                    Some(end) if self.bytes.get(end).is_none_or(|b| !is_word(*b)) => end,
                    Some(_) => at + 1,
                    None => {
                        self.no_single = true;
                        at + 1
                    }
                }
            }
            _ => at + 1,
        }
    }
}

/// The signs beyond ASCII that stand outside of quotes between `from` and `limit`, and where.
pub(super) fn beyond_ascii(text: &str, from: usize, limit: usize) -> Vec<(usize, char)> {
    let bytes = text.as_bytes();
    let mut steps = Steps { bytes, limit, no_single: false };
    let (mut at, mut found) = (from, Vec::new());
    while at < limit {
        if bytes.get(at).is_some_and(|b| *b >= 0x80) {
            found.extend(text.get(at..).and_then(|t| t.chars().next()).map(|c| (at, c)));
        }
        at = steps.next(at, from);
    }
    found
}

/// The index after the name in single quotes that starts at `at`, where one does.
pub(super) fn after_name(bytes: &[u8], at: usize, limit: usize, from: usize) -> Option<usize> {
    let end = opens_name(bytes, at, from).then(|| after_quoted(bytes, at, limit)).flatten()?;
    // An apostrophe inside a word (`'tis`) is no quote.
    bytes.get(end).is_none_or(|b| !is_word(*b)).then_some(end)
}

/// Whether the single quote at `at` begins a word (`'tis`): one would close it, with a word right
/// behind.
pub(super) fn is_apostrophe(bytes: &[u8], at: usize, limit: usize) -> bool {
    let end = after_quoted(bytes, at, limit);
    end.and_then(|end| bytes.get(end)).is_some_and(|b| is_word(*b))
}

/// Where a single quote begins a name that has no end in a text. In another layout it might pair
/// with one behind the text.
pub(super) fn unpaired(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut steps = Steps { bytes, limit: bytes.len(), no_single: false };
    let mut at = 0;
    while at < bytes.len() {
        let open = bytes.get(at) == Some(&b'\'') && opens_name(bytes, at, 0);
        if open && after_quoted(bytes, at, bytes.len()).is_none() {
            return Some(at);
        }
        at = steps.next(at, 0);
    }
    None
}

fn opens_name(bytes: &[u8], at: usize, from: usize) -> bool {
    at <= from || bytes.get(at - 1).is_none_or(|b| !is_word(*b))
}

/// Whether a bare word holds a single quote that might pair with a later one in another layout.
/// Such a word counts as quoted.
pub(crate) fn opens_single(word: &str) -> bool {
    let bytes = word.as_bytes();
    (0..bytes.len()).any(|at| bytes.get(at) == Some(&b'\'') && opens_name(bytes, at, 0))
}

pub(super) fn is_word(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b == b'_' || b >= 0x80
}

/// What stands between words. The vertical tab is one of them, as in C and unlike in Rust's
/// `is_ascii_whitespace`; blanks beyond ASCII are letters of a word.
pub(super) fn is_blank(b: u8) -> bool {
    b.is_ascii_whitespace() || b == 0x0b
}

pub(crate) fn is_blank_char(c: char) -> bool {
    u8::try_from(c).is_ok_and(is_blank)
}

/// Where the command that starts at `from` ends: at the next `|` or `]` outside quotes and
/// brackets, or at `limit`. `named`: its name stands there, and a single quote right behind it
/// belongs to its arguments.
pub(super) fn stage_end(bytes: &[u8], from: usize, limit: usize, named: bool) -> usize {
    let name = bytes.get(from..limit).unwrap_or_default();
    let name = name.iter().take_while(|b| named && is_word(**b)).count();
    let mut steps = Steps { bytes, limit, no_single: false };
    let (mut at, mut depth) = (from, 0usize);
    while at < limit {
        match bytes.get(at) {
            Some(b'[') => depth += 1,
            Some(b']') if depth == 0 => return at,
            Some(b']') => depth -= 1,
            Some(b'|') if depth == 0 => return at,
            _ => {}
        }
        at = steps.next(at, from + name);
    }
    limit
}

/// The index of the `close` that belongs to the `open` at `at`.
pub(super) fn closing(bytes: &[u8], at: usize, limit: usize, open: u8, close: u8) -> Option<usize> {
    let mut steps = Steps { bytes, limit, no_single: false };
    let (mut i, mut depth) = (at, 0usize);
    while i < limit {
        match bytes.get(i) {
            Some(b) if *b == open => depth += 1,
            Some(b) if *b == close => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return Some(i);
                }
            }
            _ => {}
        }
        i = steps.next(i, at);
    }
    None
}
