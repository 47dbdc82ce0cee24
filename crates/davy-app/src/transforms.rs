//! Extractions in `transforms.conf`, as `REPORT-` settings name them.

use crate::app::Reader;
use crate::expressions::bad_pattern;
use crate::regex;
use davy_conf::{Conf, Stanza, list, truth, words};
use davy_knowledge::{Extract, How, Part};
use std::sync::Arc;

/// Keys that change speed, never what is found.
const HARMLESS: &[&str] =
    &["MATCH_LIMIT", "DEPTH_LIMIT", "CAN_OPTIMIZE", "LOOKAHEAD", "description"];

/// Keys that count when an event is stored.
const INDEX_TIME: &[&str] = &[
    "DEST_KEY",
    "WRITE_META",
    "DEFAULT_VALUE",
    "REPEAT_MATCH",
    "CLONE_SOURCETYPE",
    "INGEST_EVAL",
    "STOP_PROCESSING_IF",
    "METRICS_DISABLED",
];

/// Whether a stanza is about the storing of events.
pub(crate) fn is_index_time(stanza: &Stanza) -> bool {
    INDEX_TIME.iter().any(|key| stanza.setting(key).is_some())
}

/// What a stanza extracts; nothing, with a note, when it cannot be done.
pub(crate) fn extraction(
    conf: &Conf,
    stanza: &Stanza,
    cx: &mut Reader<'_>,
) -> Option<Arc<Extract>> {
    let text = |key: &str| conf.setting(stanza, key).map(|s| s.value.value.as_str());
    for setting in stanza.own() {
        let key = setting.key.value.as_str();
        match key {
            "REGEX" | "FORMAT" | "SOURCE_KEY" | "DELIMS" | "FIELDS" => {}
            "MV_ADD" if truth(&setting.value.value).is_some() => {}
            "CLEAN_KEYS" if truth(&setting.value.value) == Some(true) => {}
            "KEEP_EMPTY_VALS" if truth(&setting.value.value) == Some(false) => {}
            "KEEP_EMPTY_VALS" => {
                cx.notes.setting(cx.sources, stanza, setting, "empty values are left out");
            }
            "CLEAN_KEYS" => {
                let why = "other signs in names become `_` all the same";
                cx.notes.setting(cx.sources, stanza, setting, why);
            }
            _ if HARMLESS.contains(&key) => {}
            _ if INDEX_TIME.contains(&key) => {
                let why = "counts when an event is stored, not when it is searched";
                cx.notes.setting(cx.sources, stanza, setting, why);
            }
            _ => cx.unknown(stanza, setting),
        }
    }
    let source = text("SOURCE_KEY").filter(|s| !s.is_empty()).unwrap_or("_raw");
    let field: Arc<str> = source.strip_prefix("field:").unwrap_or(source).into();
    if source.starts_with("MetaData:") || source.starts_with("_MetaData") {
        cx.notes.stanza(cx.sources, stanza, format!("`{source}` is known only while storing"));
        return None;
    }
    let multi = text("MV_ADD").and_then(truth).unwrap_or_default();
    let how = match (text("REGEX"), text("DELIMS")) {
        (Some(pattern), _) => by_regex(pattern, text("FORMAT"), multi),
        (None, Some(delims)) => by_delims(delims, text("FIELDS"), multi),
        (None, None) => Err("neither `REGEX` nor `DELIMS` is given".to_owned()),
    };
    match how {
        Ok(how) => Some(Arc::new(Extract { field, how })),
        Err(why) => {
            cx.notes.stanza(cx.sources, stanza, why);
            None
        }
    }
}

