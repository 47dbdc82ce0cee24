//! Sets of fields: what a command needs, and what it leaves behind.

use std::collections::BTreeSet;

/// The name of a hidden column starts so; users never see one.
pub const HIDDEN: &str = "__";
/// The order in which events were read, for ties in `_time`.
pub const SEQ: &str = "__seq";
/// The fields that nobody named, packed (see `davy_events::rest`).
pub const REST: &str = "__rest";

/// What a command needs: names, and perhaps all other fields too.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FieldSet {
    pub names: BTreeSet<String>,
    pub all: bool,
}

impl FieldSet {
    pub fn none() -> Self {
        Self::default()
    }

    pub fn all() -> Self {
        Self { names: BTreeSet::new(), all: true }
    }

    pub fn of<S: Into<String>>(names: impl IntoIterator<Item = S>) -> Self {
        Self { names: names.into_iter().map(Into::into).collect(), all: false }
    }

    pub fn add(&mut self, name: impl Into<String>) -> &mut Self {
        self.names.insert(name.into());
        self
    }

    pub fn with<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.names.extend(names.into_iter().map(Into::into));
        self
    }

    pub fn without(mut self, name: &str) -> Self {
        self.names.remove(name);
        self
    }

    pub fn union(mut self, other: &FieldSet) -> Self {
        self.names.extend(other.names.iter().cloned());
        self.all |= other.all;
        self
    }

    pub fn wants(&self, name: &str) -> bool {
        self.all || self.names.contains(name)
    }

    /// What is needed before a command that makes fields anew out of others, when this is needed
    /// after it.
    pub fn before(&self, makes: &[String], reads: &[String]) -> FieldSet {
        if !self.all && !makes.iter().any(|m| self.names.contains(m)) {
            return self.clone();
        }
        let mut needs = self.clone();
        for name in makes {
            // With all fields wanted, the name keeps the packed fields from holding it too.
            match self.all {
                true => needs.names.insert(name.clone()),
                false => needs.names.remove(name),
            };
        }
        needs.with(reads.iter().cloned())
    }

    /// As `before`, for a command that leaves the old value in rows to which it gives none.
    pub fn before_keeping(&self, makes: &[String], reads: &[String]) -> FieldSet {
        if !self.all && !makes.iter().any(|m| self.names.contains(m)) {
            return self.clone();
        }
        let made: &[String] = if self.all { makes } else { &[] };
        self.clone().with(made.iter().cloned()).with(reads.iter().cloned())
    }
}

/// What is there after a command: names in order, and whether there may be others.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fields {
    pub names: Vec<String>,
    /// Other fields may exist that nobody has named: events, or columns that depend on the data.
    pub open: bool,
}

impl Fields {
    pub fn open() -> Self {
        Self { names: Vec::new(), open: true }
    }

    pub fn of<S: Into<String>>(names: impl IntoIterator<Item = S>) -> Self {
        let mut fields = Self::default();
        for name in names {
            fields.add(name);
        }
        fields
    }

    pub fn has(&self, name: &str) -> bool {
        self.open || self.names.iter().any(|n| n == name)
    }

    /// Adds a name at the end unless it is there.
    pub fn add(&mut self, name: impl Into<String>) {
        let name = name.into();
        if !self.names.contains(&name) {
            self.names.push(name);
        }
    }

    pub fn remove(&mut self, name: &str) {
        self.names.retain(|n| n != name);
    }
}

/// Whether `name` fits `pattern`, in which `*` stands for anything.
pub(crate) fn wildcard_match(pattern: &str, name: &str) -> bool {
    wildcard_captures(pattern, name).is_some()
}

/// What each `*` of `pattern` stands for in `name`, shortest first; `None` when it does not fit.
pub(crate) fn wildcard_captures<'n>(pattern: &str, name: &'n str) -> Option<Vec<&'n str>> {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or("");
    let rest: Vec<&str> = parts.collect();
    let mut tail = name.strip_prefix(first)?;
    let Some((last, middle)) = rest.split_last() else {
        return tail.is_empty().then(Vec::new);
    };
    let mut captures = Vec::new();
    for part in middle {
        let at = tail.find(part)?;
        captures.push(&tail[..at]);
        tail = &tail[at + part.len()..];
    }
    captures.push(tail.strip_suffix(last)?);
    Some(captures)
}

#[cfg(test)]
mod tests {
    use super::{wildcard_captures, wildcard_match};

    #[test]
    fn stars_stand_for_anything() {
        assert!(wildcard_match("a*c", "abc"));
        assert!(wildcard_match("*", ""));
        assert!(!wildcard_match("a*c", "abd"));
        assert!(!wildcard_match("ab*ba", "aba"));
        assert_eq!(wildcard_captures("*_x_*", "a_x_b"), Some(vec!["a", "b"]));
    }
}
