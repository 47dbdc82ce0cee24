//! Values of binary XML as text, the way Windows renders them.

use crate::stamp;
use std::fmt::Write as _;

pub(crate) const NULL: u8 = 0x00;
pub(crate) const STRING: u8 = 0x01;
const ANSI: u8 = 0x02;
const FILETIME: u8 = 0x11;
pub(crate) const BINXML: u8 = 0x21;
/// Set in the kind of an array.
pub(crate) const ARRAY: u8 = 0x80;

/// A value's kind and where it stands in the chunk.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Value {
    pub(crate) kind: u8,
    pub(crate) start: u32,
    pub(crate) len: u16,
}

impl Value {
    pub(crate) fn bytes<'a>(&self, chunk: &'a [u8]) -> &'a [u8] {
        let start = self.start as usize;
        chunk.get(start..start + usize::from(self.len)).unwrap_or_default()
    }

    pub(crate) fn is_null(&self) -> bool {
        self.kind == NULL
    }

    pub(crate) fn is_array(&self) -> bool {
        self.kind & ARRAY != 0
    }

    /// In ticks of 100 ns since 1601.
    pub(crate) fn filetime(&self, chunk: &[u8]) -> Option<u64> {
        let bytes = self.bytes(chunk).try_into().ok()?;
        (self.kind == FILETIME).then(|| u64::from_le_bytes(bytes))
    }
}

/// What is done to characters that mean something in XML.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Escape {
    None,
    Text,
    Attribute,
}

/// Ticks of 100 ns since 1601 as epoch seconds.
pub(crate) fn epoch(ticks: u64) -> f64 {
    let seconds = (ticks / 10_000_000) as i64 - 11_644_473_600;
    stamp::round(seconds as f64 + (ticks % 10_000_000) as f64 / 1e7)
}

/// Writes a value; an array is written with commas.
pub(crate) fn write(value: Value, chunk: &[u8], escape: Escape, out: &mut String) {
    let bytes = value.bytes(chunk);
    if !value.is_array() {
        return scalar(value.kind, bytes, escape, out);
    }
    for (at, item) in items(value, chunk).into_iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        scalar(value.kind & !ARRAY, item, escape, out);
    }
}

/// The items of an array, each as the bytes of a scalar.
pub(crate) fn items(value: Value, chunk: &[u8]) -> Vec<&[u8]> {
    let bytes = value.bytes(chunk);
    let size = match value.kind & !ARRAY {
        STRING => return strings(bytes),
        ANSI => {
            let mut list: Vec<&[u8]> = bytes.split(|b| *b == 0).collect();
            if list.last().is_some_and(|last| last.is_empty()) {
                list.pop();
            }
            return list;
        }
        0x03 | 0x04 => 1,
        0x05 | 0x06 => 2,
        0x07 | 0x08 | 0x0b | 0x0d | 0x14 => 4,
        0x0f | 0x12 => 16,
        0x13 => return sids(bytes),
        _ => 8,
    };
    bytes.chunks_exact(size).collect()
}

/// Texts that each end in a zero; the last may do without.
fn strings(bytes: &[u8]) -> Vec<&[u8]> {
    let mut list = Vec::new();
    let mut start = 0;
    let mut at = 0;
    for pair in bytes.as_chunks::<2>().0 {
        if *pair == [0, 0] {
            list.push(bytes.get(start..at).unwrap_or_default());
            start = at + 2;
        }
        at += 2;
    }
    if start < at {
        list.push(bytes.get(start..at).unwrap_or_default());
    }
    list
}

fn sids(bytes: &[u8]) -> Vec<&[u8]> {
    let mut list = Vec::new();
    let mut rest = bytes;
    while let Some(count) = rest.get(1) {
        let size = 8 + 4 * usize::from(*count);
        let Some((sid, tail)) = rest.split_at_checked(size) else { break };
        list.push(sid);
        rest = tail;
    }
    list
}

fn le<const N: usize>(bytes: &[u8]) -> Option<[u8; N]> {
    bytes.get(..N)?.try_into().ok()
}

pub(crate) fn scalar(kind: u8, bytes: &[u8], escape: Escape, out: &mut String) {
    // A value whose size does not fit its kind is left empty.
    let _ = known(kind, bytes, escape, out);
}

