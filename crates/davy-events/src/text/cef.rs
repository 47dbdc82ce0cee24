//! The fields of CEF and LEEF: a heading whose parts stand between bars, and pairs behind it.
//!
//! Sources: ArcSight Common Event Format, implementation standard; IBM, Log Event Extended Format,
//! versions 1.0 and 2.0.

/// Calls `found` with each pair of a line in CEF or LEEF; false if the line is neither.
pub(super) fn fields(line: &str, found: &mut impl FnMut(&str, &str)) -> bool {
    if let Some(extension) = behind(line, "CEF:", 7) {
        let pairs = cef(extension);
        labelled(&pairs, found);
        pairs.iter().for_each(|(name, value)| found(name, value));
        return true;
    }
    let Some(at) = line.find("LEEF:") else { return false };
    let rest = line.get(at..).unwrap_or_default();
    let (parts, second) = match rest.starts_with("LEEF:2.0|") {
        true => (6, true),
        false => (5, false),
    };
    let Some(mut extension) = behind(rest, "LEEF:", parts) else { return false };
    let mut by = '\t';
    if second {
        // The sixth part says what stands between pairs; without it that is a tab.
        let heading = rest.get(..rest.len() - extension.len()).unwrap_or_default();
        let said = heading.trim_end_matches('|').rsplit('|').next().unwrap_or_default();
        match delimiter(said) {
            Some(said) => by = said,
            None => extension = behind(rest, "LEEF:", 5).unwrap_or(extension),
        }
    }
    for pair in extension.split(by) {
        if let Some((name, value)) = pair.split_once('=') {
            let (name, value) = (name.trim(), value.trim());
            if is_name(name) && !value.is_empty() {
                found(name, value);
            }
        }
    }
    true
}

/// When the event was, by its own pairs.
pub(super) fn time(line: &str) -> Option<String> {
    let mut best = None;
    fields(line, &mut |name, value| {
        let rank = ["rt", "devTime", "end", "start"].iter().position(|known| *known == name);
        if let Some(rank) = rank
            && best.as_ref().is_none_or(|(other, _)| rank < *other)
        {
            best = Some((rank, value.to_owned()));
        }
    });
    best.map(|(_, value)| value)
}

/// What stands behind so many bars, of which none is escaped.
fn behind<'l>(line: &'l str, sign: &str, bars: usize) -> Option<&'l str> {
    let start = line.find(sign)?;
    let text = line.get(start..)?;
    let mut escaped = false;
    let mut left = bars;
    for (at, c) in text.char_indices() {
        match c {
            '\\' => escaped = !escaped,
            '|' if !escaped => {
                left -= 1;
                if left == 0 {
                    return text.get(at + 1..);
                }
            }
            _ => escaped = false,
        }
    }
    None
}

/// `^`, `x7C` or `0x7C`.
fn delimiter(text: &str) -> Option<char> {
    let hex = text.strip_prefix("0x").or_else(|| text.strip_prefix('x'));
    match hex.and_then(|hex| u32::from_str_radix(hex, 16).ok()) {
        Some(code) => char::from_u32(code),
        None => {
            let mut letters = text.chars();
            let only = letters.next()?;
            letters.next().is_none().then_some(only)
        }
    }
}

fn is_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 64
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_.-[]".contains(&b))
}

/// The pairs of CEF: a value goes on to the last blank before the next name.
fn cef(extension: &str) -> Vec<(String, String)> {
    let bytes = extension.as_bytes();
    let mut starts: Vec<(usize, usize)> = Vec::new();
    for at in memchr::memchr_iter(b'=', bytes) {
        // A name is short, so that a long text without blanks is not read over and over.
        let before = bytes.get(..at).unwrap_or_default().iter().rev();
        let size = before.take(65).take_while(|b| !matches!(b, b' ' | b'\t')).count();
        let name = extension.get(at - size..at).unwrap_or_default();
        if is_name(name) {
            starts.push((at - size, at));
        }
    }
    let ends = starts.iter().skip(1).map(|(name, _)| *name).chain([extension.len()]);
    let pair = |((name, equals), end): (&(usize, usize), usize)| {
        let value = extension.get(equals + 1..end).unwrap_or_default().trim_end();
        (!value.is_empty())
            .then(|| (extension.get(*name..*equals).unwrap_or_default().to_owned(), plain(value)))
    };
    starts.iter().zip(ends).filter_map(pair).collect()
}

/// A value without its escapes.
fn plain(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    let mut letters = value.chars();
    while let Some(c) = letters.next() {
        match c {
            '\\' => match letters.next() {
                Some('n') => out.push('\n'),
                Some('r') => out.push('\r'),
                Some(other) if matches!(other, '\\' | '=' | '|') => out.push(other),
                other => {
                    out.push('\\');
                    out.extend(other);
                }
            },
            c => out.push(c),
        }
    }
    out
}

/// `cs1Label=Rule cs1=allow`: the value under its label, as Splunk's add-on has it.
fn labelled(pairs: &[(String, String)], found: &mut impl FnMut(&str, &str)) {
    // No product has as many; each label is looked for among all.
    let pairs = pairs.get(..256).unwrap_or(pairs);
    for (name, label) in pairs {
        let Some(of) = name.strip_suffix("Label") else { continue };
        let Some((_, value)) = pairs.iter().find(|(name, _)| name == of) else { continue };
        let field: String =
            label.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
        if !field.is_empty() && !pairs.iter().any(|(name, _)| *name == field) {
            found(&field, value);
        }
    }
}
