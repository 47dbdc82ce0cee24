//! What an expression may know of the world: passed in, never looked up.

use crate::pattern::PatternCache;
use jiff::tz::TimeZone;

/// The clock and zone of one search.
#[derive(Debug, Clone)]
pub struct Env {
    /// When the search started, seconds since the epoch. `now()` is this for the whole search.
    pub now: f64,
    /// In which times are printed and read.
    pub zone: TimeZone,
    /// The search's own time range, for `addinfo` and drill-downs; infinite where open.
    pub earliest: f64,
    pub latest: f64,
    /// Steps a backtracking regular expression may take on one value.
    pub regex_limit: u32,
    /// Regular expressions that were compiled, kept for the next batch.
    pub patterns: PatternCache,
}

impl Default for Env {
    fn default() -> Self {
        Env {
            now: 0.0,
            zone: TimeZone::UTC,
            earliest: 0.0,
            latest: f64::INFINITY,
            regex_limit: 1_000_000,
            patterns: PatternCache::default(),
        }
    }
}
