//! Extractions in `transforms.conf`, as `REPORT-` settings name them.

use crate::app::Reader;
use crate::expressions::bad_pattern;
use crate::regex;
use davy_conf::{Conf, Stanza, list, truth, words};
use davy_knowledge::{Extract, How};
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
        (None, Some(delims)) => by_delims(delims, text("FIELDS")),
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
    let mut wanted = Vec::new();
    for pair in words(format) {
        let Some((name, value)) = pair.split_once("::") else {
            return Err(format!("`{pair}` in `FORMAT` is not `name::$n`"));
        };
        if name.contains('$') {
            // `$1::$2` with the usual expression is what pairs are.
            return match simple_pairs(pattern).filter(|_| !multi) {
                Some(how) => Ok(how),
                None => pairs(pattern, name, value, multi),
            };
        }
        let value = value.trim_matches('"');
        let Some(group) = value.strip_prefix('$').and_then(|n| n.parse::<usize>().ok()) else {
            return Err(format!("`{value}` in `FORMAT` is more than one group"));
        };
        wanted.push((group, clean(name.trim_matches('"'))));
    }
    let Some(text) = regex::named(pattern, &wanted) else {
        return Err("`FORMAT` names a group that the expression has not".into());
    };
    let names = regex::names(&text);
    Ok(How::Regex { text, multi, names: shared(names) })
}

/// Pairs of which two groups are name and value: `$1::$2`.
fn pairs(pattern: &str, name: &str, value: &str, multi: bool) -> Result<How, String> {
    let group = |text: &str| text.trim_matches('"').strip_prefix('$')?.parse::<usize>().ok();
    let (Some(first), Some(second)) = (group(name), group(value)) else {
        return Err(format!("`{name}::{value}` in `FORMAT` is not two groups"));
    };
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
fn simple_pairs(pattern: &str) -> Option<How> {
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
    (one(&eq) && word).then(|| How::Kv { pair: pair.into(), eq })
}

fn by_delims(delims: &str, fields: Option<&str>) -> Result<How, String> {
    let delims: Vec<String> = list(delims).iter().map(|d| escaped(d)).collect();
    if delims.iter().any(|d| d.chars().count() != 1) {
        return Err("several signs that each separate (`DELIMS`) are not known".into());
    }
    match (delims.as_slice(), fields) {
        ([by], Some(fields)) => {
            let names = list(fields).iter().map(|f| clean(f)).collect();
            Ok(How::Delimited { by: by.clone(), names: shared(names) })
        }
        ([pair, eq], _) => Ok(How::Kv { pair: pair.clone(), eq: eq.clone() }),
        _ => Err("`DELIMS` needs `FIELDS`, or a second sign between name and value".into()),
    }
}

fn escaped(text: &str) -> String {
    text.replace("\\t", "\t").replace("\\n", "\n").replace("\\\\", "\\")
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
