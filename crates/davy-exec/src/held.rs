//! Rows in hand while a search is planned: counted against the memory that it may have, and put on
//! disk where they may wait there.

use crate::shapes::Fast;
use datafusion::arrow::array::{
    Array, ArrayData, ArrayRef, AsArray, RecordBatch, RecordBatchOptions,
};
use datafusion::arrow::buffer::Buffer;
use datafusion::arrow::datatypes::{DataType, SchemaRef};
use datafusion::arrow::ipc::reader::StreamReader;
use datafusion::arrow::ipc::writer::StreamWriter;
use datafusion::catalog::streaming::StreamingTable;
use datafusion::common::{DataFusionError, Result};
use datafusion::execution::TaskContext;
use datafusion::execution::disk_manager::DiskManager;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryPool, MemoryReservation};
use datafusion::execution::spill_file::{SpillFile, SpillWriter};
use datafusion::physical_plan::SendableRecordBatchStream;
use datafusion::physical_plan::stream::{
    RecordBatchReceiverStreamBuilder, RecordBatchStreamAdapter,
};
use datafusion::physical_plan::streaming::PartitionStream;
use std::collections::HashSet;
use std::fs::File;
use std::io::{BufReader, BufWriter, Write as _};
use std::sync::Arc;
use std::time::Duration;

/// How often memory is asked for again, some milliseconds later.
const PATIENCE: usize = 50;

/// What batches hold, memory that several share counted once.
#[derive(Debug)]
pub(crate) struct Held {
    seen: HashSet<usize>,
    reservation: MemoryReservation,
}

impl Held {
    pub(crate) fn new(pool: &Arc<dyn MemoryPool>) -> Held {
        let reservation = MemoryConsumer::new("rows in hand").register(pool);
        Held { seen: HashSet::new(), reservation }
    }

    /// The error is that there is not enough memory.
    pub(crate) fn add(&mut self, batch: &RecordBatch) -> Result<()> {
        let bytes = bytes_of(batch, &mut self.seen);
        self.grow(bytes)
    }

    /// As [`Held::add`], for what can go elsewhere: whether there is enough memory now.
    pub(crate) fn fits(&mut self, batch: &RecordBatch) -> bool {
        self.reservation.try_grow(bytes_of(batch, &mut self.seen)).is_ok()
    }

    /// A plan that has ended lets go of its memory a little later, when the tasks that ran it are
    /// dropped: want of it is no error at once.
    pub(crate) fn grow(&self, bytes: usize) -> Result<()> {
        for _ in 0..PATIENCE {
            if self.reservation.try_grow(bytes).is_ok() {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        self.reservation.try_grow(bytes)
    }

    pub(crate) fn bytes(&self) -> usize {
        self.reservation.size()
    }
}

/// What a batch holds in memory that was not seen before.
pub(crate) fn bytes_of(batch: &RecordBatch, seen: &mut HashSet<usize>) -> usize {
    batch.columns().iter().map(|column| count(&column.to_data(), seen)).sum()
}

fn count(data: &ArrayData, seen: &mut HashSet<usize>) -> usize {
    let nulls = data.nulls().map(|n| n.buffer());
    let mut bytes = 0;
    for buffer in data.buffers().iter().chain(nulls) {
        if seen.insert(buffer.data_ptr().as_ptr() as usize) {
            bytes += buffer.capacity();
        }
    }
    bytes + data.child_data().iter().map(|child| count(child, seen)).sum::<usize>()
}

/// The batch with no more text behind it than its rows have.
pub(crate) fn lean(batch: RecordBatch) -> Result<RecordBatch> {
    let columns = batch
        .columns()
        .iter()
        .map(|column| match column.data_type() {
            DataType::Utf8View if !column.as_string_view().data_buffers().is_empty() => {
                Arc::new(column.as_string_view().gc()) as ArrayRef
            }
            _ => column.clone(),
        })
        .collect();
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    Ok(RecordBatch::try_new_with_options(batch.schema(), columns, &options)?)
}

/// The rows without the texts of the others that were read with them, which they would hold in
/// memory.
pub(crate) fn compact(rows: RecordBatch) -> Result<RecordBatch> {
    Compacted::default().of(rows)
}

/// Columns as they were and as [`compact`] made them, so that batches that share columns still do.
#[derive(Default)]
pub(crate) struct Compacted(Fast<usize, (ArrayRef, ArrayRef)>);

impl Compacted {
    /// As [`compact`].
    pub(crate) fn of(&mut self, rows: RecordBatch) -> Result<RecordBatch> {
        let columns = rows.columns().iter().map(|array| {
            // The array is kept, so that no other comes to stand in its place.
            let key = Arc::as_ptr(array).cast::<()>().addr();
            let known = self.0.entry(key).or_insert_with(|| (array.clone(), compacted(array)));
            known.1.clone()
        });
        let options = RecordBatchOptions::new().with_row_count(Some(rows.num_rows()));
        Ok(RecordBatch::try_new_with_options(rows.schema(), columns.collect(), &options)?)
    }
}

fn compacted(array: &ArrayRef) -> ArrayRef {
    if let Some(texts) = array.as_string_view_opt() {
        let held: usize = texts.data_buffers().iter().map(Buffer::len).sum();
        if held > 2 * texts.total_buffer_bytes_used() {
            return Arc::new(texts.gc());
        }
    }
    array.clone()
}

/// Rows in hand as a table that is read from its beginning to its end: DataFusion would have the
/// parts of a `MemTable` read side by side, and their order be lost.
pub(crate) fn in_order(schema: SchemaRef, batches: Vec<RecordBatch>) -> Result<StreamingTable> {
    let given = Given { schema: schema.clone(), batches };
    StreamingTable::try_new(schema, vec![Arc::new(given)])
}

#[derive(Debug)]
struct Given {
    schema: SchemaRef,
    batches: Vec<RecordBatch>,
}

impl PartitionStream for Given {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, _: Arc<TaskContext>) -> SendableRecordBatchStream {
        let batches = self.batches.clone().into_iter().map(Ok);
        let stream = futures::stream::iter(batches);
        Box::pin(RecordBatchStreamAdapter::new(self.schema.clone(), stream))
    }
}

/// Rows in a file, to be read again and again.
pub(crate) struct Written {
    schema: SchemaRef,
    file: Arc<dyn SpillFile>,
}

impl std::fmt::Debug for Written {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("rows on disk")
    }
}

