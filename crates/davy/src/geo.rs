//! A database of addresses in MaxMind's format (GeoLite2 or GeoIP2 City, DB-IP City).

use davy_plan::{Geo, Place};
use maxminddb::Reader;
use serde_json::Value;
use std::net::IpAddr;
use std::path::Path;

/// A database that was read whole.
#[derive(Debug)]
pub(crate) struct Database(Reader<Vec<u8>>);

impl Database {
    pub(crate) fn open(path: &Path) -> Result<Database, String> {
        Reader::open_readfile(path).map(Database).map_err(|e| e.to_string())
    }
}

impl Geo for Database {
    /// A record is read without fixed types: vendors store numbers in different widths.
    fn place(&self, ip: IpAddr) -> Option<Place> {
        let record: Value = self.0.lookup(ip).ok()?.decode().ok()??;
        let at = &record["location"];
        let metro_code = match &at["metro_code"] {
            Value::Number(code) => code.to_string(),
            _ => String::new(),
        };
        Some(Place {
            city: name(&record["city"]),
            region: name(&record["subdivisions"][0]),
            country: name(&record["country"]),
            continent: name(&record["continent"]),
            metro_code,
            timezone: at["time_zone"].as_str().unwrap_or_default().to_owned(),
            position: at["latitude"].as_f64().zip(at["longitude"].as_f64()),
        })
    }
}

/// The English name, or whichever there is.
fn name(part: &Value) -> String {
    let names = &part["names"];
    let any = || names.as_object().and_then(|names| names.values().next());
    names.get("en").or_else(any).and_then(Value::as_str).unwrap_or_default().to_owned()
}
