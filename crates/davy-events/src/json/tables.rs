//! Rows of Azure Monitor's tables, of PowerShell's Graph module and of the portal's exports, brought
//! back to the records that they were made of, so that they get the same fields: sign-ins and
//! audits of Entra ID, audits of Microsoft 365, CloudTrail, Azure's activity log; GuardDuty's findings
//! as its command line gives them.
//!
//! Sources: Azure Monitor Logs reference, tables `SigninLogs`, `AuditLogs`, `OfficeActivity`,
//! `AWSCloudTrail`, `AzureActivity`, `CommonSecurityLog`, and the schemas of the diagnostic logs; the columns of the Entra
//! admin center's downloads; AWS CLI, `guardduty get-findings`; Microsoft Graph, `signIn` and `directoryAudit`.

use super::parse::Flat;
use crate::stamp;
use serde_json::{Map, Value};

/// The kinds of rows, with a blank line between: the columns that tell it (any of the lists), where
/// columns go that are not named, what the record holds in any case (`PATH = VALUE`), and where
/// columns go (`COLUMN -> PATH, PATH`).
const TABLES: &str = include_str!("tables.txt");

#[derive(Default)]
struct Table {
    columns: Vec<Vec<&'static str>>,
    fixed: Vec<(&'static str, &'static str)>,
    names: Vec<(&'static str, Vec<&'static str>)>,
    rest: Rest,
}

/// Where columns go that are not named.
#[derive(Clone, Copy, Default)]
enum Rest {
    /// Nowhere.
    #[default]
    Nowhere,
    /// To their own names.
    Same,
    /// Below a path, with the first letter in lower case.
    Lower(&'static str),
    /// To their names without blanks.
    Joined,
    /// To their paths, `a_b` being `aB`.
    Camel,
}

/// Columns that hold the time of a row.
const DATES: [&str; 7] = [
    "TimeGenerated",
    "Date (UTC)",
    "CreatedDateTime",
    "ActivityDateTime",
    "Event time",
    "Event Time",
    "timestamp",
];

/// Columns that say where a row was kept.
const OTHER: [&str; 11] = [
    "Type",
    "SourceSystem",
    "MG",
    "ManagementGroupName",
    "ResourceGroup",
    "Resource",
    "ResourceProvider",
    "_ResourceId",
    "_SubscriptionId",
    "_BilledSize",
    "_IsBillable",
];

impl Table {
    fn of(text: &'static str) -> Table {
        let mut table = Table::default();
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            if let Some(columns) = line.strip_prefix('[').and_then(|l| l.strip_suffix(']')) {
                table.columns.push(columns.split(", ").collect());
            } else if let Some(rest) = line.strip_prefix("rest ") {
                table.rest = match rest.split_once(' ').unwrap_or((rest, "")) {
                    ("same", _) => Rest::Same,
                    ("lower", prefix) => Rest::Lower(prefix),
                    ("joined", _) => Rest::Joined,
                    ("camel", _) => Rest::Camel,
                    _ => Rest::Nowhere,
                };
            } else if let Some((column, paths)) = line.split_once(" -> ") {
                table.names.push((column, paths.split(", ").collect()));
            } else if let Some(pair) = line.split_once(" = ") {
                table.fixed.push(pair);
            }
        }
        table
    }

    fn fits(&self, has: impl Fn(&str) -> bool) -> bool {
        self.columns.iter().any(|columns| columns.iter().all(|column| has(column)))
    }

    fn record(&self, raw: &str, now: f64) -> Option<String> {
        let Ok(Value::Object(row)) = serde_json::from_str(raw) else { return None };
        let dated = |name: &str| DATES.contains(&name);
        let kept = self.columns.iter().flatten().any(|name| dated(name));
        let mut out = Map::new();
        for (path, value) in &self.fixed {
            put(&mut out, path, Value::from(*value));
        }
        let mut later = Vec::new();
        for (name, value) in row {
            let (name, value) = (name.trim(), whole(value, dated(name.trim()), now));
            match self.names.iter().find(|(column, _)| *column == name) {
                Some((_, paths)) => {
                    paths.iter().for_each(|path| later.push(((*path).to_owned(), value.clone())));
                }
                None if kept && OTHER.contains(&name) => {}
                None => match self.rest {
                    Rest::Same => later.push((name.to_owned(), value)),
                    Rest::Lower(prefix) => {
                        later.push(([prefix, &lowered(name)].concat(), deep(value)));
                    }
                    Rest::Joined => later.push((name.replace(' ', ""), value)),
                    Rest::Camel => later.push((camel(name), value)),
                    Rest::Nowhere => aside(&mut out, name, &value),
                },
            }
        }
        // An object before what is known of its members besides.
        later.sort_by_key(|(_, value)| !value.is_object());
        for (path, value) in later {
            put(&mut out, &path, if path.starts_with("properties") { deep(value) } else { value });
        }
        Some(Value::Object(out).to_string())
    }
}

/// The kinds of rows, read when the first row comes that may be of one.
#[derive(Default)]
pub(super) struct Tables(Vec<Table>);

impl Tables {
    fn all(&mut self) -> &[Table] {
        if self.0.is_empty() {
            self.0 = TABLES.split("\n\n").map(Table::of).collect();
        }
        &self.0
    }

    /// Whether rows with these columns are of a kind that is known.
    pub(super) fn fits(&mut self, names: &[String]) -> bool {
        let has = |column: &str| names.iter().any(|name| name.trim() == column);
        self.all().iter().any(|table| table.fits(has))
    }

