//! How texts break into events and when these happened: the settings of `props.conf` that count when
//! events are stored. Source: props.conf.spec, "Line breaking", "Timestamp extraction
//! configuration", `SEDCMD`.

use crate::App;
use crate::patterns::{Whose, whose};
use davy_conf::{Setting, Stanza, truth};
use davy_events::{Gathered, TextRules, first_time};
use davy_plan::{Matcher, Regex, Sed, strptime};
use davy_spl::ast::CmpOp;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

/// What holds for the texts of a sourcetype or source.
#[derive(Debug, Clone)]
pub(crate) struct Reading {
    whose: Whose,
    /// The sourcetype that a source has.
    sourcetype: Option<String>,
    settings: BTreeMap<String, String>,
}

const PATTERNS: [&str; 6] = [
    "LINE_BREAKER",
    "BREAK_ONLY_BEFORE",
    "MUST_BREAK_AFTER",
    "MUST_NOT_BREAK_AFTER",
    "MUST_NOT_BREAK_BEFORE",
    "TIME_PREFIX",
];
const OTHERS: [&str; 8] = [
    "SHOULD_LINEMERGE",
    "BREAK_ONLY_BEFORE_DATE",
    "MAX_EVENTS",
    "TRUNCATE",
    "DATETIME_CONFIG",
    "MAX_TIMESTAMP_LOOKAHEAD",
    "TIME_FORMAT",
    "TZ",
];

pub(crate) fn is_of_reading(key: &str) -> bool {
    PATTERNS.contains(&key) || OTHERS.contains(&key) || key.starts_with("SEDCMD-")
}

/// Why a setting cannot be honoured.
pub(crate) fn fault(stanza: &Stanza, setting: &Setting) -> Option<String> {
    let (key, value) = (setting.key.value.as_str(), setting.value.value.trim());
    if !matches!(whose(&stanza.name.value), Ok(Whose::Source(_) | Whose::Sourcetype(_)))
        || stanza.name.value == davy_conf::DEFAULT
    {
        return Some("how texts are read is told by sourcetype or source only".to_owned());
    }
    let number = || value.parse::<i64>().is_err().then(|| "not a number".to_owned());
    match key {
        _ if value.is_empty() => None,
        _ if PATTERNS.contains(&key) => Regex::new(value).err(),
        _ if key.starts_with("SEDCMD-") => Sed::new(value).err(),
        "TZ" => zone(value).is_none().then(|| "not the name of a time zone".to_owned()),
        "MAX_EVENTS" | "TRUNCATE" | "MAX_TIMESTAMP_LOOKAHEAD" => number(),
        "DATETIME_CONFIG" if !matches!(value, "CURRENT" | "NONE") => {
            Some("times are recognised without a file that describes them".to_owned())
        }
        _ => None,
    }
}

/// The settings of a stanza that can be honoured; none, nothing.
pub(crate) fn of(stanza: &Stanza) -> Option<Reading> {
    let whose = whose(&stanza.name.value).ok()?;
    let (mut own, mut sourcetype) = (BTreeMap::new(), None);
    for setting in stanza.own() {
        let (key, value) = (&setting.key.value, setting.value.value.trim());
        match key.as_str() {
            "sourcetype" if matches!(whose, Whose::Source(_)) => {
                sourcetype = Some(value.to_owned())
            }
            key if is_of_reading(key) && fault(stanza, setting).is_none() => {
                own.insert(key.to_owned(), value.to_owned());
            }
            _ => {}
        }
    }
    let any = sourcetype.is_some() || !own.is_empty();
    any.then_some(Reading { whose, sourcetype, settings: own })
}

/// What apps say of the texts of inputs.
#[derive(Debug)]
pub struct Readings<'a> {
    all: Vec<(&'a Reading, Vec<Matcher>)>,
    /// By the places of all that hold for an input.
    made: Mutex<HashMap<Vec<usize>, Arc<Rules>>>,
}

