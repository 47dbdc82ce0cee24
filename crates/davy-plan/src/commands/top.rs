//! `top`, and what it shares with `rare`. Search Reference, top.

use super::charting::pivot::key;
use super::stats::aggregate;
use crate::aggs::{Agg, AggInput};
use crate::command::{Command, Order};
use crate::example;
use crate::fields::{FieldSet, Fields};
use crate::parse::ArgReader;
use crate::plan::{Failed, Plan, PlanCx, Rows};
use crate::spec::{CommandSpec, Kind, ParseCx, Support};
use crate::value::Val;
use davy_diag::{Span, Spanned};
use davy_spl::ast::{Arg, Args, Grammar};
use std::borrow::Cow;
use std::collections::BTreeMap;

pub(super) static SPEC: CommandSpec = CommandSpec {
    name: "top",
    aliases: &["sitop", "common"],
    kind: Kind::Transforming,
    grammar: Grammar::General,
    syntax: "top [<N>] [limit=<N>] [countfield=<name>] [percentfield=<name>] [showcount=<bool>] [showperc=<bool>] [useother=<bool>] [otherstr=<string>] <field-list> [BY <field-list>]",
    summary: "The most frequent combinations of values (10, or 10 of each BY group), how often each comes, and what share of the rows it is.",
    examples: &[
        example!("| makeresults format=csv data=\"u\na\na\na\nb\" | top u" => table "u,count,percent\na,3,75.000000\nb,1,25.000000"),
        example!("| makeresults format=csv data=\"u\na\na\nb\" | top limit=1 u showperc=f" => table "u,count\na,2"),
        example!("| makeresults format=csv data=\"u\na\na\nb\nc\" | top 1 u useother=t" => table "u,count,percent\na,2,50.000000\nOTHER,2,50.000000"),
    ],
    source: "Search Reference, top",
    support: Support::Full,
    parse: |args, cx| parse(args, true, cx),
};

#[derive(Debug)]
struct Top {
    most: bool,
    fields: Vec<Spanned<String>>,
    by: Vec<Spanned<String>>,
    limit: usize,
    count: Option<String>,
    percent: Option<String>,
    other: Option<String>,
}

pub(super) fn parse(args: &Args, most: bool, cx: &mut ParseCx<'_>) -> Option<Box<dyn Command>> {
    let names =
        ["limit", "countfield", "percentfield", "showcount", "showperc", "useother", "otherstr"];
    let (options, left) = cx.reader(args).options(&names, cx);
    let mut limit = options.count("limit", cx);
    let name = |option: &str, default: &str| {
        options.text(option).map_or_else(|| default.to_owned(), |t| t.value)
    };
    let count = options.flag("showcount", true, cx).then(|| name("countfield", "count"));
    let percent = options.flag("showperc", true, cx).then(|| name("percentfield", "percent"));
    let other = options.flag("useother", false, cx).then(|| name("otherstr", "OTHER"));
    let left: Vec<Arg> = left.into_iter().cloned().collect();
    let mut reader = ArgReader::of(&left);
    if limit.is_none()
        && let Some(first) = reader.peek()
        && let Some(n) = crate::parse::arg_text(first).and_then(|t| t.parse::<usize>().ok())
    {
        reader.next_arg();
        limit = Some(n);
    }
    let fields = reader.fields(&["by"]);
    let by = reader.by(cx)?;
    if let Some(extra) = reader.peek() {
        return cx.bad(extra.span.0, "a field or `BY` is needed here");
    }
    if fields.is_empty() {
        return cx.missing("at least one field");
    }
    for (option, made) in [("countfield", &count), ("percentfield", &percent)] {
        let clash = fields.iter().chain(&by).find(|f| Some(&f.value) == made.as_ref());
        if let Some(field) = clash {
            return cx.bad(
                field.span,
                format!(
                    "`{}` is also what the result calls `{option}`; name that otherwise",
                    field.value
                ),
            );
        }
    }
    let limit = match limit {
        Some(0) => usize::MAX,
        limit => limit.unwrap_or(10),
    };
    Some(Box::new(Top { most, fields, by, limit, count, percent, other }))
}

