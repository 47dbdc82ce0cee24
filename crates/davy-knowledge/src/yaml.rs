//! A YAML file as a tree whose every key and value knows its place.

use crate::codes;
use davy_diag::{Diagnostic, Diagnostics, FileId, SourceMap, Span, Spanned, closest};
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use std::fmt;
use std::ops::Range;

#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub(crate) value: Value,
    pub(crate) span: Span,
}

#[derive(Debug, Clone)]
pub(crate) enum Value {
    Null,
    Bool(bool),
    /// Numbers too: add-ons know only text.
    Text(String),
    List(Vec<Node>),
    Map(Vec<(Spanned<String>, Node)>),
}

/// The tree of a file, or a diagnostic and nothing.
pub(crate) fn parse(file: FileId, text: &str, diags: &mut Diagnostics) -> Option<Node> {
    match serde_saphyr::from_str::<serde_saphyr::Spanned<Raw>>(text) {
        Ok(raw) => Some(raw.value.place(range(&raw.defined), file)),
        Err(error) => {
            diags.push(diagnose(file, text, &error));
            None
        }
    }
}

fn diagnose(file: FileId, text: &str, error: &serde_saphyr::Error) -> Diagnostic {
    let at = error.location().map_or(0, |l| {
        let line = usize::try_from(l.line()).unwrap_or(1).saturating_sub(1);
        text.split_inclusive('\n').take(line).map(str::len).sum()
    });
    let said = error.to_string();
    let said = said.lines().next().unwrap_or_default();
    codes::YAML
        .at(file.span(at..at + 1), format!("this YAML cannot be read: {said}"))
        .help("quote a text that holds `: `, ` #`, or begins with one of ` @ % * & ! [ {")
}

fn range(location: &serde_saphyr::Location) -> Range<usize> {
    let span = location.span();
    let start = span.byte_offset().unwrap_or_default() as usize;
    start..start + span.byte_len().unwrap_or_default() as usize
}

/// Reads values out of nodes and tells what does not fit.
pub(crate) struct Reader<'a> {
    pub(crate) sources: &'a mut SourceMap,
    pub(crate) diags: &'a mut Diagnostics,
}

impl Reader<'_> {
    fn wrong<T>(&mut self, node: &Node, wanted: &str) -> Option<T> {
        self.diags.push(codes::WRONG_TYPE.at(node.span, format!("{wanted} is needed here")));
        None
    }

    pub(crate) fn text(&mut self, node: &Node) -> Option<String> {
        match &node.value {
            Value::Text(text) => Some(text.clone()),
            Value::Bool(b) => Some(b.to_string()),
            _ => self.wrong(node, "a text"),
        }
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

/// A value as the parser gives it; places are put in afterwards.
enum Raw {
    Leaf(Value),
    List(Vec<serde_saphyr::Spanned<Raw>>),
    Map(Vec<(serde_saphyr::Spanned<String>, serde_saphyr::Spanned<Raw>)>),
}

impl Raw {
    fn place(self, at: Range<usize>, file: FileId) -> Node {
        let mut span = file.span(at);
        let value = match self {
            Raw::Leaf(value) => value,
            Raw::List(items) => Value::List(
                items.into_iter().map(|i| i.value.place(range(&i.referenced), file)).collect(),
            ),
            Raw::Map(entries) => {
                let entries: Vec<(Spanned<String>, Node)> = entries
                    .into_iter()
                    .map(|(k, v)| {
                        let key = Spanned::new(k.value, file.span(range(&k.referenced)));
                        (key, v.value.place(range(&v.referenced), file))
                    })
                    .collect();
                // A map is shown by its first key: underlining all of it would help nobody.
                if let Some((key, _)) = entries.first() {
                    span = key.span;
                }
                Value::Map(entries)
            }
        };
        Node { value, span }
    }
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RawVisitor)
    }
}

struct RawVisitor;

impl<'de> Visitor<'de> for RawVisitor {
    type Value = Raw;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a YAML value")
    }

    fn visit_bool<E>(self, v: bool) -> Result<Raw, E> {
        Ok(Raw::Leaf(Value::Bool(v)))
    }

    fn visit_i64<E>(self, v: i64) -> Result<Raw, E> {
        Ok(Raw::Leaf(Value::Text(v.to_string())))
    }

    fn visit_u64<E>(self, v: u64) -> Result<Raw, E> {
        Ok(Raw::Leaf(Value::Text(v.to_string())))
    }

    fn visit_f64<E>(self, v: f64) -> Result<Raw, E> {
        Ok(Raw::Leaf(Value::Text(v.to_string())))
    }

    fn visit_str<E>(self, v: &str) -> Result<Raw, E> {
        Ok(Raw::Leaf(Value::Text(v.to_owned())))
    }

    fn visit_unit<E>(self) -> Result<Raw, E> {
        Ok(Raw::Leaf(Value::Null))
    }

    fn visit_none<E>(self) -> Result<Raw, E> {
        Ok(Raw::Leaf(Value::Null))
    }

    fn visit_some<D: Deserializer<'de>>(self, d: D) -> Result<Raw, D::Error> {
        Raw::deserialize(d)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Raw, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok(Raw::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Raw, A::Error> {
        let mut entries = Vec::new();
        while let Some(key) = map.next_key()? {
            entries.push((key, map.next_value()?));
        }
        Ok(Raw::Map(entries))
    }
}
