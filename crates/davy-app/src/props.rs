//! `props.conf`: what holds for the events of a source, host or sourcetype.

use crate::app::{Reader, Stock};
use crate::expressions::{bad_pattern, computed, eval, search};
use crate::patterns::{Whose, whose};
use crate::{automatic, lookups, reading, regex, transforms};
use davy_conf::{Conf, Setting, Stanza as Section, truth, words};
use davy_content::model::Lookup;
use davy_knowledge::{Def, Extract, Given, How, LookupUse, Stanza, Table};
use davy_spl::Macros;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What `props.conf` refers to.
pub(crate) struct Around<'a> {
    pub(crate) transforms: &'a Conf,
    pub(crate) lookups: &'a [Lookup],
    pub(crate) tables: &'a BTreeMap<String, Arc<Table>>,
    pub(crate) filtered: &'a BTreeMap<String, Arc<Table>>,
    pub(crate) macros: &'a dyn Macros,
}

/// The stages of a search-time field, in Splunk's order. Those of all matching stanzas come one
/// after the other, so the stage counts for more than how narrow a stanza is.
const EXTRACTED: u8 = 8;
const ALIASES: u8 = 16;
const CALCULATED: u8 = 24;
const LOOKED_UP: u8 = 32;

/// Settings about the storing of events.
const INDEX_TIME: &[(&str, &str)] = &[
    ("TZ_ALIAS", TIME),
    ("MAX_DAYS_AGO", TIME),
    ("MAX_DAYS_HENCE", TIME),
    ("MAX_DIFF_SECS_AGO", TIME),
    ("MAX_DIFF_SECS_HENCE", TIME),
    ("TIMESTAMP_FIELDS", TIME),
    ("CHARSET", "files are read as UTF-8 or UTF-16"),
    ("INDEXED_EXTRACTIONS", CONTENT),
    ("HEADER_FIELD_LINE_NUMBER", CONTENT),
    ("FIELD_DELIMITER", CONTENT),
    ("FIELD_NAMES", CONTENT),
    ("PREAMBLE_REGEX", CONTENT),
];
const TIME: &str = "the time of an event is found without it";
const CONTENT: &str = "the format of a file is told by its content";

/// Settings that change nothing a search finds.
const HARMLESS: &[&str] = &[
    "category",
    "description",
    "pulldown_type",
    "disabled",
    "ANNOTATE_PUNCT",
    "SEGMENTATION",
    "LEARN_MODEL",
    "LEARN_SOURCETYPE",
    "NO_BINARY_CHECK",
    "CHECK_METHOD",
    "maxDist",
    "invalid_cause",
    "is_valid",
    "priority",
    "MATCH_LIMIT",
    "DEPTH_LIMIT",
    "JSON_TRIM_BRACES_IN_ARRAY_NAMES",
    "LB_CHUNK_BREAKER",
    "ADD_EXTRA_TIME_FIELDS",
    "unarchive_cmd",
    "LINE_BREAKER_LOOKBEHIND",
    "EVENT_BREAKER",
    "EVENT_BREAKER_ENABLE",
];

pub(crate) fn read(conf: &Conf, around: &Around<'_>, cx: &mut Reader<'_>) -> Vec<Stanza> {
    let mut out = Vec::new();
    let global = conf.stanza(davy_conf::DEFAULT);
    for section in global.into_iter().chain(conf.stanzas()) {
        match section_of(section, around, cx) {
            Ok(stanzas) => out.extend(stanzas),
            Err(why) => cx.notes.stanza(cx.sources, section, why),
        }
    }
    out
}

/// The settings of a section by what they do.
#[derive(Default)]
struct Sorted<'c> {
    extracts: BTreeMap<&'c str, &'c Setting>,
    reports: BTreeMap<&'c str, &'c Setting>,
    aliases: BTreeMap<&'c str, &'c Setting>,
    evals: BTreeMap<&'c str, &'c Setting>,
    lookups: BTreeMap<&'c str, &'c Setting>,
    rename: Option<&'c Setting>,
    sourcetype: Option<&'c Setting>,
}

