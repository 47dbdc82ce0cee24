//! What is new in a file since it was read.
//!
//! What was read stays read only where that can be proved: of an EVTX file the chunks whose own sums
//! are right and whose headers did not change; of text in lines what is before the last line end,
//! where each line is an event and the file still begins and ends there as it did. Of any other file
//! that changed all is new.

use davy_events::{EVTX_CHUNK, EVTX_HEADER, Format, continues, sniff};
use std::fs::{File, Metadata};
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::Path;
use std::time::SystemTime;

/// How much of a file tells its format, and is compared to know it again.
const HEAD: usize = 16 << 10;
/// Of an EVTX file's chunk.
const CHUNK_HEADER: usize = 512;
/// More than that of an EVTX file is not read into memory: it is read anew.
const MOST: u64 = 256 << 20;

/// How far a file was read, and how it is known again.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Done {
    length: u64,
    changed: Option<SystemTime>,
    how: How,
}

#[derive(Debug, Clone, PartialEq)]
enum How {
    Lines(Lines),
    /// The headers of the chunks that are whole, from the first on.
    Chunks(Vec<Box<[u8]>>),
    /// As a whole.
    Whole,
}

#[derive(Debug, Clone, PartialEq)]
struct Lines {
    format: Format,
    /// Behind the last line end.
    end: u64,
    /// How the file begins, up to `end` at most.
    head: Vec<u8>,
    /// What stands before `end`.
    tail: Vec<u8>,
}

/// What is to be read of a file.
#[derive(Debug)]
pub(super) enum New {
    Nothing,
    /// All of it; what was kept of it is void.
    All(Vec<Piece>),
    /// Rows from this number on are void; these pieces stand in their place.
    From(u64, Vec<Piece>),
}

#[derive(Debug)]
pub(super) struct Piece {
    pub(super) what: What,
    /// The number of its first event is not less.
    pub(super) base: u64,
    /// It goes on where the file was read to.
    pub(super) goes_on: bool,
    /// It is the line at the end, which may not be whole.
    pub(super) last: bool,
}

#[derive(Debug)]
pub(super) enum What {
    File,
    Part(Range<u64>),
    Bytes(Vec<u8>),
}

/// Compares a file with what was read of it. `ruled`: its events may go over lines.
pub(super) fn look(path: &Path, done: Option<&Done>, ruled: bool) -> io::Result<(New, Done)> {
    let mut file = File::open(path)?;
    let meta = file.metadata()?;
    let whole = |how: How| Done { length: meta.len(), changed: meta.modified().ok(), how };
    if !meta.is_file() {
        return Ok((all_of(What::File), whole(How::Whole)));
    }
    if done.is_some_and(|done| done.rests(&meta)) {
        return Ok((New::Nothing, done.cloned().unwrap_or_else(|| whole(How::Whole))));
    }
    let head = read_at(&mut file, 0, HEAD.min(meta.len() as usize))?;
    match sniff(&head) {
        Format::Evtx if head.starts_with(b"ElfFile\0") => {
            let known = match done.map(|d| &d.how) {
                Some(How::Chunks(known)) => known.as_slice(),
                _ => &[],
            };
            let (new, chunks) = evtx(&mut file, &meta, known)?;
            Ok((new, whole(chunks.map_or(How::Whole, How::Chunks))))
        }
        format @ (Format::Lines | Format::Json) if !ruled => {
            let known = match done.map(|d| &d.how) {
                Some(How::Lines(lines)) => Some(lines),
                _ => None,
            };
            let (new, lines) = lines(&mut file, &meta, &head, format, known)?;
            Ok((new, whole(lines.map_or(How::Whole, How::Lines))))
        }
        _ => Ok((all_of(What::File), whole(How::Whole))),
    }
}

impl Piece {
    /// What comes behind it goes on from its end.
    pub(super) fn settled(&self) -> bool {
        matches!(self.what, What::Part(_))
    }

    pub(super) fn length(&self, path: &Path) -> u64 {
        match &self.what {
            What::File => std::fs::metadata(path).map_or(0, |meta| meta.len()),
            What::Part(range) => range.end - range.start,
            What::Bytes(bytes) => bytes.len() as u64,
        }
    }
}

