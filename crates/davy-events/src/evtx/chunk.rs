//! A chunk of an EVTX file: its records, its templates, and the values of a record.

use crate::evtx::render::{Filled, MAX_TEXT};
use crate::evtx::template::{Cursor, Node, compile};
use crate::evtx::value::{self, Escape, Value};
use crate::model::EVTX_CHUNK;
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;

pub(crate) const SIZE: usize = EVTX_CHUNK;
pub(crate) const HEADER: usize = 512;
const MAGIC: &[u8; 4] = b"\x2a\x2a\0\0";
/// More values than any template has.
const MAX_VALUES: u32 = 4096;

pub(crate) struct Chunk<'a> {
    pub(crate) data: &'a [u8],
    last_id: u64,
    ids: std::ops::RangeInclusive<u64>,
    /// Where the last record is said to start.
    last_offset: usize,
    live_end: usize,
    /// Templates by the offset of their definition; `None` for one that is not valid.
    templates: RefCell<HashMap<u32, Option<Rc<Vec<Node>>>>>,
    /// Where the binary XML of the record in hand stands.
    pub(crate) current: Cell<(usize, usize)>,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Record {
    pub(crate) id: u64,
    /// In ticks since 1601.
    pub(crate) written: u64,
    /// Where its binary XML stands.
    pub(crate) start: usize,
    pub(crate) end: usize,
}

/// Where an instance's template is defined; its values were put in a list.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Instance {
    pub(crate) definition: u32,
}

fn number<const N: usize>(data: &[u8], at: usize) -> Option<[u8; N]> {
    data.get(at..at.checked_add(N)?)?.try_into().ok()
}

fn u32_at(data: &[u8], at: usize) -> Option<u32> {
    number(data, at).map(u32::from_le_bytes)
}

fn u64_at(data: &[u8], at: usize) -> Option<u64> {
    number(data, at).map(u64::from_le_bytes)
}

/// The ids that a chunk's header says it holds.
pub(crate) fn id_range(data: &[u8]) -> Option<(u64, u64)> {
    data.starts_with(b"ElfChnk\0").then_some(())?;
    Some((u64_at(data, 24)?, u64_at(data, 32)?))
}

/// Where a chunk's free space begins, by its header.
pub(crate) fn live_end(data: &[u8]) -> Option<usize> {
    data.get(..HEADER)?;
    id_range(data)?;
    Some(u32_at(data, 48)? as usize).map(|end| end.clamp(HEADER, SIZE))
}

/// Whether the last record that a chunk's header tells of ends where its free space begins.
pub(crate) fn is_tidy(data: &[u8]) -> bool {
    let fits = || {
        let (last_id, at) = (u64_at(data, 32)?, u32_at(data, 44)? as usize);
        let size = u32_at(data, at + 4)? as usize;
        let end = live_end(data)?;
        let own = data.get(at..)?.starts_with(MAGIC) && u64_at(data, at + 8)? == last_id;
        Some(own && at + size == end && data.len() == end)
    };
    fits().unwrap_or(false)
}

impl<'a> Chunk<'a> {
    pub(crate) fn new(data: &'a [u8]) -> Option<Self> {
        let (first_id, last_id) = id_range(data)?;
        Some(Self {
            data,
            last_id,
            ids: first_id..=last_id,
            last_offset: u32_at(data, 44)? as usize,
            live_end: live_end(data)?.min(data.len()),
            templates: RefCell::default(),
            current: Cell::default(),
        })
    }

    /// The records, in order, and where one that cannot be read stands.
    pub(crate) fn records(&self) -> impl Iterator<Item = Result<Record, usize>> {
        let mut walk = Some(HEADER);
        std::iter::from_fn(move || {
            let at = walk.filter(|at| *at < self.live_end)?;
            if let Some((record, end)) = self.record_at(at) {
                walk = (record.id != self.last_id && end > at).then_some(end);
                return Some(Ok(record));
            }
            walk = self.next_live(at + 1);
            // Zeroes are where the free space really starts, unless records follow them.
            let blank = self.data.get(at..at + 4).is_none_or(|magic| magic == [0; 4]);
            (walk.is_some() || !blank).then_some(Err(at))
        })
    }

