//! `makemv`. Search Reference, makemv.

use crate::codes;
use crate::column::Ty;
use crate::command::Command;
use crate::example;
use crate::fields::{FieldSet, Fields};
use crate::pattern::Pattern;
use crate::plan::{Failed, Plan, PlanCx};
use crate::rowmap::{RowMap, Set, row_map};
use crate::spec::{CommandSpec, Kind, ParseCx, Support};
use crate::value::Val;
use davy_diag::{Span, Spanned};
use davy_spl::ast::{Args, Grammar};
use std::sync::Arc;

pub(super) static SPEC: CommandSpec = CommandSpec {
    name: "makemv",
    aliases: &[],
    kind: Kind::Streaming,
    grammar: Grammar::General,
    syntax: "makemv [delim=<string> | tokenizer=<regex>] [allowempty=<bool>] [setsv=<bool>] <field>",
    summary: "Splits a field into several values at a text (a space) or with a regular expression whose first group is a value. Empty values are left out unless `allowempty=t`.",
    examples: &[
        example!("| makeresults | eval v=\"a,b,,c\" | makemv delim=\",\" v" => field "v" = "a|b|c"),
        example!("| makeresults | eval v=\"a,b,,c\" | makemv delim=\",\" allowempty=t v" => field "v" = "a|b||c"),
        example!("| makeresults | eval v=\"a1b2\" | makemv tokenizer=\"([a-z]\\d)\" v" => field "v" = "a1|b2"),
    ],
    source: "Search Reference, makemv",
    support: Support::Full,
    parse,
};

#[derive(Debug)]
struct MakeMv {
    field: Spanned<String>,
    delim: String,
    tokenizer: Option<String>,
    allow_empty: bool,
    single: bool,
}

fn parse(args: &Args, cx: &mut ParseCx<'_>) -> Option<Box<dyn Command>> {
    let names = ["delim", "tokenizer", "allowempty", "setsv"];
    let (options, left) = cx.reader(args).options(&names, cx);
    let allow_empty = options.flag("allowempty", false, cx);
    let single = options.flag("setsv", false, cx);
    let tokenizer = options.text("tokenizer");
    if let Some(text) = &tokenizer {
        cx.pattern(text)?;
        let groups = Pattern::new(&text.value).map_or(0, |p| p.names().len());
        if groups < 2 {
            return cx.bad(text.span, "the regular expression needs a group: `([^,]+),?`");
        }
    }
    let delim = options.text("delim").map_or_else(|| " ".to_owned(), |d| escapes(&d.value));
    let mut fields = cx.field_list(&left)?.into_iter();
    let Some(field) = fields.next() else { return cx.missing("a field") };
    if let Some(extra) = fields.next() {
        return cx.bad(extra.span, "`makemv` takes one field");
    }
    let tokenizer = tokenizer.map(|t| t.value);
    Some(Box::new(MakeMv { field, delim, tokenizer, allow_empty, single }))
}

/// `\n` and `\t` in a delimiter are a newline and a tab.
fn escapes(text: &str) -> String {
    text.replace("\\n", "\n").replace("\\t", "\t").replace("\\r", "\r")
}

impl Command for MakeMv {
    fn needs(&self, out: &FieldSet) -> FieldSet {
        let field = std::slice::from_ref(&self.field.value);
        out.before(field, field)
    }

    fn fields(&self, input: &Fields) -> Fields {
        input.clone()
    }

    fn reads(&self) -> Vec<(String, Span)> {
        vec![(self.field.value.clone(), self.field.span)]
    }

    fn makes_rows(&self) -> bool {
        false
    }

    fn plan(&self, input: Plan, cx: &PlanCx<'_>) -> Result<Plan, Failed> {
        if !input.has_column(&self.field.value) {
            return Ok(input);
        }
        let how = match &self.tokenizer {
            Some(text) => Split::Pattern(
                Pattern::with_limit(text, cx.env.regex_limit)
                    .map_err(|why| codes::BAD_REGEX.at(cx.span, why))?,
            ),
            None => Split::Text(self.delim.clone()),
        };
        let map = Values { how, allow_empty: self.allow_empty, single: self.single };
        let name = self.field.value.clone();
        row_map(input, vec![name.clone()], vec![Set::new(name, Ty::Text)], Arc::new(map))
    }
}

#[derive(Debug)]
enum Split {
    Text(String),
    Pattern(Pattern),
}

#[derive(Debug)]
struct Values {
    how: Split,
    allow_empty: bool,
    single: bool,
}

impl RowMap for Values {
    fn name(&self) -> &'static str {
        "makemv"
    }

    fn map(&self, args: &[Val<'_>], out: &mut [Option<Val<'static>>]) -> Result<(), String> {
        let (Some(value), Some(slot)) = (args.first(), out.first_mut()) else { return Ok(()) };
        let mut values: Vec<String> = Vec::new();
        for text in value.values() {
            match &self.how {
                Split::Text(delim) if delim.is_empty() => values.push(text.into_owned()),
                Split::Text(delim) => values.extend(text.split(delim.as_str()).map(str::to_owned)),
                Split::Pattern(pattern) => {
                    for groups in pattern.matches(&text, 0)? {
                        let group = groups.get(1).copied().flatten();
                        let part = group.and_then(|(from, to)| text.get(from..to));
                        values.push(part.unwrap_or_default().to_owned());
                    }
                }
            }
        }
        if !self.allow_empty {
            values.retain(|v| !v.is_empty());
        }
        if self.single && !values.is_empty() {
            let between = match &self.how {
                Split::Text(delim) => delim,
                Split::Pattern(_) => " ",
            };
            values = vec![values.join(between)];
        }
        *slot = Some(Val::multi(&values));
        Ok(())
    }
}
