//! How each field of one kind of event comes about, followed back to what is decoded. Only what is
//! asked for is looked at, and once.

use super::compile;
use super::dataset::OfDataset;
use super::known::{Facts, Told};
use super::made::{Definitions, Fast, Made, Of};
use super::node::{Node, NodeId, Truth};
use super::open::{Frame, Lookup, Open};
use super::run::Run;
use super::types::Types;
use davy_events::Shape;
use davy_knowledge::{Base, Given};
use davy_plan::{DatasetRef, SearchCondition, Typed, Val, specialise};
use davy_spl::ast::SearchExpr;
use std::sync::Arc;

/// Where a name is looked up.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Scope<'s> {
    /// Among the definitions of an add-on before this one.
    Event(usize),
    /// Among the fields of a dataset, calculated ones before this one.
    Dataset(&'s DatasetRef, usize),
}

impl<'s> Scope<'s> {
    /// A dataset with all of its fields, or the event with all definitions.
    pub(crate) fn of(dataset: Option<&'s DatasetRef>) -> Scope<'s> {
        dataset.map_or(ALL, |dataset| Scope::Dataset(dataset, usize::MAX))
    }
}

fn is_tag(name: &str) -> bool {
    name == "tag" || name.starts_with("tag::")
}

/// After all definitions.
pub(crate) const ALL: Scope<'static> = Scope::Event(usize::MAX);

/// What a name comes to, by the definition that gives it. Most names have one.
#[derive(Debug, Default)]
enum Values {
    #[default]
    None,
    One(usize, NodeId),
    Several(Vec<(usize, NodeId)>),
}

impl Values {
    fn get(&self, at: usize) -> Option<NodeId> {
        match self {
            Values::One(of, id) if *of == at => Some(*id),
            Values::Several(list) => list.iter().find(|(of, _)| *of == at).map(|(_, id)| *id),
            _ => None,
        }
    }

    fn put(&mut self, at: usize, id: NodeId) {
        match self {
            Values::None => *self = Values::One(at, id),
            Values::One(of, first) => {
                *self = Values::Several(vec![(*of, *first), (at, id)]);
            }
            Values::Several(list) => list.push((at, id)),
        }
    }

    fn forget(&mut self, at: usize) {
        match self {
            Values::One(of, _) if *of == at => *self = Values::None,
            Values::Several(list) => list.retain(|(of, _)| *of != at),
            _ => {}
        }
    }
}

pub(crate) struct Graph {
    pub(super) base: Arc<Base>,
    pub(super) made: Arc<Made>,
    shape: Shape,
    own: Arc<Definitions>,
    nodes: Vec<Arc<Node>>,
    memo: Fast<Arc<str>, Values>,
    /// Names that were asked of the shape and that no event of it holds.
    ahead: Vec<Arc<str>>,
    pub(super) open: Open,
    guards: Fast<usize, Truth>,
    pub(super) server: Option<Arc<Run>>,
    pub(super) stamped: Option<Arc<Run>>,
    pub(super) types: Option<Types>,
    /// Fields of the event that are called `tag` or `eventtype` are not looked at.
    pub(super) only_types: bool,
    pub(super) datasets: Fast<DatasetRef, OfDataset>,
    pub(super) dataset_truth: Fast<DatasetRef, Truth>,
    /// What could not be compiled.
    pub(crate) problems: Vec<(davy_diag::Span, String)>,
}

impl Graph {
    pub(crate) fn new(made: &Arc<Made>, shape: Shape) -> Graph {
        let constant = |name: &str| shape.constant(name).unwrap_or_default();
        let own = made.definitions(constant("sourcetype"), constant("source"));
        Graph {
            base: made.base.clone(),
            made: made.clone(),
            shape,
            own,
            nodes: vec![Arc::new(Node::Absent)],
            memo: Fast::default(),
            ahead: Vec::new(),
            open: Open::default(),
            guards: Fast::default(),
            server: None,
            stamped: None,
            types: None,
            only_types: false,
            datasets: Fast::default(),
            dataset_truth: Fast::default(),
            problems: Vec::new(),
        }
    }

    pub(crate) fn node(&self, id: NodeId) -> Arc<Node> {
        self.nodes.get(id).cloned().unwrap_or_else(|| Arc::new(Node::Absent))
    }

