//! The searches in brackets of a pipeline.

use crate::ast::{Arg, ArgKind, Args, CallArgs, Expr, ExprKind, Pipeline, SearchExpr, Stage};

impl Stage {
    /// The searches in brackets among the arguments, not those inside them again.
    pub fn subsearches(&self) -> Vec<&Pipeline> {
        let mut out = Vec::new();
        match &self.args {
            Args::Search(Some(expr)) => search_in(expr, &mut out),
            Args::Where(expr) => expr_in(expr, &mut out),
            Args::Eval(list) => list.iter().for_each(|a| expr_in(&a.value, &mut out)),
            Args::General(items) => items_in(items, &mut out),
            Args::Tstats(tstats) => {
                items_in(&tstats.head, &mut out);
                tstats.filter.iter().for_each(|e| search_in(e, &mut out));
                items_in(&tstats.by, &mut out);
            }
            Args::Search(None) | Args::Raw(_) | Args::Broken(_) => {}
        }
        out
    }
}

impl Pipeline {
    /// Every stage with the searches in brackets below it, outer ones first. The parser bounds
    /// how deep they nest.
    pub fn all_stages(&self) -> Vec<&Stage> {
        let mut out = Vec::new();
        for stage in &self.stages {
            out.push(stage);
            for inner in stage.subsearches() {
                out.extend(inner.all_stages());
            }
        }
        out
    }
}

fn search_in<'a>(expr: &'a SearchExpr, out: &mut Vec<&'a Pipeline>) {
    match expr {
        SearchExpr::And(items) | SearchExpr::Or(items) => {
            items.iter().for_each(|e| search_in(e, out));
        }
        SearchExpr::Not(inner, _) => search_in(inner, out),
        SearchExpr::Subsearch(pipeline, _) | SearchExpr::CompareSub { pipeline, .. } => {
            out.push(pipeline);
        }
        _ => {}
    }
}

fn items_in<'a>(items: &'a [Arg], out: &mut Vec<&'a Pipeline>) {
    for item in items {
        match &item.kind {
            ArgKind::Subsearch(pipeline) => out.push(pipeline),
            ArgKind::Option { value, .. } => items_in(std::slice::from_ref(&**value), out),
            ArgKind::Call { args: CallArgs::Items(items), .. } => items_in(items, out),
            ArgKind::Call { args: CallArgs::Eval(expr), .. } => expr_in(expr, out),
            _ => {}
        }
    }
}

fn expr_in<'a>(expr: &'a Expr, out: &mut Vec<&'a Pipeline>) {
    match &expr.kind {
        ExprKind::Subsearch(pipeline) => out.push(pipeline),
        ExprKind::Call { args, .. } => args.iter().for_each(|e| expr_in(e, out)),
        ExprKind::Negate(inner) | ExprKind::Plus(inner) | ExprKind::Not(inner) => {
            expr_in(inner, out);
        }
        ExprKind::Binary { left, right, .. } => {
            expr_in(left, out);
            expr_in(right, out);
        }
        ExprKind::Chain { first, rest } => {
            expr_in(first, out);
            rest.iter().for_each(|(_, e)| expr_in(e, out));
        }
        ExprKind::In { value, list } => {
            expr_in(value, out);
            list.iter().for_each(|e| expr_in(e, out));
        }
        ExprKind::Between { value, low, high } => {
            [value, low, high].into_iter().for_each(|e| expr_in(e, out));
        }
        ExprKind::Field(_)
        | ExprKind::Str(_)
        | ExprKind::Num(..)
        | ExprKind::Bool(_)
        | ExprKind::Unread => {}
    }
}
