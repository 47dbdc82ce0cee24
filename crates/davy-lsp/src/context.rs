//! What stands around a place in a search that may be half written: the command, the word, the
//! macro's call, quotes. Looks at the text only.

/// The surroundings of a place.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Context {
    /// Of the word at the place, in bytes; empty where no word is.
    pub(crate) word: std::ops::Range<usize>,
    /// The command whose arguments or name the place is in; empty while there is none.
    pub(crate) command: String,
    /// The word is, or would be, the name of a command.
    pub(crate) at_command: bool,
    pub(crate) in_text: bool,
    /// Where the macro's call starts in which the place is, after its backtick.
    pub(crate) call: Option<usize>,
    /// `by` stands before in the command.
    pub(crate) after_by: bool,
    /// A parenthesis follows the word.
    pub(crate) called: bool,
    /// The name of the innermost call around the place, as in `eval(`.
    pub(crate) inside: Option<String>,
    /// The option whose value the place is: `datamodel=`.
    pub(crate) option: Option<String>,
}

/// A command that is open at a place.
#[derive(Default)]
struct Open {
    command: Option<String>,
    piped: bool,
    by: bool,
    calls: Vec<String>,
}

pub(crate) fn context(text: &str, at: usize) -> Context {
    let at = at.min(text.len());
    let bytes = text.as_bytes();
    let mut open = vec![Open::default()];
    let (mut in_text, mut call) = (false, None);
    let mut i = 0;
    while i < at {
        let Some(&b) = bytes.get(i) else { break };
        match b {
            b'"' => {
                let end = quoted(bytes, i);
                in_text = end > at;
                i = end;
                continue;
            }
            b'`' => {
                let (end, inner) = backticks(text, i);
                if end > at {
                    call = inner.then_some(i + 1);
                    in_text = !inner;
                }
                i = end;
                continue;
            }
            b'[' => open.push(Open::default()),
            b']' if open.len() > 1 => {
                open.pop();
            }
            b'|' => {
                if let Some(top) = open.last_mut() {
                    *top = Open { piped: true, ..Open::default() };
                }
            }
            b'(' => {
                let name = word_before(text, i);
                if let Some(top) = open.last_mut() {
                    top.calls.push(text.get(name).unwrap_or("").to_lowercase());
                }
            }
            b')' => {
                open.last_mut().and_then(|top| top.calls.pop());
            }
            b if is_word(b) => {
                let end = word_after(bytes, i);
                let word = text.get(i..end.min(at)).unwrap_or("");
                if let Some(top) = open.last_mut() {
                    let whole = end < at || end == at && bytes.get(at).is_none_or(|b| !is_word(*b));
                    if top.command.is_none() && end < at {
                        // Terms without a command's name are a search.
                        let bare = !top.piped && word != "search";
                        top.command =
                            Some(if bare { "search".to_owned() } else { word.to_lowercase() });
                    } else if whole && end < at && word.eq_ignore_ascii_case("by") {
                        top.by = true;
                    }
                }
                i = end;
                continue;
            }
            _ => {}
        }
        i += 1;
    }
    let start = word_before(text, at).start;
    let end = word_after(bytes, at.max(start));
    let top = open.pop().unwrap_or_default();
    let at_command = top.command.is_none() && (top.piped || open.last().is_some());
    let option = text.get(..start).and_then(|t| t.strip_suffix('=')).map(|t| {
        let key = word_before(t, t.len());
        t.get(key).unwrap_or("").to_lowercase()
    });
    Context {
        called: bytes.get(end) == Some(&b'('),
        word: start..end.max(start),
        at_command: at_command && call.is_none() && !in_text,
        command: top.command.unwrap_or_default(),
        in_text,
        call,
        after_by: top.by,
        inside: top.calls.into_iter().rev().find(|c| !c.is_empty()),
        option: option.filter(|o| !o.is_empty()),
    }
}

fn is_word(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b == b'_' || b >= 0x80
}

/// The word that ends at `at`; dots join the parts of a field's name.
fn word_before(text: &str, at: usize) -> std::ops::Range<usize> {
    let bytes = text.as_bytes();
    let mut start = at;
    while start > 0 && bytes.get(start - 1).is_some_and(|b| is_word(*b) || *b == b'.') {
        start -= 1;
    }
    start..at
}

fn word_after(bytes: &[u8], at: usize) -> usize {
    let mut end = at;
    while bytes.get(end).is_some_and(|b| is_word(*b)) {
        end += 1;
    }
    end
}

/// After the text in double quotes that starts at `at`; past the end when nothing closes it.
fn quoted(bytes: &[u8], at: usize) -> usize {
    let mut i = at + 1;
    while let Some(b) = bytes.get(i) {
        match b {
            b'\\' => i += 2,
            b'"' => return i + 1,
            _ => i += 1,
        }
    }
    bytes.len() + 1
}

/// After the call or comment that starts at `at`, and whether it is a call. One that nothing
/// closes goes on to the end of its line.
fn backticks(text: &str, at: usize) -> (usize, bool) {
    let rest = text.get(at..).unwrap_or("");
    if rest.starts_with("```") {
        let end = rest.get(3..).and_then(|t| t.find("```")).map(|i| at + 3 + i + 3);
        return (end.unwrap_or(text.len() + 1), false);
    }
    let line = rest.split('\n').next().unwrap_or("");
    let end = line.get(1..).and_then(|t| t.find('`')).map(|i| at + 1 + i + 1);
    (end.unwrap_or(at + line.len() + 1), true)
}

#[cfg(test)]
mod tests {
    use super::{Context, context};

    /// The context at the `^` in the text.
    fn at(text: &str) -> Context {
        context(&text.replace('^', ""), text.find('^').unwrap())
    }

    #[test]
    fn the_command_and_the_word() {
        assert!(at("index=x | st^").at_command);
        assert!(at("index=x | ^").at_command);
        assert!(!at("ind^").at_command);
        let c = at("index=x | stats co^ by dest");
        assert_eq!((c.command.as_str(), c.at_command, c.after_by), ("stats", false, false));
        assert!(at("index=x | stats count by de^").after_by);
        let c = at("a | eval x=lo^wer(y)");
        assert_eq!((c.command.as_str(), c.called, c.word), ("eval", true, 11..16));
        assert_eq!(at("a [ | inpu^").command, "");
        assert!(at("a [ | inpu^").at_command);
        assert_eq!(at("a [search b] | where c^").command, "where");
        assert_eq!(at("| stats count(eval(lo^").inside.as_deref(), Some("eval"));
        assert_eq!(at("| tstats count from datamodel=En^").option.as_deref(), Some("datamodel"));
    }

    #[test]
    fn quotes_calls_and_comments() {
        assert!(at("a x=\"| st^").in_text);
        assert_eq!(at("a | `sys^").call, Some(5));
        assert_eq!(at("a `m` | `sys^` | b").call, Some(9));
        assert_eq!(at("a `m` | st^").call, None);
        assert!(at("a ```| st^").in_text);
        assert!(at("a ```c``` | st^").at_command);
    }
}
