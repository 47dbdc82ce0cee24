//! A YAML file as a tree whose every key and value knows its place.

mod mistakes;
mod raw;

use davy_diag::{Code, Diagnostics, FileId, Span, Spanned};
use mistakes::diagnose;
use raw::{Raw, range};

/// A text larger than this was not written by a person.
const MAX_BYTES: usize = 4 << 20;
const MAX_DEPTH: usize = 24;
const MAX_NODES: usize = 50_000;

/// A value and where it stands.
#[derive(Debug, Clone)]
pub struct Node {
    pub value: Value,
    pub span: Span,
}

/// What YAML takes a value for.
#[derive(Debug, Clone)]
pub enum Value {
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
    pub fn kind(&self) -> &'static str {
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

/// The codes that mistakes are told with: those of whoever reads the file.
#[derive(Debug, Clone, Copy)]
pub struct Codes {
    /// It is no YAML.
    pub yaml: &'static Code,
    /// It goes past a limit.
    pub too_large: &'static Code,
}

/// The tree of one file, or a diagnostic and nothing. Size, nesting and aliases have limits, which
/// keep a small hostile file from using all memory.
pub fn parse(file: FileId, text: &str, codes: &Codes, diags: &mut Diagnostics) -> Option<Node> {
    if text.len() > MAX_BYTES {
        let message = format!("the file has {} bytes; at most {MAX_BYTES} are read", text.len());
        diags.push(
            codes.too_large.at(file.span(0..0), message).help("split it, or move data to a CSV"),
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
    match serde_saphyr::from_str_with_options::<serde_saphyr::Spanned<Raw>>(text, options) {
        Ok(raw) => Some(raw.value.place(range(&raw.defined), file)),
        Err(error) => {
            diags.push(diagnose(file, text, &error, codes));
            None
        }
    }
}
