//! A YAML file as a tree whose every key and value knows its place.

mod align;
mod keys;

pub(crate) use align::pieces;
pub(crate) use keys::{Keys, Reader};

use crate::codes;
use davy_diag::{Diagnostic, Diagnostics, FileId, SourceMap, Span, Spanned};
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::Error;
use serde_saphyr::budget::BudgetBreach;
use std::fmt;

/// A text larger than this is no content file.
const MAX_BYTES: usize = 4 << 20;
const MAX_DEPTH: usize = 24;
const MAX_NODES: usize = 50_000;

#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub(crate) value: Value,
    pub(crate) span: Span,
}

#[derive(Debug, Clone)]
pub(crate) enum Value {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(String),
    List(Vec<Node>),
    Map(Vec<(Spanned<String>, Node)>),
}

impl Value {
    /// The type in a user's words.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Value::Null => "nothing",
            Value::Bool(_) => "true or false",
            Value::Int(_) => "a whole number",
            Value::Float(_) => "a number with a fraction",
            Value::Text(_) => "text",
            Value::List(_) => "a list",
            Value::Map(_) => "a map",
        }
    }
}

/// The tree of one file, or a diagnostic and nothing.
pub(crate) fn parse(file: FileId, sources: &SourceMap, diags: &mut Diagnostics) -> Option<Node> {
    let text = sources.file(file).text.clone();
    if text.len() > MAX_BYTES {
        let message = format!("the file has {} bytes; at most {MAX_BYTES} are read", text.len());
        diags.push(
            codes::TOO_LARGE.at(file.span(0..0), message).help("split it, or move data to a CSV"),
        );
        return None;
    }
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_depth: MAX_DEPTH,
            flow_nesting_limit: MAX_DEPTH,
            max_nodes: MAX_NODES,
            max_events: 2 * MAX_NODES,
            max_total_scalar_bytes: 2 * MAX_BYTES,
            max_aliases: 200,
            max_anchors: 200,
            max_documents: 2,
        },
        alias_limits: serde_saphyr::alias_limits! {
            max_total_replayed_events: MAX_NODES,
            max_replay_stack_depth: 8,
        },
    };
    match serde_saphyr::from_str_with_options::<serde_saphyr::Spanned<Raw>>(&text, options) {
        Ok(raw) => Some(raw.value.0.place(range(&raw.defined), file)),
        Err(error) => {
            diags.push(diagnose(file, &text, &error));
            None
        }
    }
}

fn diagnose(file: FileId, text: &str, error: &Error) -> Diagnostic {
    let mut at = error.location().map_or(0..0, |l| located(text, &l));
    // A place without length would underline nothing.
    if at.is_empty() {
        let next = text.get(at.start..).and_then(|t| t.chars().next());
        at.end = at.start + next.map_or(0, char::len_utf8);
    }
    let span = file.span(at);
    let limit = |what: &str| {
        codes::TOO_LARGE
            .at(span, format!("the file goes past a limit: {what}"))
            .help("write the values out once, without deep nesting or many aliases")
    };
    let yaml = |message: String, help: &str| codes::YAML.at(span, message).help(help);
    match innermost(error) {
        Error::AliasReplayLimitExceeded { .. }
        | Error::AliasExpansionLimitExceeded { .. }
        | Error::AliasReplayStackDepthExceeded { .. } => limit("its aliases make it too large"),
        Error::Budget { breach, .. } => limit(match breach {
            BudgetBreach::Depth { .. } => "it is nested too deeply",
            BudgetBreach::Documents { .. } => "it has too many documents",
            BudgetBreach::Aliases { .. }
            | BudgetBreach::Anchors { .. }
            | BudgetBreach::AliasAnchorRatio { .. }
            | BudgetBreach::RecordedAnchorEvents { .. } => "it has too many aliases",
            BudgetBreach::ScalarBytes { .. } => "its texts are too long",
            _ => "it has too many values",
        }),
        Error::DuplicateMappingKey { key, .. } => {
            let key = key.as_deref().unwrap_or("?");
            yaml(format!("the key `{key}` stands here twice"), "keep one of the two")
        }
        Error::MultipleDocuments { .. } => yaml(
            "the file holds more than one document".to_owned(),
            "keep one: remove what follows `---`",
        ),
        Error::UnknownAnchor { .. } => {
            yaml("this alias has no anchor".to_owned(), "quote a text that begins with `*`")
        }
        other => {
            let said = other.to_string();
            if said.contains("recursion limit") {
                return limit("it is nested too deeply");
            }
            let said = said.split('\n').next().unwrap_or_default();
            let said = said.split(" at line ").next().unwrap_or_default().trim_end_matches('.');
            yaml(
                format!("this YAML cannot be read: {said}"),
                "quote a text that holds `: `, ` #`, or begins with one of ` @ % * & ! [ {",
            )
        }
    }
}

