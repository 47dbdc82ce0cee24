//! `stats … by field` where the events of the data source have no such field.

use super::{ALWAYS, DROPS, Lint, always, by, codes};
use crate::fields::{FieldSet, Fields};
use davy_diag::{Diagnostic, closest};
use davy_spl::ast::{Args, CmpOp, SearchExpr};

pub(super) fn check(lint: &Lint<'_>, found: &mut Vec<Diagnostic>) {
    let Some(source_fields) = lint.source_fields else { return };
    let stages = &lint.bound.stages;
    if stages.first().is_none_or(|s| s.spec.name != "search") {
        return;
    }
    let mut fields =
        Fields::of(source_fields.iter().map(String::as_str).chain(ALWAYS.iter().copied()));
    // An event that a term asks a field of has it, whatever the list says.
    if let Some(Args::Search(Some(expr))) = lint.pipeline.stages.first().map(|s| &s.args) {
        asked(expr).into_iter().for_each(|name| fields.add(name));
    }
    for stage in stages.iter().skip(1) {
        // What a command may have added cannot be known here.
        if fields.open {
            return;
        }
        let written = lint.pipeline.stages.iter().find(|s| s.span.0 == stage.span);
        let Some(written) = written.filter(|_| DROPS.contains(&stage.spec.name)) else {
            for name in stage.command.needs(&FieldSet::none()).names {
                if deep(&name) {
                    fields.add(name);
                }
            }
            for (name, _) in stage.command.reads() {
                if deep(&name) {
                    fields.add(name);
                }
            }
            fields = stage.command.fields(&fields);
            continue;
        };
        for (name, span) in by(written) {
            if fields.has(name) || always(name) || deep(name) {
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

/// What an event holds in depth, no list is complete about.
fn deep(name: &str) -> bool {
    name.contains(['.', '{', '*']) || name.starts_with("date_")
}

/// The fields that each event that is found has.
fn asked(expr: &SearchExpr) -> Vec<&str> {
    match expr {
        SearchExpr::And(items) => items.iter().flat_map(asked).collect(),
        SearchExpr::Compare { field, op, .. } if op.value != CmpOp::Ne => vec![&field.value],
        SearchExpr::In { field, .. } => vec![&field.value],
        SearchExpr::Case { field: Some(field), .. } => vec![&field.value],
        _ => Vec::new(),
    }
}
