//! The detection.

use crate::later::Later;
use davy_diag::{FileId, Span, Spanned};
use serde::{Deserialize, Serialize};

/// The three generations of the file's layout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Form {
    /// `tags.observable` and one score from confidence and impact.
    V4,
    /// An `rba` map with a score for each object.
    V5,
    /// A flat file with `finding` and `intermediate_findings`.
    V6,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Kind {
    Ttp,
    Anomaly,
    Hunting,
    Correlation,
}

impl Kind {
    pub(crate) const WORDS: [(&'static str, Kind); 4] = [
        ("TTP", Kind::Ttp),
        ("Anomaly", Kind::Anomaly),
        ("Hunting", Kind::Hunting),
        ("Correlation", Kind::Correlation),
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Ttp => "TTP",
            Kind::Anomaly => "Anomaly",
            Kind::Hunting => "Hunting",
            Kind::Correlation => "Correlation",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Status {
    Production,
    Experimental,
    Validation,
    Deprecated,
    Removed,
}

impl Status {
    pub(crate) const WORDS: [(&'static str, Status); 5] = [
        ("production", Status::Production),
        ("experimental", Status::Experimental),
        ("validation", Status::Validation),
        ("deprecated", Status::Deprecated),
        ("removed", Status::Removed),
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Status::Production => "production",
            Status::Experimental => "experimental",
            Status::Validation => "validation",
            Status::Deprecated => "deprecated",
            Status::Removed => "removed",
        }
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Detection {
    #[serde(with = "davy_diag::placed")]
    pub name: Spanned<String>,
    #[serde(with = "davy_diag::placed")]
    pub id: Spanned<String>,
    pub version: u32,
    /// Of the last change.
    #[serde(with = "davy_diag::placed")]
    pub date: Spanned<String>,
    /// Of the first writing; only the third form tells.
    #[serde(with = "davy_diag::placed")]
    pub created: Option<Spanned<String>>,
    pub status: Status,
    #[serde(with = "davy_diag::placed")]
    pub kind: Spanned<Kind>,
    /// Names of data sources as written; an entry may join several with ` AND `.
    #[serde(with = "davy_diag::placed")]
    pub data_sources: Vec<Spanned<String>>,
    /// The SPL. The span is one whole text of the source map which leads back into the YAML.
    #[serde(with = "davy_diag::placed")]
    pub search: Spanned<String>,
    pub annotations: Annotations,
    pub risk: RiskSpec,
    pub finding: Option<FindingSpec>,
    pub throttling: Option<Throttling>,
    /// A schedule of its own, in place of its type's.
    pub scheduling: Option<Scheduling>,
    pub enabled_by_default: bool,
    pub form: Form,
    /// The file's path as given.
    pub path: String,
    /// The file's name without folder and extension.
    pub stem: String,
    /// The folder below `detections/`, or the third form's `category`.
    pub category: String,
    pub file: FileId,
    #[serde(skip)]
    pub about: Later<About>,
}

/// What a run looks at only where the detection found something, and else only pages, checks and
/// tests.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct About {
    pub author: String,
    pub description: String,
    pub how_to_implement: String,
    pub known_false_positives: String,
    #[serde(with = "davy_diag::placed")]
    pub references: Vec<Spanned<String>>,
    pub drilldowns: Vec<Drilldown>,
    pub tests: Vec<Test>,
    pub manual_test: Option<ManualTest>,
}

impl Detection {
    /// The name of the macro by which users filter this detection.
    pub fn filter_macro(&self) -> String {
        format!("{}_filter", self.stem)
    }

    /// The data sources' names one by one.
    pub fn data_source_names(&self) -> impl Iterator<Item = Spanned<&str>> {
        self.data_sources.iter().flat_map(|entry| {
            entry.value.split(" AND ").map(|n| Spanned::new(n.trim(), entry.span))
        })
    }
}

/// What the detection is about.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Annotations {
    #[serde(with = "davy_diag::placed")]
    pub stories: Vec<Spanned<String>>,
    #[serde(with = "davy_diag::placed")]
    pub mitre_ids: Vec<Spanned<String>>,
    #[serde(with = "davy_diag::placed")]
    pub cve: Vec<Spanned<String>>,
    #[serde(with = "davy_diag::placed")]
    pub atomic_guids: Vec<Spanned<String>>,
    pub groups: Vec<String>,
    pub asset_type: String,
    pub security_domain: String,
    pub products: Vec<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Drilldown {
    #[serde(with = "davy_diag::placed")]
    pub name: Spanned<String>,
    #[serde(with = "davy_diag::placed")]
    pub search: Spanned<String>,
    pub earliest_offset: Option<String>,
    pub latest_offset: Option<String>,
}

/// How a result of the search becomes risk.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct RiskSpec {
    /// The message of every object that has none of its own.
    #[serde(with = "davy_diag::placed")]
    pub message: Option<Spanned<String>>,
    pub objects: Vec<RiskObject>,
    pub threats: Vec<ThreatObject>,
    /// First form only.
    pub impact: Option<u32>,
    /// First form only.
    pub confidence: Option<u32>,
    /// Whether results become risk events, where the detection says so itself and does not leave it
    /// to its type's deployment.
    pub enabled: Option<bool>,
}

impl RiskSpec {
    /// The highest score of any object; what the first form calls the risk score.
    pub fn score(&self) -> Option<u32> {
        let first_form = self.confidence.zip(self.impact).map(|(c, i)| score(c, i));
        first_form.or_else(|| self.objects.iter().map(|o| o.score).max())
    }
}

/// confidence × impact / 100, halves to the even neighbour.
pub(crate) fn score(confidence: u32, impact: u32) -> u32 {
    let product = u64::from(confidence) * u64::from(impact);
    let (whole, rest) = (product / 100, product % 100);
    let up = rest > 50 || (rest == 50 && whole % 2 == 1);
    u32::try_from(whole + u64::from(up)).unwrap_or(u32::MAX)
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RiskObject {
    #[serde(with = "davy_diag::placed")]
    pub field: Spanned<String>,
    /// `system`, `user` or `other`.
    pub kind: String,
    pub score: u32,
    #[serde(with = "davy_diag::placed")]
    pub message: Option<Spanned<String>>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ThreatObject {
    #[serde(with = "davy_diag::placed")]
    pub field: Spanned<String>,
    pub kind: String,
}

/// The finding (notable) of the third form.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct FindingSpec {
    #[serde(with = "davy_diag::placed")]
    pub title: Spanned<String>,
    pub entity: RiskObject,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Test {
    pub name: String,
    pub span: Span,
    pub attack_data: Vec<AttackData>,
    pub experimental: bool,
    pub expected_results: Option<u32>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AttackData {
    /// An address or a path.
    #[serde(with = "davy_diag::placed")]
    pub data: Spanned<String>,
    pub source: String,
    pub sourcetype: String,
    pub host: Option<String>,
    pub index: Option<String>,
}

/// Why a detection cannot be tested without a person.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ManualTest {
    pub reason: String,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Throttling {
    #[serde(with = "davy_diag::placed")]
    pub fields: Vec<Spanned<String>>,
    #[serde(with = "davy_diag::placed")]
    pub period: Spanned<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scheduling {
    pub cron_schedule: String,
    pub earliest_time: String,
    pub latest_time: String,
    pub schedule_window: String,
}

#[cfg(test)]
mod tests {
    use super::score;

    #[test]
    fn halves_go_to_the_even_neighbour() {
        assert_eq!(score(60, 60), 36);
        assert_eq!(score(50, 25), 12);
        assert_eq!(score(50, 35), 18);
        assert_eq!(score(50, 45), 22);
        assert_eq!(score(70, 75), 52);
        assert_eq!(score(90, 95), 86);
        assert_eq!(score(35, 70), 24);
        assert_eq!(score(100, 100), 100);
    }
}
