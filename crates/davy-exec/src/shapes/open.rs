//! What is being looked up while something else is: where a definition leads back to itself, the
//! circle is cut, and what was found inside it holds only until the lookup that was cut ends.
//! Otherwise a field would come out one way or another depending on what was asked for before it.

use std::collections::HashMap;
use std::sync::Arc;

/// A lookup that may lead back to itself.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Lookup {
    /// A name by one definition.
    Value(Arc<str>, usize),
    /// A condition, by its address.
    Guard(usize),
    /// The last definition of a name, for an earlier one.
    Ahead(Arc<str>),
    /// All event types.
    Types,
}

/// The lookups that are under way, the outermost first.
#[derive(Debug, Default)]
pub(super) struct Open {
    stack: Vec<(Lookup, bool)>,
    /// The outermost lookup that was led back to since the innermost began.
    back_to: Option<usize>,
    /// What was found and does not hold for long, with the lookup at whose end it goes.
    passing: HashMap<Lookup, usize>,
}

/// A lookup that was begun.
pub(super) struct Frame {
    depth: usize,
    outer: Option<usize>,
}

fn outermost(a: Option<usize>, b: Option<usize>) -> Option<usize> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

impl Open {
    /// `None`: it is under way already, and the circle must be cut here.
    pub(super) fn enter(&mut self, lookup: Lookup) -> Option<Frame> {
        if let Some(at) = self.stack.iter().position(|(known, _)| *known == lookup) {
            if let Some((_, cut)) = self.stack.get_mut(at) {
                *cut = true;
            }
            self.back_to = outermost(self.back_to, Some(at));
            return None;
        }
        let frame = Frame { depth: self.stack.len(), outer: self.back_to.take() };
        self.stack.push((lookup, false));
        Some(frame)
    }

    /// Ends a lookup. What it found is to be kept; what is given here is to be forgotten.
    pub(super) fn leave(&mut self, frame: Frame) -> Vec<Lookup> {
        let Some((lookup, cut)) = self.stack.pop() else { return Vec::new() };
        let own = self.back_to.filter(|at| *at < frame.depth);
        self.back_to = outermost(frame.outer, own);
        let mut forget = Vec::new();
        if cut {
            self.passing.retain(|found, until| {
                let keep = *until < frame.depth;
                if !keep {
                    forget.push(found.clone());
                }
                keep
            });
        }
        if let Some(until) = own {
            self.passing.insert(lookup, until);
        }
        forget
    }

    /// Something known was used: if it does not hold for long, neither does what uses it.
    pub(super) fn used(&mut self, lookup: &Lookup) {
        if let Some(until) = self.passing.get(lookup) {
            self.back_to = outermost(self.back_to, Some(*until));
        }
    }
}