    /// All nodes that there are by now, by number.
    pub(crate) fn nodes(&self) -> &[Arc<Node>] {
        &self.nodes
    }

    /// The names of which it was asked whether events hold them. Whatever else the events of two
    /// shapes hold: where they agree in these and in what is constant, they have the same nodes.
    pub(crate) fn asked(&self) -> Vec<Arc<str>> {
        let decoded = self.memo.iter().filter(|(_, values)| values.get(usize::MAX).is_some());
        decoded.map(|(name, _)| name).chain(&self.ahead).cloned().collect()
    }

    pub(crate) fn shape(&self) -> &Shape {
        &self.shape
    }

    /// The names that definitions may give, but for those that depend on the event.
    pub(crate) fn defined(&self) -> Vec<Arc<str>> {
        let mut names: Vec<Arc<str>> = self.own.by_name.keys().cloned().collect();
        names.sort();
        names
    }

    /// The runs that give names as they come, each with its condition.
    pub(crate) fn dynamic_runs(&mut self) -> Vec<(Truth, Arc<Run>, Vec<NodeId>)> {
        let mut out = Vec::new();
        for at in self.own.dynamic.clone() {
            let truth = self.guard(at);
            if truth != Truth::Never
                && let Some((run, inputs)) = self.run(at)
            {
                out.push((truth, run, inputs));
            }
        }
        out
    }

    pub(super) fn add(&mut self, node: Node) -> NodeId {
        if matches!(node, Node::Absent) {
            return 0;
        }
        self.nodes.push(Arc::new(node));
        self.nodes.len() - 1
    }

    /// The value of a name.
    pub(crate) fn value(&mut self, name: &str, scope: Scope<'_>) -> NodeId {
        match scope {
            Scope::Dataset(dataset, before) => self.dataset_value(dataset, name, before),
            Scope::Event(before) => match name == "eventtype" || is_tag(name) {
                true => self.type_values(name, before),
                false => self.event_value(name, before),
            },
        }
    }

    /// A value by the definitions before one of them.
    pub(super) fn event_value(&mut self, name: &str, before: usize) -> NodeId {
        let named = self.own.by_name.get(name).map_or(&[][..], Vec::as_slice);
        let dynamic = if name.starts_with('_') { &[][..] } else { self.own.dynamic.as_slice() };
        let at = named.iter().chain(dynamic).copied().filter(|at| *at < before).max();
        let Some(at) = at else { return self.ground(name, before) };
        if let Some((id, key)) = self.known(name, at) {
            self.open.used(&Lookup::Value(key, at));
            return id;
        }
        let key: Arc<str> = Arc::from(name);
        let lookup = Lookup::Value(key.clone(), at);
        let Some(frame) = self.open.enter(lookup) else { return self.decoded(name) };
        let id = self.defined_value(name, at);
        self.memo.entry(key).or_default().put(at, id);
        self.leave(frame);
        id
    }

    /// What was worked out for a name and a definition.
    fn known(&self, name: &str, at: usize) -> Option<(NodeId, Arc<str>)> {
        let (key, list) = self.memo.get_key_value(name)?;
        Some((list.get(at)?, key.clone()))
    }

    /// Ends a lookup, and forgets what held only while it was under way.
    pub(super) fn leave(&mut self, frame: Frame) {
        for lookup in self.open.leave(frame) {
            match lookup {
                Lookup::Value(name, at) => {
                    if let Some(list) = self.memo.get_mut(&name) {
                        list.forget(at);
                    }
                }
                Lookup::Guard(at) => {
                    self.guards.remove(&at);
                }
                Lookup::Types => self.types = None,
                Lookup::Ahead(_) => {}
            }
        }
    }

