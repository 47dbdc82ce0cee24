//! Whether a detection keeps the rules of detection content. Which fields a search really puts out
//! is for the binder to say; here a field only has to be mentioned.

mod knowledge;
mod names;
mod risk;
mod search;

pub use knowledge::validate_knowledge;

use crate::attack::Attack;
use crate::codes;
use crate::content::Content;
use crate::model::{Detection, Form, Kind, Status};
use davy_diag::{Diagnostics, Spanned, closest};

/// Checks one detection against the rules and against everything it names.
pub fn validate(
    content: &Content,
    detection: &Detection,
    attack: &Attack,
    diags: &mut Diagnostics,
) {
    let mut check = Check { content, detection, attack, diags };
    check.head();
    check.references();
    check.tests();
    check.drilldowns();
    check.throttling();
    check.deployment();
    check.names();
    check.techniques();
    check.search();
    check.risk();
}

struct Check<'a> {
    content: &'a Content,
    detection: &'a Detection,
    attack: &'a Attack,
    diags: &'a mut Diagnostics,
}

impl Check<'_> {
    fn production(&self) -> bool {
        self.detection.status == Status::Production
    }

    fn head(&mut self) {
        let d = self.detection;
        let length = d.name.value.chars().count();
        if length > 67 {
            self.diags.push(
                codes::NAME_LENGTH
                    .at(d.name.span, format!("the name has {length} characters; 67 fit"))
                    .help("shorten the name"),
            );
        }
        let expected = file_stem(&d.name.value);
        if d.stem != expected {
            self.diags.push(
                codes::FILE_NAME
                    .at(d.name.span, format!("the file is named `{}.yml`", d.stem))
                    .help(format!("rename it to `{expected}.yml`")),
            );
        }
        if !is_uuid(&d.id.value) {
            self.diags.push(
                codes::BAD_ID
                    .at(d.id.span, format!("`{}` is no UUID", d.id.value))
                    .help("write 8-4-4-4-12 hexadecimal digits, as `uuidgen` prints them"),
            );
        }
        for date in std::iter::once(&d.date).chain(&d.created) {
            if !is_date(&date.value) {
                self.diags.push(
                    codes::BAD_DATE
                        .at(date.span, format!("`{}` is no date", date.value))
                        .help("write YYYY-MM-DD"),
                );
            }
        }
        if let Some(created) = &d.created
            && created.value > d.date.value
        {
            self.diags.push(
                codes::BAD_DATE
                    .at(d.date.span, "the modification is before the creation")
                    .also(created.span, "created then")
                    .help(format!("write {} or later", created.value)),
            );
        }
        if d.form == Form::V6 && d.version == 0 {
            self.diags.push(
                codes::BAD_VALUE.at(d.name.span, "`version` cannot be 0").help("write 1 or more"),
            );
        }
        let short = [
            ("how_to_implement", &d.about.how_to_implement),
            ("known_false_positives", &d.about.known_false_positives),
        ];
        for (key, text) in short {
            if text.chars().count() < 4 {
                self.diags.push(
                    codes::BAD_VALUE
                        .at(d.name.span, format!("`{key}` says nothing"))
                        .label("of this detection")
                        .help(format!("write a sentence in `{key}`")),
                );
            }
        }
    }

    fn references(&mut self) {
        for reference in &self.detection.about.references {
            if !is_url(&reference.value) {
                self.diags.push(
                    codes::BAD_REFERENCE
                        .at(reference.span, format!("`{}` is no absolute URL", reference.value))
                        .help("begin it with https://"),
                );
            }
        }
    }

    fn tests(&mut self) {
        let d = self.detection;
        let exempt = d.about.manual_test.is_some() || d.kind.value == Kind::Correlation;
        if self.production() && !exempt && d.about.tests.is_empty() {
            self.diags.push(
                codes::NO_TEST
                    .at(d.name.span, "a production detection has no test")
                    .label("this one")
                    .help("add `tests:`, or `manual_test:` with the reason"),
            );
        }
        for test in &d.about.tests {
            if test.attack_data.is_empty() && !test.experimental {
                self.diags.push(
                    codes::BAD_TEST
                        .at(test.span, format!("test `{}` has no data", test.name))
                        .help("add `attack_data:` with `data`, `source` and `sourcetype`"),
                );
            }
        }
    }

    fn drilldowns(&mut self) {
        let d = self.detection;
        let alerts = d.kind.value != Kind::Hunting;
        if self.production() && alerts && d.about.drilldowns.len() < 2 {
            self.diags.push(
                codes::DRILLDOWNS
                    .at(
                        d.name.span,
                        format!("{} drill-down searches, not 2", d.about.drilldowns.len()),
                    )
                    .label("of this detection")
                    .help("add `drilldown_searches:` with `name` and `search`"),
            );
        }
        const PLACEHOLDER: &str = "%original_detection_search%";
        let placeholder = d.about.drilldowns.iter().any(|s| s.search.value.contains(PLACEHOLDER));
        if let Some(first) = d.about.drilldowns.first()
            && !placeholder
        {
            self.diags.push(
                codes::DRILLDOWNS
                    .at(first.search.span, "no drill-down search shows the detection's results")
                    .help(format!("begin one with `{PLACEHOLDER}`")),
            );
        }
        for drilldown in &d.about.drilldowns {
            if drilldown.name.value.chars().count() < 5 {
                self.diags.push(
                    codes::DRILLDOWNS
                        .at(drilldown.name.span, "the name says too little")
                        .help("write at least five characters"),
                );
            }
        }
    }

    fn throttling(&mut self) {
        let Some(throttling) = &self.detection.throttling else { return };
        for field in &throttling.fields {
            self.mentioned(field, "throttling");
        }
        let period = &throttling.period;
        let digits = period.value.trim_end_matches(['s', 'm', 'h']);
        let whole = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
        if !whole || period.value.len() != digits.len() + 1 {
            self.diags.push(
                codes::BAD_VALUE
                    .at(period.span, format!("`{}` is no period", period.value))
                    .help("write digits and s, m or h, such as `86400s`"),
            );
        }
    }

    fn deployment(&mut self) {
        let d = self.detection;
        if self.content.deployment(d.kind.value).is_none() {
            let kind = d.kind.value.as_str();
            self.diags.push(
                codes::DEPLOYMENT
                    .at(d.kind.span, format!("no default configuration for type {kind}"))
                    .help(format!("add a file to `deployments/` with `type: {kind}`")),
            );
        }
        if d.enabled_by_default && (!self.production() || d.kind.value == Kind::Hunting) {
            self.diags.push(
                codes::ENABLED
                    .at(d.name.span, "this detection may not be enabled by default")
                    .help("remove `enabled_by_default`"),
            );
        }
    }

    /// The weakest check of a field: the search has the name somewhere.
    fn mentioned(&mut self, field: &Spanned<String>, role: &str) {
        let search = self.detection.search.value.to_lowercase();
        if search.contains(&field.value.to_lowercase()) {
            return;
        }
        let words = search.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == '.'));
        let near = closest(&field.value, words.filter(|w| w.len() > 2)).map(str::to_owned);
        self.diags.push(
            codes::FIELD_NOT_IN_SEARCH
                .at(field.span, format!("the search has no field `{}`", field.value))
                .label(format!("{role} needs it"))
                .help(near.map_or_else(
                    || format!("keep `{}` in the search's results", field.value),
                    |near| format!("did you mean `{near}`?"),
                )),
        );
    }
}

/// The name of the file that an object of this name belongs in.
pub(crate) fn file_stem(name: &str) -> String {
    name.to_lowercase().replace([' ', '-', '.', '/'], "_")
}

pub(crate) fn is_uuid(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let lengths: Vec<usize> = parts.iter().map(|p| p.len()).collect();
    lengths == [8, 4, 4, 4, 12] && text.bytes().all(|b| b == b'-' || b.is_ascii_hexdigit())
}

fn is_date(text: &str) -> bool {
    text.len() == 10 && text.parse::<jiff::civil::Date>().is_ok()
}

fn is_url(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once("://") else { return false };
    let scheme_ok = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
    scheme_ok && !rest.is_empty() && !rest.starts_with('/') && !rest.contains(char::is_whitespace)
}
