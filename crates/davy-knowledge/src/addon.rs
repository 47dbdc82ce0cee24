//! Add-ons: what holds for the events of a source.

use crate::codes;
use crate::yaml::{Keys, Node, Reader};
use davy_diag::Span;
use davy_spl::ast::{CmpOp, Expr, SearchExpr, SearchValue, Spanless};
use davy_spl::{Grammars, ast::Grammar};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Addon {
    pub name: String,
    pub description: String,
    pub stanzas: Vec<Stanza>,
    pub eventtypes: Vec<EventType>,
    pub field_tags: Vec<FieldTags>,
}

/// Tags of the events in which a field has a value.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct FieldTags {
    pub field: Arc<str>,
    pub search: Arc<SearchExpr>,
    pub tags: Vec<Arc<str>>,
}

/// What holds for the events of some sources, as a stanza of props.conf.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Stanza {
    /// Names with stars; empty is any.
    pub sourcetype: Vec<String>,
    pub source: Vec<String>,
    /// In the order in which they apply.
    pub defs: Vec<Def>,
    /// The sourcetype that the events are known by from here on.
    pub sourcetype_as: Option<Arc<str>>,
    /// How narrow: narrower stanzas apply later.
    pub rank: u8,
    pub span: Span,
}

/// One field, or the fields of one extraction.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Def {
    pub given: Given,
    /// Only for events that this matches. Kept once for all of a stanza; see `kept.rs`.
    #[serde(skip)]
    pub when: Option<Arc<SearchExpr>>,
    /// Reads what is defined later too, where nothing before gives it. In Splunk's own stages no
    /// definition does.
    pub ahead: bool,
    pub span: Span,
}

/// How a field comes about.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Given {
    /// The first of these fields that is there.
    Alias(Arc<str>, Vec<Arc<str>>),
    Constant(Arc<str>, Arc<str>),
    Eval(Arc<str>, Arc<Expr>),
    Extract(Arc<Extract>),
    Lookup(Arc<LookupUse>),
}

/// Fields read out of a field.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Extract {
    pub field: Arc<str>,
    pub how: How,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum How {
    /// The named groups; with `multi` of all matches.
    Regex {
        text: String,
        multi: bool,
        names: Vec<Arc<str>>,
    },
    /// Matches of a pattern whose groups of these names hold a field's name and its value; with
    /// `multi` a name that comes again has several values.
    Pairs {
        text: String,
        name: String,
        value: String,
        multi: bool,
    },
    /// `a=1;b=2`: names as they come.
    Kv {
        pair: String,
        eq: String,
    },
    Delimited {
        by: String,
        names: Vec<Arc<str>>,
    },
    /// `<a>1</a><Data Name="b">2</Data>`: names as they come.
    XmlKv,
    /// Paths of a JSON text, each behind the prefix.
    Json {
        prefix: String,
    },
    /// Each match gives these names and values, in which a text stands for itself; with `multi` a name
    /// that comes again has several values. `names` are those that do not depend on the event.
    Format {
        text: String,
        given: Vec<(Part, Part)>,
        multi: bool,
        names: Option<Vec<Arc<str>>>,
    },
    /// Each sign of `pair` ends a pair, each of `eq` stands between name and value: `DELIMS` of
    /// transforms.conf. It comes before the pairs that any text is searched for.
    SplitPairs {
        pair: String,
        eq: String,
        multi: bool,
    },
    /// Each sign of `by` ends a value. Different ones that follow each other, a comma and a blank, end
    /// one value; the same one twice encloses an empty value.
    Split {
        by: String,
        names: Vec<Arc<str>>,
    },
}

/// A name or a value that a match gives.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Part {
    Text(String),
    /// The group of this name.
    Group(String),
}

impl How {
    /// The names that come out of it; `None` when they depend on the event.
    pub fn names(&self) -> Option<&[Arc<str>]> {
        match self {
            How::Regex { names, .. } | How::Delimited { names, .. } | How::Split { names, .. } => {
                Some(names)
            }
            How::Format { names, .. } => names.as_deref(),
            How::Pairs { .. }
            | How::Kv { .. }
            | How::SplitPairs { .. }
            | How::XmlKv
            | How::Json { .. } => None,
        }
    }

