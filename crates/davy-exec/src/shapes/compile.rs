//! Expressions over nodes, folded where their inputs are the same in all events.

use super::node::{Node, NodeId};
use datafusion::arrow::array::{RecordBatch, RecordBatchOptions};
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{Column, DFSchema, DataFusionError, Result, ScalarValue};
use datafusion::logical_expr::physical_planning_context::PhysicalPlanningContext;
use datafusion::logical_expr::simplify::SimplifyContext;
use datafusion::logical_expr::{ColumnarValue, EmptyRelation, Expr, LogicalPlan, Volatility};
use datafusion::optimizer::simplify_expressions::ExprSimplifier;
use datafusion::physical_expr::execution_props::ExecutionProps;
use datafusion::physical_expr::{PhysicalExpr, create_physical_expr};
use davy_plan::{Failed, Plan, Ty, Typed, Val};
use std::collections::HashMap;
use std::sync::Arc;

/// What became of an expression; its inputs are told by their places.
#[derive(Debug, Clone)]
pub(crate) enum Compiled {
    Absent,
    Const(Val<'static>),
    /// It is one of its inputs.
    Same(usize),
    Expr {
        inputs: Vec<usize>,
        schema: SchemaRef,
        expr: Arc<dyn PhysicalExpr>,
        ty: Ty,
        costly: bool,
        /// Where this input is nowhere null, it is the value.
        lead: Option<usize>,
    },
}

/// Compiles an expression over named nodes; `build` makes it over a plan whose columns they are.
pub(crate) fn compile(
    inputs: &[(String, NodeId, Arc<Node>)],
    build: impl FnOnce(&Plan) -> std::result::Result<Typed, Failed>,
) -> std::result::Result<Compiled, Failed> {
    let present: Vec<(usize, &str, &Node)> = inputs
        .iter()
        .enumerate()
        .map(|(at, (name, _, node))| (at, name.as_str(), node.as_ref()))
        .filter(|(_, _, node)| !matches!(node, Node::Absent))
        .collect();
    let field = |name: &str, node: &Node| Field::new(name, data_type(node.ty()), true);
    let fields = present.iter().map(|(_, name, node)| field(name, node));
    let schema = Schema::new(fields.collect::<Vec<Field>>());
    let dfschema = Arc::new(DFSchema::try_from(schema)?);
    let plan = Plan::new(LogicalPlan::EmptyRelation(EmptyRelation {
        produce_one_row: false,
        schema: dfschema.clone(),
    }));
    let typed = build(&plan)?;
    let ty = typed.ty;
    let constants: HashMap<&str, &Val<'static>> = present
        .iter()
        .filter_map(|(_, name, node)| match node {
            Node::Const(value) => Some((*name, value)),
            _ => None,
        })
        .collect();
    let expr = substitute(typed.expr, &constants)?;
    let context = SimplifyContext::builder().with_schema(dfschema.clone()).build();
    let simplifier = ExprSimplifier::new(context);
    let expr = simplifier.coerce(expr, &dfschema)?;
    if let Some(value) = evaluated(&expr) {
        return Ok(literal(&value));
    }
    let expr = simplifier.simplify(expr)?;
    let expr = unaliased(expr);
    if let Expr::Literal(value, _) = &expr {
        return Ok(literal(value));
    }
    if let Expr::Column(Column { name, .. }) = &expr
        && let Some((at, _, _)) = present.iter().find(|(_, n, _)| n == name)
    {
        return Ok(Compiled::Same(*at));
    }
    // Only what is left after folding is an input.
    let read = expr.column_refs();
    let used: Vec<_> =
        present.iter().filter(|(_, name, _)| read.iter().any(|c| c.name == *name)).collect();
    let fields = used.iter().map(|(_, name, node)| field(name, node));
    let schema = Arc::new(Schema::new(fields.collect::<Vec<Field>>()));
    let narrow = DFSchema::try_from(schema.as_ref().clone())?;
    let physical = create_physical_expr(
        &expr,
        &narrow,
        &ExecutionProps::new(),
        &PhysicalPlanningContext::default(),
    )?;
    let lead = first_choice(&expr).and_then(|lead| {
        let (at, _, node) = used.iter().find(|(_, name, _)| *name == lead)?;
        (node.ty() == ty).then_some(*at)
    });
    Ok(Compiled::Expr {
        lead,
        inputs: used.iter().map(|(at, _, _)| *at).collect(),
        schema,
        expr: physical,
        ty: if ty == Ty::Null { Ty::Text } else { ty },
        costly: costly(&expr)?,
    })
}

/// The value of an expression over constants alone. The simplifier finds it too, but works out each
/// part by itself. `None` where there is none, or where an error is not to be told yet.
fn evaluated(expr: &Expr) -> Option<ScalarValue> {
    let mut fixed = true;
    expr.apply(|e| {
        fixed &= match e {
            Expr::Column(_) => false,
            Expr::ScalarFunction(call) => call.func.signature().volatility == Volatility::Immutable,
            _ => true,
        };
        Ok(if fixed { TreeNodeRecursion::Continue } else { TreeNodeRecursion::Stop })
    })
    .ok()?;
    if !fixed {
        return None;
    }
    let schema = Arc::new(Schema::empty());
    let (props, planning) = (ExecutionProps::new(), PhysicalPlanningContext::default());
    let physical = create_physical_expr(expr, &DFSchema::empty(), &props, &planning).ok()?;
    let options = RecordBatchOptions::new().with_row_count(Some(1));
    let row = RecordBatch::try_new_with_options(schema, Vec::new(), &options).ok()?;
    match physical.evaluate(&row).ok()? {
        ColumnarValue::Scalar(value) => Some(value),
        ColumnarValue::Array(array) => ScalarValue::try_from_array(&array, 0).ok(),
    }
}

/// The column that an expression is wherever the column is not null.
fn first_choice(expr: &Expr) -> Option<&str> {
    let Expr::Case(case) = expr else { return None };
    let (when, then) = case.when_then_expr.first().filter(|_| case.expr.is_none())?;
    match (when.as_ref(), then.as_ref()) {
        (Expr::IsNotNull(there), then @ Expr::Column(column)) if there.as_ref() == then => {
            Some(&column.name)
        }
        _ => None,
    }
}

/// Whether it calls functions, and they give the same for the same.
fn costly(expr: &Expr) -> Result<bool> {
    let mut calls = false;
    let mut steady = true;
    expr.apply(|e| {
        if let Expr::ScalarFunction(call) = e {
            calls = true;
            steady &= call.func.signature().volatility != Volatility::Volatile;
        }
        Ok(TreeNodeRecursion::Continue)
    })?;
    Ok(calls && steady)
}

fn data_type(ty: Ty) -> DataType {
    ty.data_type()
}

fn unaliased(expr: Expr) -> Expr {
    match expr {
        Expr::Alias(alias) => unaliased(*alias.expr),
        other => other,
    }
}

fn substitute(expr: Expr, constants: &HashMap<&str, &Val<'static>>) -> Result<Expr> {
    let done = expr.transform(|e| {
        let Expr::Column(column) = &e else { return Ok(Transformed::no(e)) };
        Ok(match constants.get(column.name.as_str()) {
            Some(value) => Transformed::yes(Expr::Literal(scalar(value), None)),
            None => Transformed::no(e),
        })
    })?;
    Ok(done.data)
}

pub(crate) fn scalar(value: &Val<'_>) -> ScalarValue {
    match value {
        Val::Null => ScalarValue::Utf8View(None),
        Val::Num(n) => ScalarValue::Float64(Some(*n)),
        Val::Bool(b) => ScalarValue::Boolean(Some(*b)),
        Val::Str(s) => ScalarValue::Utf8View(Some(s.to_string())),
    }
}

fn literal(value: &ScalarValue) -> Compiled {
    match val(value) {
        Some(Val::Null) | None => Compiled::Absent,
        Some(value) => Compiled::Const(value),
    }
}

fn val(value: &ScalarValue) -> Option<Val<'static>> {
    if value.is_null() {
        return Some(Val::Null);
    }
    let array = value.to_array().ok()?;
    let column = davy_plan::Column::new(&array).ok()?;
    Some(column.get(0).into_owned())
}

