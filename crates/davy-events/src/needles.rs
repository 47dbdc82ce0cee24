//! Words looked for in a stretch of a log before its events are rendered as text.

use regex::bytes::{Regex, RegexBuilder};
use std::fmt::Write;

/// Shorter words stand everywhere.
const SHORTEST: usize = 4;

/// Words without one of which no event's text is worth making. Case does not matter.
#[derive(Debug)]
pub struct Needles {
    /// Its literals are sought many bytes at a time, which an automaton that folds case is not.
    regex: Regex,
}

impl Needles {
    /// `None` where there is nothing to look for.
    pub fn new<'w>(words: impl IntoIterator<Item = &'w str>) -> Option<Needles> {
        let mut pattern = String::new();
        let mut add = |bytes: &mut dyn Iterator<Item = u8>| {
            if !pattern.is_empty() {
                pattern.push('|');
            }
            for byte in bytes {
                // Writing to a text does not fail.
                let _ = match byte.is_ascii_alphanumeric() {
                    true => pattern.write_char(char::from(byte)),
                    false => write!(pattern, "\\x{byte:02x}"),
                };
            }
        };
        for word in words {
            // Windows keeps text as UTF-16, some of it as bytes.
            add(&mut word.bytes());
            add(&mut word.encode_utf16().flat_map(u16::to_le_bytes));
        }
        if pattern.is_empty() {
            return None;
        }
        let mut builder = RegexBuilder::new(&pattern);
        let regex = builder.unicode(false).case_insensitive(true).build().ok()?;
        Some(Needles { regex })
    }

    /// The part of a phrase that stands in a log's bytes wherever the phrase stands in the text of
    /// its events: a word that is no markup, and no number, time or identifier, which logs hold in
    /// other forms. `None` if the phrase has no such part.
    pub fn word(phrase: &str) -> Option<&str> {
        let part = |c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '\\'));
        // Digits, `0x1F`, `S-1-5-18`, `2026-01-01T00:00:00Z`, `true` and `false` have none of these.
        let tells = |c: char| "ghijkmnopqvwy".contains(c.to_ascii_lowercase());
        phrase
            .split(part)
            .filter(|word| word.len() >= SHORTEST && word.contains(tells))
            .max_by_key(|word| word.len())
    }

    pub(crate) fn stand_in(&self, bytes: &[u8]) -> bool {
        self.regex.is_match(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::Needles;

    #[test]
    fn words_are_found_in_both_encodings() {
        let needles = Needles::new(["sudoedit"]).unwrap();
        assert!(needles.stand_in(b"x SUDOedit y"));
        let wide: Vec<u8> = "x SudoEdit y".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert!(needles.stand_in(&wide));
        assert!(!needles.stand_in(b"sudo edit"));
        assert!(Needles::new([]).is_none());
    }

    #[test]
    fn only_words_that_logs_hold_as_such_serve() {
        assert_eq!(Needles::word("sudoedit -s \\"), Some("sudoedit"));
        assert_eq!(Needles::word("4624"), None);
        assert_eq!(Needles::word("0xdeadbeef"), None);
        assert_eq!(Needles::word("S-1-5-21-true"), None);
        assert_eq!(Needles::word("<Data Name=\"x\">powershell.exe"), Some("powershell.exe"));
        assert_eq!(Needles::word("né"), None);
    }
}
