//! Detections run: hunts, findings, risk events, and the three tests of a detection.
//!
//! A [`World`] holds what every run shares. [`run_detection`] runs one detection over a source and
//! gives its rows as [`Finding`]s with their [`RiskEvent`]s; [`hunt`] runs all of a content;
//! [`testing::test_detection`] runs the validation, unit and integration test.
//!
//! `now` is an argument: nothing here reads the wall clock, opens a file, or prints.

mod baseline;
mod compiled;
mod events;
mod finding;
mod hunt;
mod incident;
mod kept;
mod knowledge;
mod ledger;
mod left_out;
mod quarry;
mod reach;
mod risk;
mod row;
mod run;
mod schedule;
mod second;
mod selection;
pub mod testing;
mod tuning;

pub use baseline::NoBaseline;
pub use compiled::Compiled;
pub use events::{Event, EventNumbers, FindingEvents, matching_events};
pub use finding::Finding;
pub use hunt::{Hunt, HuntEvents, HuntProfile, hunt};
pub use incident::{ObjectRisk, RiskNotable, object_risk, risk_notables};
pub use knowledge::{Cells, ContentKnowledge, Keeper};
pub use ledger::{Changes, Ledger};
pub use left_out::{LeftOut, Why};
pub use reach::{DetectionCoverage, Verdict, detection_coverage};
pub use risk::RiskEvent;
pub use row::Row;
pub use run::{DetectionRun, World, prepare_detection, run_detection};
pub use schedule::{Schedule, ScheduleError, Tick};
pub use second::{reads_risk, second_stage};
pub use selection::{Selected, Selection, Unmatched};
pub use tuning::{Suppressed, Tuning};
