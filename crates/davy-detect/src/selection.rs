//! Which detections of a content take part.

use davy_content::Detection;
use davy_content::model::Status;

/// What a detection must be to take part. An empty list asks for nothing.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    /// Names, ids, or patterns with `*`.
    pub include: Vec<String>,
    pub exclude: Vec<String>,
    /// ATT&CK ids; `T1059` takes its sub-techniques too.
    pub techniques: Vec<String>,
    /// Names of analytic stories, or patterns.
    pub stories: Vec<String>,
    /// TTP, Anomaly, Hunting, Correlation.
    pub kinds: Vec<String>,
    /// production, experimental, deprecated, ...
    pub statuses: Vec<String>,
    /// Deprecated and removed ones take part too.
    pub deprecated: bool,
}

impl Selection {
    /// Why a detection does not take part.
    pub fn why_not(&self, detection: &Detection) -> Option<String> {
        let status = detection.status.as_str();
        let old = matches!(detection.status, Status::Deprecated | Status::Removed);
        if old && !self.deprecated && !any(&self.statuses, status) {
            return Some(format!("it is {status}; --deprecated runs it too"));
        }
        let named =
            |list: &[String]| any(list, &detection.name.value) || any(list, &detection.id.value);
        let unmet = |list: &[String], met: bool| !list.is_empty() && !met;
        let annotations = &detection.annotations;
        let technique = annotations
            .mitre_ids
            .iter()
            .any(|id| self.techniques.iter().any(|wanted| technique_of(&id.value, wanted)));
        let story = annotations.stories.iter().any(|s| any(&self.stories, &s.value));
        let reason = match () {
            () if named(&self.exclude) => "it is excluded",
            () if unmet(&self.include, named(&self.include)) => "it is not among those included",
            () if unmet(&self.techniques, technique) => "it has another technique",
            () if unmet(&self.stories, story) => "it is of another story",
            () if unmet(&self.kinds, any(&self.kinds, detection.kind.value.as_str())) => {
                "it is of another type"
            }
            () if unmet(&self.statuses, any(&self.statuses, status)) => "it has another status",
            () => return None,
        };
        Some(reason.to_owned())
    }
}

/// Whether a technique is the wanted one or below it.
fn technique_of(id: &str, wanted: &str) -> bool {
    let (id, wanted) = (id.to_ascii_uppercase(), wanted.trim().to_ascii_uppercase());
    id == wanted || id.strip_prefix(&wanted).is_some_and(|rest| rest.starts_with('.'))
}

fn any(patterns: &[String], text: &str) -> bool {
    patterns.iter().any(|p| wild(&p.to_lowercase(), &text.to_lowercase()))
}

/// `*` stands for any text.
fn wild(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else { return rest.is_empty() };
    for part in parts {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::{technique_of, wild};

    #[test]
    fn patterns_and_techniques() {
        assert!(wild("windows *", "windows export certificate"));
        assert!(wild("*cert*", "windows export certificate"));
        assert!(wild("a*b*c", "a1b2c") && !wild("a*b*c", "a1c2b"));
        assert!(!wild("windows", "windows export") && wild("*", ""));
        assert!(!wild("ab*ba", "aba"));
        assert!(technique_of("T1059.001", "t1059") && technique_of("T1059", "T1059"));
        assert!(!technique_of("T1059", "T1059.001") && !technique_of("T10591", "T1059"));
    }
}
