//! `tstats` and `mstats`: aggregations and options, `where` with a search, `by` with words.

use super::cursor::Parsed;
use super::{Parser, scan};
use crate::ast::{Arg, SearchExpr, TstatsArgs};

impl Parser<'_> {
    pub(super) fn tstats(&mut self) -> Parsed<TstatsArgs> {
        let (head, mut filters, mut by) = (self.until_keyword()?, Vec::new(), Vec::new());
        let mut grouped = false;
        while self.next_byte().is_some() {
            if self.by_here() {
                grouped = true;
                self.pos += self.word_here().len();
                by.extend(self.until_keyword()?);
            } else {
                // Only `where` ends a list of words besides `by`.
                self.pos += self.word_here().len();
                filters.extend(self.search_and(true)?);
                if self.next_byte() == Some(b')') {
                    return self.unmatched();
                }
            }
        }
        let filter = match filters.len() {
            0 | 1 => filters.pop(),
            _ => Some(SearchExpr::And(filters)),
        };
        Ok(TstatsArgs { head, filter, grouped, by })
    }

    /// Items up to a bare `where` or `by`.
    fn until_keyword(&mut self) -> Parsed<Vec<Arg>> {
        let mut items = Vec::new();
        while let Some(b) = self.next_byte() {
            if self.keyword_here(&["where"]) || self.by_here() {
                break;
            }
            if b == b')' {
                return self.unmatched();
            }
            items.extend(self.item_or_next(false));
        }
        Ok(items)
    }

    /// A bare `by` or `groupby`.
    pub(super) fn by_here(&self) -> bool {
        self.keyword_here(&["by", "groupby"])
    }

    /// One of `words` in any case, with a blank, a parenthesis, a quote or nothing after it, and
    /// not as the left side of a comparison.
    fn keyword_here(&self, words: &[&str]) -> bool {
        let word = self.word_here();
        if !words.iter().any(|w| w.eq_ignore_ascii_case(word)) {
            return false;
        }
        let rest = self.slice(self.pos + word.len(), self.end);
        let apart = rest.is_empty()
            || rest.starts_with(|c: char| scan::is_blank_char(c) || "(\"'".contains(c));
        apart && !rest.trim_start_matches(scan::is_blank_char).starts_with('=')
    }
}