    fn defined_value(&mut self, name: &str, at: usize) -> NodeId {
        let truth = self.guard(at);
        if truth == Truth::Never {
            return self.event_value(name, at);
        }
        let Some(def) = self.own.defs.get(at).cloned() else { return 0 };
        // Names as they come do not stand in place of what is there, such as the sourcetype.
        let dynamic = self.own.dynamic.contains(&at);
        if dynamic {
            let old = self.event_value(name, at);
            if matches!(*self.node(old), Node::Const(_)) {
                return old;
            }
        }
        // What comes before the pairs of the text itself stands over them.
        let wins = |given: &Given| matches!(given, Given::Extract(e) if e.how.wins());
        let found = dynamic && !wins(&def.given);
        let (new, strict) = match &def.given {
            Given::Alias(_, from) => {
                let from: Vec<NodeId> =
                    from.iter().map(|f| self.value(f, Scope::Event(at))).collect();
                (self.coalesce(from), false)
            }
            Given::Constant(_, value) => (self.add(Node::Const(Val::str(value.to_string()))), true),
            Given::Eval(_, expr) => (self.eval(expr, Scope::Event(at), def.span), true),
            Given::Extract(_) | Given::Lookup(_) => (self.output(at, name), false),
        };
        match (truth, strict) {
            (Truth::When(condition), _) => {
                let old = self.event_value(name, at);
                let new = match (strict, found) {
                    (true, _) => new,
                    (false, true) => self.coalesce(vec![old, new]),
                    (false, false) => self.coalesce(vec![new, old]),
                };
                self.choose(condition, new, old)
            }
            (_, true) => new,
            (_, false) if found => {
                let old = self.event_value(name, at);
                self.coalesce(vec![old, new])
            }
            (_, false) if matches!(*self.node(new), Node::Const(_)) => new,
            (_, false) => {
                let old = self.event_value(name, at);
                self.coalesce(vec![new, old])
            }
        }
    }

    /// A name that no definition before gives: as decoded, or else by a later definition.
    fn ground(&mut self, name: &str, before: usize) -> NodeId {
        let known = self.shape.fields.is_some() && self.shape.may_hold(name)
            || self.shape.constant(name).is_some();
        let later =
            self.own.by_name.get(name).is_some_and(|list| list.iter().any(|at| *at >= before));
        let ahead = self.own.defs.get(before).is_some_and(|d| d.ahead);
        if !known && later && ahead {
            let name: Arc<str> = Arc::from(name);
            self.ahead.push(name.clone());
            if let Some(frame) = self.open.enter(Lookup::Ahead(name.clone())) {
                let id = self.event_value(&name, usize::MAX);
                self.leave(frame);
                // Where the shape does not tell, an event that holds the field keeps its own.
                let own = match self.shape.fields.is_none() {
                    true => self.decoded(&name),
                    false => 0,
                };
                return self.coalesce(vec![own, id]);
            }
        }
        self.decoded(name)
    }

    /// A field as the decoder gives it, or as a server would add it.
    pub(super) fn decoded(&mut self, name: &str) -> NodeId {
        if let Some((id, _)) = self.known(name, usize::MAX) {
            return id;
        }
        let key: Arc<str> = Arc::from(name);
        let id = match self.shape.constant(name) {
            Some(value) => {
                let value = value.to_owned();
                self.add(Node::Const(Val::str(value)))
            }
            None => {
                let raw = match self.shape.may_hold(name) {
                    true => self.add(Node::Raw(key.clone())),
                    false => 0,
                };
                match self.server_field(name) {
                    0 => raw,
                    added if raw == 0 => added,
                    added => self.coalesce(vec![raw, added]),
                }
            }
        };
        self.memo.entry(key).or_default().put(usize::MAX, id);
        id
    }

    /// The run of an extraction or lookup.
    fn run(&mut self, at: usize) -> Option<(Arc<Run>, Vec<NodeId>)> {
        let def = self.own.defs.get(at).cloned()?;
        let made = match self.made.run(&def)? {
            Ok(run) => run,
            Err(message) => {
                if !self.problems.iter().any(|(span, _)| *span == def.span) {
                    self.problems.push((def.span, message));
                }
                return None;
            }
        };
        let inputs = match &def.given {
            Given::Extract(extract) => vec![self.value(&extract.field, Scope::Event(at))],
            Given::Lookup(lookup) => {
                let mut inputs: Vec<NodeId> =
                    lookup.on.iter().map(|(_, f)| self.value(f, Scope::Event(at))).collect();
                if lookup.matching.as_ref().is_some_and(|m| m.time_field.is_some()) {
                    inputs.push(self.decoded("_time"));
                }
                inputs
            }
            _ => return None,
        };
        Some((made, inputs))
    }

