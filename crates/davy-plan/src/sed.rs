//! The two commands of sed that SPL has: `s/regex/replacement/flags` and `y/from/to/`.

use crate::pattern::{Pattern, expand};

/// Changes to a text, in order.
#[derive(Debug)]
pub(crate) struct Sed {
    steps: Vec<Step>,
}

#[derive(Debug)]
enum Step {
    /// Replaces every match, or only the one with that number.
    Replace {
        pattern: Pattern,
        with: String,
        only: Option<usize>,
    },
    Letters {
        from: Vec<char>,
        to: Vec<char>,
    },
}

impl Sed {
    /// Reads one or more commands with blanks between them; `compile` makes their patterns.
    pub(crate) fn new(
        text: &str,
        compile: impl Fn(&str) -> Result<Pattern, String>,
    ) -> Result<Sed, String> {
        let mut steps = Vec::new();
        let mut rest = text.trim_start();
        while let Some(kind) = rest.chars().next() {
            if !matches!(kind, 's' | 'y') {
                return Err(
                    "a sed expression is `s/regex/replacement/g` or `y/abc/xyz/`".to_owned()
                );
            }
            let body = rest.get(1..).unwrap_or("");
            let Some(mark) = body.chars().next().filter(|c| !c.is_alphanumeric() && *c != '\\')
            else {
                return Err(format!("a sign such as `/` must follow `{kind}`"));
            };
            let body = body.get(mark.len_utf8()..).unwrap_or("");
            let (first, body) = part(body, mark)?;
            let (second, body) = part(body, mark)?;
            let len = body.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(body.len());
            let (flags, after) = body.split_at_checked(len).unwrap_or((body, ""));
            steps.push(match kind {
                's' => replace(&first, second, flags, &compile)?,
                _ => letters(&first, &second, flags)?,
            });
            rest = after.trim_start_matches([' ', ';', '\t', '\n']);
        }
        match steps.is_empty() {
            true => Err("a sed expression is `s/regex/replacement/g` or `y/abc/xyz/`".to_owned()),
            false => Ok(Sed { steps }),
        }
    }

    pub(crate) fn apply(&self, text: &str) -> Result<String, String> {
        let mut text = text.to_owned();
        for step in &self.steps {
            text = step.apply(&text)?;
        }
        Ok(text)
    }
}

/// The text up to the next mark that no backslash precedes, and what follows the mark.
fn part(text: &str, mark: char) -> Result<(String, &str), String> {
    let mut out = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        if c == mark {
            return Ok((out, text.get(at + c.len_utf8()..).unwrap_or("")));
        }
        if c != '\\' {
            out.push(c);
            continue;
        }
        match chars.next() {
            Some((_, next)) if next == mark => out.push(next),
            Some((_, next)) => {
                out.push('\\');
                out.push(next);
            }
            None => out.push('\\'),
        }
    }
    Err(format!("the sed expression needs another `{mark}`"))
}

fn replace(
    regex: &str,
    with: String,
    flags: &str,
    compile: &impl Fn(&str) -> Result<Pattern, String>,
) -> Result<Step, String> {
    let mut only = Some(1);
    let mut prefix = "";
    let digits: String = flags.chars().filter(char::is_ascii_digit).collect();
    if !digits.is_empty() {
        only = match digits.parse::<usize>() {
            Ok(n) if n > 0 => Some(n),
            _ => return Err(format!("`{digits}` is no number of a match")),
        };
    }
    for flag in flags.chars().filter(|c| !c.is_ascii_digit()) {
        match flag {
            'g' => only = None,
            'i' | 'I' => prefix = "(?i)",
            _ => {
                return Err(format!(
                    "`{flag}` is no flag of a sed expression; flags are `g` or a number"
                ));
            }
        }
    }
    Ok(Step::Replace { pattern: compile(&format!("{prefix}{regex}"))?, with: blanks(&with), only })
}

/// `\n` and `\t` in a replacement are a newline and a tab.
fn blanks(with: &str) -> String {
    let mut out = String::new();
    let mut chars = with.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match chars.next() {
            Some('n') => out.push('\n'),
            Some('t') => out.push('\t'),
            Some('r') => out.push('\r'),
            other => {
                out.push('\\');
                out.extend(other);
            }
        }
    }
    out
}

fn letters(from: &str, to: &str, flags: &str) -> Result<Step, String> {
    let (from, to) = (unescaped(from), unescaped(to));
    if from.len() != to.len() || !flags.is_empty() {
        return Err("both sides of `y/abc/xyz/` need the same number of characters".to_owned());
    }
    Ok(Step::Letters { from, to })
}

fn unescaped(text: &str) -> Vec<char> {
    let mut out = Vec::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        out.push(match c {
            '\\' => match chars.next() {
                Some('n') => '\n',
                Some('t') => '\t',
                Some(other) => other,
                None => '\\',
            },
            c => c,
        });
    }
    out
}

impl Step {
    fn apply(&self, text: &str) -> Result<String, String> {
        match self {
            Step::Letters { from, to } => Ok(text
                .chars()
                .map(|c| {
                    from.iter().position(|f| *f == c).and_then(|i| to.get(i)).copied().unwrap_or(c)
                })
                .collect()),
            Step::Replace { pattern, with, only: None } => {
                Ok(pattern.replace_all(text, with)?.into_owned())
            }
            Step::Replace { pattern, with, only: Some(1) } => {
                Ok(pattern.replace(text, with, 1)?.into_owned())
            }
            Step::Replace { pattern, with, only: Some(n) } => {
                // Only the last of the first n matches changes: what stands before it stays.
                let found = pattern.matches(text, *n)?;
                let Some(groups) = found.get(n - 1) else { return Ok(text.to_owned()) };
                let Some((from, to)) = groups.first().copied().flatten() else {
                    return Ok(text.to_owned());
                };
                let mut out = text.get(..from).unwrap_or_default().to_owned();
                expand(&mut out, with, text, groups);
                out.push_str(text.get(to..).unwrap_or_default());
                Ok(out)
            }
        }
    }
}
