//! The part of XPath that Splunk's `xpath` knows: paths, `//`, `*`, `..`, `@attribute`, `text()`
//! and conditions in brackets. Search Reference, xpath; Python's ElementTree.

use crate::markup::{Node, Tree};

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct XPath {
    steps: Vec<Step>,
    /// What is taken of the elements that are found.
    take: Take,
}

#[derive(Debug, Clone, PartialEq)]
enum Take {
    Value,
    Text,
    Attribute(String),
}

#[derive(Debug, Clone, PartialEq)]
struct Step {
    /// Elements at any depth.
    deep: bool,
    axis: Axis,
    conditions: Vec<Condition>,
}

#[derive(Debug, Clone, PartialEq)]
enum Axis {
    Named(String),
    Any,
    Here,
    Parent,
}

#[derive(Debug, Clone, PartialEq)]
enum Condition {
    Attribute(String, Option<String>),
    Child(String, Option<String>),
    Text(String),
    /// From 1 on.
    Position(usize),
    Last,
}

impl XPath {
    pub(crate) fn new(text: &str) -> Result<XPath, String> {
        let mut steps = Vec::new();
        let mut take = Take::Value;
        let mut rest = text.trim();
        let mut deep = false;
        if let Some(tail) = rest.strip_prefix("//") {
            deep = true;
            rest = tail;
        } else if let Some(tail) = rest.strip_prefix('/') {
            rest = tail;
        }
        if rest.is_empty() {
            return Err("a path such as `//user/@name` is needed".to_owned());
        }
        loop {
            let len = step_len(rest).ok_or("a `]` is missing in the path")?;
            let part = rest.get(..len).unwrap_or_default();
            let after = rest.get(len..).unwrap_or_default();
            match part.strip_prefix('@') {
                Some(name) if after.is_empty() => {
                    take = Take::Attribute(name.to_owned());
                    // `//@name` asks all elements.
                    if deep {
                        steps.push(Step { deep, axis: Axis::Any, conditions: Vec::new() });
                    }
                }
                _ if part == "text()" && after.is_empty() => take = Take::Text,
                _ => steps.push(step(part, deep)?),
            }
            rest = match (after.strip_prefix("//"), after.strip_prefix('/')) {
                (Some(tail), _) => {
                    deep = true;
                    tail
                }
                (None, Some(tail)) => {
                    deep = false;
                    tail
                }
                (None, None) => break,
            };
            if rest.is_empty() {
                return Err("the path ends in `/`".to_owned());
            }
        }
        Ok(XPath { steps, take })
    }

    /// The values that the path leads to.
    pub(crate) fn find(&self, text: &str) -> Vec<String> {
        let tree = Tree::parse(text);
        // The document stands above the roots.
        let mut found: Vec<Option<usize>> = vec![None];
        for step in &self.steps {
            let mut next: Vec<Option<usize>> = Vec::new();
            for place in &found {
                for hit in step.apply(&tree, *place) {
                    if !next.contains(&hit) {
                        next.push(hit);
                    }
                }
            }
            found = next;
        }
        let nodes = found.into_iter().flatten().filter_map(|n| tree.node(n));
        match &self.take {
            Take::Attribute(name) => {
                nodes.filter_map(|n| n.attribute(name).map(str::to_owned)).collect()
            }
            Take::Text => {
                nodes.map(|n| n.text.trim().to_owned()).filter(|t| !t.is_empty()).collect()
            }
            Take::Value => nodes.map(Node::value).filter(|v| !v.is_empty()).collect(),
        }
    }
}

/// The length of the step at the start: to the next `/` outside of brackets.
fn step_len(text: &str) -> Option<usize> {
    let mut depth = 0usize;
    let mut quote = None;
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (Some(q), c) if q == c => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(c),
            (None, '[') => depth += 1,
            (None, ']') => depth = depth.checked_sub(1)?,
            (None, '/') if depth == 0 => return Some(at),
            _ => {}
        }
    }
    (depth == 0 && quote.is_none()).then_some(text.len())
}

