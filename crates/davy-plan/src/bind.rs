//! From the tree of a search to commands that are understood.

use crate::codes;
use crate::command::{Bound, BoundStage};
use crate::commands;
use crate::fields::{Fields, HIDDEN};
use crate::mend;
use crate::parse::ParseCx;
use crate::spec::{Kind, Support};
use crate::splice;
use davy_diag::{Diagnostic, Diagnostics, SourceMap, Span, closest};
use davy_spl::Grammars;
use davy_spl::ast::{Grammar, Pipeline, Stage};
use std::collections::HashSet;
use std::sync::Arc;

/// The shapes of all commands' arguments, for the parser.
#[derive(Debug, Clone, Copy, Default)]
pub struct CommandGrammars;

impl Grammars for CommandGrammars {
    fn grammar(&self, command: &str) -> Option<Grammar> {
        commands::find(command).map(|spec| spec.grammar)
    }

    fn names(&self) -> Vec<String> {
        commands::all().iter().map(|s| s.name.to_owned()).collect()
    }
}

/// Understands every command of a pipeline. All mistakes are reported; what is sound is bound.
pub fn bind(pipeline: &Pipeline, sources: &SourceMap, diags: &mut Diagnostics) -> Bound {
    bind_at(pipeline, sources, diags, 0, true)
}

/// `leads`: the pipeline makes its own rows; otherwise it works on rows that are there.
pub(crate) fn bind_at(
    pipeline: &Pipeline,
    sources: &SourceMap,
    diags: &mut Diagnostics,
    depth: usize,
    leads: bool,
) -> Bound {
    let mut bound = Bound::default();
    // How many commands are bound before the first that is not.
    let mut sound = None;
    for (i, stage) in pipeline.stages.iter().enumerate() {
        // An unknown command was reported by the parser.
        let Some(spec) = commands::find(&stage.name.value) else {
            sound.get_or_insert(bound.stages.len());
            continue;
        };
        if let Support::Refused { why, instead } = spec.support {
            diags.push(
                codes::REFUSED
                    .at(stage.name.span, format!("`{}` is not here: {why}", stage.name.value))
                    .help(instead),
            );
            sound.get_or_insert(bound.stages.len());
            continue;
        }
        let first = leads && i == 0;
        if !first && spec.kind == Kind::Generating && !commands::may_follow(spec, &stage.args) {
            diags.push(
                codes::FIRST_ONLY
                    .at(
                        stage.name.span,
                        format!("`{}` makes its own rows, so it must come first", stage.name.value),
                    )
                    .help(format!("put it in brackets: `| append [| {} …]`", stage.name.value)),
            );
        }
        let mut cx = ParseCx { sources, diags: &mut *diags, stage, spec, first, depth };
        let command = match splice::wanted(spec, stage) {
            true => splice::parse(&mut cx),
            false => mend::parse(&mut cx),
        };
        match command {
            Some(_) if summarized_next(&stage.name.value, pipeline.stages.get(i + 1)) => {}
            Some(command) => {
                let command = Arc::from(command);
                bound.stages.push(BoundStage { spec, command, span: stage.span.0 });
            }
            None => _ = sound.get_or_insert(bound.stages.len()),
        }
    }
    bound.understood = sound;
    check_fields(&bound.stages[..sound.unwrap_or(bound.stages.len())], sources, diags);
    bound
}

/// Whether `sistats` and its kin stand before the command that makes the table of what they keep:
/// it does so of the rows themselves. Search Reference, sistats.
fn summarized_next(name: &str, next: Option<&Stage>) -> bool {
    let name = name.to_ascii_lowercase();
    let summary = ["sistats", "sichart", "sitimechart", "sitop", "sirare"].contains(&name.as_str());
    summary && next.is_some_and(|n| n.name.value.eq_ignore_ascii_case(&name[2..]))
}

/// Warns of fields that no earlier command leaves behind. What follows a command that was not
/// understood is left out: nobody knows which fields it would leave. What a macro brought is left
/// to whoever wrote the macro: many guard against a field that only some searches have.
fn check_fields(stages: &[BoundStage], sources: &SourceMap, diags: &mut Diagnostics) {
    let mut fields = Fields::open();
    let mut maker = Maker { name: "the search", all: true };
    // A macro may use its argument often: each place that was written is told of once.
    let mut told: HashSet<(Span, String)> = HashSet::new();
    for stage in stages {
        if !fields.open {
            for (name, span) in stage.command.reads() {
                let known = fields.has(&name) || name.contains('*') || name.starts_with(HIDDEN);
                if known || is_token(&name) {
                    continue;
                }
                // The words of a condition after BY were told of.
                let told_of = |d: &Diagnostic| {
                    d.code == &codes::CONDITION_AFTER_BY
                        && d.primary.as_ref().is_some_and(|p| p.span.to(span) == p.span)
                };
                if diags.list().iter().any(told_of) {
                    continue;
                }
                let (written, calls) = sources.origin(span);
                if calls.is_empty() && told.insert((written, name.clone())) {
                    diags.push(unknown(&name, span, &fields, &maker, sources));
                }
            }
        }
        let after = stage.command.fields(&fields);
        maker = maker.after(stage.spec.name, &fields, &after);
        fields = after;
    }
}

/// `$name$`: something that a dashboard, `map` or `savedsearch` puts another text in the place of.
fn is_token(name: &str) -> bool {
    name.len() > 2 && name.starts_with('$') && name.ends_with('$')
}

/// The last command that left fields out, or chose which there are.
struct Maker {
    name: &'static str,
    /// Nothing was added since.
    all: bool,
}

impl Maker {
    fn after(self, name: &'static str, before: &Fields, after: &Fields) -> Maker {
        let lost = || {
            let left: HashSet<&str> = after.names.iter().map(String::as_str).collect();
            before.names.iter().any(|n| !left.contains(n.as_str()))
        };
        match before.open || (name != "rename" && lost()) {
            true => Maker { name, all: true },
            false => Maker { all: self.all && before == after, ..self },
        }
    }
}

fn unknown(
    name: &str,
    span: Span,
    fields: &Fields,
    maker: &Maker,
    sources: &SourceMap,
) -> Diagnostic {
    let kept = fields.names.iter().take(12).cloned().collect::<Vec<_>>().join(", ");
    let more = if fields.names.len() > 12 { ", ..." } else { "" };
    let label = match maker.all {
        true => format!("`{}` left {kept}{more}", maker.name),
        false => format!("after `{}` there are {kept}{more}", maker.name),
    };
    let found = &codes::UNKNOWN_FIELD;
    if name.eq_ignore_ascii_case("null") {
        return found
            .at(span, format!("`{name}` is read as the name of a field, which is not here"))
            .label("so it happens to be null")
            .help("type `null()`");
    }
    if name == "_raw" && sources.text(span) != name {
        return found
            .at(span, "this word is looked for in `_raw`, which is not here")
            .label(label)
            .help("compare a field with it: `FIELD=WORD`, or `FIELD=*` for any value");
    }
    let near = closest(name, fields.names.iter().map(String::as_str));
    found.at(span, format!("no field `{name}` here")).label(label).help(match near {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("have `{}` keep it, or leave it out here: no row has it", maker.name),
    })
}
