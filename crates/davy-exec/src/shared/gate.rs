//! A search's filter for the events of one shape, and the witness by which its rows are found.

use crate::shapes::{Fast, Graph, Node, NodeId, Scope, Truth};
use davy_plan::{Column, DatasetRef, Matcher, Phrase, Val, Witness};
use davy_spl::ast::{CmpOp, SearchExpr};
use std::collections::hash_map::Entry;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// The values of nodes in a batch, by the nodes' numbers.
#[derive(Debug, Default)]
pub(crate) struct Columns(Vec<Option<Column>>);

impl Columns {
    pub(crate) fn put(&mut self, id: NodeId, column: Column) {
        if self.0.len() <= id {
            self.0.resize_with(id + 1, || None);
        }
        if let Some(slot) = self.0.get_mut(id) {
            *slot = Some(column);
        }
    }

    pub(crate) fn get(&self, id: NodeId) -> Option<&Column> {
        self.0.get(id)?.as_ref()
    }
}

/// A filter with what is constant for the shape folded away.
#[derive(Debug, Clone)]
pub(crate) enum Gate {
    True,
    False,
    And(Vec<Gate>),
    Or(Vec<Gate>),
    Not(Box<Gate>),
    Value(NodeId, Arc<Matcher>),
    Phrase(NodeId, Arc<Phrase>),
    /// A condition that is worked out for the whole batch.
    Node(NodeId),
}

/// A filter as it is for all shapes: made once, since patterns take long to make and a catalogue
/// meets hundreds of shapes.
#[derive(Debug, Clone)]
pub(crate) enum Filter {
    True,
    And(Vec<Filter>),
    Or(Vec<Filter>),
    Not(Box<Filter>),
    /// One of [`Filters::tests`].
    Value(usize),
    /// In one of [`Filters::fields`].
    Phrase(usize, Arc<Phrase>),
}

impl Filter {
    /// A test without which nothing passes.
    pub(crate) fn first(&self) -> Option<usize> {
        match self {
            Filter::Value(test) => Some(*test),
            Filter::And(list) => list.iter().find_map(Filter::first),
            _ => None,
        }
    }
}

/// Makes filters; what several ask is one question.
#[derive(Default)]
pub(crate) struct Filters {
    datasets: Vec<DatasetRef>,
    /// The fields that are looked at, each of a dataset or of the events.
    fields: Vec<(Option<usize>, Arc<str>)>,
    /// Tests, each of a field.
    tests: Vec<(usize, Arc<Matcher>)>,
    by_name: Fast<(Option<usize>, Arc<str>), usize>,
    /// By field and matcher.
    by_both: Fast<(usize, usize), usize>,
    matchers: Fast<ByKey, usize>,
}

/// A matcher, as it is written.
struct ByKey(Arc<Matcher>);

impl PartialEq for ByKey {
    fn eq(&self, other: &ByKey) -> bool {
        self.0.key == other.0.key
    }
}

impl Eq for ByKey {}

impl Hash for ByKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.key.hash(state);
    }
}

/// What is the same in all events of most shapes, and so tells soonest that none can match.
const TOLD_BY_SHAPE: [&str; 8] =
    ["source", "sourcetype", "EventCode", "EventID", "Channel", "index", "eventtype", "tag"];

impl Filters {
    /// Room for the filters of so many requests: growing takes more than all else.
    pub(crate) fn with_capacity(requests: usize) -> Filters {
        let mut filters = Filters::default();
        filters.tests.reserve(requests * 2);
        filters.by_both.reserve(requests * 2);
        filters.matchers.reserve(requests * 2);
        filters
    }

    /// The number of a dataset.
    pub(crate) fn dataset(&mut self, dataset: &DatasetRef) -> usize {
        let known = self.datasets.iter().position(|known| known == dataset);
        known.unwrap_or_else(|| {
            self.datasets.push(dataset.clone());
            self.datasets.len() - 1
        })
    }

    /// The number of a field.
    fn field(&mut self, dataset: Option<usize>, name: &str) -> usize {
        let next = self.fields.len();
        let key = (dataset, Arc::from(name));
        match self.by_name.entry(key) {
            Entry::Occupied(known) => *known.get(),
            Entry::Vacant(place) => {
                self.fields.push(place.key().clone());
                *place.insert(next)
            }
        }
    }

