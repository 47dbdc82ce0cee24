//! The way in: tells the format, unpacks, and feeds the decoder of it.

use crate::evtx;
use crate::evtx::body::{ReadSeek, Seeked, fill as fill_from};
use crate::json::JsonDecoder;
use crate::model::{Counts, EVTX_HEADER, Meta, Options, ProblemKind, Sink};
use crate::rows::{Run, State};
use crate::shape::{Demand, Shape};
use crate::sniff::{Format, sniff};
use crate::tar;
use crate::text::{
    ColumnsDecoder, CsvDecoder, LineDecoder, ResultsDecoder, RuledDecoder, StashDecoder,
    StashEvent, WinEventLogDecoder, known_event,
};
use crate::xml::XmlDecoder;
use std::io::{self, Read};
use std::sync::Arc;

/// How much is read ahead to tell the format.
const HEAD: usize = 16 << 10;
const READ: usize = 256 << 10;
/// The header of an EVTX file and that of its first chunk.
const EVTX_HEAD: usize = EVTX_HEADER + 512;
/// An archive in an archive is opened, one in that is not.
const NESTING: usize = 2;

/// Reads events from the front of a text.
pub(crate) trait Step {
    /// Takes what events are complete and returns how many bytes they took; the caller gives the
    /// rest again with more behind it. With `last` nothing follows, and all must be taken. Given
    /// more than the longest line, something must be taken.
    fn step(&mut self, run: &mut Run<'_>, text: &[u8], base: u64, last: bool) -> usize;
}

/// Decodes one input after another, and keeps what it learns of shapes and templates, so that many
/// small files cost little more than one big one.
pub struct Decoder<'d> {
    demand: &'d dyn Demand,
    options: Options,
    state: State,
    /// What was read of the file in hand.
    buffer: Vec<u8>,
}

impl<'d> Decoder<'d> {
    /// The demand is asked once for each shape, over all inputs with the same stated metadata.
    pub fn new(demand: &'d dyn Demand, options: Options) -> Self {
        Self { demand, options, state: State::default(), buffer: Vec::new() }
    }

    /// Decodes a whole input. Tells the format by content, and reads through compression. Rows may
    /// wait for those of the next input; [`Decoder::finish`] gives the last.
    pub fn decode(&mut self, bytes: &[u8], meta: &Meta, sink: &mut dyn Sink) -> Counts {
        self.state.met();
        let mut run = Run::new(meta, &self.options, self.demand, sink, &mut self.state);
        run.counts.bytes = bytes.len() as u64;
        slice(&mut run, bytes, 0);
        run.counts
    }

    /// Decodes a stream, line formats in bounded memory; otherwise as [`Decoder::decode`].
    pub fn decode_reader(
        &mut self,
        reader: &mut dyn Read,
        meta: &Meta,
        sink: &mut dyn Sink,
    ) -> Counts {
        self.state.met();
        let mut run = Run::new(meta, &self.options, self.demand, sink, &mut self.state);
        let mut limited = Limited::new(reader, self.options.max_unpacked, None);
        stream(&mut run, &mut limited, 0);
        run.counts.bytes = limited.read;
        run.counts
    }

    /// Decodes a file of `len` bytes, open at its start, as [`Decoder::decode`] does what it holds.
    /// Of an EVTX file only the parts that are in use are read.
    ///
    /// Fails if the file cannot be read; where that shows in the middle of an EVTX file, it is a
    /// problem of the input.
    pub fn decode_file(
        &mut self,
        file: &mut dyn ReadSeek,
        len: u64,
        meta: &Meta,
        sink: &mut dyn Sink,
    ) -> io::Result<Counts> {
        self.state.met();
        let whole = usize::try_from(len).unwrap_or(usize::MAX);
        let buffer = &mut self.buffer;
        let mut end = fill_from(file, buffer, 0, whole.min(EVTX_HEAD))?;
        let mut run = Run::new(meta, &self.options, self.demand, sink, &mut self.state);
        run.counts.bytes = len;
        if sniff(buffer.get(..end).unwrap_or_default()) == Format::Evtx {
            evtx::decode(&mut run, &mut Seeked::new(file, len, end, buffer));
        } else {
            if end == EVTX_HEAD {
                end = fill_from(file, buffer, end, whole)?;
            }
            slice(&mut run, buffer.get(..end).unwrap_or_default(), 0);
        }
        Ok(run.counts)
    }