    fn record_at(&self, at: usize) -> Option<(Record, usize)> {
        self.data.get(at..)?.starts_with(MAGIC).then_some(())?;
        let size = u32_at(self.data, at + 4)? as usize;
        let start = at + 24;
        let end = start.checked_add(size.checked_sub(28)?)?;
        self.data.get(start..end)?;
        let (id, written) = (u64_at(self.data, at + 8)?, u64_at(self.data, at + 16)?);
        Some((Record { id, written, start, end }, at + size))
    }

    /// The next place after damage where a record stands that is surely one of this chunk's.
    fn next_live(&self, from: usize) -> Option<usize> {
        let until = self.live_end.min(self.last_offset.saturating_add(4));
        let data = self.data.get(..until)?;
        let rest = data.get(from..)?;
        memchr::memmem::find_iter(rest, MAGIC).map(|hit| hit + from).find(|at| {
            self.record_at(*at).is_some_and(|(record, end)| {
                end <= self.live_end
                    && self.ids.contains(&record.id)
                    && u32_at(self.data, record.end).map(|size| at + size as usize) == Some(end)
            })
        })
    }

    /// Reads an instance of a template at `start..end`, and appends its values to `values`.
    /// `None` if something else stands there, or it is not valid.
    pub(crate) fn instance(
        &self,
        start: usize,
        end: usize,
        values: &mut Vec<Value>,
    ) -> Option<Instance> {
        let mut cursor = Cursor { data: self.data.get(..end)?, at: start };
        let mut token = cursor.u8()?;
        if token == 0x0f {
            cursor.bytes(3)?;
            token = cursor.u8()?;
        }
        if token != 0x0c {
            return None;
        }
        cursor.bytes(5)?;
        let definition = cursor.u32()?;
        if cursor.at == definition as usize {
            cursor.bytes(20)?;
            let size = cursor.u32()? as usize;
            cursor.bytes(size)?;
        }
        let count = cursor.u32().filter(|count| *count <= MAX_VALUES)?;
        let table = cursor.bytes(count as usize * 4)?;
        let mut at = cursor.at;
        for [low, high, kind, _] in table.as_chunks::<4>().0 {
            let len = u16::from_le_bytes([*low, *high]);
            values.push(Value { kind: *kind, start: u32::try_from(at).ok()?, len });
            at += usize::from(len);
        }
        self.data.get(..at)?;
        Some(Instance { definition })
    }

    /// Where the body of a template's definition stands.
    pub(crate) fn body(&self, definition: u32) -> Option<std::ops::Range<usize>> {
        let start = definition as usize + 24;
        let size = u32_at(self.data, definition as usize + 20)? as usize;
        Some(start..start + size)
    }

    /// The template that is defined at an offset.
    pub(crate) fn template(&self, definition: u32) -> Option<Rc<Vec<Node>>> {
        if let Some(known) = self.templates.borrow().get(&definition) {
            return known.clone();
        }
        let body = self.body(definition);
        let nodes = body.and_then(|body| compile(self.data, body.start, body.end, true));
        let nodes = nodes.map(Rc::new);
        self.templates.borrow_mut().insert(definition, nodes.clone());
        nodes
    }

    /// Makes a template known that another chunk has too.
    pub(crate) fn share(&self, definition: u32, nodes: Rc<Vec<Node>>) {
        self.templates.borrow_mut().insert(definition, Some(nodes));
    }

    /// Writes what stands at `start..end`: an instance of a template, or elements.
    pub(crate) fn write(
        &self,
        start: usize,
        end: usize,
        (depth, limit): (usize, usize),
        out: &mut String,
    ) -> bool {
        let mut values = Vec::new();
        if let Some(instance) = self.instance(start, end, &mut values) {
            let Some(template) = self.template(instance.definition) else { return false };
            let filled = Filled { depth, limit, ..Filled::new(self, &values) };
            filled.nodes(&template, Escape::Text, out);
            return true;
        }
        match compile(self.data, start, end, false) {
            Some(nodes) => {
                Filled { depth, limit, ..Filled::new(self, &[]) }.nodes(&nodes, Escape::Text, out);
                true
            }
            None => false,
        }
    }

    /// Writes the record in hand.
    pub(crate) fn write_record(&self, out: &mut String) {
        let (start, end) = self.current.get();
        self.write(start, end, (0, out.len() + MAX_TEXT), out);
    }

    pub(crate) fn fragment(&self, value: Value, depth: usize, limit: usize, out: &mut String) {
        let start = value.start as usize;
        debug_assert_eq!(value.kind, value::BINXML);
        if value.len > 0 {
            self.write(start, start + usize::from(value.len), (depth, limit), out);
        }
    }
}
