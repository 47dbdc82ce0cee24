//! The aggregations of `stats` and its kin: reading them, naming them, planning them.

use crate::aggregates::{self, sparkline};
use crate::codes;
use crate::column::Ty;
use crate::expr::{Compiler, Typed, reads};
use crate::fields::{FieldSet, Fields};
use crate::fold::{self, Fold};
use crate::parse::{ArgReader, ParseCx};
use crate::plan::{Failed, Plan, PlanCx, column_expr};
use crate::spec::{AggArg, AggArity, AggKernel, AggSpec, Ret, Support};
use datafusion_expr::Expr as DfExpr;
use davy_diag::{Span, Spanned, closest};
use davy_spl::ast::{Arg, ArgKind, CallArgs, Expr};

pub(crate) mod allnum;

/// One aggregation: `perc95(bytes) AS slow`.
#[derive(Debug, Clone)]
pub(crate) struct Agg {
    pub spec: &'static AggSpec,
    /// The number after the name (`p95`), else 0.
    pub number: f64,
    pub input: AggInput,
    /// The name of the result.
    pub alias: String,
    /// `AS` was written.
    pub named: bool,
    pub span: Span,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum AggInput {
    /// `count`
    None,
    Field(String),
    /// `values(*)`, `sum(*_bytes)`
    Wildcard(String),
    /// `count(eval(x>5))`
    Eval(Box<Expr>),
    /// `sparkline(count, 1h)`: the aggregation over each span of so many seconds; without a number
    /// the spans grow with the time that they cover.
    Spark(Box<Agg>, Option<f64>),
}

/// The same computation under the same name.
impl PartialEq for Agg {
    fn eq(&self, other: &Self) -> bool {
        self.spec.name == other.spec.name
            && self.number == other.number
            && self.input == other.input
            && self.alias == other.alias
    }
}

impl Agg {
    /// The fields that it reads; a wildcard reads all.
    pub(crate) fn reads(&self, out: &mut Vec<(String, Span)>) {
        match &self.input {
            AggInput::None => {}
            AggInput::Field(name) => out.push((name.clone(), self.span)),
            AggInput::Wildcard(_) => {}
            AggInput::Eval(expr) => reads(expr, out),
            AggInput::Spark(inner, _) => inner.reads(out),
        }
        if self.spec.timed {
            out.push(("_time".to_owned(), self.span));
        }
    }
}

/// Reads aggregations up to the end or one of `until`.
pub(crate) fn read(reader: &mut ArgReader<'_>, until: &[&str], cx: &mut ParseCx<'_>) -> Vec<Agg> {
    let mut aggs = Vec::new();
    loop {
        reader.skip_commas();
        if reader.done() || reader.is_keyword(until) {
            return aggs;
        }
        let before = reader.at.checked_sub(1).and_then(|at| reader.items.get(at));
        let Some(arg) = reader.next_arg() else { return aggs };
        let Some(mut agg) = read_after(before, arg, cx) else {
            // The rest of a mistaken aggregation is its alias.
            if reader.keyword("as") {
                reader.field();
            }
            continue;
        };
        if reader.keyword("as") {
            match reader.field() {
                Some(alias) => {
                    agg.alias = alias.value;
                    agg.named = true;
                }
                None => {
                    cx.bad::<()>(agg.span, "`AS` needs a name after it");
                }
            }
        }
        if !agg.named && matches!(agg.input, AggInput::Eval(_)) {
            let shown = cx.sources.text(agg.span).to_owned();
            cx.report(
                codes::MISSING_ARGUMENT
                    .at(agg.span, "an aggregation of an expression needs a name")
                    .help(format!("write `{shown} AS name`")),
            );
        }
        aggs.push(agg);
    }
}

/// As `read_one`; parentheses after a blank belong to the word before them.
fn read_after(before: Option<&Arg>, arg: &Arg, cx: &mut ParseCx<'_>) -> Option<Agg> {
    if let (Some(ArgKind::Word(name)), ArgKind::Group(_)) = (before.map(|b| &b.kind), &arg.kind)
        && aggregates::find(&name.to_ascii_lowercase()).is_some()
    {
        cx.report(
            codes::BAD_ARGUMENT
                .at(arg.span.0, format!("a blank stands between `{name}` and its parenthesis"))
                .help(format!("type `{name}(…)`")),
        );
        return None;
    }
    read_one(arg, cx)
}

/// Reads one aggregation, without its alias.
pub(crate) fn read_one(arg: &Arg, cx: &mut ParseCx<'_>) -> Option<Agg> {
    let span = arg.span.0;
    match &arg.kind {
        ArgKind::Word(name) => {
            let (spec, number) = find(&Spanned::new(name.clone(), span), cx)?;
            // `stats avg` is `stats avg(*)`. Search Reference, stats, "Statistical functions that are
            // not applied to specific fields".
            let all = ["stats", "eventstats", "streamstats"].contains(&cx.spec.name);
            if spec.arg != AggArity::Optional && all {
                let (input, alias) = (AggInput::Wildcard("*".to_owned()), format!("{name}(*)"));
                return Some(Agg { spec, number, input, alias, named: false, span });
            }
            if spec.arg != AggArity::Optional {
                return cx.bad(span, format!("`{name}` needs a field: `{}`", spec.syntax));
            }
            let input = match spec.name {
                sparkline::NAME => sparkline::counted(span, cx)?,
                _ => AggInput::None,
            };
            Some(Agg { spec, number, input, alias: name.clone(), named: false, span })
        }
        ArgKind::Call { name, args } => {
            if name.value.eq_ignore_ascii_case("eval") {
                return cx.bad(span, "an expression must stand inside an aggregation here");
            }
            let (spec, number) = find(name, cx)?;
            let text = cx.sources.text(span).to_owned();
            let (input, shown) = match spec.name {
                sparkline::NAME => (sparkline::read(args, span, cx)?, None),
                _ => read_input(args, spec, span, cx)?,
            };
            let alias = match shown {
                Some(shown) => format!("{}({shown})", name.value),
                None if matches!(input, AggInput::None) => name.value.clone(),
                None => text,
            };
            Some(Agg { spec, number, input, alias, named: false, span })
        }
        _ => cx.bad(span, "an aggregation is needed here, for instance `count` or `values(user)`"),
    }
}

/// The argument, and how the result's default name shows it.
fn read_input(
    args: &CallArgs,
    spec: &'static AggSpec,
    span: Span,
    cx: &mut ParseCx<'_>,
) -> Option<(AggInput, Option<String>)> {
    let items = match args {
        CallArgs::Eval(expr) => {
            cx.check(expr);
            return Some((AggInput::Eval(expr.clone()), None));
        }
        CallArgs::Items(items) => items,
    };
    let items: Vec<&Arg> = items.iter().filter(|a| a.kind != ArgKind::Comma).collect();
    match items.as_slice() {
        [] if spec.arg == AggArity::Optional => Some((AggInput::None, None)),
        [] => cx.bad(span, format!("`{}` needs a field: `{}`", spec.name, spec.syntax)),
        [item] => match &item.kind {
            ArgKind::Word(w) | ArgKind::FieldQuoted(w) | ArgKind::Quoted(w) => {
                let wild = w.contains('*') && matches!(item.kind, ArgKind::Word(_));
                let input = match wild {
                    true => AggInput::Wildcard(w.clone()),
                    false => AggInput::Field(w.clone()),
                };
                Some((input, Some(w.clone())))
            }
            ArgKind::Call { name, args: CallArgs::Eval(expr) }
                if name.value.eq_ignore_ascii_case("eval") =>
            {
                cx.check(expr);
                Some((AggInput::Eval(expr.clone()), None))
            }
            _ => cx.bad(item.span.0, "an aggregation takes a field or eval(…)"),
        },
        // An expression that begins with a parenthesis, or has a call in it.
        items
            if items.iter().any(|i| matches!(i.kind, ArgKind::Group(_) | ArgKind::Call { .. })) =>
        {
            let inner = cx.sources.text(span);
            let inner = inner.find('(').and_then(|at| inner.get(at + 1..inner.len() - 1));
            let help = format!("type `{}(eval({}))`", spec.name, inner.unwrap_or("…").trim());
            cx.report(
                codes::BAD_ARGUMENT
                    .at(span, "an expression inside an aggregation must stand in `eval(…)`")
                    .help(help),
            );
            None
        }
        [_, extra, ..] => cx.bad(extra.span.0, format!("`{}` takes one field", spec.name)),
    }
}

/// The statistical function of that name, and the number after the name.
pub(crate) fn find(
    name: &Spanned<String>,
    cx: &mut ParseCx<'_>,
) -> Option<(&'static AggSpec, f64)> {
    let lower = name.value.to_ascii_lowercase();
    let found = aggregates::find(&lower);
    match found {
        Some((spec, number)) => {
            if let Support::Refused { why, instead } = spec.support {
                cx.report(
                    codes::REFUSED
                        .at(name.span, format!("`{}` is not here: {why}", spec.name))
                        .help(instead),
                );
                return None;
            }
            Some((spec, number))
        }
        None => {
            let near = elsewhere(&lower).or_else(|| closest(&lower, aggregates::names()));
            cx.report(
                codes::UNKNOWN_FUNCTION
                    .at(name.span, format!("no statistical function `{}`", name.value))
                    .help(match near {
                        Some(near) => format!("did you mean `{near}`?"),
                        None => "`davy help spl` lists all functions; a percentile is `perc0` to `perc100`".to_owned(),
                    }),
            );
            None
        }
    }
}

/// What other languages call a function, by the name it has here.
fn elsewhere(name: &str) -> Option<&'static str> {
    Some(match name {
        "average" => "avg",
        "total" => "sum",
        "maximum" => "max",
        "minimum" => "min",
        "distinct" | "unique" | "uniq" | "nunique" | "count_distinct" | "countdistinct" => "dc",
        "std" | "stddev" => "stdev",
        "variance" => "var",
        "percentile" | "quantile" => "perc95",
        "collect" | "array_agg" | "group_concat" => "values",
        _ => return None,
    })
}

