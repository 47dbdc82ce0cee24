//! `replace`. Search Reference, replace.

use crate::column::Ty;
use crate::command::Command;
use crate::example;
use crate::fields::{FieldSet, Fields, wildcard_captures, wildcard_match};
use crate::parse::ArgReader;
use crate::plan::{Failed, Plan, PlanCx};
use crate::rowmap::{RowMap, Set, row_map};
use crate::spec::{CommandSpec, Kind, ParseCx, Support};
use crate::value::Val;
use davy_diag::{Span, Spanned};
use davy_spl::ast::{Args, Grammar};
use std::sync::Arc;

pub(super) static SPEC: CommandSpec = CommandSpec {
    name: "replace",
    aliases: &[],
    kind: Kind::Streaming,
    grammar: Grammar::General,
    syntax: "replace (<wildcard-string> WITH <wildcard-string>)... [IN <field-list>]",
    summary: "Replaces whole values: `*` stands for anything, and in the new value for what it stood for. Without IN, in all fields but the internal ones.",
    examples: &[
        example!("| makeresults | eval host=\"127.0.0.1\" | replace 127.0.0.1 WITH localhost IN host" => field "host" = "localhost"),
        example!("| makeresults | eval s=\"error web\" | replace \"error *\" WITH \"* failed\" IN s" => field "s" = "web failed"),
    ],
    source: "Search Reference, replace",
    support: Support::Full,
    parse,
};

#[derive(Debug, Clone)]
struct Rule {
    from: String,
    to: String,
}

#[derive(Debug)]
struct Replace {
    rules: Vec<Rule>,
    names: Vec<Spanned<String>>,
}

fn parse(args: &Args, cx: &mut ParseCx<'_>) -> Option<Box<dyn Command>> {
    let mut reader: ArgReader<'_> = cx.reader(args);
    let mut rules = Vec::new();
    let mut names = Vec::new();
    loop {
        reader.skip_commas();
        if !rules.is_empty() && reader.keyword("in") {
            names = reader.fields(&[]);
            if names.is_empty() {
                return cx.missing("a field after `IN`");
            }
            break;
        }
        let Some(from) = reader.field() else { break };
        // The place holds what follows too, which makes no sense on its own.
        let place = reader.peek().map_or(from.span, |next| from.span.to(next.span.0));
        if !reader.keyword("with") {
            return cx.bad(place, format!("`WITH` and a new value must follow `{}`", from.value));
        }
        let Some(to) = reader.field() else {
            return cx.bad(place, "a new value must follow `WITH`");
        };
        let stars = |s: &str| s.matches('*').count();
        if stars(&to.value) > 0 && stars(&from.value) != stars(&to.value) {
            return cx.bad(to.span, "both values need the same number of stars");
        }
        rules.push(Rule { from: from.value, to: to.value });
    }
    if let Some(extra) = reader.peek() {
        return cx.bad(extra.span.0, "a value and `WITH` are needed here");
    }
    if rules.is_empty() {
        return cx.missing("a value, `WITH` and a new value");
    }
    Some(Box::new(Replace { rules, names }))
}

impl Replace {
    fn wild(&self) -> bool {
        self.names.is_empty() || self.names.iter().any(|n| n.value.contains('*'))
    }

    fn fits(&self, name: &str) -> bool {
        match self.names.is_empty() {
            true => !name.starts_with('_'),
            false => self.names.iter().any(|n| wildcard_match(&n.value, name)),
        }
    }
}

impl Command for Replace {
    fn needs(&self, out: &FieldSet) -> FieldSet {
        match out.all {
            true => {
                let plain = self.names.iter().map(|n| n.value.clone());
                out.clone().with(plain.filter(|n| !n.contains('*')))
            }
            false => out.clone(),
        }
    }

    fn fields(&self, input: &Fields) -> Fields {
        input.clone()
    }

    fn reads(&self) -> Vec<(String, Span)> {
        self.names.iter().map(|n| (n.value.clone(), n.span)).collect()
    }

    fn makes_rows(&self) -> bool {
        false
    }

    fn plan(&self, input: Plan, cx: &PlanCx<'_>) -> Result<Plan, Failed> {
        let input = if input.open() && self.wild() { cx.close(input)? } else { input };
        let names: Vec<String> = input.names().into_iter().filter(|n| self.fits(n)).collect();
        let sets = names.iter().map(|n| Set::keep(n, Ty::Text)).collect();
        // What was written later counts first, and a pattern with more in it before one with less.
        let mut rules = self.rules.clone();
        rules.reverse();
        rules.sort_by_key(|r| {
            let wild = r.from.contains('*');
            (wild, if wild { usize::MAX - r.from.len() } else { 0 })
        });
        row_map(input, names, sets, Arc::new(Values { rules }))
    }
}

#[derive(Debug)]
struct Values {
    rules: Vec<Rule>,
}

impl Values {
    fn replaced(&self, value: &str) -> Option<String> {
        self.rules.iter().find_map(|rule| {
            let parts = wildcard_captures(&rule.from, value)?;
            Some(crate::aggs::fill(&rule.to, &parts))
        })
    }
}

impl RowMap for Values {
    fn name(&self) -> &'static str {
        "replace"
    }

    fn map(&self, args: &[Val<'_>], out: &mut [Option<Val<'static>>]) -> Result<(), String> {
        for (value, slot) in args.iter().zip(out) {
            let values = value.values();
            let new: Vec<Option<String>> = values.iter().map(|v| self.replaced(v)).collect();
            if new.iter().all(Option::is_none) {
                continue;
            }
            let texts: Vec<String> = new
                .into_iter()
                .zip(&values)
                .map(|(new, old)| new.unwrap_or_else(|| old.to_string()))
                .collect();
            *slot = Some(Val::multi(&texts));
        }
        Ok(())
    }
}
