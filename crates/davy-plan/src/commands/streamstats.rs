//! `streamstats`. Search Reference, streamstats.

use crate::aggs::{self, Agg};
use crate::column::Ty;
use crate::command::{Command, Order};
use crate::example;
use crate::expr::{Compiler, Typed, reads};
use crate::fields::{FieldSet, Fields};
use crate::inner;
use crate::parse::ArgReader;
use crate::plan::{Failed, Plan, PlanCx};
use crate::roweval::RowEval;
use crate::spec::{CommandSpec, Kind, ParseCx, Support};
use crate::walk::{Walk, Walker};
use davy_diag::{Span, Spanned};
use davy_spl::ast::{Arg, ArgKind, Args, Expr, Grammar};
use state::{After, Run, Segments, Settings, State};
use std::sync::Arc;

mod state;
mod window;

pub(super) static SPEC: CommandSpec = CommandSpec {
    name: "streamstats",
    aliases: &[],
    kind: Kind::Sequential,
    grammar: Grammar::General,
    syntax: "streamstats [current=<bool>] [window=<N>] [time_window=<span>] [global=<bool>] [allnum=<bool>] [reset_on_change=<bool>] [reset_before=(<eval-expression>)] [reset_after=(<eval-expression>)] <aggregation> [AS <name>]... [BY <field-list>]",
    summary: "Adds to each row the aggregations over the rows up to it, or over a window of them.",
    examples: &[
        example!("| makeresults count=3 | streamstats count AS n | table n" => table "n\n1\n2\n3"),
        example!("| makeresults count=4 | streamstats count AS n | streamstats window=2 sum(n) AS s | table s" => table "s\n1\n3\n5\n7"),
        example!("| makeresults count=3 | streamstats count AS n | streamstats current=f last(n) AS before | table before" => table "before\n\n1\n2"),
    ],
    source: "Search Reference, streamstats",
    support: Support::Full,
    parse,
};

#[derive(Debug)]
struct StreamStats {
    aggs: Vec<Agg>,
    by: Vec<Spanned<String>>,
    current: bool,
    window: usize,
    time_window: Option<f64>,
    global: bool,
    allnum: bool,
    on_change: bool,
    before: Option<Expr>,
    after: Option<Expr>,
}

/// A column that says where all starts anew.
const RESET: &str = "__reset";
/// One that numbers the stretches of rows between these places.
const SEGMENT: &str = "__segment";
/// One that no row has.
const NOTHING: &str = "__nothing";

const OPTIONS: [&str; 8] = [
    "reset_on_change",
    "reset_before",
    "reset_after",
    "current",
    "window",
    "time_window",
    "global",
    "allnum",
];

fn parse(args: &Args, cx: &mut ParseCx<'_>) -> Option<Box<dyn Command>> {
    let Args::General(items) = args else { return None };
    let mut items: Vec<Arg> = items.clone();
    let split_before = split_reset(&mut items, "reset_before", cx)?;
    let split_after = split_reset(&mut items, "reset_after", cx)?;
    let (options, left) = ArgReader::of(&items).options(&OPTIONS, cx);
    let current = options.flag("current", true, cx);
    let window = options.count("window", cx).unwrap_or(0);
    let global = options.flag("global", true, cx);
    let allnum = options.flag("allnum", false, cx);
    let on_change = options.flag("reset_on_change", false, cx);
    let time_window = match options.text("time_window") {
        Some(text) => match seconds(&text.value) {
            Some(n) => Some(n),
            None => return cx.bad(text.span, "`time_window` is a span of time such as 5m"),
        },
        None => None,
    };
    let before = match (split_before, options.get("reset_before")) {
        (Some(expr), _) => Some(expr),
        (None, Some(arg)) => Some(condition(arg, cx)?),
        (None, None) => None,
    };
    let after = match (split_after, options.get("reset_after")) {
        (Some(expr), _) => Some(expr),
        (None, Some(arg)) => Some(condition(arg, cx)?),
        (None, None) => None,
    };
    let left: Vec<Arg> = left.into_iter().cloned().collect();
    let mut reader = ArgReader::of(&left);
    let aggs = aggs::read(&mut reader, &["by"], cx);
    let by = reader.by(cx)?;
    if let Some(extra) = reader.peek() {
        return cx.bad(extra.span.0, "an aggregation or `BY` is needed here");
    }
    if aggs.is_empty() {
        return cx.lacks("an aggregation");
    }
    Some(Box::new(StreamStats {
        aggs,
        by,
        current,
        window,
        time_window,
        global,
        allnum,
        on_change,
        before,
        after,
    }))
}