/// The first of `nodes` that is not null.
pub(crate) fn coalesce(plan: &Plan, names: &[String]) -> std::result::Result<Typed, Failed> {
    let mut typed: Vec<Typed> = names.iter().map(|n| plan.column(n)).collect();
    let ty = typed.iter().fold(Ty::Null, |ty, t| ty.unify(t.ty));
    let Some(last) = typed.pop() else { return Ok(Typed::null()) };
    let mut out = last.into_ty(ty).expr;
    for one in typed.into_iter().rev() {
        let one = one.into_ty(ty).expr;
        let there = Expr::IsNotNull(Box::new(one.clone()));
        out = datafusion::logical_expr::when(there, one).otherwise(out)?;
    }
    Ok(Typed::of(out, ty))
}

/// `yes` where the condition is true, else `no`.
pub(crate) fn choose(
    plan: &Plan,
    condition: &str,
    yes: &str,
    no: &str,
) -> std::result::Result<Typed, Failed> {
    let (yes, no) = (plan.column(yes), plan.column(no));
    let ty = yes.ty.unify(no.ty);
    let condition = plan.column(condition).expr;
    let expr = datafusion::logical_expr::when(condition, yes.into_ty(ty).expr)
        .otherwise(no.into_ty(ty).expr)?;
    Ok(Typed::of(expr, ty))
}

/// `default` where the value is null or empty.
pub(crate) fn or_default(
    plan: &Plan,
    value: &str,
    default: &str,
) -> std::result::Result<Typed, Failed> {
    let text = plan.column(value).into_ty(Ty::Text).expr;
    let empty = Expr::IsNull(Box::new(text.clone())).or(text.clone().eq(Typed::text("").expr));
    let expr = datafusion::logical_expr::when(empty, Typed::text(default).expr).otherwise(text)?;
    Ok(Typed::of(expr, Ty::Text))
}

/// A failure in words.
pub(crate) fn words(failed: &Failed) -> String {
    match failed {
        Failed::Diagnostic(d) => match &d.help {
            Some(help) => format!("{}; {help}", d.message),
            None => d.message.clone(),
        },
        Failed::Engine(DataFusionError::Plan(message)) => message.clone(),
        Failed::Engine(error) => error.to_string(),
    }
}
