//! Reading a map by its keys, with every mistake reported and nothing given up early.

use super::{Node, Value};
use crate::codes;
use davy_diag::{Diagnostic, Diagnostics, SourceMap, Span, Spanned, closest};

/// What reading a file writes to.
pub(crate) struct Reader<'a> {
    pub(crate) sources: &'a SourceMap,
    pub(crate) diags: &'a mut Diagnostics,
    /// How many errors this file has so far.
    pub(crate) errors: usize,
    /// The newer forms forbid unknown keys.
    pub(crate) strict: bool,
}

impl Reader<'_> {
    pub(crate) fn report(&mut self, diagnostic: Diagnostic) {
        self.errors += usize::from(diagnostic.severity == davy_diag::Severity::Error);
        self.diags.push(diagnostic);
    }

    fn wrong(&mut self, path: &str, node: &Node, wanted: &str, help: Option<String>) {
        let message = format!("`{path}` must be {wanted}, not {}", node.value.kind());
        self.report(
            codes::WRONG_TYPE
                .at(node.span, message)
                .label(format!("{wanted} goes here"))
                .help(help),
        );
    }

    /// A text; a number or a truth value is a mistake that quotes mend.
    pub(crate) fn text(&mut self, path: &str, node: &Node) -> Option<Spanned<String>> {
        match &node.value {
            Value::Text(text) => Some(Spanned::new(text.clone(), node.span)),
            Value::Int(_) | Value::Float(_) | Value::Bool(_) => {
                let raw = self.sources.text(node.span).to_owned();
                let key = path.rsplit('.').next().unwrap_or(path);
                self.wrong(path, node, "text", Some(format!("quote it: `{key}: \"{raw}\"`")));
                None
            }
            _ => {
                self.wrong(path, node, "text", Some("write one text here".to_owned()));
                None
            }
        }
    }

    /// A scalar as it was written, whatever YAML takes it for.
    pub(crate) fn scalar(&mut self, path: &str, node: &Node) -> Option<Spanned<String>> {
        match &node.value {
            Value::Int(_) | Value::Float(_) | Value::Bool(_) => {
                Some(Spanned::new(self.sources.text(node.span).to_owned(), node.span))
            }
            _ => self.text(path, node),
        }
    }

    pub(crate) fn int(&mut self, path: &str, node: &Node) -> Option<Spanned<i64>> {
        match &node.value {
            Value::Int(v) => Some(Spanned::new(*v, node.span)),
            Value::Float(v) if v.fract() == 0.0 && v.abs() < 1e15 => {
                Some(Spanned::new(*v as i64, node.span))
            }
            Value::Text(text) if text.trim().parse::<i64>().is_ok() => {
                self.wrong(path, node, "a whole number", Some("remove the quotes".to_owned()));
                None
            }
            _ => {
                self.wrong(path, node, "a whole number", Some("write digits only".to_owned()));
                None
            }
        }
    }

    pub(crate) fn bool(&mut self, path: &str, node: &Node) -> Option<bool> {
        match &node.value {
            Value::Bool(v) => Some(*v),
            // Lookup files of the first form quote these.
            Value::Text(text) if text.eq_ignore_ascii_case("true") => Some(true),
            Value::Text(text) if text.eq_ignore_ascii_case("false") => Some(false),
            _ => {
                self.wrong(path, node, "true or false", Some("write `true` or `false`".to_owned()));
                None
            }
        }
    }

    pub(crate) fn list<'n>(&mut self, path: &str, node: &'n Node) -> &'n [Node] {
        match &node.value {
            Value::List(items) => items,
            Value::Null => &[],
            _ => {
                self.wrong(path, node, "a list", Some("begin each entry with `- `".to_owned()));
                &[]
            }
        }
    }

    pub(crate) fn texts(&mut self, path: &str, node: &Node) -> Vec<Spanned<String>> {
        let items = self.list(path, node);
        items.iter().filter_map(|item| self.text(path, item)).collect()
    }

    /// One of a closed set of words.
    pub(crate) fn word<T: Copy>(
        &mut self,
        path: &str,
        node: &Node,
        words: &[(&'static str, T)],
    ) -> Option<Spanned<T>> {
        let text = self.text(path, node)?;
        let found = words.iter().find(|(word, _)| *word == text.value);
        if let Some((_, value)) = found {
            return Some(Spanned::new(*value, node.span));
        }
        let near = closest(&text.value, words.iter().map(|(w, _)| *w));
        let help = match near {
            Some(word) => format!("did you mean `{word}`?"),
            None => one_of(words.iter().map(|(w, _)| *w)),
        };
        let message = format!("`{path}` cannot be `{}`", text.value);
        self.report(codes::BAD_VALUE.at(node.span, message).label("not known").help(help));
        None
    }

    pub(crate) fn map<'n>(&mut self, path: &str, node: &'n Node) -> Option<Keys<'n>> {
        match &node.value {
            Value::Map(entries) => {
                Some(Keys { entries, span: node.span, path: path.to_owned(), known: Vec::new() })
            }
            _ => {
                let help = "write `key: value` lines below it, indented".to_owned();
                let path = if path.is_empty() { "the file" } else { path };
                self.wrong(path, node, "a map", Some(help));
                None
            }
        }
    }
}

fn one_of<'a>(words: impl Iterator<Item = &'a str>) -> String {
    let mut words: Vec<&str> = words.collect();
    let more = words.len() > 8;
    words.truncate(8);
    format!("write one of: {}{}", words.join(", "), if more { ", ..." } else { "" })
}

/// The entries of one map and which keys were asked for.
pub(crate) struct Keys<'n> {
    entries: &'n [(Spanned<String>, Node)],
    pub(crate) span: Span,
    path: String,
    known: Vec<&'static str>,
}

