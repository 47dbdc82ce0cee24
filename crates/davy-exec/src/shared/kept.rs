//! The rows that are kept for each request: in memory, and on disk where they are many.

use datafusion::arrow::array::{ArrayRef, AsArray, RecordBatch, RecordBatchOptions, UInt64Array};
use datafusion::arrow::compute::{concat_batches, interleave_record_batch};
use datafusion::arrow::datatypes::{DataType, Field, Schema, UInt64Type};
use datafusion::arrow::ipc::reader::StreamReader;
use datafusion::arrow::ipc::writer::StreamWriter;
use datafusion::common::{DataFusionError, Result};
use datafusion::execution::disk_manager::DiskManager;
use datafusion::execution::spill_file::{SpillFile, SpillWriter};
use std::fs::File;
use std::io::{BufReader, BufWriter, Write as _};
use std::sync::Arc;

/// Rows, and the number of each.
type Part = (Vec<u64>, RecordBatch);

/// What one thread keeps, by request.
pub(super) struct Keeper {
    requests: Vec<Own>,
    /// Of all that is in memory.
    bytes: usize,
    /// At which what takes most goes to disk.
    limit: usize,
    disk: Arc<DiskManager>,
}

#[derive(Default)]
struct Own {
    parts: Vec<Part>,
    /// In memory and on disk.
    size: usize,
    /// In memory.
    bytes: usize,
    /// Few have it, and there is an `Own` for each request of each thread.
    disk: Option<Box<OnDisk>>,
}

struct OnDisk {
    file: Arc<dyn SpillFile>,
    writer: StreamWriter<BufWriter<Box<dyn SpillWriter>>>,
}

/// A request's rows, from all threads.
#[derive(Default)]
pub(crate) struct Stored {
    size: usize,
    parts: Vec<Part>,
    files: Vec<Arc<dyn SpillFile>>,
    /// The parts are one, in order.
    settled: bool,
}

/// The numbers of rows, on disk.
const NUMBER: &str = "__number";

impl Keeper {
    pub(super) fn new(requests: usize, limit: usize, disk: Arc<DiskManager>) -> Keeper {
        let requests = (0..requests).map(|_| Own::default()).collect();
        Keeper { requests, bytes: 0, limit, disk }
    }

    pub(super) fn keep(&mut self, request: usize, part: Part) -> Result<()> {
        let Some(own) = self.requests.get_mut(request) else { return Ok(()) };
        let bytes = part.1.get_array_memory_size() + part.0.len() * 8;
        own.bytes += bytes;
        own.size += bytes;
        own.parts.push(part);
        self.bytes += bytes;
        match self.bytes > self.limit {
            true => self.spill(),
            false => Ok(()),
        }
    }

    /// Writes the largest requests' rows to disk, until half of the limit is free.
    fn spill(&mut self) -> Result<()> {
        let mut order: Vec<usize> = (0..self.requests.len()).collect();
        let size = |at: &usize| self.requests.get(*at).map_or(0, |own| own.bytes);
        order.sort_by_key(|at| std::cmp::Reverse(size(at)));
        for at in order {
            if self.bytes <= self.limit / 2 {
                break;
            }
            let Some(own) = self.requests.get_mut(at) else { continue };
            self.bytes -= own.bytes;
            own.spill(&self.disk)?;
        }
        Ok(())
    }

    /// Gives what is kept, to be added to what other threads kept.
    pub(super) fn finish(self, all: &mut [Stored]) -> Result<()> {
        for (own, all) in self.requests.into_iter().zip(all) {
            all.parts.extend(own.parts);
            all.size += own.size;
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

impl Own {
    fn spill(&mut self, disks: &Arc<DiskManager>) -> Result<()> {
        self.bytes = 0;
        for (numbers, rows) in std::mem::take(&mut self.parts) {
            let rows = numbered(&numbers, &rows)?;
            let disk = match &mut self.disk {
                Some(disk) => disk,
                None => {
                    let file = disks.create_tmp_file("rows kept for a search")?;
                    let out = BufWriter::new(file.open_writer()?);
                    let writer = StreamWriter::try_new(out, &rows.schema())?;
                    self.disk.insert(Box::new(OnDisk { file, writer }))
                }
            };
            disk.writer.write(&rows)?;
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
    Ok((numbers.unwrap_or_default(), rows))
}

impl Stored {
    pub(crate) fn is_empty(&self) -> bool {
        self.files.is_empty() && self.parts.iter().all(|(_, rows)| rows.num_rows() == 0)
    }

    /// Bytes of what is kept, in memory and on disk.
    pub(crate) fn size(&self) -> usize {
        self.size
    }

    /// Puts what is in memory in order, unless more is on disk.
    pub(super) fn settle(&mut self) -> Result<()> {
        if self.files.is_empty() && !self.settled {
            let batches = in_order(std::mem::take(&mut self.parts))?;
            self.parts = batches.into_iter().map(|batch| (Vec::new(), batch)).collect();
            self.settled = true;
        }
        Ok(())
    }

    /// Rows with their numbers, in any order.
    pub(crate) fn of(parts: Vec<Part>) -> Result<Stored> {
        let size = parts.iter().map(|(_, rows)| rows.get_array_memory_size()).sum();
        let mut stored = Stored { size, parts, ..Stored::default() };
        stored.settle()?;
        Ok(stored)
    }

    /// The rows and their numbers, as they came; nothing where there are none, or where they have
    /// no numbers any more.
    pub(crate) fn numbered(&self) -> Result<Option<Part>> {
        let parts = self.all()?;
        let Some((_, first)) = parts.first().filter(|_| !self.settled) else { return Ok(None) };
        let batch = concat_batches(&first.schema(), parts.iter().map(|(_, rows)| rows))?;
        let numbers = parts.iter().flat_map(|(numbers, _)| numbers).copied().collect();
        Ok(Some((numbers, batch)))
    }

    /// The rows, in the order of their events.
    pub(crate) fn load(&self) -> Result<Vec<RecordBatch>> {
        if self.settled {
            return Ok(self.parts.iter().map(|(_, batch)| batch.clone()).collect());
        }
        in_order(self.all()?)
    }

    /// What is in memory and what is on disk.
    fn all(&self) -> Result<Vec<Part>> {
        let mut parts = self.parts.clone();
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