impl<'a> Readings<'a> {
    /// Of several that say the same thing the last counts.
    pub fn of(apps: &'a [App]) -> Readings<'a> {
        let with_names = |one: &'a Reading| {
            let (Whose::Source(names) | Whose::Sourcetype(names) | Whose::Host(names)) = &one.whose;
            (one, names.iter().map(|name| Matcher::new(CmpOp::Eq, &[name])).collect())
        };
        let all = apps.iter().flat_map(|app| &app.readings).map(with_names).collect();
        Readings { all, made: Mutex::default() }
    }

    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// What is said of a source and its sourcetype, which may be the one that an app gives it; of
    /// the source before what is said of its sourcetype.
    pub fn rules(&self, source: &str, sourcetype: Option<&str>) -> Option<Arc<dyn TextRules>> {
        let places = |kind: fn(&Whose) -> bool, name: &str| -> Vec<usize> {
            let is = |names: &[Matcher]| names.iter().any(|matcher| matcher.matches(name));
            let all = self.all.iter().enumerate();
            all.filter(|(_, (one, names))| kind(&one.whose) && is(names))
                .map(|(at, _)| at)
                .collect()
        };
        let of_source = places(|whose| matches!(whose, Whose::Source(_)), source);
        let one = |at: &usize| self.all.get(*at).map(|(one, _)| *one);
        let given = of_source.iter().rev().filter_map(one).find_map(|r| r.sourcetype.as_deref());
        let sourcetype = sourcetype.or(given);
        let mut found = sourcetype
            .map(|name| places(|whose| matches!(whose, Whose::Sourcetype(_)), name))
            .unwrap_or_default();
        found.extend(of_source);
        let settings: BTreeMap<&str, &str> = found
            .iter()
            .filter_map(one)
            .flat_map(|one| &one.settings)
            .map(|(key, value)| (key.as_str(), value.as_str()))
            .collect();
        if settings.is_empty() {
            return None;
        }
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        let rules = made.entry(found).or_insert_with(|| Arc::new(Rules::of(&settings)));
        Some(rules.clone())
    }
}

#[derive(Debug)]
struct Rules {
    breaker: Option<Regex>,
    merge: Option<Merge>,
    /// Bytes of a line that are kept.
    truncate: Option<usize>,
    /// `None`: events happen when they are read.
    stamps: Option<Stamps>,
    sed: Vec<Sed>,
}

/// How lines are put together.
#[derive(Debug)]
struct Merge {
    by_date: bool,
    before: Option<Regex>,
    after: Option<Regex>,
    not_after: Option<Regex>,
    not_before: Option<Regex>,
    most: usize,
}

/// Where an event tells its time.
#[derive(Debug)]
struct Stamps {
    prefix: Option<Regex>,
    format: Option<String>,
    /// In characters.
    lookahead: Option<usize>,
    zone: Option<TimeZone>,
}

fn zone(name: &str) -> Option<TimeZone> {
    let name = if name.eq_ignore_ascii_case("GMT") { "UTC" } else { name };
    TimeZone::get(name).ok()
}

impl Rules {
    fn of(settings: &BTreeMap<&str, &str>) -> Rules {
        let stated = |key: &str| settings.get(key).copied().filter(|value| !value.is_empty());
        let pattern = |key: &str| stated(key).and_then(|text| Regex::new(text).ok());
        let number = |key: &str| stated(key).and_then(|text| text.parse::<usize>().ok());
        let on = |key: &str| stated(key).and_then(truth).unwrap_or(true);
        let told = !matches!(stated("DATETIME_CONFIG"), Some("CURRENT" | "NONE"));
        let stamps = told.then(|| Stamps {
            prefix: pattern("TIME_PREFIX"),
            format: stated("TIME_FORMAT").map(str::to_owned),
            lookahead: match stated("MAX_TIMESTAMP_LOOKAHEAD").map(str::parse::<i64>) {
                Some(Ok(most)) => usize::try_from(most).ok().filter(|most| *most > 0),
                _ => Some(128),
            },
            zone: stated("TZ").and_then(zone),
        });
        let merge = on("SHOULD_LINEMERGE").then(|| Merge {
            // Where no times are told, no line has one.
            by_date: on("BREAK_ONLY_BEFORE_DATE") && told,
            before: pattern("BREAK_ONLY_BEFORE"),
            after: pattern("MUST_BREAK_AFTER"),
            not_after: pattern("MUST_NOT_BREAK_AFTER"),
            not_before: pattern("MUST_NOT_BREAK_BEFORE"),
            most: number("MAX_EVENTS").unwrap_or(256),
        });
        let sed = settings.iter().filter(|(key, _)| key.starts_with("SEDCMD-"));
        Rules {
            breaker: pattern("LINE_BREAKER"),
            merge,
            truncate: number("TRUNCATE").filter(|most| *most > 0),
            stamps,
            sed: sed.filter_map(|(_, text)| Sed::new(text).ok()).collect(),
        }
    }

