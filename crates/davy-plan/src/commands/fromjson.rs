//! `fromjson`. Search Reference, fromjson.

use crate::command::Command;
use crate::example;
use crate::extract::{Extractor, Found, extracted};
use crate::fields::{FieldSet, Fields};
use crate::json::Json;
use crate::plan::{Failed, Plan, PlanCx};
use crate::spec::{CommandSpec, Kind, ParseCx, Support};
use davy_diag::{Span, Spanned};
use davy_spl::ast::{Args, Grammar};
use std::sync::Arc;

pub(super) static SPEC: CommandSpec = CommandSpec {
    name: "fromjson",
    aliases: &[],
    kind: Kind::Streaming,
    grammar: Grammar::General,
    syntax: "fromjson <field> [prefix=<string>]",
    summary: "Makes a field of each member of a JSON object; an array becomes several values, an object in it stays JSON.",
    examples: &[
        example!("| makeresults | eval o=\"{\\\"name\\\":\\\"Albert\\\",\\\"age\\\":63}\" | fromjson o | table name age" => table "name,age\nAlbert,63"),
        example!("| makeresults | eval o=\"{\\\"age\\\":63}\" | fromjson o prefix=json_" => field "json_age" = "63"),
    ],
    source: "Search Reference, fromjson",
    support: Support::Full,
    parse,
};

#[derive(Debug)]
struct FromJson {
    field: Spanned<String>,
    prefix: String,
}

fn parse(args: &Args, cx: &mut ParseCx<'_>) -> Option<Box<dyn Command>> {
    let (options, left) = cx.reader(args).options(&["prefix"], cx);
    let prefix = options.text("prefix").map(|p| p.value).unwrap_or_default();
    let mut fields = cx.field_list(&left)?.into_iter();
    let Some(field) = fields.next() else { return cx.missing("a field") };
    if let Some(extra) = fields.next() {
        return cx.bad(extra.span, "`fromjson` reads one field");
    }
    Some(Box::new(FromJson { field, prefix }))
}

impl Command for FromJson {
    fn needs(&self, out: &FieldSet) -> FieldSet {
        out.clone().with([self.field.value.clone()])
    }

    fn fields(&self, input: &Fields) -> Fields {
        Fields { names: input.names.clone(), open: true }
    }

    fn reads(&self) -> Vec<(String, Span)> {
        vec![(self.field.value.clone(), self.field.span)]
    }

    fn plan(&self, input: Plan, cx: &PlanCx<'_>) -> Result<Plan, Failed> {
        let members = Members { prefix: self.prefix.clone() };
        extracted(input, &self.field.value, Arc::new(members), cx)
    }
}

#[derive(Debug)]
struct Members {
    prefix: String,
}

impl Extractor for Members {
    fn name(&self) -> &'static str {
        "fromjson"
    }

    fn extract(&self, text: &str, found: &mut Found) {
        let Some(Json::Object(members)) = Json::parse_nested(text) else { return };
        for (key, value) in &members {
            let name = format!("{}{key}", self.prefix);
            match value {
                Json::Null => {}
                Json::Array(items) => items.iter().for_each(|i| found.add(&name, &i.field_text())),
                other => found.add(&name, &other.field_text()),
            }
        }
    }
}
