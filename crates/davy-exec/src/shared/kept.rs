//! The rows that are kept for each request: in memory, and on disk where they are many.

use super::narrow::{Narrow, Narrowed, left};
use crate::held::compact;
use crate::shapes::{Fast, lock};
use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, RecordBatch, RecordBatchOptions, UInt32Array, UInt64Array,
};
use datafusion::arrow::compute::{concat_batches, interleave_record_batch, take_record_batch};
use datafusion::arrow::datatypes::{DataType, Field, Float64Type, Schema, UInt64Type};
use datafusion::arrow::ipc::reader::StreamReader;
use datafusion::arrow::ipc::writer::StreamWriter;
use datafusion::common::{DataFusionError, Result};
use datafusion::execution::disk_manager::DiskManager;
use datafusion::execution::spill_file::{SpillFile, SpillWriter};
use std::collections::HashSet;
use std::fs::File;
use std::io::{BufReader, BufWriter, Write as _};
use std::sync::{Arc, Mutex};

/// Rows, and the number of each.
type Part = (Arc<[u64]>, RecordBatch);

/// What one thread keeps.
pub(super) struct Keeper<'n> {
    /// By request, where it has rows.
    requests: Fast<usize, Own>,
    /// Of all that is in memory, or more: what is held no longer is taken off once the limit is
    /// met.
    bytes: usize,
    /// At which what takes most goes to disk.
    limit: usize,
    /// The columns of the batch in hand that were counted: several requests may have the same.
    counted: HashSet<usize>,
    disk: Arc<DiskManager>,
    narrowed: &'n Narrowed<'n>,
}

#[derive(Default)]
struct Own {
    parts: Vec<Part>,
    /// The last parts that were not narrowed, and their rows.
    fresh: (usize, usize),
    /// In memory and on disk.
    size: usize,
    /// In memory.
    bytes: usize,
    passed: Passed,
    disk: Option<Box<OnDisk>>,
}

struct OnDisk {
    file: Arc<dyn SpillFile>,
    writer: StreamWriter<BufWriter<Box<dyn SpillWriter>>>,
}

/// Rows that passed a request's filter, and are not kept.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Passed {
    pub(crate) rows: usize,
    /// The latest of their times, in seconds since the epoch.
    pub(crate) latest: Option<f64>,
}

impl Passed {
    /// All rows but these, which are in order.
    fn without(rows: &RecordBatch, left: &[u32]) -> Passed {
        let times = rows.column_by_name("_time").and_then(|c| c.as_primitive_opt::<Float64Type>());
        let mut passed = Passed::default();
        for row in (0..rows.num_rows() as u32).filter(|row| left.binary_search(row).is_err()) {
            let time = times.filter(|times| times.is_valid(row as usize));
            let latest = time.map(|times| times.value(row as usize));
            passed.add(Passed { rows: 1, latest });
        }
        passed
    }

    pub(crate) fn add(&mut self, other: Passed) {
        self.rows += other.rows;
        self.latest = self.latest.into_iter().chain(other.latest).reduce(f64::max);
    }
}

/// A request's rows, from all threads.
#[derive(Default)]
pub(crate) struct Stored {
    size: usize,
    rows: Mutex<InMemory>,
    files: Vec<Arc<dyn SpillFile>>,
    passed: Passed,
}

enum InMemory {
    /// As they came.
    Parts(Vec<Part>),
    /// In the order of their events: all that there are.
    Ordered(Vec<RecordBatch>),
}

impl Default for InMemory {
    fn default() -> Self {
        InMemory::Parts(Vec::new())
    }
}

/// The numbers of rows, on disk.
const NUMBER: &str = "__number";