impl Top {
    fn names(&self) -> Vec<String> {
        self.by.iter().chain(&self.fields).map(|f| f.value.clone()).collect()
    }
}

impl Command for Top {
    fn needs(&self, _: &FieldSet) -> FieldSet {
        FieldSet::of(self.names())
    }

    fn fields(&self, _: &Fields) -> Fields {
        Fields::of(self.names().into_iter().chain(self.count.clone()).chain(self.percent.clone()))
    }

    fn reads(&self) -> Vec<(String, Span)> {
        self.by.iter().chain(&self.fields).map(|f| (f.value.clone(), f.span)).collect()
    }

    fn order(&self) -> Order {
        Order::Makes
    }

    fn plan(&self, input: Plan, cx: &PlanCx<'_>) -> Result<Plan, Failed> {
        const HELD: &str = "\u{1}count";
        let mut by: Vec<String> = Vec::new();
        for name in self.names() {
            if !by.contains(&name) {
                by.push(name);
            }
        }
        let Some((spec, number)) = crate::aggregates::find("count") else { return Ok(input) };
        let alias = HELD.to_owned();
        let agg = Agg { spec, number, input: AggInput::None, alias, named: true, span: cx.span };
        let counted = cx.rows(&aggregate(input, &[agg], &by, cx)?)?;
        let at = |name: &str| counted.column(name);
        let held = at(HELD);
        let groups: Vec<Option<usize>> = self.by.iter().map(|f| at(&f.value)).collect();
        let values: Vec<Option<usize>> = self.fields.iter().map(|f| at(&f.value)).collect();
        let pick = |row: &[Val<'static>], at: &[Option<usize>]| -> Vec<Val<'static>> {
            at.iter().map(|i| i.and_then(|i| row.get(i)).cloned().unwrap_or(Val::Null)).collect()
        };
        let mut sorted: BTreeMap<Vec<Vec<u8>>, Group> = BTreeMap::new();
        for row in &counted.rows {
            let group = pick(row, &groups);
            let count = held.and_then(|i| row.get(i)).and_then(Val::num).unwrap_or(0.0);
            let keys = group.iter().map(key).collect();
            let entry = sorted.entry(keys).or_insert_with(|| (group, Vec::new()));
            entry.1.push((pick(row, &values), count));
        }
        let mut rows = Rows { names: self.names(), rows: Vec::new() };
        rows.names.extend(self.count.clone());
        rows.names.extend(self.percent.clone());
        for (group, list) in sorted.into_values() {
            rows.rows.extend(self.ranked(&group, list));
        }
        cx.plan_of(rows)
    }
}

/// The BY values, and the values with their counts.
type Group = (Vec<Val<'static>>, Vec<(Vec<Val<'static>>, f64)>);

impl Top {
    /// The rows of one group. Of values of the same count the last by their letters, of numbers too,
    /// comes first in `top` (Search Reference, top, "Lexicographic order of results"), the first in
    /// `rare`.
    fn ranked(
        &self,
        group: &[Val<'static>],
        mut list: Vec<(Vec<Val<'static>>, f64)>,
    ) -> Vec<Vec<Val<'static>>> {
        let total: f64 = list.iter().map(|(_, n)| n).sum();
        list.sort_by_cached_key(|(values, _)| {
            values.iter().map(|v| v.text().map(Cow::into_owned)).collect::<Vec<_>>()
        });
        if self.most {
            list.reverse();
        }
        list.sort_by(|a, b| if self.most { b.1.total_cmp(&a.1) } else { a.1.total_cmp(&b.1) });
        let rest: f64 = list.iter().skip(self.limit).map(|(_, n)| n).sum();
        list.truncate(self.limit);
        if rest > 0.0
            && let Some(other) = &self.other
        {
            list.push((vec![Val::str(other.clone()); self.fields.len()], rest));
        }
        list.into_iter()
            .map(|(values, count)| {
                let mut row = group.to_vec();
                row.extend(values);
                if self.count.is_some() {
                    row.push(Val::Num(count));
                }
                if self.percent.is_some() {
                    row.push(Val::str(format!("{:.6}", count / total * 100.0)));
                }
                row
            })
            .collect()
    }
}
