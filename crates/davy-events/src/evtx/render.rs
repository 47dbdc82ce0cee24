//! Trees with their values, as XML text.

use crate::evtx::chunk::Chunk;
use crate::evtx::template::{Element, Node};
use crate::evtx::value::{self, Escape, Value};

/// Binary XML inside binary XML, so deep and no deeper.
const MAX_NESTING: usize = 8;
/// No event is longer, whatever its templates say.
pub(crate) const MAX_TEXT: usize = 8 << 20;

/// The values that stand in a tree.
#[derive(Clone, Copy)]
pub(crate) struct Filled<'a> {
    pub(crate) chunk: &'a Chunk<'a>,
    pub(crate) values: &'a [Value],
    /// The item to take of an array whose element is being repeated.
    pub(crate) item: Option<usize>,
    pub(crate) depth: usize,
    /// How long the text that is written to may become.
    pub(crate) limit: usize,
}

impl<'a> Filled<'a> {
    pub(crate) fn new(chunk: &'a Chunk<'a>, values: &'a [Value]) -> Self {
        Self { chunk, values, item: None, depth: 0, limit: MAX_TEXT }
    }

    /// For a text that is to stand behind another.
    pub(crate) fn behind(self, text: &str) -> Self {
        Self { limit: text.len() + MAX_TEXT, ..self }
    }

    pub(crate) fn value(&self, index: u16) -> Value {
        self.values.get(usize::from(index)).copied().unwrap_or_default()
    }

    /// Whether an element with this dependency is left out.
    pub(crate) fn hides(&self, dependency: Option<u16>) -> bool {
        dependency.is_some_and(|index| self.value(index).is_null())
    }

    pub(crate) fn nodes(&self, nodes: &[Node], escape: Escape, out: &mut String) {
        for node in nodes {
            if out.len() > self.limit {
                return;
            }
            match node {
                Node::Text(text) => out.push_str(text),
                Node::Element(element) => self.element(element, out),
                Node::Value(index) => self.place(self.value(*index), escape, out),
            }
        }
    }

    fn place(&self, value: Value, escape: Escape, out: &mut String) {
        match self.item {
            Some(item) if value.is_array() => {
                if let Some(bytes) = value::items(value, self.chunk.data).get(item) {
                    value::scalar(value.kind & !value::ARRAY, bytes, escape, out);
                }
            }
            _ if value.kind == value::BINXML => {
                if self.depth < MAX_NESTING {
                    self.chunk.fragment(value, self.depth + 1, self.limit, out);
                }
            }
            _ => value::write(value, self.chunk.data, escape, out),
        }
    }

    fn element(&self, element: &Element, out: &mut String) {
        if self.hides(element.dependency) {
            return;
        }
        if self.item.is_some() {
            return self.one(element, out);
        }
        // An element around an array is repeated, once an item.
        let array = element.children.iter().find_map(|node| match node {
            Node::Value(index) => Some(self.value(*index)).filter(Value::is_array),
            _ => None,
        });
        match array.map(|array| value::items(array, self.chunk.data).len()) {
            Some(count) if count > 1 => {
                for item in 0..count {
                    Filled { item: Some(item), ..*self }.one(element, out);
                }
            }
            Some(_) => Filled { item: Some(0), ..*self }.one(element, out),
            None => self.one(element, out),
        }
    }

    fn one(&self, element: &Element, out: &mut String) {
        if out.len() > self.limit {
            return;
        }
        out.push('<');
        out.push_str(&element.name);
        for (name, nodes) in &element.attributes {
            let mark = out.len();
            out.push(' ');
            out.push_str(name);
            out.push_str("='");
            let start = out.len();
            self.nodes(nodes, Escape::Attribute, out);
            if out.len() == start {
                // An attribute whose value is null is not written.
                out.truncate(mark);
            } else {
                out.push('\'');
            }
        }
        if element.empty {
            out.push_str("/>");
            return;
        }
        out.push('>');
        self.nodes(&element.children, Escape::Text, out);
        out.push_str("</");
        out.push_str(&element.name);
        out.push('>');
    }
}
