//! XML as a tree, for paths into it. What is not closed ends with the text.

use super::{TagKind, attributes, next_tag, unescape};

/// How deep elements may be nested; what is deeper belongs to the last one.
const DEPTH: usize = 256;

/// An element.
#[derive(Debug)]
pub(crate) struct Node<'t> {
    pub(crate) name: &'t str,
    pub(crate) attributes: Vec<(&'t str, String)>,
    /// The text directly in it, entities replaced.
    pub(crate) text: String,
    /// Places of the elements in it.
    pub(crate) children: Vec<usize>,
    pub(crate) parent: Option<usize>,
    /// What stands between its tags, as written.
    pub(crate) inner: &'t str,
    /// The element as written, with its tags.
    pub(crate) outer: &'t str,
}

/// The elements of a text, in the order in which they start.
#[derive(Debug, Default)]
pub(crate) struct Tree<'t> {
    pub(crate) nodes: Vec<Node<'t>>,
    pub(crate) roots: Vec<usize>,
}

impl<'t> Tree<'t> {
    pub(crate) fn parse(text: &'t str) -> Tree<'t> {
        let mut tree = Tree::default();
        // The open elements: place, start of the tag, end of the tag.
        let mut open: Vec<(usize, usize, usize)> = Vec::new();
        let mut at = 0;
        while let Some(tag) = next_tag(text, at) {
            let between = text.get(at..tag.start).unwrap_or_default();
            tree.add_text(&open, &unescape(between));
            at = tag.end;
            match tag.kind {
                TagKind::Open | TagKind::Empty if open.len() < DEPTH => {
                    let place = tree.add(&open, tag.name, tag.attributes);
                    match tag.kind {
                        TagKind::Open => open.push((place, tag.start, tag.end)),
                        _ => tree.close(place, text, (tag.start, tag.end, tag.end, tag.end)),
                    }
                }
                TagKind::Close => {
                    let found = open.iter().rposition(|(place, ..)| {
                        tree.nodes.get(*place).is_some_and(|n| n.name == tag.name)
                    });
                    let Some(found) = found else { continue };
                    for (place, start, end) in open.drain(found..) {
                        tree.close(place, text, (start, end, tag.start, tag.end));
                    }
                }
                TagKind::Other if tag.name == "![CDATA[" => tree.add_text(&open, tag.attributes),
                _ => {}
            }
        }
        for (place, start, end) in open {
            tree.close(place, text, (start, end, text.len(), text.len()));
        }
        tree
    }

    fn add(&mut self, open: &[(usize, usize, usize)], name: &'t str, attrs: &'t str) -> usize {
        let place = self.nodes.len();
        let parent = open.last().map(|(p, ..)| *p);
        self.nodes.push(Node {
            name,
            attributes: attributes(attrs).into_iter().map(|(n, v)| (n, v.into_owned())).collect(),
            text: String::new(),
            children: Vec::new(),
            parent,
            inner: "",
            outer: "",
        });
        match parent.and_then(|p| self.nodes.get_mut(p)) {
            Some(parent) => parent.children.push(place),
            None => self.roots.push(place),
        }
        place
    }

    fn add_text(&mut self, open: &[(usize, usize, usize)], text: &str) {
        if let Some((place, ..)) = open.last()
            && let Some(node) = self.nodes.get_mut(*place)
        {
            node.text.push_str(text);
        }
    }

    fn close(&mut self, place: usize, text: &'t str, ends: (usize, usize, usize, usize)) {
        let (start, from, to, end) = ends;
        if let Some(node) = self.nodes.get_mut(place) {
            node.inner = text.get(from..to).unwrap_or_default();
            node.outer = text.get(start..end).unwrap_or_default();
        }
    }

    pub(crate) fn node(&self, place: usize) -> Option<&Node<'t>> {
        self.nodes.get(place)
    }
}

impl Node<'_> {
    /// As the value of a field: the text, or what is in it as written when that is elements.
    pub(crate) fn value(&self) -> String {
        match self.children.is_empty() {
            true => self.text.trim().to_owned(),
            false => self.inner.trim().to_owned(),
        }
    }

    pub(crate) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(n, _)| *n == name).map(|(_, v)| v.as_str())
    }
}