impl<'n> Keeper<'n> {
    pub(super) fn new(
        limit: usize,
        disk: Arc<DiskManager>,
        narrowed: &'n Narrowed<'n>,
    ) -> Keeper<'n> {
        let requests = Fast::default();
        Keeper { requests, bytes: 0, limit, counted: HashSet::new(), disk, narrowed }
    }

    /// Rows of another batch are kept from here on: they share no columns with those before.
    pub(super) fn next_batch(&mut self) {
        self.counted.clear();
    }

    pub(super) fn keep(&mut self, request: usize, part: Part) -> Result<()> {
        let own = self.requests.entry(request).or_default();
        let bytes = size(&part);
        own.bytes += bytes;
        own.size += bytes;
        own.fresh.0 += 1;
        own.fresh.1 += part.1.num_rows();
        self.bytes += unmet(&part, &mut self.counted);
        own.parts.push(part);
        if own.fresh.1 >= AT_ONCE {
            own.narrow(self.narrowed.of(request), &mut self.bytes)?;
        }
        if self.bytes <= self.limit {
            return Ok(());
        }
        self.recount();
        match self.bytes > self.limit / 4 * 3 {
            true => self.spill(),
            false => Ok(()),
        }
    }

    /// Counts what is held, columns of several requests once.
    fn recount(&mut self) {
        let mut met = HashSet::new();
        let parts = self.requests.values().flat_map(|own| &own.parts);
        self.bytes = parts.map(|part| unmet(part, &mut met)).sum();
    }

    /// Leaves out rows that have no effect, then writes rows to disk, the largest requests' first,
    /// until half of the limit is free.
    fn spill(&mut self) -> Result<()> {
        let order = self.requests.iter().map(|(at, own)| (std::cmp::Reverse(own.bytes), *at));
        let mut order: Vec<_> = order.collect();
        order.sort_unstable();
        // To learn what later filters ask costs more than to write a few rows.
        for (least, to_disk) in [(self.limit / 256, false), (1, true)] {
            for (_, at) in &order {
                if self.bytes <= self.limit / 2 {
                    return Ok(());
                }
                let Some(own) = self.requests.get_mut(at) else { continue };
                if own.bytes < least {
                    continue;
                }
                match to_disk {
                    true => own.spill(&self.disk, &mut self.bytes)?,
                    false => own.narrow(self.narrowed.of(*at), &mut self.bytes)?,
                }
            }
        }
        Ok(())
    }

    /// Gives what is kept, to be added to what other threads kept.
    pub(super) fn finish(self, all: &mut [Stored]) -> Result<()> {
        for (request, own) in self.requests {
            let Some(all) = all.get_mut(request) else { continue };
            let InMemory::Parts(parts) = &mut *lock(&all.rows) else {
                return Err(DataFusionError::Internal("rows came after all were read".to_owned()));
            };
            parts.extend(own.parts);
            all.size += own.size;
            all.passed.add(own.passed);
            if let Some(mut disk) = own.disk {
                disk.writer.finish()?;
                let mut out = disk.writer.into_inner()?;
                out.flush()?;
                out.get_mut().finish()?;
                all.files.push(disk.file);
            }
        }
        Ok(())
    }
}

/// Rows that are looked at together for whether they have an effect.
const AT_ONCE: usize = 2048;

fn size((numbers, rows): &Part) -> usize {
    rows.get_array_memory_size() + numbers.len() * 8
}

/// As [`size`], without columns that were met, which are met from then on.
fn unmet((numbers, rows): &Part, met: &mut HashSet<usize>) -> usize {
    let address = |array: &&ArrayRef| Arc::as_ptr(*array).cast::<()>().addr();
    let columns = rows.columns().iter().filter(|array| met.insert(address(array)));
    let columns = columns.map(|array| array.get_array_memory_size()).sum::<usize>();
    columns + if met.insert(numbers.as_ptr().addr()) { numbers.len() * 8 } else { 0 }
}

/// Lets go of a part, and takes what is held no longer from what is held: other requests may have
/// the same columns.
fn let_go((numbers, rows): Part, held: &mut usize) {
    let columns = rows.columns().iter().filter(|array| Arc::strong_count(array) == 1);
    let columns = columns.map(|array| array.get_array_memory_size()).sum::<usize>();
    let numbers = if Arc::strong_count(&numbers) == 1 { numbers.len() * 8 } else { 0 };
    *held = held.saturating_sub(columns + numbers);
}