/// Whether a field is meant by a wildcard, so that all names have to be known.
pub(crate) fn wild(aggs: &[Agg]) -> bool {
    aggs.iter().any(|agg| matches!(agg.input, AggInput::Wildcard(_)))
}

/// What a command needs for `out` that puts the results beside the fields of each row; what it
/// reads itself is to be added.
pub(crate) fn needs_beside(aggs: &[Agg], out: &FieldSet) -> FieldSet {
    let mut needs = out.clone();
    for agg in aggs {
        match needs.all {
            true => _ = needs.add(&agg.alias),
            false => _ = needs.names.remove(&agg.alias),
        }
    }
    needs.all |= wild(aggs);
    needs
}

/// The fields behind such a command.
pub(crate) fn fields_beside(aggs: &[Agg], input: &Fields) -> Fields {
    let mut fields = input.clone();
    for agg in spread(aggs, &input.names) {
        fields.add(agg.alias);
    }
    fields
}

/// Each wildcard aggregation as one for each field that fits.
pub(crate) fn spread(aggs: &[Agg], fields: &[String]) -> Vec<Agg> {
    let mut out = Vec::new();
    for agg in aggs {
        let AggInput::Wildcard(pattern) = &agg.input else {
            out.push(agg.clone());
            continue;
        };
        for field in fields {
            let Some(parts) = crate::fields::wildcard_captures(pattern, field) else { continue };
            if field.starts_with('_') && !pattern.starts_with('_') {
                continue;
            }
            let alias = match (agg.named, agg.alias.contains('*')) {
                (true, true) => fill(&agg.alias, &parts),
                (true, false) => agg.alias.clone(),
                (false, _) => agg.alias.replacen(pattern.as_str(), field, 1),
            };
            out.push(Agg { input: AggInput::Field(field.clone()), alias, ..agg.clone() });
        }
    }
    out
}

