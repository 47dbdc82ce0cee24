//! `tojson`. Search Reference, tojson.

use crate::column::Ty;
use crate::command::Command;
use crate::example;
use crate::fields::{FieldSet, Fields, wildcard_match};
use crate::json::Json;
use crate::parse::{arg_call, arg_text};
use crate::plan::{Failed, Plan, PlanCx};
use crate::rowmap::{RowMap, Set, row_map};
use crate::spec::{CommandSpec, Kind, ParseCx, Support};
use crate::value::{Val, fmt_num, parse_num};
use davy_diag::{Span, Spanned};
use davy_spl::ast::{ArgKind, Args, Grammar};
use std::sync::Arc;

pub(super) static SPEC: CommandSpec = CommandSpec {
    name: "tojson",
    aliases: &[],
    kind: Kind::Streaming,
    grammar: Grammar::General,
    syntax: "tojson [auto|bool|json|none|num|str(<wildcard-field>)]... [default_type=<type>] [fill_null=<bool>] [include_internal=<bool>] [output_field=<field>]",
    summary: "Writes the fields of a row as a JSON object into `_raw` or another field. Several values become an array.",
    examples: &[
        example!("| makeresults | eval a=1, b=\"x\" | tojson output_field=j" => field "j" = "{\"a\":1,\"b\":\"x\"}"),
        example!("| makeresults | eval a=\"1\", b=\"true\" | tojson num(a) bool(b) output_field=j" => field "j" = "{\"a\":1,\"b\":true}"),
    ],
    source: "Search Reference, tojson",
    support: Support::Full,
    parse,
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Type {
    Auto,
    Bool,
    Json,
    None,
    Num,
    Str,
}

#[derive(Debug)]
struct ToJson {
    rules: Vec<(Option<Type>, Spanned<String>)>,
    default: Type,
    fill: bool,
    internal: bool,
    to: String,
}

fn named(name: &str) -> Option<Type> {
    Some(match name.to_ascii_lowercase().as_str() {
        "auto" => Type::Auto,
        "bool" => Type::Bool,
        "json" => Type::Json,
        "none" => Type::None,
        "num" => Type::Num,
        "str" => Type::Str,
        _ => return None,
    })
}

fn parse(args: &Args, cx: &mut ParseCx<'_>) -> Option<Box<dyn Command>> {
    let names = ["default_type", "fill_null", "include_internal", "output_field"];
    let (options, left) = cx.reader(args).options(&names, cx);
    let types = ["auto", "bool", "json", "none", "num", "str"];
    let default = options.one_of("default_type", &types, cx).and_then(named).unwrap_or(Type::None);
    let mut rules = Vec::new();
    for arg in &left {
        if let Some((name, items)) = arg_call(arg) {
            let Some(ty) = named(&name.value) else {
                return cx.bad(name.span, format!("types are {}", types.join(", ")));
            };
            rules.extend(items.into_iter().map(|item| (Some(ty), item)));
        } else if let Some(text) = arg_text(arg) {
            rules.push((None, Spanned::new(text, arg.span.0)));
        } else if !matches!(arg.kind, ArgKind::Comma) {
            return cx.bad(arg.span.0, "a field or `type(field)` is needed here");
        }
    }
    Some(Box::new(ToJson {
        rules,
        default,
        fill: options.flag("fill_null", false, cx),
        internal: options.flag("include_internal", false, cx),
        to: options.text("output_field").map_or_else(|| "_raw".to_owned(), |o| o.value),
    }))
}

impl ToJson {
    fn wild(&self) -> bool {
        self.rules.is_empty() || self.rules.iter().any(|(_, n)| n.value.contains('*'))
    }

    /// How the field is written; `None` when it is not.
    fn type_of(&self, name: &str) -> Option<Type> {
        let internal = name.starts_with('_') && !self.internal;
        if self.rules.is_empty() {
            return (!internal && name != self.to).then_some(self.default);
        }
        // The name itself counts before a pattern.
        let exact = self.rules.iter().find(|(_, n)| n.value == name);
        let fits = |n: &str| n.contains('*') && wildcard_match(n, name) && !internal;
        let rule = exact.or_else(|| self.rules.iter().find(|(_, n)| fits(&n.value)));
        rule.map(|(ty, _)| ty.unwrap_or(self.default))
    }
}

impl Command for ToJson {
    fn needs(&self, out: &FieldSet) -> FieldSet {
        let plain: Vec<String> = self.rules.iter().map(|(_, n)| n.value.clone()).collect();
        let plain: Vec<String> = plain.into_iter().filter(|n| !n.contains('*')).collect();
        let mut needs = out.before(std::slice::from_ref(&self.to), &plain);
        needs.all |= self.wild() && out.wants(&self.to);
        needs
    }

    fn fields(&self, input: &Fields) -> Fields {
        let mut fields = input.clone();
        fields.add(&self.to);
        fields
    }

    fn reads(&self) -> Vec<(String, Span)> {
        self.rules.iter().map(|(_, n)| (n.value.clone(), n.span)).collect()
    }

    fn plan(&self, input: Plan, cx: &PlanCx<'_>) -> Result<Plan, Failed> {
        let input = if input.open() && self.wild() { cx.close(input)? } else { input };
        let fields: Vec<(String, Type)> = input
            .names()
            .into_iter()
            .filter_map(|n| Some((n.clone(), self.type_of(&n)?)))
            .collect();
        let reads = fields.iter().map(|(n, _)| n.clone()).collect();
        let map = Objects { fields, fill: self.fill };
        row_map(input, reads, vec![Set::new(&self.to, Ty::Text)], Arc::new(map))
    }
}

#[derive(Debug)]
struct Objects {
    fields: Vec<(String, Type)>,
    fill: bool,
}

impl RowMap for Objects {
    fn name(&self) -> &'static str {
        "tojson"
    }

    fn map(&self, args: &[Val<'_>], out: &mut [Option<Val<'static>>]) -> Result<(), String> {
        let mut members = Vec::new();
        for ((name, ty), value) in self.fields.iter().zip(args) {
            match json(*ty, value) {
                Some(json) => members.push((name.clone(), json)),
                None if self.fill => members.push((name.clone(), Json::Null)),
                None => {}
            }
        }
        if let Some(slot) = out.first_mut() {
            *slot = Some(Val::str(Json::Object(members).to_string()));
        }
        Ok(())
    }
}

