//! `return`. Search Reference, return.

use super::format::term;
use super::overrows::{Over, OverRows};
use crate::command::Command;
use crate::example;
use crate::fields::{FieldSet, Fields};
use crate::parse::arg_text;
use crate::plan::{Failed, PlanCx, Rows};
use crate::spec::{CommandSpec, Kind, ParseCx, Support};
use crate::value::Val;
use davy_diag::Span;
use davy_spl::ast::{ArgKind, Args, Grammar};

pub(super) static SPEC: CommandSpec = CommandSpec {
    name: "return",
    aliases: &[],
    kind: Kind::Barrier,
    grammar: Grammar::General,
    syntax: "return [<N>] [<alias>=<field>]... [<field>]... [$<field>]...",
    summary: "Gives the values of the first row (or the first N) of a search in brackets to the search around it: `field=\"value\"`, or with `$field` the value alone.",
    examples: &[
        example!("| makeresults | eval a=1 | return a" => field "search" = "a=\"1\""),
        example!("| makeresults | eval a=1 | return $a" => field "search" = "1"),
        example!("| makeresults count=2 | streamstats count AS n | return 2 x=n" => field "search" = "(x=\"1\") OR (x=\"2\")"),
    ],
    source: "Search Reference, return",
    support: Support::Full,
    parse,
};

#[derive(Debug)]
struct Return {
    count: usize,
    items: Vec<Item>,
}

#[derive(Debug)]
struct Item {
    /// `None`: the value alone.
    shown: Option<String>,
    field: String,
    span: Span,
}

fn parse(args: &Args, cx: &mut ParseCx<'_>) -> Option<Box<dyn Command>> {
    let Args::General(list) = args else { return None };
    let mut count = 1;
    let mut items = Vec::new();
    for (i, arg) in list.iter().enumerate() {
        let span = arg.span.0;
        match &arg.kind {
            ArgKind::Comma => {}
            ArgKind::Option { key, not: false, value } => {
                let Some(field) = arg_text(value) else {
                    return cx.bad(span, "a field is needed after `=`");
                };
                items.push(Item { shown: Some(key.value.clone()), field, span });
            }
            ArgKind::Word(word) => match (word.parse::<usize>(), word.strip_prefix('$')) {
                (Ok(n), _) if i == 0 => count = n,
                (_, Some(field)) => {
                    items.push(Item { shown: None, field: field.to_owned(), span });
                }
                _ => items.push(Item { shown: Some(word.clone()), field: word.clone(), span }),
            },
            ArgKind::Quoted(word) | ArgKind::FieldQuoted(word) => {
                items.push(Item { shown: Some(word.clone()), field: word.clone(), span });
            }
            _ => return cx.bad(span, "a field is needed here"),
        }
    }
    if items.is_empty() {
        return cx.missing("a field");
    }
    Some(Box::new(Over(Return { count, items })))
}

impl OverRows for Return {
    fn needs(&self, _: &FieldSet) -> FieldSet {
        FieldSet::of(self.items.iter().map(|i| i.field.clone()))
    }

    fn fields(&self, _: &Fields) -> Fields {
        Fields::of(["search"])
    }

    fn reads(&self) -> Vec<(String, Span)> {
        self.items.iter().map(|i| (i.field.clone(), i.span)).collect()
    }

    fn run(&self, rows: Rows, _: &PlanCx<'_>) -> Result<Rows, Failed> {
        let columns: Vec<Option<usize>> =
            self.items.iter().map(|i| rows.column(&i.field)).collect();
        let mut parts = Vec::new();
        for row in rows.rows.iter().take(self.count) {
            let mut words = Vec::new();
            for (item, column) in self.items.iter().zip(&columns) {
                let values = column.and_then(|c| row.get(c)).map(Val::values).unwrap_or_default();
                let Some(value) = values.first() else { continue };
                words.push(match &item.shown {
                    Some(name) => term(name, value),
                    None => value.to_string(),
                });
            }
            if !words.is_empty() {
                parts.push(words.join(" "));
            }
        }
        let text = match parts.as_slice() {
            [one] if self.count == 1 => one.clone(),
            parts => parts.iter().map(|p| format!("({p})")).collect::<Vec<_>>().join(" OR "),
        };
        let value = if text.is_empty() { Val::Null } else { Val::str(text) };
        Ok(Rows { names: vec!["search".to_owned()], rows: vec![vec![value]] })
    }
}
