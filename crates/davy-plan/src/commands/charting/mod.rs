//! What `chart` and `timechart` share: reading their arguments, grouping, choosing the series, and
//! laying the result out as a table.
//! Search Reference, chart and timechart.

pub(super) mod args;
pub(super) mod group;
pub(super) mod measure;
pub(super) mod pivot;
