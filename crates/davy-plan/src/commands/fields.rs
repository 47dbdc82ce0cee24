//! `fields`. Search Reference, fields.

use crate::command::Command;
use crate::example;
use crate::fields::{FieldSet, Fields, REST, wildcard_match};
use crate::plan::{Failed, Plan, PlanCx};
use crate::spec::{CommandSpec, Kind, ParseCx, Support};
use davy_diag::{Span, Spanned};
use davy_spl::ast::{ArgKind, Args, Grammar};

pub(super) static SPEC: CommandSpec = CommandSpec {
    name: "fields",
    aliases: &[],
    kind: Kind::Streaming,
    grammar: Grammar::General,
    syntax: "fields [+|-] <field-list>",
    summary: "Keeps or removes fields; `*` stands for anything. `_time` and `_raw` stay unless they are removed by name.",
    examples: &[
        example!("| makeresults | eval a=1, b=2 | fields a | table *" => field "b" = ""),
        example!("| makeresults | eval a=1, b=2 | fields - a | table a b" => table "a,b\n,2"),
    ],
    source: "Search Reference, fields",
    support: Support::Full,
    parse,
};

#[derive(Debug)]
struct FieldsCommand {
    keep: bool,
    names: Vec<Spanned<String>>,
}

fn parse(args: &Args, cx: &mut ParseCx<'_>) -> Option<Box<dyn Command>> {
    let mut reader = cx.reader(args);
    let mut keep = true;
    if let Some(ArgKind::Sign(sign)) = reader.peek().map(|a| &a.kind) {
        keep = *sign != '-';
        reader.next_arg();
    }
    let mut names = reader.fields(&[]);
    // `fields - a, - b`: the sign may be said again.
    while let Some(ArgKind::Sign(sign)) = reader.peek().map(|a| &a.kind)
        && (*sign != '-') == keep
        && !names.is_empty()
    {
        reader.next_arg();
        names.extend(reader.fields(&[]));
    }
    if let Some(first) = names.first_mut() {
        // `fields -a`, `fields +a`: the sign may stand at the name.
        if let Some(rest) = first.value.strip_prefix('-') {
            keep = false;
            first.value = rest.to_owned();
        } else if let Some(rest) = first.value.strip_prefix('+') {
            first.value = rest.to_owned();
        }
    }
    if let Some(extra) = reader.peek() {
        return cx.bad(extra.span.0, "a field name is needed here");
    }
    if names.is_empty() {
        return cx.missing("at least one field");
    }
    Some(Box::new(FieldsCommand { keep, names }))
}

impl FieldsCommand {
    fn fits(&self, name: &str) -> bool {
        self.names.iter().any(|n| wildcard_match(&n.value, name))
    }

    fn wild(&self) -> bool {
        self.names.iter().any(|n| n.value.contains('*'))
    }

    fn stays(&self, name: &str) -> bool {
        match self.keep {
            true => self.fits(name) || name == "_time" || name == "_raw",
            // `*` alone does not reach the internal fields.
            false => !self.names.iter().any(|n| {
                wildcard_match(&n.value, name)
                    && (!name.starts_with('_') || n.value.starts_with('_'))
            }),
        }
    }
}

impl Command for FieldsCommand {
    fn needs(&self, out: &FieldSet) -> FieldSet {
        let names = out.names.iter().filter(|n| self.stays(n)).cloned();
        let mut needs = FieldSet { names: names.collect(), all: out.all };
        if out.all {
            for name in &self.names {
                if !name.value.contains('*') {
                    needs.add(&name.value);
                }
            }
            if self.keep {
                needs.all = self.wild();
                needs.add("_time").add("_raw");
            }
        }
        needs
    }

    fn fields(&self, input: &Fields) -> Fields {
        let mut fields = Fields {
            names: input.names.iter().filter(|n| self.stays(n)).cloned().collect(),
            open: input.open && (!self.keep || self.wild()),
        };
        if input.open && self.keep {
            for name in &self.names {
                if !name.value.contains('*') {
                    fields.add(&name.value);
                }
            }
            fields.add("_time");
            fields.add("_raw");
        }
        fields
    }

    fn reads(&self) -> Vec<(String, Span)> {
        match self.keep {
            true => self.names.iter().map(|n| (n.value.clone(), n.span)).collect(),
            false => Vec::new(),
        }
    }

    fn makes_rows(&self) -> bool {
        false
    }

    fn plan(&self, input: Plan, cx: &PlanCx<'_>) -> Result<Plan, Failed> {
        // Packed fields can only be picked by a pattern once they are columns.
        let input = if input.open() && self.wild() { cx.close(input)? } else { input };
        let mut drop: Vec<String> = input.names().into_iter().filter(|n| !self.stays(n)).collect();
        if self.keep && input.open() {
            drop.push(REST.to_owned());
        }
        if drop.is_empty() {
            return Ok(input);
        }
        input.without_columns(&drop)
    }
}