    /// The number of a field's test.
    fn test(&mut self, field: usize, made: Matcher) -> usize {
        let next = self.matchers.len();
        let (matcher, number) = match self.matchers.entry(ByKey(Arc::new(made))) {
            Entry::Occupied(known) => (known.key().0.clone(), *known.get()),
            Entry::Vacant(place) => (place.key().0.clone(), *place.insert(next)),
        };
        let next = self.tests.len();
        let at = *self.by_both.entry((field, number)).or_insert(next);
        if at == next {
            self.tests.push((field, matcher));
        }
        at
    }

    /// Whether a filter is soon told by the shape.
    fn is_told(&self, filter: &Filter) -> bool {
        let Filter::Value(test) = filter else { return false };
        let field = self.tests.get(*test).and_then(|(field, _)| self.fields.get(*field));
        field.is_some_and(|(_, name)| TOLD_BY_SHAPE.contains(&&**name))
    }

    /// The filter of events, or of those of a dataset, by its number.
    pub(crate) fn filter(&mut self, expr: &SearchExpr, of: Option<usize>) -> Filter {
        match expr {
            SearchExpr::And(list) => {
                let parts = list.iter().map(|part| self.filter(part, of));
                let mut parts: Vec<Filter> = parts.collect();
                parts.sort_by_key(|part| !self.is_told(part));
                Filter::And(parts)
            }
            SearchExpr::Or(list) => {
                Filter::Or(list.iter().map(|part| self.filter(part, of)).collect())
            }
            SearchExpr::Not(inner, _) => Filter::Not(Box::new(self.filter(inner, of))),
            SearchExpr::Compare { field, op, value }
                if davy_plan::any_index(&field.value, op.value, &value.text) =>
            {
                Filter::True
            }
            SearchExpr::In { field, values, .. }
                if values
                    .iter()
                    .any(|v| davy_plan::any_index(&field.value, CmpOp::Eq, &v.text)) =>
            {
                Filter::True
            }
            SearchExpr::Compare { field, .. }
            | SearchExpr::In { field, .. }
            | SearchExpr::Case { field: Some(field), .. } => match matcher(expr) {
                Some(made) => {
                    let field = self.field(of, &field.value);
                    Filter::Value(self.test(field, made))
                }
                None => Filter::True,
            },
            SearchExpr::Term(value) if value.text == "*" => Filter::True,
            SearchExpr::Term(_) | SearchExpr::IndexedTerm(_) | SearchExpr::Case { .. } => {
                match phrase(expr) {
                    Some(phrase) => Filter::Phrase(self.field(of, "_raw"), Arc::new(phrase)),
                    None => Filter::True,
                }
            }
            // What a search in brackets gives is filled in before; the range is the reading's.
            SearchExpr::Subsearch(..) | SearchExpr::CompareSub { .. } | SearchExpr::Time { .. } => {
                Filter::True
            }
        }
    }
}

/// The test of one field.
fn matcher(expr: &SearchExpr) -> Option<Matcher> {
    match expr {
        SearchExpr::Compare { op, value, .. } => Some(Matcher::new(op.value, &[&value.text])),
        SearchExpr::In { values, .. } => {
            let texts: Vec<&str> = values.iter().map(|v| v.text.as_str()).collect();
            Some(Matcher::new(CmpOp::Eq, &texts))
        }
        SearchExpr::Case { field: Some(_), value } => Some(Matcher::case(&value.text)),
        _ => None,
    }
}

/// The test of the raw event.
fn phrase(expr: &SearchExpr) -> Option<Phrase> {
    match expr {
        SearchExpr::Term(value) | SearchExpr::IndexedTerm(value) => {
            Some(Phrase::new(&value.text, true))
        }
        SearchExpr::Case { field: None, value } => Some(Phrase::new(&value.text, false)),
        _ => None,
    }
}

/// What one shape tells of filters: each question is asked once for all.
pub(crate) struct Told<'f> {
    filters: &'f Filters,
    /// By dataset: its events.
    truths: Vec<Option<Truth>>,
    /// By field.
    nodes: Vec<Option<NodeId>>,
    /// By test.
    tests: Vec<Option<Outcome>>,
}

/// What a test comes to.
#[derive(Clone, Copy)]
enum Outcome {
    True,
    False,
    /// It depends on the event.
    Open(u32),
}

