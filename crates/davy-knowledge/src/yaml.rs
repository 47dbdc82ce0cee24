//! YAML as add-ons and data models hold it.

use crate::codes;
use davy_diag::{Diagnostics, FileId, SourceMap, Span, Spanned, closest};
use davy_yaml::Codes;

pub(crate) use davy_yaml::{Node, Value};

/// The tree of a file, or a diagnostic and nothing.
pub(crate) fn parse(file: FileId, text: &str, diags: &mut Diagnostics) -> Option<Node> {
    let codes = Codes { yaml: &codes::YAML, too_large: &codes::TOO_LARGE };
    davy_yaml::parse(file, text, &codes, diags)
}

/// Reads values out of nodes and tells what does not fit.
pub(crate) struct Reader<'a> {
    /// All of the file, in which the key of a value is looked up when there is something to tell.
    pub(crate) root: &'a Node,
    pub(crate) sources: &'a mut SourceMap,
    pub(crate) diags: &'a mut Diagnostics,
}

impl Reader<'_> {
    fn wrong<T>(&mut self, node: &Node, wanted: &str) -> Option<T> {
        let message = match key_of(self.root, node, None) {
            Some(key) => format!("`{key}` needs {wanted} here"),
            None => format!("{wanted} is needed here"),
        };
        self.diags.push(codes::WRONG_TYPE.at(node.span, message));
        None
    }

    pub(crate) fn text(&mut self, node: &Node) -> Option<String> {
        match &node.value {
            Value::Text(text) => Some(text.clone()),
            Value::Bool(b) => Some(b.to_string()),
            // Add-ons know only text: as it was written.
            Value::Int(n) => Some(self.written(node).unwrap_or_else(|| n.to_string())),
            Value::Float(n) => Some(self.written(node).unwrap_or_else(|| n.to_string())),
            _ => self.wrong(node, "a text"),
        }
    }

    /// A number's own text; an alias has none.
    fn written(&self, node: &Node) -> Option<String> {
        let written = self.sources.text(node.span);
        written.starts_with(|c: char| !matches!(c, '*' | '&')).then(|| written.to_owned())
    }

    pub(crate) fn flag(&mut self, node: &Node) -> Option<bool> {
        match &node.value {
            Value::Bool(b) => Some(*b),
            _ => self.wrong(node, "true or false"),
        }
    }

    /// One text or a list of them.
    pub(crate) fn texts(&mut self, node: &Node) -> Vec<String> {
        match &node.value {
            Value::Null => Vec::new(),
            Value::List(items) => items.iter().filter_map(|n| self.text(n)).collect(),
            _ => self.text(node).into_iter().collect(),
        }
    }

    pub(crate) fn list<'n>(&mut self, node: &'n Node) -> &'n [Node] {
        match &node.value {
            Value::List(items) => items,
            Value::Null => &[],
            _ => self.wrong(node, "a list").unwrap_or(&[]),
        }
    }

    pub(crate) fn map<'n>(&mut self, node: &'n Node) -> &'n [(Spanned<String>, Node)] {
        match &node.value {
            Value::Map(entries) => entries,
            Value::Null => &[],
            _ => self.wrong(node, "a map").unwrap_or(&[]),
        }
    }

    /// A map whose keys are among `known`; others are told.
    pub(crate) fn keys<'n>(&mut self, node: &'n Node, known: &[&str]) -> Keys<'n> {
        let entries = self.map(node);
        for (key, _) in entries {
            if !known.contains(&key.value.as_str()) {
                let near = closest(&key.value, known.iter().copied());
                self.diags.push(
                    codes::UNKNOWN_KEY.at(key.span, format!("no key `{}` here", key.value)).help(
                        match near {
                            Some(near) => format!("did you mean `{near}`?"),
                            None => format!("the keys are {}", known.join(", ")),
                        },
                    ),
                );
            }
        }
        Keys { entries, span: node.span }
    }

    /// A text as a file of its own, whose places lead back to the YAML.
    pub(crate) fn expression(&mut self, node: &Node) -> Option<Span> {
        let text = self.text(node)?;
        let name = self.sources.file(node.span.file).name.clone();
        let piece = davy_diag::Piece { out: 0..text.len(), from: node.span, calls: Vec::new() };
        let length = text.len();
        let file = self.sources.add_derived(name, text, vec![piece]);
        Some(file.span(0..length))
    }
}

/// The key under which a value stands, by itself or in a list.
fn key_of<'n>(under: &'n Node, wanted: &Node, key: Option<&'n str>) -> Option<&'n str> {
    if std::ptr::eq(under, wanted) {
        return key;
    }
    match &under.value {
        Value::List(items) => items.iter().find_map(|item| key_of(item, wanted, key)),
        Value::Map(entries) => {
            entries.iter().find_map(|(key, node)| key_of(node, wanted, Some(&key.value)))
        }
        _ => None,
    }
}

/// The entries of a map.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Keys<'n> {
    entries: &'n [(Spanned<String>, Node)],
    span: Span,
}

impl<'n> Keys<'n> {
    pub(crate) fn get(&self, key: &str) -> Option<&'n Node> {
        self.entries.iter().find(|(k, _)| k.value == key).map(|(_, node)| node)
    }

    pub(crate) fn need(&self, key: &str, reader: &mut Reader<'_>) -> Option<&'n Node> {
        let found = self.get(key);
        if found.is_none() {
            reader.diags.push(codes::MISSING_KEY.at(self.span, format!("`{key}` is missing here")));
        }
        found
    }
}
