//! `regex`. Search Reference, regex.

use super::rex::cut_off;
use crate::codes;
use crate::command::Command;
use crate::example;
use crate::fields::{FieldSet, Fields};
use crate::parse::arg_text;
use crate::pattern::Pattern;
use crate::plan::{Failed, Plan, PlanCx};
use crate::rowmap::{RowMap, row_filter};
use crate::spec::{CommandSpec, Kind, ParseCx, Support};
use crate::value::Val;
use davy_diag::{Span, Spanned};
use davy_spl::ast::{ArgKind, Args, Grammar};
use std::sync::Arc;

pub(super) static SPEC: CommandSpec = CommandSpec {
    name: "regex",
    aliases: &[],
    kind: Kind::Streaming,
    grammar: Grammar::General,
    syntax: "regex (<field>=\"<regex>\" | <field>!=\"<regex>\" | \"<regex>\")",
    summary: "Keeps the rows in which a field (or `_raw`) matches a regular expression, or with `!=` those in which it does not.",
    examples: &[
        example!("| makeresults format=csv data=\"ip\n10.0.0.1\n8.8.8.8\" | regex ip=\"^10\\.\" | table ip" => table "ip\n10.0.0.1"),
        example!("| makeresults format=csv data=\"ip\n10.0.0.1\n8.8.8.8\" | regex ip!=\"^10\\.\" | table ip" => table "ip\n8.8.8.8"),
    ],
    source: "Search Reference, regex",
    support: Support::Full,
    parse,
};

#[derive(Debug)]
struct Regex {
    field: Spanned<String>,
    pattern: String,
    not: bool,
}

fn parse(args: &Args, cx: &mut ParseCx<'_>) -> Option<Box<dyn Command>> {
    let reader = cx.reader(args);
    let arg = match reader.items {
        [] => return cx.missing("a regular expression"),
        [arg] => arg,
        [_, extra, ..] => {
            return cx.bad(extra.span.0, "the regular expression must stand in quotes");
        }
    };
    let (field, text, not) = match &arg.kind {
        ArgKind::Option { key, not, value } => {
            let Some(text) = arg_text(value).filter(|text| !cut_off(value, text)) else {
                return cx.bad(value.span.0, "the regular expression must stand in quotes");
            };
            (key.clone(), Spanned::new(text, value.span.0), *not)
        }
        _ => {
            let Some(text) = arg_text(arg).filter(|text| !cut_off(arg, text)) else {
                return cx.bad(arg.span.0, "the regular expression must stand in quotes");
            };
            let raw = Spanned::new("_raw".to_owned(), cx.stage.name.span);
            (raw, Spanned::new(text, arg.span.0), false)
        }
    };
    cx.pattern(&text)?;
    Some(Box::new(Regex { field, pattern: text.value, not }))
}

impl Command for Regex {
    fn needs(&self, out: &FieldSet) -> FieldSet {
        out.clone().with([self.field.value.clone()])
    }

    fn fields(&self, input: &Fields) -> Fields {
        input.clone()
    }

    fn reads(&self) -> Vec<(String, Span)> {
        match self.field.value.as_str() {
            "_raw" => Vec::new(),
            _ => vec![(self.field.value.clone(), self.field.span)],
        }
    }

    fn makes_rows(&self) -> bool {
        false
    }

    fn plan(&self, input: Plan, cx: &PlanCx<'_>) -> Result<Plan, Failed> {
        let pattern = Pattern::with_limit(&self.pattern, cx.env.regex_limit)
            .map_err(|why| codes::BAD_REGEX.at(cx.span, why))?;
        let map = Match { pattern, not: self.not };
        row_filter(input, vec![self.field.value.clone()], Arc::new(map))
    }
}

#[derive(Debug)]
struct Match {
    pattern: Pattern,
    not: bool,
}

impl RowMap for Match {
    fn name(&self) -> &'static str {
        "regex"
    }

    fn map(&self, args: &[Val<'_>], out: &mut [Option<Val<'static>>]) -> Result<(), String> {
        let (Some(value), Some(slot)) = (args.first(), out.first_mut()) else { return Ok(()) };
        let mut found = false;
        for text in value.values() {
            if self.pattern.is_match(&text)? {
                found = true;
                break;
            }
        }
        *slot = Some(Val::Bool(found != self.not));
        Ok(())
    }
}
