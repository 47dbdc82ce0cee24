//! What is done with the records of one pair of templates: which value goes to which column.
//!
//! A plan is made once for a template, its provider, channel and event id; a record then costs
//! what its wanted fields cost.

use crate::evtx::render::Filled;
use crate::evtx::template::{Element, Node};
use crate::evtx::value::{self, Escape, Value};
use crate::rows::{Rows, Run, Seek, SlotId, Target};
use crate::shape::Kind;
use crate::xml::event::ALIASES;
use crate::xml::shaper::windows_shape;
use std::rc::Rc;

/// A template inside another, at one of its values.
#[derive(Debug, Clone)]
pub(crate) struct Inner {
    pub(crate) index: u16,
    pub(crate) nodes: Rc<Vec<Node>>,
}

pub(crate) struct Plan {
    pub(crate) slot: SlotId,
    fields: Vec<(Target, Source)>,
    raw: Option<Target>,
    /// What is left out where no needle stands in the chunk.
    pub(crate) seek: Option<Seek>,
    /// Where the time is, among the outer values.
    time: Option<u16>,
    /// Values that may be arrays, outer and inner; any other array needs the long way.
    arrays: [Vec<u16>; 2],
}

/// A place in the templates, as found by walking them.
struct Place<'a> {
    /// 0 for the outer template, 1 for the inner one.
    level: usize,
    nodes: &'a [Node],
    escape: Escape,
    dependencies: Vec<(usize, u16)>,
}

struct Source {
    level: usize,
    nodes: Vec<Node>,
    escape: Escape,
    dependencies: Vec<(usize, u16)>,
    /// A value that is an array gives one value an item.
    array: Option<u16>,
}

/// The fields of a template, or `None` if a field's name depends on the record.
struct Walk<'a> {
    fields: Vec<(String, Place<'a>)>,
    inner: Option<&'a Inner>,
    /// The inner template was met.
    used: bool,
    arrays: [Vec<u16>; 2],
}

/// The three values that tell kinds of events apart, and the time.
#[derive(Debug, Default, Clone)]
pub(crate) struct Identity {
    pub(crate) provider: Vec<Node>,
    pub(crate) channel: Vec<Node>,
    pub(crate) event_id: Vec<Node>,
    time: Vec<Node>,
}

pub(crate) fn identity(nodes: &[Node]) -> Option<Identity> {
    let system = child(&event(nodes)?.children, "System")?;
    let text = |name: &str| child(&system.children, name).map(|e| e.children.clone());
    let attribute = |name: &str, attribute: &str| {
        let element = child(&system.children, name)?;
        element.attributes.iter().find(|(known, _)| known == attribute).map(|(_, n)| n.clone())
    };
    Some(Identity {
        provider: attribute("Provider", "Name").unwrap_or_default(),
        channel: text("Channel").unwrap_or_default(),
        event_id: text("EventID").unwrap_or_default(),
        time: attribute("TimeCreated", "SystemTime").unwrap_or_default(),
    })
}

fn event(nodes: &[Node]) -> Option<&Element> {
    nodes.iter().find_map(|node| match node {
        Node::Element(element) if element.name == "Event" => Some(element),
        _ => None,
    })
}

fn child<'a>(nodes: &'a [Node], name: &str) -> Option<&'a Element> {
    nodes.iter().find_map(|node| match node {
        Node::Element(element) if element.name == name => Some(element),
        _ => None,
    })
}