/// The condition of `reset_before="("action=="x"")"`, the form that the reference shows: taken out
/// of the items. The outer `None` is a mistake that was reported.
fn split_reset(items: &mut Vec<Arg>, name: &str, cx: &mut ParseCx<'_>) -> Option<Option<Expr>> {
    let quoted = |arg: &Arg, text: &str| matches!(&arg.kind, ArgKind::Quoted(q) if q == text);
    let Some(start) = items.iter().position(|arg| {
        matches!(&arg.kind, ArgKind::Option { key, value, .. }
            if key.value.eq_ignore_ascii_case(name) && quoted(value, "("))
    }) else {
        return Some(None);
    };
    let Some(end) = items.iter().skip(start).position(|arg| quoted(arg, ")")) else {
        return cx.bad(cx.span(), format!("the `)` of `{name}` is missing"));
    };
    let end = start + end;
    let (Some(first), Some(last)) = (items.get(start), items.get(end)) else { return Some(None) };
    let mut span = first.span.0.to(last.span.0);
    span.start = first.span.0.end;
    span.end = last.span.0.start;
    // Quotes inside may be escaped, as the reference shows them.
    let text = cx.sources.text(span);
    let expr = match text.contains("\\\"") {
        true => inner::expr(&text.replace("\\\"", "\""), span, cx)?,
        false => cx.expr_at(span)?,
    };
    items.drain(start..=end);
    Some(Some(expr))
}

/// `(action="x")`, `"action=\"x\""`, `eval(…)`.
fn condition(arg: &Arg, cx: &mut ParseCx<'_>) -> Option<Expr> {
    match &arg.kind {
        ArgKind::Group(_) => cx.expr_at(arg.span.0),
        ArgKind::Quoted(text) => inner::expr(text, arg.span.0, cx),
        ArgKind::Call { args: davy_spl::ast::CallArgs::Eval(expr), .. } => {
            cx.check(expr);
            Some(expr.as_ref().clone())
        }
        _ => cx.bad(arg.span.0, "a condition in parentheses is needed here"),
    }
}

/// A span of time in seconds; a bare number is seconds.
pub(super) fn seconds(text: &str) -> Option<f64> {
    if let Some(n) = crate::value::parse_num(text) {
        return Some(n);
    }
    let digits = text.find(|c: char| !(c.is_ascii_digit() || c == '.'))?;
    let (number, unit) = text.split_at(digits);
    let number: f64 = if number.is_empty() { 1.0 } else { number.parse().ok()? };
    let unit = match unit.trim() {
        "us" => 1e-6,
        "ms" => 1e-3,
        "cs" => 1e-2,
        "ds" => 1e-1,
        "s" | "sec" | "secs" | "second" | "seconds" => 1.0,
        "m" | "min" | "mins" | "minute" | "minutes" => 60.0,
        "h" | "hr" | "hrs" | "hour" | "hours" => 3600.0,
        "d" | "day" | "days" => 86_400.0,
        "w" | "week" | "weeks" => 604_800.0,
        "mon" | "month" | "months" => 2_592_000.0,
        _ => return None,
    };
    Some(number * unit)
}

impl Command for StreamStats {
    fn needs(&self, out: &FieldSet) -> FieldSet {
        aggs::needs_beside(&self.aggs, out).with(self.reads().into_iter().map(|(n, _)| n))
    }

    fn fields(&self, input: &Fields) -> Fields {
        aggs::fields_beside(&self.aggs, input)
    }

    fn reads(&self) -> Vec<(String, Span)> {
        let mut out: Vec<_> = self.by.iter().map(|b| (b.value.clone(), b.span)).collect();
        self.aggs.iter().for_each(|a| a.reads(&mut out));
        if let Some(expr) = &self.before {
            reads(expr, &mut out);
        }
        if let Some(expr) = &self.after {
            let mut names = Vec::new();
            reads(expr, &mut names);
            out.extend(names.into_iter().filter(|(n, _)| !self.aggs.iter().any(|a| a.alias == *n)));
        }
        if self.time_window.is_some()
            && let Some(first) = self.aggs.first()
        {
            out.push(("_time".to_owned(), first.span));
        }
        out
    }

