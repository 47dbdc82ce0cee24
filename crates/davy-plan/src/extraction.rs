//! Regular expressions for field extraction outside of searches.

use crate::pattern::Pattern;

/// A pattern as SPL means it.
#[derive(Debug)]
pub struct Regex(Pattern);

impl Regex {
    pub fn new(text: &str) -> Result<Regex, String> {
        Pattern::new(text).map(Regex)
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
