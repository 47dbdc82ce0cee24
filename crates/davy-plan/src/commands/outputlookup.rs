//! `outputlookup`. Search Reference, outputlookup.

use super::overrows::{Over, OverRows};
use crate::codes;
use crate::command::Command;
use crate::fields::Fields;
use crate::knowledge::WriteLookup;
use crate::parse::arg_text;
use crate::plan::{Failed, PlanCx, Rows};
use crate::spec::{CommandSpec, Kind, ParseCx, Support};
use crate::value::Val;
use davy_diag::Spanned;
use davy_spl::ast::{Args, Grammar};

pub(super) static SPEC: CommandSpec = CommandSpec {
    name: "outputlookup",
    aliases: &[],
    kind: Kind::Barrier,
    grammar: Grammar::General,
    syntax: "outputlookup [append=<bool>] [create_empty=<bool>] [override_if_empty=<bool>] [max=<N>] [key_field=<field>] [allow_updates=<bool>] [createinapp=<bool>] [create_context=<word>] [output_format=<word>] <table>",
    summary: "Writes the rows into a lookup table and passes them on.",
    // An example would need a table; tests/spl/lookup.md has cases with one.
    examples: &[],
    source: "Search Reference, outputlookup",
    support: Support::Full,
    parse,
};

#[derive(Debug)]
struct OutputLookup {
    table: Spanned<String>,
    how: WriteLookup,
    max: usize,
}

fn parse(args: &Args, cx: &mut ParseCx<'_>) -> Option<Box<dyn Command>> {
    let names = [
        "append",
        "create_empty",
        "override_if_empty",
        "max",
        "key_field",
        "allow_updates",
        "createinapp",
        "create_context",
        "output_format",
    ];
    let (options, left) = cx.reader(args).options(&names, cx);
    let key_field = options.text("key_field").map(|t| t.value);
    let format = options.text("output_format").map(|t| t.value);
    let how = WriteLookup {
        // "By default, append is set to true when the key_field is used".
        append: options.flag("append", key_field.is_some(), cx),
        key_field,
        keep_values: format.is_some_and(|f| f.eq_ignore_ascii_case("splunk_mv_csv")),
        create_empty: options.flag("create_empty", false, cx),
        override_if_empty: options.flag("override_if_empty", true, cx),
    };
    options.flag("allow_updates", true, cx);
    options.flag("createinapp", true, cx);
    let max = options.count("max", cx).unwrap_or(usize::MAX);
    let mut table = None;
    for arg in left {
        match arg_text(arg) {
            Some(name) if table.is_none() => table = Some(Spanned::new(name, arg.span.0)),
            _ => return cx.bad(arg.span.0, "the name of one lookup is needed here"),
        }
    }
    match table {
        Some(table) => Some(Box::new(Over(OutputLookup { table, how, max }))),
        None => cx.missing("the name of a lookup"),
    }
}

impl OverRows for OutputLookup {
    fn fields(&self, input: &Fields) -> Fields {
        input.clone()
    }

    fn run(&self, rows: Rows, cx: &PlanCx<'_>) -> Result<Rows, Failed> {
        // Hidden fields of Splunk's own are not written.
        let keep: Vec<usize> = (0..rows.names.len())
            .filter(|at| {
                let name = rows.names.get(*at).map_or("", String::as_str);
                !name.starts_with('_') || name == "_time" || name == "_key"
            })
            .collect();
        let written = Rows {
            names: keep.iter().filter_map(|at| rows.names.get(*at).cloned()).collect(),
            rows: rows
                .rows
                .iter()
                .take(self.max)
                .map(|row| {
                    keep.iter().map(|at| row.get(*at).cloned().unwrap_or(Val::Null)).collect()
                })
                .collect(),
        };
        match cx.engine.knowledge().write_lookup(&self.table.value, &written, &self.how) {
            Ok(()) => Ok(rows),
            Err(why) => Err(codes::REFUSED
                .at(self.table.span, format!("the lookup was not written: {why}"))
                .help("leave `outputlookup` out and save the result of the search")
                .into()),
        }
    }
}
