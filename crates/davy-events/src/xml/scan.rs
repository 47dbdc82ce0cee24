//! A lenient reader of XML tags: no entities, no document types, no nesting limits to hit.

/// A tag as it stands in the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tag<'a> {
    pub(crate) name: &'a str,
    /// All between the name and the end.
    pub(crate) attributes: &'a str,
    pub(crate) kind: TagKind,
    /// Where `<` stands, and where the text after `>` begins.
    pub(crate) start: usize,
    pub(crate) end: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TagKind {
    Open,
    Empty,
    Close,
}

/// The tags of a text, in order. What is not a tag is skipped over; a tag cut short ends it.
pub(crate) struct Tags<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Tags<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }
}

impl<'a> Iterator for Tags<'a> {
    type Item = Tag<'a>;

    fn next(&mut self) -> Option<Tag<'a>> {
        loop {
            let start = self.at + self.text.get(self.at..)?.find('<')?;
            let body = self.text.get(start + 1..)?;
            if let Some(after) = body.strip_prefix("!--") {
                self.at = self.text.len() - after.len() + after.find("-->")? + 3;
                continue;
            }
            if let Some(after) = body.strip_prefix("![CDATA[") {
                self.at = self.text.len() - after.len() + after.find("]]>")? + 3;
                continue;
            }
            let closing = body.starts_with('/');
            let first = body.as_bytes().get(usize::from(closing)).copied().unwrap_or(b' ');
            if !(first.is_ascii_alphabetic() || first == b'_' || first >= 0x80) {
                self.at = start + 1;
                continue;
            }
            let length = end_of_tag(body)?;
            self.at = start + 1 + length + 1;
            let inner = body.get(..length)?;
            let (inner, kind) = match (inner.strip_prefix('/'), inner.strip_suffix('/')) {
                (Some(inner), _) => (inner, TagKind::Close),
                (None, Some(inner)) => (inner, TagKind::Empty),
                (None, None) => (inner, TagKind::Open),
            };
            let split = inner.find(|c: char| c.is_ascii_whitespace()).unwrap_or(inner.len());
            let (name, attributes) = inner.split_at(split);
            let attributes = attributes.trim();
            return Some(Tag { name, attributes, kind, start, end: self.at });
        }
    }
}

/// Where the `>` stands that is in no quotes.
fn end_of_tag(body: &str) -> Option<usize> {
    let bytes = body.as_bytes();
    let mut at = 0;
    loop {
        let hit = at + memchr::memchr3(b'>', b'"', b'\'', bytes.get(at..)?)?;
        match bytes.get(hit)? {
            b'>' => return Some(hit),
            quote => at = hit + 1 + memchr::memchr(*quote, bytes.get(hit + 1..)?)? + 1,
        }
    }
}

/// The attributes of a tag, values as they stand.
pub(crate) fn attributes(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let (name, after) = rest.split_once('=')?;
        let after = after.trim_start();
        let quote = after.chars().next().filter(|c| matches!(c, '"' | '\''))?;
        let (value, tail) = after.get(1..)?.split_once(quote)?;
        rest = tail;
        Some((name.trim(), value))
    })
}

/// The text with its entities resolved: the five of XML and character references; others stay.
pub(crate) fn decode_entities(text: &str, out: &mut String) {
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        let (before, entity) = rest.split_at(at);
        out.push_str(before);
        let name =
            entity.get(1..).and_then(|e| e.get(..e.bytes().take(12).position(|b| b == b';')?));
        let decoded = name.and_then(|name| match name {
            "amp" => Some('&'),
            "lt" => Some('<'),
            "gt" => Some('>'),
            "quot" => Some('"'),
            "apos" => Some('\''),
            _ => {
                let number = name.strip_prefix('#')?;
                let code = match number.strip_prefix(['x', 'X']) {
                    Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                    None => number.parse().ok()?,
                };
                char::from_u32(code)
            }
        });
        match (decoded, name) {
            (Some(c), Some(name)) => {
                out.push(c);
                rest = entity.get(name.len() + 2..).unwrap_or_default();
            }
            _ => {
                out.push('&');
                rest = entity.get(1..).unwrap_or_default();
            }
        }
    }
    out.push_str(rest);
}

/// Whether nothing speaks for another form: no attribute in double quotes, no space around tags, no
/// comment. Cheaper than to make the text and compare.
fn stands_so(text: &[u8]) -> bool {
    let quoted = memchr::memmem::find(text, b"=\"").is_some();
    let noted = memchr::memmem::find(text, b"<!").is_some();
    !quoted
        && !noted
        && !text.last().is_some_and(u8::is_ascii_whitespace)
        && memchr::memchr_iter(b'>', text).all(|at| {
            let around = [at.wrapping_sub(2), at.wrapping_sub(1), at + 1];
            !around.iter().any(|at| text.get(*at).is_some_and(u8::is_ascii_whitespace))
        })
}

/// The text of an event as Windows writes it: on one line, attributes in single quotes, no space
/// between tags. `None` if it stands so already.
pub(crate) fn canonical(text: &str) -> Option<String> {
    if stands_so(text.as_bytes()) {
        return None;
    }
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    let mut last = None;
    for tag in Tags::new(text) {
        let between = text.get(at..tag.start).unwrap_or_default();
        // The space in an element that holds nothing else is its value.
        let leaf = last == Some(TagKind::Open) && tag.kind == TagKind::Close;
        if leaf || !between.bytes().all(|b| b.is_ascii_whitespace()) {
            out.push_str(between);
        }
        out.push('<');
        if tag.kind == TagKind::Close {
            out.push('/');
        }
        out.push_str(tag.name);
        for (name, value) in attributes(tag.attributes) {
            out.push(' ');
            out.push_str(name);
            out.push_str("='");
            out.push_str(&value.replace('\'', "&apos;"));
            out.push('\'');
        }
        if tag.kind == TagKind::Empty {
            out.push('/');
        }
        out.push('>');
        at = tag.end;
        last = Some(tag.kind);
    }
    out.push_str(text.get(at..).unwrap_or_default().trim_end());
    (out != text).then_some(out)
}