impl Own {
    /// Leaves out those of the last parts' rows that have no effect. `held` are the bytes that all
    /// requests have.
    fn narrow(&mut self, narrows: Option<&[Narrow]>, held: &mut usize) -> Result<()> {
        let from = self.parts.len().saturating_sub(std::mem::take(&mut self.fresh).0);
        let Some(narrows) = narrows else { return Ok(()) };
        let fresh = self.parts.split_off(from);
        let rows: Vec<&RecordBatch> = fresh.iter().map(|(_, rows)| rows).collect();
        let left = left(narrows, &rows);
        let (mut less, mut more) = (0, 0);
        let mut at = 0;
        for part in fresh {
            let end = at + part.1.num_rows();
            let own = left.as_ref().map(|left| left.range(at as u32..end as u32));
            let own: Option<Vec<u32>> = own.map(|own| own.map(|row| row - at as u32).collect());
            at = end;
            let own = match own.filter(|own| own.len() < part.1.num_rows()) {
                None => {
                    self.parts.push(part);
                    continue;
                }
                Some(own) => own,
            };
            less += size(&part);
            self.passed.add(Passed::without(&part.1, &own));
            if !own.is_empty() {
                let numbers = own.iter().filter_map(|row| part.0.get(*row as usize).copied());
                let numbers = numbers.collect();
                let rows = compact(take_record_batch(&part.1, &UInt32Array::from(own))?)?;
                let part = (numbers, rows);
                more += size(&part);
                self.parts.push(part);
            }
            let_go(part, held);
        }
        *held += more;
        self.bytes = (self.bytes + more).saturating_sub(less);
        self.size = (self.size + more).saturating_sub(less);
        Ok(())
    }

    /// Writes all parts to disk.
    fn spill(&mut self, disks: &Arc<DiskManager>, held: &mut usize) -> Result<()> {
        self.bytes = 0;
        self.fresh = (0, 0);
        for (numbers, rows) in std::mem::take(&mut self.parts) {
            let written = numbered(&numbers, &rows)?;
            let disk = match &mut self.disk {
                Some(disk) => disk,
                None => {
                    let file = disks.create_tmp_file("rows kept for a search")?;
                    let out = BufWriter::new(file.open_writer()?);
                    let writer = StreamWriter::try_new(out, &written.schema())?;
                    self.disk.insert(Box::new(OnDisk { file, writer }))
                }
            };
            disk.writer.write(&written)?;
            drop(written);
            let_go((numbers, rows), held);
        }
        Ok(())
    }
}

fn numbered(numbers: &[u64], rows: &RecordBatch) -> Result<RecordBatch> {
    let schema = rows.schema();
    let mut fields: Vec<Arc<Field>> = schema.fields().iter().cloned().collect();
    fields.push(Arc::new(Field::new(NUMBER, DataType::UInt64, false)));
    let mut columns = rows.columns().to_vec();
    columns.push(Arc::new(UInt64Array::from(numbers.to_vec())) as ArrayRef);
    Ok(RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)?)
}

fn unnumbered(rows: &RecordBatch) -> Result<Part> {
    let schema = rows.schema();
    let at = schema.index_of(NUMBER)?;
    let numbers = rows.column(at).as_primitive_opt::<UInt64Type>().map(|n| n.values().to_vec());
    let kept: Vec<usize> = (0..schema.fields().len()).filter(|i| *i != at).collect();
    let schema = Arc::new(schema.project(&kept)?);
    let columns = kept.iter().map(|i| rows.column(*i).clone()).collect();
    let options = RecordBatchOptions::new().with_row_count(Some(rows.num_rows()));
    let rows = RecordBatch::try_new_with_options(schema, columns, &options)?;
    Ok((numbers.unwrap_or_default().into(), rows))
}

impl Stored {
    /// No row passed.
    pub(crate) fn is_empty(&self) -> bool {
        let none = match &*lock(&self.rows) {
            InMemory::Parts(parts) => parts.iter().all(|(_, rows)| rows.num_rows() == 0),
            InMemory::Ordered(batches) => batches.iter().all(|rows| rows.num_rows() == 0),
        };
        none && self.files.is_empty() && self.passed.rows == 0
    }

    /// Rows that are not among these, since they have no effect.
    pub(crate) fn passed(&self) -> Passed {
        self.passed
    }

    /// These rows passed, and have no effect.
    pub(super) fn pass_over(&mut self, rows: Passed) {
        self.passed.add(rows);
    }

    /// Bytes of what is kept, in memory and on disk.
    pub(crate) fn size(&self) -> usize {
        self.size
    }

