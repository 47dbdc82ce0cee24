//! What a detection found.

use crate::events::FindingEvents;
use crate::risk::RiskEvent;
use crate::row::Row;
use serde_json::{Map, Value, json};

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
    /// The highest score of any risk object; 0 without risk.
    pub score: u32,
    pub techniques: Vec<String>,
    pub tactics: Vec<String>,
    pub row: Row,
    pub risk: Vec<RiskEvent>,
    /// Where they were asked for.
    pub events: Option<FindingEvents>,
}

impl Finding {
    /// Without its events, which [`FindingEvents::to_json`] gives: findings share them.
    pub fn to_json(&self) -> Map<String, Value> {
        let risk: Vec<Value> = self.risk.iter().map(|r| Value::Object(r.to_json())).collect();
        let value = json!({
            "detection": self.detection,
            "id": self.id,
            "type": self.kind,
            "time": self.time,
            "message": self.message,
            "score": self.score,
            "techniques": self.techniques,
            "tactics": self.tactics,
            "result": self.row.to_json(),
            "risk_events": risk,
        });
        match value {
            Value::Object(map) => map,
            _ => Map::new(),
        }
    }
}
