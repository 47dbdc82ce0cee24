//! Events in files, folders and on standard input.

use crate::met::Met;
use crate::source::{BatchSink, EventSource, LookedAt, Read, Reading};
use davy_events::{
    Counts, Decoder, EVTX_CHUNK, EVTX_HEADER, EventBatch, Meta, Options, Problem, StashEvent,
    TextRules,
};
use std::cell::Cell;
use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::ops::{ControlFlow, Range};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

/// One input.
#[derive(Debug, Clone)]
pub struct Input {
    pub place: Place,
    pub meta: Meta,
}

#[derive(Debug, Clone)]
pub enum Place {
    File(PathBuf),
    /// These bytes of a file.
    Part(PathBuf, Range<u64>),
    /// Content already in memory: a test's data, standard input.
    Bytes(Arc<[u8]>),
    /// Risk events or notables in hand, which are written only where their text is asked for.
    Stash(Arc<[Arc<dyn StashEvent>]>),
}

/// What reading an input came to.
#[derive(Debug, Clone, Default)]
pub struct InputReport {
    pub name: String,
    pub counts: Counts,
    pub problems: Vec<Problem>,
    /// The file could not be opened or read at all.
    pub failed: Option<String>,
    /// Not all was read, or that is not known: the reading was ended meanwhile.
    pub cut: bool,
}

/// Told of progress while files are read.
pub trait Progress: Send + Sync {
    /// An input was read to its end.
    fn read(&self, report: &InputReport);
}

/// Files and other inputs as one source. Threads take the next input as they become free; the
/// order of events does not depend on which thread read them.
#[derive(Clone)]
pub struct FileSource {
    inputs: Arc<[Input]>,
    options: Options,
    reports: Arc<Mutex<Vec<Option<InputReport>>>>,
    progress: Option<Arc<dyn Progress>>,
    /// Files are read, not mapped.
    copied: bool,
    layout: OnceLock<Arc<Layout>>,
    met: Arc<Met>,
    /// Of the first reading.
    looked_at: Arc<LookedAt>,
}

impl std::fmt::Debug for FileSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FileSource").field("inputs", &self.inputs.len()).finish()
    }
}

impl FileSource {
    pub fn new(inputs: Vec<Input>, options: Options) -> Self {
        let reports = Arc::new(Mutex::new(vec![None; inputs.len()]));
        let (met, looked_at) = (Arc::default(), Arc::default());
        let (layout, inputs) = (OnceLock::new(), inputs.into());
        let (progress, copied) = (None, false);
        FileSource { inputs, options, reports, progress, copied, layout, met, looked_at }
    }

    /// For files that others write meanwhile: they are read, where else they would be mapped. One
    /// that is cut short while it is mapped would end the process.
    pub fn copied(mut self) -> Self {
        self.copied = true;
        self
    }

    /// With what is said of how texts break into events, by what is stated of each input.
    pub fn with_rules(mut self, of: impl Fn(&Meta) -> Option<Arc<dyn TextRules>>) -> Self {
        let ruled = |input: &Input| {
            let meta = Meta { rules: of(&input.meta), ..input.meta.clone() };
            Input { meta, ..input.clone() }
        };
        self.inputs = self.inputs.iter().map(ruled).collect();
        self
    }

    pub fn with_progress(mut self, progress: Arc<dyn Progress>) -> Self {
        self.progress = Some(progress);
        self
    }

    /// What the last reading of each input came to, in the order of the inputs.
    pub fn reports(&self) -> Vec<InputReport> {
        let reports = self.reports.lock().unwrap_or_else(PoisonError::into_inner);
        reports.iter().flatten().cloned().collect()
    }

    /// How many events of the first reading were looked at, since some search might want them, and
    /// how many of those happened at times that no search asks for.
    pub fn looked_at(&self) -> (u64, u64) {
        let LookedAt { all, out_of_range } = &*self.looked_at;
        (all.load(Ordering::Relaxed), out_of_range.load(Ordering::Relaxed))
    }

