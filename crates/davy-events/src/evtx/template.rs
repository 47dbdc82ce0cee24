//! Binary XML templates, compiled from a chunk into trees with places for values.

use crate::evtx::value::{self, Escape};

/// Deeper elements are no event's.
const MAX_DEPTH: usize = 64;
const MAX_NODES: usize = 20_000;

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Node {
    Element(Element),
    /// Escaped for the place where it stands.
    Text(String),
    Value(u16),
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub(crate) struct Element {
    pub(crate) name: String,
    pub(crate) attributes: Vec<(String, Vec<Node>)>,
    pub(crate) children: Vec<Node>,
    /// Left out where this value is null.
    pub(crate) dependency: Option<u16>,
    /// Written as `<X/>`.
    pub(crate) empty: bool,
}

/// Bytes with a place in them. Reads past the end give `None`.
#[derive(Clone, Copy)]
pub(crate) struct Cursor<'a> {
    pub(crate) data: &'a [u8],
    pub(crate) at: usize,
}

impl<'a> Cursor<'a> {
    pub(crate) fn bytes(&mut self, count: usize) -> Option<&'a [u8]> {
        let end = self.at.checked_add(count)?;
        let bytes = self.data.get(self.at..end)?;
        self.at = end;
        Some(bytes)
    }

    pub(crate) fn u8(&mut self) -> Option<u8> {
        self.bytes(1)?.first().copied()
    }

    pub(crate) fn u16(&mut self) -> Option<u16> {
        Some(u16::from_le_bytes(self.bytes(2)?.try_into().ok()?))
    }

    pub(crate) fn u32(&mut self) -> Option<u32> {
        Some(u32::from_le_bytes(self.bytes(4)?.try_into().ok()?))
    }
}

/// A name, by its offset in the chunk; it may stand right here, and is then skipped.
fn name(cursor: &mut Cursor<'_>) -> Option<String> {
    let offset = cursor.u32()? as usize;
    let mut at = Cursor { data: cursor.data, at: offset.checked_add(6)? };
    let units = usize::from(at.u16()?);
    let bytes = at.bytes(units * 2)?;
    if offset == cursor.at {
        cursor.at = at.at + 2;
    }
    let mut text = String::with_capacity(units);
    value::utf16(bytes, Escape::None, &mut text);
    // A name with other characters would forge markup.
    text.chars().all(|c| c.is_alphanumeric() || "_-.:".contains(c)).then_some(text)
}

/// A tree under construction: the open elements, and which attribute is being filled.
struct Builder {
    open: Vec<Element>,
    done: Vec<Node>,
    in_attribute: bool,
    nodes: usize,
}

impl Builder {
    fn push(&mut self, node: Node) -> Option<()> {
        self.nodes += 1;
        if self.nodes > MAX_NODES {
            return None;
        }
        let list = match self.open.last_mut() {
            Some(element) if self.in_attribute => &mut element.attributes.last_mut()?.1,
            Some(element) => &mut element.children,
            None => &mut self.done,
        };
        list.push(node);
        Some(())
    }

    fn close(&mut self) -> Option<()> {
        let element = self.open.pop()?;
        self.in_attribute = false;
        self.push(Node::Element(element))
    }

    fn escape(&self) -> Escape {
        if self.in_attribute { Escape::Attribute } else { Escape::Text }
    }

    fn text(&mut self, bytes: &[u8]) -> Option<()> {
        let mut text = String::new();
        value::utf16(bytes, self.escape(), &mut text);
        self.push(Node::Text(text))
    }
}

/// Compiles the stream at `start..end` of a chunk. In a template, elements carry dependencies.
/// `None` if it is not valid, or is one that only holds an instance of a template.
pub(crate) fn compile(chunk: &[u8], start: usize, end: usize, template: bool) -> Option<Vec<Node>> {
    let mut cursor = Cursor { data: chunk, at: start };
    let mut tree = Builder { open: Vec::new(), done: Vec::new(), in_attribute: false, nodes: 0 };
    while cursor.at < end {
        let token = cursor.u8()?;
        match token {
            0x00 => break,
            0x0f => cursor.at += 3,
            0x01 | 0x41 => {
                let dependency = if template { cursor.u16()? } else { 0xffff };
                cursor.u32()?;
                let name = name(&mut cursor)?;
                if token == 0x41 {
                    cursor.u32()?;
                }
                if tree.open.len() >= MAX_DEPTH {
                    return None;
                }
                let dependency = (dependency != 0xffff).then_some(dependency);
                tree.in_attribute = false;
                tree.open.push(Element { name, dependency, ..Element::default() });
            }
            0x02 => tree.in_attribute = false,
            0x03 => {
                tree.open.last_mut()?.empty = true;
                tree.close()?;
            }
            0x04 => tree.close()?,
            0x05 | 0x45 => {
                // Windows writes no other type here.
                if cursor.u8()? != value::STRING {
                    return None;
                }
                let units = usize::from(cursor.u16()?);
                let bytes = cursor.bytes(units * 2)?;
                tree.text(bytes)?;
            }
            0x06 | 0x46 => {
                let name = name(&mut cursor)?;
                tree.open.last_mut()?.attributes.push((name, Vec::new()));
                tree.in_attribute = true;
            }
            0x07 | 0x47 => {
                let units = usize::from(cursor.u16()?);
                let bytes = cursor.bytes(units * 2)?;
                tree.text(bytes)?;
            }
            0x08 | 0x48 => {
                let code = u32::from(cursor.u16()?);
                tree.push(Node::Text(format!("&#{code};")))?;
            }
            0x09 | 0x49 => {
                let name = name(&mut cursor)?;
                tree.push(Node::Text(format!("&{name};")))?;
            }
            0x0a => drop(name(&mut cursor)?),
            0x0b => {
                let units = usize::from(cursor.u16()?);
                cursor.bytes(units * 2)?;
            }
            0x0d | 0x0e => {
                let index = cursor.u16()?;
                cursor.u8()?;
                tree.push(Node::Value(index))?;
            }
            _ => return None,
        }
    }
    while !tree.open.is_empty() {
        tree.close()?;
    }
    Some(tree.done)
}
