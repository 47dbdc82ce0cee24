//! Multivalue fields as text in-band: `MARK v1 SEP v2 …`, with noncharacters no input may hold.

use std::borrow::Cow;

/// Starts a field of several values.
pub const MARK: char = '\u{FDD0}';
/// Stands between two values.
pub const SEP: char = '\u{FDD1}';

/// One value is kept plain, none is the empty text.
pub fn encode<I, S>(values: I) -> String
where
    I: IntoIterator<Item = S>,
    S: AsRef<str>,
{
    let mut out = String::new();
    for (count, value) in values.into_iter().enumerate() {
        append(&mut out, count, value.as_ref());
    }
    out
}

/// Adds a value to a cell that holds `count` already.
pub(crate) fn append(cell: &mut String, count: usize, value: &str) {
    grow(cell, count);
    cell.push_str(value);
}

/// Makes room for one more value in a cell that holds `count`; the caller writes it at the end.
pub(crate) fn grow(cell: &mut String, count: usize) {
    grow_tail(cell, 0, count);
}

/// As [`grow`], for a cell that stands from a place to the end of a text.
pub(crate) fn grow_tail(text: &mut String, from: usize, count: usize) {
    match count {
        0 => text.truncate(from),
        1 => {
            text.insert(from, MARK);
            text.push(SEP);
        }
        _ => text.push(SEP),
    }
}

pub fn is_multi(cell: &str) -> bool {
    cell.starts_with(MARK)
}

/// The values of a cell; a plain cell is its own only value.
pub fn split(cell: &str) -> impl Iterator<Item = &str> {
    let (multi, body) = match cell.strip_prefix(MARK) {
        Some(body) => (true, body),
        None => (false, cell),
    };
    // A plain cell holds no separator, but one that was not cleaned must stay whole.
    let mut rest = Some(body);
    std::iter::from_fn(move || {
        let text = rest?;
        match text.split_once(SEP) {
            Some((value, tail)) if multi => {
                rest = Some(tail);
                Some(value)
            }
            _ => rest.take(),
        }
    })
}

/// The reserved noncharacters, U+FDD0 to U+FDD3, become U+FFFD, so that no input can forge a cell.
pub fn clean(text: Cow<'_, str>) -> Cow<'_, str> {
    match first_reserved(&text) {
        None => text,
        Some(_) => Cow::Owned(
            text.chars()
                .map(|c| if is_reserved(c) { char::REPLACEMENT_CHARACTER } else { c })
                .collect(),
        ),
    }
}

fn is_reserved(c: char) -> bool {
    ('\u{FDD0}'..='\u{FDD3}').contains(&c)
}

fn first_reserved(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    memchr::memchr_iter(0xEF, bytes)
        .find(|&at| matches!(bytes.get(at + 1..at + 3), Some([0xB7, 0x90..=0x93])))
}

/// As `clean`, for what was written to `cell` from `from` on.
pub(crate) fn clean_tail(cell: &mut String, from: usize) {
    let tail = cell.get(from..).unwrap_or_default();
    if first_reserved(tail).is_some() {
        let fixed = clean(Cow::Borrowed(tail)).into_owned();
        cell.truncate(from);
        cell.push_str(&fixed);
    }
}
