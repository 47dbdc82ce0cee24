//! XML as it is met in logs: read tag by tag, whatever is wrong with it.

mod tree;

pub(crate) use tree::{Node, Tree};

use std::borrow::Cow;

/// A tag of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tag<'t> {
    pub(crate) kind: TagKind,
    pub(crate) name: &'t str,
    /// What stands between the name and the end of the tag.
    pub(crate) attributes: &'t str,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TagKind {
    Open,
    Close,
    Empty,
    /// A comment, a declaration, a CDATA section.
    Other,
}

/// The first tag at or after the byte `from`.
pub(crate) fn next_tag(text: &str, from: usize) -> Option<Tag<'_>> {
    let mut at = from;
    loop {
        let start = at + text.get(at..)?.find('<')?;
        let body = text.get(start + 1..)?;
        for (mark, end) in [("!--", "-->"), ("![CDATA[", "]]>"), ("?", "?>"), ("!", ">")] {
            if let Some(rest) = body.strip_prefix(mark) {
                let len = rest.find(end)? + mark.len() + end.len();
                let name = body.get(..mark.len()).unwrap_or_default();
                let inner = rest.get(..rest.find(end)?).unwrap_or_default();
                return Some(Tag {
                    kind: TagKind::Other,
                    name,
                    attributes: inner,
                    start,
                    end: start + 1 + len,
                });
            }
        }
        match element(body) {
            Some((kind, name, attributes, len)) => {
                return Some(Tag { kind, name, attributes, start, end: start + 1 + len });
            }
            // A `<` that starts no tag is text.
            None => at = start + 1,
        }
    }
}

fn element(body: &str) -> Option<(TagKind, &str, &str, usize)> {
    let close = body.starts_with('/');
    let names = body.get(usize::from(close)..)?;
    let first = names.chars().next()?;
    if !(first.is_alphabetic() || first == '_' || first == ':') {
        return None;
    }
    let len = names.find(|c: char| c.is_whitespace() || matches!(c, '>' | '/' | '<'))?;
    let name = names.get(..len)?;
    let rest = names.get(len..)?;
    let end = tag_end(rest)?;
    let inner = rest.get(..end)?;
    let total = usize::from(close) + len + end + 1;
    if close {
        return Some((TagKind::Close, name, "", total));
    }
    match inner.strip_suffix('/') {
        Some(attributes) => Some((TagKind::Empty, name, attributes, total)),
        None => Some((TagKind::Open, name, inner, total)),
    }
}

/// Where the `>` of a tag is; one in quotes is part of a value.
fn tag_end(text: &str) -> Option<usize> {
    let mut quote = None;
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (None, '>') => return Some(at),
            (None, '"' | '\'') => quote = Some(c),
            (Some(q), c) if q == c => quote = None,
            _ => {}
        }
    }
    None
}

/// `name="value"` pairs.
pub(crate) fn attributes(text: &str) -> Vec<(&str, Cow<'_, str>)> {
    let mut out = Vec::new();
    let mut rest = text.trim_start();
    while let Some((name, after)) = rest.split_once('=') {
        let after = after.trim_start();
        let Some(quote) = after.chars().next().filter(|c| matches!(c, '"' | '\'')) else { break };
        let Some((value, tail)) = after.get(1..).and_then(|t| t.split_once(quote)) else { break };
        out.push((name.trim(), unescape_cow(value)));
        rest = tail.trim_start();
    }
    out
}

fn unescape_cow(text: &str) -> Cow<'_, str> {
    match text.contains('&') {
        true => Cow::Owned(unescape(text)),
        false => Cow::Borrowed(text),
    }
}

/// The text with its entities replaced.
pub(crate) fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        out.push_str(before);
        let entity = after.split_once(';').filter(|(name, _)| name.len() <= 10);
        match entity.and_then(|(name, tail)| named(name).map(|c| (c, tail))) {
            Some((c, tail)) => {
                out.push(c);
                rest = tail;
            }
            None => {
                out.push('&');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}

fn named(name: &str) -> Option<char> {
    Some(match name {
        "lt" => '<',
        "gt" => '>',
        "amp" => '&',
        "quot" => '"',
        "apos" => '\'',
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(code)?
        }
    })
}
