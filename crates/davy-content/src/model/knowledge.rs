//! What detections refer to: macros, lookups, stories, data sources, deployments; and their kin.

use super::detection::Scheduling;
use davy_diag::Spanned;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct MacroFile {
    #[serde(with = "davy_diag::placed")]
    pub name: Spanned<String>,
    pub args: Vec<String>,
    /// The SPL. The span is one whole text of the source map which leads back into the YAML.
    #[serde(with = "davy_diag::placed")]
    pub definition: Spanned<String>,
    pub description: String,
    /// The definition is an eval expression that yields the text.
    pub iseval: bool,
    pub validation: Option<davy_spl::Validation>,
    pub path: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum LookupStore {
    Csv { file: String },
    Model { file: String },
    KeyValue { collection: String, fields: Vec<String> },
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Lookup {
    #[serde(with = "davy_diag::placed")]
    pub name: Spanned<String>,
    pub description: String,
    pub store: LookupStore,
    pub default_match: Option<String>,
    /// Entries such as `WILDCARD(field)`.
    pub match_type: Vec<String>,
    pub min_matches: Option<u32>,
    pub max_matches: Option<u32>,
    pub case_sensitive: bool,
    /// The column that holds since when a row is true.
    pub time_field: Option<String>,
    /// How that column's times are written.
    pub time_format: Option<String>,
    /// A search for the rows that count.
    pub filter: Option<String>,
    /// Seconds that an event is later than its row, at least and at most.
    pub min_offset: Option<f64>,
    pub max_offset: Option<f64>,
    pub path: String,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Story {
    #[serde(with = "davy_diag::placed")]
    pub name: Spanned<String>,
    #[serde(with = "davy_diag::placed")]
    pub id: Spanned<String>,
    pub version: u32,
    pub date: String,
    pub author: String,
    pub description: String,
    pub narrative: String,
    #[serde(with = "davy_diag::placed")]
    pub references: Vec<Spanned<String>>,
    pub categories: Vec<String>,
    pub use_case: String,
    pub products: Vec<String>,
    pub path: String,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AddOn {
    pub name: String,
    pub url: String,
    pub version: String,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct DataSource {
    #[serde(with = "davy_diag::placed")]
    pub name: Spanned<String>,
    #[serde(with = "davy_diag::placed")]
    pub id: Spanned<String>,
    pub version: u32,
    pub description: String,
    pub source: String,
    pub sourcetype: String,
    /// The field that tells events of this source from others of its sourcetype.
    pub separator: Option<String>,
    pub separator_value: Option<String>,
    pub configuration: Option<String>,
    pub add_ons: Vec<AddOn>,
    pub fields: Vec<String>,
    /// Fields that each result of a detection on this source must carry.
    pub output_fields: Vec<String>,
    pub example_log: Option<String>,
    pub path: String,
}

impl DataSource {
    /// Names of fields in the example: of elements and `Name` attributes of XML, of members of JSON,
    /// and of `key=value`.
    pub fn example_names(&self) -> Vec<&str> {
        let text = self.example_log.as_deref().unwrap_or_default();
        let part = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let mut names = Vec::new();
        let mut at = 0;
        while let Some(found) = text[at..].find(part) {
            let start = at + found;
            let len = text[start..].find(|c| !part(c)).unwrap_or(text.len() - start);
            let (before, word, after) =
                (&text[..start], &text[start..start + len], &text[start + len..]);
            let member = before.ends_with('"') && after.starts_with("\"") && {
                after[1..].trim_start().starts_with(':')
            };
            let named = before.ends_with("Name='") || before.ends_with("Name=\"");
            if before.ends_with('<') || member || named || after.starts_with('=') {
                names.push(word);
            }
            at = start + len;
        }
        names
    }

    /// The family of systems whose events these are.
    pub fn platform(&self) -> &'static str {
        let text = format!("{} {} {}", self.name.value, self.source, self.sourcetype);
        let text = text.to_lowercase();
        PLATFORMS
            .iter()
            .find(|(marks, _)| marks.iter().any(|mark| text.contains(mark)))
            .map_or("Other", |(_, platform)| platform)
    }
}

/// First match wins, so special marks come before general ones.
const PLATFORMS: &[(&[&str], &str)] = &[
    (&["sysmon for linux", "sysmon:linux", "linux", "auditd", "osquery"], "Linux"),
    (&["kube", "eks"], "Kubernetes"),
    (&["aws", "asl ", "cloudtrail", "amazon"], "AWS"),
    (&["o365", "office 365", "exchange", "ms:o365"], "Office 365"),
    (&["azure", "entra"], "Azure"),
    (&["google", "gws", "gsuite", "gcp", "g suite"], "Google Cloud"),
    (&["okta"], "Okta"),
    (&["pingid"], "PingID"),
    (&["github"], "GitHub"),
    (&["circleci"], "CircleCI"),
    (&["splunk"], "Splunk"),
    (
        &["windows", "wineventlog", "sysmon", "powershell", "crowdstrike", "defender", "ntlm"],
        "Windows",
    ),
    (&["macos", "osx"], "macOS"),
    (
        &[
            "palo alto",
            "pan:",
            "cisco",
            "zeek",
            "bro:",
            "suricata",
            "stream:",
            "f5",
            "nginx",
            "iis",
        ],
        "Network",
    ),
];

/// The alert of a deployment that raises a finding.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct NotableAction {
    pub rule_title: String,
    pub rule_description: String,
    pub fields: Vec<String>,
}

/// The default configuration of all detections of one type.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Deployment {
    #[serde(with = "davy_diag::placed")]
    pub name: Spanned<String>,
    #[serde(with = "davy_diag::placed")]
    pub id: Spanned<String>,
    /// A detection's type, or `Baseline`.
    #[serde(with = "davy_diag::placed")]
    pub kind: Spanned<String>,
    pub description: String,
    pub scheduling: Scheduling,
    pub risk: bool,
    pub notable: Option<NotableAction>,
    pub path: String,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Baseline {
    #[serde(with = "davy_diag::placed")]
    pub name: Spanned<String>,
    #[serde(with = "davy_diag::placed")]
    pub id: Spanned<String>,
    #[serde(with = "davy_diag::placed")]
    pub search: Spanned<String>,
    pub description: String,
    #[serde(with = "davy_diag::placed")]
    pub stories: Vec<Spanned<String>>,
    #[serde(with = "davy_diag::placed")]
    pub detections: Vec<Spanned<String>>,
    pub scheduling: Option<Scheduling>,
    pub path: String,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Investigation {
    #[serde(with = "davy_diag::placed")]
    pub name: Spanned<String>,
    #[serde(with = "davy_diag::placed")]
    pub id: Spanned<String>,
    #[serde(with = "davy_diag::placed")]
    pub search: Spanned<String>,
    pub description: String,
    #[serde(with = "davy_diag::placed")]
    pub stories: Vec<Spanned<String>>,
    pub path: String,
}