    fn layout(&self) -> &Arc<Layout> {
        self.layout.get_or_init(|| Arc::new(Layout::new(&self.inputs, self.copied)))
    }

    pub(crate) fn options(&self) -> &Options {
        &self.options
    }

    pub fn inputs(&self) -> &[Input] {
        &self.inputs
    }
}

impl EventSource for FileSource {
    fn start(&self, read: Read, _: usize) -> Arc<dyn Reading> {
        let layout = self.layout().clone();
        let mut open = vec![0; self.inputs.len()];
        for part in &layout.parts {
            if let Some(open) = open.get_mut(part.input) {
                *open += 1;
            }
        }
        // What was read and told stays told: a later reading leaves out what it need not see.
        let reports = self.reports.lock().unwrap_or_else(PoisonError::into_inner);
        let told: Vec<bool> = reports.iter().map(Option::is_some).collect();
        drop(reports);
        let first = !told.contains(&true);
        let looked_at = if first { self.looked_at.clone() } else { Arc::default() };
        let (open, next) = (Mutex::new(open), AtomicUsize::new(0));
        Arc::new(FileReading { source: self.clone(), read, layout, open, told, next, looked_at })
    }

    fn last_event(&self) -> Option<f64> {
        let reports = self.reports.lock().unwrap_or_else(PoisonError::into_inner);
        let counts = reports.iter().map(|report| Some(report.as_ref()?.counts));
        let counts: Vec<Counts> = counts.collect::<Option<_>>()?;
        let told = counts.iter().all(|counts| counts.events == 0 || counts.latest.is_some());
        counts.iter().filter(|_| told).filter_map(Counts::last_event).reduce(f64::max)
    }

    fn can_be_read_again(&self) -> bool {
        self.layout().lasting
    }
}

struct FileReading {
    source: FileSource,
    read: Read,
    layout: Arc<Layout>,
    /// How many parts of each input were not read to their end.
    open: Mutex<Vec<usize>>,
    /// Inputs that an earlier reading told of.
    told: Vec<bool>,
    next: AtomicUsize,
    looked_at: Arc<LookedAt>,
}

/// What one thread reads at a time: an input, or some chunks of a large EVTX file.
struct Part {
    input: usize,
    chunks: Option<Range<usize>>,
}

/// Chunks of a part: 8 MB.
const CHUNKS: usize = 128;

/// How inputs are read, as far as their sizes tell. Asked of the system once for all readings.
struct Layout {
    parts: Vec<Part>,
    /// All are there to be read again.
    lasting: bool,
}

impl Layout {
    /// A file that is read, and not mapped, is one part.
    fn new(inputs: &[Input], copied: bool) -> Layout {
        let mut layout = Layout { parts: Vec::with_capacity(inputs.len()), lasting: true };
        for (input, given) in inputs.iter().enumerate() {
            let len = match &given.place {
                Place::Bytes(bytes) => Some(bytes.len() as u64),
                Place::Stash(_) => Some(0),
                Place::File(path) | Place::Part(path, _) => {
                    let meta = std::fs::metadata(path).ok().filter(std::fs::Metadata::is_file);
                    meta.map(|meta| meta.len())
                }
            };
            layout.lasting &= len.is_some();
            // A small file is one part whatever it is.
            let count = chunks(len.unwrap_or(0));
            if copied || count <= CHUNKS || !given.place.is_evtx() {
                layout.parts.push(Part { input, chunks: None });
                continue;
            }
            layout.parts.extend((0..count).step_by(CHUNKS).map(|from| {
                // The last takes what a file that grows meanwhile gets.
                let last = from + CHUNKS >= count;
                let to = if last { usize::MAX } else { from + CHUNKS };
                Part { input, chunks: Some(from..to) }
            }));
        }
        layout
    }
}

