//! Values that many keys share.

/// Splunk's words for true and false.
pub fn truth(value: &str) -> Option<bool> {
    match value.trim().to_ascii_lowercase().as_str() {
        "1" | "true" | "t" | "yes" | "y" | "on" | "enabled" => Some(true),
        "0" | "false" | "f" | "no" | "n" | "off" | "disabled" => Some(false),
        _ => None,
    }
}

/// The entries of a list with commas; quotes keep commas and blanks, and are taken off.
pub fn list(value: &str) -> Vec<String> {
    split(value, |c| c == ',').into_iter().map(|w| unquoted(w.trim())).collect()
}

/// The words of a value with blanks or commas between them; quoted ones keep theirs.
pub fn words(value: &str) -> Vec<String> {
    let found = split(value, |c| c == ',' || c.is_whitespace());
    found.into_iter().map(|w| unquoted(w.trim())).collect()
}

fn split(value: &str, separates: impl Fn(char) -> bool) -> Vec<&str> {
    let mut out = Vec::new();
    let (mut start, mut quoted, mut escaped) = (0, false, false);
    for (at, c) in value.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            _ if !quoted && separates(c) => {
                out.push(value.get(start..at).unwrap_or_default());
                start = at + c.len_utf8();
            }
            _ => {}
        }
    }
    out.push(value.get(start..).unwrap_or_default());
    out.retain(|w| !w.trim().is_empty());
    out
}

fn unquoted(word: &str) -> String {
    match word.strip_prefix('"').and_then(|w| w.strip_suffix('"')) {
        Some(inner) => inner.replace("\\\"", "\""),
        None => word.to_owned(),
    }
}