    fn output(&mut self, at: usize, name: &str) -> NodeId {
        let Some((run, inputs)) = self.run(at) else { return 0 };
        let nodes: Vec<Arc<Node>> = inputs.iter().map(|id| self.node(*id)).collect();
        if nodes.iter().any(|n| matches!(**n, Node::Absent)) {
            return 0;
        }
        let constants: Vec<_> = nodes
            .iter()
            .filter_map(|n| match n.as_ref() {
                Node::Const(value) => compile::scalar(value).to_array().ok(),
                _ => None,
            })
            .collect();
        if constants.len() == nodes.len()
            && let Ok(fields) = run.run(&constants, 1)
        {
            let column = davy_plan::Column::new(&fields.column(name));
            let value = column.map(|c| c.get(0).into_owned());
            return match value {
                Ok(Val::Null) | Err(_) => 0,
                Ok(value) => self.add(Node::Const(value)),
            };
        }
        self.add(Node::Out { run, inputs, name: name.into() })
    }

    /// The condition under which a definition holds.
    fn guard(&mut self, at: usize) -> Truth {
        let Some(when) = self.own.defs.get(at).and_then(|d| d.when.clone()) else {
            return Truth::Always;
        };
        let key = Arc::as_ptr(&when) as usize;
        if let Some(truth) = self.guards.get(&key) {
            let truth = *truth;
            self.open.used(&Lookup::Guard(key));
            return truth;
        }
        // A condition that reads what it guards sees the field as decoded.
        let Some(frame) = self.open.enter(Lookup::Guard(key)) else { return Truth::Never };
        let truth = self.truth(&when, Scope::Event(at));
        self.guards.insert(key, truth);
        self.leave(frame);
        truth
    }

    /// What a search expression of the base comes to.
    pub(crate) fn truth(&mut self, expr: &SearchExpr, scope: Scope<'_>) -> Truth {
        self.truth_of(expr, scope, Of::Search(std::ptr::from_ref(expr) as usize), None)
    }

    /// As `truth`, for one of many searches that ask the same.
    pub(super) fn truth_told(&mut self, expr: &SearchExpr, told: &mut Told) -> Truth {
        self.truth_of(expr, ALL, Of::Search(std::ptr::from_ref(expr) as usize), Some(told))
    }

    /// What a request's filter comes to.
    pub(crate) fn filter(&mut self, expr: &SearchExpr, scope: Scope<'_>) -> Truth {
        self.truth_of(expr, scope, Of::Once, None)
    }

    fn truth_of(
        &mut self,
        expr: &SearchExpr,
        scope: Scope<'_>,
        of: Of,
        told: Option<&mut Told>,
    ) -> Truth {
        let made = (of != Of::Once).then(|| self.made.clone());
        match specialise(expr, &mut Facts { graph: self, scope, made, told }) {
            Some(true) => return Truth::Always,
            Some(false) => return Truth::Never,
            None => {}
        }
        let inputs = self.inputs(SearchCondition::reads(expr), scope);
        let id = self.compiled(of, &inputs, None, |plan| {
            // A condition that all events meet is none.
            let condition = SearchCondition::of(expr, plan);
            Ok(condition.map_or(Typed::bool(true), |c| Typed::of(c, davy_plan::Ty::Bool)))
        });
        match self.node(id).as_ref() {
            Node::Const(Val::Bool(true)) => Truth::Always,
            Node::Const(_) | Node::Absent => Truth::Never,
            _ => Truth::When(id),
        }
    }

    pub(crate) fn both(&mut self, a: Truth, b: Truth) -> Truth {
        match (a, b) {
            (Truth::Never, _) | (_, Truth::Never) => Truth::Never,
            (Truth::Always, other) | (other, Truth::Always) => other,
            (Truth::When(x), Truth::When(y)) => {
                let inputs = self.named(&[x, y]);
                Truth::When(self.compiled(Of::Both, &inputs, None, |plan| {
                    let (a, b) = (plan.column("0").expr, plan.column("1").expr);
                    Ok(Typed::of(a.and(b), davy_plan::Ty::Bool))
                }))
            }
        }
    }
}
