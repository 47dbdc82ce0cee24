//! Files that grow: of each only what is new is read, and the rows that passed the filters of the
//! searches are kept.
//!
//! A hunt's answers are made of nothing but the rows that pass its searches' filters, and these rows
//! are those of the events, one by one, wherever the reading was cut. So the rows kept of what was
//! read, with those of what is new, are the rows of one whole reading, and statistics, joins and
//! windows over them are right. What is kept is held in memory; past a bound, files are read whole
//! again.

mod pieces;

use crate::files::{FileSource, Input, InputReport, Place};
use crate::shapes::{Shapes, lock};
use crate::shared::{Budget, Stored, scan};
use crate::source::{EventSource, Read, ReadRequest, Reading};
use datafusion::arrow::array::{Array, ArrayRef, AsArray, BooleanArray, RecordBatch, UInt64Array};
use datafusion::arrow::compute::filter_record_batch;
use datafusion::arrow::datatypes::{Float64Type, UInt64Type};
use datafusion::common::Result;
use davy_plan::SEQ;
use pieces::{Done, New, What};
use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

/// Room for the events of one file in the numbering of all.
const BITS: u32 = 40;
const OWN: u64 = (1 << BITS) - 1;
/// How much of what may wait in memory is kept, in times.
const TIMES: usize = 8;

/// What was read of files that grow, from one look to the next.
#[derive(Clone, Default)]
pub struct GrowingFiles(Arc<Mutex<Kept>>);

impl std::fmt::Debug for GrowingFiles {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "files that grow")
    }
}

#[derive(Default)]
struct Kept {
    requests: Vec<ReadRequest>,
    files: HashMap<PathBuf, Own>,
    /// The number of the next file that is new.
    next: u64,
    /// By request: the numbers of rows, and the rows.
    rows: Vec<Vec<(Vec<u64>, RecordBatch)>>,
    reports: Vec<InputReport>,
    bytes_read: u64,
    /// More was kept than may be.
    full: bool,
}

#[derive(Debug)]
struct Own {
    number: u64,
    done: Done,
    /// The time of its last event, for one that tells none.
    before: Option<f64>,
}

/// The files as they are at one look.
#[derive(Debug, Clone)]
pub struct Look {
    whole: FileSource,
    growing: GrowingFiles,
}

impl GrowingFiles {
    /// The files of a source as they are now.
    pub fn look(&self, whole: FileSource) -> Look {
        Look { whole: whole.copied(), growing: self.clone() }
    }
}

impl Look {
    /// What the last reading came to: of what was new.
    pub fn reports(&self) -> Vec<InputReport> {
        let own = lock(&self.growing.0).reports.clone();
        own.into_iter().chain(self.whole.reports()).collect()
    }

    /// How many bytes were read in all looks.
    pub fn bytes_read(&self) -> u64 {
        lock(&self.growing.0).bytes_read
    }

    /// The rows of each request; `None` where these files cannot be read by parts.
    pub(crate) fn rows(
        &self,
        requests: &[ReadRequest],
        shapes: Arc<Shapes>,
        budget: &Budget,
        stop: &Arc<AtomicBool>,
    ) -> Result<Option<Vec<Stored>>> {
        let mut kept = lock(&self.growing.0);
        let own = |input: &Input| matches!(input.place, Place::File(_));
        if kept.full || !self.whole.inputs().iter().all(own) {
            return Ok(None);
        }
        let rows = kept.look(&self.whole, requests, shapes, budget, stop);
        if rows.is_err() || stop.load(Ordering::Relaxed) {
            // A part of what is new is no ground to go on from.
            *kept = Kept { full: kept.full, ..Kept::default() };
        }
        match rows? {
            rows if kept.bytes() <= budget.bytes.saturating_mul(TIMES) => Ok(Some(rows)),
            rows => {
                *kept = Kept { full: true, ..Kept::default() };
                Ok(Some(rows))
            }
        }
    }
}

impl EventSource for Look {
    fn start(&self, read: Read, parts: usize) -> Arc<dyn Reading> {
        self.whole.start(read, parts)
    }

    fn can_be_read_again(&self) -> bool {
        self.whole.can_be_read_again()
    }

    fn grows(&self) -> Option<&Look> {
        Some(self)
    }
}

/// A request whatever the time: what it is told of changes from look to look.
fn timeless(request: &ReadRequest) -> ReadRequest {
    let mut request = ReadRequest { earliest: 0.0, latest: f64::INFINITY, ..request.clone() };
    if !request.fields.iter().any(|name| &**name == "_time") {
        request.fields = request.fields.iter().cloned().chain([Arc::from("_time")]).collect();
    }
    request
}