    /// Events in hand, as [`Decoder::decode`] does their texts.
    pub fn decode_stash(
        &mut self,
        events: &[Arc<dyn StashEvent>],
        meta: &Meta,
        sink: &mut dyn Sink,
    ) -> Counts {
        self.state.met();
        let mut run = Run::new(meta, &self.options, self.demand, sink, &mut self.state);
        for event in events {
            if run.stopped {
                break;
            }
            known_event(&mut run, &**event);
        }
        run.counts
    }

    /// The shapes of all events of the input that was read last, whether they were wanted or not.
    /// What was passed over for [`Meta::only`] is not among them.
    pub fn met(&mut self) -> Vec<Arc<Shape>> {
        self.state.met()
    }

    /// Gives the rows that wait after an input, of which `meta` is; more inputs may follow.
    pub fn give(&mut self, meta: &Meta, sink: &mut dyn Sink) {
        Run::new(meta, &self.options, self.demand, sink, &mut self.state).flush_all();
    }

    /// Gives the rows that wait.
    pub fn finish(&mut self, sink: &mut dyn Sink) {
        let meta = Meta::default();
        Run::new(&meta, &self.options, self.demand, sink, &mut self.state).flush_all();
    }
}

/// Decodes one whole input; see [`Decoder::decode`].
pub fn decode(
    bytes: &[u8],
    meta: &Meta,
    demand: &dyn Demand,
    options: &Options,
    sink: &mut dyn Sink,
) -> Counts {
    let mut decoder = Decoder::new(demand, options.clone());
    let counts = decoder.decode(bytes, meta, sink);
    decoder.finish(sink);
    counts
}

/// Decodes one stream; see [`Decoder::decode_reader`].
pub fn decode_reader(
    reader: &mut dyn Read,
    meta: &Meta,
    demand: &dyn Demand,
    options: &Options,
    sink: &mut dyn Sink,
) -> Counts {
    let mut decoder = Decoder::new(demand, options.clone());
    let counts = decoder.decode_reader(reader, meta, sink);
    decoder.finish(sink);
    counts
}

fn slice(run: &mut Run<'_>, bytes: &[u8], depth: usize) {
    let head = bytes.get(..HEAD).unwrap_or(bytes);
    match sniff(head) {
        Format::Evtx => evtx::decode(run, &mut { bytes }),
        Format::Zip => unzip(run, bytes, depth),
        Format::Tar => untar(run, &mut { bytes }, depth),
        format @ (Format::Gzip | Format::Zstd) => {
            let mut reader = bytes;
            unpack(run, &mut reader, format, Some(bytes.len() as u64), depth);
        }
        format @ (Format::Utf16Le | Format::Utf16Be) => {
            let text = from_utf16(run, bytes, format == Format::Utf16Be);
            text_slice(run, text.as_bytes());
        }
        _ => text_slice(run, bytes),
    }
}

fn text_slice(run: &mut Run<'_>, bytes: &[u8]) {
    let head = bytes.get(..HEAD).unwrap_or(bytes);
    if looks_binary(head) {
        let message = "this is not a format that is known: it is binary data".to_owned();
        return run.problem(ProblemKind::Corrupt, Some(0), message);
    }
    let mut decoder = decoder(sniff(head), run.meta);
    let mut at = 0;
    while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
        run.look_up();
        if run.stopped {
            return;
        }
        match decoder.step(run, rest, at as u64, true) {
            0 => return,
            taken => at += taken,
        }
    }
}

/// Whether bytes of the middle of an input are read, by themselves, in the format that the input
/// has by its beginning.
pub fn continues(format: Format, bytes: &[u8]) -> bool {
    let head = bytes.get(..HEAD).unwrap_or(bytes);
    sniff(head) == format && !looks_binary(head)
}

