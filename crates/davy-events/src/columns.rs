//! Columns under construction. They start small: a file may hold a few events of many shapes.

use crate::{mv, rest};
use arrow::array::builder::make_view;
use arrow::array::{ArrayRef, Float64Array, StringViewArray, StringViewBuilder, UInt64Array};
use arrow::buffer::{Buffer, NullBuffer, ScalarBuffer};
use std::collections::HashMap;
use std::sync::Arc;

/// More names than an honest input has; past them, what is known of names is forgotten.
const MAX_NAMES: usize = 4096;

pub(crate) enum Column {
    Text(Texts),
    /// The same value in every row.
    Constant(Arc<str>),
    Time(Vec<f64>),
    Seq(Vec<u64>),
}

impl Column {
    /// What was put in, as an array; a constant is given `len` times.
    pub(crate) fn take(&mut self, len: usize) -> Option<ArrayRef> {
        Some(match self {
            Column::Text(texts) => texts.take()?,
            Column::Constant(value) => Arc::new(repeat(value, len)),
            Column::Time(values) => Arc::new(Float64Array::from(std::mem::take(values))),
            Column::Seq(values) => Arc::new(UInt64Array::from(std::mem::take(values))),
        })
    }
}

/// Texts, and behind them the one of the row being filled.
#[derive(Default)]
pub(crate) struct Texts {
    views: Vec<u128>,
    data: String,
    valid: Vec<bool>,
    /// Where the text of the row being filled begins.
    start: usize,
    /// How many values it has.
    count: usize,
    seen: Seen,
}

/// The long texts that came last, to hold one that comes again once: logs say much the same again
/// and again. Of two that would stand in the same place the later one does.
#[derive(Default)]
struct Seen(Vec<u128>);

impl Seen {
    const PLACES: usize = 256;
    /// A column of fewer rows has too little to spare.
    const ROWS: usize = 64;

    /// The view of the same text from before.
    fn again(&mut self, view: u128, value: &[u8], data: &[u8]) -> Option<u128> {
        if self.0.is_empty() {
            self.0 = vec![0; Self::PLACES];
        }
        let known = self.0.get_mut(Self::place(value))?;
        // The length and the first four bytes.
        if *known as u64 == view as u64 {
            let start = (*known >> 96) as usize;
            if data.get(start..start + value.len()) == Some(value) {
                return Some(*known);
            }
        }
        *known = view;
        None
    }

    /// By the length, the last bytes and some in the middle.
    fn place(value: &[u8]) -> usize {
        let eight = |at: usize| {
            value
                .get(at..)
                .and_then(|rest| rest.first_chunk())
                .map_or(0, |b| u64::from_le_bytes(*b))
        };
        let mixed = eight(value.len().saturating_sub(8))
            .rotate_left(21)
            .wrapping_add(eight(value.len() / 2))
            .wrapping_add(value.len() as u64);
        (mixed.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56) as usize
    }

    fn forget(&mut self) {
        self.0.fill(0);
    }
}

impl Texts {
    /// Adds a value, which `write` makes, to the row being filled.
    pub(crate) fn write(&mut self, write: impl FnOnce(&mut String)) {
        mv::grow_tail(&mut self.data, self.start, self.count);
        self.count += 1;
        let from = self.data.len();
        write(&mut self.data);
        mv::clean_tail(&mut self.data, from);
    }

    /// As [`Texts::write`]; what turns out empty is no value.
    pub(crate) fn write_some(&mut self, write: impl FnOnce(&mut String)) {
        if self.count == 0 {
            write(&mut self.data);
            mv::clean_tail(&mut self.data, self.start);
            self.count = usize::from(self.data.len() > self.start);
            return;
        }
        let mut value = String::new();
        write(&mut value);
        if !value.is_empty() {
            self.write(|out| out.push_str(&value));
        }
    }

    /// The text of the row being filled, which is one value as it is.
    fn write_plain(&mut self, text: &str) {
        self.data.push_str(text);
        self.count = 1;
    }

