//! What a decoder takes and gives besides events: metadata, limits, problems, counts.

use crate::shape::Shape;
use crate::text::TextRules;
use arrow::record_batch::RecordBatch;
use std::ops::{ControlFlow, Range};
use std::sync::Arc;

/// Events of one shape. Columns are the wanted names in order, then `__rest` if it was wanted.
#[derive(Debug, Clone)]
pub struct EventBatch {
    pub shape: Arc<Shape>,
    pub batch: RecordBatch,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ProblemKind {
    /// Bytes that are not what the format asks for.
    Corrupt,
    /// The input ends in the middle of something.
    Truncated,
    /// A limit was reached and something was left out.
    Limit,
    /// Text that is not valid in its encoding; it was read with replacements.
    Encoding,
    /// The input could not be read.
    Read,
}

/// Something that could not be read, while all else was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// In the input as given; `None` where a compressed stream has no place to point at.
    pub offset: Option<u64>,
    pub message: String,
    pub kind: ProblemKind,
}

/// Takes batches and problems as they come. Shapes interleave; `__seq` tells the order.
pub trait Sink {
    /// `Break` ends the decoding: nothing more is given.
    fn batch(&mut self, batch: EventBatch) -> ControlFlow<()>;
    /// Whether to read no further. Asked now and then; what was read by then is still given.
    fn stops(&self) -> bool {
        false
    }
    fn problem(&mut self, problem: Problem);
}

/// What is known about an input besides its bytes.
#[derive(Debug, Clone, Default)]
pub struct Meta {
    /// These four, where stated, stand in place of what the events say.
    pub source: Option<String>,
    pub sourcetype: Option<String>,
    pub host: Option<String>,
    pub index: Option<String>,
    /// The file's name, the source of events that have none.
    pub name: String,
    /// `_time` of events without a timestamp, in epoch seconds.
    pub now: f64,
    /// Only the events of these numbers, in order, are read; the others are counted as skipped, but
    /// for those of an EVTX chunk that holds none of these.
    pub only: Option<Arc<[u64]>>,
    /// The number of the input's first event: `__seq` counts on from there.
    pub first: u64,
    /// The time of the event before the first, for an input that goes on where another ended.
    pub before: Option<f64>,
    /// Of an EVTX file, only these of its chunks, in the order in which they were written.
    pub chunks: Option<Range<usize>>,
    /// How the text breaks into events, where its content does not tell.
    pub rules: Option<Arc<dyn TextRules>>,
}

/// The bytes of one chunk of an EVTX file; one header of [`EVTX_HEADER`] bytes stands before all.
pub const EVTX_CHUNK: usize = 65_536;
pub const EVTX_HEADER: usize = 4096;

#[derive(Debug, Clone)]
pub struct Options {
    pub batch_rows: usize,
    /// Bytes of rows that wait, over all shapes, at which batches are given early.
    pub pending_bytes: usize,
    /// A longer line or event is cut there.
    pub max_line: usize,
    /// Bytes that one compressed member may unpack to.
    pub max_unpacked: u64,
    /// How many times its compressed size a member may unpack to, once it is over a megabyte.
    pub max_ratio: u64,
    pub json_depth: usize,
    /// Turn `&lt;` into `<` in the fields of Windows events. Splunk does not, and its detections
    /// are written for the text as it stands.
    pub decode_entities: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            batch_rows: 8192,
            pending_bytes: 10 << 20,
            max_line: 16 << 20,
            max_unpacked: 64 << 30,
            max_ratio: 1000,
            json_depth: 128,
            decode_entities: false,
        }
    }
}

/// What a decoding came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// All events, the skipped ones included.
    pub events: u64,
    /// Events of shapes that nobody wanted.
    pub skipped: u64,
    pub problems: u64,
    /// Bytes of the input as given.
    pub bytes: u64,
    /// Of lines and JSON: the time that a next event without one would have, in the bits of an `f64`.
    pub before: Option<u64>,
    /// Of EVTX: when the last of all events happened, in 100 ns since 1601.
    pub latest: Option<u64>,
}

impl Counts {
    /// When the last event happened, in seconds since the epoch, where the format tells it of
    /// events that are skipped.
    pub fn last_event(&self) -> Option<f64> {
        self.latest.map(crate::evtx::epoch)
    }
}
