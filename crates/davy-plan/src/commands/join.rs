//! `join`. Search Reference, join.

mod among;
mod stream;

use super::from;
use crate::codes;
use crate::command::{Bound, Command, Order};
use crate::counted::Counted;
use crate::example;
use crate::fields::{FieldSet, Fields};
use crate::parse::{ArgReader, arg_subsearch, arg_text};
use crate::plan::{Failed, Plan, PlanCx, Rows};
use crate::spec::{CommandSpec, Kind, ParseCx, Support};
use crate::value::Val;
use crate::walk::group_key;
use davy_diag::{Span, Spanned};
use davy_spl::ast::{Arg, ArgKind, Args, Grammar};
use std::collections::HashMap;

pub(super) static SPEC: CommandSpec = CommandSpec {
    name: "join",
    aliases: &[],
    kind: Kind::Barrier,
    grammar: Grammar::General,
    syntax: "join [type=<inner|left|outer>] [usetime=<bool>] [earlier=<bool>] [overwrite=<bool>] [max=<N>] [<field-list>] <dataset> or join [type=…] [max=<N>] left=<alias> right=<alias> where <alias>.<field>=<alias>.<field>... <dataset>, where a dataset is [<search>], lookup:<name>, inputlookup:<name>, savedsearch:<name> or datamodel:<name>",
    summary: "Puts the fields of the matching row of a search in brackets, or of a dataset, into each row; rows without a match are dropped unless `type=left`. Without fields, all that both sides have must agree.",
    examples: &[
        example!("| makeresults count=2 | streamstats count AS n | join n [| makeresults | eval n=2, v=\"x\"] | table n v" => table "n,v\n2,x"),
        example!("| makeresults count=2 | streamstats count AS n | join type=left n [| makeresults | eval n=2, v=\"x\"] | table n v" => table "n,v\n1,\n2,x"),
    ],
    source: "Search Reference, join",
    support: Support::Full,
    parse,
};

#[derive(Debug)]
struct Join {
    sub: Bound,
    keys: Keys,
    outer: bool,
    use_time: bool,
    earlier: bool,
    overwrite: bool,
    /// 0: all.
    max: usize,
}

#[derive(Debug)]
enum Keys {
    /// All that both sides have.
    Common,
    Same(Vec<Spanned<String>>),
    /// The aliases, and pairs of fields of the left and the right side.
    Pairs {
        left: String,
        right: String,
        pairs: Vec<(String, String)>,
    },
}

fn parse(args: &Args, cx: &mut ParseCx<'_>) -> Option<Box<dyn Command>> {
    let Args::General(items) = args else { return None };
    let is_where = |a: &Arg| matches!(&a.kind, ArgKind::Word(w) if w.eq_ignore_ascii_case("where"));
    let at = items.iter().position(is_where).unwrap_or(items.len());
    let (head, tail) = items.split_at(at);
    let names = ["type", "usetime", "earlier", "overwrite", "max", "left", "right"];
    let (options, mut left) = ArgReader::of(head).options(&names, cx);
    let outer = options.one_of("type", &["inner", "outer", "left"], cx).unwrap_or("inner");
    let use_time = options.flag("usetime", false, cx);
    let earlier = options.flag("earlier", true, cx);
    let overwrite = options.flag("overwrite", true, cx);
    let max = options.count("max", cx).unwrap_or(1);
    let mut pairs = Vec::new();
    let (l, r) = (options.text("left"), options.text("right"));
    for arg in tail.iter().skip(1) {
        match &arg.kind {
            ArgKind::Option { key, not: false, value } => {
                let (Some(l), Some(r)) = (&l, &r) else {
                    return cx.missing("`left=` and `right=` before `where`");
                };
                pairs.push(pair(key, value, &l.value, &r.value, cx)?);
            }
            ArgKind::Word(w) if w.eq_ignore_ascii_case("and") => {}
            ArgKind::Comma => {}
            _ => left.push(arg),
        }
    }
    let mut sub = None;
    let mut fields = Vec::new();
    for arg in left {
        if arg.kind == ArgKind::Comma {
            continue;
        }
        match (arg_subsearch(arg), arg_text(arg)) {
            (Some(pipeline), _) if sub.is_none() => sub = Some(cx.bind(pipeline)),
            (None, Some(name)) if sub.is_none() && from::is_dataset(&name) => {
                sub = Some(from::dataset(&Spanned::new(name, arg.span.0), cx)?);
            }
            (None, Some(name)) => fields.push(Spanned::new(name, arg.span.0)),
            _ => return cx.bad(arg.span.0, "a field or one search in brackets is needed here"),
        }
    }
    let Some(sub) = sub else {
        // With aliases no fields stand there, so that it was meant to be a dataset.
        let named = fields.last().filter(|f| l.is_some() || f.value.contains(':'));
        return match named {
            Some(word) => from::dataset(word, cx).and(None),
            None => cx.missing("a search in brackets"),
        };
    };
    no_on(&fields, cx)?;
    let keys = match (l, r) {
        (Some(l), Some(r)) if !pairs.is_empty() => {
            Keys::Pairs { left: l.value, right: r.value, pairs }
        }
        (Some(_), _) | (_, Some(_)) => {
            return cx.missing("`where` with a pair of fields after `left=` and `right=`");
        }
        _ if fields.is_empty() => Keys::Common,
        _ => Keys::Same(fields),
    };
    Some(Box::new(Join { sub, keys, outer: outer != "inner", use_time, earlier, overwrite, max }))
}

