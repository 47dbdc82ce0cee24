//! Whether risk and findings suit the detection's type, and messages their tokens.

use super::Check;
use crate::codes;
use crate::model::{Form, Kind};
use crate::scan;
use davy_diag::Spanned;

impl Check<'_> {
    pub(super) fn risk(&mut self) {
        match self.detection.form {
            Form::V4 => self.shape_v4(),
            Form::V5 => self.shape_v5(),
            Form::V6 => self.shape_v6(),
        }
        if !self.production() {
            return;
        }
        let d = self.detection;
        for object in &d.risk.objects {
            self.mentioned(&object.field, "a risk object");
        }
        for threat in &d.risk.threats {
            self.mentioned(&threat.field, "a threat object");
        }
        if let Some(finding) = &d.finding {
            self.mentioned(&finding.entity.field, "the finding");
            self.message(&finding.title);
        }
        // The first form asks every detection for a message, also those that never send one.
        for message in
            d.risk.message.iter().chain(d.risk.objects.iter().filter_map(|o| o.message.as_ref()))
        {
            self.message(message);
        }
    }

    fn shape(&mut self, message: &str, help: &str) {
        let kind = &self.detection.kind;
        self.diags.push(codes::RISK_SHAPE.at(kind.span, message).label("of this type").help(help));
    }

    fn scores(&self) -> bool {
        matches!(self.detection.kind.value, Kind::Ttp | Kind::Anomaly)
    }

    fn shape_v4(&mut self) {
        if self.production() && self.scores() && self.detection.risk.objects.is_empty() {
            self.shape(
                "nothing gets the risk score",
                "add an observable with the role Victim to `tags.observable`",
            );
        }
    }

    fn shape_v5(&mut self) {
        let risk = &self.detection.risk;
        let written = risk.message.is_some() || !risk.objects.is_empty();
        if self.scores() && risk.objects.is_empty() {
            self.shape("nothing gets a risk score", "add `rba:` with at least one risk object");
        } else if !self.scores() && written {
            self.shape("this type of detection scores no risk", "remove `rba:`");
        }
    }

    fn shape_v6(&mut self) {
        let d = self.detection;
        let finding = d.finding.is_some();
        let objects = !d.risk.objects.is_empty();
        let threats = !d.risk.threats.is_empty();
        match d.kind.value {
            Kind::Ttp | Kind::Correlation if !finding => {
                self.shape("no finding is described", "add `finding:` with `title` and `entity`");
            }
            Kind::Anomaly | Kind::Hunting if finding => {
                self.shape("this type of detection raises no finding", "remove `finding:`");
            }
            _ => {}
        }
        match d.kind.value {
            Kind::Anomaly if !objects => {
                self.shape("nothing gets a risk score", "add `intermediate_findings:`");
            }
            Kind::Correlation | Kind::Hunting if objects => {
                self.shape(
                    "this type of detection scores no risk",
                    "remove `intermediate_findings:`",
                );
            }
            Kind::Hunting if threats => {
                self.shape(
                    "this type of detection has no threat objects",
                    "remove `threat_objects:`",
                );
            }
            _ => {}
        }
    }

    /// Every token is a field of the search; the third form is strict about the message itself.
    fn message(&mut self, message: &Spanned<String>) {
        let tokens = scan::tokens(&message.value);
        if self.detection.form == Form::V6 {
            let odd = message.value.matches('$').count() % 2 == 1;
            if odd || tokens.is_empty() || tokens.len() * 2 != message.value.matches('$').count() {
                self.diags.push(
                    codes::BAD_MESSAGE
                        .at(message.span, "the message has a broken token, or none")
                        .help("write field names between two dollars, such as $dest$"),
                );
                return;
            }
        }
        for token in tokens {
            self.mentioned(&Spanned::new(token.to_owned(), message.span), "the message");
        }
    }
}