/// The value as JSON; `None` when it cannot be of that type.
fn json(ty: Type, value: &Val<'_>) -> Option<Json> {
    if value.is_multi() {
        let items: Vec<Json> =
            value.values().iter().filter_map(|t| one(ty, &Val::str(t.as_ref()))).collect();
        return Some(Json::Array(items));
    }
    one(ty, value)
}

fn one(ty: Type, value: &Val<'_>) -> Option<Json> {
    let text = value.text()?.into_owned();
    let number = |n: f64| Json::Num(fmt_num(n));
    Some(match ty {
        Type::Str => Json::Str(text),
        Type::None => match value {
            Val::Num(n) => number(*n),
            _ => Json::Str(text),
        },
        Type::Num => number(value.num()?),
        Type::Bool => Json::Bool(truth(&text)?),
        Type::Json => Json::parse(&text)?,
        Type::Auto => match (parse_num(&text), Json::parse(&text)) {
            (Some(_), Some(Json::Num(written))) => Json::Num(written),
            (Some(n), _) => number(n),
            (
                None,
                Some(json @ (Json::Bool(_) | Json::Null | Json::Array(_) | Json::Object(_))),
            ) => json,
            _ => Json::Str(text),
        },
    })
}

fn truth(text: &str) -> Option<bool> {
    match parse_num(text) {
        Some(n) => Some(n != 0.0),
        None => crate::parse::parse_bool(text),
    }
}
