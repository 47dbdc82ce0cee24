//! `correlate`. Search Reference, correlate.

use super::overrows::{Over, OverRows};
use crate::command::Order;
use crate::example;
use crate::fields::Fields;
use crate::plan::{Failed, PlanCx, Rows};
use crate::spec::{CommandSpec, Kind, Support};
use crate::value::Val;
use davy_spl::ast::Grammar;

pub(super) static SPEC: CommandSpec = CommandSpec {
    name: "correlate",
    aliases: &[],
    kind: Kind::Barrier,
    grammar: Grammar::General,
    syntax: "correlate",
    summary: "How often two fields come together: of the rows that have either, the share that has both.",
    examples: &[
        example!("| makeresults format=csv data=\"a,b\n1,1\n1,\" | table a b | correlate" => table "RowField,a,b\na,1.00,0.50\nb,0.50,1.00"),
    ],
    source: "Search Reference, correlate",
    support: Support::Full,
    parse: |args, cx| {
        if let Some(extra) = cx.reader(args).peek() {
            return cx.bad(extra.span.0, "`correlate` takes no arguments");
        }
        Some(Box::new(Over(Correlate)))
    },
};

#[derive(Debug)]
struct Correlate;

impl OverRows for Correlate {
    fn fields(&self, _: &Fields) -> Fields {
        Fields { names: vec!["RowField".to_owned()], open: true }
    }

    fn order(&self) -> Order {
        Order::Makes
    }

    fn run(&self, rows: Rows, cx: &PlanCx<'_>) -> Result<Rows, Failed> {
        let mut columns: Vec<(&String, usize)> = rows
            .names
            .iter()
            .enumerate()
            .filter(|(_, n)| !n.starts_with('_'))
            .map(|(i, n)| (n, i))
            .collect();
        columns.sort();
        // Splunk takes no more fields than this (limits.conf, [correlate] maxfields).
        columns.truncate(1000);
        let has = |row: &Vec<Val<'static>>, at: usize| row.get(at).is_some_and(|v| !v.is_null());
        let mut out = Rows { names: vec!["RowField".to_owned()], rows: Vec::new() };
        out.names.extend(columns.iter().map(|(n, _)| (*n).clone()));
        for (name, a) in &columns {
            let mut line = vec![Val::str((*name).clone())];
            for (_, b) in &columns {
                cx.engine.go_on()?;
                let both = rows.rows.iter().filter(|r| has(r, *a) && has(r, *b)).count();
                let either = rows.rows.iter().filter(|r| has(r, *a) || has(r, *b)).count();
                let share = if either == 0 { 0.0 } else { both as f64 / either as f64 };
                line.push(Val::str(format!("{share:.2}")));
            }
            out.rows.push(line);
        }
        Ok(out)
    }
}