/// How many chunks an EVTX file of so many bytes has.
fn chunks(len: u64) -> usize {
    (len as usize).saturating_sub(EVTX_HEADER).div_ceil(EVTX_CHUNK)
}

impl Place {
    /// Whether it is a whole file in EVTX, by its first bytes.
    fn is_evtx(&self) -> bool {
        const MAGIC: &[u8; 8] = b"ElfFile\0";
        match self {
            Place::Bytes(bytes) => bytes.starts_with(MAGIC),
            Place::Part(..) | Place::Stash(_) => false,
            Place::File(path) => {
                let mut magic = [0; MAGIC.len()];
                let read = File::open(path).and_then(|mut file| file.read_exact(&mut magic));
                read.is_ok() && magic == *MAGIC
            }
        }
    }
}

/// Room for the events of one input in the numbering of all.
const EVENTS_PER_INPUT: u32 = 40;

impl Reading for FileReading {
    fn part(&self, _: usize, give: &mut dyn FnMut(EventBatch) -> ControlFlow<()>) -> Duration {
        // What is learnt of shapes and templates serves for all inputs of this part.
        let demand = self.read.demand.as_ref();
        let mut decoder = Decoder::new(demand, self.source.options.clone());
        let mut took = Duration::ZERO;
        let mut bytes = Some(0);
        let stopped = Cell::new(false);
        let mut checked = |batch: EventBatch| {
            let flow = give(batch);
            stopped.set(stopped.get() || flow.is_break());
            flow
        };
        while let Some(part) = self.layout.parts.get(self.next.fetch_add(1, Ordering::Relaxed)) {
            let at = part.input;
            let Some(input) = self.source.inputs.get(at) else { break };
            if self.read.stops() {
                break;
            }
            let key = (at, part.chunks.as_ref().map(|chunks| chunks.start));
            let only = self.read.only.as_ref().map(|all| own(all, at as u64));
            if only.as_ref().is_some_and(|only| only.is_empty())
                || self.source.met.has_none(key, demand)
            {
                continue;
            }
            let mut input = input.clone();
            input.meta.chunks = part.chunks.clone();
            input.meta.only = only;
            input.meta.first = (at as u64) << EVENTS_PER_INPUT;
            let mut problems = Vec::new();
            let mut sink = BatchSink {
                read: &self.read,
                give: &mut checked,
                problems: &mut problems,
                looked_at: &self.looked_at,
            };
            let read = read_input(&input, self.source.copied, &mut took, &mut decoder, &mut sink);
            if self.read.only.is_none() {
                if read.is_ok() && !stopped.get() && !self.read.stops() {
                    self.source.met.learn(key, decoder.met());
                }
                // Once early on, rows of rare kinds too: for joins it then is known which of the
                // frequent ones matter.
                bytes = bytes.zip(read.as_ref().ok()).map(|(sum, counts)| sum + counts.bytes);
                if bytes.is_some_and(|sum| sum >= EARLY) {
                    decoder.give(&input.meta, &mut sink);
                    bytes = None;
                }
                let mut report = InputReport { name: input.meta.name, ..Default::default() };
                match read {
                    Ok(counts) => report.counts = counts,
                    Err(error) => report.failed = Some(error.to_string()),
                }
                report.problems = problems;
                report.cut = stopped.get() || self.read.stops();
                self.report(at, part.chunks.is_some(), report);
            }
            if stopped.get() {
                return took;
            }
        }
        // No input has problems now that it has not told.
        let problems = &mut Vec::new();
        let (read, looked_at) = (&self.read, &*self.looked_at);
        decoder.finish(&mut BatchSink { read, give: &mut checked, problems, looked_at });
        took
    }
}

