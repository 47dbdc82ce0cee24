//! MITRE ATT&CK as far as annotations need it, and the frameworks that are derived from it.

use crate::model::{Detection, Kind};
use std::collections::HashMap;

const TABLE: &str = include_str!("../data/enterprise_attack_v16_1.csv");

/// The notice that ATT&CK's terms of use ask for wherever its content is shown.
pub const ATTACK_NOTICE: &str = "© 2024 The MITRE Corporation. This work is reproduced and \
     distributed with the permission of The MITRE Corporation.";

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Technique {
    pub id: String,
    pub name: String,
    /// Sorted by name.
    pub tactics: Vec<Tactic>,
    /// Sorted; a technique does not inherit its sub-techniques' groups, nor the reverse.
    pub groups: Vec<String>,
    pub revoked: bool,
    pub deprecated: bool,
}

/// A tactic of ATT&CK's enterprise matrix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tactic {
    pub id: &'static str,
    pub name: &'static str,
    /// The phase of the kill chain it belongs to.
    pub phase: &'static str,
}

const TACTICS: &[Tactic] = &[
    tactic("TA0043", "Reconnaissance", "Reconnaissance"),
    tactic("TA0042", "Resource Development", "Weaponization"),
    tactic("TA0001", "Initial Access", "Delivery"),
    tactic("TA0002", "Execution", "Installation"),
    tactic("TA0003", "Persistence", "Installation"),
    tactic("TA0004", "Privilege Escalation", "Exploitation"),
    tactic("TA0005", "Defense Evasion", "Exploitation"),
    tactic("TA0006", "Credential Access", "Exploitation"),
    tactic("TA0007", "Discovery", "Exploitation"),
    tactic("TA0008", "Lateral Movement", "Exploitation"),
    tactic("TA0009", "Collection", "Exploitation"),
    tactic("TA0011", "Command and Control", "Command and Control"),
    tactic("TA0010", "Exfiltration", "Actions on Objectives"),
    tactic("TA0040", "Impact", "Actions on Objectives"),
];

const fn tactic(id: &'static str, name: &'static str, phase: &'static str) -> Tactic {
    Tactic { id, name, phase }
}

/// Every technique by id.
#[derive(Debug, Clone, Default)]
pub struct Attack {
    techniques: HashMap<String, Technique>,
}

impl Attack {
    /// The table that davy is built with.
    pub fn builtin() -> Self {
        Self::from_csv(TABLE)
    }

    /// Rows of `technique_id,name,tactics,is_subtechnique,revoked,deprecated,groups`, lists joined
    /// by `|`. A row that cannot be read is left out.
    pub fn from_csv(text: &str) -> Self {
        let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(text.as_bytes());
        let mut techniques = HashMap::new();
        for row in reader.records().flatten() {
            let cell = |i: usize| row.get(i).unwrap_or_default();
            let list = |i: usize| cell(i).split('|').filter(|s| !s.is_empty());
            let mut tactics: Vec<Tactic> = list(2).filter_map(find_tactic).collect();
            tactics.sort_by_key(|t| t.name);
            let mut groups: Vec<String> = list(6).map(str::to_owned).collect();
            groups.sort();
            let technique = Technique {
                id: cell(0).to_owned(),
                name: cell(1).to_owned(),
                tactics,
                groups,
                revoked: cell(4) == "1",
                deprecated: cell(5) == "1",
            };
            techniques.insert(technique.id.clone(), technique);
        }
        Self { techniques }
    }

    /// The tactics of the enterprise matrix, in its order.
    pub fn tactics() -> &'static [Tactic] {
        TACTICS
    }

    pub fn technique(&self, id: &str) -> Option<&Technique> {
        self.techniques.get(id)
    }

    /// How many techniques there are, revoked ones included.
    pub fn len(&self) -> usize {
        self.techniques.len()
    }

    pub fn is_empty(&self) -> bool {
        self.techniques.is_empty()
    }

    pub(crate) fn ids(&self) -> impl Iterator<Item = &str> {
        self.techniques.keys().map(String::as_str)
    }

    /// All that follows from a detection's techniques, type and security domain.
    pub fn enrich(&self, detection: &Detection) -> Enrichment {
        let mut out = Enrichment {
            nist: if detection.kind.value == Kind::Ttp { "DE.CM" } else { "DE.AE" },
            cis: if detection.annotations.security_domain == "network" {
                "CIS 13"
            } else {
                "CIS 10"
            },
            ..Enrichment::default()
        };
        for id in &detection.annotations.mitre_ids {
            let Some(technique) = self.technique(&id.value) else { continue };
            out.kill_chain.extend(technique.tactics.iter().map(|t| t.phase));
            for group in &technique.groups {
                if !out.actors.contains(group) {
                    out.actors.push(group.clone());
                }
            }
            out.techniques.push(technique.clone());
        }
        out.kill_chain.sort_unstable();
        out.kill_chain.dedup();
        out
    }
}

fn find_tactic(name: &str) -> Option<Tactic> {
    TACTICS.iter().find(|t| t.name.eq_ignore_ascii_case(name)).copied()
}

/// Annotations of one detection.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Enrichment {
    /// In the detection's order; ids that ATT&CK does not know are left out.
    pub techniques: Vec<Technique>,
    /// Sorted.
    pub kill_chain: Vec<&'static str>,
    pub nist: &'static str,
    pub cis: &'static str,
    /// In the order of the techniques, each once.
    pub actors: Vec<String>,
}

impl Enrichment {
    /// The tactics of all techniques, each once, in order of appearance.
    pub fn tactics(&self) -> Vec<Tactic> {
        let mut out: Vec<Tactic> = Vec::new();
        for tactic in self.techniques.iter().flat_map(|t| &t.tactics) {
            if !out.contains(tactic) {
                out.push(*tactic);
            }
        }
        out
    }
}
