//! The validation test: the file keeps the rules, and its search gives what risk needs.

use crate::run::World;
use davy_content::Detection;
use davy_content::model::Status;
use davy_diag::{Code, Diagnostics, Span, closest};
use davy_exec::Prepared;
use davy_plan::Fields;

static NOT_IN_RESULT: Code = Code::error(
    "detection::field-not-in-result",
    "A risk object, a threat object or a `$token$` names a field that the search's last command \
     does not leave behind, so no risk event could be filled.",
);

pub(super) fn validate(
    world: &World<'_>,
    detection: &Detection,
    prepared: &Prepared,
    diags: &mut Diagnostics,
) {
    davy_content::validate(world.content, detection, world.attack, diags);
    if prepared.diags.has_errors() || detection.status != Status::Production {
        return;
    }
    let after = prepared.bound.fields(Fields::open());
    let Some(result) = after.last().filter(|f| !f.open) else { return };
    let mut check = |name: &str, span: Span, what: &str| {
        if result.has(name) {
            return;
        }
        let near = closest(name, result.names.iter().map(String::as_str));
        diags.push(
            NOT_IN_RESULT
                .at(span, format!("{what} `{name}` is not in the search's result"))
                .label(format!("the result has {}", result.names.join(", ")))
                .help(near.map(|n| format!("did you mean `{n}`?"))),
        );
    };
    for object in &detection.risk.objects {
        check(&object.field.value, object.field.span, "the risk object");
    }
    for threat in &detection.risk.threats {
        check(&threat.field.value, threat.field.span, "the threat object");
    }
    let objects = detection.risk.objects.iter().filter_map(|o| o.message.as_ref());
    for message in detection.risk.message.iter().chain(objects) {
        for token in tokens(&message.value) {
            check(token, message.span, "the message's token");
        }
    }
}

/// The names between pairs of `$`.
fn tokens(text: &str) -> Vec<&str> {
    let parts: Vec<&str> = text.split('$').collect();
    let inner = parts.len().saturating_sub(1);
    parts
        .iter()
        .enumerate()
        .filter(|(i, t)| i % 2 == 1 && *i < inner && !t.is_empty() && !t.contains(' '))
        .map(|(_, t)| *t)
        .collect()
}