/// Refuses the `ON` of SQL before the fields, which would be one of them.
pub(super) fn no_on(fields: &[Spanned<String>], cx: &mut ParseCx<'_>) -> Option<()> {
    let [on, first, rest @ ..] = fields else { return Some(()) };
    if !cx.sources.text(on.span).eq_ignore_ascii_case("on") {
        return Some(());
    }
    let fields = rest.last().map_or(first.span, |last| first.span.to(last.span));
    let (name, text) = (cx.spec.name, cx.sources.text(fields).to_owned());
    cx.report(
        codes::BAD_ARGUMENT
            .at(on.span.to(fields), format!("`{name}` has no `ON`: the fields stand alone"))
            .help(format!("type `{text}` without it; a field of this name is `\"on\"`")),
    );
    None
}

/// `L.a=R.b`, in either order.
fn pair(
    key: &Spanned<String>,
    value: &Arg,
    left: &str,
    right: &str,
    cx: &mut ParseCx<'_>,
) -> Option<(String, String)> {
    let side = |text: &str| -> Option<(bool, String)> {
        let of = |alias: &str| text.strip_prefix(alias).and_then(|t| t.strip_prefix('.'));
        match (of(left), of(right)) {
            (Some(name), _) => Some((true, name.to_owned())),
            (None, Some(name)) => Some((false, name.to_owned())),
            (None, None) => None,
        }
    };
    let other = arg_text(value).unwrap_or_default();
    match (side(&key.value), side(&other)) {
        (Some((true, a)), Some((false, b))) | (Some((false, b)), Some((true, a))) => Some((a, b)),
        _ => cx.bad(key.span, format!("a pair such as `{left}.x={right}.y` is needed here")),
    }
}

impl Keys {
    /// What the names of the left side's fields begin with.
    fn left(&self) -> Option<&String> {
        match self {
            Keys::Pairs { left, .. } => Some(left),
            _ => None,
        }
    }

    fn right(&self) -> Option<&String> {
        match self {
            Keys::Pairs { right, .. } => Some(right),
            _ => None,
        }
    }
}

impl Join {
    /// The key fields of the left and of the right side.
    fn pairs(&self, left: &[String], right: &[String]) -> Vec<(String, String)> {
        match &self.keys {
            Keys::Common => {
                let both = left.iter().filter(|n| !n.starts_with('_') && right.contains(n));
                both.map(|n| (n.clone(), n.clone())).collect()
            }
            Keys::Same(names) => names.iter().map(|n| (n.value.clone(), n.value.clone())).collect(),
            Keys::Pairs { pairs, .. } => pairs.clone(),
        }
    }

    /// What is needed of one side.
    fn side(&self, out: &FieldSet, right: bool) -> FieldSet {
        let mut needs = match &self.keys {
            Keys::Common => FieldSet::all().union(out),
            Keys::Same(names) => out.clone().with(names.iter().map(|n| n.value.clone())),
            Keys::Pairs { left: l, right: r, pairs } => {
                let alias = if right { r } else { l };
                let wanted = out.names.iter().filter_map(|n| {
                    n.strip_prefix(alias.as_str()).and_then(|n| n.strip_prefix('.'))
                });
                let keys = pairs.iter().map(|(a, b)| if right { b } else { a }.clone());
                FieldSet { names: wanted.map(str::to_owned).chain(keys).collect(), all: out.all }
            }
        };
        if self.use_time {
            needs.add("_time");
        }
        needs
    }
}

impl Command for Join {
    fn needs(&self, out: &FieldSet) -> FieldSet {
        self.side(out, false)
    }

    fn fields(&self, input: &Fields) -> Fields {
        let sub = self.sub.left(Fields::default()).unwrap_or_default();
        let mut fields = match &self.keys {
            Keys::Pairs { left, .. } => Fields {
                names: input.names.iter().map(|n| format!("{left}.{n}")).collect(),
                open: input.open,
            },
            _ => input.clone(),
        };
        for name in sub.names {
            fields.add(match &self.keys {
                Keys::Pairs { right, .. } => format!("{right}.{name}"),
                _ => name,
            });
        }
        fields.open |= sub.open;
        fields
    }

