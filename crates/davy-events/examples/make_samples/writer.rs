//! A small writer of EVTX files: one chunk, templates as Windows makes them, right checksums.

use std::collections::HashMap;

/// An element of an event's data.
#[derive(Clone)]
pub(crate) struct El {
    pub(crate) name: &'static str,
    pub(crate) attributes: Vec<(&'static str, String)>,
    pub(crate) text: Option<String>,
    pub(crate) children: Vec<El>,
}

pub(crate) struct Event {
    pub(crate) provider: &'static str,
    pub(crate) guid: [u8; 16],
    pub(crate) id: u16,
    pub(crate) version: u8,
    pub(crate) level: u8,
    pub(crate) task: u16,
    pub(crate) keywords: u64,
    /// In ticks of 100 ns since 1601.
    pub(crate) time: u64,
    pub(crate) record: u64,
    pub(crate) process: u32,
    pub(crate) thread: u32,
    pub(crate) channel: &'static str,
    pub(crate) computer: &'static str,
    /// The last parts of the user's SID; none for no user.
    pub(crate) user: Option<Vec<u32>>,
    pub(crate) data: El,
}

struct Chunk {
    bytes: Vec<u8>,
    names: HashMap<String, u32>,
    buckets: [u32; 64],
    templates: HashMap<String, u32>,
    template_buckets: [u32; 32],
}

/// A value of a template: its kind and its bytes, or a fragment that is written in place.
enum Value<'a> {
    Plain(u8, Vec<u8>),
    Fragment(&'a El),
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

impl Chunk {
    fn u8(&mut self, value: u8) {
        self.bytes.push(value);
    }

    fn u16(&mut self, value: u16) {
        self.bytes.extend(value.to_le_bytes());
    }

    fn u32(&mut self, value: u32) {
        self.bytes.extend(value.to_le_bytes());
    }

    fn at(&self) -> u32 {
        self.bytes.len() as u32
    }

    fn patch(&mut self, at: u32, value: u32) {
        self.bytes[at as usize..at as usize + 4].copy_from_slice(&value.to_le_bytes());
    }

    /// A name by its offset; the first time, it is written right here.
    fn name(&mut self, name: &str) {
        if let Some(known) = self.names.get(name) {
            return self.u32(*known);
        }
        let at = self.at() + 4;
        self.u32(at);
        let hash = name
            .encode_utf16()
            .fold(0u32, |hash, unit| hash.wrapping_mul(65599).wrapping_add(u32::from(unit)));
        let bucket = (hash as u16 % 64) as usize;
        let next = std::mem::replace(&mut self.buckets[bucket], at);
        self.u32(next);
        self.u16(hash as u16);
        self.u16(name.encode_utf16().count() as u16);
        self.bytes.extend(utf16(name));
        self.u16(0);
        self.names.insert(name.to_owned(), at);
    }

    fn place(&mut self, index: u16, kind: u8) {
        self.u8(0x0e);
        self.u16(index);
        self.u8(kind);
    }

    /// An element of a template: attributes are places or texts, and `inside` writes the rest.
    fn element(
        &mut self,
        name: &str,
        attributes: &[(&str, Attribute<'_>)],
        inside: Option<&mut dyn FnMut(&mut Self)>,
    ) {
        self.u8(if attributes.is_empty() { 0x01 } else { 0x41 });
        self.u16(0xffff);
        let size = self.at();
        self.u32(0);
        self.name(name);
        if !attributes.is_empty() {
            let list = self.at();
            self.u32(0);
            for (at, (name, value)) in attributes.iter().enumerate() {
                self.u8(if at + 1 < attributes.len() { 0x46 } else { 0x06 });
                self.name(name);
                match value {
                    Attribute::Place(index, kind) => self.place(*index, *kind),
                    Attribute::Text(text) => {
                        self.u8(0x05);
                        self.u8(0x01);
                        self.u16(text.encode_utf16().count() as u16);
                        self.bytes.extend(utf16(text));
                    }
                }
            }
            let length = self.at() - list - 4;
            self.patch(list, length);
        }
        match inside {
            Some(inside) => {
                self.u8(0x02);
                inside(self);
                self.u8(0x04);
            }
            None => self.u8(0x03),
        }
        let length = self.at() - size - 4;
        self.patch(size, length);
    }

    /// An instance of the template that `key` names; the first time, `body` defines it here.
    fn instance(&mut self, key: &str, body: &mut dyn FnMut(&mut Self), values: &[Value<'_>]) {
        self.bytes.extend([0x0f, 1, 1, 0, 0x0c, 1]);
        let hash = evtx::checksum_ieee(key.as_bytes());
        self.u32(hash);
        match self.templates.get(key) {
            Some(known) => self.u32(*known),
            None => {
                let definition = self.at() + 4;
                self.u32(definition);
                self.templates.insert(key.to_owned(), definition);
                let bucket = (hash % 32) as usize;
                let next = std::mem::replace(&mut self.template_buckets[bucket], definition);
                self.u32(next);
                let guid = [hash, hash.rotate_left(8), !hash, hash.rotate_left(16)];
                self.bytes.extend(guid.iter().flat_map(|part| part.to_le_bytes()));
                let size = self.at();
                self.u32(0);
                self.bytes.extend([0x0f, 1, 1, 0]);
                body(self);
                self.u8(0);
                let length = self.at() - size - 4;
                self.patch(size, length);
            }
        }
        self.u32(values.len() as u32);
        let table = self.at() as usize;
        self.bytes.extend(std::iter::repeat_n(0, values.len() * 4));
        for (at, value) in values.iter().enumerate() {
            let start = self.bytes.len();
            let kind = match value {
                Value::Plain(kind, bytes) => {
                    self.bytes.extend(bytes);
                    *kind
                }
                Value::Fragment(el) => {
                    self.data(el);
                    0x21
                }
            };
            let size = (self.bytes.len() - start) as u16;
            let entry = table + at * 4;
            self.bytes[entry..entry + 2].copy_from_slice(&size.to_le_bytes());
            self.bytes[entry + 2] = kind;
        }
    }

    /// The data of an event as an instance of a template of its own.
    fn data(&mut self, el: &El) {
        let mut key = String::new();
        let mut values = Vec::new();
        outline(el, &mut key, &mut values);
        let values: Vec<Value<'_>> =
            values.iter().map(|text| Value::Plain(0x01, utf16(text))).collect();
        let mut body = |chunk: &mut Self| {
            let mut next = 0;
            chunk.tree(el, &mut next);
        };
        self.instance(&key, &mut body, &values);
        self.u8(0);
    }

    fn tree(&mut self, el: &El, next: &mut u16) {
        let attributes: Vec<(&str, Attribute<'_>)> = el
            .attributes
            .iter()
            .map(|(name, value)| match (el.name, *name) {
                ("Data", "Name") => (*name, Attribute::Text(value)),
                _ => {
                    *next += 1;
                    (*name, Attribute::Place(*next - 1, 0x01))
                }
            })
            .collect();
        let mut inside = |chunk: &mut Self| {
            if el.text.is_some() {
                chunk.place(*next, 0x01);
                *next += 1;
            }
            for child in &el.children {
                chunk.tree(child, next);
            }
        };
        let empty = el.text.is_none() && el.children.is_empty();
        let inside: Option<&mut dyn FnMut(&mut Self)> =
            if empty { None } else { Some(&mut inside) };
        self.element(el.name, &attributes, inside);
    }
}

enum Attribute<'a> {
    Place(u16, u8),
    Text(&'a str),
}

/// The fixed parts of an element, which make its template, and its values.
fn outline(el: &El, key: &mut String, values: &mut Vec<String>) {
    key.push_str(el.name);
    for (name, value) in &el.attributes {
        key.push_str(&format!(" {name}"));
        match (el.name, *name) {
            ("Data", "Name") => key.push_str(&format!("={value}")),
            _ => values.push(value.clone()),
        }
    }
    if let Some(text) = &el.text {
        key.push_str(" text");
        values.push(text.clone());
    }
    key.push('(');
    for child in &el.children {
        outline(child, key, values);
    }
    key.push(')');
}

fn sid(parts: &[u32]) -> Vec<u8> {
    let mut bytes = vec![1, parts.len() as u8, 0, 0, 0, 0, 0, 5];
    bytes.extend(parts.iter().flat_map(|part| part.to_le_bytes()));
    bytes
}

/// The frame that all events share.
fn frame(chunk: &mut Chunk) {
    use Attribute::{Place, Text};
    let space = "http://schemas.microsoft.com/win/2004/08/events/event";
    let mut event = |chunk: &mut Chunk| {
        let mut system = |chunk: &mut Chunk| {
            let leaf = |chunk: &mut Chunk, name: &str, index: u16, kind: u8| {
                chunk.element(name, &[], Some(&mut |chunk| chunk.place(index, kind)));
            };
            chunk.element("Provider", &[("Name", Place(0, 0x01)), ("Guid", Place(1, 0x0f))], None);
            leaf(chunk, "EventID", 2, 0x06);
            leaf(chunk, "Version", 3, 0x04);
            leaf(chunk, "Level", 4, 0x04);
            leaf(chunk, "Task", 5, 0x06);
            leaf(chunk, "Opcode", 6, 0x04);
            leaf(chunk, "Keywords", 7, 0x15);
            chunk.element("TimeCreated", &[("SystemTime", Place(8, 0x11))], None);
            leaf(chunk, "EventRecordID", 9, 0x0a);
            chunk.element("Correlation", &[("ActivityID", Place(16, 0x0f))], None);
            let ids = [("ProcessID", Place(10, 0x08)), ("ThreadID", Place(11, 0x08))];
            chunk.element("Execution", &ids, None);
            leaf(chunk, "Channel", 12, 0x01);
            leaf(chunk, "Computer", 13, 0x01);
            chunk.element("Security", &[("UserID", Place(14, 0x13))], None);
        };
        chunk.element("System", &[], Some(&mut system));
        chunk.place(15, 0x21);
    };
    chunk.element("Event", &[("xmlns", Text(space))], Some(&mut event));
}

/// A whole file of these events, which must fit into one chunk.
pub(crate) fn file(events: &[Event]) -> Vec<u8> {
    let mut chunk = Chunk {
        bytes: vec![0; 512],
        names: HashMap::new(),
        buckets: [0; 64],
        templates: HashMap::new(),
        template_buckets: [0; 32],
    };
    let mut last = 0;
    for event in events {
        last = chunk.at();
        chunk.bytes.extend([0x2a, 0x2a, 0, 0, 0, 0, 0, 0]);
        chunk.bytes.extend(event.record.to_le_bytes());
        chunk.bytes.extend(event.time.to_le_bytes());
        let user = match &event.user {
            Some(parts) => Value::Plain(0x13, sid(parts)),
            None => Value::Plain(0, Vec::new()),
        };
        let values = [
            Value::Plain(0x01, utf16(event.provider)),
            Value::Plain(0x0f, event.guid.to_vec()),
            Value::Plain(0x06, event.id.to_le_bytes().to_vec()),
            Value::Plain(0x04, vec![event.version]),
            Value::Plain(0x04, vec![event.level]),
            Value::Plain(0x06, event.task.to_le_bytes().to_vec()),
            Value::Plain(0x04, vec![0]),
            Value::Plain(0x15, event.keywords.to_le_bytes().to_vec()),
            Value::Plain(0x11, event.time.to_le_bytes().to_vec()),
            Value::Plain(0x0a, event.record.to_le_bytes().to_vec()),
            Value::Plain(0x08, event.process.to_le_bytes().to_vec()),
            Value::Plain(0x08, event.thread.to_le_bytes().to_vec()),
            Value::Plain(0x01, utf16(event.channel)),
            Value::Plain(0x01, utf16(event.computer)),
            user,
            Value::Fragment(&event.data),
            Value::Plain(0, Vec::new()),
        ];
        chunk.instance("frame", &mut frame, &values);
        chunk.u8(0);
        let size = chunk.at() - last + 4;
        chunk.u32(size);
        chunk.patch(last + 4, size);
    }
    finish(chunk, events, last)
}

fn finish(chunk: Chunk, events: &[Event], last: u32) -> Vec<u8> {
    let mut bytes = chunk.bytes;
    let free = bytes.len() as u32;
    assert!(bytes.len() <= 65_536, "the events do not fit into one chunk");
    let ids: Vec<u64> = events.iter().map(|event| event.record).collect();
    let (first_id, last_id) = (ids[0], ids[ids.len() - 1]);
    let mut header = b"ElfChnk\0".to_vec();
    for number in [1, ids.len() as u64, first_id, last_id] {
        header.extend(number.to_le_bytes());
    }
    let data = evtx::checksum_ieee(&bytes[512..]);
    for number in [128, last, free, data] {
        header.extend(number.to_le_bytes());
    }
    header.resize(128, 0);
    for offset in chunk.buckets.iter().chain(&chunk.template_buckets) {
        header.extend(offset.to_le_bytes());
    }
    let summed = [&header[..120], &header[128..512]].concat();
    let sum = evtx::checksum_ieee(&summed);
    header[124..128].copy_from_slice(&sum.to_le_bytes());
    bytes[..512].copy_from_slice(&header);
    bytes.resize(65_536, 0);

    let mut file = b"ElfFile\0".to_vec();
    for number in [0, 0, last_id + 1] {
        file.extend(u64::to_le_bytes(number));
    }
    file.extend(128u32.to_le_bytes());
    for number in [1u16, 3, 4096, 1] {
        file.extend(number.to_le_bytes());
    }
    file.resize(120, 0);
    let sum = evtx::checksum_ieee(&file);
    file.extend(0u32.to_le_bytes());
    file.extend(sum.to_le_bytes());
    file.resize(4096, 0);
    file.extend(bytes);
    file
}
