//! `xpath`. Search Reference, xpath.

use crate::column::Ty;
use crate::command::Command;
use crate::example;
use crate::fields::{FieldSet, Fields};
use crate::plan::{Failed, Plan, PlanCx};
use crate::rowmap::{RowMap, Set, row_map};
use crate::spec::{CommandSpec, Kind, ParseCx, Support};
use crate::value::Val;
use crate::xpath::XPath;
use davy_diag::{Span, Spanned};
use davy_spl::ast::{Args, Grammar};
use std::sync::Arc;

pub(super) static SPEC: CommandSpec = CommandSpec {
    name: "xpath",
    aliases: &[],
    kind: Kind::Streaming,
    grammar: Grammar::General,
    syntax: "xpath [outfield=<field>] \"<xpath>\" [field=<field>] [default=<string>]",
    summary: "Puts what an XPath finds in the XML of `_raw` or a field into the field `xpath` or another.",
    examples: &[
        example!("| makeresults | eval _raw=\"<foo><bar nickname='spock'/></foo>\" | xpath outfield=name \"//bar/@nickname\" | table name" => table "name\nspock"),
    ],
    source: "Search Reference, xpath",
    support: Support::Full,
    parse,
};

#[derive(Debug)]
struct XPathCommand {
    field: Spanned<String>,
    to: String,
    path: XPath,
    default: Option<String>,
}

fn parse(args: &Args, cx: &mut ParseCx<'_>) -> Option<Box<dyn Command>> {
    let (options, left) = cx.reader(args).options(&["outfield", "field", "default"], cx);
    let raw = || Spanned::new("_raw".to_owned(), cx.stage.name.span);
    let field = options.text("field").unwrap_or_else(raw);
    let to = options.text("outfield").map_or_else(|| "xpath".to_owned(), |o| o.value);
    let mut paths = cx.field_list(&left)?.into_iter();
    let Some(text) = paths.next() else { return cx.missing("an XPath in quotes") };
    if let Some(extra) = paths.next() {
        return cx.bad(extra.span, "`xpath` takes one path, in quotes");
    }
    let path = match XPath::new(&text.value) {
        Ok(path) => path,
        Err(why) => return cx.bad(text.span, why),
    };
    let default = options.text("default").map(|d| d.value);
    Some(Box::new(XPathCommand { field, to, path, default }))
}

impl Command for XPathCommand {
    fn needs(&self, out: &FieldSet) -> FieldSet {
        out.before_keeping(std::slice::from_ref(&self.to), std::slice::from_ref(&self.field.value))
    }

    fn fields(&self, input: &Fields) -> Fields {
        let mut fields = input.clone();
        fields.add(&self.to);
        fields
    }

    fn reads(&self) -> Vec<(String, Span)> {
        match self.field.value.as_str() {
            "_raw" => Vec::new(),
            _ => vec![(self.field.value.clone(), self.field.span)],
        }
    }

    fn plan(&self, input: Plan, _: &PlanCx<'_>) -> Result<Plan, Failed> {
        let map = At { path: self.path.clone(), default: self.default.clone() };
        let reads = vec![self.field.value.clone()];
        row_map(input, reads, vec![Set::keep(&self.to, Ty::Text)], Arc::new(map))
    }
}

#[derive(Debug)]
struct At {
    path: XPath,
    default: Option<String>,
}

impl RowMap for At {
    fn name(&self) -> &'static str {
        "xpath"
    }

    fn map(&self, args: &[Val<'_>], out: &mut [Option<Val<'static>>]) -> Result<(), String> {
        let (Some(value), Some(slot)) = (args.first(), out.first_mut()) else { return Ok(()) };
        let mut found: Vec<String> = Vec::new();
        for text in value.values() {
            found.extend(self.path.find(&text));
        }
        *slot = match (found.is_empty(), &self.default) {
            (false, _) => {
                let clean =
                    |t: &String| davy_events::mv::clean(std::borrow::Cow::Borrowed(t)).into_owned();
                let found: Vec<String> = found.iter().map(clean).collect();
                Some(Val::multi(&found))
            }
            (true, Some(default)) => Some(Val::str(default.clone())),
            (true, None) => None,
        };
        Ok(())
    }
}
