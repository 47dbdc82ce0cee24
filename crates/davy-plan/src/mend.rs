//! All mistakes of a command at once: what is sound beside a mistake is looked at as well.
//!
//! A command's `parse` may stop at its first mistake. It is then asked again without the part that
//! holds the mistake, and what it says of the rest is told too.

use crate::codes;
use crate::command::Command;
use crate::parse::ParseCx;
use davy_diag::{Diagnostic, Diagnostics, Severity, Span};
use davy_spl::ast::{Arg, ArgKind, Args};

/// How often a command is asked again.
const ROUNDS: usize = 16;

/// Understands the stage of `cx`, or tells all that is wrong with it.
pub(crate) fn parse(cx: &mut ParseCx<'_>) -> Option<Box<dyn Command>> {
    match &cx.stage.args {
        Args::Broken(None) => None,
        Args::Broken(Some(part)) => {
            // The mistakes of syntax are told; the part may lack what they stand for.
            let mut part = (**part).clone();
            for _ in 0..ROUNDS {
                let found = attempt(&part, cx).1;
                let (places, added) = tell(found, cx);
                if added == 0 || !cut(&mut part, &places) {
                    break;
                }
            }
            None
        }
        args => {
            let (command, found) = attempt(args, cx);
            let mistakes = found.has_errors();
            let mut places = places(&found);
            cx.diags.extend(found);
            if command.is_some() || !mistakes {
                return command;
            }
            let mut part = args.clone();
            for _ in 0..ROUNDS {
                if !cut(&mut part, &places) {
                    break;
                }
                let found = attempt(&part, cx).1;
                let (more, added) = tell(found, cx);
                if added == 0 {
                    break;
                }
                places = more;
            }
            None
        }
    }
}

/// What the command makes of `args`, and what it says of them.
fn attempt(args: &Args, cx: &mut ParseCx<'_>) -> (Option<Box<dyn Command>>, Diagnostics) {
    let mut found = Diagnostics::default();
    let (first, depth) = (cx.first, cx.depth);
    let (sources, stage, spec) = (cx.sources, cx.stage, cx.spec);
    let mut inner = ParseCx { sources, diags: &mut found, stage, spec, first, depth };
    let command = (spec.parse)(args, &mut inner);
    (command, found)
}

fn places(found: &Diagnostics) -> Vec<Span> {
    let errors = found.list().iter().filter(|d| d.severity == Severity::Error);
    errors.filter_map(|d| d.primary.as_ref().map(|p| p.span)).collect()
}

/// Tells the mistakes that are new. What a part lacks may have been cut off with a mistake, so
/// that is not one. Gives the places of all, and how many were told.
fn tell(found: Diagnostics, cx: &mut ParseCx<'_>) -> (Vec<Span>, usize) {
    let (places, mut added) = (places(&found), 0);
    let lacks = cx.stage.name.span;
    let place = |d: &Diagnostic| d.primary.as_ref().map(|p| p.span);
    for diagnostic in found.list() {
        let known = |d: &Diagnostic| d.code == diagnostic.code && place(d) == place(diagnostic);
        let missing =
            diagnostic.code == &codes::MISSING_ARGUMENT && place(diagnostic) == Some(lacks);
        if !missing && !cx.diags.list().iter().any(known) {
            cx.report(diagnostic.clone());
            added += 1;
        }
    }
    (places, added)
}

/// Takes what holds a mistake out of a list of items: all between two commas where there are
/// commas, else the item alone. `false` when nothing was taken out.
fn cut(args: &mut Args, places: &[Span]) -> bool {
    let Args::General(items) = args else { return false };
    let before = items.len();
    let holds = |item: &Arg| {
        let span = item.span.0;
        places.iter().any(|p| p.file == span.file && p.start >= span.start && p.end <= span.end)
    };
    if items.iter().any(|i| matches!(i.kind, ArgKind::Comma)) {
        let parts = items.split_inclusive(|i| matches!(i.kind, ArgKind::Comma));
        *items = parts.filter(|part| !part.iter().any(holds)).flatten().cloned().collect();
    } else {
        items.retain(|item| !holds(item));
    }
    items.len() < before && !items.is_empty()
}
