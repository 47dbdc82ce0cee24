//! `stats … by field` where the events of the data source have no such field.

use super::{ALWAYS, Lint, always, codes};
use crate::fields::Fields;
use davy_diag::{Diagnostic, Span, closest};
use davy_spl::ast::{Arg, ArgKind, Args, Stage};

/// The commands that leave out rows without a BY field.
const DROPS: &[&str] = &["stats", "chart", "timechart", "top", "rare", "sistats"];

pub(super) fn check(lint: &Lint<'_>, found: &mut Vec<Diagnostic>) {
    let Some(source_fields) = lint.source_fields else { return };
    let stages = &lint.bound.stages;
    if stages.first().is_none_or(|s| s.spec.name != "search") {
        return;
    }
    let mut fields =
        Fields::of(source_fields.iter().map(String::as_str).chain(ALWAYS.iter().copied()));
    for stage in stages.iter().skip(1) {
        // What a command may have added cannot be known here.
        if fields.open {
            return;
        }
        let written = lint.pipeline.stages.iter().find(|s| s.span.0 == stage.span);
        let Some(written) = written.filter(|_| DROPS.contains(&stage.spec.name)) else {
            fields = stage.command.fields(&fields);
            continue;
        };
        for (name, span) in by(written) {
            // What an event holds in depth, no list is complete about.
            let deep = name.contains(['.', '{', '*']) || name.starts_with("date_");
            if fields.has(name) || always(name) || deep {
                continue;
            }
            let near = closest(name, fields.names.iter().map(String::as_str));
            found.push(
                codes::ABSENT_BY
                    .at(span, format!("the data source has no field `{name}`"))
                    .label("events without it are left out")
                    .help(match near {
                        Some(near) => format!("did you mean `{near}`?"),
                        None => format!("put `| fillnull value=unknown {name}` before it"),
                    }),
            );
        }
        // Later commands see what this one made.
        return;
    }
}

/// The words after `by`.
fn by(stage: &Stage) -> Vec<(&str, Span)> {
    let Args::General(items) = &stage.args else { return Vec::new() };
    let is_by =
        |item: &&Arg| matches!(&item.kind, ArgKind::Word(w) if w.eq_ignore_ascii_case("by"));
    items
        .iter()
        .skip_while(|item| !is_by(item))
        .skip(1)
        .filter_map(|item| match &item.kind {
            ArgKind::Word(name) | ArgKind::Quoted(name) | ArgKind::FieldQuoted(name) => {
                Some((name.as_str(), item.span.0))
            }
            _ => None,
        })
        .collect()
}