fn by_regex(pattern: &str, format: Option<&str>, multi: bool) -> Result<How, String> {
    if let Some(why) = bad_pattern(pattern) {
        return Err(why);
    }
    let names = regex::names(pattern);
    let key = names.iter().find_map(|n| n.strip_prefix("_KEY_"));
    if let Some(number) = key {
        let (name, value) = (format!("_KEY_{number}"), format!("_VAL_{number}"));
        if names.len() != 2 || !names.contains(&value) {
            return Err("only one `_KEY_` with its `_VAL_` is known, and no other group".into());
        }
        return Ok(How::Pairs { text: pattern.to_owned(), name, value, multi });
    }
    let Some(format) = format.filter(|f| !f.trim().is_empty()) else {
        if names.is_empty() {
            return Err("the expression names no group and there is no `FORMAT`".into());
        }
        return Ok(How::Regex { text: pattern.to_owned(), multi, names: shared(names) });
    };
    let given = formatted(format)?;
    match given.as_slice() {
        // `$1::$2` with the usual expression is what pairs are.
        [(Piece::Group(name), Piece::Group(value))] => match simple_pairs(pattern, multi) {
            Some(how) => Ok(how),
            None => pairs(pattern, *name, *value, multi),
        },
        _ => by_format(pattern, &given, multi),
    }
}

/// A side of `name::value` in `FORMAT`: a group by its number, or a text.
enum Piece {
    Group(usize),
    Text(String),
}

/// The pairs of `FORMAT`.
fn formatted(format: &str) -> Result<Vec<(Piece, Piece)>, String> {
    let piece = |text: &str| match text.strip_prefix('$').and_then(|n| n.parse().ok()) {
        Some(number) => Some(Piece::Group(number)),
        None if text.contains('$') => None,
        None => Some(Piece::Text(text.to_owned())),
    };
    let mut out = Vec::new();
    for pair in words(format) {
        let Some((name, value)) = pair.split_once("::") else {
            return Err(format!("`{pair}` in `FORMAT` is not `name::$n`"));
        };
        let (name, value) = (name.trim_matches('"'), value.trim_matches('"'));
        let Some(of) = piece(name) else {
            return Err(format!("`{name}::{value}` in `FORMAT` is not two groups"));
        };
        let Some(value) = piece(value) else {
            return Err(format!("`{value}` in `FORMAT` is more than one group"));
        };
        out.push((of, value));
    }
    Ok(out)
}

/// Names and values of which each is a group or a text.
fn by_format(pattern: &str, given: &[(Piece, Piece)], multi: bool) -> Result<How, String> {
    let named_groups: Option<Vec<(usize, String)>> = given
        .iter()
        .map(|pair| match pair {
            (Piece::Text(name), Piece::Group(group)) => Some((*group, clean(name))),
            _ => None,
        })
        .collect();
    let missing = || "`FORMAT` names a group that the expression has not".to_owned();
    if let Some(wanted) = named_groups {
        let text = regex::named(pattern, &wanted).ok_or_else(missing)?;
        let names = regex::names(&text);
        return Ok(How::Regex { text, multi, names: shared(names) });
    }
    // What is put around all of a match, to tell where the next one begins, counts as a group.
    if regex::refers_by_number(pattern) {
        return Err("an expression with `\\1` cannot be used with such a `FORMAT`".into());
    }
    let mut wanted = vec![(0, ALL.to_owned())];
    let mut part = |piece: &Piece| match piece {
        Piece::Text(text) => Part::Text(text.clone()),
        Piece::Group(0) => Part::Group(ALL.to_owned()),
        Piece::Group(number) => {
            let name = format!("_g{number}");
            if !wanted.iter().any(|(known, _)| known == number) {
                wanted.push((*number, name.clone()));
            }
            Part::Group(name)
        }
    };
    let mut parts = Vec::new();
    let mut names = Some(Vec::new());
    for (name, value) in given {
        let name = match part(name) {
            Part::Text(text) => Part::Text(clean(&text)),
            group => group,
        };
        match (&name, &mut names) {
            (Part::Text(text), Some(names)) => names.push(text.clone()),
            _ => names = None,
        }
        parts.push((name, part(value)));
    }
    let text = regex::named(pattern, &wanted).ok_or_else(missing)?;
    if let Some(why) = bad_pattern(&text) {
        return Err(why);
    }
    Ok(How::Format { text, given: parts, multi, names: names.map(shared) })
}

