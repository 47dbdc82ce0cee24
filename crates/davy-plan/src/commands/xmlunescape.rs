//! `xmlunescape`. Search Reference, xmlunescape.

use crate::column::Ty;
use crate::command::Command;
use crate::example;
use crate::fields::{FieldSet, Fields};
use crate::markup::unescape;
use crate::plan::{Failed, Plan, PlanCx};
use crate::rowmap::{RowMap, Set, row_map};
use crate::spec::{CommandSpec, Kind, ParseCx, Support};
use crate::value::Val;
use davy_spl::ast::{Args, Grammar};
use std::sync::Arc;

pub(super) static SPEC: CommandSpec = CommandSpec {
    name: "xmlunescape",
    aliases: &[],
    kind: Kind::Streaming,
    grammar: Grammar::General,
    syntax: "xmlunescape [<field>] [maxinputs=<N>]",
    summary: "Replaces the entities of XML (`&lt;`, `&amp;`) in `_raw` or a field by their characters.",
    examples: &[
        example!("| makeresults | eval _raw=\"&lt;a&gt;\" | xmlunescape | table _raw" => table "_raw\n<a>"),
    ],
    source: "Search Reference, xmlunescape",
    support: Support::Full,
    parse,
};

#[derive(Debug)]
struct XmlUnescape {
    field: String,
}

fn parse(args: &Args, cx: &mut ParseCx<'_>) -> Option<Box<dyn Command>> {
    let (options, left) = cx.reader(args).options(&["maxinputs"], cx);
    options.count("maxinputs", cx);
    let field = cx.field_list(&left)?.into_iter().next();
    Some(Box::new(XmlUnescape { field: field.map_or_else(|| "_raw".to_owned(), |f| f.value) }))
}

impl Command for XmlUnescape {
    fn needs(&self, out: &FieldSet) -> FieldSet {
        if out.all { out.clone().with([self.field.clone()]) } else { out.clone() }
    }

    fn fields(&self, input: &Fields) -> Fields {
        input.clone()
    }

    fn plan(&self, input: Plan, _: &PlanCx<'_>) -> Result<Plan, Failed> {
        if input.column(&self.field).ty != Ty::Text {
            return Ok(input);
        }
        let sets = vec![Set::keep(&self.field, Ty::Text)];
        row_map(input, vec![self.field.clone()], sets, Arc::new(Unescape))
    }
}

#[derive(Debug)]
struct Unescape;

impl RowMap for Unescape {
    fn name(&self) -> &'static str {
        "xmlunescape"
    }

    fn map(&self, args: &[Val<'_>], out: &mut [Option<Val<'static>>]) -> Result<(), String> {
        if let (Some(Val::Str(text)), Some(slot)) = (args.first(), out.first_mut())
            && text.contains('&')
        {
            let values: Vec<String> =
                Val::str(text.as_ref()).values().iter().map(|t| clean(&unescape(t))).collect();
            *slot = Some(Val::multi(&values));
        }
        Ok(())
    }
}

/// An entity could forge a field of several values.
fn clean(text: &str) -> String {
    davy_events::mv::clean(std::borrow::Cow::Borrowed(text)).into_owned()
}
