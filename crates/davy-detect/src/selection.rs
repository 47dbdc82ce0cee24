//! Which detections of a content take part, and why the others do not.

use crate::left_out::{LeftOut, Why};
use davy_content::Detection;
use davy_content::model::Status;
use davy_diag::closest;

/// What a detection must be to take part. An empty list asks for nothing.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    /// Names, ids, names of files, or patterns of them with `*`.
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

/// The detections in the order of the content, and the others with the reason.
#[derive(Debug, Default)]
pub struct Selected<'d> {
    pub chosen: Vec<&'d Detection>,
    pub left_out: Vec<LeftOut>,
    /// Words of `exclude` that name no detection, each with what may have been meant.
    pub idle: Vec<Unmatched>,
}

/// A word that fits no detection of the content; most often a slip of the hand.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no detection has the {what} `{word}`{}", meant(.near))]
pub struct Unmatched {
    /// `name`, `technique`, `story`, `type`, `status`.
    pub what: &'static str,
    pub word: String,
    pub near: Option<String>,
}

fn meant(near: &Option<String>) -> String {
    near.as_ref().map(|n| format!("; did you mean `{n}`?")).unwrap_or_default()
}

impl Selection {
    /// Chooses among `detections`. A name, technique, story, type or status that fits none of them
    /// is an error, since a hunt that runs nothing looks like a clean machine.
    pub fn choose<'d>(&self, detections: &'d [Detection]) -> Result<Selected<'d>, Unmatched> {
        self.check(detections)?;
        let mut out = Selected {
            idle: self.exclude.iter().filter_map(|w| unmatched_name(w, detections)).collect(),
            ..Selected::default()
        };
        for detection in detections {
            match self.why_not(detection) {
                None => out.chosen.push(detection),
                Some((why, reason)) => out.left_out.push(LeftOut::new(detection, why, reason)),
            }
        }
        Ok(out)
    }

    fn check(&self, detections: &[Detection]) -> Result<(), Unmatched> {
        if let Some(idle) = self.include.iter().find_map(|w| unmatched_name(w, detections)) {
            return Err(idle);
        }
        let techniques = || detections.iter().flat_map(|d| &d.annotations.mitre_ids);
        for word in &self.techniques {
            if !techniques().any(|id| technique_of(&id.value, word)) {
                let names = techniques().map(|id| id.value.as_str());
                return Err(unmatched("technique", word, names));
            }
        }
        let stories = || detections.iter().flat_map(|d| &d.annotations.stories);
        fits_one("story", &self.stories, || stories().map(|s| s.value.as_str()))?;
        const KINDS: [&str; 4] = ["TTP", "Anomaly", "Hunting", "Correlation"];
        fits_one("type", &self.kinds, || KINDS.into_iter())?;
        const STATUSES: [&str; 5] =
            ["production", "experimental", "validation", "deprecated", "removed"];
        fits_one("status", &self.statuses, || STATUSES.into_iter())
    }

    /// Why a detection does not take part.
    fn why_not(&self, detection: &Detection) -> Option<(Why, String)> {
        let status = detection.status.as_str();
        let old = matches!(detection.status, Status::Deprecated | Status::Removed);
        let unmet = |list: &[String], met: bool| !list.is_empty() && !met;
        let annotations = &detection.annotations;
        let technique = annotations
            .mitre_ids
            .iter()
            .any(|id| self.techniques.iter().any(|wanted| technique_of(&id.value, wanted)));
        let story = annotations.stories.iter().any(|s| any(&self.stories, &s.value));
        let reason = match () {
            () if named(&self.exclude, detection) => "it is excluded",
            () if unmet(&self.include, named(&self.include, detection)) => {
                "it is not among those included"
            }
            () if unmet(&self.techniques, technique) => "it has another technique",
            () if unmet(&self.stories, story) => "it is of another story",
            () if unmet(&self.kinds, any(&self.kinds, detection.kind.value.as_str())) => {
                "it is of another type"
            }
            () if unmet(&self.statuses, any(&self.statuses, status)) => "it has another status",
            () if old && !self.deprecated && !any(&self.statuses, status) => {
                return Some((
                    Why::Deprecated,
                    format!("it is {status}; --deprecated runs it too"),
                ));
            }
            () => return None,
        };
        Some((Why::NotSelected, reason.to_owned()))
    }
}

/// Whether one of the names or patterns is the detection's name, id, or file's name.
pub(crate) fn named(list: &[String], detection: &Detection) -> bool {
    [&detection.name.value, &detection.id.value, &detection.stem]
        .into_iter()
        .any(|name| any(list, name))
}

/// The word, if it names no detection.
pub(crate) fn unmatched_name(word: &str, detections: &[Detection]) -> Option<Unmatched> {
    let list = [word.to_owned()];
    if detections.iter().any(|d| named(&list, d)) {
        return None;
    }
    let names = detections.iter().flat_map(|d| [d.name.value.as_str(), d.stem.as_str()]);
    Some(unmatched("name", word, names))
}

fn fits_one<'n, I: Iterator<Item = &'n str> + Clone>(
    what: &'static str,
    words: &[String],
    names: impl Fn() -> I,
) -> Result<(), Unmatched> {
    for word in words {
        let list = [word.clone()];
        if !names().any(|name| any(&list, name)) {
            return Err(unmatched(what, word, names()));
        }
    }
    Ok(())
}

fn unmatched<'n>(
    what: &'static str,
    word: &str,
    names: impl Iterator<Item = &'n str> + Clone,
) -> Unmatched {
    let part = word.trim().to_lowercase();
    let near = closest(word, names.clone()).map(str::to_owned).or_else(|| {
        // A part of a name was typed as if it were the whole.
        let within = !part.is_empty() && names.clone().any(|n| n.to_lowercase().contains(&part));
        within.then(|| format!("*{}*", word.trim()))
    });
    Unmatched { what, word: word.to_owned(), near }
}

/// Whether a technique is the wanted one or below it.
fn technique_of(id: &str, wanted: &str) -> bool {
    let (id, wanted) = (id.to_ascii_uppercase(), wanted.trim().to_ascii_uppercase());
    id == wanted || id.strip_prefix(&wanted).is_some_and(|rest| rest.starts_with('.'))
}

pub(crate) fn any(patterns: &[String], text: &str) -> bool {
    patterns.iter().any(|p| wild(&p.to_lowercase(), &text.to_lowercase()))
}

/// `*` stands for any text.
pub(crate) fn wild(pattern: &str, text: &str) -> bool {
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
