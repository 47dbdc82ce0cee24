//! Expressions over nodes, folded where their inputs are the same in all events.

use super::node::{Node, NodeId};
use datafusion::arrow::datatypes::{DataType, Field, Schema};
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{Column, DFSchema, DataFusionError, Result, ScalarValue};
use datafusion::logical_expr::physical_planning_context::PhysicalPlanningContext;
use datafusion::logical_expr::simplify::SimplifyContext;
use datafusion::logical_expr::{EmptyRelation, Expr, LogicalPlan, Volatility};
use datafusion::optimizer::simplify_expressions::ExprSimplifier;
use datafusion::physical_expr::create_physical_expr;
use datafusion::physical_expr::execution_props::ExecutionProps;
use davy_plan::{Failed, Plan, Ty, Typed, Val};
use std::collections::HashMap;
use std::sync::Arc;

/// What became of an expression.
pub(crate) enum Folded {
    Node(Node),
    /// It is one of its inputs.
    Same(NodeId),
}

/// Compiles an expression over named nodes; `build` makes it over a plan whose columns they are.
pub(crate) fn compile(
    inputs: &[(String, NodeId, Arc<Node>)],
    build: impl FnOnce(&Plan) -> std::result::Result<Typed, Failed>,
) -> std::result::Result<Folded, Failed> {
    let present: Vec<&(String, NodeId, Arc<Node>)> =
        inputs.iter().filter(|(_, _, node)| !matches!(**node, Node::Absent)).collect();
    let field = |name: &str, node: &Node| Field::new(name, data_type(node.ty()), true);
    let schema = Schema::new(
        present.iter().map(|(name, _, node)| field(name, node)).collect::<Vec<Field>>(),
    );
    let dfschema = Arc::new(DFSchema::try_from(schema)?);
    let plan = Plan::new(LogicalPlan::EmptyRelation(EmptyRelation {
        produce_one_row: false,
        schema: dfschema.clone(),
    }));
    let typed = build(&plan)?;
    let ty = typed.ty;
    let constants: HashMap<&str, &Val<'static>> = present
        .iter()
        .filter_map(|(name, _, node)| match node.as_ref() {
            Node::Const(value) => Some((name.as_str(), value)),
            _ => None,
        })
        .collect();
    let expr = substitute(typed.expr, &constants)?;
    let context = SimplifyContext::builder().with_schema(dfschema.clone()).build();
    let simplifier = ExprSimplifier::new(context);
    let expr = simplifier.coerce(expr, &dfschema)?;
    let expr = simplifier.simplify(expr)?;
    let expr = unaliased(expr);
    if let Expr::Literal(value, _) = &expr {
        return Ok(Folded::Node(literal(value)));
    }
    if let Expr::Column(Column { name, .. }) = &expr
        && let Some((_, id, _)) = present.iter().find(|(n, _, _)| n == name)
    {
        return Ok(Folded::Same(*id));
    }
    // Only what is left after folding is an input.
    let read = expr.column_refs();
    let used: Vec<_> =
        present.iter().filter(|(name, _, _)| read.iter().any(|c| c.name == *name)).collect();
    let schema = Arc::new(Schema::new(
        used.iter().map(|(name, _, node)| field(name, node)).collect::<Vec<Field>>(),
    ));
    let narrow = DFSchema::try_from(schema.as_ref().clone())?;
    let physical = create_physical_expr(
        &expr,
        &narrow,
        &ExecutionProps::new(),
        &PhysicalPlanningContext::default(),
    )?;
    Ok(Folded::Node(Node::Expr {
        inputs: used.iter().map(|(_, id, _)| *id).collect(),
        schema,
        expr: physical,
        ty: if ty == Ty::Null { Ty::Text } else { ty },
        costly: costly(&expr)?,
    }))
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

fn literal(value: &ScalarValue) -> Node {
    match val(value) {
        Some(Val::Null) | None => Node::Absent,
        Some(value) => Node::Const(value),
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