/// A piece of a file on its way.
struct Way {
    path: PathBuf,
    number: u64,
    base: u64,
    /// Its lines are whole: what comes next goes on from here.
    settled: bool,
    /// It goes on where what was read of the file ended.
    goes_on: bool,
    /// The line at the end that may not be whole.
    last: bool,
}

impl Kept {
    fn look(
        &mut self,
        whole: &FileSource,
        requests: &[ReadRequest],
        shapes: Arc<Shapes>,
        budget: &Budget,
        stop: &Arc<AtomicBool>,
    ) -> Result<Vec<Stored>> {
        let asked: Vec<ReadRequest> = requests.iter().map(timeless).collect();
        if asked != self.requests {
            let bytes_read = self.bytes_read;
            *self = Kept { requests: asked.clone(), bytes_read, ..Kept::default() };
            self.rows = asked.iter().map(|_| Vec::new()).collect();
        }
        self.reports.clear();
        self.forget(whole.inputs());
        let pieces = self.new_pieces(whole.inputs());
        // A last line without a time has that of the one before, which is known when that is read.
        let (last, first): (Vec<_>, Vec<_>) = pieces.into_iter().partition(|(_, way)| way.last);
        for pieces in [first, last] {
            if pieces.is_empty() {
                continue;
            }
            let (mut inputs, ways): (Vec<Input>, Vec<Way>) = pieces.into_iter().unzip();
            for (input, way) in inputs.iter_mut().zip(&ways).filter(|(_, way)| way.goes_on) {
                input.meta.before = self.files.get(&way.path).and_then(|own| own.before);
            }
            let new = FileSource::new(inputs, whole.options().clone()).copied();
            let source: Arc<dyn EventSource> = Arc::new(new.clone());
            let found = scan(&source, asked.clone(), &[], shapes.clone(), budget, stop, None)?;
            for (rows, found) in self.rows.iter_mut().zip(&found) {
                if let Some((numbers, batch)) = found.numbered()? {
                    let place = |number: &u64| {
                        let way = ways.get((number >> BITS) as usize)?;
                        Some(way.number << BITS | (way.base + (number & OWN)) & OWN)
                    };
                    rows.push((numbers.iter().filter_map(place).collect(), batch));
                }
            }
            self.settle(&ways, new.reports());
        }
        // Files stand in the order of their names, and so do their events.
        let order: HashMap<u64, u64> = whole
            .inputs()
            .iter()
            .zip(0u64..)
            .filter_map(|(input, at)| Some((self.files.get(path(input)?)?.number, at)))
            .collect();
        self.compact()?;
        let rows = self.rows.iter().zip(&self.requests).zip(requests);
        rows.map(|((rows, asked), request)| in_order(rows, asked, request, &order)).collect()
    }

    /// Files that are no more.
    fn forget(&mut self, inputs: &[Input]) {
        let there: HashSet<&PathBuf> = inputs.iter().filter_map(path).collect();
        let gone: Vec<u64> = self
            .files
            .iter()
            .filter(|(path, _)| !there.contains(path))
            .map(|(_, own)| own.number)
            .collect();
        self.files.retain(|path, _| there.contains(path));
        gone.into_iter().for_each(|number| self.drop_rows(number << BITS, (number + 1) << BITS));
    }

    fn drop_rows(&mut self, from: u64, to: u64) {
        for (numbers, batch) in self.rows.iter_mut().flatten() {
            let keep: Vec<bool> = numbers.iter().map(|n| *n < from || *n >= to).collect();
            if keep.iter().all(|k| *k) {
                continue;
            }
            if let Ok(kept) = filter_record_batch(batch, &BooleanArray::from(keep.clone())) {
                let mut keep = keep.into_iter();
                numbers.retain(|_| keep.next().unwrap_or(true));
                *batch = kept;
            }
        }
    }

    /// What is to be read, as inputs, and where each belongs.
    fn new_pieces(&mut self, inputs: &[Input]) -> Vec<(Input, Way)> {
        let mut out = Vec::new();
        for input in inputs {
            let Some(path) = path(input) else { continue };
            let known = self.files.get(path);
            let ruled = input.meta.rules.is_some();
            let (new, done) = match pieces::look(path, known.map(|own| &own.done), ruled) {
                Ok(found) => found,
                Err(error) => {
                    let failed = Some(error.to_string());
                    let name = input.meta.name.clone();
                    self.reports.push(InputReport { name, failed, ..InputReport::default() });
                    if let Some(own) = self.files.remove(path) {
                        self.drop_rows(own.number << BITS, (own.number + 1) << BITS);
                    }
                    continue;
                }
            };
            let number = known.map_or(self.next, |own| own.number);
            let before = known.and_then(|own| own.before);
            self.next = self.next.max(number + 1);
            let (from, pieces) = match new {
                New::Nothing => continue,
                New::All(pieces) => (0, pieces),
                New::From(from, pieces) => (from, pieces),
            };
            self.drop_rows(number << BITS | from, (number + 1) << BITS);
            let before = before.filter(|_| from > 0);
            self.files.insert(path.clone(), Own { number, done, before });
            for piece in pieces {
                self.bytes_read += piece.length(path);
                let way = Way {
                    path: path.clone(),
                    number,
                    base: piece.base,
                    settled: piece.settled(),
                    goes_on: piece.goes_on,
                    last: piece.last,
                };
                let mut input = input.clone();
                input.place = match piece.what {
                    What::File => Place::File(path.clone()),
                    What::Part(range) => Place::Part(path.clone(), range),
                    What::Bytes(bytes) => Place::Bytes(bytes.into()),
                };
                out.push((input, way));
            }
        }
        out
    }

