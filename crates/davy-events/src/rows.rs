//! From events to batches: one set of column builders a shape.

use crate::columns::{Column, Packed, Texts};
use crate::evtx;
use crate::model::{Counts, EventBatch, Meta, Options, Problem, ProblemKind, Sink};
use crate::needles::Needles;
use crate::rest;
use crate::shape::{Demand, Shape, Want};
use arrow::array::ArrayRef;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::record_batch::{RecordBatch, RecordBatchOptions};
use std::collections::HashMap;
use std::sync::Arc;

/// Everything one decoding shares: what it was given, where events go, what was counted.
pub(crate) struct Run<'a> {
    pub(crate) meta: &'a Meta,
    pub(crate) options: &'a Options,
    pub(crate) counts: Counts,
    /// To read no further.
    pub(crate) stopped: bool,
    /// The receiver has had enough.
    full: bool,
    /// The number of the next event in the input.
    pub(crate) number: u64,
    /// In how many tar archives the reading is.
    pub(crate) tars: usize,
    /// The first of the events to be read that was not met.
    only_at: usize,
    demand: &'a dyn Demand,
    sink: &'a mut dyn Sink,
    state: &'a mut State,
}

/// Past so many shapes, what is known of earlier inputs is forgotten.
const MAX_SHAPES: usize = 8192;

/// What outlives one input: shapes and what is wanted of them, and what EVTX files hold.
#[derive(Default)]
pub(crate) struct State {
    slots: Vec<Slot>,
    by_shape: HashMap<u64, usize>,
    /// Bytes of the rows that wait.
    pending: usize,
    /// The metadata that the shapes were made with.
    stated: [Option<String>; 4],
    evtx: evtx::Known,
}

impl State {
    /// What is known does not hold for an input, or is too much.
    fn is_stale(&self, meta: &Meta) -> bool {
        let [source, sourcetype, host, index] = &self.stated;
        let same = *source == meta.source
            && *sourcetype == meta.sourcetype
            && *host == meta.host
            && *index == meta.index;
        !same || self.slots.len() > MAX_SHAPES || self.evtx.is_full()
    }

    /// The shapes of the events met since this was last asked.
    pub(crate) fn met(&mut self) -> Vec<Arc<Shape>> {
        let mut met = Vec::new();
        for slot in &mut self.slots {
            if std::mem::take(&mut slot.met) {
                met.push(slot.shape.clone());
            }
        }
        met
    }

    fn new(meta: &Meta) -> State {
        let stated = [&meta.source, &meta.sourcetype, &meta.host, &meta.index].map(Clone::clone);
        Self { stated, ..Self::default() }
    }
}

struct Slot {
    shape: Arc<Shape>,
    rows: Option<Rows>,
    /// The input in hand has such events.
    met: bool,
}

/// A known shape of this run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SlotId(usize);

/// The rows of a shape that wait to become a batch, and the row being filled.
pub(crate) struct Rows {
    schema: SchemaRef,
    columns: Vec<Column>,
    index: HashMap<Arc<str>, usize, foldhash::fast::RandomState>,
    rest: Option<Packed>,
    /// Constants that nobody named, for `rest`.
    unnamed: Vec<(Arc<str>, Arc<str>)>,
    scratch: String,
    len: usize,
    bytes: usize,
    pub(crate) seek: Option<Seek>,
}

/// Where none of these stands nearby, the text of events may be left out, or the whole events.
#[derive(Debug, Clone)]
pub(crate) struct Seek {
    pub(crate) needles: Arc<Needles>,
    pub(crate) whole: bool,
}

/// Where the values of a field go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Target {
    Column(usize),
    Rest(Arc<str>),
}

/// So many events are read before a look whether to go on.
const LOOK_UP: u64 = 1024;

impl<'a> Run<'a> {
    pub(crate) fn new(
        meta: &'a Meta,
        options: &'a Options,
        demand: &'a dyn Demand,
        sink: &'a mut dyn Sink,
        state: &'a mut State,
    ) -> Self {
        let counts = Counts::default();
        let mut run = Self {
            meta,
            options,
            demand,
            sink,
            counts,
            stopped: false,
            full: false,
            number: 0,
            tars: 0,
            only_at: 0,
            state,
        };
        if run.state.is_stale(meta) {
            run.flush_all();
            *run.state = State::new(meta);
        }
        run
    }

    /// What earlier files told of EVTX; to be given back with `set_evtx`.
    pub(crate) fn take_evtx(&mut self) -> evtx::Known {
        std::mem::take(&mut self.state.evtx)
    }

    pub(crate) fn set_evtx(&mut self, known: evtx::Known) {
        self.state.evtx = known;
    }

    pub(crate) fn problem(&mut self, kind: ProblemKind, offset: Option<u64>, message: String) {
        self.counts.problems += 1;
        self.sink.problem(Problem { offset, message, kind });
    }

