//! Binary XML templates, compiled from a chunk into trees with places for values.

use crate::evtx::value::{self, Escape};

/// Deeper elements are no event's.
const MAX_DEPTH: usize = 64;
const MAX_NODES: usize = 20_000;

#[derive(Debug, Clone)]
pub(crate) enum Node {
    Element(Element),
    /// Escaped for the place where it stands.
    Text(String),
    Value(u16),
}

#[derive(Debug, Clone, Default)]
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

/// A name in UTF-16, by its offset in the chunk; it may stand right here, and is then skipped.
fn name<'a>(cursor: &mut Cursor<'a>) -> Option<&'a [u8]> {
    let offset = cursor.u32()? as usize;
    let mut at = Cursor { data: cursor.data, at: offset.checked_add(6)? };
    let units = usize::from(at.u16()?);
    let bytes = at.bytes(units * 2)?;
    if offset == cursor.at {
        cursor.at = at.at + 2;
    }
    Some(bytes)
}

/// What the tokens of a stream are given to.
trait Visit {
    fn open(&mut self, name: &[u8], dependency: u16) -> Option<()>;
    fn close_start(&mut self);
    fn close(&mut self, empty: bool) -> Option<()>;
    fn attribute(&mut self, name: &[u8]) -> Option<()>;
    fn text(&mut self, text: &[u8]) -> Option<()>;
    fn character(&mut self, code: u16) -> Option<()>;
    fn entity(&mut self, name: &[u8]) -> Option<()>;
    fn place(&mut self, index: u16) -> Option<()>;
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
}

impl Visit for Builder {
    fn open(&mut self, name: &[u8], dependency: u16) -> Option<()> {
        if self.open.len() >= MAX_DEPTH {
            return None;
        }
        let (name, dependency) = (own(name)?, (dependency != 0xffff).then_some(dependency));
        self.in_attribute = false;
        self.open.push(Element { name, dependency, ..Element::default() });
        Some(())
    }

    fn close_start(&mut self) {
        self.in_attribute = false;
    }

    fn close(&mut self, empty: bool) -> Option<()> {
        let mut element = self.open.pop()?;
        element.empty = empty;
        self.in_attribute = false;
        self.push(Node::Element(element))
    }

    fn attribute(&mut self, name: &[u8]) -> Option<()> {
        self.open.last_mut()?.attributes.push((own(name)?, Vec::new()));
        self.in_attribute = true;
        Some(())
    }

    fn text(&mut self, bytes: &[u8]) -> Option<()> {
        let mut text = String::new();
        let escape = if self.in_attribute { Escape::Attribute } else { Escape::Text };
        value::utf16(bytes, escape, &mut text);
        self.push(Node::Text(text))
    }

    fn character(&mut self, code: u16) -> Option<()> {
        self.push(Node::Text(format!("&#{code};")))
    }

    fn entity(&mut self, name: &[u8]) -> Option<()> {
        let text = format!("&{};", own(name)?);
        self.push(Node::Text(text))
    }

    fn place(&mut self, index: u16) -> Option<()> {
        self.push(Node::Value(index))
    }
}

/// A name as text; one with other characters would forge markup.
fn own(name: &[u8]) -> Option<String> {
    let mut text = String::with_capacity(name.len() / 2);
    value::utf16(name, Escape::None, &mut text);
    text.chars().all(|c| c.is_alphanumeric() || "_-.:".contains(c)).then_some(text)
}

/// All that a template says, in order; equal ones are equal templates.
struct Written<'b>(&'b mut Vec<u8>);

impl Written<'_> {
    fn number(&mut self, number: u64) {
        self.0.extend_from_slice(&number.to_le_bytes());
    }

    fn put(&mut self, token: u8, bytes: &[u8]) -> Option<()> {
        self.number(u64::from(token) << 32 | bytes.len() as u64);
        self.0.extend_from_slice(bytes);
        Some(())
    }
}

impl Visit for Written<'_> {
    fn open(&mut self, name: &[u8], dependency: u16) -> Option<()> {
        self.number(u64::from(dependency));
        self.put(1, name)
    }

    fn close_start(&mut self) {
        self.number(2);
    }

    fn close(&mut self, empty: bool) -> Option<()> {
        self.number(3 + u64::from(empty));
        Some(())
    }

    fn attribute(&mut self, name: &[u8]) -> Option<()> {
        self.put(6, name)
    }

    fn text(&mut self, text: &[u8]) -> Option<()> {
        self.put(5, text)
    }

    fn character(&mut self, code: u16) -> Option<()> {
        self.put(8, &code.to_le_bytes())
    }

    fn entity(&mut self, name: &[u8]) -> Option<()> {
        self.put(9, name)
    }

    fn place(&mut self, index: u16) -> Option<()> {
        self.number(0x0d << 32 | u64::from(index));
        Some(())
    }
}

/// Tells templates apart without compiling them: writes what is the same for equal ones only.
pub(crate) fn identify(chunk: &[u8], start: usize, end: usize, into: &mut Vec<u8>) -> Option<()> {
    into.clear();
    walk(chunk, start, end, true, &mut Written(into))
}

/// Compiles the stream at `start..end` of a chunk. In a template, elements carry dependencies.
/// `None` if it is not valid, or is one that only holds an instance of a template.
pub(crate) fn compile(chunk: &[u8], start: usize, end: usize, template: bool) -> Option<Vec<Node>> {
    let mut tree = Builder { open: Vec::new(), done: Vec::new(), in_attribute: false, nodes: 0 };
    walk(chunk, start, end, template, &mut tree)?;
    while !tree.open.is_empty() {
        tree.close(false)?;
    }
    Some(tree.done)
}

fn walk(
    chunk: &[u8],
    start: usize,
    end: usize,
    template: bool,
    visit: &mut impl Visit,
) -> Option<()> {
    let mut cursor = Cursor { data: chunk, at: start };
    while cursor.at < end {
        match cursor.u8()? {
            0x00 => break,
            0x0f => cursor.at += 3,
            token @ (0x01 | 0x41) => {
                let dependency = if template { cursor.u16()? } else { 0xffff };
                cursor.u32()?;
                let name = name(&mut cursor)?;
                if token == 0x41 {
                    cursor.u32()?;
                }
                visit.open(name, dependency)?;
            }
            0x02 => visit.close_start(),
            token @ (0x03 | 0x04) => visit.close(token == 0x03)?,
            token @ (0x05 | 0x45 | 0x07 | 0x47) => {
                // Windows writes no other type of value here.
                if token & 0x0f == 5 && cursor.u8()? != value::STRING {
                    return None;
                }
                let units = usize::from(cursor.u16()?);
                visit.text(cursor.bytes(units * 2)?)?;
            }
            0x06 | 0x46 => visit.attribute(name(&mut cursor)?)?,
            0x08 | 0x48 => visit.character(cursor.u16()?)?,
            0x09 | 0x49 => visit.entity(name(&mut cursor)?)?,
            0x0a => drop(name(&mut cursor)?),
            0x0b => {
                let units = usize::from(cursor.u16()?);
                cursor.bytes(units * 2)?;
            }
            0x0d | 0x0e => {
                visit.place(cursor.u16()?)?;
                cursor.u8()?;
            }
            _ => return None,
        }
    }
    Some(())
}
