//! `^.*` and one character, as in `replace(path, "^.*\\\\", "")`: content cuts the folder off a path
//! with it, event by event. The match ends at the last such character of the first line, which a
//! search from the end finds without an automaton.

use regex_syntax::hir::{Class, Hir, HirKind, Look};

/// The characters, of which there are at most three, all ASCII.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Last {
    bytes: [u8; 3],
}

impl Last {
    /// `None` when the pattern, as parsed for the linear engine, is anything else.
    pub(super) fn of(pattern: &Hir) -> Option<Last> {
        let HirKind::Concat(parts) = pattern.kind() else { return None };
        let [start, dots, end] = parts.as_slice() else { return None };
        if !matches!(start.kind(), HirKind::Look(Look::Start)) || !is_any(dots) {
            return None;
        }
        let found: Vec<u8> = match end.kind() {
            HirKind::Literal(text) => text.0.to_vec(),
            HirKind::Class(Class::Unicode(class)) => {
                let each = class.iter().flat_map(|range| range.start()..=range.end()).take(4);
                each.map(u8::try_from).collect::<Result<_, _>>().ok()?
            }
            _ => return None,
        };
        let bytes = match *found.as_slice() {
            [a] => [a, a, a],
            [a, b] => [a, b, b],
            [a, b, c] => [a, b, c],
            _ => return None,
        };
        bytes.iter().all(|b| b.is_ascii() && *b != b'\n').then_some(Last { bytes })
    }

    /// Where the match ends; it starts where the text does.
    pub(super) fn end(self, text: &str) -> Option<usize> {
        let text = text.as_bytes();
        let line = memchr::memchr(b'\n', text).and_then(|end| text.get(..end)).unwrap_or(text);
        let [a, b, c] = self.bytes;
        let found = match a == b {
            true => memchr::memrchr(a, line),
            false => memchr::memrchr3(a, b, c, line),
        };
        found.map(|at| at + 1)
    }
}

/// `.*`, greedy: all characters but the end of a line.
fn is_any(hir: &Hir) -> bool {
    let HirKind::Repetition(repeated) = hir.kind() else { return false };
    (repeated.min, repeated.max, repeated.greedy) == (0, None, true)
        && *repeated.sub == Hir::dot(regex_syntax::hir::Dot::AnyCharExceptLF)
}
