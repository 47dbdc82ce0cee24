//! Where each part of a scalar's value stands in the YAML, so that a mistake in a search can be
//! shown in the file a user wrote, whatever way the scalar is written.

use davy_diag::{Piece, Span};

/// The runs of `value` in `raw`, the text at `span`. Quotes, escapes and folded line breaks split
/// runs. Gives nothing when the two cannot be matched, as with an alias.
pub(crate) fn pieces(raw: &str, value: &str, span: Span) -> Vec<Piece> {
    let style = raw.as_bytes().first().copied();
    let starts: Vec<usize> = match style {
        Some(b'\'' | b'"') => vec![1],
        // The text of a block, which may itself begin so, or its header.
        Some(b'|' | b'>') => vec![0, raw.find('\n').map_or(raw.len(), |i| i + 1)],
        _ => vec![0],
    };
    starts.into_iter().find_map(|at| pieces_from(at, raw, value, span)).unwrap_or_default()
}

fn pieces_from(at: usize, raw: &str, value: &str, span: Span) -> Option<Vec<Piece>> {
    let mut aligner = Aligner { raw, span, at, out: Vec::new() };
    let style = raw.as_bytes().first().copied();
    let double = style == Some(b'"');
    let single = style == Some(b'\'');
    let mut out = 0;
    while let Some(c) = value.get(out..).and_then(|rest| rest.chars().next()) {
        let same = aligner.same(value, out);
        if same > 0 {
            aligner.push(out..out + same, same, true);
            out += same;
            continue;
        }
        aligner.step(out, c, single, double)?;
        out += c.len_utf8();
    }
    Some(aligner.out)
}

struct Aligner<'a> {
    raw: &'a str,
    span: Span,
    at: usize,
    out: Vec<Piece>,
}

impl Aligner<'_> {
    /// How many bytes from here on are the same in both and mean themselves in every style.
    fn same(&self, value: &str, out: usize) -> usize {
        let plain = |b: &u8| b.is_ascii_graphic() && !matches!(b, b'\'' | b'"' | b'\\');
        let value = value.as_bytes().get(out..).unwrap_or_default();
        let raw = self.raw.as_bytes().get(self.at..).unwrap_or_default();
        value.iter().zip(raw).take_while(|(a, b)| a == b && plain(a)).count()
    }

    fn rest(&self) -> &str {
        self.raw.get(self.at..).unwrap_or_default()
    }

    /// Matches one character of the value; `None` when the raw text has nothing like it.
    fn step(&mut self, out: usize, c: char, single: bool, double: bool) -> Option<()> {
        let size = c.len_utf8();
        let blank = c == ' ' || c == '\n';
        // Indentation, and breaks that an earlier blank of the value stood for.
        if !blank && !self.rest().starts_with(c) {
            self.skip_indentation();
        }
        if double {
            // An escaped line break joins two lines and leaves nothing behind.
            while self.rest().starts_with("\\\n") {
                self.at += 2;
                self.skip_blanks();
            }
            if self.rest().starts_with('\\') {
                let length = escape_length(self.rest())?;
                self.push(out..out + size, length, false);
                return Some(());
            }
        }
        if single && c == '\'' && self.rest().starts_with("''") {
            self.push(out..out + 1, 2, false);
            return Some(());
        }
        if blank {
            return self.blank(out, c);
        }
        self.rest().starts_with(c).then(|| self.push(out..out + size, size, true))
    }

    /// A blank or line break of the value: the same one, or a folded line break.
    fn blank(&mut self, out: usize, c: char) -> Option<()> {
        let rest = self.rest();
        let blanks = rest.len() - rest.trim_start_matches([' ', '\t']).len();
        let broken = rest[blanks..].starts_with(['\n', '\r']);
        if rest.starts_with(c) && !(c == ' ' && broken) {
            self.push(out..out + 1, 1, true);
        } else if broken {
            let length = blanks + if rest[blanks..].starts_with("\r\n") { 2 } else { 1 };
            self.push(out..out + 1, length, false);
        } else {
            // A second break of a run whose first stood for two: it has no place of its own.
            self.push(out..out + 1, 0, false);
        }
        Some(())
    }

    fn skip_indentation(&mut self) {
        self.skip_blanks();
        while self.rest().starts_with(['\n', '\r']) {
            self.at += 1;
            self.skip_blanks();
        }
    }

    fn skip_blanks(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start_matches([' ', '\t']).len();
    }

    fn push(&mut self, out: std::ops::Range<usize>, length: usize, same: bool) {
        let from = self.span.part(self.at..self.at + length);
        self.at += length;
        if same
            && let Some(last) = self.out.last_mut()
            && last.out.end == out.start
            && last.from.end == from.start
            && last.out.len() == last.from.range().len()
        {
            last.out.end = out.end;
            last.from.end = from.end;
            return;
        }
        self.out.push(Piece { out, from, calls: Vec::new() });
    }
}

fn escape_length(rest: &str) -> Option<usize> {
    let c = rest.chars().nth(1)?;
    Some(match c {
        'x' => 4,
        'u' => 6,
        'U' => 10,
        _ => 1 + c.len_utf8(),
    })
}

#[cfg(test)]
mod tests {
    use super::pieces;
    use davy_diag::SourceMap;

    /// The raw text at the place of `word` in the value.
    fn place(raw: &str, value: &str, word: &str) -> String {
        let mut map = SourceMap::default();
        let file = map.add("a.yml", raw);
        let found = pieces(raw, value, file.span(0..raw.len()));
        let derived = map.add_derived("search", value, found);
        let at = value.find(word).unwrap();
        let (origin, _) = map.origin(derived.span(at..at + word.len()));
        map.text(origin).to_owned()
    }

    #[test]
    fn every_style_points_at_the_word() {
        assert_eq!(place("a | stats", "a | stats", "stats"), "stats");
        assert_eq!(place("'it''s | stats'", "it's | stats", "stats"), "stats");
        assert_eq!(place("\"a \\\"b\\\" \\u0041 | stats\"", "a \"b\" A | stats", "stats"), "stats");
        assert_eq!(place("|-\n  a\n  | stats\n", "a\n| stats", "stats"), "stats");
        assert_eq!(place(">-\n  a\n  | stats\n", "a | stats", "stats"), "stats");
        assert_eq!(place("a\n    b\n\n    stats", "a b\nstats", "stats"), "stats");
        assert_eq!(place("\"a \\\n   stats\"", "a stats", "stats"), "stats");
        assert_eq!(place("'a,\n   ''b'' stats'", "a, 'b' stats", "stats"), "stats");
        assert_eq!(place("|\n  a\n    b stats\n", "a\n  b stats\n", "stats"), "stats");
        // A block that begins with a pipe, with its header and without.
        assert_eq!(place("|-\n  | a\n  | stats\n", "| a\n| stats", "stats"), "stats");
        assert_eq!(place("|\n  |\n  stats\n", "|\nstats\n", "stats"), "stats");
        assert_eq!(place("| a\n  | stats\n", "| a\n| stats", "stats"), "stats");
    }

    #[test]
    fn a_text_that_is_not_there_gives_no_pieces() {
        let mut map = SourceMap::default();
        let file = map.add("a.yml", "*alias");
        assert!(pieces("*alias", "stats", file.span(0..6)).is_empty());
    }
}