fn sorted<'c>(section: &'c Section, cx: &mut Reader<'_>) -> Sorted<'c> {
    let mut out = Sorted::default();
    for setting in section.own() {
        let key = setting.key.value.as_str();
        let class = |kind: &str| key.strip_prefix(kind);
        if let Some(class) = class("EXTRACT-") {
            out.extracts.insert(class, setting);
        } else if let Some(class) = class("REPORT-") {
            out.reports.insert(class, setting);
        } else if let Some(class) = class("FIELDALIAS-") {
            out.aliases.insert(class, setting);
        } else if let Some(class) = class("EVAL-") {
            out.evals.insert(class, setting);
        } else if let Some(class) = class("LOOKUP-") {
            out.lookups.insert(class, setting);
        } else if key == "rename" {
            out.rename = Some(setting);
        } else if key == "sourcetype" {
            out.sourcetype = Some(setting);
        } else if reading::is_of_reading(key) {
            if let Some(why) = reading::fault(section, setting) {
                cx.notes.setting(cx.sources, section, setting, why);
            }
        } else if let Some(why) = not_honoured(key, &setting.value.value) {
            cx.notes.setting(cx.sources, section, setting, why);
        } else if !is_known(key) {
            cx.unknown(section, setting);
        }
    }
    out
}

fn is_known(key: &str) -> bool {
    HARMLESS.contains(&key)
        || matches!(key, "KV_MODE" | "AUTO_KV_JSON" | "KV_TRIM_SPACES")
        || key.starts_with("SEGMENTATION-")
}

fn not_honoured(key: &str, value: &str) -> Option<&'static str> {
    if let Some((_, why)) = INDEX_TIME.iter().find(|(k, _)| *k == key) {
        return Some(why);
    }
    match key {
        "KV_MODE" => match value.trim().to_ascii_lowercase().as_str() {
            "auto" | "auto_escaped" | "json" => None,
            "none" => Some("fields that the format of the file gives stay"),
            "xml" => Some("XML is read of Windows events only; use `| spath` or `| xmlkv`"),
            _ => Some("fields are found by the format of the file"),
        },
        "AUTO_KV_JSON" | "KV_TRIM_SPACES" if truth(value) == Some(false) => {
            Some("fields are found by the format of the file")
        }
        _ if key.starts_with("TRANSFORMS") || key.starts_with("RULESET") => {
            Some("counts when an event is stored, not when it is searched")
        }
        _ if key.starts_with("METRIC-SCHEMA") || key.starts_with("STATSD-") => {
            Some("metrics are not known")
        }
        _ => None,
    }
}

fn section_of(
    section: &Section,
    around: &Around<'_>,
    cx: &mut Reader<'_>,
) -> Result<Vec<Stanza>, String> {
    let (mut sourcetype, mut source, mut when, mut narrow) = (Vec::new(), Vec::new(), None, 0);
    if section.name.value != davy_conf::DEFAULT {
        match whose(&section.name.value)? {
            Whose::Sourcetype(names) => (sourcetype, narrow) = (names, 1),
            Whose::Source(names) => (source, narrow) = (names, 4),
            Whose::Host(names) => {
                narrow = 2;
                let any: Vec<String> = names
                    .iter()
                    .map(|n| format!("host=\"{}\"", n.replace('\\', "\\\\").replace('"', "\\\"")))
                    .collect();
                let origin = format!("{} [{}]", cx.file_of(section), section.name.value);
                let text = any.join(" OR ");
                let (found, _) = search(cx.base.sources_mut(), around.macros, &origin, &text)?;
                when = Some(found);
            }
        }
    }
    let span = cx.base_span(section);
    let mut out = Vec::new();
    let sorted = sorted(section, cx);
    let name = |s: &Setting| Arc::<str>::from(s.value.value.trim());
    // What comes from a source has its sourcetype, and a sourcetype may be known by another name.
    let rename = match sorted.sourcetype {
        Some(setting) if source.is_empty() => {
            let why = "only the sourcetype of a `source::` can be set; give it with --sourcetype";
            cx.notes.setting(cx.sources, section, setting, why);
            None
        }
        given => given.or(sorted.rename).map(name),
    };
    let stages = [
        (0, Vec::new(), rename),
        (EXTRACTED, extracted(section, &sorted, around, cx), None),
        (ALIASES, aliases(section, &sorted, cx), None),
        (CALCULATED, calculated(section, &sorted, cx), None),
        (LOOKED_UP, looked_up(section, &sorted, around, cx), None),
    ];
    for (stage, given, sourcetype_as) in stages {
        if given.is_empty() && sourcetype_as.is_none() {
            continue;
        }
        let mut defs = Vec::new();
        for (given, own) in given {
            let when = match (when.clone(), own) {
                (Some(a), Some(b)) => Some(Arc::new(davy_spl::ast::SearchExpr::And(vec![
                    a.as_ref().clone(),
                    b.as_ref().clone(),
                ]))),
                (a, b) => a.or(b),
            };
            defs.push(Def { given, when, ahead: false, span });
        }
        out.push(Stanza {
            sourcetype: sourcetype.clone(),
            source: source.clone(),
            defs,
            sourcetype_as,
            rank: stage + narrow,
            span,
        });
    }
    Ok(out)
}