impl FileReading {
    /// Keeps the report of a part, and gives that of the input on when it is the last.
    fn report(&self, at: usize, several: bool, part: InputReport) {
        if self.told.get(at).copied().unwrap_or(false) {
            return;
        }
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let mut reports = self.source.reports.lock().unwrap_or_else(PoisonError::into_inner);
        let (Some(open), Some(slot)) = (open.get_mut(at), reports.get_mut(at)) else { return };
        *open = open.saturating_sub(usize::from(!part.cut));
        let mut report = match slot.take().filter(|_| several) {
            None => part,
            Some(mut whole) => {
                whole.counts.events += part.counts.events;
                whole.counts.skipped += part.counts.skipped;
                whole.counts.problems += part.counts.problems;
                whole.counts.latest = whole.counts.latest.max(part.counts.latest);
                whole.problems.extend(part.problems);
                whole.problems.sort_by_key(|problem| problem.offset);
                whole.failed = whole.failed.or(part.failed);
                whole
            }
        };
        report.cut = *open > 0;
        if !report.cut
            && let Some(progress) = &self.source.progress
        {
            progress.read(&report);
        }
        *slot = Some(report);
    }
}

/// After so many bytes a thread gives the rows that wait, once.
const EARLY: u64 = 24 << 20;

/// Those of the numbers that are events of one input, as the input counts them.
fn own(all: &[u64], input: u64) -> Arc<[u64]> {
    let from = all.partition_point(|number| number >> EVENTS_PER_INPUT < input);
    let to = all.partition_point(|number| number >> EVENTS_PER_INPUT <= input);
    let first = input << EVENTS_PER_INPUT;
    all.get(from..to).unwrap_or_default().iter().map(|number| number - first).collect()
}

/// Smaller files are copied into a buffer that is used again, which takes less than mapping them.
const MAPPED_FROM: u64 = 4 << 20;

/// A file, and how long reading it took.
struct Timed<'t> {
    file: File,
    took: &'t mut Duration,
}

impl io::Read for Timed<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let started = Instant::now();
        let read = self.file.read(buffer);
        *self.took += started.elapsed();
        read
    }
}

impl io::Seek for Timed<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.file.seek(to)
    }
}

fn read_input(
    input: &Input,
    copied: bool,
    took: &mut Duration,
    decoder: &mut Decoder<'_>,
    sink: &mut BatchSink<'_>,
) -> io::Result<Counts> {
    match &input.place {
        Place::Bytes(bytes) => Ok(decoder.decode(bytes, &input.meta, sink)),
        Place::Stash(events) => Ok(decoder.decode_stash(events, &input.meta, sink)),
        Place::Part(path, range) => {
            let mut file = File::open(path)?;
            file.seek(SeekFrom::Start(range.start))?;
            let mut part = file.take(range.end.saturating_sub(range.start));
            Ok(decoder.decode_reader(&mut part, &input.meta, sink))
        }
        Place::File(path) => {
            let file = File::open(path)?;
            let meta = file.metadata()?;
            if !meta.is_file() {
                let mut file = file;
                return Ok(decoder.decode_reader(&mut file, &input.meta, sink));
            }
            if copied {
                // What comes after this moment is for the next reading.
                let mut file = file.take(meta.len());
                return Ok(decoder.decode_reader(&mut file, &input.meta, sink));
            }
            if meta.len() == 0 {
                return Ok(Counts::default());
            }
            if meta.len() <= MAPPED_FROM {
                let mut file = Timed { file, took };
                return decoder.decode_file(&mut file, meta.len(), &input.meta, sink);
            }
            // Mapping spares a copy. A file cut short while it is mapped would end the process, as
            // with every tool that maps its input.
            let mapped = map(&file)?;
            Ok(decoder.decode(&mapped, &input.meta, sink))
        }
    }
}

#[allow(unsafe_code)]
fn map(file: &File) -> io::Result<memmap2::Mmap> {
    // SAFETY: the map is read only and lives no longer than this reading.
    unsafe { memmap2::Mmap::map(file) }
}
