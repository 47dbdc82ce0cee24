//! JSON as SPL's functions see it: numbers stay as they were written, members in their order.

use davy_events::mv;
use std::borrow::Cow;

/// How deep arrays and objects may be nested.
const DEPTH: usize = 128;

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Json {
    Null,
    Bool(bool),
    /// As written.
    Num(String),
    Str(String),
    Array(Vec<Json>),
    Object(Vec<(String, Json)>),
}

impl Json {
    /// A whole text as JSON; `None` when it is not valid.
    pub(crate) fn parse(text: &str) -> Option<Json> {
        let mut reader = Reader { text, at: 0 };
        let value = reader.value(0)?;
        reader.blanks();
        (reader.at == text.len()).then_some(value)
    }

    /// As `parse`, for objects and arrays only: what a field may hold as JSON rather than as text.
    pub(crate) fn parse_nested(text: &str) -> Option<Json> {
        match text.trim_start().as_bytes().first() {
            Some(b'{' | b'[') => Self::parse(text),
            _ => None,
        }
    }

    /// The member of that name; the last one, should there be several.
    pub(crate) fn member(&self, key: &str) -> Option<&Json> {
        match self {
            Json::Object(members) => members.iter().rev().find(|(k, _)| k == key).map(|(_, v)| v),
            _ => None,
        }
    }

    /// As the value of a field: a string without its quotes, all else as JSON.
    pub(crate) fn field_text(&self) -> Cow<'_, str> {
        match self {
            Json::Str(s) => Cow::Borrowed(s),
            other => Cow::Owned(other.to_string()),
        }
    }

    fn write(&self, out: &mut String) {
        match self {
            Json::Null => out.push_str("null"),
            Json::Bool(b) => out.push_str(if *b { "true" } else { "false" }),
            Json::Num(n) => out.push_str(n),
            Json::Str(s) => write_string(s, out),
            Json::Array(items) => {
                out.push('[');
                for (i, item) in items.iter().enumerate() {
                    if i > 0 {
                        out.push(',');
                    }
                    item.write(out);
                }
                out.push(']');
            }
            Json::Object(members) => {
                out.push('{');
                for (i, (key, value)) in members.iter().enumerate() {
                    if i > 0 {
                        out.push(',');
                    }
                    write_string(key, out);
                    out.push(':');
                    value.write(out);
                }
                out.push('}');
            }
        }
    }
}

impl std::fmt::Display for Json {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut out = String::new();
        self.write(&mut out);
        f.write_str(&out)
    }
}

