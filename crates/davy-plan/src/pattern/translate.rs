//! PCRE patterns rewritten for the engine that never backtracks, where both mean the same.

/// A pattern for the linear engine.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Linear {
    pub(super) pattern: String,
    /// Holds a `$` or `^` whose meaning differs before a newline that ends the text.
    pub(super) newline_matters: bool,
}

/// `None` when the pattern uses something that only a backtracking engine has, or that the two
/// engines read differently.
pub(super) fn linear(pattern: &str) -> Option<Linear> {
    let mut reader = Reader { rest: pattern, out: String::new(), newline_matters: false };
    let mut quantifiable = Quantifiable::No;
    while let Some(c) = reader.next() {
        quantifiable = match c {
            '\\' => reader.escape()?,
            '[' => reader.class()?,
            '(' => reader.group()?,
            '*' | '+' | '?' => reader.quantifier(c, quantifiable)?,
            '{' => reader.braces(quantifiable)?,
            '}' => reader.literal('}'),
            ']' => reader.literal(']'),
            '$' => {
                reader.newline_matters = true;
                reader.out.push('$');
                Quantifiable::No
            }
            '^' => {
                reader.newline_matters = true;
                reader.out.push('^');
                Quantifiable::No
            }
            '|' => {
                reader.out.push('|');
                Quantifiable::No
            }
            other => {
                reader.out.push(other);
                Quantifiable::Yes
            }
        };
    }
    Some(Linear { pattern: reader.out, newline_matters: reader.newline_matters })
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Quantifiable {
    Yes,
    No,
    /// Just quantified: `?` makes it lazy, `+` possessive.
    Already,
}

struct Reader<'a> {
    rest: &'a str,
    out: String,
    newline_matters: bool,
}

/// What `\h` matches, as the inside of a class.
const BLANKS: &str = r"\t \x{A0}\x{1680}\x{180E}\x{2000}-\x{200A}\x{202F}\x{205F}\x{3000}";

impl<'a> Reader<'a> {
    fn next(&mut self) -> Option<char> {
        let c = self.rest.chars().next()?;
        self.rest = self.rest.get(c.len_utf8()..).unwrap_or_default();
        Some(c)
    }

    fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    fn take(&mut self, text: &str) -> bool {
        match self.rest.strip_prefix(text) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn literal(&mut self, c: char) -> Quantifiable {
        push_literal(&mut self.out, c);
        Quantifiable::Yes
    }

    /// What follows a `\` outside a class.
    fn escape(&mut self) -> Option<Quantifiable> {
        let c = self.next()?;
        let text = match c {
            'Q' => return Some(self.quoted()),
            'E' => return Some(Quantifiable::No),
            'd' => "[0-9]",
            'D' => "[^0-9]",
            'w' => "[0-9A-Za-z_]",
            'W' => "[^0-9A-Za-z_]",
            's' => r"[\t-\r ]",
            'S' => r"[^\t-\r ]",
            'b' => r"(?-u:\b)",
            'A' => r"\A",
            'z' => r"\z",
            'Z' => {
                self.newline_matters = true;
                r"\z"
            }
            'h' => {
                self.out.push('[');
                self.out.push_str(BLANKS);
                self.out.push(']');
                return Some(Quantifiable::Yes);
            }
            'p' | 'P' => {
                self.property(c)?;
                return Some(Quantifiable::Yes);
            }
            _ => {
                let c = self.character(c)?;
                return Some(self.literal(c));
            }
        };
        self.out.push_str(text);
        Some(match c {
            'b' | 'A' | 'z' | 'Z' => Quantifiable::No,
            _ => Quantifiable::Yes,
        })
    }

    /// `\Q…\E`: everything as it stands.
    fn quoted(&mut self) -> Quantifiable {
        let (text, rest) = self.rest.split_once("\\E").unwrap_or((self.rest, ""));
        self.rest = rest;
        text.chars().for_each(|c| push_literal(&mut self.out, c));
        if text.is_empty() { Quantifiable::No } else { Quantifiable::Yes }
    }

    /// `\pL`, `\p{Greek}`.
    fn property(&mut self, letter: char) -> Option<()> {
        self.out.push('\\');
        self.out.push(letter);
        let first = self.next()?;
        self.out.push(first);
        if first == '{' {
            loop {
                let c = self.next()?;
                self.out.push(c);
                if c == '}' {
                    break;
                }
            }
        }
        Some(())
    }

    /// The one character that an escape means, in a class or outside.
    fn character(&mut self, c: char) -> Option<char> {
        Some(match c {
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'f' => '\u{C}',
            'e' => '\u{1B}',
            'a' => '\u{7}',
            'x' => return self.hex(),
            c if c.is_ascii_alphanumeric() => return None,
            c => c,
        })
    }

    fn hex(&mut self) -> Option<char> {
        let digits = if self.take("{") {
            let (digits, rest) = self.rest.split_once('}')?;
            self.rest = rest;
            digits
        } else {
            let len = self.rest.bytes().take(2).take_while(u8::is_ascii_hexdigit).count();
            let digits = self.rest.get(..len)?;
            self.rest = self.rest.get(len..)?;
            if digits.is_empty() { "0" } else { digits }
        };
        char::from_u32(u32::from_str_radix(digits, 16).ok()?)
    }

    fn quantifier(&mut self, c: char, before: Quantifiable) -> Option<Quantifiable> {
        match (before, c) {
            (Quantifiable::Yes, _) => {
                self.out.push(c);
                Some(Quantifiable::Already)
            }
            (Quantifiable::Already, '?') => {
                self.out.push(c);
                Some(Quantifiable::No)
            }
            // Possessive, or a mistake that the other engine words.
            _ => None,
        }
    }

    /// `{2,3}`; any other brace is itself.
    fn braces(&mut self, before: Quantifiable) -> Option<Quantifiable> {
        let inside = self.rest.split_once('}').map(|(inside, _)| inside);
        let Some(inside) = inside.filter(|i| is_count(i)) else {
            if inside.is_some_and(|i| i.bytes().all(|b| b.is_ascii_digit() || b", ".contains(&b))) {
                return None;
            }
            return Some(self.literal('{'));
        };
        if before != Quantifiable::Yes {
            return None;
        }
        self.out.push('{');
        self.out.push_str(inside);
        self.out.push('}');
        self.rest = self.rest.get(inside.len() + 1..)?;
        Some(Quantifiable::Already)
    }

    fn group(&mut self) -> Option<Quantifiable> {
        if self.peek() == Some('*') {
            return None;
        }
        self.out.push('(');
        if !self.take("?") {
            return Some(Quantifiable::No);
        }
        if self.take("#") {
            self.out.pop();
            let (_, rest) = self.rest.split_once(')')?;
            self.rest = rest;
            return Some(Quantifiable::No);
        }
        if self.take("P<")
            || (!self.rest.starts_with("<=") && !self.rest.starts_with("<!")) && self.take("<")
        {
            return self.name('>');
        }
        if self.take("'") {
            return self.name('\'');
        }
        self.out.push('?');
        loop {
            let c = self.next()?;
            match c {
                ':' | ')' => {
                    self.out.push(c);
                    return Some(Quantifiable::No);
                }
                'i' | 's' | 'U' | '-' | 'm' => self.out.push(c),
                _ => return None,
            }
        }
    }

    fn name(&mut self, end: char) -> Option<Quantifiable> {
        let (name, rest) = self.rest.split_once(end)?;
        let sound = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
            && !name.starts_with(|c: char| c.is_ascii_digit());
        if !sound {
            return None;
        }
        self.rest = rest;
        self.out.push_str("?P<");
        self.out.push_str(name);
        self.out.push('>');
        Some(Quantifiable::No)
    }

    /// A class. In the linear engine `[`, `&&`, `--` and `~~` are special in it.
    fn class(&mut self) -> Option<Quantifiable> {
        self.out.push('[');
        if self.take("^") {
            self.out.push('^');
        }
        let mut first = true;
        loop {
            let c = self.next()?;
            match c {
                ']' if !first => break,
                '[' if [':', '.', '='].iter().any(|c| self.peek() == Some(*c)) => {
                    self.posix()?;
                }
                '\\' => self.class_escape()?,
                '-' => {
                    let ends = first || self.rest.starts_with(']');
                    self.out.push_str(if ends { "\\-" } else { "-" });
                }
                c => {
                    push_literal(&mut self.out, c);
                }
            }
            // A range that begins or ends with a class is a plain `-` in PCRE.
            first = false;
        }
        self.out.push(']');
        Some(Quantifiable::Yes)
    }

    fn posix(&mut self) -> Option<()> {
        match self.rest.strip_prefix(':').and_then(|r| r.split_once(":]")) {
            Some((name, rest)) if name.bytes().all(|b| b.is_ascii_alphabetic() || b == b'^') => {
                self.out.push_str("[:");
                self.out.push_str(name);
                self.out.push_str(":]");
                self.rest = rest;
                self.no_range()
            }
            _ => {
                self.out.push_str("\\[");
                Some(())
            }
        }
    }

    fn class_escape(&mut self) -> Option<()> {
        let c = self.next()?;
        let in_range = self.out.ends_with('-') && !self.out.ends_with("\\-");
        if in_range && "dDwWsShpP".contains(c) {
            return None;
        }
        match c {
            'd' => self.out.push_str("0-9"),
            'D' => self.out.push_str("[^0-9]"),
            'w' => self.out.push_str("0-9A-Za-z_"),
            'W' => self.out.push_str("[^0-9A-Za-z_]"),
            's' => self.out.push_str(r"\t-\r "),
            'S' => self.out.push_str(r"[^\t-\r ]"),
            'h' => self.out.push_str(BLANKS),
            'p' | 'P' => self.property(c)?,
            'b' => {
                self.out.push_str("\\x08");
                return Some(());
            }
            'Q' | 'E' => return None,
            _ => {
                let c = self.character(c)?;
                push_literal(&mut self.out, c);
                return Some(());
            }
        }
        self.no_range()
    }

    /// After a class within a class: a `-` that follows is itself, unless it is the last.
    fn no_range(&mut self) -> Option<()> {
        if self.take("-") {
            self.out.push_str("\\-");
        }
        Some(())
    }
}

/// `2`, `2,` or `2,3`.
fn is_count(text: &str) -> bool {
    let (low, high) = text.split_once(',').unwrap_or((text, ""));
    let digits = |t: &str| t.bytes().all(|b| b.is_ascii_digit()) && t.len() < 6;
    !low.is_empty() && digits(low) && digits(high)
}

fn push_literal(out: &mut String, c: char) {
    if c.is_ascii() && !c.is_ascii_alphanumeric() && c != '_' {
        match c {
            c if c.is_ascii_graphic() && r"\.+*?()|[]{}^$#&-~".contains(c) => {
                out.push('\\');
                out.push(c);
            }
            c if c.is_ascii_graphic() || c == ' ' => out.push(c),
            c => out.push_str(&format!("\\x{:02X}", c as u32)),
        }
    } else {
        out.push(c);
    }
}

#[cfg(test)]
mod tests {
    use super::linear;

