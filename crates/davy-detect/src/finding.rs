//! What a detection found.

use crate::events::FindingEvents;
use crate::risk::RiskEvent;
use crate::row::Row;
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Map, Value};
use std::sync::Arc;

/// One result row of a detection.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// The detection's name.
    pub detection: String,
    pub id: String,
    /// TTP, Anomaly, Hunting or Correlation.
    pub kind: &'static str,
    /// Seconds since the epoch: when the latest event of the result happened.
    pub time: f64,
    /// The risk message, or the detection's name where it has none.
    pub message: String,
    /// The highest score of any risk object; 0 without one.
    pub score: u32,
    pub techniques: Vec<String>,
    pub tactics: Vec<String>,
    pub row: Row,
    /// None where the deployment of the detection's type makes none.
    pub risk: Vec<Arc<RiskEvent>>,
    /// Where they were asked for.
    pub events: Option<FindingEvents>,
}

impl Finding {
    /// Without its events, which [`FindingEvents::to_json`] gives: findings share them.
    pub fn to_json(&self) -> Map<String, Value> {
        match serde_json::to_value(self) {
            Ok(Value::Object(map)) => map,
            _ => Map::new(),
        }
    }

    /// The entries of [`Finding::to_json`].
    pub fn entries<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        map.serialize_entry("detection", &self.detection)?;
        map.serialize_entry("id", &self.id)?;
        map.serialize_entry("type", self.kind)?;
        map.serialize_entry("time", &self.time)?;
        map.serialize_entry("message", &self.message)?;
        map.serialize_entry("score", &self.score)?;
        map.serialize_entry("techniques", &self.techniques)?;
        map.serialize_entry("tactics", &self.tactics)?;
        map.serialize_entry("result", &self.row)?;
        map.serialize_entry("risk_events", &self.risk)
    }
}

impl Serialize for Finding {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        let mut map = out.serialize_map(None)?;
        self.entries(&mut map)?;
        map.end()
    }
}
