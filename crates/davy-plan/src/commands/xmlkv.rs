//! `xmlkv`. Search Reference, xmlkv.

use crate::command::Command;
use crate::example;
use crate::extract::{Extractor, Found, extracted};
use crate::fields::{FieldSet, Fields};
use crate::markup::{self, TagKind};
use crate::plan::{Failed, Plan, PlanCx};
use crate::spec::{CommandSpec, Kind, ParseCx, Support};
use davy_diag::{Span, Spanned};
use davy_spl::ast::{Args, Grammar};
use std::sync::Arc;

pub(super) static SPEC: CommandSpec = CommandSpec {
    name: "xmlkv",
    aliases: &[],
    kind: Kind::Streaming,
    grammar: Grammar::General,
    syntax: "xmlkv [<field>] [maxinputs=<N>]",
    summary: "Makes a field of each XML element that holds only text: `<user>ann</user>` gives `user=ann`. Of several elements of one name the last counts.",
    examples: &[
        example!("| makeresults | eval x=\"<a><user>ann</user><id n='1'>7</id></a>\" | xmlkv x | table user id" => table "user,id\nann,7"),
    ],
    source: "Search Reference, xmlkv",
    support: Support::Full,
    parse,
};

#[derive(Debug)]
struct XmlKv {
    field: Spanned<String>,
}

fn parse(args: &Args, cx: &mut ParseCx<'_>) -> Option<Box<dyn Command>> {
    let (options, left) = cx.reader(args).options(&["maxinputs", "field"], cx);
    // How many rows are handled at a time changes nothing in the result.
    options.count("maxinputs", cx);
    let mut names = cx.field_list(&left)?;
    names.extend(options.text("field"));
    if let Some(extra) = names.get(1) {
        return cx.bad(extra.span, "`xmlkv` reads one field");
    }
    let raw = || Spanned::new("_raw".to_owned(), cx.stage.name.span);
    Some(Box::new(XmlKv { field: names.pop().unwrap_or_else(raw) }))
}

impl Command for XmlKv {
    fn needs(&self, out: &FieldSet) -> FieldSet {
        out.clone().with([self.field.value.clone()])
    }

    fn fields(&self, input: &Fields) -> Fields {
        Fields { names: input.names.clone(), open: true }
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
        extracted(input, &self.field.value, Arc::new(Elements), cx)
    }
}

#[derive(Debug)]
struct Elements;

impl Extractor for Elements {
    fn name(&self) -> &'static str {
        "xmlkv"
    }

    fn extract(&self, text: &str, found: &mut Found) {
        // Windows puts XML into the message of an event with its signs escaped.
        let escaped = markup::next_tag(text, 0).is_none() && text.contains("&lt;");
        match escaped {
            true => elements(&markup::unescape(text), found),
            false => elements(text, found),
        }
    }
}

/// Every element with nothing but text in it.
fn elements(text: &str, found: &mut Found) {
    let mut open: Option<(&str, usize)> = None;
    let mut at = 0;
    while let Some(tag) = markup::next_tag(text, at) {
        at = tag.end;
        match tag.kind {
            TagKind::Open => open = Some((tag.name, tag.end)),
            TagKind::Close => {
                if let Some((name, from)) = open.take()
                    && name == tag.name
                    && let Some(value) = text.get(from..tag.start).filter(|v| !v.is_empty())
                {
                    found.put(name, &markup::unescape(value));
                }
            }
            TagKind::Empty | TagKind::Other => open = None,
        }
    }
}