    /// The place for events of a shape; asks what is wanted of it at first sight.
    pub(crate) fn slot(&mut self, shape: Shape) -> SlotId {
        let mut key = shape.id;
        // Ids are hashes that input could be made to collide under.
        while let Some(&at) = self.state.by_shape.get(&key) {
            if let Some(slot) = self.state.slots.get_mut(at)
                && *slot.shape == shape
            {
                slot.met = true;
                return SlotId(at);
            }
            key = key.wrapping_add(1);
        }
        let rows = match self.demand.want(&shape) {
            Want::Skip => None,
            Want::Fields { names, rest } => Some(Rows::new(&shape, &names, rest)),
            Want::Seek { names, needles, whole } => {
                let seek = Some(Seek { needles, whole });
                Some(Rows { seek, ..Rows::new(&shape, &names, false) })
            }
        };
        let at = self.state.slots.len();
        self.state.by_shape.insert(key, at);
        self.state.slots.push(Slot { shape: Arc::new(shape), rows, met: true });
        SlotId(at)
    }

    /// The input has events of a shape, wherever its place was learnt.
    pub(crate) fn meet(&mut self, slot: SlotId) {
        if let Some(slot) = self.state.slots.get_mut(slot.0) {
            slot.met = true;
        }
    }

    /// Looks now and then whether to read on.
    pub(crate) fn look_up(&mut self) {
        self.stopped |= self.sink.stops();
    }

    /// Numbers and counts an event.
    fn count(&mut self) {
        self.number += 1;
        self.counts.events += 1;
        if self.counts.events.is_multiple_of(LOOK_UP) {
            self.look_up();
        }
    }

    /// Counts an event that need not be looked at further.
    pub(crate) fn pass_over(&mut self) {
        self.count();
        self.counts.skipped += 1;
    }

    /// Whether the next event is not one of those to be read.
    pub(crate) fn passes_over(&mut self) -> bool {
        let Some(only) = &self.meta.only else { return false };
        let next = self.number;
        while only.get(self.only_at).is_some_and(|number| *number < next) {
            self.only_at += 1;
        }
        only.get(self.only_at) != Some(&next)
    }

    /// Whether none of the next `count` events is one of those to be read.
    pub(crate) fn passes_over_all(&mut self, count: u64) -> bool {
        if !self.passes_over() {
            return false;
        }
        let next = self.meta.only.as_ref().and_then(|only| only.get(self.only_at));
        next.is_none_or(|next| *next >= self.number + count)
    }

    /// Counts an event and gives the row to fill, unless it or its shape is skipped.
    pub(crate) fn row(&mut self, slot: SlotId) -> Option<&mut Rows> {
        if self.passes_over() {
            self.pass_over();
            return None;
        }
        self.count();
        let rows = self.state.slots.get_mut(slot.0).and_then(|slot| slot.rows.as_mut());
        if rows.is_none() {
            self.counts.skipped += 1;
        }
        rows
    }

    /// The rows of a shape, without counting an event; `None` if the shape is skipped.
    pub(crate) fn rows(&mut self, slot: SlotId) -> Option<&mut Rows> {
        self.state.slots.get_mut(slot.0).and_then(|slot| slot.rows.as_mut())
    }

    /// Ends the row that `row` began.
    pub(crate) fn end_row(&mut self, slot: SlotId, time: f64) {
        let seq = self.meta.first + self.number.saturating_sub(1);
        let Some(rows) = self.state.slots.get_mut(slot.0).and_then(|s| s.rows.as_mut()) else {
            return;
        };
        let before = rows.bytes;
        rows.end(time, seq);
        self.state.pending += rows.bytes - before;
        if rows.len >= self.options.batch_rows {
            self.flush(slot.0);
        } else if self.state.pending > self.options.pending_bytes {
            self.flush_largest();
        }
    }

    /// Gives the rows of the shapes that hold most, until half of the room is free: those of rare
    /// shapes go on to wait for more.
    fn flush_largest(&mut self) {
        let size = |slot: &Slot| slot.rows.as_ref().map_or(0, |rows| rows.bytes);
        let mut order: Vec<(usize, usize)> =
            self.state.slots.iter().map(size).enumerate().filter(|(_, size)| *size > 0).collect();
        order.sort_by_key(|(_, size)| std::cmp::Reverse(*size));
        for (at, _) in order {
            if self.state.pending <= self.options.pending_bytes / 2 {
                break;
            }
            self.flush(at);
        }
    }

    fn flush(&mut self, at: usize) {
        let Some(slot) = self.state.slots.get_mut(at) else { return };
        let Some(rows) = slot.rows.as_mut() else { return };
        if rows.len == 0 {
            return;
        }
        self.state.pending = self.state.pending.saturating_sub(rows.bytes);
        if let Some(batch) = rows.take() {
            let event_batch = EventBatch { shape: slot.shape.clone(), batch };
            if !self.full && self.sink.batch(event_batch).is_break() {
                (self.full, self.stopped) = (true, true);
            }
        }
    }

