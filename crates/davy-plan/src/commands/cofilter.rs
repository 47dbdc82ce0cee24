//! `cofilter`. Search Reference, cofilter.

use super::overrows::{Over, OverRows};
use crate::command::{Command, Order};
use crate::example;
use crate::fields::{FieldSet, Fields};
use crate::parse::ArgReader;
use crate::plan::{Failed, PlanCx, Rows};
use crate::spec::{CommandSpec, Kind, ParseCx, Support};
use crate::value::Val;
use davy_diag::{Span, Spanned};
use davy_spl::ast::{Args, Grammar};
use std::collections::{BTreeSet, HashMap};

pub(super) static SPEC: CommandSpec = CommandSpec {
    name: "cofilter",
    aliases: &[],
    kind: Kind::Transforming,
    grammar: Grammar::General,
    syntax: "cofilter <field1> <field2>",
    summary: "For each two values of the second field, in the order in which they come: how many values of the first come with each, and with both.",
    examples: &[
        example!("| makeresults format=csv data=\"user,item\nann,a\nann,b\nbob,a\nbob,b\ncid,a\" | cofilter user item" => table "Item 1,Item 1 user count,Item 2,Item 2 user count,Pair count\na,3,b,2,2"),
    ],
    source: "Search Reference, cofilter",
    support: Support::Full,
    parse,
};

#[derive(Debug)]
struct CoFilter {
    user: Spanned<String>,
    item: Spanned<String>,
}

fn parse(args: &Args, cx: &mut ParseCx<'_>) -> Option<Box<dyn Command>> {
    let mut reader: ArgReader<'_> = cx.reader(args);
    let fields = reader.fields(&[]);
    let [user, item] = fields.as_slice() else {
        return cx.missing("two fields");
    };
    if let Some(extra) = reader.peek() {
        return cx.bad(extra.span.0, "`cofilter` takes two fields");
    }
    Some(Box::new(Over(CoFilter { user: user.clone(), item: item.clone() })))
}

impl CoFilter {
    fn names(&self) -> [String; 5] {
        let user = &self.user.value;
        [
            "Item 1".to_owned(),
            format!("Item 1 {user} count"),
            "Item 2".to_owned(),
            format!("Item 2 {user} count"),
            "Pair count".to_owned(),
        ]
    }
}

impl OverRows for CoFilter {
    fn needs(&self, _: &FieldSet) -> FieldSet {
        FieldSet::of([self.user.value.clone(), self.item.value.clone()])
    }

    fn fields(&self, _: &Fields) -> Fields {
        Fields::of(self.names())
    }

    fn reads(&self) -> Vec<(String, Span)> {
        [&self.user, &self.item].map(|f| (f.value.clone(), f.span)).to_vec()
    }

    fn order(&self) -> Order {
        Order::Makes
    }

    fn run(&self, rows: Rows, _: &PlanCx<'_>) -> Result<Rows, Failed> {
        let at = [rows.column(&self.user.value), rows.column(&self.item.value)];
        // In the order of the rows, as the page's example shows them.
        let mut items: Vec<(String, BTreeSet<String>)> = Vec::new();
        let mut places: HashMap<String, usize> = HashMap::new();
        for row in &rows.rows {
            let [user, item] =
                at.map(|i| i.and_then(|i| row.get(i)).map(Val::values).unwrap_or_default());
            for item in &item {
                let place = *places.entry(item.to_string()).or_insert_with(|| {
                    items.push((item.to_string(), BTreeSet::new()));
                    items.len() - 1
                });
                if let Some((_, list)) = items.get_mut(place) {
                    list.extend(user.iter().map(|u| u.to_string()));
                }
            }
        }
        let mut out = Rows { names: self.names().to_vec(), rows: Vec::new() };
        for (i, (first, a)) in items.iter().enumerate() {
            for (second, b) in items.iter().skip(i + 1) {
                let both = a.intersection(b).count();
                if both > 0 {
                    out.rows.push(vec![
                        Val::str(first.clone()),
                        Val::Num(a.len() as f64),
                        Val::str(second.clone()),
                        Val::Num(b.len() as f64),
                        Val::Num(both as f64),
                    ]);
                }
            }
        }
        Ok(out)
    }
}
