//! A text under construction that remembers where each run of it came from.

use davy_diag::{Piece, Span};
use std::ops::Range;

#[derive(Debug, Clone, Default)]
pub(crate) struct Mapped {
    pub(crate) text: String,
    pub(crate) pieces: Vec<Piece>,
}

/// The calls that brought a run to where it is, outermost first.
pub(crate) type Calls = Vec<(Span, String)>;

impl Mapped {
    pub(crate) fn new(text: &str, from: Span, calls: Calls) -> Self {
        let mut mapped = Self::default();
        mapped.push(text, from, calls);
        mapped
    }

    pub(crate) fn push(&mut self, text: &str, from: Span, calls: Calls) {
        if text.is_empty() {
            return;
        }
        let start = self.text.len();
        self.text.push_str(text);
        self.pieces.push(Piece { out: start..self.text.len(), from, calls });
    }

    /// Adds the part `range` of `other` with its origins.
    pub(crate) fn push_part(&mut self, other: &Mapped, range: Range<usize>) {
        let first = other.pieces.partition_point(|p| p.out.end <= range.start);
        for piece in other.pieces.iter().skip(first) {
            if piece.out.start >= range.end {
                break;
            }
            let cut = piece.out.start.max(range.start)..piece.out.end.min(range.end);
            let text = other.text.get(cut.clone()).unwrap_or("");
            self.push(text, narrowed(piece, &cut), piece.calls.clone());
        }
    }

    /// Takes off what stands from `len` on.
    pub(crate) fn truncate(&mut self, len: usize) {
        if !self.text.is_char_boundary(len) {
            return;
        }
        self.text.truncate(len);
        self.pieces.truncate(self.pieces.partition_point(|p| p.out.start < len));
        if let Some(last) = self.pieces.last_mut()
            && last.out.end > len
        {
            last.from = narrowed(last, &(last.out.start..len));
            last.out.end = len;
        }
    }

    /// Where the part `range` was written, and the calls that brought it here.
    pub(crate) fn origin(&self, range: Range<usize>) -> Option<(Span, Calls)> {
        let at = self.pieces.partition_point(|p| p.out.end <= range.start);
        let piece = self.pieces.get(at).or(self.pieces.last())?;
        let cut = range.start.max(piece.out.start)..range.end.min(piece.out.end);
        Some((narrowed(piece, &cut), piece.calls.clone()))
    }
}

/// The origin of a part of a piece; a computed piece points at its origin as a whole.
fn narrowed(piece: &Piece, cut: &Range<usize>) -> Span {
    if piece.out.len() != piece.from.range().len() {
        return piece.from;
    }
    let start = cut.start.saturating_sub(piece.out.start);
    piece.from.part(start..cut.end.saturating_sub(piece.out.start).max(start))
}
