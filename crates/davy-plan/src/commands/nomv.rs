//! `nomv`. Search Reference, nomv; mvcombine, "Usage".

use crate::column::Ty;
use crate::command::Command;
use crate::example;
use crate::fields::{FieldSet, Fields};
use crate::plan::{Failed, Plan, PlanCx};
use crate::rowmap::{RowMap, Set, row_map};
use crate::spec::{CommandSpec, Kind, ParseCx, Support};
use crate::value::Val;
use davy_diag::{Span, Spanned};
use davy_spl::ast::{Args, Grammar};
use std::sync::Arc;

pub(super) static SPEC: CommandSpec = CommandSpec {
    name: "nomv",
    aliases: &[],
    kind: Kind::Streaming,
    grammar: Grammar::General,
    syntax: "nomv <field>",
    summary: "Joins the values of a field into one, with newlines between them; right after `mvcombine` with its delimiter.",
    examples: &[
        example!("| makeresults | eval v=\"a,b\" | makemv delim=\",\" v | nomv v" => field "v" = "a\nb"),
        example!("| makeresults count=2 | streamstats count AS n | mvcombine delim=\";\" n | nomv n" => field "n" = "1;2"),
    ],
    source: "Search Reference, nomv",
    support: Support::Full,
    parse,
};

#[derive(Debug)]
struct NoMv {
    fields: Vec<Spanned<String>>,
}

/// The hidden column in which `mvcombine` leaves what shall stand between a field's values.
pub(super) fn delimiter(field: &str) -> String {
    format!("{}delim {field}", crate::fields::HIDDEN)
}

fn parse(args: &Args, cx: &mut ParseCx<'_>) -> Option<Box<dyn Command>> {
    let (_, left) = cx.reader(args).options(&[], cx);
    let fields = cx.field_list(&left)?;
    if fields.is_empty() {
        return cx.missing("a field");
    }
    Some(Box::new(NoMv { fields }))
}

impl Command for NoMv {
    fn needs(&self, out: &FieldSet) -> FieldSet {
        let names: Vec<String> = self.fields.iter().map(|f| f.value.clone()).collect();
        if out.all { out.clone().with(names) } else { out.clone() }
    }

    fn fields(&self, input: &Fields) -> Fields {
        input.clone()
    }

    fn reads(&self) -> Vec<(String, Span)> {
        self.fields.iter().map(|f| (f.value.clone(), f.span)).collect()
    }

    fn plan(&self, input: Plan, _: &PlanCx<'_>) -> Result<Plan, Failed> {
        let mut plan = input;
        for field in &self.fields {
            if plan.column(&field.value).ty != Ty::Text {
                continue;
            }
            let reads = vec![field.value.clone(), delimiter(&field.value)];
            plan = row_map(plan, reads, vec![Set::keep(&field.value, Ty::Text)], Arc::new(Join))?;
        }
        Ok(plan)
    }
}

#[derive(Debug)]
struct Join;

impl RowMap for Join {
    fn name(&self) -> &'static str {
        "nomv"
    }

    fn map(&self, args: &[Val<'_>], out: &mut [Option<Val<'static>>]) -> Result<(), String> {
        let (Some(value), Some(slot)) = (args.first(), out.first_mut()) else { return Ok(()) };
        if value.is_multi() {
            let between = match args.get(1) {
                Some(Val::Str(text)) => text.as_ref(),
                _ => "\n",
            };
            *slot = Some(Val::str(value.values().join(between)));
        }
        Ok(())
    }
}