fn write_string(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{C}' => out.push_str("\\f"),
            c if (c as u32) < 0x20 => out.push_str(&format!("\\u{:04x}", c as u32)),
            c => out.push(c),
        }
    }
    out.push('"');
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn take(&mut self, wanted: &str) -> Option<()> {
        self.text.get(self.at..)?.starts_with(wanted).then(|| self.at += wanted.len())
    }

    fn value(&mut self, depth: usize) -> Option<Json> {
        self.blanks();
        match self.peek()? {
            b'{' if depth < DEPTH => self.object(depth + 1),
            b'[' if depth < DEPTH => self.array(depth + 1),
            b'"' => self.string().map(Json::Str),
            b't' => self.take("true").map(|()| Json::Bool(true)),
            b'f' => self.take("false").map(|()| Json::Bool(false)),
            b'n' => self.take("null").map(|()| Json::Null),
            b'-' | b'0'..=b'9' => self.number(),
            _ => None,
        }
    }

    fn object(&mut self, depth: usize) -> Option<Json> {
        self.take("{")?;
        let mut members = Vec::new();
        self.blanks();
        if self.take("}").is_some() {
            return Some(Json::Object(members));
        }
        loop {
            self.blanks();
            let key = self.string()?;
            self.blanks();
            self.take(":")?;
            members.push((key, self.value(depth)?));
            self.blanks();
            if self.take(",").is_none() {
                self.take("}")?;
                return Some(Json::Object(members));
            }
        }
    }

    fn array(&mut self, depth: usize) -> Option<Json> {
        self.take("[")?;
        let mut items = Vec::new();
        self.blanks();
        if self.take("]").is_some() {
            return Some(Json::Array(items));
        }
        loop {
            items.push(self.value(depth)?);
            self.blanks();
            if self.take(",").is_none() {
                self.take("]")?;
                return Some(Json::Array(items));
            }
        }
    }

    fn number(&mut self) -> Option<Json> {
        let from = self.at;
        let _ = self.take("-");
        let whole = self.digits();
        if whole == 0 || (whole > 1 && self.text.as_bytes().get(self.at - whole) == Some(&b'0')) {
            return None;
        }
        if self.take(".").is_some() && self.digits() == 0 {
            return None;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            if self.digits() == 0 {
                return None;
            }
        }
        self.text.get(from..self.at).map(|n| Json::Num(n.to_owned()))
    }

    fn digits(&mut self) -> usize {
        let from = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        self.at - from
    }

    fn string(&mut self) -> Option<String> {
        self.take("\"")?;
        let mut out = String::new();
        let mut from = self.at;
        loop {
            match self.peek()? {
                b'"' => {
                    out.push_str(self.text.get(from..self.at)?);
                    self.at += 1;
                    // An escape could forge a field of several values.
                    return Some(mv::clean(Cow::Owned(out)).into_owned());
                }
                b'\\' => {
                    out.push_str(self.text.get(from..self.at)?);
                    self.at += 1;
                    out.push(self.escape()?);
                    from = self.at;
                }
                0..0x20 => return None,
                _ => self.at += 1,
            }
        }
    }

    fn escape(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += 1;
        Some(match c {
            b'"' => '"',
            b'\\' => '\\',
            b'/' => '/',
            b'b' => '\u{8}',
            b'f' => '\u{C}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let first = self.hex()?;
                if !(0xD800..0xDC00).contains(&first) {
                    return Some(char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER));
                }
                let before = self.at;
                match self.take("\\u").and_then(|()| self.hex()) {
                    Some(second @ 0xDC00..0xE000) => {
                        let joined = 0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00);
                        char::from_u32(joined)?
                    }
                    _ => {
                        self.at = before;
                        char::REPLACEMENT_CHARACTER
                    }
                }
            }
            _ => return None,
        })
    }

    fn hex(&mut self) -> Option<u32> {
        let digits = self.text.get(self.at..self.at + 4)?;
        if !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
            return None;
        }
        self.at += 4;
        u32::from_str_radix(digits, 16).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::Json;

    fn round(text: &str) -> Option<String> {
        Json::parse(text).map(|j| j.to_string())
    }

    #[test]
    fn valid_texts_come_back_without_blanks() {
        for (text, wanted) in [
            (r#" {"a" : [1, 2.50, -0.1e+5], "b": null} "#, r#"{"a":[1,2.50,-0.1e+5],"b":null}"#),
            (r#""\u00e9\ud83d\ude00\/\n""#, r#""é😀/\n""#),
            ("[]", "[]"),
            ("123456789012345678901234567890", "123456789012345678901234567890"),
            (r#""\ud800x""#, "\"\u{FFFD}x\""),
            (r#""\ufdd0""#, "\"\u{FFFD}\""),
        ] {
            assert_eq!(round(text).as_deref(), Some(wanted), "{text}");
        }
    }

    #[test]
    fn invalid_texts_are_none() {
        for text in [
            "",
            "{",
            "{\"a\"}",
            "[1,]",
            "{'a':1}",
            "01",
            "1.",
            "-",
            "tru",
            "\"a",
            "1 2",
            "{\"a\":1,}",
            "\"\t\"",
            "\"\\u12\"",
            "\"\\x\"",
        ] {
            assert_eq!(round(text), None, "{text:?}");
        }
        assert_eq!(round(&"[".repeat(100_000)), None);
    }
}
