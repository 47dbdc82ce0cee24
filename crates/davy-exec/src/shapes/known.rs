//! What is known of events before any is read, for folding searches.

use super::graph::{Graph, Scope};
use super::made::{Fast, Made};
use super::node::Node;
use davy_knowledge::Base;
use davy_plan::{Matcher, specialise};
use std::sync::Arc;

/// What a graph knows, as facts for folding a search.
pub(super) struct Facts<'g, 's> {
    pub(super) graph: &'g mut Graph,
    pub(super) scope: Scope<'s>,
    /// Keeps the tests of a search of the base.
    pub(super) made: Option<Arc<Made>>,
    pub(super) told: Option<&'g mut Told>,
}

/// The tests in the searches of a base's event types and tags. Hundreds of searches ask the same.
#[derive(Debug, Default)]
pub(super) struct Tests {
    /// By the address of the expression.
    numbers: Fast<usize, usize>,
    /// By field and what it is compared with.
    by_key: Fast<(String, String), usize>,
    matchers: Vec<Arc<Matcher>>,
}

impl Tests {
    pub(super) fn of(base: &Base) -> Tests {
        let mut tests = Tests::default();
        for addon in base.addons() {
            let types = addon.eventtypes.iter().map(|eventtype| &eventtype.search);
            for search in types.chain(addon.field_tags.iter().map(|tags| &tags.search)) {
                // Where nothing is known, all of a search is looked at.
                let _ = specialise(search, &mut tests);
            }
        }
        tests
    }
}

impl davy_plan::Facts for Tests {
    fn fits(&mut self, field: &str, at: usize, matcher: &dyn Fn() -> Matcher) -> Option<bool> {
        let matcher = matcher();
        let next = self.matchers.len();
        let number = *self.by_key.entry((field.to_owned(), matcher.key.clone())).or_insert(next);
        if number == next {
            self.matchers.push(Arc::new(matcher));
        }
        self.numbers.insert(at, number);
        None
    }
}

/// What the tests of a base come to for one kind of event, as far as they were asked.
pub(super) struct Told {
    tests: Arc<Tests>,
    known: Vec<Option<Option<bool>>>,
}

impl Told {
    pub(super) fn new(tests: Arc<Tests>) -> Told {
        let known = vec![None; tests.matchers.len()];
        Told { tests, known }
    }
}

impl davy_plan::Facts for Facts<'_, '_> {
    fn fits(&mut self, field: &str, at: usize, matcher: &dyn Fn() -> Matcher) -> Option<bool> {
        let number = self.told.as_ref().and_then(|told| told.tests.numbers.get(&at)).copied();
        let Some((number, told)) = number.zip(self.told.as_deref()) else {
            let made = self.made.clone();
            return self.asked(field, &|| match &made {
                Some(made) => made.matcher(at, matcher),
                None => Arc::new(matcher()),
            });
        };
        if let Some(known) = told.known.get(number).copied().flatten() {
            return known;
        }
        let kept = told.tests.matchers.get(number).cloned();
        let fits = self.asked(field, &|| kept.clone().unwrap_or_else(|| Arc::new(matcher())));
        let known = self.told.as_mut().and_then(|told| told.known.get_mut(number));
        if let Some(known) = known {
            *known = Some(fits);
        }
        fits
    }
}

impl Facts<'_, '_> {
    /// Whether a field fits, by what is known of it.
    fn asked(&mut self, field: &str, matcher: &dyn Fn() -> Arc<Matcher>) -> Option<bool> {
        let id = self.graph.value(field, self.scope);
        match self.graph.nodes().get(id).map_or(&Node::Absent, AsRef::as_ref) {
            Node::Absent => Some(false),
            Node::Const(value) => Some(matcher().matches_val(value)),
            Node::Types { always, some } => {
                let matcher = matcher();
                if always.iter().any(|v| matcher.matches(v)) {
                    return Some(true);
                }
                let possible = some.iter().flat_map(|(_, values)| values);
                match possible.into_iter().any(|v| matcher.matches(v)) {
                    true => None,
                    false => Some(false),
                }
            }
            _ => None,
        }
    }
}