    /// Whether names as they come stand over what the format of the text gives. Splunk's automatic
    /// extraction of keys and values comes after the transforms that an app names.
    pub fn wins(&self) -> bool {
        match self {
            How::Pairs { .. } | How::SplitPairs { .. } => true,
            How::Format { names, .. } => names.is_none(),
            _ => false,
        }
    }
}

/// An automatic lookup.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct LookupUse {
    pub table: String,
    /// Columns of the table and the fields that they equal.
    pub on: Vec<(String, Arc<str>)>,
    /// Columns of the table and the fields that get them.
    pub out: Vec<(String, Arc<str>)>,
    /// How values are matched, where it is said; otherwise without regard to case, with a `*` in
    /// the table for anything, and by the first row.
    pub matching: Option<Arc<Matching>>,
}

/// What a lookup's definition says of matching, as transforms.conf has it.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Matching {
    pub case_sensitive: bool,
    /// `WILDCARD(column)`, `CIDR(column)`.
    pub match_types: Vec<String>,
    pub min: usize,
    /// As many rows at most; 0 is as many as Splunk takes.
    pub max: usize,
    pub default: Option<String>,
    pub time_field: Option<String>,
    pub time_format: Option<String>,
    /// Seconds that an event is later than its row, at least and at most.
    pub offsets: (Option<f64>, Option<f64>),
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct EventType {
    /// Empty: only gives tags.
    pub name: Arc<str>,
    pub search: Arc<SearchExpr>,
    pub tags: Vec<Arc<str>>,
    pub span: Span,
}

/// Searches of add-ons hold no commands.
struct NoCommands;

impl Grammars for NoCommands {
    fn grammar(&self, _: &str) -> Option<Grammar> {
        None
    }

    fn names(&self) -> Vec<String> {
        Vec::new()
    }
}

/// A search expression; nothing written matches everything.
pub(crate) fn search(node: &Node, reader: &mut Reader<'_>) -> Option<Arc<SearchExpr>> {
    let span = reader.expression(node)?;
    let before = reader.diags.errors();
    let found = davy_spl::parse_search_at(reader.sources, span, &NoCommands, reader.diags);
    match found {
        Some(expr) => Some(Arc::new(expr)),
        None if reader.diags.errors() == before => Some(Arc::new(SearchExpr::And(Vec::new()))),
        None => None,
    }
}

pub(crate) fn eval(node: &Node, reader: &mut Reader<'_>) -> Option<Arc<Expr>> {
    let span = reader.expression(node)?;
    davy_spl::parse_expr_at(reader.sources, span, reader.diags).map(Arc::new)
}

pub(crate) fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Addon> {
    let keys = reader.keys(node, &["addon", "description", "stanzas", "eventtypes", "field_tags"]);
    let name = keys.need("addon", reader).and_then(|n| reader.text(n))?;
    let description = keys.get("description").and_then(|n| reader.text(n)).unwrap_or_default();
    let mut addon = Addon {
        name,
        description,
        stanzas: Vec::new(),
        eventtypes: Vec::new(),
        field_tags: Vec::new(),
    };
    if let Some(list) = keys.get("stanzas") {
        addon.stanzas = reader.list(list).iter().map(|n| stanza(n, reader)).collect();
    }
    if let Some(list) = keys.get("eventtypes") {
        for item in reader.list(list) {
            let Some(one) = eventtype(item, reader) else { continue };
            // Those without a name only give tags.
            if !one.name.is_empty() && addon.eventtypes.iter().any(|e| e.name == one.name) {
                let message = format!("the add-on has an event type `{}` already", one.name);
                reader.diags.push(codes::DUPLICATE.at(item.span, message));
                continue;
            }
            addon.eventtypes.push(one);
        }
    }
    if let Some(map) = keys.get("field_tags") {
        for (field, values) in reader.map(map) {
            for (value, tags) in reader.map(values) {
                let tags = reader.texts(tags).into_iter().map(Arc::from).collect();
                let search = Arc::new(is_one_of(
                    &field.value,
                    std::slice::from_ref(&value.value),
                    value.span,
                ));
                addon.field_tags.push(FieldTags {
                    field: field.value.as_str().into(),
                    search,
                    tags,
                });
            }
        }
    }
    Some(addon)
}