fn step(part: &str, deep: bool) -> Result<Step, String> {
    let (name, mut rest) = match part.find('[') {
        Some(at) => part.split_at(at),
        None => (part, ""),
    };
    let axis = match name.trim() {
        "*" => Axis::Any,
        "." => Axis::Here,
        ".." => Axis::Parent,
        name if !name.is_empty() && !name.contains(['(', ':', '@', '=']) => {
            Axis::Named(name.to_owned())
        }
        other => return Err(format!("`{other}` cannot stand in a path here")),
    };
    let mut conditions = Vec::new();
    while let Some(tail) = rest.strip_prefix('[') {
        let len = bracket(tail).ok_or("a `]` is missing in the path")?;
        conditions.push(condition(tail.get(..len).unwrap_or_default())?);
        rest = tail.get(len + 1..).unwrap_or_default();
    }
    Ok(Step { deep, axis, conditions })
}

fn bracket(text: &str) -> Option<usize> {
    let mut quote = None;
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (Some(q), c) if q == c => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(c),
            (None, ']') => return Some(at),
            _ => {}
        }
    }
    None
}

fn condition(text: &str) -> Result<Condition, String> {
    let text = text.trim();
    if text == "last()" {
        return Ok(Condition::Last);
    }
    if let Ok(position) = text.parse::<usize>() {
        return Ok(Condition::Position(position));
    }
    let (name, value) = match text.split_once('=') {
        Some((name, value)) => {
            let value = value.trim();
            let inner = ['\'', '"']
                .into_iter()
                .find_map(|q| value.strip_prefix(q).and_then(|v| v.strip_suffix(q)));
            match inner {
                Some(inner) => (name.trim(), Some(inner.to_owned())),
                None => return Err(format!("the value in `[{text}]` needs quotes")),
            }
        }
        None => (text, None),
    };
    Ok(match (name.strip_prefix('@'), value) {
        (Some(attribute), value) => Condition::Attribute(attribute.to_owned(), value),
        (None, Some(value)) if name == "." || name == "text()" => Condition::Text(value),
        (None, _) if name.is_empty() || name.contains(['(', '/', '<', '>']) => {
            return Err(format!("`[{text}]` is a condition that is not known here"));
        }
        (None, value) => Condition::Child(name.to_owned(), value),
    })
}

impl Step {
    fn apply(&self, tree: &Tree<'_>, from: Option<usize>) -> Vec<Option<usize>> {
        match self.axis {
            Axis::Here if !self.deep => return vec![from],
            Axis::Parent => return vec![from.and_then(|n| tree.node(n)?.parent)],
            _ => {}
        }
        // Conditions on the position count among the elements of one parent.
        let mut parents = vec![from];
        if self.deep {
            descendants(tree, from, &mut parents);
        }
        let mut out = Vec::new();
        for parent in parents {
            let children = children(tree, parent);
            let mut fits: Vec<usize> =
                children.iter().copied().filter(|n| self.named(tree, *n)).collect();
            for condition in &self.conditions {
                let count = fits.len();
                let mut position = 0;
                fits.retain(|n| {
                    position += 1;
                    condition.holds(tree, *n, position, count)
                });
            }
            out.extend(fits.into_iter().map(Some));
        }
        out
    }

    fn named(&self, tree: &Tree<'_>, node: usize) -> bool {
        match &self.axis {
            Axis::Named(name) => tree.node(node).is_some_and(|n| n.name == name),
            _ => true,
        }
    }
}

fn children<'t>(tree: &'t Tree<'_>, of: Option<usize>) -> &'t [usize] {
    match of {
        None => &tree.roots,
        Some(node) => tree.node(node).map_or(&[], |n| n.children.as_slice()),
    }
}

/// Every element below, in the order of the text.
fn descendants(tree: &Tree<'_>, from: Option<usize>, out: &mut Vec<Option<usize>>) {
    let mut open: Vec<usize> = children(tree, from).iter().rev().copied().collect();
    while let Some(node) = open.pop() {
        out.push(Some(node));
        open.extend(children(tree, Some(node)).iter().rev());
    }
}

impl Condition {
    fn holds(&self, tree: &Tree<'_>, node: usize, position: usize, count: usize) -> bool {
        let Some(element) = tree.node(node) else { return false };
        match self {
            Condition::Position(wanted) => position == *wanted,
            Condition::Last => position == count,
            Condition::Text(wanted) => element.text.trim() == wanted,
            Condition::Attribute(name, wanted) => match (element.attribute(name), wanted) {
                (Some(value), Some(wanted)) => value == wanted,
                (found, None) => found.is_some(),
                (None, Some(_)) => false,
            },
            Condition::Child(name, wanted) => element
                .children
                .iter()
                .filter_map(|c| tree.node(*c))
                .filter(|c| c.name == name)
                .any(|c| wanted.as_ref().is_none_or(|w| c.text.trim() == w)),
        }
    }
}