fn known(kind: u8, bytes: &[u8], escape: Escape, out: &mut String) -> Option<()> {
    match kind {
        STRING => utf16(bytes, escape, out),
        ANSI => {
            let text: String =
                bytes.iter().take_while(|b| **b != 0).map(|b| windows_1252(*b)).collect();
            text.chars().for_each(|c| character(c, escape, out));
        }
        0x03 => signed(i64::from(i8::from_le_bytes(le(bytes)?)), out),
        0x04 => unsigned(u64::from(*bytes.first()?), out),
        0x05 => signed(i64::from(i16::from_le_bytes(le(bytes)?)), out),
        0x06 => unsigned(u64::from(u16::from_le_bytes(le(bytes)?)), out),
        0x07 => signed(i64::from(i32::from_le_bytes(le(bytes)?)), out),
        0x08 => unsigned(u64::from(u32::from_le_bytes(le(bytes)?)), out),
        0x09 => signed(i64::from_le_bytes(le(bytes)?), out),
        0x0a => unsigned(u64::from_le_bytes(le(bytes)?), out),
        0x0b => drop(write!(out, "{}", f32::from_le_bytes(le(bytes)?))),
        0x0c => drop(write!(out, "{}", f64::from_le_bytes(le(bytes)?))),
        0x0d => match i32::from_le_bytes(le(bytes)?) {
            0 => out.push_str("false"),
            1 => out.push_str("true"),
            other => signed(i64::from(other), out),
        },
        0x0e => bytes.iter().for_each(|b| hex(*b, b"0123456789ABCDEF", out)),
        0x0f => guid(&le::<16>(bytes)?, out),
        0x10 | 0x14 | 0x15 => {
            let number = match bytes.len() {
                4 => u64::from(u32::from_le_bytes(le(bytes)?)),
                _ => u64::from_le_bytes(le(bytes)?),
            };
            let _ = write!(out, "0x{number:x}");
        }
        FILETIME => filetime(u64::from_le_bytes(le(bytes)?), out),
        0x12 => {
            let parts = le::<16>(bytes)?;
            let at = |i: usize| parts.get(i * 2..).and_then(le::<2>).map_or(0, u16::from_le_bytes);
            let _ = write!(
                out,
                "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}0000Z",
                at(0),
                at(1),
                at(3),
                at(4),
                at(5),
                at(6),
                at(7)
            );
        }
        0x13 => sid(bytes, out)?,
        _ => {}
    }
    Some(())
}

fn windows_1252(byte: u8) -> char {
    const HIGH: [char; 32] = [
        '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž',
        '\u{8f}', '\u{90}', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}',
        'ž', 'Ÿ',
    ];
    match byte {
        0x80..=0x9f => HIGH.get(usize::from(byte - 0x80)).copied().unwrap_or(' '),
        _ => char::from(byte),
    }
}

fn unsigned(mut number: u64, out: &mut String) {
    let mut digits = [0u8; 20];
    let mut at = digits.len();
    loop {
        at -= 1;
        if let Some(digit) = digits.get_mut(at) {
            *digit = b'0' + (number % 10) as u8;
        }
        number /= 10;
        if number == 0 {
            break;
        }
    }
    digits.iter().skip(at).for_each(|digit| out.push(char::from(*digit)));
}

fn signed(number: i64, out: &mut String) {
    if number < 0 {
        out.push('-');
    }
    unsigned(number.unsigned_abs(), out);
}

fn hex(byte: u8, digits: &[u8; 16], out: &mut String) {
    for half in [byte >> 4, byte & 15] {
        out.push(digits.get(usize::from(half)).map_or('0', |d| char::from(*d)));
    }
}

fn guid(bytes: &[u8; 16], out: &mut String) {
    let [a, b, c, d, e, f, g, h, rest @ ..] = *bytes;
    out.push('{');
    for (at, byte) in [d, c, b, a, f, e, h, g].into_iter().chain(rest).enumerate() {
        if matches!(at, 4 | 6 | 8 | 10) {
            out.push('-');
        }
        hex(byte, b"0123456789abcdef", out);
    }
    out.push('}');
}