impl<'n> Keys<'n> {
    pub(crate) fn path(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    pub(crate) fn has(&self, key: &str) -> bool {
        self.entries.iter().any(|(k, _)| k.value == key)
    }

    pub(crate) fn peek(&self, key: &str) -> Option<&'n Node> {
        self.entries.iter().find(|(k, _)| k.value == key).map(|(_, v)| v)
    }

    /// The value of a key; one without a value counts as absent.
    pub(crate) fn get(&mut self, key: &'static str) -> Option<&'n Node> {
        self.known.push(key);
        self.peek(key).filter(|node| !matches!(node.value, Value::Null))
    }

    pub(crate) fn key_span(&self, key: &str) -> Option<Span> {
        self.entries.iter().find(|(k, _)| k.value == key).map(|(k, _)| k.span)
    }

    /// A value that must be there.
    pub(crate) fn need(&mut self, cx: &mut Reader<'_>, key: &'static str) -> Option<&'n Node> {
        let found = self.get(key);
        if found.is_none() {
            let path = self.path(key);
            // A key with a slip in it explains what is missing better than its absence does.
            let near = closest(key, self.entries.iter().map(|(k, _)| k.value.as_str()))
                .filter(|near| !self.known.contains(near));
            let diagnostic = match (self.key_span(key), near.and_then(|n| self.key_span(n))) {
                (Some(span), _) => codes::MISSING_KEY
                    .at(span, format!("`{path}` has no value"))
                    .help(format!("write a value after `{key}:`")),
                (None, Some(span)) => codes::MISSING_KEY
                    .at(span, format!("`{path}` is missing"))
                    .label("is this meant?")
                    .help(format!("write `{key}:`")),
                (None, None) => codes::MISSING_KEY
                    .at(self.span, format!("`{path}` is missing"))
                    .label("in this map")
                    .help(format!("add `{key}: ...`")),
            };
            cx.report(diagnostic);
        }
        found
    }

    pub(crate) fn text(
        &mut self,
        cx: &mut Reader<'_>,
        key: &'static str,
    ) -> Option<Spanned<String>> {
        let node = self.need(cx, key)?;
        cx.text(&self.path(key), node)
    }

    pub(crate) fn opt_text(
        &mut self,
        cx: &mut Reader<'_>,
        key: &'static str,
    ) -> Option<Spanned<String>> {
        let node = self.get(key)?;
        cx.text(&self.path(key), node)
    }

    pub(crate) fn opt_scalar(&mut self, cx: &mut Reader<'_>, key: &'static str) -> Option<String> {
        let node = self.get(key)?;
        cx.scalar(&self.path(key), node).map(|s| s.value)
    }

    pub(crate) fn int(&mut self, cx: &mut Reader<'_>, key: &'static str) -> Option<Spanned<i64>> {
        let node = self.need(cx, key)?;
        cx.int(&self.path(key), node)
    }

    pub(crate) fn opt_int(
        &mut self,
        cx: &mut Reader<'_>,
        key: &'static str,
    ) -> Option<Spanned<i64>> {
        let node = self.get(key)?;
        cx.int(&self.path(key), node)
    }

    pub(crate) fn opt_bool(&mut self, cx: &mut Reader<'_>, key: &'static str) -> Option<bool> {
        let node = self.get(key)?;
        cx.bool(&self.path(key), node)
    }

    pub(crate) fn texts(&mut self, cx: &mut Reader<'_>, key: &'static str) -> Vec<Spanned<String>> {
        self.get(key).map(|node| cx.texts(&self.path(key), node)).unwrap_or_default()
    }

    /// Scalars of any kind, as written.
    pub(crate) fn scalars(&mut self, cx: &mut Reader<'_>, key: &'static str) -> Vec<String> {
        let Some(node) = self.get(key) else { return Vec::new() };
        let path = self.path(key);
        let items = cx.list(&path, node);
        items.iter().filter_map(|item| cx.scalar(&path, item)).map(|s| s.value).collect()
    }

    /// The maps of a list of maps.
    pub(crate) fn maps(&mut self, cx: &mut Reader<'_>, key: &'static str) -> Vec<Keys<'n>> {
        let Some(node) = self.get(key) else { return Vec::new() };
        let path = self.path(key);
        let items = cx.list(&path, node);
        items.iter().filter_map(|item| cx.map(&path, item)).collect()
    }

    pub(crate) fn word<T: Copy>(
        &mut self,
        cx: &mut Reader<'_>,
        key: &'static str,
        words: &[(&'static str, T)],
    ) -> Option<Spanned<T>> {
        let node = self.need(cx, key)?;
        cx.word(&self.path(key), node, words)
    }

    /// Keys that are known and not used.
    pub(crate) fn ignore(&mut self, keys: &[&'static str]) {
        self.known.extend_from_slice(keys);
    }

    /// Warns of every key that nobody asked for.
    pub(crate) fn finish(self, cx: &mut Reader<'_>) {
        for (key, _) in self.entries {
            if self.known.contains(&key.value.as_str()) {
                continue;
            }
            let near = closest(&key.value, self.known.iter().copied());
            let help = near
                .map_or_else(|| "remove it".to_owned(), |near| format!("did you mean `{near}`?"));
            let place =
                if self.path.is_empty() { "here".into() } else { format!("in `{}`", self.path) };
            let mut diagnostic = codes::UNKNOWN_KEY
                .at(key.span, format!("no key `{}` {place}", key.value))
                .label("ignored")
                .help(help);
            if cx.strict {
                diagnostic.severity = davy_diag::Severity::Error;
            }
            // The file can be used all the same, so this does not count as one of its errors.
            cx.diags.push(diagnostic);
        }
    }
}
