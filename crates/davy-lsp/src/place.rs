//! Places as editors count them (lines, UTF-16 units) and as texts are stored (bytes).

use lsp_types::{Position, Range};

pub(crate) fn position(text: &str, offset: usize) -> Position {
    let mut offset = offset.min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    let before = text.get(..offset).unwrap_or(text);
    let line = before.matches('\n').count();
    let start = before.rfind('\n').map_or(0, |i| i + 1);
    let units = before.get(start..).unwrap_or("").encode_utf16().count();
    Position::new(line as u32, units as u32)
}

pub(crate) fn range(text: &str, bytes: std::ops::Range<usize>) -> Range {
    Range::new(position(text, bytes.start), position(text, bytes.end))
}

/// The byte at a position; one past the end of a line is the line's end.
pub(crate) fn offset(text: &str, position: Position) -> usize {
    let mut start = 0;
    for _ in 0..position.line {
        match text.get(start..).and_then(|rest| rest.find('\n')) {
            Some(end) => start += end + 1,
            None => return text.len(),
        }
    }
    let line = text.get(start..).unwrap_or("");
    let line = line.split('\n').next().unwrap_or("").trim_end_matches('\r');
    let mut units = 0;
    for (at, c) in line.char_indices() {
        if units >= position.character {
            return start + at;
        }
        units += c.len_utf16() as u32;
    }
    start + line.len()
}

/// Puts `new` in place of a range; one that ends before it starts is empty.
pub(crate) fn replace(text: &mut String, range: Range, new: &str) {
    let start = offset(text, range.start);
    let end = offset(text, range.end).max(start);
    text.replace_range(start..end, new);
}

#[cfg(test)]
mod tests {
    use super::{offset, position, replace};
    use lsp_types::{Position, Range};

    #[test]
    fn characters_of_two_units_count_twice() {
        let text = "a\n𝄞é=1";
        let at = text.find('=').unwrap();
        assert_eq!(position(text, at), Position::new(1, 3));
        assert_eq!(offset(text, Position::new(1, 3)), at);
        assert_eq!(offset(text, Position::new(1, 99)), text.len());
        assert_eq!(offset(text, Position::new(9, 0)), text.len());
    }

    #[test]
    fn a_range_is_replaced() {
        let changed = |text: &str, from: (u32, u32), to: (u32, u32), new: &str| {
            let mut text = text.to_owned();
            let at = |(line, unit)| Position::new(line, unit);
            replace(&mut text, Range::new(at(from), at(to)), new);
            text
        };
        assert_eq!(changed("a\r\n𝄞b=1\r\n", (1, 2), (1, 3), "cd"), "a\r\n𝄞cd=1\r\n");
        assert_eq!(changed("a\r\nb", (0, 1), (1, 0), ""), "ab");
        assert_eq!(changed("a", (7, 0), (9, 9), "b"), "ab");
        assert_eq!(changed("abc", (0, 2), (0, 1), "x"), "abxc");
    }
}