fn decoder(format: Format, meta: &Meta) -> Box<dyn Step> {
    match (format, &meta.rules) {
        (Format::Lines, Some(rules)) => Box::new(RuledDecoder::new(rules.clone())),
        (Format::WindowsXml, _) => Box::new(XmlDecoder::default()),
        (Format::Json, _) => Box::new(JsonDecoder::default()),
        (Format::Csv, _) => Box::new(CsvDecoder::default()),
        (Format::Columns, _) => Box::new(ColumnsDecoder::default()),
        (Format::Results, _) => Box::new(ResultsDecoder::default()),
        (Format::Stash, _) => Box::new(StashDecoder),
        (Format::WinEventLog, _) => Box::new(WinEventLogDecoder),
        _ => Box::new(LineDecoder::default()),
    }
}

/// Text has no zero bytes, and few other control characters.
fn looks_binary(head: &[u8]) -> bool {
    let odd = head
        .iter()
        .filter(|b| **b == 0 || (**b < 0x20 && !matches!(**b, b'\t' | b'\n' | b'\r' | 0x0c | 0x1b)))
        .count();
    odd * 20 > head.len()
}

fn stream(run: &mut Run<'_>, reader: &mut dyn Read, depth: usize) {
    let mut buffer = Vec::new();
    let mut ended = fill(run, reader, &mut buffer, HEAD);
    let format = sniff(&buffer);
    match format {
        Format::Evtx | Format::Zip | Format::Utf16Le | Format::Utf16Be => {
            while !ended {
                ended = fill(run, reader, &mut buffer, READ);
            }
            return slice(run, &buffer, depth);
        }
        Format::Gzip | Format::Zstd => {
            let mut whole = buffer.as_slice().chain(reader);
            return unpack(run, &mut whole, format, None, depth);
        }
        Format::Tar => return untar(run, &mut buffer.as_slice().chain(reader), depth),
        _ => {}
    }
    if looks_binary(&buffer) {
        return text_slice(run, &buffer);
    }
    let mut decoder = decoder(format, run.meta);
    let mut base = 0;
    loop {
        let taken = decoder.step(run, &buffer, base, ended).min(buffer.len());
        buffer.drain(..taken);
        base += taken as u64;
        run.look_up();
        if run.stopped || (ended && (taken == 0 || buffer.is_empty())) {
            return;
        }
        // The window doubles while an event does not fit, so that long events stay linear.
        let more = if taken == 0 { buffer.len().max(READ) } else { READ };
        if !ended {
            ended = fill(run, reader, &mut buffer, more);
        }
    }
}

/// Reads up to `more` bytes; true at the end of the input.
fn fill(run: &mut Run<'_>, reader: &mut dyn Read, buffer: &mut Vec<u8>, more: usize) -> bool {
    let mut part = reader.take(more as u64);
    match part.read_to_end(buffer) {
        Ok(count) => count < more,
        Err(error) => {
            let limit = error.kind() == io::ErrorKind::FileTooLarge;
            let kind = match error.kind() {
                io::ErrorKind::FileTooLarge => ProblemKind::Limit,
                io::ErrorKind::UnexpectedEof => ProblemKind::Truncated,
                _ => ProblemKind::Read,
            };
            let what = if limit { error.to_string() } else { format!("cannot read on: {error}") };
            run.problem(kind, None, what);
            true
        }
    }
}

fn unpack(
    run: &mut Run<'_>,
    reader: &mut dyn Read,
    format: Format,
    packed: Option<u64>,
    depth: usize,
) {
    if depth >= NESTING {
        let message = "compressed data inside compressed data inside compressed data is not read";
        return run.problem(ProblemKind::Limit, None, message.to_owned());
    }
    let most = packed.map(|size| size.saturating_mul(run.options.max_ratio).max(1 << 20));
    let max = run.options.max_unpacked;
    if format == Format::Gzip {
        let mut inner = flate2::read::MultiGzDecoder::new(reader);
        return stream(run, &mut Limited::new(&mut inner, max, most), depth + 1);
    }
    match zstd::stream::read::Decoder::new(reader) {
        Ok(mut inner) => {
            // A window of 128 MB is what `zstd --long` makes; more is an attack on memory.
            let _ = inner.window_log_max(27);
            stream(run, &mut Limited::new(&mut inner, max, most), depth + 1);
        }
        Err(error) => {
            run.problem(ProblemKind::Corrupt, None, format!("cannot unpack zstd data: {error}"));
        }
    }
}

