//! What content files describe, in one form whatever form a file is written in.

mod detection;
mod enums;
mod knowledge;

pub(crate) use detection::score;
pub use detection::{
    About, Annotations, AttackData, Detection, Drilldown, FindingSpec, Form, Kind, ManualTest,
    RiskObject, RiskSpec, Scheduling, Status, Test, ThreatObject, Throttling,
};
pub(crate) use enums::{
    ASSET_TYPES, CATEGORIES, DOMAINS, ENTITY_TYPES, OBSERVABLE_TYPES, THREAT_TYPES, USE_CASES,
};
pub use knowledge::{
    AddOn, Baseline, DataSource, Deployment, Investigation, Lookup, LookupStore, MacroFile,
    NotableAction, Story,
};
