//! Which format an input is in, told by how it begins.

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    Gzip,
    Zstd,
    Zip,
    Tar,
    Evtx,
    /// Text in UTF-16; its own format shows once it is turned into UTF-8.
    Utf16Le,
    Utf16Be,
    WindowsXml,
    /// Results of a search, as Splunk gives them in XML.
    Results,
    Json,
    Csv,
    /// Splunk's stash format, in which risk and notable events are written.
    Stash,
    /// Windows events as classic multi-line text.
    WinEventLog,
    /// A log whose columns are named in `#` lines.
    Columns,
    Lines,
}

/// The format of an input that begins with `head`; a few kilobytes are enough.
pub fn sniff(head: &[u8]) -> Format {
    match head {
        [0x1f, 0x8b, ..] => return Format::Gzip,
        [0x28, 0xb5, 0x2f, 0xfd, ..] => return Format::Zstd,
        [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..] => return Format::Zip,
        [0xff, 0xfe, ..] | [b'<', 0, ..] | [b'{', 0, ..] => return Format::Utf16Le,
        [0xfe, 0xff, ..] | [0, b'<', ..] | [0, b'{', ..] => return Format::Utf16Be,
        _ if crate::tar::begins(head) => return Format::Tar,
        _ if head.starts_with(b"ElfFile\0") || head.starts_with(b"ElfChnk\0") => {
            return Format::Evtx;
        }
        // Text of two bytes a letter without a mark that says so.
        [a, 0, b, 0, ..] if a.is_ascii_graphic() && b.is_ascii_graphic() => {
            return Format::Utf16Le;
        }
        [0, a, 0, b, ..] if a.is_ascii_graphic() && b.is_ascii_graphic() => {
            return Format::Utf16Be;
        }
        _ => {}
    }
    let text = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
    let text = text.get(heading(text)..).unwrap_or_default().trim_ascii_start();
    match text.first() {
        Some(b'#') if text.starts_with(b"#TYPE ") => Format::Csv,
        // A priority of syslog, as before the XML of Sysmon for Linux.
        Some(b'<') if text.get(1).is_some_and(u8::is_ascii_digit) => Format::Lines,
        Some(b'#') if crate::text::begins_with_names(text) => Format::Columns,
        Some(b'<') if crate::text::begins_results(text) => Format::Results,
        Some(b'<') if memchr::memmem::find(text, b"<Event").is_some() => Format::WindowsXml,
        Some(b'<') if text.starts_with(b"<?xml") || text.starts_with(b"<!") => Format::WindowsXml,
        Some(b'{') => Format::Json,
        Some(b'[') if matches!(text.get(1..).and_then(after_space), Some(b'{' | b']')) => {
            Format::Json
        }
        _ if is_stash(text) => Format::Stash,
        _ if crate::text::is_win_event_log(text) => Format::WinEventLog,
        _ if is_csv(text) => Format::Csv,
        _ => Format::Lines,
    }
}

/// How long the heading is that `evtx_dump` writes before each record: `Record 7`, on a line.
pub(crate) fn heading(text: &[u8]) -> usize {
    let Some(rest) = text.strip_prefix(b"Record ") else { return 0 };
    let digits = rest.iter().take_while(|b| b.is_ascii_digit()).count();
    let end = rest.get(digits..).unwrap_or_default();
    let line_end = match end {
        [b'\r', b'\n', ..] => 2,
        [b'\n', ..] => 1,
        [] => 0,
        _ => return 0,
    };
    if digits == 0 { 0 } else { b"Record ".len() + digits + line_end }
}

fn after_space(text: &[u8]) -> Option<u8> {
    text.trim_ascii_start().first().copied()
}

/// `1700000000, search_name="…"`
fn is_stash(text: &[u8]) -> bool {
    let digits = text.iter().take_while(|b| b.is_ascii_digit() || **b == b'.').count();
    let rest = text.get(digits..).unwrap_or_default();
    digits >= 9
        && rest.starts_with(b", ")
        && memchr::memchr2(b'=', b'\n', rest).and_then(|at| rest.get(at..at + 2))
            == Some(b"=\"".as_slice())
}

/// A row of names, and a row of as many cells.
fn is_csv(text: &[u8]) -> bool {
    let mut lines = text.split(|b| *b == b'\n');
    let (Some(header), Some(row)) = (lines.next(), lines.next()) else { return false };
    let names: Vec<&[u8]> = header.trim_ascii_end().split(|b| *b == b',').collect();
    let is_name = |name: &&[u8]| {
        let name = name.strip_prefix(b"\"").and_then(|n| n.strip_suffix(b"\"")).unwrap_or(name);
        name.first().is_some_and(|b| b.is_ascii_alphabetic() || matches!(b, b'_' | b'@'))
            && name.iter().all(|b| b.is_ascii_alphanumeric() || b"_.:- {}@()[]/".contains(b))
    };
    if names.as_slice() == [&b"_raw"[..]] || names.as_slice() == [&b"\"_raw\""[..]] {
        return true;
    }
    let mut quoted = false;
    let cells = 1 + row
        .iter()
        .filter(|b| {
            quoted ^= **b == b'"';
            !quoted && **b == b','
        })
        .count();
    // A cell that spans lines leaves the row short.
    let unnamed = cells == names.len() + 1 && names.contains(&b"Event ID".as_slice());
    names.len() >= 2 && names.iter().all(is_name) && (cells == names.len() || quoted || unnamed)
}