fn unzip(run: &mut Run<'_>, bytes: &[u8], depth: usize) {
    if depth >= NESTING {
        let message = "an archive inside an archive inside an archive is not read".to_owned();
        return run.problem(ProblemKind::Limit, None, message);
    }
    let mut archive = match zip::ZipArchive::new(io::Cursor::new(bytes)) {
        Ok(archive) => archive,
        Err(error) => {
            let message = format!("cannot read the zip archive: {error}");
            return run.problem(ProblemKind::Corrupt, Some(0), message);
        }
    };
    for at in 0..archive.len() {
        run.look_up();
        if run.stopped {
            return;
        }
        match archive.by_index(at) {
            Ok(member) if member.is_dir() => {}
            Ok(mut member) => {
                let ratio = member.compressed_size().saturating_mul(run.options.max_ratio);
                let max = run.options.max_unpacked;
                let mut limited = Limited::new(&mut member, max, Some(ratio.max(1 << 20)));
                stream(run, &mut limited, depth + 1);
            }
            Err(error) => {
                let message = format!("cannot read member {} of the archive: {error}", at + 1);
                run.problem(ProblemKind::Corrupt, None, message);
            }
        }
    }
}

fn untar(run: &mut Run<'_>, reader: &mut dyn Read, depth: usize) {
    // It packs nothing, so that a `.tar.gz` is as one archive; only tars in it are counted.
    if run.tars >= NESTING {
        let message = "an archive inside an archive inside an archive is not read".to_owned();
        return run.problem(ProblemKind::Limit, None, message);
    }
    run.tars += 1;
    let read = tar::members(reader, &mut |member| {
        stream(run, member, depth);
        !run.stopped
    });
    run.tars -= 1;
    if let Err(error) = read {
        let kind = match error.kind() {
            io::ErrorKind::UnexpectedEof => ProblemKind::Truncated,
            io::ErrorKind::FileTooLarge => ProblemKind::Limit,
            _ => ProblemKind::Corrupt,
        };
        run.problem(kind, None, format!("cannot read on in the archive: {error}"));
    }
}

fn from_utf16(run: &mut Run<'_>, bytes: &[u8], big: bool) -> String {
    let (pairs, odd) = bytes.as_chunks::<2>();
    let read =
        |pair: &[u8; 2]| if big { u16::from_be_bytes(*pair) } else { u16::from_le_bytes(*pair) };
    let mut bad = !odd.is_empty();
    let text: String = char::decode_utf16(pairs.iter().map(read))
        .map(|c| {
            c.unwrap_or_else(|_| {
                bad = true;
                char::REPLACEMENT_CHARACTER
            })
        })
        .collect();
    if bad {
        let message = "not valid UTF-16; read with replacement characters".to_owned();
        run.problem(ProblemKind::Encoding, None, message);
    }
    match text.strip_prefix('\u{feff}') {
        Some(rest) => rest.to_owned(),
        None => text,
    }
}

/// A reader that fails once more was read than may be.
struct Limited<'a> {
    inner: &'a mut dyn Read,
    read: u64,
    max: u64,
}

impl<'a> Limited<'a> {
    fn new(inner: &'a mut dyn Read, max: u64, most: Option<u64>) -> Self {
        Self { inner, read: 0, max: most.map_or(max, |most| most.min(max)) }
    }
}

impl Read for Limited<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.read += count as u64;
        if self.read > self.max {
            let message = format!("unpacks to more than {} bytes; the rest is left out", self.max);
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, message));
        }
        Ok(count)
    }
}
