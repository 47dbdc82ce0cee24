//! `strcat`. Search Reference, strcat.

use crate::column::Ty;
use crate::command::Command;
use crate::example;
use crate::fields::{FieldSet, Fields};
use crate::parse::arg_text;
use crate::plan::{Failed, Plan, PlanCx};
use crate::rowmap::{RowMap, Set, row_map};
use crate::spec::{CommandSpec, Kind, ParseCx, Support};
use crate::value::Val;
use davy_diag::{Span, Spanned};
use davy_spl::ast::{ArgKind, Args, Grammar};
use std::sync::Arc;

pub(super) static SPEC: CommandSpec = CommandSpec {
    name: "strcat",
    aliases: &[],
    kind: Kind::Streaming,
    grammar: Grammar::General,
    syntax: "strcat [allrequired=<bool>] <field | \"text\">... <new-field>",
    summary: "Joins fields and texts in quotes into a new field. A missing field counts as empty; with `allrequired=t` the new field is made only where all are there.",
    examples: &[
        example!("| makeresults | eval a=\"x\", b=\"y\" | strcat a \"::\" b c" => field "c" = "x::y"),
        example!("| makeresults | eval a=\"x\" | strcat allrequired=t a nosuch c" => field "c" = ""),
    ],
    source: "Search Reference, strcat",
    support: Support::Full,
    parse,
};

#[derive(Debug, Clone)]
enum Part {
    Field(Spanned<String>),
    Text(String),
}

#[derive(Debug)]
struct StrCat {
    parts: Vec<Part>,
    to: String,
    all: bool,
}

fn parse(args: &Args, cx: &mut ParseCx<'_>) -> Option<Box<dyn Command>> {
    let (options, left) = cx.reader(args).options(&["allrequired"], cx);
    let all = options.flag("allrequired", false, cx);
    let mut parts = Vec::new();
    for arg in &left {
        match (&arg.kind, arg_text(arg)) {
            (ArgKind::Comma, _) => {}
            (ArgKind::Quoted(text), _) => parts.push((Part::Text(text.clone()), text.clone())),
            (_, Some(name)) => {
                parts.push((Part::Field(Spanned::new(name.clone(), arg.span.0)), name));
            }
            _ => return cx.bad(arg.span.0, "a field or a text in quotes is needed here"),
        }
    }
    let Some((_, to)) = parts.pop() else { return cx.missing("fields and a new name") };
    if parts.is_empty() {
        return cx.missing("something to join before the new name");
    }
    let parts = parts.into_iter().map(|(part, _)| part).collect();
    Some(Box::new(StrCat { parts, to, all }))
}

impl StrCat {
    fn names(&self) -> Vec<String> {
        self.reads().into_iter().map(|(name, _)| name).collect()
    }
}

impl Command for StrCat {
    fn needs(&self, out: &FieldSet) -> FieldSet {
        out.before_keeping(std::slice::from_ref(&self.to), &self.names())
    }

    fn fields(&self, input: &Fields) -> Fields {
        let mut fields = input.clone();
        fields.add(&self.to);
        fields
    }

    fn reads(&self) -> Vec<(String, Span)> {
        let field = |part: &Part| match part {
            Part::Field(name) => Some((name.value.clone(), name.span)),
            Part::Text(_) => None,
        };
        self.parts.iter().filter_map(field).collect()
    }

    fn makes_rows(&self) -> bool {
        false
    }

    fn plan(&self, input: Plan, _: &PlanCx<'_>) -> Result<Plan, Failed> {
        let map = Join { parts: self.parts.clone(), all: self.all };
        row_map(input, self.names(), vec![Set::keep(&self.to, Ty::Text)], Arc::new(map))
    }
}

#[derive(Debug)]
struct Join {
    parts: Vec<Part>,
    all: bool,
}

impl RowMap for Join {
    fn name(&self) -> &'static str {
        "strcat"
    }

    fn map(&self, args: &[Val<'_>], out: &mut [Option<Val<'static>>]) -> Result<(), String> {
        let mut text = String::new();
        let mut args = args.iter();
        for part in &self.parts {
            match part {
                Part::Text(literal) => text.push_str(literal),
                Part::Field(_) => match args.next() {
                    Some(value) if !value.is_null() => text.push_str(&value.values().join(" ")),
                    _ if self.all => return Ok(()),
                    _ => {}
                },
            }
        }
        if let Some(slot) = out.first_mut() {
            *slot = Some(Val::str(text));
        }
        Ok(())
    }
}
