//! Terms of a search that speak of the index: `TERM(...)`, `CASE(...)`, `field::value`.

use super::cursor::Parsed;
use super::{Parser, scan};
use crate::ast::{CmpOp, SearchExpr, SearchValue, Spanless};
use crate::codes;
use davy_diag::Spanned;

impl Parser<'_> {
    /// `field::value`, as fields of the index can be written. An IPv6 address is none.
    pub(super) fn indexed_field(&mut self, start: usize, word: &str) -> Parsed<Option<SearchExpr>> {
        let Some((name, text)) = word.split_once("::") else { return Ok(None) };
        let named =
            name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-'))
                && name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        let address = word.bytes().all(|b| b.is_ascii_hexdigit() || matches!(b, b':' | b'.'));
        if !named || address {
            return Ok(None);
        }
        let field = Spanned::new(name.to_owned(), self.span(start, start + name.len()));
        let colons = start + name.len();
        let op = Spanned::new(CmpOp::Eq, self.span(colons, colons + 2));
        let value = match text {
            "" => self.value()?,
            _ => {
                let span = Spanless(self.span(colons + 2, self.pos));
                Some(SearchValue { text: text.to_owned(), quoted: false, span })
            }
        };
        Ok(value.map(|value| SearchExpr::Compare { field, op, value }))
    }

    /// What stands in the parentheses of `TERM(...)` or `CASE(...)`.
    pub(super) fn directive(&mut self) -> Parsed<SearchValue> {
        let open = self.pos;
        let Some(close) = scan::closing(self.bytes(), open, self.end, b'(', b')') else {
            return self.unclosed(open);
        };
        self.pos += 1;
        self.skip_blank();
        let start = self.pos;
        let mut ended = false;
        let value = if self.peek() == Some(b'"') {
            let text = self.quoted()?;
            SearchValue { text, quoted: true, span: Spanless(self.span_from(start)) }
        } else {
            let text = self.slice(start, close).trim_end_matches(scan::is_blank_char).to_owned();
            let span = Spanless(self.span(start, start + text.len()));
            let quoted = text.contains(['[', ']', '|', '(', ')', '"', '\'']);
            ended = true;
            SearchValue { text, quoted, span }
        };
        if value.text.is_empty() {
            let span = self.span(open, close + 1);
            return self.fail(
                codes::EMPTY_PARENS
                    .at(span, "nothing stands in these parentheses")
                    .help("type the text to find inside"),
            );
        }
        if ended {
            self.pos = close;
        }
        self.close(open)?;
        Ok(value)
    }
}