    /// Ends the row and gives how many bytes are held for its text.
    pub(crate) fn end(&mut self) -> usize {
        self.valid.push(std::mem::take(&mut self.count) > 0);
        let value = self.data.as_bytes().get(self.start..).unwrap_or_default();
        // A batch is given long before its texts come near the four gigabytes of an offset.
        let offset = u32::try_from(self.start).unwrap_or(u32::MAX);
        let mut view = make_view(value, 0, offset);
        let size = value.len();
        // A view holds a short text itself.
        let mut held = size <= 12;
        if !held && self.views.len() >= Seen::ROWS {
            let again = self.seen.again(view, value, self.data.as_bytes());
            held = again.is_some();
            view = again.unwrap_or(view);
        }
        self.views.push(view);
        if held {
            self.data.truncate(self.start);
        }
        let grown = self.data.len() - self.start;
        self.start = self.data.len();
        grown
    }

    fn take(&mut self) -> Option<ArrayRef> {
        // The next batch of a shape is about as large; a column that grows step by step is copied
        // as often.
        fn taken<T>(list: &mut Vec<T>) -> Vec<T> {
            let room = Vec::with_capacity(list.len());
            std::mem::replace(list, room)
        }
        let valid = taken(&mut self.valid);
        let nulls = valid.contains(&false).then(|| NullBuffer::from(valid));
        let views = ScalarBuffer::from(taken(&mut self.views));
        self.start = 0;
        self.seen.forget();
        let room = String::with_capacity(self.data.len());
        let data = std::mem::replace(&mut self.data, room).into_bytes();
        let buffers = if data.is_empty() { Vec::new() } else { vec![Buffer::from_vec(data)] };
        Some(Arc::new(views_of(views, buffers, nulls)))
    }
}

#[allow(unsafe_code)]
fn views_of(
    views: ScalarBuffer<u128>,
    buffers: Vec<Buffer>,
    nulls: Option<NullBuffer>,
) -> StringViewArray {
    // SAFETY: `Texts::end` made each view of a text, whose bytes it put where the view says; a null's is
    // that of an empty text.
    unsafe { StringViewArray::new_unchecked(views, buffers, nulls) }
}

/// The column of fields that nobody named, and those of the row being filled.
#[derive(Default)]
pub(crate) struct Packed {
    texts: Texts,
    names: HashMap<Arc<str>, usize, foldhash::fast::RandomState>,
    fields: Vec<(Arc<str>, usize, String)>,
    /// The fields that the row has, in order.
    used: Vec<usize>,
    scratch: String,
}

impl Packed {
    pub(crate) fn write(&mut self, name: &str, write: impl FnOnce(&mut String)) {
        let at = match self.names.get(name) {
            Some(at) => *at,
            None => {
                let name: Arc<str> = name.into();
                self.names.insert(name.clone(), self.fields.len());
                self.fields.push((name, 0, String::new()));
                self.fields.len() - 1
            }
        };
        if let Some((_, count, cell)) = self.fields.get_mut(at) {
            if *count == 0 {
                self.used.push(at);
            }
            fill(cell, count, write);
        }
    }

    /// Ends the row and gives its size. `fixed` are constants that nobody named.
    pub(crate) fn end(&mut self, fixed: &[(Arc<str>, Arc<str>)]) -> usize {
        self.scratch.clear();
        for (name, value) in fixed {
            rest::push(&mut self.scratch, name, value);
        }
        for at in self.used.drain(..) {
            if let Some((name, count, cell)) = self.fields.get_mut(at) {
                rest::push(&mut self.scratch, name, cell);
                *count = 0;
                cell.clear();
                cell.shrink_to(1 << 16);
            }
        }
        if self.fields.len() > MAX_NAMES {
            self.fields.clear();
            self.names.clear();
        }
        self.texts.write_plain(&self.scratch);
        self.texts.end()
    }

    pub(crate) fn take(&mut self) -> Option<ArrayRef> {
        self.texts.take()
    }
}

/// Adds a value, which `write` makes, to a cell that holds `count`.
pub(crate) fn fill(cell: &mut String, count: &mut usize, write: impl FnOnce(&mut String)) {
    mv::grow(cell, *count);
    *count += 1;
    let from = cell.len();
    write(cell);
    mv::clean_tail(cell, from);
}

/// One text, many times, held once.
fn repeat(value: &str, len: usize) -> StringViewArray {
    let mut builder = StringViewBuilder::with_capacity(len);
    let block = builder.append_block(Buffer::from(value.as_bytes()));
    let size = u32::try_from(value.len()).unwrap_or(0);
    for _ in 0..len {
        if builder.try_append_view(block, 0, size).is_err() {
            builder.append_value(value);
        }
    }
    builder.finish()
}