    /// Notes what the reading of the pieces came to.
    fn settle(&mut self, ways: &[Way], reports: Vec<InputReport>) {
        for (way, report) in ways.iter().zip(&reports) {
            let Some(own) = self.files.get_mut(&way.path) else { continue };
            if report.failed.is_some() {
                // What was not read is read the next time.
                own.done = own.done.clone().anew();
            }
            if way.settled {
                own.before = report.counts.before.map(f64::from_bits).or(own.before);
                // Lines that cannot be read may take others with them.
                if !report.problems.is_empty() {
                    own.done = own.done.clone().whole();
                }
            }
        }
        self.reports.extend(reports);
    }

    fn bytes(&self) -> usize {
        let of = |(numbers, batch): &(Vec<u64>, RecordBatch)| {
            numbers.len() * 8 + batch.get_array_memory_size()
        };
        self.rows.iter().flatten().map(of).sum()
    }

    /// Many small batches become one.
    fn compact(&mut self) -> Result<()> {
        const MANY: usize = 16;
        for rows in self.rows.iter_mut() {
            rows.retain(|(numbers, _)| !numbers.is_empty());
            if rows.len() < MANY {
                continue;
            }
            let Some((_, first)) = rows.first() else { continue };
            let batches = rows.iter().map(|(_, batch)| batch);
            let batch = datafusion::arrow::compute::concat_batches(&first.schema(), batches)?;
            let numbers = rows.iter().flat_map(|(numbers, _)| numbers).copied().collect();
            *rows = vec![(numbers, batch)];
        }
        Ok(())
    }
}

fn path(input: &Input) -> Option<&PathBuf> {
    match &input.place {
        Place::File(path) => Some(path),
        Place::Part(..) | Place::Bytes(_) | Place::Stash(_) => None,
    }
}

/// A request's rows as one whole reading gives them.
fn in_order(
    rows: &[(Vec<u64>, RecordBatch)],
    asked: &ReadRequest,
    request: &ReadRequest,
    order: &HashMap<u64, u64>,
) -> Result<Stored> {
    let mut parts = Vec::with_capacity(rows.len());
    for (numbers, batch) in rows {
        let place = |n: &u64| order.get(&(n >> BITS)).map_or(0, |at| at << BITS) | (n & OWN);
        let numbers: Vec<u64> = numbers.iter().map(place).collect();
        let mut columns = batch.columns().to_vec();
        let at = asked.fields.iter().position(|name| **name == *SEQ);
        if let Some(slot) = at.and_then(|at| columns.get_mut(at)) {
            let new = Arc::new(UInt64Array::from(numbers.clone())) as ArrayRef;
            if slot.as_primitive_opt::<UInt64Type>().is_some_and(|old| old.null_count() == 0) {
                *slot = new;
            }
        }
        let batch = RecordBatch::try_new(batch.schema(), columns)?;
        let time = batch.column_by_name("_time").and_then(|c| c.as_primitive_opt::<Float64Type>());
        let inside = |t: f64| t >= request.earliest && t < request.latest;
        let keep: Vec<bool> = match time {
            Some(times) => times.iter().map(|t| t.is_none_or(inside)).collect(),
            None => vec![true; batch.num_rows()],
        };
        let (numbers, batch) = match keep.iter().all(|k| *k) {
            true => (numbers, batch),
            false => {
                let kept = numbers.iter().zip(&keep).filter(|(_, k)| **k).map(|(n, _)| *n);
                let kept = kept.collect();
                (kept, filter_record_batch(&batch, &BooleanArray::from(keep))?)
            }
        };
        // The time may have been asked for only to choose by it.
        let wanted: Vec<usize> = (0..request.schema().fields().len())
            .filter_map(|at| batch.schema().index_of(request.schema().field(at).name()).ok())
            .collect();
        parts.push((numbers, batch.project(&wanted)?));
    }
    Ok(Stored::of(parts))
}
