//! `spath`. Search Reference, spath.

use crate::column::Ty;
use crate::command::Command;
use crate::example;
use crate::extract::{Extractor, Found, extracted};
use crate::fields::{FieldSet, Fields};
use crate::plan::{Failed, Plan, PlanCx};
use crate::rowmap::{RowMap, Set, row_map};
use crate::spec::{CommandSpec, Kind, ParseCx, Support};
use crate::structured::{self, Path};
use crate::value::Val;
use davy_diag::{Span, Spanned};
use davy_spl::ast::{Args, Grammar};
use std::sync::Arc;

pub(super) static SPEC: CommandSpec = CommandSpec {
    name: "spath",
    aliases: &[],
    kind: Kind::Streaming,
    grammar: Grammar::General,
    syntax: "spath [input=<field>] [output=<field>] [path=<path> | <path>]",
    summary: "Reads JSON or XML: the value at a path such as `a.b{0}.c{}` or `a.b{@id}`, or without a path a field for each value in the first 5,000 characters.",
    examples: &[
        example!("| makeresults | eval _raw=\"{\\\"user\\\":{\\\"name\\\":\\\"ann\\\",\\\"ids\\\":[1,2]}}\" | spath | table user.name user.ids{}" => table "user.name,user.ids{}\nann,1|2"),
        example!("| makeresults | eval j=\"{\\\"a\\\":[{\\\"b\\\":1},{\\\"b\\\":2}]}\" | spath input=j output=b path=a{}.b" => field "b" = "1|2"),
        example!("| makeresults | eval x=\"<a><b id='7'>t</b></a>\" | spath input=x path=a.b{@id}" => field "a.b{@id}" = "7"),
    ],
    source: "Search Reference, spath",
    support: Support::Full,
    parse,
};

/// `[spath] extraction_cutoff` of `limits.conf` as it is shipped.
const CUTOFF: usize = 5_000;

#[derive(Debug)]
struct SPath {
    input: Spanned<String>,
    /// The path and the field it is put into.
    path: Option<(String, String)>,
}

fn parse(args: &Args, cx: &mut ParseCx<'_>) -> Option<Box<dyn Command>> {
    let (options, left) = cx.reader(args).options(&["input", "output", "path"], cx);
    let raw = || Spanned::new("_raw".to_owned(), cx.stage.name.span);
    let input = options.text("input").unwrap_or_else(raw);
    let mut paths: Vec<Spanned<String>> = options.text("path").into_iter().collect();
    paths.extend(cx.field_list(&left)?);
    if let Some(extra) = paths.get(1) {
        return cx.bad(extra.span, "`spath` takes one path");
    }
    let output = options.text("output");
    let path = match (paths.pop(), output) {
        (Some(path), output) => {
            let to = output.map_or_else(|| path.value.clone(), |o| o.value);
            Some((path.value, to))
        }
        (None, Some(output)) => {
            return cx.bad(output.span, "`output` needs a path: `path=a.b`");
        }
        (None, None) => None,
    };
    Some(Box::new(SPath { input, path }))
}

impl Command for SPath {
    fn needs(&self, out: &FieldSet) -> FieldSet {
        let reads = std::slice::from_ref(&self.input.value);
        match &self.path {
            Some((_, to)) => out.before_keeping(std::slice::from_ref(to), reads),
            None => out.clone().with(reads.iter().cloned()),
        }
    }

    fn fields(&self, input: &Fields) -> Fields {
        let mut fields = input.clone();
        match &self.path {
            Some((_, to)) => fields.add(to),
            None => fields.open = true,
        }
        fields
    }

    fn reads(&self) -> Vec<(String, Span)> {
        match self.input.value.as_str() {
            "_raw" => Vec::new(),
            _ => vec![(self.input.value.clone(), self.input.span)],
        }
    }

    fn makes_rows(&self) -> bool {
        false
    }

    fn plan(&self, input: Plan, cx: &PlanCx<'_>) -> Result<Plan, Failed> {
        let from = &self.input.value;
        match &self.path {
            None => extracted(input, from, Arc::new(Auto), cx),
            Some(_) if !input.has_column(from) => Ok(input),
            Some((path, to)) => {
                let sets = vec![Set::keep(to, Ty::Text)];
                row_map(input, vec![from.clone()], sets, Arc::new(At { path: Path::new(path) }))
            }
        }
    }
}

#[derive(Debug)]
struct Auto;

impl Extractor for Auto {
    fn name(&self) -> &'static str {
        "spath"
    }

    fn extract(&self, text: &str, found: &mut Found) {
        let cut = text.char_indices().nth(CUTOFF).map(|(at, _)| at);
        structured::all(text, cut, found);
    }
}

#[derive(Debug)]
struct At {
    path: Path,
}

impl RowMap for At {
    fn name(&self) -> &'static str {
        "spath"
    }

    fn map(&self, args: &[Val<'_>], out: &mut [Option<Val<'static>>]) -> Result<(), String> {
        let (Some(value), Some(slot)) = (args.first(), out.first_mut()) else { return Ok(()) };
        let mut found = Vec::new();
        for text in value.values() {
            found.extend(self.path.find(&text));
        }
        if !found.is_empty() {
            *slot = Some(Val::multi(&found));
        }
        Ok(())
    }
}