impl Plan {
    /// `None` if records of this kind must go the long way, through their XML.
    pub(crate) fn new(
        run: &mut Run<'_>,
        outer: &[Node],
        inner: Option<&Inner>,
        identity: &Identity,
        texts: [&str; 3],
    ) -> Option<Self> {
        let mut walk = Walk { fields: Vec::new(), inner, used: false, arrays: Default::default() };
        walk.event(event(outer)?)?;
        if inner.is_some() && !walk.used {
            return None;
        }
        let names: Vec<&str> = walk.fields.iter().map(|(name, _)| name.as_str()).collect();
        let slot = run.slot(windows_shape(run.meta, Kind::Evtx, texts, &names, true));
        let time = match identity.time.as_slice() {
            [Node::Value(index)] => Some(*index),
            _ => None,
        };
        let arrays = walk.arrays;
        let decode = run.options.decode_entities;
        let mut plan = Self { slot, fields: Vec::new(), raw: None, seek: None, time, arrays };
        let Some(rows) = run.rows(slot) else { return Some(plan) };
        plan.raw = rows.target("_raw");
        // A word may come about where a text and a value meet.
        if !mixed(outer) && !inner.is_some_and(|inner| mixed(&inner.nodes)) {
            let nodes = outer.iter().chain(inner.iter().flat_map(|inner| inner.nodes.iter()));
            let mut text = String::new();
            nodes.for_each(|node| fixed(node, &mut text));
            // One in the text of all such records tells none of them.
            let seek = rows.seek.as_ref();
            plan.seek = seek.filter(|seek| !seek.needles.stand_in(text.as_bytes())).cloned();
        }
        for (name, place) in walk.fields {
            if let Some(target) = rows.target(&name) {
                let array = match place.nodes {
                    [Node::Value(index)] if place.escape == Escape::Text => Some(*index),
                    _ => None,
                };
                // Only a field of one value or text has no markup of its own to keep.
                let plain =
                    decode && !name.ends_with("_Xml") && !place.nodes.iter().any(is_element);
                plan.fields.push((
                    target,
                    Source {
                        level: place.level,
                        nodes: place.nodes.to_vec(),
                        escape: if plain { Escape::None } else { place.escape },
                        dependencies: place.dependencies,
                        array,
                    },
                ));
            }
        }
        Some(plan)
    }

    /// Whether the values of a record are of kinds that the plan was made for.
    pub(crate) fn fits(&self, outer: &[Value], inner: &[Value]) -> bool {
        [outer, inner].into_iter().zip(&self.arrays).all(|(values, arrays)| {
            values.iter().enumerate().all(|(at, value)| {
                !value.is_array() || arrays.iter().any(|index| usize::from(*index) == at)
            })
        }) && inner.iter().all(|value| value.kind != value::BINXML || value.len == 0)
    }

    /// `raw`: the text is wanted too, if any text is.
    pub(crate) fn fill(&self, rows: &mut Rows, levels: [Filled<'_>; 2], raw: bool) {
        if let Some(raw) = self.raw.as_ref().filter(|_| raw) {
            let [outer, _] = levels;
            rows.write_to(raw, |out| outer.chunk.write_record(out));
        }
        for (target, source) in &self.fields {
            source.fill(rows, target, levels);
        }
    }

    pub(crate) fn ticks(&self, outer: Filled<'_>, written: u64) -> u64 {
        let own = self.time.and_then(|index| outer.value(index).filetime(outer.chunk.data));
        own.unwrap_or(written)
    }
}

/// Whether anything in a template is put together of several texts and values.
fn mixed(nodes: &[Node]) -> bool {
    nodes.iter().filter(|node| !is_element(node)).count() > 1
        || nodes.iter().any(|node| match node {
            Node::Element(element) => {
                mixed(&element.children) || element.attributes.iter().any(|(_, nodes)| mixed(nodes))
            }
            _ => false,
        })
}

/// The names and texts of a template, each by itself.
fn fixed(node: &Node, out: &mut String) {
    match node {
        Node::Text(text) => out.push_str(text),
        Node::Element(element) => {
            out.push_str(&element.name);
            for (name, nodes) in &element.attributes {
                out.push(' ');
                out.push_str(name);
                out.push(' ');
                nodes.iter().for_each(|node| fixed(node, out));
            }
            out.push(' ');
            element.children.iter().for_each(|node| fixed(node, out));
        }
        Node::Value(_) => {}
    }
    out.push(' ');
}

fn is_element(node: &Node) -> bool {
    matches!(node, Node::Element(_))
}

impl Source {
    fn fill(&self, rows: &mut Rows, target: &Target, levels: [Filled<'_>; 2]) {
        let [outer, inner] = levels;
        let at = |level: usize| if level == 0 { outer } else { inner };
        if self.dependencies.iter().any(|(level, index)| at(*level).hides(Some(*index))) {
            return;
        }
        let filled = at(self.level);
        if let Some(value) = self.array.map(|index| filled.value(index)).filter(Value::is_array) {
            for item in value::items(value, filled.chunk.data) {
                let kind = value.kind & !value::ARRAY;
                rows.write_to(target, |out| value::scalar(kind, item, self.escape, out));
            }
            return;
        }
        match self.nodes.as_slice() {
            [Node::Value(index)] => {
                let value = filled.value(*index);
                if !value.is_null() {
                    rows.write_to(target, |out| {
                        value::write(value, filled.chunk.data, self.escape, out);
                    });
                }
            }
            nodes => rows.write_to(target, |out| filled.behind(out).nodes(nodes, self.escape, out)),
        }
    }
}

impl<'a> Walk<'a> {
    fn add(&mut self, name: &str, place: Place<'a>) {
        self.fields.push((name.to_owned(), place));
    }

