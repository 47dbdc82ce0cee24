//! `selfjoin`. Search Reference, selfjoin.

use super::overrows::{Over, OverRows};
use crate::command::Command;
use crate::counted::Counted;
use crate::example;
use crate::fields::{FieldSet, Fields};
use crate::parse::ArgReader;
use crate::plan::{Failed, PlanCx, Rows};
use crate::spec::{CommandSpec, Kind, ParseCx, Support};
use crate::value::Val;
use crate::walk::group_key;
use davy_diag::{Span, Spanned};
use davy_spl::ast::{Arg, Args, Grammar};
use std::collections::HashMap;

pub(super) static SPEC: CommandSpec = CommandSpec {
    name: "selfjoin",
    aliases: &[],
    kind: Kind::Barrier,
    grammar: Grammar::General,
    syntax: "selfjoin [overwrite=<bool>] [max=<N>] [keepsingle=<bool>] <field-list>",
    summary: "Joins each row with later rows that have the same values in the fields. Rows without such a partner are dropped unless `keepsingle=t`.",
    examples: &[
        example!("| makeresults format=csv data=\"id,a,b\n1,x,\n1,,y\n2,z,\" | selfjoin id | table id a b" => table "id,a,b\n1,x,y"),
        example!("| makeresults format=csv data=\"id,a,b\n1,x,\n1,,y\n2,z,\" | selfjoin keepsingle=t id | table id a b" => table "id,a,b\n1,x,y\n2,z,"),
    ],
    source: "Search Reference, selfjoin",
    support: Support::Full,
    parse,
};

#[derive(Debug)]
struct SelfJoin {
    names: Vec<Spanned<String>>,
    overwrite: bool,
    max: usize,
    keep_single: bool,
}

fn parse(args: &Args, cx: &mut ParseCx<'_>) -> Option<Box<dyn Command>> {
    let (options, left) = cx.reader(args).options(&["overwrite", "max", "keepsingle"], cx);
    let overwrite = options.flag("overwrite", true, cx);
    let max = options.count("max", cx).unwrap_or(1);
    let keep_single = options.flag("keepsingle", false, cx);
    let left: Vec<Arg> = left.into_iter().cloned().collect();
    let mut reader = ArgReader::of(&left);
    let names = reader.fields(&[]);
    if let Some(extra) = reader.peek() {
        return cx.bad(extra.span.0, "a field name is needed here");
    }
    if names.is_empty() {
        return cx.missing("at least one field");
    }
    Some(Box::new(Over(SelfJoin { names, overwrite, max, keep_single })))
}

impl OverRows for SelfJoin {
    fn needs(&self, out: &FieldSet) -> FieldSet {
        out.clone().with(self.names.iter().map(|n| n.value.clone()))
    }

    fn fields(&self, input: &Fields) -> Fields {
        input.clone()
    }

    fn reads(&self) -> Vec<(String, Span)> {
        self.names.iter().map(|n| (n.value.clone(), n.span)).collect()
    }

    fn run(&self, rows: Rows, cx: &PlanCx<'_>) -> Result<Rows, Failed> {
        let keys: Vec<Option<usize>> = self.names.iter().map(|n| rows.column(&n.value)).collect();
        let mut groups: Vec<Vec<Vec<Val<'static>>>> = Vec::new();
        let mut index: HashMap<String, usize> = HashMap::new();
        for row in rows.rows {
            let values = keys.iter().map(|k| k.and_then(|k| row.get(k)).cloned());
            let Some(key) = group_key(values.map(|v| v.unwrap_or(Val::Null))) else { continue };
            let at = *index.entry(key).or_insert_with(|| {
                groups.push(Vec::new());
                groups.len() - 1
            });
            if let Some(group) = groups.get_mut(at) {
                group.push(row);
            }
        }
        let max = if self.max == 0 { usize::MAX } else { self.max };
        let mut out = Vec::new();
        let mut made = Counted::new(cx);
        for group in groups {
            if let ([single], true) = (group.as_slice(), self.keep_single) {
                out.push(single.clone());
            }
            for (at, row) in group.iter().enumerate() {
                for other in group.iter().skip(at + 1).take(max) {
                    let mut joined = row.clone();
                    for (slot, value) in joined.iter_mut().zip(other) {
                        if !value.is_null() && (self.overwrite || slot.is_null()) {
                            *slot = value.clone();
                        }
                    }
                    made.row(&joined)?;
                    out.push(joined);
                }
            }
        }
        Ok(Rows { names: rows.names, rows: out })
    }
}
