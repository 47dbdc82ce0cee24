//! `contingency`. Search Reference, contingency.

use super::overrows::{Over, OverRows};
use crate::command::{Command, Order};
use crate::example;
use crate::fields::{FieldSet, Fields};
use crate::parse::ArgReader;
use crate::plan::{Failed, PlanCx, Rows};
use crate::spec::{CommandSpec, Kind, ParseCx, Support};
use crate::value::Val;
use davy_diag::{Span, Spanned};
use davy_spl::ast::{Arg, Args, Grammar};
use std::collections::HashMap;

pub(super) static SPEC: CommandSpec = CommandSpec {
    name: "contingency",
    aliases: &["counttable", "ctable"],
    kind: Kind::Barrier,
    grammar: Grammar::General,
    syntax: "contingency [maxrows=<N>] [maxcols=<N>] [minrowcover=<number>] [mincolcover=<number>] [usetotal=<bool>] [totalstr=<string>] <field1> <field2>",
    summary: "How often each value of one field comes with each value of another: a table with the most frequent values first, and totals.",
    examples: &[
        example!("| makeresults format=csv data=\"a,b\nx,p\nx,p\ny,p\ny,q\" | contingency a b" => table "a,p,q,TOTAL\nx,2,0,2\ny,1,1,2\nTOTAL,3,1,4"),
        example!("| makeresults format=csv data=\"a,b\nx,p\nx,p\ny,p\" | contingency usetotal=f a b" => table "a,p\nx,2\ny,1"),
    ],
    source: "Search Reference, contingency",
    support: Support::Full,
    parse,
};

#[derive(Debug)]
struct Contingency {
    row: Spanned<String>,
    column: Spanned<String>,
    max: [usize; 2],
    cover: [f64; 2],
    total: Option<String>,
}

fn parse(args: &Args, cx: &mut ParseCx<'_>) -> Option<Box<dyn Command>> {
    let names = ["maxrows", "maxcols", "minrowcover", "mincolcover", "usetotal", "totalstr"];
    let (options, left) = cx.reader(args).options(&names, cx);
    let mut most = |name: &str| match options.count(name, cx).unwrap_or(1000) {
        0 => 1000,
        n => n,
    };
    let max = [most("maxrows"), most("maxcols")];
    let mut cover = [1.0, 1.0];
    for (name, slot) in ["minrowcover", "mincolcover"].into_iter().zip(&mut cover) {
        if let Some(n) = options.number(name, cx) {
            if !(0.0..=1.0).contains(&n) {
                return cx.bad(cx.span(), format!("`{name}` is a share from 0 to 1"));
            }
            *slot = n;
        }
    }
    let total = options
        .flag("usetotal", true, cx)
        .then(|| options.text("totalstr").map_or_else(|| "TOTAL".to_owned(), |t| t.value));
    let left: Vec<Arg> = left.into_iter().cloned().collect();
    let mut reader = ArgReader::of(&left);
    let fields = reader.fields(&[]);
    let [row, column] = fields.as_slice() else {
        return cx.missing("two fields");
    };
    let (row, column) = (row.clone(), column.clone());
    Some(Box::new(Over(Contingency { row, column, max, cover, total })))
}

impl OverRows for Contingency {
    fn needs(&self, _: &FieldSet) -> FieldSet {
        FieldSet::of([self.row.value.clone(), self.column.value.clone()])
    }

    fn fields(&self, _: &Fields) -> Fields {
        Fields { names: vec![self.row.value.clone()], open: true }
    }

    fn reads(&self) -> Vec<(String, Span)> {
        [&self.row, &self.column].map(|f| (f.value.clone(), f.span)).to_vec()
    }

    fn order(&self) -> Order {
        Order::Makes
    }

    fn run(&self, rows: Rows, cx: &PlanCx<'_>) -> Result<Rows, Failed> {
        let at = [rows.column(&self.row.value), rows.column(&self.column.value)];
        let mut cells: HashMap<[String; 2], f64> = HashMap::new();
        let mut totals: [HashMap<String, f64>; 2] = [HashMap::new(), HashMap::new()];
        for row in &rows.rows {
            cx.engine.go_on()?;
            let [a, b] =
                at.map(|i| i.and_then(|i| row.get(i)).map(Val::values).unwrap_or_default());
            for x in &a {
                for y in &b {
                    *cells.entry([x.to_string(), y.to_string()]).or_default() += 1.0;
                    *totals[0].entry(x.to_string()).or_default() += 1.0;
                    *totals[1].entry(y.to_string()).or_default() += 1.0;
                }
            }
        }
        let all: f64 = cells.values().sum();
        let mut kept: [Vec<(String, f64)>; 2] = [Vec::new(), Vec::new()];
        for (i, totals) in totals.into_iter().enumerate() {
            kept[i] = most_frequent(totals, self.max[i], self.cover[i] * all);
        }
        let mut out = Rows { names: vec![self.row.value.clone()], rows: Vec::new() };
        out.names.extend(kept[1].iter().map(|(name, _)| name.clone()));
        out.names.extend(self.total.clone());
        for (x, total) in &kept[0] {
            cx.engine.go_on()?;
            let mut line = vec![Val::str(x.clone())];
            let count = |y: &String| cells.get(&[x.clone(), y.clone()]).copied().unwrap_or(0.0);
            line.extend(kept[1].iter().map(|(y, _)| Val::Num(count(y))));
            if self.total.is_some() {
                line.push(Val::Num(*total));
            }
            out.rows.push(line);
        }
        if let Some(name) = &self.total {
            let mut line = vec![Val::str(name.clone())];
            line.extend(kept[1].iter().map(|(_, n)| Val::Num(*n)));
            line.push(Val::Num(all));
            out.rows.push(line);
        }
        Ok(out)
    }
}

/// The values by their frequency, until they cover enough or are too many.
fn most_frequent(totals: HashMap<String, f64>, max: usize, cover: f64) -> Vec<(String, f64)> {
    let mut list: Vec<(String, f64)> = totals.into_iter().collect();
    list.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    let mut covered = 0.0;
    let mut enough = 0;
    for (_, n) in &list {
        if covered >= cover {
            break;
        }
        covered += n;
        enough += 1;
    }
    list.truncate(enough.min(max));
    list
}