    fn reads(&self) -> Vec<(String, Span)> {
        match &self.keys {
            Keys::Same(names) => names.iter().map(|n| (n.value.clone(), n.span)).collect(),
            _ => Vec::new(),
        }
    }

    fn subsearches(&self) -> Vec<&Bound> {
        vec![&self.sub]
    }

    fn order(&self) -> Order {
        Order::Keeps
    }

    // The rows of the search in brackets are added to rows that are there, in every type of join.
    fn makes_rows(&self) -> bool {
        false
    }

    fn needs_subsearch(&self) -> bool {
        !self.outer
    }

    fn meets(&self) -> Vec<String> {
        match &self.keys {
            Keys::Same(names) if !self.outer => names.iter().map(|n| n.value.clone()).collect(),
            _ => Vec::new(),
        }
    }

    fn plan(&self, input: Plan, cx: &PlanCx<'_>) -> Result<Plan, Failed> {
        let limit = cx.engine.limits().join_rows;
        let mut right = cx.subrows(&self.sub, &self.side(cx.out, true), limit)?;
        let input = among::narrowed(self, input, &right);
        if let Some(plan) = stream::plan(self, &input, &right) {
            return plan;
        }
        let mut left = cx.rows(&input)?;
        let pairs = self.pairs(&left.names, &right.names);
        let times = (left.column("_time"), right.column("_time"));
        let left_keys: Vec<Option<usize>> = pairs.iter().map(|(a, _)| left.column(a)).collect();
        let right_keys: Vec<Option<usize>> = pairs.iter().map(|(_, b)| right.column(b)).collect();
        if let Keys::Pairs { left: l, right: r, .. } = &self.keys {
            left.names.iter_mut().for_each(|n| *n = format!("{l}.{n}"));
            right.names.iter_mut().for_each(|n| *n = format!("{r}.{n}"));
        }
        let columns: Vec<usize> = right.names.iter().map(|n| left.column_or_add(n)).collect();
        let mut index: HashMap<String, Vec<usize>> = HashMap::new();
        for (i, row) in right.rows.iter().enumerate() {
            if let Some(key) = key_of(row, &right_keys) {
                index.entry(key).or_default().push(i);
            }
        }
        let mut rows = Vec::new();
        let mut made = Counted::new(cx);
        for row in left.rows {
            made.step()?;
            let found = key_of(&row, &left_keys).and_then(|key| index.get(&key));
            let found = self.timely(&row, found.map_or(&[][..], Vec::as_slice), &right, times);
            if found.is_empty() && self.outer {
                rows.push(row);
                continue;
            }
            for at in found {
                let mut joined = row.clone();
                for (value, to) in right.rows.get(at).into_iter().flatten().zip(&columns) {
                    let Some(slot) = joined.get_mut(*to) else { continue };
                    if !value.is_null() && (self.overwrite || slot.is_null()) {
                        *slot = value.clone();
                    }
                }
                made.row(&joined)?;
                rows.push(joined);
            }
        }
        cx.plan_of(Rows { names: left.names, rows })
    }
}

/// The key of a row; none when a field is missing, or no field is common.
fn key_of(row: &[Val<'static>], keys: &[Option<usize>]) -> Option<String> {
    if keys.is_empty() {
        return None;
    }
    group_key(keys.iter().map(|k| k.and_then(|k| row.get(k)).cloned().unwrap_or(Val::Null)))
}

impl Join {
    /// The matches that time allows, at most `max` of them.
    fn timely(
        &self,
        row: &[Val<'static>],
        found: &[usize],
        right: &Rows,
        times: (Option<usize>, Option<usize>),
    ) -> Vec<usize> {
        let max = if self.max == 0 { usize::MAX } else { self.max };
        if !self.use_time {
            return found.iter().copied().take(max).collect();
        }
        let time = |row: &[Val<'static>], at: Option<usize>| {
            at.and_then(|at| row.get(at)).and_then(Val::num)
        };
        let here = time(row, times.0);
        let mut found: Vec<(usize, f64)> = found
            .iter()
            .filter_map(|&i| {
                let there = right.rows.get(i).and_then(|r| time(r, times.1))?;
                let here = here?;
                let fits = if self.earlier { there <= here } else { there >= here };
                fits.then_some((i, (here - there).abs()))
            })
            .collect();
        // The nearest in time first.
        found.sort_by(|a, b| a.1.total_cmp(&b.1));
        found.into_iter().map(|(i, _)| i).take(max).collect()
    }
}
