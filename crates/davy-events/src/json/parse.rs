//! A JSON reader that flattens as it goes: one pass, no recursion, values as they are written.

/// The fields of an object, named as Splunk's KV_MODE=json names them.
#[derive(Debug, Default)]
pub(crate) struct Flat {
    names: String,
    values: String,
    fields: Vec<(std::ops::Range<usize>, std::ops::Range<usize>)>,
    /// A bit for names of one look: most names that are asked for are not there.
    marks: [u64; 4],
    data: bool,
    /// The members of the object itself: the key, and where its value stands.
    pub(crate) members: Vec<(String, std::ops::Range<usize>)>,
    path: String,
    stack: Vec<Level>,
}

#[derive(Debug, Clone, Copy)]
struct Level {
    array: bool,
    /// How long the path is without this level's own part.
    path: usize,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The text ends before the value does.
    Incomplete,
    Invalid(usize),
    TooDeep(usize),
}

fn note(marks: &mut [u64; 4], name: &str) {
    let (word, bit) = mark(name);
    if let Some(marks) = marks.get_mut(word) {
        *marks |= bit;
    }
}

/// The word and the bit of names that look like this one.
fn mark(name: &str) -> (usize, u64) {
    let bytes = name.as_bytes();
    let byte = |at: usize| usize::from(bytes.get(at).copied().unwrap_or_default());
    let last = byte(bytes.len().saturating_sub(1));
    let mark = bytes.len().wrapping_mul(31) ^ byte(0).wrapping_mul(5) ^ last.wrapping_mul(17);
    (mark >> 6 & 3, 1 << (mark & 63))
}

impl Flat {
    pub(crate) fn fields(&self) -> impl Iterator<Item = (&str, &str)> {
        self.fields.iter().map(|(name, value)| {
            let name = self.names.get(name.clone()).unwrap_or_default();
            (name, self.values.get(value.clone()).unwrap_or_default())
        })
    }

    /// Holds these fields instead of those of an object.
    pub(crate) fn fill(&mut self, fields: &[(&str, &str)]) {
        self.names.clear();
        self.values.clear();
        self.fields.clear();
        self.members.clear();
        self.marks = [0; 4];
        self.data = fields.iter().any(|(name, _)| name.ends_with("data"));
        for (name, value) in fields {
            note(&mut self.marks, name);
            let (at, from) = (self.names.len(), self.values.len());
            self.names.push_str(name);
            self.values.push_str(value);
            self.fields.push((at..self.names.len(), from..self.values.len()));
        }
    }

    /// False for most names that no field has.
    pub(crate) fn may_have(&self, name: &str) -> bool {
        let (word, bit) = mark(name);
        self.marks.get(word).is_some_and(|marks| marks & bit != 0)
    }

    pub(crate) fn get(&self, wanted: &str) -> Option<&str> {
        self.may_have(wanted).then_some(())?;
        self.fields().find(|(name, _)| *name == wanted).map(|(_, value)| value)
    }

    /// Whether any value may hold this; a text that ends in one value and begins in another is told too.
    pub(crate) fn holds(&self, text: &str) -> bool {
        memchr::memmem::find(self.values.as_bytes(), text.as_bytes()).is_some()
    }

    /// Whether the last part of any name may be `data`.
    pub(crate) fn named_data(&self) -> bool {
        self.data
    }

    /// The text of a member's value.
    pub(crate) fn member<'t>(&self, text: &'t str, key: &str) -> Option<&'t str> {
        let (_, place) = self.members.iter().find(|(name, _)| name == key)?;
        text.get(place.clone())
    }

    /// Reads the object at the start of `text`, and gives its length. After a failure, the
    /// fields before it are there.
    pub(crate) fn read(&mut self, text: &str, depth: usize) -> Result<usize, Failure> {
        self.names.clear();
        self.values.clear();
        self.fields.clear();
        self.members.clear();
        self.marks = [0; 4];
        self.data = false;
        self.path.clear();
        self.stack.clear();
        let mut reader = Reader { bytes: text.as_bytes(), text, at: 0 };
        let mut member = 0;
        loop {
            let start = reader.skip()?;
            let byte = reader.peek()?;
            let mut complete = true;
            match byte {
                b'{' | b'[' => {
                    if self.stack.len() >= depth {
                        return Err(Failure::TooDeep(reader.at));
                    }
                    if byte == b'[' && self.stack.is_empty() {
                        return Err(Failure::Invalid(reader.at));
                    }
                    if self.stack.len() == 1 {
                        member = start;
                    }
                    self.stack.push(Level { array: byte == b'[', path: self.path.len() });
                    reader.at += 1;
                    reader.skip()?;
                    let close = if byte == b'{' { b'}' } else { b']' };
                    complete = reader.peek()? == close;
                    if complete {
                        reader.at += 1;
                        self.stack.pop();
                    } else if byte == b'[' {
                        self.path.push_str("{}");
                    } else {
                        self.key(&mut reader)?;
                    }
                }
                _ => {
                    if self.stack.is_empty() {
                        return Err(Failure::Invalid(reader.at));
                    }
                    if self.stack.len() == 1 {
                        member = start;
                    }
                    self.scalar(&mut reader)?;
                }
            }
            // A value is complete; so may be what it stands in.
            while complete {
                if self.stack.len() == 1
                    && let Some((_, place)) = self.members.last_mut()
                {
                    *place = member..reader.at;
                }
                let Some(level) = self.stack.last().copied() else { return Ok(reader.at) };
                reader.skip()?;
                match (reader.peek()?, level.array) {
                    (b',', array) => {
                        reader.at += 1;
                        if !array {
                            self.path.truncate(level.path);
                            reader.skip()?;
                            self.key(&mut reader)?;
                        }
                        complete = false;
                    }
                    (b'}', false) | (b']', true) => {
                        reader.at += 1;
                        self.path.truncate(level.path);
                        self.stack.pop();
                    }
                    _ => return Err(Failure::Invalid(reader.at)),
                }
            }
        }
    }

    fn key(&mut self, reader: &mut Reader<'_>) -> Result<(), Failure> {
        if !self.path.is_empty() {
            self.path.push('.');
        }
        let start = self.path.len();
        reader.string(&mut self.path)?;
        if self.stack.len() == 1 {
            let key = self.path.get(start..).unwrap_or_default().to_owned();
            self.members.push((key, 0..0));
        }
        reader.skip()?;
        if reader.peek()? != b':' {
            return Err(Failure::Invalid(reader.at));
        }
        reader.at += 1;
        Ok(())
    }

    fn scalar(&mut self, reader: &mut Reader<'_>) -> Result<(), Failure> {
        let start = self.values.len();
        match reader.peek()? {
            b'"' => reader.string(&mut self.values)?,
            _ => self.values.push_str(reader.word()?),
        }
        let name = self.names.len();
        note(&mut self.marks, &self.path);
        self.data |= self.path.ends_with("data");
        self.names.push_str(&self.path);
        self.fields.push((name..self.names.len(), start..self.values.len()));
        Ok(())
    }
}

