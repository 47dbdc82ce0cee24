//! A result row by name.

use davy_events::mv;
use davy_plan::{Rows, Val, fmt_num, parse_num};
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Map, Value};
use std::sync::Arc;

/// One row of a result: names in the order of the columns, nulls left out.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Row {
    pub fields: Vec<(Arc<str>, Val<'static>)>,
}

impl Row {
    /// The rows of a result.
    pub fn all(rows: &Rows) -> Vec<Row> {
        Row::take(rows.clone())
    }

    /// As [`Row::all`], of a result that is wanted no more.
    pub fn take(rows: Rows) -> Vec<Row> {
        let names: Vec<Arc<str>> = rows.names.into_iter().map(Arc::from).collect();
        let row = |values: Vec<Val<'static>>| {
            let fields = names.iter().zip(values).filter(|(_, value)| !value.is_null());
            Row { fields: fields.map(|(name, value)| (name.clone(), value)).collect() }
        };
        rows.rows.into_iter().map(row).collect()
    }

    pub fn get(&self, name: &str) -> Option<&Val<'static>> {
        self.fields.iter().find(|(n, _)| **n == *name).map(|(_, v)| v)
    }

    /// Each value of the field; none where it is missing.
    pub fn values(&self, name: &str) -> Vec<String> {
        self.get(name)
            .map(|v| v.values().into_iter().map(|s| s.into_owned()).collect())
            .unwrap_or_default()
    }

    /// The field as one text, several values joined by a comma and a blank.
    pub fn text(&self, name: &str) -> Option<String> {
        let values = self.values(name);
        (!values.is_empty()).then(|| values.join(", "))
    }

    /// The field as a point in time: epoch seconds, or a date as `security_content_ctime` or
    /// `convert ctime()` without a format prints it.
    pub fn time(&self, name: &str, zone: &TimeZone) -> Option<f64> {
        let text = self.values(name).into_iter().next()?;
        if let Some(n) = parse_num(&text) {
            return Some(n);
        }
        let civil: DateTime =
            text.parse().or_else(|_| DateTime::strptime("%m/%d/%Y %H:%M:%S%.f", &text)).ok()?;
        let at = civil.to_zoned(zone.clone()).ok()?.timestamp();
        Some(at.as_microsecond() as f64 / 1e6)
    }

    /// As JSON: numbers as numbers, several values as a list.
    pub fn to_json(&self) -> Map<String, Value> {
        self.fields.iter().map(|(name, value)| (name.to_string(), value_json(value))).collect()
    }
}

impl Serialize for Row {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        let mut map = out.serialize_map(Some(self.fields.len()))?;
        for (name, value) in &self.fields {
            map.serialize_entry(&**name, &Cell(value))?;
        }
        map.end()
    }
}

/// A value that is written as [`value_json`] gives it.
pub(crate) struct Cell<'v>(pub(crate) &'v Val<'v>);

impl Serialize for Cell<'_> {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Val::Str(s) if mv::is_multi(s) => out.collect_seq(mv::split(s)),
            Val::Str(s) => out.serialize_str(s),
            other => value_json(other).serialize(out),
        }
    }
}

/// A value as JSON.
pub(crate) fn value_json(value: &Val<'_>) -> Value {
    match value {
        Val::Null => Value::Null,
        Val::Bool(b) => Value::Bool(*b),
        Val::Num(n) if *n == n.trunc() && n.abs() < 9e15 => Value::from(*n as i64),
        Val::Num(n) => fmt_num(*n)
            .parse::<f64>()
            .ok()
            .and_then(serde_json::Number::from_f64)
            .map_or_else(|| Value::String(fmt_num(*n)), Value::Number),
        Val::Str(s) if mv::is_multi(s) => {
            Value::Array(mv::split(s).map(|v| Value::String(v.to_owned())).collect())
        }
        Val::Str(s) => Value::String(s.to_string()),
    }
}