    fn text(pattern: &str) -> Option<String> {
        linear(pattern).map(|l| l.pattern)
    }

    #[test]
    fn what_backtracks_is_left_to_the_other_engine() {
        for pattern in [
            r"(?=a)",
            r"(?!a)",
            r"(?<=a)",
            r"(?<!a)",
            r"(a)\1",
            r"a++",
            r"a{2}+",
            r"(?>a)",
            r"(?|a|b)",
            r"(?(1)a)",
            r"\R",
            r"\Ka",
            r"(?x) a b",
            r"\k<n>",
            r"(?P=n)",
            r"(*ACCEPT)",
            r"[a-\d]",
            r"\B",
        ] {
            assert_eq!(text(pattern), None, "{pattern}");
        }
    }

    #[test]
    fn braces_brackets_and_quotes_that_are_themselves() {
        for (pattern, wanted) in [
            (r"a{b}", r"a\{b\}"),
            (r"a{2,3}?", r"a{2,3}?"),
            (r"[[a]", r"[\[a]"),
            (r"[]a-]", r"[\]a\-]"),
            (r"[a&&b]", r"[a\&\&b]"),
            (r"\Qa.b\E+", r"a\.b+"),
            (r"(?<n>\d)", r"(?P<n>[0-9])"),
            (r"(?'n'x)", r"(?P<n>x)"),
            (r"\<a\>", r"<a>"),
            (r"a(?#note)b", r"ab"),
            (r"[\w-]", r"[0-9A-Za-z_\-]"),
            (r"\x41\x{263A}", "A☺"),
        ] {
            assert_eq!(text(pattern).as_deref(), Some(wanted), "{pattern}");
        }
    }
}