fn sid(bytes: &[u8], out: &mut String) -> Option<()> {
    let count = usize::from(*bytes.get(1)?);
    let authority = bytes.get(2..8)?.iter().fold(0u64, |sum, b| (sum << 8) | u64::from(*b));
    let parts = bytes.get(8..8 + count * 4)?;
    out.push_str("S-");
    unsigned(u64::from(*bytes.first()?), out);
    out.push('-');
    unsigned(authority, out);
    for part in parts.as_chunks::<4>().0 {
        out.push('-');
        unsigned(u64::from(u32::from_le_bytes(*part)), out);
    }
    Some(())
}

fn filetime(ticks: u64, out: &mut String) {
    let seconds = ticks / 10_000_000;
    let (year, month, day) = stamp::civil((seconds / 86_400) as i64 - 134_774);
    let clock = seconds % 86_400;
    let fields: [(u64, u32, char); 7] = [
        (year.unsigned_abs(), 4, '-'),
        (month.unsigned_abs(), 2, '-'),
        (day.unsigned_abs(), 2, 'T'),
        (clock / 3600, 2, ':'),
        (clock / 60 % 60, 2, ':'),
        (clock % 60, 2, '.'),
        (ticks % 10_000_000, 7, 'Z'),
    ];
    for (number, width, after) in fields {
        for place in (0..width).rev() {
            out.push(char::from(b'0' + (number / 10u64.pow(place) % 10) as u8));
        }
        out.push(after);
    }
}

fn character(c: char, escape: Escape, out: &mut String) {
    match (c, escape) {
        (_, Escape::None) => out.push(c),
        ('&', _) => out.push_str("&amp;"),
        ('<', _) => out.push_str("&lt;"),
        ('>', _) => out.push_str("&gt;"),
        ('"', Escape::Attribute) => out.push_str("&quot;"),
        ('\'', Escape::Attribute) => out.push_str("&apos;"),
        // Characters that XML does not allow; Windows writes these as `_`.
        ('\0'..='\x08' | '\x0b' | '\x0c' | '\x0e'..='\x1f' | '\u{fffe}' | '\u{ffff}', _) => {
            out.push('_');
        }
        _ => out.push(c),
    }
}

/// Text in UTF-16, up to a zero.
pub(crate) fn utf16(bytes: &[u8], escape: Escape, out: &mut String) {
    let mut units = bytes.as_chunks::<2>().0;
    out.reserve(units.len());
    while !units.is_empty() {
        if let Some((block, tail)) = units.split_first_chunk::<16>()
            && let Some(text) = plain(block, escape)
        {
            // Plain ASCII, as was just checked.
            out.push_str(std::str::from_utf8(&text).unwrap_or_default());
            units = tail;
            continue;
        }
        let mut text = [0u8; 16];
        let mut count = 0;
        for (byte, unit) in text.iter_mut().zip(units) {
            let [low, high] = *unit;
            if high != 0 || !is_plain(low, escape) {
                break;
            }
            *byte = low;
            count += 1;
        }
        let run = text.get(..count).unwrap_or_default();
        out.push_str(std::str::from_utf8(run).unwrap_or_default());
        units = units.get(count..).unwrap_or_default();
        if count == 16 {
            continue;
        }
        let next = char::decode_utf16(units.iter().map(|unit| u16::from_le_bytes(*unit))).next();
        let Some(next) = next else { return };
        let c = next.unwrap_or(char::REPLACEMENT_CHARACTER);
        if c == '\0' {
            return;
        }
        character(c, escape, out);
        units = units.get(c.len_utf16()..).unwrap_or_default();
    }
}

/// An ASCII character that needs no escape.
fn is_plain(low: u8, escape: Escape) -> bool {
    match low {
        0 | 0x80.. => false,
        1..0x20 | b'&' | b'<' | b'>' => escape == Escape::None,
        b'"' | b'\'' => escape != Escape::Attribute,
        _ => true,
    }
}

/// Sixteen units that are ASCII and need no escape.
fn plain(block: &[[u8; 2]; 16], escape: Escape) -> Option<[u8; 16]> {
    let mut text = [0u8; 16];
    let mut odd = false;
    for (byte, [low, high]) in text.iter_mut().zip(block) {
        odd |= *high != 0 || *low >= 0x80 || *low == 0;
        if escape != Escape::None {
            odd |= matches!(low, b'&' | b'<' | b'>') || (*low < 0x20);
        }
        if escape == Escape::Attribute {
            odd |= matches!(low, b'"' | b'\'');
        }
        *byte = *low;
    }
    (!odd).then_some(text)
}
