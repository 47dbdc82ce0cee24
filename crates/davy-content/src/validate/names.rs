//! Names that a detection's lists refer to: stories, data sources, techniques, vulnerabilities.

use super::{Check, is_uuid};
use crate::codes;
use crate::model::Form;
use davy_diag::{Severity, Spanned, closest};

impl Check<'_> {
    pub(super) fn names(&mut self) {
        let d = self.detection;
        self.stories();
        self.data_sources();
        let lists = [
            &d.annotations.stories,
            &d.annotations.mitre_ids,
            &d.annotations.cve,
            &d.annotations.atomic_guids,
            &d.data_sources,
        ];
        for list in lists {
            self.repeated(list);
        }
        for guid in &d.annotations.atomic_guids {
            if !is_uuid(&guid.value) {
                self.diags.push(
                    codes::BAD_ID
                        .at(guid.span, format!("`{}` is no UUID", guid.value))
                        .help("write the `auto_generated_guid` of the atomic test"),
                );
            }
        }
        for cve in &d.annotations.cve {
            if !is_cve(&cve.value, d.form) {
                self.diags.push(
                    codes::BAD_CVE
                        .at(cve.span, format!("`{}` is no CVE number", cve.value))
                        .help("write CVE-, the year, - and the number: CVE-2021-44228"),
                );
            }
        }
    }

    fn repeated(&mut self, list: &[Spanned<String>]) {
        for (i, item) in list.iter().enumerate() {
            if let Some(first) = list.iter().take(i).find(|other| *other == item) {
                let mut diagnostic = codes::REPEATED
                    .at(item.span, format!("`{}` stands twice in this list", item.value))
                    .label("again")
                    .also(first.span, "first here")
                    .help("remove one of the two");
                // The first form's tools let this pass, and published content has it.
                if self.detection.form == Form::V4 {
                    diagnostic.severity = Severity::Warning;
                }
                self.diags.push(diagnostic);
            }
        }
    }

    fn stories(&mut self) {
        for story in &self.detection.annotations.stories {
            if self.content.story(&story.value).is_some() {
                continue;
            }
            let names = self.content.stories().iter().map(|s| s.name.value.as_str());
            let near = closest(&story.value, names);
            self.diags.push(
                codes::UNKNOWN_STORY
                    .at(story.span, format!("no analytic story `{}`", story.value))
                    .label("not known")
                    .help(near.map_or_else(
                        || "add it to `stories/`, or remove it here".to_owned(),
                        |near| format!("did you mean `{near}`?"),
                    )),
            );
        }
    }

    fn data_sources(&mut self) {
        let d = self.detection;
        for name in d.data_source_names() {
            let Some(source) = self.content.data_source(name.value) else {
                let names = self.content.data_sources().iter().map(|s| s.name.value.as_str());
                let near = closest(name.value, names);
                self.diags.push(
                    codes::UNKNOWN_DATA_SOURCE
                        .at(name.span, format!("no data source `{}`", name.value))
                        .label("not known")
                        .help(near.map_or_else(
                            || "add it to `data_sources/`, or remove it here".to_owned(),
                            |near| format!("did you mean `{near}`?"),
                        )),
                );
                continue;
            };
            let alerts = !matches!(
                d.kind.value,
                crate::model::Kind::Hunting | crate::model::Kind::Correlation
            );
            if !self.production() || !alerts {
                continue;
            }
            for field in source.output_fields.iter().filter(|f| !d.search.value.contains(*f)) {
                self.diags.push(
                    codes::OUTPUT_FIELD
                        .at(name.span, format!("the search has no field `{field}`"))
                        .label(format!("asks for `{field}` in each result"))
                        .help(format!("keep `{field}` in the search's results")),
                );
            }
        }
    }

    pub(super) fn techniques(&mut self) {
        let ids = &self.detection.annotations.mitre_ids;
        for id in ids {
            let text = &id.value;
            let known = self.attack.technique(text);
            let problem = match known {
                _ if !is_technique(text) => Some(format!("`{text}` is no technique id")),
                None if !self.attack.is_empty() => {
                    Some(format!("ATT&CK has no technique `{text}`"))
                }
                Some(t) if t.revoked => Some(format!("ATT&CK revoked `{text}`, {}", t.name)),
                _ => None,
            };
            if let Some(problem) = problem {
                let near = closest(text, self.attack.ids()).filter(|near| near != text);
                self.diags.push(codes::BAD_TECHNIQUE.at(id.span, problem).help(near.map_or_else(
                    || "write T and four digits, such as T1649 or T1552.004".to_owned(),
                    |near| format!("look it up on attack.mitre.org; `{near}` is near"),
                )));
            }
            if self.detection.form != Form::V4
                && let Some((parent, _)) = text.split_once('.')
                && let Some(parent) = ids.iter().find(|other| other.value == parent)
            {
                self.diags.push(
                    codes::BAD_TECHNIQUE
                        .at(parent.span, format!("`{}` is implied by `{text}`", parent.value))
                        .also(id.span, "its sub-technique")
                        .help(format!("remove `{}`", parent.value)),
                );
            }
        }
    }
}

/// `T` and four digits, optionally `.` and three.
fn is_technique(text: &str) -> bool {
    let digits = |s: &str, n: usize| s.len() == n && s.bytes().all(|b| b.is_ascii_digit());
    let Some(rest) = text.strip_prefix('T') else { return false };
    match rest.split_once('.') {
        Some((main, sub)) => digits(main, 4) && digits(sub, 3),
        None => digits(rest, 4),
    }
}

fn is_cve(text: &str, form: Form) -> bool {
    let Some(rest) = text.strip_prefix("CVE-") else { return false };
    let Some((year, number)) = rest.split_once('-') else { return false };
    let digits = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
    let long = form != Form::V6 || (4..=7).contains(&number.len());
    year.len() == 4 && digits(year) && year.starts_with(['1', '2']) && digits(number) && long
}
