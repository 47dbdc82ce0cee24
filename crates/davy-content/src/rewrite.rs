//! The search of a content file, and the file with another search in its place.

use crate::model::Detection;
use crate::read::{InputFile, load};
use crate::yaml;
use davy_diag::{Diagnostics, SourceMap, Spanned};
use std::ops::Range;

/// The search of one content file: a detection or baseline. Mistakes in the YAML are reported.
pub fn search_of(
    path: &str,
    text: &str,
    sources: &mut SourceMap,
    diags: &mut Diagnostics,
) -> Option<Spanned<String>> {
    let file = InputFile { path: path.to_owned(), text: text.to_owned() };
    let content = load([file], sources, diags);
    let detection = content.detections().first().map(|d: &Detection| d.search.clone());
    detection.or_else(|| content.baselines().first().map(|b| b.search.clone()))
}

/// The YAML text with `new` as a block under its top-level key `search`, the rest as it was.
/// `None` when the key is not there, or when the file would not say what is meant.
pub fn with_search(text: &str, old: &str, new: &str) -> Option<String> {
    let new = new.trim_end();
    if old.trim_end() == new {
        return Some(text.to_owned());
    }
    let range = entry(text)?;
    // Blank lines and remarks between the search and the next key stay where they are.
    let mut body = text.get(range.clone())?.trim_end();
    while let Some((before, _)) = body.rsplit_once('\n').filter(|(_, last)| last.starts_with('#')) {
        body = before.trim_end();
    }
    let end = range.start + body.len();
    let newline = if body.contains("\r\n") { "\r\n" } else { "\n" };
    let mut out = String::with_capacity(text.len() + new.len());
    out.push_str(text.get(..range.start)?);
    out.push_str("search: |-");
    for line in new.lines() {
        out.push_str(newline);
        if !line.is_empty() {
            out.push_str("  ");
            out.push_str(line);
        }
    }
    out.push_str(text.get(end..)?);
    // The proof that the file says what is meant.
    let again: Only = serde_saphyr::from_str(&out).ok()?;
    (again.search.trim_end() == new).then_some(out)
}

/// From the top-level key `search` to the next key.
fn entry(text: &str) -> Option<Range<usize>> {
    let mut sources = SourceMap::default();
    let file = sources.add("", text);
    let tree = yaml::parse(file, &sources, &mut Diagnostics::default())?;
    let yaml::Value::Map(entries) = tree.value else { return None };
    let at = entries.iter().position(|(key, _)| key.value == "search")?;
    let start = |at: usize| entries.get(at).map(|(key, _)| key.span.start as usize);
    Some(start(at)?..start(at + 1).unwrap_or(text.len()))
}

#[derive(serde::Deserialize)]
struct Only {
    search: String,
}

#[cfg(test)]
mod tests {
    use super::with_search;

    #[test]
    fn the_rest_of_the_file_stays() {
        let yaml = |search: &str| {
            format!(
                "name: A\nid: 6d0c5b5d-0c5e-4b35-9a3c-0d6a9d3c8a11\nsearch: {search}\n\ntype: Hunting # why\n"
            )
        };
        let cases = [
            "'a | stats count'",
            "a |\n  stats\n  count",
            "|-\n    a\n    | stats count",
            ">\n  a | stats count",
            // A text in quotes may go on where keys begin.
            "'a\n| stats count'",
        ];
        for old in cases {
            let out = with_search(&yaml(old), "old", "a\n| stats count\n");
            let Some(out) = out else { panic!("{old}") };
            assert_eq!(out, yaml("|-\n  a\n  | stats count"));
        }
        let out = with_search("search: a\n# why\n\n# how\nname: A\n", "old", "b\n| head");
        assert_eq!(out.as_deref(), Some("search: |-\n  b\n  | head\n# why\n\n# how\nname: A\n"));
        assert_eq!(with_search("name: A\n", "old", "a"), None);
    }
}
