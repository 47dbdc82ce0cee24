//! The aggregations of a chart, and expressions over them.

use crate::aggregates;
use crate::aggs::{self, Agg, AggInput};
use crate::parse::{ArgReader, ParseCx};
use davy_spl::ast::{Arg, ArgKind, CallArgs, Expr, ExprKind};

/// One column of the result, or one of each series.
#[derive(Debug, Clone)]
pub(crate) struct Measure {
    pub(crate) alias: String,
    pub(crate) aggs: Vec<Agg>,
    /// What is computed of the aggregations, which it names `\u{1}a0`, `\u{1}a1` …
    pub(crate) expr: Option<Expr>,
}

/// The name of the n-th aggregation inside an expression.
fn inner_name(n: usize) -> String {
    format!("\u{1}a{n}")
}

/// One aggregation, or an expression over aggregations.
pub(crate) fn read(
    reader: &mut ArgReader<'_>,
    base: usize,
    cx: &mut ParseCx<'_>,
) -> Option<Measure> {
    let Some(arg) = reader.peek() else { return cx.missing("an aggregation") };
    let span = arg.span.0;
    let expr = match &arg.kind {
        ArgKind::Call { name, args: CallArgs::Eval(expr) }
            if name.value.eq_ignore_ascii_case("eval") =>
        {
            Some(expr.as_ref().clone())
        }
        ArgKind::Group(_) => {
            let parsed = davy_spl::parse_expr_at(cx.sources, span, cx.diags);
            Some(parsed?)
        }
        _ => None,
    };
    let mut measure = match expr {
        Some(mut expr) => {
            reader.next_arg();
            let mut found = Vec::new();
            take_aggs(&mut expr, base, &mut found, cx)?;
            if found.is_empty() {
                return cx.bad(span, "the expression holds no aggregation such as avg(x)");
            }
            cx.check(&expr);
            let alias = cx.sources.text(span).to_owned();
            Measure { alias, aggs: found, expr: Some(expr) }
        }
        None => {
            reader.next_arg();
            let agg = aggs::read_one(arg, cx)?;
            Measure { alias: agg.alias.clone(), aggs: vec![agg], expr: None }
        }
    };
    if reader.keyword("as") {
        let Some(alias) = reader.field() else {
            return cx.bad(span, "`AS` needs a name after it");
        };
        if let [agg] = measure.aggs.as_mut_slice()
            && measure.expr.is_none()
        {
            agg.alias.clone_from(&alias.value);
            agg.named = true;
        }
        measure.alias = alias.value;
    }
    Some(measure)
}

/// Takes the aggregations out of an expression; a name stands in the place of each.
fn take_aggs(
    expr: &mut Expr,
    base: usize,
    found: &mut Vec<Agg>,
    cx: &mut ParseCx<'_>,
) -> Option<()> {
    let span = expr.span.0;
    let replacement = match &mut expr.kind {
        ExprKind::Field(name) if name == "count" || name == "c" => {
            let arg = Arg { kind: ArgKind::Word(name.clone()), span: expr.span };
            Some(aggs::read_one(&arg, cx)?)
        }
        ExprKind::Call { name, args }
            if args.len() <= 1 && aggregates::find(&name.value.to_ascii_lowercase()).is_some() =>
        {
            let (spec, number) = aggs::find(name, cx)?;
            let input = match args.pop() {
                None => AggInput::None,
                Some(Expr { kind: ExprKind::Field(field), .. }) => AggInput::Field(field),
                Some(Expr { kind: ExprKind::Call { name, mut args }, .. })
                    if name.value.eq_ignore_ascii_case("eval") && args.len() == 1 =>
                {
                    AggInput::Eval(Box::new(args.remove(0)))
                }
                Some(inner) => AggInput::Eval(Box::new(inner)),
            };
            if let AggInput::Eval(inner) = &input {
                cx.check(inner);
            }
            let alias = String::new();
            Some(Agg { spec, number, input, alias, named: false, span })
        }
        _ => None,
    };
    if let Some(mut agg) = replacement {
        agg.alias = inner_name(base + found.len());
        expr.kind = ExprKind::Field(agg.alias.clone());
        found.push(agg);
        return Some(());
    }
    match &mut expr.kind {
        ExprKind::Call { args, .. } => {
            for arg in args {
                take_aggs(arg, base, found, cx)?;
            }
        }
        ExprKind::Negate(e) | ExprKind::Plus(e) | ExprKind::Not(e) => {
            take_aggs(e, base, found, cx)?
        }
        ExprKind::Binary { left, right, .. } => {
            take_aggs(left, base, found, cx)?;
            take_aggs(right, base, found, cx)?;
        }
        ExprKind::Chain { first, rest } => {
            take_aggs(first, base, found, cx)?;
            for (_, item) in rest {
                take_aggs(item, base, found, cx)?;
            }
        }
        ExprKind::In { value, list } => {
            take_aggs(value, base, found, cx)?;
            for item in list {
                take_aggs(item, base, found, cx)?;
            }
        }
        ExprKind::Between { value, low, high } => {
            take_aggs(value, base, found, cx)?;
            take_aggs(low, base, found, cx)?;
            take_aggs(high, base, found, cx)?;
        }
        _ => {}
    }
    Some(())
}
