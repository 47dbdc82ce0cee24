//! Rules for what detections refer to.

use super::search::{FOREIGN_MACROS, cycle};
use super::{is_url, is_uuid};
use crate::codes;
use crate::content::Content;
use crate::scan;
use davy_diag::{Diagnostics, Spanned, closest};
use std::collections::HashSet;

/// Checks macros, stories, data sources, deployments, baselines and investigations.
pub fn validate_knowledge(content: &Content, diags: &mut Diagnostics) {
    let ids = content.stories().iter().map(|s| (&s.name, Some(&s.id)));
    let ids = ids.chain(content.data_sources().iter().map(|s| (&s.name, Some(&s.id))));
    let ids = ids.chain(content.deployments().iter().map(|d| (&d.name, Some(&d.id))));
    let ids = ids.chain(content.baselines().iter().map(|b| (&b.name, Some(&b.id))));
    let ids = ids.chain(content.investigations().iter().map(|i| (&i.name, Some(&i.id))));
    let ids = ids.chain(content.macros().iter().map(|m| (&m.name, None)));
    let ids = ids.chain(content.lookups().iter().map(|l| (&l.name, None)));
    for (name, id) in ids {
        head(name, id, diags);
    }
    for reference in content.stories().iter().flat_map(|s| &s.references) {
        if !is_url(&reference.value) {
            diags.push(
                codes::BAD_REFERENCE
                    .at(reference.span, format!("`{}` is no absolute URL", reference.value))
                    .help("begin it with https://"),
            );
        }
    }
    macros(content, diags);
    baselines(content, diags);
}

fn head(name: &Spanned<String>, id: Option<&Spanned<String>>, diags: &mut Diagnostics) {
    let length = name.value.chars().count();
    if length > 99 {
        diags.push(
            codes::NAME_LENGTH
                .at(name.span, format!("the name has {length} characters; 99 fit"))
                .help("shorten the name"),
        );
    }
    if let Some(id) = id.filter(|id| !is_uuid(&id.value)) {
        diags.push(
            codes::BAD_ID
                .at(id.span, format!("`{}` is no UUID", id.value))
                .help("write 8-4-4-4-12 hexadecimal digits, as `uuidgen` prints them"),
        );
    }
}

fn macros(content: &Content, diags: &mut Diagnostics) {
    let mut done = HashSet::new();
    for m in content.macros() {
        for call in scan::macro_calls(&m.definition.value) {
            let span = m.definition.span.part(call.range.clone());
            let mut chain = Vec::new();
            if let Some(found) = cycle(content, &call, &mut chain, &mut done) {
                diags.push(
                    codes::MACRO_CYCLE
                        .at(span, format!("macro `{}` never ends", call.name))
                        .label(found.join(" calls "))
                        .help("take the call out of one of these macros"),
                );
                continue;
            }
            let known = content.find_macro(&call.name, call.argc).is_some();
            if known || FOREIGN_MACROS.contains(&call.name.as_str()) {
                continue;
            }
            let names = content.macro_names();
            let help = match closest(&call.name, names.iter().map(String::as_str)) {
                Some(near) if near != call.name => format!("did you mean `{near}`?"),
                Some(_) => "give it as many arguments as it takes".to_owned(),
                None => "add it to `macros/`".to_owned(),
            };
            diags.push(
                codes::UNKNOWN_MACRO
                    .at(span, format!("no macro `{}` with {} arguments", call.name, call.argc))
                    .label("not known")
                    .help(help),
            );
        }
    }
}

fn baselines(content: &Content, diags: &mut Diagnostics) {
    let stories = content.baselines().iter().flat_map(|b| &b.stories);
    let stories = stories.chain(content.investigations().iter().flat_map(|i| &i.stories));
    for story in stories {
        if content.story(&story.value).is_none() {
            diags.push(
                codes::UNKNOWN_STORY
                    .at(story.span, format!("no analytic story `{}`", story.value))
                    .help("add it to `stories/`, or remove it here"),
            );
        }
    }
    let names: HashSet<&str> = content.detections().iter().map(|d| d.name.value.as_str()).collect();
    for wanted in content.baselines().iter().flat_map(|b| &b.detections) {
        if !names.contains(wanted.value.as_str()) {
            diags.push(
                codes::ABSENT_DETECTION
                    .at(wanted.span, format!("no detection `{}`", wanted.value))
                    .help("correct the name, or remove it here"),
            );
        }
    }
}