impl Done {
    /// It is to be read again whether or not it changes.
    pub(super) fn anew(self) -> Done {
        Done { changed: None, how: How::Whole, ..self }
    }

    /// When it changes it is to be read as a whole.
    pub(super) fn whole(self) -> Done {
        Done { how: How::Whole, ..self }
    }

    /// It did not change, and not just now: clocks of file systems are coarse.
    fn rests(&self, meta: &Metadata) -> bool {
        let changed = meta.modified().ok();
        let old = |at: SystemTime| at.elapsed().is_ok_and(|age| age.as_secs() >= 3);
        meta.len() == self.length && changed == self.changed && changed.is_some_and(old)
    }
}

fn all_of(what: What) -> New {
    New::All(vec![Piece { what, base: 0, goes_on: false, last: false }])
}

fn read_at(file: &mut File, at: u64, length: usize) -> io::Result<Vec<u8>> {
    let mut out = Vec::with_capacity(length);
    file.seek(SeekFrom::Start(at))?;
    file.take(length as u64).read_to_end(&mut out)?;
    Ok(out)
}

/// What is new in lines: the whole ones behind those that were read, and then the last one, which
/// may still be written and is read again the next time.
fn lines(
    file: &mut File,
    meta: &Metadata,
    head: &[u8],
    format: Format,
    known: Option<&Lines>,
) -> io::Result<(New, Option<Lines>)> {
    let from = match known {
        Some(known) => match known.still(file, meta, head, format)? {
            true => known.end,
            false => 0,
        },
        None => 0,
    };
    let Some(mut checked) = Checked::read(file, from, meta.len(), format)? else {
        return Ok((all_of(What::File), None));
    };
    let rest = checked.end..checked.end + checked.rest.len() as u64;
    let fits = |bytes: &[u8]| bytes.is_empty() || continues(format, bytes);
    checked.head.truncate((checked.end - from) as usize);
    if !fits(&checked.rest) || !fits(&checked.head) {
        return Ok((all_of(What::File), None));
    }
    let tail = checked.end.saturating_sub(HEAD as u64);
    let lines = Lines {
        format,
        end: checked.end,
        head: head.get(..HEAD.min(checked.end as usize)).unwrap_or(head).to_vec(),
        tail: read_at(file, tail, (checked.end - tail) as usize)?,
    };
    let mut pieces = Vec::new();
    if checked.end > from {
        let what = What::Part(from..checked.end);
        pieces.push(Piece { what, base: from, goes_on: from > 0, last: false });
    }
    if !rest.is_empty() {
        let goes_on = rest.start > 0;
        let what = What::Bytes(checked.rest);
        pieces.push(Piece { what, base: rest.start, goes_on, last: true });
    }
    let new = match from {
        0 => New::All(pieces),
        from => New::From(from, pieces),
    };
    Ok((new, Some(lines)))
}

impl Lines {
    /// Whether what was read still stands there.
    fn still(
        &self,
        file: &mut File,
        meta: &Metadata,
        head: &[u8],
        format: Format,
    ) -> io::Result<bool> {
        if meta.len() < self.end || format != self.format || !head.starts_with(&self.head) {
            return Ok(false);
        }
        let at = self.end.saturating_sub(self.tail.len() as u64);
        Ok(self.end > 0 && read_at(file, at, self.tail.len())? == self.tail)
    }
}

/// Lines that were looked at.
struct Checked {
    /// How they begin.
    head: Vec<u8>,
    /// Behind the last line end.
    end: u64,
    /// The line that has no end.
    rest: Vec<u8>,
}

