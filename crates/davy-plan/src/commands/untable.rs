//! `untable`. Search Reference, untable.

use super::overrows::{Over, OverRows};
use crate::command::Command;
use crate::example;
use crate::fields::Fields;
use crate::parse::ArgReader;
use crate::plan::{Failed, PlanCx, Rows};
use crate::spec::{CommandSpec, Kind, ParseCx, Support};
use crate::value::Val;
use davy_diag::{Span, Spanned};
use davy_spl::ast::{Args, Grammar};

pub(super) static SPEC: CommandSpec = CommandSpec {
    name: "untable",
    aliases: &[],
    kind: Kind::Barrier,
    grammar: Grammar::General,
    syntax: "untable <x-field> <y-name-field> <y-data-field>",
    summary: "Turns a table into rows: one for each cell that is not empty, with the value of the first field, the name of the column and the cell. The opposite of `xyseries`.",
    examples: &[
        example!("| makeresults format=csv data=\"h,x,y\na,1,2\nb,3,\" | table h x y | untable h s c" => table "h,s,c\na,x,1\na,y,2\nb,x,3"),
    ],
    source: "Search Reference, untable",
    support: Support::Full,
    parse,
};

#[derive(Debug)]
struct Untable {
    x: Spanned<String>,
    name: String,
    data: String,
}

fn parse(args: &Args, cx: &mut ParseCx<'_>) -> Option<Box<dyn Command>> {
    let mut reader: ArgReader<'_> = cx.reader(args);
    let fields = reader.fields(&[]);
    if let Some(extra) = reader.peek() {
        return cx.bad(extra.span.0, "a field is needed here");
    }
    let [x, name, data] = fields.as_slice() else {
        return cx.missing("three fields: for the rows, for the names of columns, for the cells");
    };
    let (name, data) = (name.value.clone(), data.value.clone());
    Some(Box::new(Over(Untable { x: x.clone(), name, data })))
}

impl OverRows for Untable {
    fn fields(&self, _: &Fields) -> Fields {
        Fields::of([self.x.value.clone(), self.name.clone(), self.data.clone()])
    }

    fn reads(&self) -> Vec<(String, Span)> {
        vec![(self.x.value.clone(), self.x.span)]
    }

    fn run(&self, rows: Rows, _: &PlanCx<'_>) -> Result<Rows, Failed> {
        let names = vec![self.x.value.clone(), self.name.clone(), self.data.clone()];
        let mut out = Rows { names, rows: Vec::new() };
        let x = rows.column(&self.x.value);
        for row in &rows.rows {
            let at = x.and_then(|i| row.get(i)).cloned().unwrap_or(Val::Null);
            for (name, value) in rows.names.iter().zip(row) {
                if *name == self.x.value || name.starts_with('_') || value.is_null() {
                    continue;
                }
                out.rows.push(vec![at.clone(), Val::str(name.clone()), value.clone()]);
            }
        }
        Ok(out)
    }
}