impl<'f> Told<'f> {
    pub(crate) fn new(filters: &'f Filters) -> Told<'f> {
        let truths = vec![None; filters.datasets.len()];
        let nodes = vec![None; filters.fields.len()];
        Told { filters, truths, nodes, tests: vec![None; filters.tests.len()] }
    }

    /// Which of a shape's events are of a dataset, by its number.
    pub(crate) fn truth(&mut self, dataset: Option<usize>, graph: &mut Graph) -> Truth {
        let Some(at) = dataset else { return Truth::Always };
        let (Some(dataset), Some(known)) = (self.filters.datasets.get(at), self.truths.get_mut(at))
        else {
            return Truth::Never;
        };
        *known.get_or_insert_with(|| graph.dataset_truth(dataset))
    }

    fn node(&mut self, field: usize, graph: &mut Graph) -> NodeId {
        let (Some((dataset, name)), Some(known)) =
            (self.filters.fields.get(field), self.nodes.get_mut(field))
        else {
            return 0;
        };
        let scope = Scope::of(dataset.and_then(|at| self.filters.datasets.get(at)));
        *known.get_or_insert_with(|| graph.value(name, scope))
    }

    fn outcome(&mut self, test: usize, graph: &mut Graph) -> Outcome {
        if let Some(known) = self.tests.get(test).copied().flatten() {
            return known;
        }
        let Some((field, matcher)) = self.filters.tests.get(test) else { return Outcome::False };
        let outcome = outcome(self.node(*field, graph), matcher, graph);
        if let Some(known) = self.tests.get_mut(test) {
            *known = Some(outcome);
        }
        outcome
    }

    /// No event of the shape passes a test.
    pub(crate) fn refuses(&mut self, test: usize, graph: &mut Graph) -> bool {
        matches!(self.outcome(test, graph), Outcome::False)
    }

    fn test(&mut self, test: usize, graph: &mut Graph) -> Gate {
        match (self.outcome(test, graph), self.filters.tests.get(test)) {
            (Outcome::True, _) => Gate::True,
            (Outcome::Open(id), Some((_, matcher))) => Gate::Value(id as usize, matcher.clone()),
            _ => Gate::False,
        }
    }

    /// The filter of a search over the shape.
    pub(crate) fn gate(&mut self, filter: &Filter, graph: &mut Graph) -> Gate {
        match filter {
            Filter::True => Gate::True,
            Filter::And(list) => {
                let mut parts = Vec::new();
                for part in list {
                    match self.gate(part, graph) {
                        Gate::False => return Gate::False,
                        Gate::True => {}
                        other => parts.push(other),
                    }
                }
                one_of(parts, Gate::True, Gate::And)
            }
            Filter::Or(list) => {
                let mut parts = Vec::new();
                for part in list {
                    match self.gate(part, graph) {
                        Gate::True => return Gate::True,
                        Gate::False => {}
                        other => parts.push(other),
                    }
                }
                one_of(parts, Gate::False, Gate::Or)
            }
            Filter::Not(inner) => match self.gate(inner, graph) {
                Gate::True => Gate::False,
                Gate::False => Gate::True,
                other => Gate::Not(Box::new(other)),
            },
            Filter::Value(test) => self.test(*test, graph),
            Filter::Phrase(field, phrase) => Gate::Phrase(self.node(*field, graph), phrase.clone()),
        }
    }
}

impl Gate {
    /// This, and a condition of the shape's events.
    pub(crate) fn and(self, truth: Truth) -> Gate {
        match (truth, self) {
            (Truth::Never, _) | (_, Gate::False) => Gate::False,
            (Truth::Always, gate) => gate,
            (Truth::When(id), Gate::True) => Gate::Node(id),
            (Truth::When(id), gate) => Gate::And(vec![gate, Gate::Node(id)]),
        }
    }

    /// The nodes that it reads.
    pub(crate) fn nodes(&self, out: &mut Vec<NodeId>) {
        match self {
            Gate::True | Gate::False => {}
            Gate::And(list) | Gate::Or(list) => list.iter().for_each(|g| g.nodes(out)),
            Gate::Not(inner) => inner.nodes(out),
            Gate::Value(id, _) | Gate::Phrase(id, _) | Gate::Node(id) => out.push(*id),
        }
    }