    /// The record that a row is of, as JSON.
    pub(super) fn record(&mut self, flat: &Flat, raw: &str, now: f64) -> Option<String> {
        let told =
            |(name, _): &(String, _)| DATES.contains(&name.trim()) || name == "SchemaVersion";
        flat.members.iter().any(told).then_some(())?;
        let has = |column: &str| flat.members.iter().any(|(name, _)| name.trim() == column);
        match self.all().iter().find(|table| table.fits(has)) {
            Some(table) => table.record(raw, now),
            None => has("TimeGenerated").then(|| custom(flat, raw)).flatten(),
        }
    }
}

/// The record of a row of a custom table: behind the names of columns stand their types, and the
/// dots of paths are underscores.
fn custom(flat: &Flat, raw: &str) -> Option<String> {
    let typed = |name: &str| {
        let (stem, kind) = name.rsplit_once('_')?;
        matches!(kind, "s" | "d" | "b" | "t" | "g").then(|| stem.replace('_', "."))
    };
    let names = flat.members.iter().map(|(name, _)| name.as_str());
    let count = names.filter(|name| typed(name).is_some()).count();
    (count >= 3 && count * 2 > flat.members.len()).then_some(())?;
    let Ok(Value::Object(row)) = serde_json::from_str(raw) else { return None };
    let mut out = Map::new();
    for (name, value) in row {
        let path = match typed(&name) {
            Some(path) => path,
            None if OTHER.contains(&name.as_str()) => continue,
            None => name,
        };
        put(&mut out, &path, whole(value, false, 0.0));
    }
    Some(Value::Object(out).to_string())
}

/// `actor.alternate_id` as `actor.alternateId`.
fn camel(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    let mut upper = false;
    for c in path.chars() {
        match c {
            '_' => upper = true,
            c if upper => {
                out.push(c.to_ascii_uppercase());
                upper = false;
            }
            c => out.push(c),
        }
    }
    out
}

/// What the portal's columns say that are no plain names of a place.
fn aside(out: &mut Map<String, Value>, name: &str, value: &Value) {
    let text = value.as_str().unwrap_or_default();
    let mut set = |path: &str, text: &str| put(out, path, Value::from(text));
    match name {
        "Location" => {
            let parts: Vec<&str> = text.split(", ").collect();
            if let [city, state, country] = parts.as_slice() {
                set("location", country);
                set("properties.location.city", city);
                set("properties.location.state", state);
                set("properties.location.countryOrRegion", country);
            }
        }
        "Status" if text == "Success" => {
            set("resultType", "0");
            set("properties.status.errorCode", "0");
        }
        "Conditional Access" => {
            let words: String = text.split(' ').collect();
            set("properties.conditionalAccessStatus", &lowered(&words));
        }
        _ => {
            target(out, name, text);
        }
    }
}

/// `Target1DisplayName`, `Target1ModifiedProperty2NewValue`: lists whose places are numbers.
fn target(out: &mut Map<String, Value>, name: &str, text: &str) -> Option<()> {
    let (number, part) = numbered(name.strip_prefix("Target")?)?;
    let properties = out.entry("properties").or_insert_with(|| Value::Object(Map::new()));
    let target = item(properties, "targetResources", number)?;
    let (at, name) = match part.strip_prefix("ModifiedProperty") {
        Some(rest) => {
            let (number, part) = numbered(rest)?;
            let name = if part == "Name" { "displayName" } else { part };
            (item(target, "modifiedProperties", number)?, name)
        }
        None => (target, if part == "ObjectId" { "id" } else { part }),
    };
    at.as_object_mut()?.insert(lowered(name), Value::from(text));
    Some(())
}

/// The number that a name begins with, and the rest.
fn numbered(name: &str) -> Option<(usize, &str)> {
    let digits = name.bytes().take_while(u8::is_ascii_digit).count();
    let (number, rest) = name.split_at_checked(digits)?;
    Some((number.parse().ok().filter(|n| (1..=20).contains(n))?, rest))
}

/// The object at a place of a list, counted from one.
fn item<'v>(of: &'v mut Value, list: &str, number: usize) -> Option<&'v mut Value> {
    let list = of.as_object_mut()?.entry(list).or_insert_with(|| Value::Array(Vec::new()));
    let list = list.as_array_mut()?;
    while list.len() < number {
        list.push(Value::Object(Map::new()));
    }
    list.get_mut(number - 1)
}

/// A cell as what it was: JSON where it is the text of an object or a list, a date as records
/// write it.
fn whole(value: Value, dated: bool, now: f64) -> Value {
    let Value::String(text) = &value else { return value };
    if text.starts_with(['{', '[']) {
        return serde_json::from_str(text).unwrap_or(value);
    }
    let time = if dated { stamp::value(text, now) } else { None };
    let stamped = time.filter(|_| !text.ends_with('Z'));
    match stamped.and_then(|t| jiff::Timestamp::from_microsecond((t * 1e6).round() as i64).ok()) {
        Some(time) => Value::from(time.to_string()),
        None => value,
    }
}

fn lowered(name: &str) -> String {
    let mut letters = name.chars();
    let first = letters.next().map(|c| c.to_ascii_lowercase());
    first.into_iter().chain(letters).collect()
}

/// An object whose members begin in lower case, all the way down.
fn deep(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let member = |(name, value): (String, Value)| (lowered(&name), deep(value));
            Value::Object(members.into_iter().map(member).collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(deep).collect()),
        value => value,
    }
}

/// Sets the member at a path; one that is there in any case gives way, one of the same record does
/// not.
fn put(into: &mut Map<String, Value>, path: &str, value: Value) {
    match path.split_once('.') {
        Some((head, rest)) => {
            let below = into.entry(head).or_insert_with(|| Value::Object(Map::new()));
            if let Value::Object(below) = below
                && !below.contains_key(rest)
            {
                put(below, rest, value);
            }
        }
        None => {
            into.insert(path.to_owned(), value);
        }
    }
}
