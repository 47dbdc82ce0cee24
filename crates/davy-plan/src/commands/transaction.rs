//! `transaction`. Search Reference, transaction.

use super::streamstats::seconds;
use crate::column::Ty;
use crate::command::{Command, Order};
use crate::example;
use crate::expr::{Compiler, Typed, reads};
use crate::fields::{FieldSet, Fields};
use crate::inner;
use crate::node::{SequentialNode, SortKey};
use crate::parse::{Options, arg_text, parse_bool};
use crate::plan::{Failed, Plan, PlanCx};
use crate::search;
use crate::spec::{CommandSpec, Kind, ParseCx, Support};
use datafusion_expr::{lit, when};
use davy_diag::{Span, Spanned};
use davy_spl::ast::{Arg, ArgKind, Args, CallArgs, Expr, Grammar, SearchExpr};
use std::sync::Arc;

mod group;
mod named;
mod op;

pub(super) static SPEC: CommandSpec = CommandSpec {
    name: "transaction",
    aliases: &["transam"],
    kind: Kind::Transforming,
    grammar: Grammar::General,
    syntax: "transaction [<field-list>] [name=<type>] [maxspan=<span>] [maxpause=<span>] [maxevents=<N>] [startswith=<filter>] [endswith=<filter>] [connected=<bool>] [unifyends=<bool>] [keeporphans=<bool>] [keepevicted=<bool>] [maxopentxn=<N>] [maxopenevents=<N>] [mvlist=(<bool>|<field-list>)] [mvraw=<bool>] [delim=<string>] [nullstr=<string>] where a filter is \"<search>\", (<search>) or eval(<expression>)",
    summary: "Puts events that belong together into one: those that share the fields and lie within the limits. `duration`, `eventcount` and `closed_txn` tell of it; other fields hold the values of all its events.",
    examples: &[
        example!("| makeresults count=3 | streamstats count AS n | eval _time=1777890000-n*10, user=\"u\" | transaction user" => field "duration" = "20"),
        example!("| makeresults count=4 | streamstats count AS n | eval _time=1777890000-n*10, user=\"u\".(n%2) | transaction user" => rows 2),
    ],
    source: "Search Reference, transaction",
    support: Support::Full,
    parse,
};

#[derive(Debug)]
struct Transaction {
    names: Vec<Spanned<String>>,
    starts: Option<Filter>,
    ends: Option<Filter>,
    limits: Limits,
    shown: Shown,
}

#[derive(Debug, Clone)]
struct Limits {
    span: Option<f64>,
    pause: Option<f64>,
    events: usize,
    connected: bool,
    unify_ends: bool,
    keep_orphans: bool,
    keep_evicted: bool,
    /// The most transactions that stay open at once, and the most events in them.
    open: usize,
    open_events: usize,
}

/// How the values of a transaction are shown.
#[derive(Debug, Clone)]
struct Shown {
    list_all: bool,
    list: Vec<String>,
    mv_raw: bool,
    delim: Option<String>,
    null: String,
}

#[derive(Debug)]
enum Filter {
    Search(SearchExpr),
    Eval(Expr),
}

impl Filter {
    fn reads(&self, out: &mut Vec<(String, Span)>) {
        match self {
            Filter::Search(expr) => search::reads(expr, out),
            Filter::Eval(expr) => reads(expr, out),
        }
    }

    fn column(&self, plan: &Plan, cx: &PlanCx<'_>) -> Result<Typed, Failed> {
        let expr = match self {
            Filter::Search(expr) => search::condition(expr, plan, false).unwrap_or(lit(true)),
            Filter::Eval(expr) => {
                let mut compiler = Compiler::new(plan, cx);
                let condition = compiler.condition(expr);
                compiler.finish(condition)?
            }
        };
        Ok(Typed::of(expr, Ty::Bool))
    }
}

const OPTIONS: [&str; 18] = [
    "name",
    "fields",
    "maxspan",
    "maxpause",
    "maxevents",
    "startswith",
    "endswith",
    "connected",
    "unifyends",
    "keeporphans",
    "maxopentxn",
    "maxopenevents",
    "keepevicted",
    "mvlist",
    "mvraw",
    "delim",
    "nullstr",
    "match",
];

fn parse(args: &Args, cx: &mut ParseCx<'_>) -> Option<Box<dyn Command>> {
    let (options, left) = cx.reader(args).options(&OPTIONS, cx);
    if let Some(name) = options.text("name") {
        return Some(Box::new(named::Named::new(name, args, cx)));
    }
    let connected = options.flag("connected", true, cx);
    let limits = Limits {
        span: limit(&options, "maxspan", cx)?,
        pause: limit(&options, "maxpause", cx)?,
        events: events(&options, cx)?,
        connected,
        unify_ends: options.flag("unifyends", connected, cx),
        keep_orphans: options.flag("keeporphans", false, cx),
        keep_evicted: options.flag("keepevicted", false, cx),
        open: options.count("maxopentxn", cx).unwrap_or(usize::MAX),
        open_events: options.count("maxopenevents", cx).unwrap_or(usize::MAX),
    };
    let list = options.text("mvlist").map(|t| t.value).unwrap_or_default();
    let all = parse_bool(&list);
    let fields = |text: &str| -> Vec<String> {
        let words = text.split(|c: char| c == ',' || c.is_whitespace());
        words.filter(|w| !w.is_empty()).map(str::to_owned).collect()
    };
    let shown = Shown {
        list_all: all.unwrap_or(false),
        list: if all.is_some() { Vec::new() } else { fields(&list) },
        mv_raw: options.flag("mvraw", false, cx),
        delim: options.text("delim").map(|t| t.value),
        null: options.text("nullstr").map_or("NULL".to_owned(), |t| t.value),
    };
    let starts = match options.get("startswith") {
        Some(arg) => Some(filter(arg, cx)?),
        None => None,
    };
    let ends = match options.get("endswith") {
        Some(arg) => Some(filter(arg, cx)?),
        None => None,
    };
    let mut names: Vec<Spanned<String>> = options
        .text("fields")
        .map(|t| fields(&t.value).into_iter().map(|f| Spanned::new(f, t.span)).collect())
        .unwrap_or_default();
    for arg in left {
        match arg_text(arg) {
            Some(name) => names.push(Spanned::new(name, arg.span.0)),
            None if arg.kind == ArgKind::Comma => {}
            None => return cx.bad(arg.span.0, "a field is needed here"),
        }
    }
    Some(Box::new(Transaction { names, starts, ends, limits, shown }))
}

