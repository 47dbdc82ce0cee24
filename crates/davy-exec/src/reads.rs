//! What a search reads, as far as that can be kept from one run to the next.

use crate::source::ReadRequest;
use davy_plan::{Env, range_of};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What an earlier run learnt of a search: it holds for the same search, macros, lookup tables and
/// data models, whatever the time and the events.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Reads {
    pub(crate) requests: Vec<ReadRequest>,
    /// Those of its requests without whose events it gives nothing.
    pub(crate) needed: Vec<usize>,
    /// Without events it gives no rows, and says nothing.
    pub(crate) silent: bool,
    /// What it reads depends on what it finds: this is for when it finds nothing.
    pub(crate) dynamic: bool,
    pub(crate) key: Option<Key>,
}

/// A field of a search's first join, and the column of its first request in which each row must
/// hold what a row of the join's other side holds in that field.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Key {
    pub(crate) field: String,
    pub(crate) column: Arc<str>,
    /// The text that stands for none.
    pub(crate) absent: Option<Arc<str>>,
}

impl Reads {
    /// Whether it can be kept: what the clock says of it must be to be read off its filters.
    pub(crate) fn lasts(&self, env: &Env) -> bool {
        let range = |r: &ReadRequest| {
            let range = range_of(r.filter.as_ref()?, env)?;
            Some((range.earliest, range.latest) == (r.earliest, r.latest))
        };
        let lasts = |r: &ReadRequest| !r.is_timed() || range(r).unwrap_or_default();
        !self.requests.is_empty() && self.requests.iter().all(lasts)
    }

    /// Whether a range of times is among it.
    pub fn is_timed(&self) -> bool {
        self.requests.iter().any(ReadRequest::is_timed)
    }

    /// As it is by the clock of `env`; `None` where that is not known.
    pub fn by(mut self, env: &Env) -> Option<Reads> {
        for request in self.requests.iter_mut().filter(|r| r.is_timed()) {
            let range = range_of(request.filter.as_ref()?, env)?;
            (request.earliest, request.latest) = (range.earliest, range.latest);
        }
        Some(self)
    }
}

impl ReadRequest {
    fn is_timed(&self) -> bool {
        self.earliest > 0.0 || self.latest != f64::INFINITY
    }
}

/// Whether nothing in a search, macros put in, tells of the clock, of chance, or of what is not in
/// its text. Looks at words only, so that it may say no where yes were right.
pub(crate) fn is_timeless(expanded: &str) -> bool {
    const ASK: [&str; 10] = [
        "now",
        "makeresults",
        "gentimes",
        "addinfo",
        "rest",
        "metadata",
        "metasearch",
        "map",
        "savedsearch",
        "loadjob",
    ];
    const CALLS: [&str; 2] = ["time", "random"];
    let lower = expanded.to_lowercase();
    let inside = |c: char| c.is_alphanumeric() || c == '_';
    let mut rest = lower.as_str();
    while let Some(start) = rest.find(inside) {
        let from = &rest[start..];
        let (word, after) = from.split_at(from.find(|c| !inside(c)).unwrap_or(from.len()));
        let called = after.trim_start().starts_with('(');
        if ASK.contains(&word) || called && CALLS.contains(&word) {
            return false;
        }
        rest = after;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::is_timeless;

    #[test]
    fn the_clock_is_found_in_a_search() {
        for text in ["a=1 [search b=2 | return c]", "x | eval restful=strftime(_time, \"%s\")"] {
            assert!(is_timeless(text), "{text}");
        }
        for text in [
            "a [| makeresults | return _time]",
            "a [search b | eval c=NOW() | return c]",
            "a [search b | eval c=time () | return c]",
            "a [search b latest=now]",
            "a [|rest /x]",
        ] {
            assert!(!is_timeless(text), "{text}");
        }
    }
}