/// `pattern` with its stars replaced by `parts` in turn.
pub(crate) fn fill(pattern: &str, parts: &[&str]) -> String {
    let mut out = String::new();
    let mut pieces = pattern.split('*');
    out.push_str(pieces.next().unwrap_or(""));
    for (i, piece) in pieces.enumerate() {
        out.push_str(parts.get(i).copied().unwrap_or("*"));
        out.push_str(piece);
    }
    out
}

/// What an aggregation takes of each row.
pub(crate) fn input(agg: &Agg, plan: &Plan, cx: &PlanCx<'_>) -> Result<Typed, Failed> {
    Ok(match &agg.input {
        AggInput::None => Typed::num(1.0),
        AggInput::Field(name) => plan.column(name),
        AggInput::Wildcard(_) => Typed::null(),
        AggInput::Spark(inner, _) => self::input(inner, plan, cx)?,
        AggInput::Eval(expr) => {
            let mut compiler = Compiler::new(plan, cx);
            let typed = compiler.compile(expr);
            let typed = compiler.finish(typed)?;
            match typed.ty {
                // `count(eval(x>5))` counts the rows where it is true.
                Ty::Bool => Typed::of(
                    datafusion_expr::when(typed.expr, datafusion_expr::lit(1.0))
                        .end()
                        .map_err(Failed::Engine)?,
                    Ty::Num,
                ),
                _ => typed,
            }
        }
    })
}

