//! JSON and XML by paths, as `spath` reads both. Search Reference, spath.

use crate::extract::Found;
use crate::json::Json;
use crate::json_path::{JsonPath, flatten};
use crate::markup::Tree;
use davy_events::mv;
use std::borrow::Cow;

/// A path that leads into JSON or into XML, whichever the text is.
#[derive(Debug)]
pub(crate) struct Path {
    json: JsonPath,
    xml: Vec<Step>,
}

/// One step into XML: elements of a name, and perhaps one of them or an attribute.
#[derive(Debug)]
struct Step {
    name: String,
    /// From 1 on.
    index: Option<usize>,
    attribute: Option<String>,
}

impl Path {
    pub(crate) fn new(text: &str) -> Path {
        let step = |part: &str| {
            let mut step = Step { name: part.to_owned(), index: None, attribute: None };
            while let Some((name, inside)) =
                step.name.strip_suffix('}').and_then(|n| n.rsplit_once('{'))
            {
                match inside.strip_prefix('@') {
                    Some(attribute) => step.attribute = Some(attribute.to_owned()),
                    None => step.index = inside.parse().ok(),
                }
                step.name = name.to_owned();
            }
            step
        };
        Path { json: JsonPath::new(text), xml: text.split('.').map(step).collect() }
    }

    /// The values that the path leads to.
    pub(crate) fn find(&self, text: &str) -> Vec<String> {
        if let Some(json) = Json::parse_nested(text) {
            return self.json.find(&json).iter().map(|j| j.field_text().into_owned()).collect();
        }
        match text.trim_start().starts_with('<') {
            true => self.find_xml(text),
            false => Vec::new(),
        }
    }

    fn find_xml(&self, text: &str) -> Vec<String> {
        let tree = Tree::parse(text);
        let mut groups: Vec<&[usize]> = vec![&tree.roots];
        let mut found: Vec<usize> = Vec::new();
        let mut attribute = None;
        for step in &self.xml {
            found.clear();
            for group in &groups {
                let named = group
                    .iter()
                    .copied()
                    .filter(|n| tree.node(*n).is_some_and(|n| n.name == step.name));
                match step.index {
                    Some(index) => found.extend(named.skip(index.saturating_sub(1)).take(1)),
                    None => found.extend(named),
                }
            }
            groups =
                found.iter().filter_map(|n| Some(tree.node(*n)?.children.as_slice())).collect();
            attribute = step.attribute.as_deref();
        }
        let nodes = found.iter().filter_map(|n| tree.node(*n));
        let values: Vec<String> = match attribute {
            Some(name) => nodes.filter_map(|n| n.attribute(name).map(str::to_owned)).collect(),
            None => nodes.map(|n| n.value()).filter(|v| !v.is_empty()).collect(),
        };
        // An entity could forge a field of several values.
        values.into_iter().map(|v| mv::clean(Cow::Owned(v)).into_owned()).collect()
    }
}

/// Every value in the text, or in what stands before the byte `cut`.
pub(crate) fn all(text: &str, cut: Option<usize>, found: &mut Found) {
    let head = cut.and_then(|at| text.get(..at)).unwrap_or(text);
    let start = head.trim_start();
    if start.starts_with('<') {
        return xml(head, cut.is_some(), found);
    }
    if !start.starts_with(['{', '[']) {
        return;
    }
    let head = match cut {
        Some(_) => Cow::Owned(closed(head)),
        None => Cow::Borrowed(head),
    };
    let Some(json) = Json::parse(&head) else { return };
    for (name, values) in flatten(&json) {
        values.iter().for_each(|v| found.add(&name, v));
    }
}

/// JSON that was cut, without the value in which it was, and with its brackets closed.
fn closed(text: &str) -> String {
    let mut open: Vec<char> = Vec::new();
    let mut safe = (0, Vec::new());
    let mut quoted = false;
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        if quoted {
            match c {
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                '"' => quoted = false,
                _ => {}
            }
            continue;
        }
        match c {
            '"' => quoted = true,
            '{' | '[' => {
                open.push(if c == '{' { '}' } else { ']' });
                safe = (at + 1, open.clone());
            }
            '}' | ']' => {
                open.pop();
                safe = (at + 1, open.clone());
            }
            ',' => safe = (at, open.clone()),
            _ => {}
        }
    }
    let (at, open) = safe;
    let mut out = text.get(..at).unwrap_or_default().to_owned();
    out.extend(open.into_iter().rev());
    out
}

fn xml(text: &str, cut: bool, found: &mut Found) {
    // A tag that was cut is not one; the text before it may be.
    let text = match text.rfind('<').filter(|_| cut) {
        Some(at) if !text.get(at..).unwrap_or_default().contains('>') => {
            text.get(..at).unwrap_or_default()
        }
        _ => text,
    };
    let tree = Tree::parse(text);
    let mut names: Vec<String> = Vec::with_capacity(tree.nodes.len());
    for node in &tree.nodes {
        let name = match node.parent.and_then(|p| names.get(p)) {
            Some(parent) => format!("{parent}.{}", node.name),
            None => node.name.to_owned(),
        };
        for (attribute, value) in &node.attributes {
            found.add(&format!("{name}{{@{attribute}}}"), value);
        }
        let value = node.text.trim();
        if !value.is_empty() {
            found.add(&name, value);
        }
        names.push(name);
    }
}