fn eventtype(node: &Node, reader: &mut Reader<'_>) -> Option<EventType> {
    let keys = reader.keys(node, &["name", "search", "tags"]);
    let name = keys.need("name", reader).and_then(|n| reader.text(n));
    let search = keys.need("search", reader).and_then(|n| search(n, reader));
    let tags = keys.get("tags").map(|n| reader.texts(n)).unwrap_or_default();
    Some(EventType {
        name: name?.into(),
        search: search?,
        tags: tags.into_iter().map(Arc::from).collect(),
        span: node.span,
    })
}

fn stanza(node: &Node, reader: &mut Reader<'_>) -> Stanza {
    let known = [
        "sourcetype",
        "source",
        "host",
        "when",
        "extract",
        "alias",
        "constant",
        "lookup",
        "eval",
        "sourcetype_as",
    ];
    let keys = reader.keys(node, &known);
    let texts = |key: &str, reader: &mut Reader<'_>| {
        keys.get(key).map(|n| reader.texts(n)).unwrap_or_default()
    };
    let sourcetype = texts("sourcetype", reader);
    let source = texts("source", reader);
    let host = texts("host", reader);
    let rank = u8::from(!sourcetype.is_empty())
        + 2 * u8::from(!host.is_empty())
        + 4 * u8::from(!source.is_empty());
    let mut when = keys.get("when").and_then(|n| search(n, reader));
    if !host.is_empty() {
        // The host may differ from event to event, so it is a condition like others.
        let only = is_one_of("host", &host, node.span);
        when = Some(Arc::new(match when {
            Some(when) => SearchExpr::And(vec![only, when.as_ref().clone()]),
            None => only,
        }));
    }
    let sourcetype_as =
        keys.get("sourcetype_as").and_then(|n| reader.text(n)).map(Arc::<str>::from);
    let mut defs = Vec::new();
    let mut push = |given, span| defs.push(Def { given, when: when.clone(), ahead: true, span });
    if let Some(list) = keys.get("extract") {
        for item in reader.list(list) {
            if let Some(extract) = extract(item, reader) {
                push(Given::Extract(Arc::new(extract)), item.span);
            }
        }
    }
    fields(&keys, reader, &mut push);
    Stanza { sourcetype, source, defs, sourcetype_as, rank, span: node.span }
}

/// Aliases, constants, lookups and calculated fields, in the order in which they apply.
fn fields(keys: &Keys<'_>, reader: &mut Reader<'_>, push: &mut impl FnMut(Given, Span)) {
    if let Some(map) = keys.get("alias") {
        for (name, from) in reader.map(map) {
            let from = reader.texts(from).into_iter().map(Arc::from).collect();
            push(Given::Alias(name.value.as_str().into(), from), name.span);
        }
    }
    if let Some(map) = keys.get("constant") {
        for (name, value) in reader.map(map) {
            if let Some(value) = reader.text(value) {
                push(Given::Constant(name.value.as_str().into(), value.into()), name.span);
            }
        }
    }
    if let Some(list) = keys.get("lookup") {
        for item in reader.list(list) {
            if let Some(lookup) = lookup(item, reader) {
                push(Given::Lookup(Arc::new(lookup)), item.span);
            }
        }
    }
    if let Some(map) = keys.get("eval") {
        for (name, expr) in reader.map(map) {
            if let Some(expr) = eval(expr, reader) {
                push(Given::Eval(name.value.as_str().into(), expr), name.span);
            }
        }
    }
}

fn is_one_of(field: &str, values: &[String], span: Span) -> SearchExpr {
    SearchExpr::Or(
        values
            .iter()
            .map(|value| SearchExpr::Compare {
                field: davy_diag::Spanned::new(field.to_owned(), span),
                op: davy_diag::Spanned::new(CmpOp::Eq, span),
                value: SearchValue { text: value.clone(), quoted: true, span: Spanless(span) },
            })
            .collect(),
    )
}