/// A string literal as text, if `text` is one.
pub(crate) fn string(text: &str) -> Option<String> {
    let mut reader = Reader { bytes: text.as_bytes(), text, at: 0 };
    let mut out = String::new();
    (reader.peek().ok()? == b'"').then_some(())?;
    reader.string(&mut out).ok()?;
    Some(out)
}

struct Reader<'a> {
    bytes: &'a [u8],
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    fn peek(&self) -> Result<u8, Failure> {
        self.bytes.get(self.at).copied().ok_or(Failure::Incomplete)
    }

    fn skip(&mut self) -> Result<usize, Failure> {
        while matches!(self.bytes.get(self.at), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
        self.peek().map(|_| self.at)
    }

    /// A number, `true`, `false` or `null`, as written.
    fn word(&mut self) -> Result<&'a str, Failure> {
        let start = self.at;
        while self.peek()?.is_ascii_alphanumeric() || matches!(self.peek()?, b'-' | b'+' | b'.') {
            self.at += 1;
        }
        let word = self.text.get(start..self.at).unwrap_or_default();
        let number = matches!(word.bytes().next(), Some(b'-' | b'0'..=b'9'))
            && word.bytes().all(|b| b.is_ascii_digit() || b"-+.eE".contains(&b));
        if number || matches!(word, "true" | "false" | "null") {
            Ok(word)
        } else {
            Err(Failure::Invalid(start))
        }
    }

    /// A string literal; bad escapes stay as they are, a raw line break is an error.
    fn string(&mut self, out: &mut String) -> Result<(), Failure> {
        if self.peek()? != b'"' {
            return Err(Failure::Invalid(self.at));
        }
        self.at += 1;
        loop {
            let rest = self.bytes.get(self.at..).ok_or(Failure::Incomplete)?;
            let hit = memchr::memchr3(b'"', b'\\', b'\n', rest).ok_or(Failure::Incomplete)?;
            let end = self.at + hit;
            out.push_str(self.text.get(self.at..end).unwrap_or_default());
            self.at = end + 1;
            match self.bytes.get(end) {
                Some(b'"') => return Ok(()),
                Some(b'\n') => return Err(Failure::Invalid(end)),
                _ => self.escape(out)?,
            }
        }
    }

    fn escape(&mut self, out: &mut String) -> Result<(), Failure> {
        let byte = self.peek()?;
        self.at += 1;
        match byte {
            b'"' | b'\\' | b'/' => out.push(char::from(byte)),
            b'n' => out.push('\n'),
            b't' => out.push('\t'),
            b'r' => out.push('\r'),
            b'b' => out.push('\u{8}'),
            b'f' => out.push('\u{c}'),
            b'u' => {
                let first = self.unit()?;
                let mut code = u32::from(first);
                let low = self.bytes.get(self.at..self.at + 2) == Some(b"\\u");
                if (0xd800..0xdc00).contains(&first) && low {
                    let mark = self.at;
                    self.at += 2;
                    let second = self.unit()?;
                    if (0xdc00..0xe000).contains(&second) {
                        code = 0x10000 + ((code - 0xd800) << 10) + (u32::from(second) - 0xdc00);
                    } else {
                        self.at = mark;
                    }
                }
                out.push(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
            }
            _ => {
                out.push('\\');
                self.at -= 1;
            }
        }
        Ok(())
    }

    fn unit(&mut self) -> Result<u16, Failure> {
        if self.at + 4 > self.bytes.len() {
            return Err(Failure::Incomplete);
        }
        let digits = self.text.get(self.at..self.at + 4).ok_or(Failure::Invalid(self.at))?;
        let unit = u16::from_str_radix(digits, 16).map_err(|_| Failure::Invalid(self.at))?;
        self.at += 4;
        Ok(unit)
    }
}