    fn order(&self) -> Order {
        Order::Needs
    }

    fn makes_rows(&self) -> bool {
        false
    }

    fn plan(&self, input: Plan, cx: &PlanCx<'_>) -> Result<Plan, Failed> {
        let input = if input.open() && aggs::wild(&self.aggs) { cx.close(input)? } else { input };
        let names: Vec<String> =
            input.names().into_iter().filter(|n| !self.by.iter().any(|b| b.value == *n)).collect();
        let aggs = aggs::spread(&self.aggs, &names);
        let mut held: Vec<(String, Typed)> = Vec::new();
        let mut sets: Vec<(String, Ty)> = Vec::new();
        let mut runs = Vec::new();
        for (i, agg) in aggs.iter().enumerate() {
            let typed = aggs::input(agg, &input, cx)?;
            sets.push((agg.alias.clone(), aggs::result_ty(agg, typed.ty)));
            held.push((format!("__stream{i}"), typed));
            runs.push(Run {
                make: aggs::folded(agg, cx)?,
                number: agg.number,
                numeric: self.allnum && aggs::allnum::numeric(agg),
            });
        }
        if let Some(expr) = &self.before {
            let mut compiler = Compiler::new(&input, cx);
            let condition = compiler.condition(expr);
            let condition = compiler.finish(condition)?;
            held.push((RESET.to_owned(), Typed::of(condition, Ty::Bool)));
        }
        // A window of time takes no row of another group, one of a number of rows may.
        let global = self.window > 0 && self.global && !self.by.is_empty();
        // Where alone the row tells whether all starts anew, stretches of rows are like groups:
        // rows of other groups and stretches need not be in memory.
        let segments = self.before.is_some()
            && self.after.is_none()
            && !(self.on_change || global || self.by.is_empty());
        let mut read: Vec<String> =
            held.iter().map(|(n, _)| n.clone()).filter(|n| n != RESET).collect();
        read.push(if segments { NOTHING } else { RESET }.to_owned());
        read.push("_time".to_owned());
        if segments {
            read.push(SEGMENT.to_owned());
        }
        read.extend(self.by.iter().map(|b| b.value.clone()));
        let after = match &self.after {
            Some(expr) => Some(self.after(expr, &sets, &input, &mut read, cx)?),
            None => None,
        };
        let mut hidden: Vec<String> = held.iter().map(|(n, _)| n.clone()).collect();
        let mut plan = input.with_columns(held)?;
        if segments {
            hidden.push(SEGMENT.to_owned());
            let set = vec![(SEGMENT.to_owned(), Ty::Num)];
            let start = || Box::new(Segments::default()) as Box<dyn Walker>;
            plan = Walk::new("streamstats", vec![RESET.to_owned()], set, start).plan(plan)?;
        }
        let settings = Arc::new(Settings {
            runs,
            by: self.by.len() + usize::from(segments),
            current: self.current,
            window: self.window,
            time_window: self.time_window,
            global,
            segments,
            on_change: self.on_change,
            after,
        });
        let start = move || Box::new(State::new(settings.clone())) as Box<dyn Walker>;
        // A reset forgets all groups, and a global window holds rows of all of them.
        let resets = self.on_change || self.before.is_some() || self.after.is_some();
        let together = self.by.is_empty() || resets && !segments || global;
        let apart = !together;
        let walk = Walk::new("streamstats", read, sets, start).of_statistics().of_keys(apart);
        walk.plan(plan)?.without_columns(&hidden)
    }
}

impl StreamStats {
    /// The condition after which all starts anew: over the results, and other columns that it
    /// reads, which are added to `read`.
    fn after(
        &self,
        expr: &Expr,
        sets: &[(String, Ty)],
        input: &Plan,
        read: &mut Vec<String>,
        cx: &PlanCx<'_>,
    ) -> Result<After, Failed> {
        let mut columns: Vec<(String, Ty)> = sets.to_vec();
        let mut names = Vec::new();
        reads(expr, &mut names);
        let first = read.len();
        for (name, _) in names {
            if columns.iter().all(|(n, _)| *n != name) {
                columns.push((name.clone(), input.column(&name).ty));
                read.push(name);
            }
        }
        let count = read.len() - first;
        Ok(After { eval: RowEval::new(expr, &columns, cx)?, first, count })
    }
}
