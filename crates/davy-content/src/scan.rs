//! What can be told of a search's text without parsing it: stages, macro calls, lookups, tokens.

/// One call of a macro, with its place in the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MacroCall {
    pub(crate) name: String,
    pub(crate) argc: usize,
    /// Bytes, back-quotes included.
    pub(crate) range: std::ops::Range<usize>,
}

/// The text cut before each top-level `|`, as a page numbers its lines.
pub(crate) fn stages(search: &str) -> Vec<String> {
    let bytes = search.as_bytes();
    let mut out = Vec::new();
    let (mut start, mut at, mut depth) = (0, 0, 0_i32);
    let mut quote: Option<u8> = None;
    while let Some(&c) = bytes.get(at) {
        if quote.is_none() && search.get(at..).is_some_and(|r| r.starts_with("```")) {
            let rest = search.get(at + 3..).unwrap_or_default();
            at += 3 + rest.find("```").map_or(rest.len(), |i| i + 3);
            continue;
        }
        match (quote, c) {
            (Some(_), b'\\') => at += 1,
            (Some(q), c) if q == c => quote = None,
            (Some(_), _) => {}
            (None, b'`') => at = call_end(search, at).unwrap_or(at),
            (None, b'"') => quote = Some(c),
            (None, b'\\') => at += 1,
            (None, b'[' | b'(') => depth += 1,
            (None, b']' | b')') => depth = (depth - 1).max(0),
            (None, b'|') if depth == 0 && at > start => {
                push_stage(&mut out, search.get(start..at));
                start = at;
            }
            (None, _) => {}
        }
        at += 1;
    }
    push_stage(&mut out, search.get(start..));
    out
}

fn push_stage(out: &mut Vec<String>, stage: Option<&str>) {
    let stage = stage.unwrap_or_default().trim();
    if !stage.is_empty() {
        out.push(stage.to_owned());
    }
}

/// The comments between three back-quotes blanked out, so that places stay what they are.
pub(crate) fn without_comments(search: &str) -> String {
    let mut out = String::with_capacity(search.len());
    let mut rest = search;
    while let Some(at) = rest.find("```") {
        out.push_str(&rest[..at]);
        let inner = &rest[at + 3..];
        let length = inner.find("```").map_or(rest.len() - at, |i| i + 6);
        out.extend(std::iter::repeat_n(' ', length));
        rest = rest.get(at + length..).unwrap_or_default();
    }
    out.push_str(rest);
    out
}

/// Every back-quoted call, in order.
pub(crate) fn macro_calls(search: &str) -> Vec<MacroCall> {
    let text = without_comments(search);
    let mut out = Vec::new();
    let mut at = 0;
    while let Some(open) = text.get(at..).and_then(|r| r.find('`')).map(|i| at + i) {
        // A back-quote that no name follows is a character of some text, such as "`".
        let Some(close) = call_end(&text, open) else {
            at = open + 1;
            continue;
        };
        let body = text.get(open + 1..close).unwrap_or_default().trim();
        let (name, argc) = match body.split_once('(') {
            Some((name, args)) => (name.trim(), argument_count(args)),
            None => (body, 0),
        };
        if !name.is_empty() {
            out.push(MacroCall { name: name.to_owned(), argc, range: open..close + 1 });
        }
        at = close + 1;
    }
    out
}

/// Where the call that a back-quote opens is closed.
fn call_end(text: &str, open: usize) -> Option<usize> {
    let rest = text.get(open + 1..)?;
    let body = rest.get(..rest.find('`')?)?;
    let name = body.split('(').next().unwrap_or_default().trim();
    let named = !name.is_empty()
        && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | ':'));
    named.then_some(open + 1 + body.len())
}

/// How many arguments stand before the closing parenthesis.
fn argument_count(args: &str) -> usize {
    let args = args.trim_end().strip_suffix(')').unwrap_or(args);
    if args.trim().is_empty() {
        return 0;
    }
    let (mut count, mut depth, mut quoted, mut escaped) = (1, 0_i32, false, false);
    for c in args.chars() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => quoted = !quoted,
            '(' | '[' if !quoted => depth += 1,
            ')' | ']' if !quoted => depth -= 1,
            ',' if !quoted && depth == 0 => count += 1,
            _ => {}
        }
    }
    count
}

/// The lookups that a search names, and whether it writes them.
pub fn lookup_uses(search: &str) -> Vec<(String, bool)> {
    let uses = lookups_by(search).into_iter();
    uses.map(|(command, name, _)| (name, command == "outputlookup")).collect()
}

