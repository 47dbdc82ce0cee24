//! One pass over the events for many searches.
//!
//! Each search is planned over nothing first, which tells what it will read. One reading then
//! serves all: per shape, the gates that could match are known, a witness index finds the rows
//! that may pass one, and the rows that do are kept for their search alone.

mod gate;
mod index;
mod kept;
mod keyed;
mod known;
mod late;
mod live;
mod look;
mod narrow;
mod plan;
mod scan;
mod times;

pub(crate) use gate::{Filters, Gate, Told};
pub(crate) use kept::{Passed, Stored};
pub(crate) use keyed::Keys;
pub(crate) use narrow::{Narrow, Narrows};
pub(crate) use scan::{Budget, OnlyIf, scan};
pub use times::ScanProfile;