/// Writes rows as they come.
pub(crate) struct Writing {
    file: Arc<dyn SpillFile>,
    writer: StreamWriter<BufWriter<Box<dyn SpillWriter>>>,
}

impl Writing {
    pub(crate) fn new(disks: &Arc<DiskManager>, schema: &SchemaRef) -> Result<Writing> {
        let file = disks.create_tmp_file("rows held by a command")?;
        let writer = StreamWriter::try_new(BufWriter::new(file.open_writer()?), schema)?;
        Ok(Writing { file, writer })
    }

    pub(crate) fn add(&mut self, batch: &RecordBatch) -> Result<()> {
        Ok(self.writer.write(batch)?)
    }

    /// All that was written.
    pub(crate) fn end(mut self, schema: SchemaRef) -> Result<Written> {
        self.writer.finish()?;
        let mut out = self.writer.into_inner()?;
        out.flush()?;
        out.get_mut().finish()?;
        Ok(Written { schema, file: self.file })
    }

    /// The rows as a table, in their order.
    pub(crate) fn table(self, schema: SchemaRef) -> Result<StreamingTable> {
        let written = self.end(schema.clone())?;
        StreamingTable::try_new(schema, vec![Arc::new(written)])
    }
}

impl Written {
    /// The rows, as they were written.
    pub(crate) fn batches(&self) -> Result<Batches> {
        let file = self.file.clone();
        let path = file.path().ok_or_else(|| {
            DataFusionError::Internal("rows were held in a place that is no file".to_owned())
        })?;
        let reader = StreamReader::try_new(BufReader::new(File::open(path)?), None)?;
        // SAFETY: the file holds what `Writing` wrote, arrays that were valid; it lies in a folder
        // of this process alone and is never given to anyone.
        #[allow(unsafe_code)]
        let reader = unsafe { reader.with_skip_validation(true) };
        Ok(Batches { reader, _file: file })
    }
}

/// Rows read back from disk; the file is there as long as they are.
pub(crate) struct Batches {
    reader: StreamReader<BufReader<File>>,
    _file: Arc<dyn SpillFile>,
}

impl Iterator for Batches {
    type Item = Result<RecordBatch>;

    fn next(&mut self) -> Option<Self::Item> {
        Some(self.reader.next()?.map_err(Into::into))
    }
}

impl PartitionStream for Written {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, _: Arc<TaskContext>) -> SendableRecordBatchStream {
        let mut builder = RecordBatchReceiverStreamBuilder::new(self.schema.clone(), 2);
        let out = builder.tx();
        let batches = self.batches();
        builder.spawn_blocking(move || {
            for batch in batches? {
                if out.blocking_send(batch).is_err() {
                    break;
                }
            }
            Ok(())
        });
        builder.build()
    }
}
