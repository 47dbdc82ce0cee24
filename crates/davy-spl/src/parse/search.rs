//! The language of `search`: NOT first, then OR, then AND, which may be left out.

use super::cursor::Parsed;
use super::{Parser, scan};
use crate::ast::{CmpOp, SearchExpr, SearchValue, Spanless};
use crate::codes;
use davy_diag::{Span, Spanned};

/// Stands for what could not be read, for the rest to be read.
const UNREAD: SearchExpr = SearchExpr::And(Vec::new());

/// `key=value` with one of these keys says when, not what.
const TIME_KEYS: &[&str] = &[
    "earliest",
    "latest",
    "starttime",
    "endtime",
    "starttimeu",
    "endtimeu",
    "timeformat",
    "index_earliest",
    "index_latest",
    "_index_earliest",
    "_index_latest",
    "daysago",
    "hoursago",
    "minutesago",
    "monthsago",
    "startdaysago",
    "enddaysago",
    "starthoursago",
    "endhoursago",
    "startminutesago",
    "endminutesago",
    "startmonthsago",
    "endmonthsago",
    "searchtimespandays",
    "searchtimespanhours",
    "searchtimespanminutes",
    "searchtimespanmonths",
];

/// Whether `key=value` in a search says when.
pub fn is_time_key(key: &str) -> bool {
    TIME_KEYS.contains(&key)
}