    pub(crate) fn flush_all(&mut self) {
        for at in 0..self.state.slots.len() {
            self.flush(at);
        }
    }
}

impl Rows {
    fn new(shape: &Shape, names: &[Arc<str>], rest: bool) -> Self {
        let mut columns = Vec::with_capacity(names.len());
        let mut fields = Vec::with_capacity(names.len() + 1);
        let mut index = HashMap::default();
        for (at, name) in names.iter().enumerate() {
            let (column, kind) = match &**name {
                "_time" => (Column::Time(Vec::new()), DataType::Float64),
                "__seq" => (Column::Seq(Vec::new()), DataType::UInt64),
                name => match shape.constants.iter().find(|(known, _)| &**known == name) {
                    Some((_, value)) => (Column::Constant(value.clone()), DataType::Utf8View),
                    None => (Column::Text(Texts::default()), DataType::Utf8View),
                },
            };
            index.entry(name.clone()).or_insert(at);
            columns.push(column);
            fields.push(Field::new(&**name, kind, true));
        }
        if rest {
            fields.push(Field::new(rest::COLUMN, DataType::Utf8View, true));
        }
        let unnamed = shape.constants.iter().filter(|(name, _)| !index.contains_key(name));
        Self {
            schema: Arc::new(Schema::new(fields)),
            columns,
            rest: rest.then(Packed::default),
            unnamed: unnamed.cloned().collect(),
            index,
            scratch: String::new(),
            len: 0,
            bytes: 0,
            seek: None,
        }
    }

    /// The column to fill for a name. Constants, `_time` and `__seq` fill themselves.
    pub(crate) fn column(&self, name: &str) -> Option<usize> {
        let at = *self.index.get(name)?;
        matches!(self.columns.get(at), Some(Column::Text(_))).then_some(at)
    }

    /// Whether [`Rows::set`] keeps values of this name.
    pub(crate) fn takes(&self, name: &str) -> bool {
        self.index.contains_key(name)
            || self.rest.is_some() && !self.unnamed.iter().any(|(known, _)| &**known == name)
    }

    /// Adds a value to a field of the row.
    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.write(name, |out| out.push_str(value));
    }

    /// Adds a value that `write` makes, and only if the field is wanted.
    pub(crate) fn write(&mut self, name: &str, write: impl FnOnce(&mut String)) {
        if let Some(at) = self.index.get(name) {
            return self.write_at(*at, write);
        }
        if self.unnamed.iter().any(|(known, _)| &**known == name) {
            return;
        }
        if let Some(packed) = &mut self.rest {
            packed.write(name, write);
        }
    }

    /// Where a field that is wanted goes; `None` for one that is not, or that fills itself.
    pub(crate) fn target(&self, name: &str) -> Option<Target> {
        match self.index.get(name) {
            Some(at) => self.column(name).map(|_| Target::Column(*at)),
            None if self.rest.is_none() => None,
            None if self.unnamed.iter().any(|(known, _)| &**known == name) => None,
            None => Some(Target::Rest(name.into())),
        }
    }

    /// As `write`, to a place that `target` gave. What turns out empty is no value.
    pub(crate) fn write_to(&mut self, target: &Target, write: impl FnOnce(&mut String)) {
        match target {
            Target::Column(at) => {
                if let Some(Column::Text(texts)) = self.columns.get_mut(*at) {
                    texts.write_some(write);
                }
            }
            Target::Rest(name) => {
                let mut value = std::mem::take(&mut self.scratch);
                value.clear();
                write(&mut value);
                if !value.is_empty() {
                    self.set(name, &value);
                }
                self.scratch = value;
            }
        }
    }

    /// As `write`, to a column that `column` gave.
    fn write_at(&mut self, at: usize, write: impl FnOnce(&mut String)) {
        if let Some(Column::Text(texts)) = self.columns.get_mut(at) {
            texts.write(write);
        }
    }

    fn end(&mut self, time: f64, seq: u64) {
        for column in &mut self.columns {
            match column {
                Column::Text(texts) => self.bytes += texts.end() + 16,
                Column::Time(values) => values.push(time),
                Column::Seq(values) => values.push(seq),
                Column::Constant(_) => {}
            }
        }
        if let Some(packed) = &mut self.rest {
            self.bytes += packed.end(&self.unnamed) + 16;
        }
        self.len += 1;
        self.bytes += 16;
    }

    fn take(&mut self) -> Option<RecordBatch> {
        let len = std::mem::take(&mut self.len);
        self.bytes = 0;
        let mut arrays: Vec<ArrayRef> = Vec::with_capacity(self.columns.len() + 1);
        for column in &mut self.columns {
            arrays.push(column.take(len)?);
        }
        if let Some(packed) = &mut self.rest {
            arrays.push(packed.take()?);
        }
        let options = RecordBatchOptions::new().with_row_count(Some(len));
        // The columns hold one value a row by construction, so this is always a batch.
        RecordBatch::try_new_with_options(self.schema.clone(), arrays, &options).ok()
    }
}
