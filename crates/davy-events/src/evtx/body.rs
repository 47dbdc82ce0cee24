//! Where the bytes of an EVTX file come from: memory, or a file of which only what is in use is
//! read. Windows makes room for many events at a time, so that files are often empty for the most
//! part.

use crate::evtx::chunk::{self, SIZE};
use crate::model::EVTX_HEADER;
use std::io::{self, Read, Seek, SeekFrom};

/// A file, or what stands for one.
pub trait ReadSeek: Read + Seek {}

impl<T: Read + Seek> ReadSeek for T {}

pub(crate) trait Body {
    fn len(&self) -> u64;

    /// `len` bytes from `at` on, fewer where the file ends.
    fn bytes(&mut self, at: u64, len: usize) -> io::Result<&[u8]>;
}

impl Body for &[u8] {
    fn len(&self) -> u64 {
        <[u8]>::len(self) as u64
    }

    fn bytes(&mut self, at: u64, len: usize) -> io::Result<&[u8]> {
        let rest = usize::try_from(at).ok().and_then(|at| self.get(at..)).unwrap_or_default();
        Ok(rest.get(..len).unwrap_or(rest))
    }
}

/// A file, and the part of it that was read last.
pub(crate) struct Seeked<'f> {
    file: &'f mut dyn ReadSeek,
    len: u64,
    /// Where the part begins, and how much of the buffer it takes.
    from: u64,
    filled: usize,
    buffer: &'f mut Vec<u8>,
}

impl<'f> Seeked<'f> {
    /// The first `filled` bytes of a file of `len` bytes stand in the buffer.
    pub(crate) fn new(
        file: &'f mut dyn ReadSeek,
        len: u64,
        filled: usize,
        buffer: &'f mut Vec<u8>,
    ) -> Self {
        Seeked { file, len, from: 0, filled, buffer }
    }
}

impl Body for Seeked<'_> {
    fn len(&self) -> u64 {
        self.len
    }

    fn bytes(&mut self, at: u64, len: usize) -> io::Result<&[u8]> {
        let len = len.min(usize::try_from(self.len.saturating_sub(at)).unwrap_or(len));
        let inside = at >= self.from && at + len as u64 <= self.from + self.filled as u64;
        if !inside {
            self.file.seek(SeekFrom::Start(at))?;
            (self.from, self.filled) = (at, 0);
            self.filled = fill(self.file, self.buffer, 0, len)?;
        }
        let start = (at - self.from) as usize;
        let end = (start + len).min(self.filled);
        Ok(self.buffer.get(start..end).unwrap_or_default())
    }
}

/// Reads into `buffer[from..to]`, and gives where what was read ends: before `to` if the file does.
pub(crate) fn fill(
    file: &mut (impl Read + ?Sized),
    buffer: &mut Vec<u8>,
    from: usize,
    to: usize,
) -> io::Result<usize> {
    if buffer.len() < to {
        buffer.resize(to, 0);
    }
    let mut end = from;
    while let Some(room) = buffer.get_mut(end..to).filter(|room| !room.is_empty()) {
        match file.read(room) {
            Ok(0) => break,
            Ok(count) => end += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(end)
}

/// How many of its chunks a file uses, if its header can be trusted: it was closed, and the
/// header's sum is right.
pub(crate) fn in_use(body: &mut dyn Body) -> Option<usize> {
    const FLAGS: usize = 120;
    let head = body.bytes(0, 128).ok()?;
    let number = |at: usize| Some(u32::from_le_bytes(*head.get(at..)?.first_chunk()?));
    let sum = crc32fast::hash(head.get(..FLAGS)?);
    (number(FLAGS)? == 0 && number(FLAGS + 4)? == sum).then_some(())?;
    Some(u16::from_le_bytes(*head.get(42..)?.first_chunk()?).into())
}

/// What stands where a chunk may.
pub(crate) enum Part<'b> {
    /// All of it that is in use.
    Chunk(&'b [u8]),
    Blank,
    Damaged,
}

/// Reads what stands at an offset. `unused`: the file's header says that no chunk does.
pub(crate) fn part(body: &mut dyn Body, offset: u64, unused: bool) -> io::Result<Part<'_>> {
    let blank = |data: &[u8]| data.chunks(ZEROES.len()).all(|part| ZEROES.starts_with(part));
    let head = body.bytes(offset, chunk::HEADER)?;
    let Some(end) = chunk::live_end(head) else {
        if unused && blank(head) || blank(body.bytes(offset, SIZE)?) {
            return Ok(Part::Blank);
        }
        return Ok(Part::Damaged);
    };
    // Of a chunk whose header fits its last record, nothing behind that is looked at.
    let len = if chunk::is_tidy(body.bytes(offset, end)?) { end } else { SIZE };
    Ok(Part::Chunk(body.bytes(offset, len)?))
}

const ZEROES: [u8; 4096] = [0; 4096];

/// Where the chunks of a file begin.
pub(crate) fn start(body: &mut dyn Body) -> u64 {
    let named = body.bytes(0, 8).is_ok_and(|head| head == b"ElfFile\0");
    if named { EVTX_HEADER as u64 } else { 0 }
}
