//! Regular expressions for field extraction and for events that are read, outside of searches.

use crate::pattern::Pattern;
use crate::sed;

/// A pattern as SPL means it.
#[derive(Debug)]
pub struct Regex(Pattern);

impl Regex {
    pub fn new(text: &str) -> Result<Regex, String> {
        Pattern::new(text).map(Regex)
    }

    pub fn is_match(&self, text: &str) -> Result<bool, String> {
        self.0.is_match(text)
    }

    /// Where the first match at or after the byte `start` begins and ends, then each group.
    pub fn find(
        &self,
        text: &str,
        start: usize,
    ) -> Result<Option<Vec<Option<(usize, usize)>>>, String> {
        self.0.captures(text, start)
    }

    /// What the named groups hold: of the first match, or with `all` of each.
    pub fn named<'t>(&self, text: &'t str, all: bool) -> Result<Vec<(&str, &'t str)>, String> {
        let mut out = Vec::new();
        for groups in self.0.matches(text, usize::from(!all))? {
            for (name, place) in self.0.names().iter().zip(&groups) {
                if let (Some(name), Some((from, to))) = (name, place)
                    && let Some(value) = text.get(*from..*to)
                    && !value.is_empty()
                {
                    out.push((name.as_str(), value));
                }
            }
        }
        Ok(out)
    }
}

/// The changes to a text that `rex mode=sed` makes.
#[derive(Debug)]
pub struct Sed(sed::Sed);

impl Sed {
    pub fn new(text: &str) -> Result<Sed, String> {
        sed::Sed::new(text, Pattern::new).map(Sed)
    }

    pub fn apply(&self, text: &str) -> Result<String, String> {
        self.0.apply(text)
    }
}