    fn event(&mut self, event: &'a Element) -> Option<()> {
        for node in &event.children {
            match node {
                Node::Element(block) => self.block(0, block, Vec::new())?,
                Node::Value(index) => {
                    let Some(inner) = self.inner.filter(|inner| inner.index == *index) else {
                        continue;
                    };
                    self.used = true;
                    for node in inner.nodes.iter() {
                        match node {
                            Node::Element(block) => self.block(1, block, Vec::new())?,
                            Node::Value(_) => return None,
                            Node::Text(_) => {}
                        }
                    }
                }
                Node::Text(_) => {}
            }
        }
        Some(())
    }

    fn block(
        &mut self,
        level: usize,
        block: &'a Element,
        mut dependencies: Vec<(usize, u16)>,
    ) -> Option<()> {
        dependencies.extend(block.dependency.map(|index| (level, index)));
        // All that the block holds may be one value that is a template of its own.
        let (level, children) = match (block.children.as_slice(), self.inner) {
            ([Node::Value(index)], Some(inner)) if level == 0 && inner.index == *index => {
                self.used = true;
                (1, inner.nodes.as_slice())
            }
            (children, _) => (level, children),
        };
        let whole = |dependencies: &Vec<(usize, u16)>| Place {
            level,
            nodes: children,
            escape: Escape::Text,
            dependencies: dependencies.clone(),
        };
        match block.name.as_str() {
            "System" => {
                self.system(level, children, &dependencies)?;
                self.add("System_Props_Xml", whole(&dependencies));
            }
            "EventData" => {
                self.data(level, children, &dependencies)?;
                self.add("EventData_Xml", whole(&dependencies));
            }
            "UserData" => {
                self.cleared(level, children, &dependencies)?;
                self.add("UserData_Xml", whole(&dependencies));
            }
            "DebugData" => self.add("DebugData_Xml", whole(&dependencies)),
            "RenderingInfo" => return None,
            _ => {}
        }
        Some(())
    }

    fn system(&mut self, level: usize, system: &'a [Node], above: &[(usize, u16)]) -> Option<()> {
        for node in system {
            let Node::Element(element) = node else { return None };
            let mut dependencies = above.to_vec();
            dependencies.extend(element.dependency.map(|index| (level, index)));
            for (name, nodes) in &element.attributes {
                if !name.starts_with("xmlns") {
                    let dependencies = dependencies.clone();
                    self.add(name, Place { level, nodes, escape: Escape::Attribute, dependencies });
                }
            }
            if element.children.iter().any(is_element) {
                return None;
            }
            if element.children.is_empty() {
                continue;
            }
            let alias = ALIASES.iter().find(|(known, _)| *known == element.name);
            let host = (element.name == "Computer").then_some("host");
            for name in [Some(element.name.as_str()), alias.map(|(_, alias)| *alias), host] {
                let (nodes, dependencies) = (&element.children, dependencies.clone());
                if let Some(name) = name {
                    self.add(name, Place { level, nodes, escape: Escape::Text, dependencies });
                }
            }
        }
        Some(())
    }

    fn data(&mut self, level: usize, block: &'a [Node], above: &[(usize, u16)]) -> Option<()> {
        for node in block {
            let Node::Element(element) = node else { return None };
            let named = element.attributes.iter().find(|(name, _)| name == "Name");
            let name = match named.map(|(_, nodes)| nodes.as_slice()) {
                None => element.name.as_str(),
                Some([Node::Text(name)]) => name.as_str(),
                Some(_) => return None,
            };
            if let [Node::Value(index)] = element.children.as_slice()
                && let Some(list) = self.arrays.get_mut(level)
            {
                list.push(*index);
            }
            let mut dependencies = above.to_vec();
            dependencies.extend(element.dependency.map(|index| (level, index)));
            let nodes = &element.children;
            self.add(name, Place { level, nodes, escape: Escape::Text, dependencies });
        }
        Some(())
    }

    /// The one kind of UserData that fields are taken from: that the log was cleared.
    fn cleared(&mut self, level: usize, block: &'a [Node], above: &[(usize, u16)]) -> Option<()> {
        let Some(element) = child(block, "LogFileCleared") else { return Some(()) };
        let mut dependencies = above.to_vec();
        dependencies.extend(element.dependency.map(|index| (level, index)));
        self.data(level, &element.children, &dependencies)?;
        let nodes = &element.children;
        self.add("LogFileCleared_Xml", Place { level, nodes, escape: Escape::Text, dependencies });
        Some(())
    }
}
