//! `mvexpand`. Search Reference, mvexpand.

use crate::column::Ty;
use crate::command::Command;
use crate::example;
use crate::explode::explode;
use crate::fields::{FieldSet, Fields};
use crate::plan::{Failed, Plan, PlanCx};
use crate::rowmap::{RowMap, Set, row_map};
use crate::spec::{CommandSpec, Kind, ParseCx, Support};
use crate::value::Val;
use davy_diag::{Span, Spanned};
use davy_spl::ast::{Args, Grammar};
use std::sync::Arc;

pub(super) static SPEC: CommandSpec = CommandSpec {
    name: "mvexpand",
    aliases: &[],
    kind: Kind::Streaming,
    grammar: Grammar::General,
    syntax: "mvexpand <field> [limit=<N>]",
    summary: "Makes a row of each value of a field, at most `limit` (0: all) of them; the other fields are repeated.",
    examples: &[
        example!("| makeresults | eval v=\"a,b,c\" | makemv delim=\",\" v | mvexpand v | table v" => table "v\na\nb\nc"),
        example!("| makeresults | eval v=\"a,b,c\" | makemv delim=\",\" v | mvexpand v limit=2" => rows 2),
    ],
    source: "Search Reference, mvexpand",
    support: Support::Full,
    parse,
};

#[derive(Debug)]
struct MvExpand {
    field: Spanned<String>,
    limit: usize,
}

fn parse(args: &Args, cx: &mut ParseCx<'_>) -> Option<Box<dyn Command>> {
    let (options, left) = cx.reader(args).options(&["limit"], cx);
    let limit = options.count("limit", cx).unwrap_or(0);
    let mut fields = cx.field_list(&left)?.into_iter();
    let Some(field) = fields.next() else { return cx.missing("a field") };
    if let Some(extra) = fields.next() {
        return cx.bad(extra.span, "`mvexpand` takes one field");
    }
    Some(Box::new(MvExpand { field, limit }))
}

impl Command for MvExpand {
    fn needs(&self, out: &FieldSet) -> FieldSet {
        // Even when nobody reads the field, it says how many rows there are.
        out.clone().with([self.field.value.clone()])
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

    fn plan(&self, input: Plan, _: &PlanCx<'_>) -> Result<Plan, Failed> {
        let name = &self.field.value;
        if input.column(name).ty != Ty::Text {
            return Ok(input);
        }
        let input = match self.limit {
            0 => input,
            limit => {
                let map = Arc::new(First { limit });
                row_map(input, vec![name.clone()], vec![Set::keep(name, Ty::Text)], map)?
            }
        };
        explode(input, std::slice::from_ref(name))
    }
}

#[derive(Debug)]
struct First {
    limit: usize,
}

impl RowMap for First {
    fn name(&self) -> &'static str {
        "mvexpand"
    }

    fn map(&self, args: &[Val<'_>], out: &mut [Option<Val<'static>>]) -> Result<(), String> {
        let (Some(value), Some(slot)) = (args.first(), out.first_mut()) else { return Ok(()) };
        if value.is_multi() {
            let values = value.values();
            *slot = Some(Val::multi(values.get(..self.limit).unwrap_or(&values)));
        }
        Ok(())
    }
}
