//! Running searches: sessions, event sources, and the operators that DataFusion does not have.
//!
//! [`prepare`] reads a search, [`Session::run`] runs it over an [`EventSource`] such as
//! [`FileSource`]. Calls block and belong on an ordinary thread.
//!
//! Never knows a detection, HTTP, or the wall clock: `now` comes in an `Env`.

mod coverage;
mod empty;
mod few;
mod files;
mod find;
mod growing;
mod held;
mod later;
mod many;
mod matching;
mod memory;
mod met;
mod operators;
mod parquet;
mod pool;
mod prepared;
mod reach;
mod reads;
mod run;
mod session;
mod shapes;
mod shared;
mod source;
mod stated;
mod table;

pub use coverage::{Coverage, Example, coverage, whole};
pub use files::{FileSource, Input, InputReport, Place, Progress};
pub use find::{Finder, VisitedFolders, find_files};
pub use growing::{GrowingFiles, Look};
pub use many::{ManyAnswers, ManyEvents, Profile, Searches, Spent};
pub use matching::Matching;
pub use parquet::ParquetSource;
pub use prepared::{Prepared, prepare, prepare_in};
pub use reach::Reach;
pub use reads::Reads;
pub use run::Search;
pub use session::{Answer, Config, OnDisk, RunError, Session};
pub use shapes::{Explained, Holds, check_base, check_eval, check_files, explain, explain_event};
pub use shared::ScanProfile;
pub use source::{EventSource, Read, Reading};
pub use stated::stated;