/// The aggregate expression over the columns of `plan`.
pub(crate) fn plan_one(agg: &Agg, plan: &Plan, cx: &PlanCx<'_>) -> Result<DfExpr, Failed> {
    let arg = input(agg, plan, cx)?;
    let ty = if arg.ty == Ty::Null { Ty::Text } else { arg.ty };
    let expr = arg.materialized();
    if let AggInput::Spark(inner, span) = &agg.input {
        let args = vec![expr, plan.column("_time").float()];
        return Ok(sparkline::aggregate(agg.spec, inner, *span, args));
    }
    match (agg.spec.kernel)(ty) {
        AggKernel::Native(make) => Ok(make(&AggArg { expr, ty })?),
        AggKernel::Fold(_) => {
            let mut args = vec![expr];
            if agg.spec.timed {
                args.push(plan.column("_time").float());
            }
            Ok(fold::aggregate(agg.spec, agg.number, ty, args))
        }
    }
}

/// A maker of the aggregation's fold, for commands that walk over rows. A function that DataFusion
/// computes for numbers has a fold for text, which takes numbers too.
pub(crate) fn folded(agg: &Agg, cx: &PlanCx<'_>) -> Result<fn(f64) -> Box<dyn Fold>, Failed> {
    for ty in [Ty::Text, Ty::Num] {
        if let AggKernel::Fold(make) = (agg.spec.kernel)(ty)
            && !matches!(agg.input, AggInput::Spark(..))
        {
            return Ok(make);
        }
    }
    Err(codes::REFUSED
        .at(agg.span, format!("`{}` cannot be computed row by row", agg.spec.name))
        .label(format!("in the command at {}", cx.sources.line_col(cx.span).0))
        .help("use `stats` or `eventstats`")
        .into())
}

/// The kind of the result when the argument has the kind `ty`.
pub(crate) fn result_ty(agg: &Agg, ty: Ty) -> Ty {
    match agg.spec.ret {
        Ret::Text => Ty::Text,
        Ret::Num => Ty::Num,
        Ret::Bool => Ty::Bool,
        Ret::Of(f) => f(&[if ty == Ty::Null { Ty::Text } else { ty }]),
    }
}

/// Whether any of them depends on the order of rows.
pub(crate) fn ordered(aggs: &[Agg]) -> bool {
    aggs.iter().any(|a| match &a.input {
        AggInput::Spark(inner, _) => inner.spec.ordered,
        _ => a.spec.ordered,
    })
}

/// The columns to group by.
pub(crate) fn group_exprs(by: &[String]) -> Vec<DfExpr> {
    by.iter().map(|name| column_expr(name)).collect()
}