    /// Calls `each` for each node whose value is looked at, other than to find phrases.
    pub(crate) fn values(&self, each: &mut impl FnMut(&NodeId)) {
        match self {
            Gate::True | Gate::False | Gate::Phrase(..) => {}
            Gate::And(list) | Gate::Or(list) => list.iter().for_each(|g| g.values(each)),
            Gate::Not(inner) => inner.values(each),
            Gate::Value(id, _) | Gate::Node(id) => each(id),
        }
    }

    /// Calls `each` for each phrase, and the node whose text it is looked for in.
    pub(crate) fn phrases(&self, each: &mut impl FnMut(&NodeId, &Phrase)) {
        match self {
            Gate::And(list) | Gate::Or(list) => list.iter().for_each(|g| g.phrases(each)),
            Gate::Not(inner) => inner.phrases(each),
            Gate::Phrase(id, phrase) => each(id, phrase),
            Gate::True | Gate::False | Gate::Value(..) | Gate::Node(_) => {}
        }
    }

    /// Whether no row passes without a phrase.
    pub(crate) fn needs_phrase(&self) -> bool {
        match self {
            Gate::Phrase(..) | Gate::False => true,
            Gate::And(list) => list.iter().any(Gate::needs_phrase),
            Gate::Or(list) => list.iter().all(Gate::needs_phrase),
            Gate::True | Gate::Not(_) | Gate::Value(..) | Gate::Node(_) => false,
        }
    }

    /// Whether a row passes.
    pub(crate) fn passes(&self, columns: &Columns, row: usize) -> bool {
        let get = |id: &NodeId| columns.get(*id).map_or(Val::Null, |c| c.get(row));
        match self {
            Gate::True => true,
            Gate::False => false,
            Gate::And(list) => list.iter().all(|g| g.passes(columns, row)),
            Gate::Or(list) => list.iter().any(|g| g.passes(columns, row)),
            Gate::Not(inner) => !inner.passes(columns, row),
            Gate::Value(id, matcher) => matcher.matches_val(&get(id)),
            Gate::Phrase(id, phrase) => match get(id) {
                Val::Str(raw) => phrase.matches(&raw),
                _ => false,
            },
            Gate::Node(id) => get(id).truth().unwrap_or(false),
        }
    }

    /// What every row that passes must hold, one of: the cheapest to look for. `None`: nothing is
    /// known, all rows must be looked at.
    pub(crate) fn witness(&self) -> Option<Vec<(NodeId, Witness)>> {
        match self {
            Gate::Value(id, matcher) => Some(vec![(*id, matcher.witness()?)]),
            Gate::Phrase(id, phrase) => Some(vec![(*id, phrase.witness()?)]),
            Gate::And(list) => list.iter().filter_map(Gate::witness).min_by_key(|w| cost(w)),
            Gate::Or(list) => {
                let mut all = Vec::new();
                for part in list {
                    all.extend(part.witness()?);
                }
                Some(all)
            }
            Gate::True | Gate::False | Gate::Not(_) | Gate::Node(_) => None,
        }
    }
}

/// Rough work for each row, and rows let through: few equal texts, then long literals.
fn cost(witness: &[(NodeId, Witness)]) -> usize {
    witness
        .iter()
        .map(|(_, w)| match w {
            Witness::Equal(values) => values.len(),
            Witness::Literals(list) => list.iter().map(|l| 8 + 64 / l.len().max(1)).sum::<usize>(),
        })
        .sum()
}

fn one_of(mut parts: Vec<Gate>, none: Gate, join: fn(Vec<Gate>) -> Gate) -> Gate {
    match parts.len() {
        0 => none,
        1 => parts.pop().unwrap_or(none),
        _ => join(parts),
    }
}

fn outcome(id: NodeId, matcher: &Matcher, graph: &Graph) -> Outcome {
    match graph.nodes().get(id).map_or(&Node::Absent, AsRef::as_ref) {
        Node::Absent => Outcome::False,
        Node::Const(value) if matcher.matches_val(value) => Outcome::True,
        Node::Const(_) => Outcome::False,
        // Event types and tags that all events of the shape have, or that none can have.
        Node::Types { always, .. } if always.iter().any(|v| matcher.matches(v)) => Outcome::True,
        Node::Types { some, .. }
            if !some.iter().flat_map(|(_, values)| values).any(|v| matcher.matches(v)) =>
        {
            Outcome::False
        }
        _ => Outcome::Open(id as u32),
    }
}