type Condition = Option<Arc<davy_spl::ast::SearchExpr>>;
type Made = Vec<(Given, Condition)>;

/// Inline extractions, then those of transforms. The first that finds a field keeps it, and here
/// what is defined later stands before; so they are turned round.
fn extracted(
    section: &Section,
    sorted: &Sorted<'_>,
    around: &Around<'_>,
    cx: &mut Reader<'_>,
) -> Made {
    let mut out: Made = Vec::new();
    for setting in sorted.extracts.values() {
        let (pattern, field) = split_in(&setting.value.value);
        let names: Vec<Arc<str>> = regex::names(pattern).into_iter().map(Arc::from).collect();
        if names.is_empty() {
            cx.notes.setting(cx.sources, section, setting, "the expression names no group");
            continue;
        }
        if let Some(why) = bad_pattern(pattern) {
            cx.notes.setting(cx.sources, section, setting, why);
            continue;
        }
        let how = How::Regex { text: pattern.to_owned(), multi: false, names };
        out.push((Given::Extract(Arc::new(Extract { field: field.into(), how })), None));
    }
    for setting in sorted.reports.values() {
        for name in words(&setting.value.value) {
            let Some(transform) = around.transforms.stanza(&name) else {
                let why = format!("transforms.conf has no stanza `{name}`");
                cx.notes.setting(cx.sources, section, setting, why);
                continue;
            };
            if let Some(extract) = transforms::extraction(around.transforms, transform, cx) {
                out.push((Given::Extract(extract), None));
            }
        }
    }
    first_wins(out)
}

/// Turned round, but what reads an extracted field stays behind what extracts it.
fn first_wins(made: Made) -> Made {
    let gives = |given: &Given, field: &str| match given {
        Given::Extract(e) => e.how.names().is_none_or(|n| n.iter().any(|n| **n == *field)),
        _ => false,
    };
    let reads = |given: &Given| match given {
        Given::Extract(e) if *e.field != *"_raw" => Some(e.field.clone()),
        _ => None,
    };
    let behind: Vec<bool> = made
        .iter()
        .map(|(given, _)| {
            reads(given).is_some_and(|field| made.iter().any(|(other, _)| gives(other, &field)))
        })
        .collect();
    let (mut first, mut last) = (Vec::new(), Vec::new());
    for (one, behind) in made.into_iter().zip(behind) {
        if behind { last.push(one) } else { first.push(one) }
    }
    first.reverse();
    first.extend(last);
    first
}

/// `regex in field`.
fn split_in(value: &str) -> (&str, &str) {
    let word = |t: &str| !t.is_empty() && t.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    match value.rsplit_once(" in ") {
        Some((pattern, field)) if word(field.trim()) => (pattern.trim_end(), field.trim()),
        _ => (value, "_raw"),
    }
}

fn aliases(section: &Section, sorted: &Sorted<'_>, cx: &mut Reader<'_>) -> Made {
    let mut out: Made = Vec::new();
    for setting in sorted.aliases.values() {
        let words = words(&setting.value.value);
        let mut rest = words.as_slice();
        while let [from, how, to, after @ ..] = rest {
            rest = after;
            let new = how.eq_ignore_ascii_case("ASNEW");
            if !new && !how.eq_ignore_ascii_case("AS") || from.contains('*') {
                rest = &words;
                break;
            }
            if new {
                let from = vec![Arc::from(to.as_str()), Arc::from(from.as_str())];
                out.push((Given::Alias(to.as_str().into(), from), None));
                continue;
            }
            // `AS` takes the value even where there is none, so that the alias is gone then.
            let origin = cx.origin(section, setting);
            let text = format!("'{}'", from.replace('\'', "\\'"));
            match eval(cx.base.sources_mut(), &origin, &text) {
                Ok((expr, _)) => out.push((Given::Eval(to.as_str().into(), expr), None)),
                Err(why) => cx.notes.setting(cx.sources, section, setting, why),
            }
        }
        if !rest.is_empty() {
            cx.notes.setting(
                cx.sources,
                section,
                setting,
                "not `field AS name`, as often as needed",
            );
        }
    }
    out
}

