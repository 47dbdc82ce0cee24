//! `head`. Search Reference, head.

use crate::command::{Command, Order};
use crate::example;
use crate::expr::{Compiler, reads};
use crate::fields::{FieldSet, Fields};
use crate::hoist::hoist;
use crate::node::{SequentialNode, SequentialOp, SequentialState};
use crate::parse::{ArgReader, arg_text};
use crate::plan::{Failed, Plan, PlanCx};
use crate::spec::{CommandSpec, Kind, ParseCx, Support};
use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::{Schema, SchemaRef};
use datafusion_common::Result as DfResult;
use davy_diag::{Span, closest};
use davy_spl::ast::{Arg, ArgKind, Args, Expr, Grammar};
use std::sync::Arc;

pub(super) static SPEC: CommandSpec = CommandSpec {
    name: "head",
    aliases: &[],
    kind: Kind::Sequential,
    grammar: Grammar::General,
    syntax: "head [<N> | (<eval-expression>)] [limit=<N>] [null=<bool>] [keeplast=<bool>]",
    summary: "Keeps the first N rows (10), or the rows before the first for which an expression is false.",
    examples: &[
        example!("| makeresults count=20 | head" => rows 10),
        example!("| makeresults count=20 | head 3" => rows 3),
        example!("| makeresults count=9 | streamstats count AS n | head (n<4)" => rows 3),
        example!("| makeresults count=9 | streamstats count AS n | head (n<4) keeplast=t" => rows 4),
        example!("| makeresults count=9 | streamstats count AS n | head n<4" => rows 3),
    ],
    source: "Search Reference, head",
    support: Support::Full,
    parse,
};

#[derive(Debug)]
struct Head {
    limit: usize,
    while_: Option<Expr>,
    null: bool,
    keep_last: bool,
}

const OPTIONS: [&str; 3] = ["limit", "null", "keeplast"];

/// Whether this is a comparison, and no option, also not one with a letter wrong.
fn compares(arg: &Arg) -> bool {
    matches!(&arg.kind, ArgKind::Option { key, .. } if closest(&key.value, OPTIONS).is_none())
}

fn parse(args: &Args, cx: &mut ParseCx<'_>) -> Option<Box<dyn Command>> {
    let Args::General(items) = args else { return None };
    // `head user="x"`: a comparison outside parentheses reads as an option of that name.
    let (compared, items): (Vec<&Arg>, Vec<&Arg>) = items.iter().partition(|a| compares(a));
    let items: Vec<Arg> = items.into_iter().cloned().collect();
    let (options, left) = ArgReader::of(&items).options(&OPTIONS, cx);
    let null = options.flag("null", false, cx);
    let keep_last = options.flag("keeplast", false, cx);
    let mut limit = options.count("limit", cx);
    let mut while_ = None;
    let mut bare: Option<Span> =
        compared.iter().map(|a| a.span.0).reduce(|first, next| first.to(next));
    for arg in left {
        let span = arg.span.0;
        if arg_text(arg).is_some_and(|t| t.parse::<i64>().is_ok_and(|n| n < 0)) {
            return cx.bad(span, "a number of rows is 0 or more");
        }
        match arg_text(arg).and_then(|t| t.parse::<usize>().ok()) {
            Some(n) if bare.is_none_or(|b| span.end < b.start) => {
                if limit.is_some() {
                    return cx.bad(span, "the number of rows is there already");
                }
                limit = Some(n);
            }
            _ if matches!(arg.kind, ArgKind::Group(_)) && bare.is_none() => {
                while_ = Some(cx.expr_at(span)?);
            }
            // `head count<5`: an expression may also stand without parentheses.
            _ => bare = Some(bare.map_or(span, |b| b.to(span))),
        }
    }
    if let Some(span) = bare {
        if while_.is_some() {
            return cx.bad(span, "the expression belongs in the parentheses as a whole");
        }
        while_ = Some(cx.expr_at(span)?);
    }
    let limit = limit.unwrap_or(if while_.is_some() { usize::MAX } else { 10 });
    Some(Box::new(Head { limit, while_, null, keep_last }))
}

impl Command for Head {
    fn needs(&self, out: &FieldSet) -> FieldSet {
        out.clone().with(self.reads().into_iter().map(|(n, _)| n))
    }

    fn fields(&self, input: &Fields) -> Fields {
        input.clone()
    }

    fn reads(&self) -> Vec<(String, Span)> {
        let mut out = Vec::new();
        if let Some(expr) = &self.while_ {
            reads(expr, &mut out);
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
        const HELD: &str = "__while";
        let Some(expr) = &self.while_ else {
            // Of rows that a sort puts in order, it need keep no others.
            if self.limit > 0 && hoist(&input).is_some() {
                return input.sort(Vec::new(), Some(self.limit));
            }
            let op = HeadOp { limit: self.limit, held: None, null: false, keep_last: false };
            return Ok(Plan::new(SequentialNode::plan(input.logical, Arc::new(op))?));
        };
        let mut compiler = Compiler::new(&input, cx);
        let condition = compiler.condition(expr);
        let condition = compiler.finish(condition)?;
        let held = crate::expr::Typed::of(condition, crate::column::Ty::Bool);
        let plan = input.with_columns(vec![(HELD.to_owned(), held)])?;
        let op = HeadOp {
            limit: self.limit,
            held: Some(HELD),
            null: self.null,
            keep_last: self.keep_last,
        };
        Plan::new(SequentialNode::plan(plan.logical, Arc::new(op))?)
            .without_columns(&[HELD.to_owned()])
    }
}

#[derive(Debug, Clone)]
struct HeadOp {
    limit: usize,
    /// The column that tells whether to go on.
    held: Option<&'static str>,
    null: bool,
    keep_last: bool,
}

impl SequentialOp for HeadOp {
    fn name(&self) -> &'static str {
        "head"
    }

    fn schema(&self, input: &Schema) -> DfResult<Schema> {
        Ok(input.clone())
    }

    fn start(&self, _: SchemaRef) -> DfResult<Box<dyn SequentialState>> {
        Ok(Box::new(HeadState { op: self.clone(), left: self.limit }))
    }
}

struct HeadState {
    op: HeadOp,
    left: usize,
}

impl SequentialState for HeadState {
    fn push(&mut self, batch: &RecordBatch) -> DfResult<Vec<RecordBatch>> {
        let mut rows = batch.num_rows().min(self.left);
        let mut stop = false;
        if let Some(column) = self.op.held.and_then(|name| batch.column_by_name(name)) {
            let column = column.as_boolean();
            let ends = |row: &usize| {
                let row = *row;
                let value = (!arrow::array::Array::is_null(column, row)).then(|| column.value(row));
                !value.unwrap_or(self.op.null)
            };
            if let Some(row) = (0..rows).find(ends) {
                rows = row + usize::from(self.op.keep_last);
                stop = true;
            }
        }
        self.left = if stop { 0 } else { self.left - rows };
        Ok(vec![batch.slice(0, rows)])
    }

    fn done(&self) -> bool {
        self.left == 0
    }
}