fn extract(node: &Node, reader: &mut Reader<'_>) -> Option<Extract> {
    let keys = reader.keys(node, &["regex", "field", "multi", "kv", "delimited", "xmlkv", "json"]);
    let field = |keys: &Keys<'_>, reader: &mut Reader<'_>| {
        keys.get("field").and_then(|n| reader.text(n)).unwrap_or_else(|| "_raw".to_owned())
    };
    let of = |keys: &Keys<'_>, key: &str, otherwise: &str, reader: &mut Reader<'_>| {
        keys.get(key).and_then(|n| reader.text(n)).unwrap_or_else(|| otherwise.to_owned())
    };
    let kinds = ["regex", "kv", "delimited", "xmlkv", "json"];
    let mut given = kinds.into_iter().filter(|kind| keys.get(kind).is_some());
    if let (Some(first), Some(second)) = (given.next(), given.next()) {
        let message = format!("`{first}` and `{second}` are two extractions");
        let help = "begin an entry of its own for each with `-`";
        reader.diags.push(codes::DUPLICATE.at(node.span, message).help(help));
        return None;
    }
    if let Some(regex) = keys.get("regex") {
        let text = reader.text(regex)?;
        let multi = keys.get("multi").and_then(|n| reader.flag(n)).unwrap_or_default();
        let names = group_names(&text).into_iter().map(Arc::from).collect();
        let how = How::Regex { names, text, multi };
        return Some(Extract { field: field(&keys, reader).into(), how });
    }
    for (kind, known) in [
        ("kv", ["field", "pair", "eq"].as_slice()),
        ("delimited", &["field", "by", "names"]),
        ("xmlkv", &["field"]),
        ("json", &["field", "prefix"]),
    ] {
        let Some(inner) = keys.get(kind) else { continue };
        let keys = reader.keys(inner, known);
        let field = field(&keys, reader).into();
        let how = match kind {
            "kv" => {
                How::Kv { pair: of(&keys, "pair", ",", reader), eq: of(&keys, "eq", "=", reader) }
            }
            "delimited" => How::Delimited {
                by: of(&keys, "by", ",", reader),
                names: keys
                    .need("names", reader)
                    .map(|n| reader.texts(n))
                    .unwrap_or_default()
                    .into_iter()
                    .map(Arc::from)
                    .collect(),
            },
            "xmlkv" => How::XmlKv,
            _ => How::Json { prefix: of(&keys, "prefix", "", reader) },
        };
        return Some(Extract { field, how });
    }
    reader.diags.push(
        codes::MISSING_KEY
            .at(node.span, "`regex`, `kv`, `delimited`, `xmlkv` or `json` is missing here"),
    );
    None
}

fn lookup(node: &Node, reader: &mut Reader<'_>) -> Option<LookupUse> {
    let keys = reader.keys(node, &["table", "match", "out", "match_type"]);
    let table = keys.need("table", reader).and_then(|n| reader.text(n))?;
    let pairs = |key: &str, reader: &mut Reader<'_>| -> Vec<(String, Arc<str>)> {
        let Some(node) = keys.need(key, reader) else { return Vec::new() };
        let entries = reader.map(node);
        entries
            .iter()
            .filter_map(|(column, field)| {
                Some((column.value.clone(), Arc::from(reader.text(field)?)))
            })
            .collect()
    };
    let on = pairs("match", reader);
    let out = pairs("out", reader);
    let matching = keys.get("match_type").map(|node| {
        let match_types = reader.texts(node);
        for text in &match_types {
            let kind = text.split_once('(').map_or("", |(kind, _)| kind.trim());
            if !matches!(kind, "WILDCARD" | "CIDR" | "EXACT") || !text.ends_with(')') {
                let message = format!("`match_type`: no match type `{text}`");
                let help = "write WILDCARD(column) or CIDR(column)";
                reader.diags.push(codes::WRONG_TYPE.at(node.span, message).help(help));
            }
        }
        Arc::new(Matching { match_types, max: 1, ..Matching::default() })
    });
    Some(LookupUse { table, on, out, matching })
}

/// The names of a pattern's groups.
fn group_names(regex: &str) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    let mut rest = regex;
    while let Some((_, after)) = rest.split_once("(?") {
        rest = after;
        let after = after.strip_prefix('P').unwrap_or(after);
        let Some(after) = after.strip_prefix('<') else { continue };
        let Some((name, _)) = after.split_once('>') else { continue };
        let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if !name.is_empty() && name.chars().all(word) && !names.iter().any(|n| n == name) {
            names.push(name.to_owned());
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::group_names;

    #[test]
    fn names_of_groups() {
        assert_eq!(group_names(r"(?<a>x)(?P<b_2>y)(?<=z)(?:q)(?<a>x)"), ["a", "b_2"]);
    }
}