impl Checked {
    /// `None` where a line is not by itself one event.
    fn read(file: &mut File, from: u64, to: u64, format: Format) -> io::Result<Option<Checked>> {
        file.seek(SeekFrom::Start(from))?;
        let mut reader = file.take(to - from);
        let mut checked = Checked { head: Vec::new(), end: from, rest: Vec::new() };
        let mut at = from;
        let mut buffer = vec![0; 256 << 10];
        loop {
            let count = reader.read(&mut buffer)?;
            let Some(read) = buffer.get(..count).filter(|read| !read.is_empty()) else {
                return Ok(Some(checked));
            };
            at += count as u64;
            let room = HEAD.saturating_sub(checked.head.len());
            checked.head.extend(read.iter().take(room));
            checked.rest.extend_from_slice(read);
            let Some(last) = checked.rest.iter().rposition(|b| *b == b'\n') else {
                // A line that never ends is no line.
                if checked.rest.len() > 16 << 20 {
                    return Ok(None);
                }
                continue;
            };
            let tail = checked.rest.split_off(last + 1);
            let whole = std::mem::replace(&mut checked.rest, tail);
            checked.end = at - checked.rest.len() as u64;
            if format == Format::Json && !whole.split(|b| *b == b'\n').all(object_or_blank) {
                return Ok(None);
            }
        }
    }
}

/// In lines that all begin and end so no object goes over several of them, and none stands in an
/// array: something would stand between two objects of one.
fn object_or_blank(line: &[u8]) -> bool {
    let line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line).trim_ascii();
    line.is_empty() || (line.starts_with(b"{") && line.ends_with(b"}"))
}

/// What is new in an EVTX file: all from the first chunk on that changed or was not whole.
fn evtx(
    file: &mut File,
    meta: &Metadata,
    known: &[Box<[u8]>],
) -> io::Result<(New, Option<Vec<Box<[u8]>>>)> {
    let place = |chunk: usize| (EVTX_HEADER + chunk * EVTX_CHUNK) as u64;
    let mut headers: Vec<Box<[u8]>> = Vec::new();
    let mut same = 0;
    let mut last_id = None;
    for chunk in 0.. {
        if place(chunk + 1) > meta.len() {
            break;
        }
        let header = read_at(file, place(chunk), CHUNK_HEADER)?.into_boxed_slice();
        // A log that wrapped around numbers its chunks anew.
        let first = header.get(24..32).and_then(|b| b.try_into().ok()).map(u64::from_le_bytes);
        if !header.starts_with(b"ElfChnk\0") {
            break;
        }
        if first < last_id {
            return Ok((all_of(What::File), None));
        }
        last_id = first;
        if same == chunk && known.get(chunk) == Some(&header) {
            same = chunk + 1;
        } else if !whole(&header, &read_at(file, place(chunk), EVTX_CHUNK)?) {
            break;
        }
        headers.push(header);
    }
    // Behind the first that is not whole, a chunk of an older round may stand.
    let behind = place(headers.len() + 1);
    if behind + CHUNK_HEADER as u64 <= meta.len() {
        let next = read_at(file, behind, 32)?;
        let first = next.get(24..32).and_then(|b| b.try_into().ok()).map(u64::from_le_bytes);
        if next.starts_with(b"ElfChnk\0") && first < last_id {
            return Ok((all_of(What::File), None));
        }
    }
    if same == 0 {
        return Ok((all_of(What::File), Some(headers)));
    }
    let left = meta.len().saturating_sub(place(same));
    if left > MOST {
        return Ok((all_of(What::File), None));
    }
    let base = (same as u64) << davy_events::EVTX_NUMBERS;
    if left == 0 {
        return Ok((New::From(base, Vec::new()), Some(headers)));
    }
    let mut bytes = read_at(file, 0, EVTX_HEADER)?;
    bytes.extend(read_at(file, place(same), left as usize)?);
    let piece = Piece { what: What::Bytes(bytes), base, goes_on: false, last: false };
    Ok((New::From(base, vec![piece]), Some(headers)))
}

/// Whether a chunk holds what its header says: the sums of both are right. Windows writes the sums
/// when it puts the chunk on the disk.
fn whole(header: &[u8], chunk: &[u8]) -> bool {
    let number = |at: usize| {
        let bytes = header.get(at..at + 4).and_then(|b| b.try_into().ok());
        bytes.map(u32::from_le_bytes)
    };
    let free = number(48).map_or(0, |n| n as usize);
    let Some(records) = chunk.get(CHUNK_HEADER..free) else { return false };
    let mut sum = crc32fast::Hasher::new();
    sum.update(header.get(..120).unwrap_or_default());
    sum.update(header.get(128..512).unwrap_or_default());
    number(52) == Some(crc32fast::hash(records)) && number(124) == Some(sum.finalize())
}