/// A span of time; -1 is none. The outer `None` is a mistake that was reported.
fn limit(options: &Options<'_>, name: &str, cx: &mut ParseCx<'_>) -> Option<Option<f64>> {
    let Some(text) = options.text(name) else { return Some(None) };
    match seconds(&text.value) {
        Some(n) if n >= 0.0 => Some(Some(n)),
        Some(_) => Some(None),
        None => cx.bad(text.span, format!("`{name}` is a span of time such as 30s, 5m or 1h")),
    }
}

fn events(options: &Options<'_>, cx: &mut ParseCx<'_>) -> Option<usize> {
    let Some(text) = options.text("maxevents") else { return Some(1000) };
    match text.value.parse::<i64>() {
        Ok(n) if n < 0 => Some(usize::MAX),
        Ok(n) if n > 0 => Some(n as usize),
        _ => cx.bad(text.span, "`maxevents` is a whole number, 1 or more"),
    }
}

fn filter(arg: &Arg, cx: &mut ParseCx<'_>) -> Option<Filter> {
    let span = arg.span.0;
    match &arg.kind {
        ArgKind::Call { args: CallArgs::Eval(expr), .. } => {
            cx.check(expr);
            Some(Filter::Eval(expr.as_ref().clone()))
        }
        ArgKind::Quoted(text) | ArgKind::Word(text) | ArgKind::Group(text) => {
            inner::search_expr(text, span, cx).map(Filter::Search)
        }
        _ => cx.bad(span, "a search in quotes or eval(…) is needed here"),
    }
}

const MADE: [&str; 5] = ["duration", "eventcount", "closed_txn", "field_match_sum", "linecount"];

impl Command for Transaction {
    fn needs(&self, out: &FieldSet) -> FieldSet {
        let mut needs = out.clone();
        for name in MADE {
            if needs.all {
                needs.add(name);
            } else {
                needs.names.remove(name);
            }
        }
        needs.add("_time");
        let mut asked = Vec::new();
        self.starts.iter().chain(&self.ends).for_each(|f| f.reads(&mut asked));
        if out.wants("linecount") || asked.iter().any(|(n, _)| n == "_raw") {
            needs.add("_raw");
        }
        needs.with(self.reads().into_iter().map(|(n, _)| n))
    }

    fn fields(&self, input: &Fields) -> Fields {
        let mut fields = input.clone();
        MADE.iter().for_each(|n| fields.add(*n));
        fields
    }

    fn reads(&self) -> Vec<(String, Span)> {
        let mut out: Vec<_> = self.names.iter().map(|n| (n.value.clone(), n.span)).collect();
        for filter in self.starts.iter().chain(&self.ends) {
            filter.reads(&mut out);
        }
        // A condition on the raw text is no mistake where there is none.
        out.retain(|(n, _)| n != "_raw");
        out
    }

    fn order(&self) -> Order {
        Order::Needs
    }

    fn plan(&self, input: Plan, cx: &PlanCx<'_>) -> Result<Plan, Failed> {
        // Fields that only a transaction type names lie packed.
        let packed = input.open() && self.reads().iter().any(|(n, _)| !input.has_column(n));
        let input = if packed { cx.close(input)? } else { input };
        let mut held = Vec::new();
        let at = input.column("_time");
        let time = match at.ty {
            Ty::Num => "_time",
            _ => {
                let at = at.float();
                let at = when(at.clone().is_null(), lit(0.0)).otherwise(at)?;
                held.push((op::TIME.to_owned(), Typed::of(at, Ty::Num)));
                op::TIME
            }
        };
        for (name, filter) in [(op::STARTS, &self.starts), (op::ENDS, &self.ends)] {
            if let Some(filter) = filter {
                held.push((name.to_owned(), filter.column(&input, cx)?));
            }
        }
        let names = op::shown_names(input.all_names());
        let place = |field: &Spanned<String>| names.iter().position(|n| *n == field.value);
        let rule = group::Rule {
            limits: self.limits.clone(),
            fields: self.names.iter().map(place).collect(),
            has_starts: self.starts.is_some(),
            has_ends: self.ends.is_some(),
        };
        let shown = self.shown.clone();
        let newest = |column: &str| SortKey {
            column: column.to_owned(),
            descending: true,
            nulls_first: false,
        };
        let input = input.with_columns(held)?.sort(vec![newest(time)], None)?;
        let op = op::Transactions { rule: Arc::new(rule), shown, names, time };
        let grouped = Plan::new(SequentialNode::plan(input.logical, Arc::new(op))?);
        // By their oldest events; of one time in the order in which they were closed.
        match grouped.has_column("_time") {
            true => grouped.sort(vec![newest("_time")], None),
            false => Ok(grouped),
        }
    }
}