/// Calculated fields see none of the others, so each comes before those that it reads.
fn calculated(section: &Section, sorted: &Sorted<'_>, cx: &mut Reader<'_>) -> Made {
    let mut left: Vec<(&str, &Setting)> = sorted.evals.iter().map(|(k, s)| (*k, *s)).collect();
    let mut ordered = Vec::new();
    while !left.is_empty() {
        let free = left.iter().position(|(name, _)| {
            let reads =
                |(other, s): &&(&str, &Setting)| other != name && mentions(&s.value.value, name);
            !left.iter().any(|o| reads(&o))
        });
        if free.is_none()
            && let Some((name, setting)) = left.first()
        {
            let why = format!("reads `{name}` of another calculated field that reads it too");
            cx.notes.setting(cx.sources, section, setting, why);
        }
        ordered.push(left.remove(free.unwrap_or_default()));
    }
    let mut out: Made = Vec::new();
    for (name, setting) in ordered {
        let origin = cx.origin(section, setting);
        match computed(cx.base.sources_mut(), &origin, &setting.value.value) {
            Ok((expr, _)) => out.push((Given::Eval(name.into(), expr), None)),
            Err(why) => cx.notes.setting(cx.sources, section, setting, why),
        }
    }
    out
}

/// Whether an expression has a word outside of double quotes.
fn mentions(expression: &str, name: &str) -> bool {
    let mut outside = String::new();
    let (mut quoted, mut escaped) = (false, false);
    for c in expression.chars() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => quoted = !quoted,
            c if !quoted => outside.push(c),
            _ => {}
        }
    }
    // `.` joins two texts in eval, so it ends a name.
    let word = |c: char| c.is_alphanumeric() || matches!(c, '_' | ':' | '{' | '}');
    outside.match_indices(name).any(|(at, _)| {
        let before = outside.get(..at).and_then(|t| t.chars().next_back());
        let after = outside.get(at + name.len()..).and_then(|t| t.chars().next());
        !before.is_some_and(word) && !after.is_some_and(word)
    })
}

fn looked_up(
    section: &Section,
    sorted: &Sorted<'_>,
    around: &Around<'_>,
    cx: &mut Reader<'_>,
) -> Made {
    let mut out: Made = Vec::new();
    for setting in sorted.lookups.values() {
        match automatic::lookup(&setting.value.value, around, cx) {
            Ok((found, keep)) => {
                let definition = around.lookups.iter().find(|l| l.name.value == found.table);
                let matching = definition.map(|d| Arc::new(lookups::matching(d)));
                let found = LookupUse { matching, ..found };
                if let Some(why) = definition.and_then(|d| lookups::inexact(d, around.filtered)) {
                    cx.notes.setting(cx.sources, section, setting, why);
                }
                if !keep {
                    out.push((Given::Lookup(Arc::new(found)), None));
                    continue;
                }
                // Fields that are there already stay.
                for pair in &found.out {
                    let text = format!("NOT \"{}\"=*", pair.1.replace('"', "\\\""));
                    let origin = cx.origin(section, setting);
                    let when = search(cx.base.sources_mut(), around.macros, &origin, &text);
                    match when {
                        Ok((when, _)) => {
                            let one = LookupUse { out: vec![pair.clone()], ..found.clone() };
                            out.push((Given::Lookup(Arc::new(one)), Some(when)));
                        }
                        Err(why) => cx.notes.setting(cx.sources, section, setting, why),
                    }
                }
            }
            Err(why) => cx.notes.setting(cx.sources, section, setting, why),
        }
    }
    out
}

/// How many of each kind of definition the stanzas hold.
pub(crate) fn stock(stanzas: &[Stanza], out: &mut Vec<Stock>) {
    let count = |stage: u8| {
        let of_stage = stanzas.iter().filter(|s| s.rank / EXTRACTED * EXTRACTED == stage);
        of_stage.map(|s| s.defs.len()).sum()
    };
    for (kind, stage) in [
        ("extractions", EXTRACTED),
        ("aliases", ALIASES),
        ("calculated fields", CALCULATED),
        ("automatic lookups", LOOKED_UP),
    ] {
        out.push(Stock { kind, count: count(stage) });
    }
}