/// Names after `lookup`, `inputlookup` and `outputlookup`, with their places.
pub(crate) fn lookups(search: &str) -> Vec<(String, std::ops::Range<usize>)> {
    lookups_by(search).into_iter().map(|(_, name, range)| (name, range)).collect()
}

/// As [`lookups`], each with its command.
fn lookups_by(search: &str) -> Vec<(&'static str, String, std::ops::Range<usize>)> {
    let text = without_comments(search);
    let mut out = Vec::new();
    for (command_at, command) in words(&text) {
        let commands = ["lookup", "inputlookup", "outputlookup"];
        let Some(command) = commands.into_iter().find(|c| *c == command) else { continue };
        // A command stands at the start of a pipeline; elsewhere the word is a field or a value.
        let before = text.get(..command_at).unwrap_or_default().trim_end();
        if !(before.is_empty() || before.ends_with(['|', '['])) {
            continue;
        }
        let from = command_at + command.len();
        let rest = text.get(from..).unwrap_or_default();
        let found = words(rest).into_iter().take_while(|(_, w)| !w.starts_with('|'));
        let name = found.into_iter().find(|(_, w)| !w.contains('='));
        if let Some((at, word)) = name {
            let word = word.trim_end_matches([']', ',']).trim_matches('"');
            let start = from + at;
            out.push((command, word.to_owned(), start..start + word.len()));
        }
    }
    out
}

/// Words between blanks, brackets kept apart from what follows them.
fn words(text: &str) -> Vec<(usize, &str)> {
    let mut out = Vec::new();
    let mut start = None;
    for (at, c) in text.char_indices() {
        let cut = c.is_whitespace() || matches!(c, '|' | '[' | ']');
        if cut {
            if let Some(s) = start.take() {
                out.push((s, text.get(s..at).unwrap_or_default()));
            }
            if !c.is_whitespace() {
                out.push((at, text.get(at..at + 1).unwrap_or_default()));
            }
        } else if start.is_none() {
            start = Some(at);
        }
    }
    if let Some(s) = start {
        out.push((s, text.get(s..).unwrap_or_default()));
    }
    out
}

/// The `$token$`s of a message: characters other than blank, dot and dollar between dollars.
pub(crate) fn tokens(message: &str) -> Vec<&str> {
    let mut out = Vec::new();
    let mut rest = message;
    while let Some(open) = rest.find('$') {
        let inner = &rest[open + 1..];
        let end = inner.find(|c: char| c.is_whitespace() || c == '.' || c == '$');
        match end {
            Some(end) if end > 0 && inner[end..].starts_with('$') => {
                out.push(&inner[..end]);
                rest = &inner[end + 1..];
            }
            _ => rest = inner,
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{lookup_uses, lookups, macro_calls, stages, tokens};

    #[test]
    fn pipes_inside_quotes_brackets_and_comments_do_not_cut() {
        let search = "`a` x=\"p|q\" ```c | d```| stats count [| makeresults]|`b(c, \"d,e\")`";
        let expected =
            ["`a` x=\"p|q\" ```c | d```", "| stats count [| makeresults]", "|`b(c, \"d,e\")`"];
        assert_eq!(stages(search), expected);
        assert_eq!(stages("| tstats count | x"), ["| tstats count", "| x"]);
    }

    #[test]
    fn calls_have_names_and_argument_counts() {
        let calls = macro_calls("`a` | `b(c, \"d,e\")` ```not `this` one``` `f()`");
        let short: Vec<_> = calls.iter().map(|c| (c.name.as_str(), c.argc)).collect();
        assert_eq!(short, [("a", 0), ("b", 2), ("f", 0)]);
        let calls = macro_calls("eval n=split(x,\"`\"), m=split(x, \"^\") | `z`");
        assert_eq!(calls.iter().map(|c| c.name.as_str()).collect::<Vec<_>>(), ["z"]);
    }

    #[test]
    fn lookups_skip_options_and_fields_of_that_name() {
        let found = lookups("a lookup=b | lookup update=true t x OUTPUT y | stats c by lookup d");
        assert_eq!(found.iter().map(|f| f.0.as_str()).collect::<Vec<_>>(), ["t"]);
        assert_eq!(lookups("x NOT [| inputlookup t.csv]")[0].0, "t.csv");
        let uses = lookup_uses("x | lookup t a | outputlookup append=t u");
        assert_eq!(uses, [("t".to_owned(), false), ("u".to_owned(), true)]);
    }

    #[test]
    fn tokens_are_whole() {
        assert_eq!(tokens("on $dest$ by $user$, 5$ or $a.b$"), ["dest", "user"]);
    }
}