/// The group around all of a match.
const ALL: &str = "_all";

/// Pairs of which two groups are name and value: `$1::$2`.
fn pairs(pattern: &str, first: usize, second: usize, multi: bool) -> Result<How, String> {
    let names = [(first, "_name".to_owned()), (second, "_value".to_owned())];
    match regex::named(pattern, &names) {
        Some(text) if first != 0 && second != 0 && bad_pattern(&text).is_none() => {
            Ok(How::Pairs { text, name: "_name".into(), value: "_value".into(), multi })
        }
        _ => Err("`FORMAT` names a group that the expression has not".into()),
    }
}

/// Pairs for the expressions that are most often written for them: `(\w+)=(\S+)`,
/// `([^=]+)=([^,]+)`.
fn simple_pairs(pattern: &str, multi: bool) -> Option<How> {
    if multi {
        return None;
    }
    let (name, rest) = pattern.strip_prefix('(')?.split_once(')')?;
    let at = rest.find('(')?;
    let eq = rest.get(..at)?.replace('\\', "");
    let value = rest.get(at + 1..)?.strip_suffix(')')?;
    let one = |eq: &str| eq.chars().count() == 1 && !eq.contains(['.', '*', '+', '?']);
    let word =
        matches!(name, r"\w+" | r"\S+" | r"[^=]+" | r"[a-zA-Z_]+" | r"[^\s=]+" | r"[a-zA-Z0-9_]+");
    let pair = match value {
        r"\S+" | r"\S*" | r"[^\s]+" | r"[^\s]*" => " ",
        r"[^,]+" | r"[^,]*" => ",",
        r"[^;]+" | r"[^;]*" => ";",
        r"[^|]+" | r"[^|]*" | r"[^\|]+" => "|",
        r"[^&]+" | r"[^&]*" => "&",
        _ => return None,
    };
    (one(&eq) && word).then(|| How::SplitPairs { pair: pair.into(), eq, multi })
}

/// "Each individual ASCII character in the delimiter string is used as a delimiter."
fn by_delims(delims: &str, fields: Option<&str>, multi: bool) -> Result<How, String> {
    let delims: Vec<String> = list(delims).iter().map(|d| escaped(d)).collect();
    if delims.iter().any(String::is_empty) {
        return Err("`DELIMS` has a text without signs".into());
    }
    match (delims.as_slice(), fields) {
        ([by], Some(fields)) => {
            let names = shared(list(fields).iter().map(|f| clean(f)).collect());
            Ok(match by.chars().count() {
                1 => How::Delimited { by: by.clone(), names },
                _ => How::Split { by: by.clone(), names },
            })
        }
        ([pair, eq], _) => Ok(How::SplitPairs { pair: pair.clone(), eq: eq.clone(), multi }),
        _ => Err("`DELIMS` needs `FIELDS`, or a second sign between name and value".into()),
    }
}

fn escaped(text: &str) -> String {
    let signs = [("\\t", "\t"), ("\\n", "\n"), ("\\r", "\r"), ("\\\\", "\\")];
    signs.into_iter().fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
}

/// A name as Splunk cleans it: other signs become `_`, and none leads.
pub(crate) fn clean(name: &str) -> String {
    let word = |c: char| if c.is_ascii_alphanumeric() || c == '_' { c } else { '_' };
    let name: String = name.trim().chars().map(word).collect();
    let cleaned = name.trim_start_matches(|c: char| c == '_' || c.is_ascii_digit());
    if cleaned.is_empty() { name } else { cleaned.to_owned() }
}

fn shared(names: Vec<String>) -> Vec<Arc<str>> {
    names.into_iter().map(Arc::from).collect()
}