    /// Rows with their numbers, in any order.
    pub(crate) fn of(parts: Vec<(Vec<u64>, RecordBatch)>) -> Stored {
        let size = parts.iter().map(|(_, rows)| rows.get_array_memory_size()).sum();
        let parts = parts.into_iter().map(|(numbers, rows)| (numbers.into(), rows)).collect();
        Stored { size, rows: Mutex::new(InMemory::Parts(parts)), ..Stored::default() }
    }

    /// The rows and their numbers, as they came; nothing where there are none, or where they have
    /// no numbers any more.
    pub(crate) fn numbered(&self) -> Result<Option<(Vec<u64>, RecordBatch)>> {
        let InMemory::Parts(parts) = &*lock(&self.rows) else { return Ok(None) };
        let parts = self.all(parts.clone())?;
        let Some((_, first)) = parts.first() else { return Ok(None) };
        let batch = concat_batches(&first.schema(), parts.iter().map(|(_, rows)| rows))?;
        let numbers = parts.iter().flat_map(|(numbers, _)| numbers.iter()).copied().collect();
        Ok(Some((numbers, batch)))
    }

    /// The rows, in the order of their events. They are put in order when they are first asked for,
    /// so that those of different requests are on different threads.
    pub(crate) fn load(&self) -> Result<Vec<RecordBatch>> {
        let mut rows = lock(&self.rows);
        let parts = match &mut *rows {
            InMemory::Ordered(batches) => return Ok(batches.clone()),
            InMemory::Parts(parts) if self.files.is_empty() => std::mem::take(parts),
            // All at once would be much to hold for long.
            InMemory::Parts(parts) => return in_order(self.all(parts.clone())?),
        };
        let batches = in_order(parts)?;
        *rows = InMemory::Ordered(batches.clone());
        Ok(batches)
    }

    /// What is in memory and what is on disk.
    fn all(&self, mut parts: Vec<Part>) -> Result<Vec<Part>> {
        for file in &self.files {
            let path = file.path().ok_or_else(|| {
                DataFusionError::Internal("rows were kept in a place that is no file".to_owned())
            })?;
            for rows in read_back(File::open(path)?)? {
                parts.push(unnumbered(&rows?)?);
            }
        }
        Ok(parts)
    }
}

#[allow(unsafe_code)]
fn read_back(file: File) -> Result<StreamReader<BufReader<File>>> {
    let reader = StreamReader::try_new(BufReader::new(file), None)?;
    // SAFETY: the file holds what `Own::spill` wrote, arrays that were valid; it lies in a folder
    // of this process alone and is never given to anyone.
    Ok(unsafe { reader.with_skip_validation(true) })
}

/// Rows of a batch that is put in order.
const ROWS: usize = 8192;

/// The rows in the order of their events, whichever thread read them: sums of fractions, and what
/// else depends on the order, are the same in each run.
fn in_order(parts: Vec<Part>) -> Result<Vec<RecordBatch>> {
    if parts.iter().any(|(numbers, rows)| numbers.len() != rows.num_rows()) {
        return Err(DataFusionError::Internal("rows and their numbers differ".to_owned()));
    }
    let ends = |(numbers, _): &Part| Some((*numbers.first()?, *numbers.last()?));
    let ranges: Vec<_> = parts.iter().filter_map(ends).collect();
    let follow = ranges.windows(2).all(|two| matches!(two, [a, b] if a.1 <= b.0));
    if follow && parts.iter().all(|(numbers, _)| numbers.is_sorted()) {
        return Ok(parts.into_iter().map(|(_, rows)| rows).collect());
    }
    let mut order: Vec<(u64, u32, u32)> = Vec::with_capacity(parts.iter().map(|p| p.0.len()).sum());
    for (part, (numbers, _)) in (0u32..).zip(&parts) {
        order.extend(numbers.iter().zip(0u32..).map(|(number, row)| (*number, part, row)));
    }
    order.sort_unstable();
    let parts: Vec<&RecordBatch> = parts.iter().map(|(_, rows)| rows).collect();
    let places = |rows: &[(u64, u32, u32)]| -> Vec<(usize, usize)> {
        rows.iter().map(|(_, part, row)| (*part as usize, *row as usize)).collect()
    };
    order.chunks(ROWS).map(|rows| Ok(interleave_record_batch(&parts, &places(rows))?)).collect()
}
