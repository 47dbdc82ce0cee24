//! The members of a tar archive, one after another.
//!
//! Source: POSIX, pax interchange format, `ustar` header blocks.

use std::io::{self, Read};

const BLOCK: usize = 512;

/// Whether a text begins with the header of a member.
pub(crate) fn begins(head: &[u8]) -> bool {
    head.get(257..262) == Some(b"ustar".as_slice())
}

/// Gives each regular file of the archive to `each`, until that says to end. An error is a header
/// that is none, or an archive cut short.
pub(crate) fn members(
    reader: &mut dyn Read,
    each: &mut dyn FnMut(&mut dyn Read) -> bool,
) -> io::Result<()> {
    let mut header = [0; BLOCK];
    loop {
        let mut filled = 0;
        while let Some(rest) = header.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match reader.read(rest)? {
                // Archives may lack the empty blocks at their end.
                0 if filled == 0 => return Ok(()),
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                count => filled += count,
            }
        }
        if header.iter().all(|byte| *byte == 0) {
            return Ok(());
        }
        let size = size(&header).filter(|_| begins(&header)).ok_or_else(|| {
            io::Error::new(io::ErrorKind::InvalidData, "a header in the archive is damaged")
        })?;
        let mut member = reader.take(size);
        let regular = matches!(header.get(156), Some(b'0' | 0 | b'7'));
        if regular && size > 0 && !each(&mut member) {
            return Ok(());
        }
        io::copy(&mut member, &mut io::sink())?;
        let padding = size.next_multiple_of(BLOCK as u64) - size;
        io::copy(&mut reader.take(padding), &mut io::sink())?;
    }
}

/// The size of a member: digits to the base of eight, or a number in binary where these are too few.
fn size(header: &[u8]) -> Option<u64> {
    let field = header.get(124..136)?;
    if let Some((0x80, rest)) = field.split_first() {
        return rest
            .iter()
            .try_fold(0u64, |n, byte| n.checked_mul(256)?.checked_add((*byte).into()));
    }
    let digits: Vec<u8> = field.iter().copied().filter(u8::is_ascii_digit).collect();
    let text = std::str::from_utf8(&digits).ok().filter(|text| !text.is_empty())?;
    // A size that overflows when it is rounded to blocks is none.
    u64::from_str_radix(text, 8).ok().filter(|size| *size < u64::MAX - BLOCK as u64)
}