/// What went wrong, without what was wrapped around it.
fn innermost(mut error: &Error) -> &Error {
    while let Error::WithSnippet { error: inner, .. } | Error::AliasError { error: inner, .. } =
        error
    {
        error = inner;
    }
    error
}

/// The scanner tells only line and column.
fn located(text: &str, location: &serde_saphyr::Location) -> std::ops::Range<usize> {
    if location.span().byte_offset().is_some() {
        return range(location);
    }
    let line = usize::try_from(location.line()).unwrap_or(1).saturating_sub(1);
    let column = usize::try_from(location.column()).unwrap_or(1).saturating_sub(1);
    let start: usize = text.split_inclusive('\n').take(line).map(str::len).sum();
    let row = text.get(start..).unwrap_or_default().lines().next().unwrap_or_default();
    let at = row.char_indices().nth(column).map_or(row.len(), |(i, _)| i);
    start + at..start + at
}

fn range(location: &serde_saphyr::Location) -> std::ops::Range<usize> {
    let span = location.span();
    let start = span.byte_offset().unwrap_or_default() as usize;
    start..start + span.byte_len().unwrap_or_default() as usize
}

/// A value as the parser gives it; places are put in afterwards.
struct Raw(RawValue);

enum RawValue {
    Leaf(Value),
    List(Vec<serde_saphyr::Spanned<Raw>>),
    Map(Vec<(serde_saphyr::Spanned<String>, serde_saphyr::Spanned<Raw>)>),
}

impl RawValue {
    fn place(self, at: std::ops::Range<usize>, file: FileId) -> Node {
        let mut span = file.span(at);
        let value = match self {
            RawValue::Leaf(value) => value,
            RawValue::List(items) => {
                let items: Vec<Node> = items
                    .into_iter()
                    .map(|i| i.value.0.place(range(&i.referenced), file))
                    .collect();
                Value::List(items)
            }
            RawValue::Map(entries) => {
                let entries: Vec<(Spanned<String>, Node)> = entries
                    .into_iter()
                    .map(|(k, v)| {
                        let key = Spanned::new(k.value, file.span(range(&k.referenced)));
                        (key, v.value.0.place(range(&v.referenced), file))
                    })
                    .collect();
                // A map is shown by its first key: underlining all of it would help nobody.
                if let Some((key, _)) = entries.first() {
                    span = key.span;
                }
                Value::Map(entries)
            }
        };
        Node { value, span }
    }
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RawVisitor)
    }
}

struct RawVisitor;

impl<'de> Visitor<'de> for RawVisitor {
    type Value = Raw;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a YAML value")
    }

    fn visit_bool<E>(self, v: bool) -> Result<Raw, E> {
        Ok(Raw(RawValue::Leaf(Value::Bool(v))))
    }

    fn visit_i64<E>(self, v: i64) -> Result<Raw, E> {
        Ok(Raw(RawValue::Leaf(Value::Int(v))))
    }

    fn visit_u64<E>(self, v: u64) -> Result<Raw, E> {
        let value = i64::try_from(v).map_or(Value::Float(v as f64), Value::Int);
        Ok(Raw(RawValue::Leaf(value)))
    }

    fn visit_i128<E>(self, v: i128) -> Result<Raw, E> {
        Ok(Raw(RawValue::Leaf(Value::Float(v as f64))))
    }

    fn visit_u128<E>(self, v: u128) -> Result<Raw, E> {
        Ok(Raw(RawValue::Leaf(Value::Float(v as f64))))
    }

    fn visit_f64<E>(self, v: f64) -> Result<Raw, E> {
        Ok(Raw(RawValue::Leaf(Value::Float(v))))
    }

    fn visit_str<E>(self, v: &str) -> Result<Raw, E> {
        Ok(Raw(RawValue::Leaf(Value::Text(v.to_owned()))))
    }

    fn visit_string<E>(self, v: String) -> Result<Raw, E> {
        Ok(Raw(RawValue::Leaf(Value::Text(v))))
    }

    fn visit_unit<E>(self) -> Result<Raw, E> {
        Ok(Raw(RawValue::Leaf(Value::Null)))
    }

    fn visit_none<E>(self) -> Result<Raw, E> {
        Ok(Raw(RawValue::Leaf(Value::Null)))
    }

    fn visit_some<D: Deserializer<'de>>(self, d: D) -> Result<Raw, D::Error> {
        Raw::deserialize(d)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Raw, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok(Raw(RawValue::List(items)))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Raw, A::Error> {
        let mut entries = Vec::new();
        while let Some(key) = map.next_key()? {
            entries.push((key, map.next_value()?));
        }
        Ok(Raw(RawValue::Map(entries)))
    }
}