impl Parser<'_> {
    /// Terms joined by `AND`, written or not. `stop_by`: a bare `by` ends them (tstats).
    pub(super) fn search_and(&mut self, stop_by: bool) -> Parsed<Option<SearchExpr>> {
        let mut items = Vec::new();
        let mut pending: Option<Span> = None;
        loop {
            while self.next_byte() == Some(b',') {
                self.pos += 1;
            }
            if self.search_done(stop_by) {
                break;
            }
            if self.upper("AND") {
                let span = self.span(self.pos, self.pos + 3);
                if items.is_empty() || pending.is_some() {
                    self.no_operand("AND", span, "before");
                }
                self.pos += 3;
                pending = Some(span);
                continue;
            }
            pending = None;
            items.push(self.search_or(stop_by)?);
        }
        if let Some(span) = pending {
            self.no_operand("AND", span, "after");
        }
        Ok(if items.len() > 1 { Some(SearchExpr::And(items)) } else { items.pop() })
    }

    fn search_or(&mut self, stop_by: bool) -> Parsed<SearchExpr> {
        let first = self.search_not(stop_by)?;
        let mut items = vec![first];
        while self.next_byte().is_some() && self.upper("OR") {
            let span = self.span(self.pos, self.pos + 2);
            self.pos += 2;
            self.skip_blank();
            if self.search_done(stop_by) {
                self.no_operand("OR", span, "after");
                break;
            }
            items.push(self.search_not(stop_by)?);
        }
        match items.pop() {
            Some(only) if items.is_empty() => Ok(only),
            Some(last) => {
                items.push(last);
                Ok(SearchExpr::Or(items))
            }
            None => self.unexpected("a term"),
        }
    }

    fn search_not(&mut self, stop_by: bool) -> Parsed<SearchExpr> {
        if !self.upper("NOT") {
            return self.search_primary();
        }
        let start = self.pos;
        self.nested(|p| {
            p.pos += 3;
            p.skip_blank();
            if p.search_done(stop_by) {
                let span = p.span(start, start + 3);
                p.no_operand("NOT", span, "after");
                return Ok(UNREAD);
            }
            let inner = p.search_not(stop_by)?;
            Ok(SearchExpr::Not(Box::new(inner), Spanless(p.span_from(start))))
        })
    }

    fn search_primary(&mut self) -> Parsed<SearchExpr> {
        let start = self.pos;
        for word in ["AND", "OR"] {
            if self.upper(word) {
                let span = self.span(start, start + word.len());
                self.no_operand(word, span, "before");
                self.pos += word.len();
                return Ok(UNREAD);
            }
        }
        match self.peek() {
            Some(b'(') => self.nested(|p| {
                p.pos += 1;
                let inner = p.search_and(false)?;
                p.skip_blank();
                if !p.eat(b')') {
                    return p.unclosed(start);
                }
                // Empty parentheses match everything, as no terms at all do.
                Ok(inner.unwrap_or(SearchExpr::And(Vec::new())))
            }),
            Some(b'[') => {
                let pipeline = self.subsearch()?;
                Ok(SearchExpr::Subsearch(pipeline, Spanless(self.span_from(start))))
            }
            Some(b'"') => {
                let text = self.quoted()?;
                self.after_word(start, text, true)
            }
            Some(b'=' | b'<' | b'>' | b'!') if self.operator().is_some() => {
                let here = self.here();
                self.fail(
                    codes::MISSING_FIELD
                        .at(here, "this comparison has no field before it")
                        .help("type a field name before it, or put the text in double quotes"),
                )
            }
            _ => self.search_word(start),
        }
    }

    fn search_word(&mut self, start: usize) -> Parsed<SearchExpr> {
        if self.peek() == Some(b'\'')
            && let Some(end) = scan::after_quoted(self.bytes(), start, self.end)
        {
            // 'a b'=c names a field; elsewhere a single quote is a letter.
            self.pos = end;
            if self.compared() {
                self.pos = start;
                let text = self.quoted()?;
                return self.after_word(start, text, true);
            }
            self.pos = start;
        }
        let len = self.bare(true);
        if len == 0 {
            return self.unexpected("a term");
        }
        let text = resolved(self.slice(start, start + len));
        self.pos += len;
        if self.peek() == Some(b'(') && matches!(text.as_str(), "TERM" | "CASE") {
            let value = self.directive()?;
            return Ok(if text == "TERM" {
                SearchExpr::IndexedTerm(value)
            } else {
                SearchExpr::Case { field: None, value }
            });
        }
        let quoted = scan::opens_single(&text);
        self.after_word(start, text, quoted)
    }

    /// What a word or quoted text turns out to be: a field with a comparison, or a term.
    fn after_word(&mut self, start: usize, text: String, quoted: bool) -> Parsed<SearchExpr> {
        let word = Spanned::new(text, self.span_from(start));
        let after = self.pos;
        self.skip_blank();
        if let Some((op, len)) = self.operator() {
            let op = Spanned::new(op, self.span(self.pos, self.pos + len));
            self.pos += len;
            return self.comparison(word, op);
        }
        if let Some((negated, len)) = self.in_list_here() {
            self.pos += len;
            let list = self.in_list(start, word)?;
            let span = Spanless(self.span_from(start));
            return Ok(if negated { SearchExpr::Not(Box::new(list), span) } else { list });
        }
        self.pos = after;
        if !quoted {
            if let Some(indexed) = self.indexed_field(start, &word.value)? {
                return Ok(indexed);
            }
            self.warn_call(start);
        }
        let span = Spanless(word.span);
        // An empty phrase asks for nothing, so that a macro whose definition is `""` is no condition.
        let text = if quoted && word.value.is_empty() { "*".to_owned() } else { word.value };
        Ok(SearchExpr::Term(SearchValue { text, quoted, span }))
    }

    fn comparison(&mut self, field: Spanned<String>, op: Spanned<CmpOp>) -> Parsed<SearchExpr> {
        self.skip_blank();
        let start = self.pos;
        if op.value == CmpOp::Eq {
            match self.peek() {
                Some(b'(') => return self.nested(|p| p.one_of(field, op)),
                Some(b'C' | b'T') => {
                    let word = self.word_here().to_owned();
                    let open = self.peek_at(word.len()) == Some(b'(');
                    if open && matches!(word.as_str(), "CASE" | "TERM") {
                        self.pos += word.len();
                        let value = self.directive()?;
                        return Ok(if word == "CASE" {
                            SearchExpr::Case { field: Some(field), value }
                        } else {
                            let value = SearchValue { quoted: true, ..value };
                            SearchExpr::Compare { field, op, value }
                        });
                    }
                }
                _ => {}
            }
        }
        if self.peek() == Some(b'[') {
            let pipeline = self.subsearch()?;
            let span = Spanless(field.span.to(self.span_from(start)));
            return Ok(SearchExpr::CompareSub { field, op: Some(op), pipeline, span });
        }
        if is_time_key(&field.value) && self.slice(self.pos, self.pos + 5) == "now()" {
            let span = Spanless(self.span(self.pos, self.pos + 5));
            self.pos += 5;
            let value = SearchValue { text: "now".to_owned(), quoted: false, span };
            return Ok(SearchExpr::Time { key: field, value });
        }
        let Some(value) = self.value()? else {
            self.mistake(
                codes::MISSING_VALUE
                    .at(op.span, format!("`{}` is compared with nothing", field.value))
                    .help("type a value after it; the empty value is `\"\"`"),
            );
            return Ok(UNREAD);
        };
        if is_time_key(&field.value) {
            // `latest<@d` and `earliest>=@d` say the same; fields of these names hold no such text.
            let relative = value.text.contains('@') || value.text.starts_with(['-', '+']);
            let start = matches!(op.value, CmpOp::Gt | CmpOp::Ge) && field.value == "earliest";
            let end = matches!(op.value, CmpOp::Lt | CmpOp::Le) && field.value == "latest";
            if op.value == CmpOp::Eq || (start || end) && relative && !value.quoted {
                return Ok(SearchExpr::Time { key: field, value });
            }
        }
        Ok(SearchExpr::Compare { field, op, value })
    }

    /// `field=(a OR b)`: one comparison for each value.
    fn one_of(&mut self, field: Spanned<String>, op: Spanned<CmpOp>) -> Parsed<SearchExpr> {
        let open = self.pos;
        self.pos += 1;
        let mut items = Vec::new();
        loop {
            while matches!(self.next_byte(), Some(b',')) || self.upper("OR") {
                self.pos += if self.peek() == Some(b',') { 1 } else { 2 };
            }
            if self.eat(b')') {
                break;
            }
            let Some(value) = self.value()? else { return self.unclosed(open) };
            items.push(match is_time_key(&field.value) {
                true => SearchExpr::Time { key: field.clone(), value },
                false => SearchExpr::Compare { field: field.clone(), op: op.clone(), value },
            });
        }
        match items.len() {
            0 => {
                let span = self.span_from(open);
                self.fail(
                    codes::EMPTY_PARENS
                        .at(span, format!("`{}` is compared with nothing", field.value))
                        .help("type a value inside the parentheses"),
                )
            }
            1 => items.pop().map_or_else(|| self.unclosed(open), Ok),
            _ => Ok(SearchExpr::Or(items)),
        }
    }

    /// `( a, "b c", d* )` after `field IN`.
    fn in_list(&mut self, start: usize, field: Spanned<String>) -> Parsed<SearchExpr> {
        self.skip_blank();
        let open = self.pos;
        self.pos += 1;
        let mut values = Vec::new();
        loop {
            while self.next_byte() == Some(b',') {
                self.pos += 1;
            }
            if self.eat(b')') {
                break;
            }
            if self.peek() == Some(b'[') && values.is_empty() {
                let pipeline = self.subsearch()?;
                self.close(open)?;
                let span = Spanless(self.span_from(start));
                return Ok(SearchExpr::CompareSub { field, op: None, pipeline, span });
            }
            if matches!(self.peek(), Some(b'(' | b'[')) {
                return self.unexpected("a value");
            }
            let Some(value) = self.value()? else { return self.unclosed(open) };
            values.push(value);
        }
        if values.is_empty() {
            let span = self.span_from(open);
            return self.fail(
                codes::EMPTY_LIST
                    .at(span, format!("`{}` is compared with an empty list", field.value))
                    .help(format!("type values inside: `{} IN (a, b)`", field.value)),
            );
        }
        Ok(SearchExpr::In { field, values, span: Spanless(self.span_from(start)) })
    }

    /// A quoted text or a bare word, as the right side of a comparison.
    pub(super) fn value(&mut self) -> Parsed<Option<SearchValue>> {
        let start = self.pos;
        if self.peek() == Some(b'"') {
            let text = self.quoted()?;
            return Ok(Some(SearchValue {
                text,
                quoted: true,
                span: Spanless(self.span_from(start)),
            }));
        }
        let len = self.bare(false);
        if len == 0 {
            return Ok(None);
        }
        let text = resolved(self.slice(start, start + len));
        self.pos += len;
        self.warn_call(start);
        let quoted = scan::opens_single(&text);
        Ok(Some(SearchValue { text, quoted, span: Spanless(self.span_from(start)) }))
    }

    /// Warns when the bare word since `start` looks like the call of a function.
    fn warn_call(&mut self, start: usize) {
        let word = self.slice(start, self.pos).to_owned();
        let letters = word.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
        if letters && self.peek() == Some(b'(') {
            let span = self.span_from(start);
            self.report(
                codes::CALL_IN_SEARCH
                    .at(span, format!("`search` finds the word `{word}`, it calls no function"))
                    .help(format!("type `where` in place of `search` to call `{word}`")),
            );
        }
    }

    /// The length of the bare word here. A field ends before a comparison, a value does not.
    fn bare(&self, field: bool) -> usize {
        let mut len = 0;
        while let Some(b) = self.peek_at(len) {
            match b {
                b'\\' if matches!(self.peek_at(len + 1), Some(b'"' | b'\\' | b'|')) => {
                    len += 2;
                    continue;
                }
                b',' | b'(' | b')' | b'[' | b']' | b'"' | b'|' => break,
                b'=' | b'<' | b'>' if field => break,
                b'!' if field && self.peek_at(len + 1) == Some(b'=') => break,
                _ if scan::is_blank(b) => break,
                _ => len += 1,
            }
        }
        len
    }

    fn operator(&self) -> Option<(CmpOp, usize)> {
        let equals = self.peek_at(1) == Some(b'=');
        Some(match self.peek()? {
            b'=' if equals => (CmpOp::Eq, 2),
            b'=' => (CmpOp::Eq, 1),
            b'!' if equals => (CmpOp::Ne, 2),
            b'<' if equals => (CmpOp::Le, 2),
            b'<' => (CmpOp::Lt, 1),
            b'>' if equals => (CmpOp::Ge, 2),
            b'>' => (CmpOp::Gt, 1),
            _ => return None,
        })
    }

    /// Whether `IN (` or `NOT IN (` stands here: whether it is the latter, and its length up to the
    /// list.
    fn in_list_here(&self) -> Option<(bool, usize)> {
        let rest = self.slice(self.pos, self.end);
        let after = |text: &str, word: &str| {
            let head = text.get(..word.len())?;
            head.eq_ignore_ascii_case(word).then_some(word.len())
        };
        let blanks = |text: &str| text.len() - text.trim_start_matches(scan::is_blank_char).len();
        let mut start = 0;
        if let Some(word) = after(rest, "NOT") {
            match blanks(rest.get(word..)?) {
                // `NOTIN` is a word.
                0 => return None,
                blanks => start = word + blanks,
            }
        }
        let len = start + after(rest.get(start..)?, "IN")?;
        let list = rest.get(len..)?;
        list.get(blanks(list)..)?.starts_with('(').then_some((start > 0, len))
    }

    /// Whether a comparison follows.
    fn compared(&mut self) -> bool {
        self.skip_blank();
        self.operator().is_some() || self.in_list_here().is_some()
    }

    fn search_done(&mut self, stop_by: bool) -> bool {
        match self.next_byte() {
            None | Some(b')') => true,
            _ => stop_by && self.by_here(),
        }
    }

    /// Whether the operator `word`, in upper case, stands here.
    fn upper(&self, word: &str) -> bool {
        let rest = self.slice(self.pos, self.end);
        rest.strip_prefix(word).is_some_and(|rest| {
            rest.is_empty()
                || rest.starts_with(|c: char| scan::is_blank_char(c) || "()[]\",".contains(c))
        })
    }

    fn no_operand(&mut self, word: &str, span: Span, side: &str) {
        self.mistake(
            codes::MISSING_OPERAND.at(span, format!("nothing stands {side} this `{word}`")).help(
                format!("type a term {side} it, or remove it; the word itself is `\"{word}\"`"),
            ),
        );
    }
}

/// A bare word with `\"`, `\\` and `\|` resolved, as in quotes; any other backslash stays.
fn resolved(word: &str) -> String {
    let mut text = String::with_capacity(word.len());
    let mut chars = word.chars().peekable();
    while let Some(c) = chars.next() {
        match chars.peek() {
            Some(&next) if c == '\\' && matches!(next, '\\' | '"' | '|') => {
                text.push(next);
                chars.next();
            }
            _ => text.push(c),
        }
    }
    text
}