    /// The first break at or behind a place: what its first group holds, which matched; without
    /// one, the place right before the match.
    fn next_break(&self, text: &str, from: usize) -> Option<(usize, usize)> {
        let Some(breaker) = &self.breaker else {
            let end = from + text.get(from..)?.find(['\r', '\n'])?;
            let rest = text.get(end..)?;
            return Some((end, end + rest.len() - rest.trim_start_matches(['\r', '\n']).len()));
        };
        let mut at = from;
        loop {
            let groups = breaker.find(text, at).ok()??;
            let whole = groups.first().copied().flatten()?;
            let group = groups.iter().skip(1).copied().flatten().next();
            let found = group.unwrap_or((whole.0, whole.0));
            if found.1 > from {
                return Some(found);
            }
            let next = text.get(whole.1..)?.chars().next()?.len_utf8();
            at = if whole.1 > at { whole.1 } else { whole.1 + next };
        }
    }
}

impl TextRules for Rules {
    fn line_end(&self, text: &str, from: usize) -> Option<(usize, usize)> {
        let (mut end, next) = self.next_break(text, from)?;
        if let Some(most) = self.truncate {
            let line = text.get(from..end).unwrap_or_default();
            end = from + line.floor_char_boundary(most);
        }
        Some((end, next))
    }

    fn joins(&self, line: &str, event: &Gathered, now: f64) -> bool {
        let Some(merge) = &self.merge else { return false };
        let is = |pattern: &Option<Regex>| {
            pattern.as_ref().is_some_and(|pattern| pattern.is_match(line).unwrap_or_default())
        };
        if event.lines >= merge.most {
            return false;
        }
        if is(&merge.not_before) || event.held {
            return true;
        }
        if event.ended {
            return false;
        }
        match &merge.before {
            Some(_) => !is(&merge.before),
            None if merge.by_date => self.time(line, now).is_none(),
            // Without any rule but when to end an event, lines stay together until then.
            None => merge.after.is_some() || merge.not_after.is_some(),
        }
    }

    fn took(&self, line: &str, event: &mut Gathered) {
        event.lines += 1;
        let Some(merge) = &self.merge else { return };
        let is = |pattern: &Option<Regex>| {
            pattern.as_ref().is_some_and(|pattern| pattern.is_match(line).unwrap_or_default())
        };
        event.ended = is(&merge.after);
        event.held = !event.ended && (event.held || is(&merge.not_after));
    }

    fn time(&self, event: &str, now: f64) -> Option<f64> {
        let Some(stamps) = &self.stamps else { return Some(now) };
        let Stamps { prefix, format, lookahead, zone } = stamps;
        let from = match prefix {
            Some(prefix) => prefix.find(event, 0).ok()??.first().copied().flatten()?.1,
            None => 0,
        };
        let rest = event.get(from..)?;
        let end = lookahead.and_then(|most| rest.char_indices().nth(most)).map(|(at, _)| at);
        let window = rest.get(..end.unwrap_or(rest.len()))?;
        let Some(format) = format else { return recognised(window, zone.as_ref(), now) };
        let read =
            |text: &str| strptime(text, format, zone.as_ref().unwrap_or(&TimeZone::UTC), now);
        match prefix {
            Some(_) => read(window),
            // The first place where the format fits.
            None => starts(window).find_map(|at| read(window.get(at..)?)),
        }
    }

    fn kept<'t>(&self, event: &'t str) -> Cow<'t, str> {
        let mut kept = Cow::Borrowed(event);
        for sed in &self.sed {
            if let Ok(changed) = sed.apply(&kept) {
                kept = Cow::Owned(changed);
            }
        }
        kept
    }
}

/// Where words begin, and the beginning.
fn starts(text: &str) -> impl Iterator<Item = usize> {
    let mut before = ' ';
    text.char_indices().filter_map(move |(at, c)| {
        let begins = at == 0 || (c.is_alphanumeric() && !before.is_alphanumeric());
        before = c;
        begins.then_some(at)
    })
}

/// A time as it is recognised without a format; one that says no zone is of the zone.
fn recognised(text: &str, zone: Option<&TimeZone>, now: f64) -> Option<f64> {
    let (time, zoned) = first_time(text, now)?;
    let Some(zone) = zone.filter(|_| !zoned) else { return Some(time) };
    let whole = Timestamp::from_second(time.floor() as i64).ok()?;
    let civil = TimeZone::UTC.to_datetime(whole);
    let there = zone.to_ambiguous_zoned(civil).compatible().ok()?;
    Some(there.timestamp().as_second() as f64 + time.fract())
}
