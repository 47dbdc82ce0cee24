//! Plans over few rows in hand: optimizing them takes longer than the rows do, so that they go
//! through no more of DataFusion than what a plan needs to run at all.

use crate::operators::{GroupExec, Groups, Planned, Step, StepsExec, operator};
use datafusion::arrow::datatypes::DataType;
use datafusion::common::tree_node::TreeNode;
use datafusion::common::{DFSchema, DataFusionError, Result};
use datafusion::execution::{SessionState, TaskContext};
use datafusion::logical_expr::expr::physical_name;
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::physical_planning_context::PhysicalPlanningContext;
use datafusion::logical_expr::{
    Aggregate, Expr, ExprSchemable, Filter, LogicalPlan, Operator, Projection,
};
use datafusion::optimizer::AnalyzerRule;
use datafusion::optimizer::analyzer::type_coercion::{TypeCoercion, TypeCoercionRewriter};
use datafusion::physical_expr::aggregate::LoweredAggregateBuilder;
use datafusion::physical_expr::create_physical_expr;
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_optimizer::ensure_requirements::EnsureRequirements;
use datafusion::physical_plan::{ExecutionPlan, ExecutionPlanProperties};
use futures::future::BoxFuture;
use std::borrow::Cow;
use std::sync::Arc;

/// DataFusion for few rows: one partition and no optimizer rules.
pub(crate) struct Few {
    state: SessionState,
    /// Made once, since it holds a table of all functions.
    task: Arc<TaskContext>,
}

impl Few {
    /// `state` has one partition, and no rules of either kind.
    pub(crate) fn new(state: SessionState) -> Few {
        let task = Arc::new(TaskContext::from(&state));
        Few { state, task }
    }

    pub(crate) fn task(&self) -> Arc<TaskContext> {
        self.task.clone()
    }

    pub(crate) fn new_task(&self) -> TaskContext {
        TaskContext::from(&self.state)
    }

    pub(crate) fn coerced(&self, plan: LogicalPlan) -> Result<LogicalPlan> {
        // Of the analyzer's rules the other is for `GROUPING`, which SPL has not.
        TypeCoercion::new().analyze(plan, self.state.config_options())
    }

    /// A filter or a projection, ready to run; `None` for any other node.
    pub(crate) fn step(&self, plan: &LogicalPlan) -> Result<Option<Step>> {
        Step::of(plan, self.state.execution_props())
    }

    pub(crate) async fn physical(&self, plan: &LogicalPlan) -> Result<Arc<dyn ExecutionPlan>> {
        let options = self.state.config_options();
        let physical = match self.planned(plan, Casts::Missing).await? {
            Some(physical) => physical,
            None => {
                let plan = self.coerced(plan.clone())?;
                let planned = self.planned(&plan, Casts::There).await?;
                planned.ok_or_else(|| DataFusionError::Internal("a type is open".to_owned()))?
            }
        };
        match is_plain(&physical) {
            true => Ok(physical),
            false => EnsureRequirements::new().optimize(physical, options),
        }
    }

    /// `None`: casts change the type of a column.
    fn planned<'p>(
        &'p self,
        plan: &'p LogicalPlan,
        casts: Casts,
    ) -> BoxFuture<'p, Result<Option<Arc<dyn ExecutionPlan>>>> {
        Box::pin(async move {
            let mut steps = Vec::new();
            let mut at = plan;
            let node = loop {
                let Some(node) = casts.of(at)? else { return Ok(None) };
                let step = Step::of(&node, self.state.execution_props())?;
                match (step, at.inputs().into_iter().next()) {
                    (Some(step), Some(input)) => {
                        steps.push(step);
                        at = input;
                    }
                    _ => break node,
                }
            };
            let mut inputs = Vec::new();
            for input in at.inputs() {
                let Some(input) = self.planned(input, casts).await? else { return Ok(None) };
                inputs.push(input);
            }
            let Some(made) = self.operator(&node, inputs, casts).await? else { return Ok(None) };
            steps.reverse();
            Ok(Some(match steps.is_empty() {
                true => made,
                false => Arc::new(StepsExec::new(made, steps)),
            }))
        })
    }

    /// A node that is no step, with its casts, over inputs that are planned.
    async fn operator(
        &self,
        node: &LogicalPlan,
        inputs: Vec<Arc<dyn ExecutionPlan>>,
        casts: Casts,
    ) -> Result<Option<Arc<dyn ExecutionPlan>>> {
        if let LogicalPlan::Extension(extension) = node
            && let Some(made) = operator(extension.node.as_ref(), &inputs)?
        {
            return Ok(Some(made));
        }
        if let (LogicalPlan::Aggregate(node), [input]) = (node, inputs.as_slice())
            && !node.group_expr.iter().any(|expr| matches!(expr, Expr::GroupingSet(_)))
        {
            return self.aggregate(node, input.clone()).map(Some);
        }
        let mut node = over(node, inputs)?;
        if matches!(casts, Casts::Missing) && !node.inputs().is_empty() {
            let types = node.schema().clone();
            node = self.coerced(node)?;
            if node.schema().has_equivalent_names_and_types(&types).is_err() {
                return Ok(None);
            }
        }
        self.state.query_planner().create_physical_plan(&node, &self.state).await.map(Some)
    }

    /// In one step: DataFusion plans two, and its optimizer makes them one.
    fn aggregate(
        &self,
        node: &Aggregate,
        input: Arc<dyn ExecutionPlan>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let props = self.state.execution_props();
        let (from, schema) = (node.input.schema(), input.schema());
        let context = PhysicalPlanningContext::default();
        let group = |expr: &Expr| {
            Ok((create_physical_expr(expr, from, props, &context)?, physical_name(expr)?))
        };
        let by = node.group_expr.iter().map(group).collect::<Result<Vec<_>>>()?;
        let (mut folds, mut filters) = (Vec::new(), Vec::new());
        for expr in &node.aggr_expr {
            let made =
                LoweredAggregateBuilder::new(expr, from, &schema, props, &context).build()?;
            folds.push(made.aggregate);
            filters.push(made.filter);
        }
        let groups = Groups { by, folds, filters };
        match groups.are_plain(&input) {
            true => {
                let schema = Arc::new(node.schema.as_arrow().clone());
                Ok(Arc::new(GroupExec::new(input, groups, schema)))
            }
            false => groups.exec(input),
        }
    }
}

/// The casts that make the types of expressions fit.
#[derive(Clone, Copy)]
enum Casts {
    There,
    /// DataFusion's analyzer makes each node and its schema anew for them; few nodes need any, and
    /// fewer have another schema then.
    Missing,
}

impl Casts {
    /// A filter, projection or aggregation with its casts, any other node as it is. `None`: a column
    /// has another type with them.
    fn of(self, node: &LogicalPlan) -> Result<Option<Cow<'_, LogicalPlan>>> {
        let (Casts::Missing, Some(input)) = (self, node.inputs().into_iter().next()) else {
            return Ok(Some(Cow::Borrowed(node)));
        };
        let from = input.schema();
        let casting = Casting { from, names: NamePreserver::new(node) };
        let made = match node {
            LogicalPlan::Filter(filter) => {
                if are_there(&filter.predicate) {
                    return Ok(Some(Cow::Borrowed(node)));
                }
                let predicate = filter.predicate.clone().cast_to(&DataType::Boolean, from)?;
                let Some(predicate) = casting.cast(&predicate)? else {
                    return Ok(Some(Cow::Borrowed(node)));
                };
                Some(LogicalPlan::Filter(Filter::try_new(predicate, filter.input.clone())?))
            }
            LogicalPlan::Projection(projection) => {
                let (input, schema) = (projection.input.clone(), projection.schema.clone());
                match casting.all(projection.expr.iter(), &schema)? {
                    Made::Same => return Ok(Some(Cow::Borrowed(node))),
                    Made::OtherTypes => None,
                    Made::New(exprs) => {
                        let made = Projection::try_new_with_schema(exprs, input, schema)?;
                        Some(LogicalPlan::Projection(made))
                    }
                }
            }
            LogicalPlan::Aggregate(aggregate) => {
                let (input, schema) = (aggregate.input.clone(), aggregate.schema.clone());
                let exprs = aggregate.group_expr.iter().chain(&aggregate.aggr_expr);
                match casting.all(exprs, &schema)? {
                    Made::Same => return Ok(Some(Cow::Borrowed(node))),
                    Made::OtherTypes => None,
                    Made::New(mut groups) => {
                        let folds = groups.split_off(aggregate.group_expr.len());
                        let made = Aggregate::try_new_with_schema(input, groups, folds, schema)?;
                        Some(LogicalPlan::Aggregate(made))
                    }
                }
            }
            _ => return Ok(Some(Cow::Borrowed(node))),
        };
        Ok(made.map(Cow::Owned))
    }
}

/// Casts for the expressions of a node over columns `from`.
struct Casting<'p> {
    from: &'p DFSchema,
    names: NamePreserver,
}

enum Made {
    Same,
    OtherTypes,
    New(Vec<Expr>),
}

impl Casting<'_> {
    /// `None`: it needs none.
    fn cast(&self, expr: &Expr) -> Result<Option<Expr>> {
        if needs_none(expr) {
            return Ok(None);
        }
        let made = expr.clone().rewrite(&mut TypeCoercionRewriter::new(self.from))?;
        Ok(made.transformed.then(|| self.names.save(expr).restore(made.data)))
    }

    /// Of expressions that give the columns of a schema.
    fn all<'e>(
        &self,
        exprs: impl Iterator<Item = &'e Expr> + Clone,
        schema: &DFSchema,
    ) -> Result<Made> {
        let mut made = Vec::new();
        let mut changed = false;
        for (expr, field) in exprs.clone().zip(schema.fields()) {
            let cast = self.cast(expr)?;
            if let Some(cast) = &cast {
                changed = true;
                if cast.get_type(self.from)? != *field.data_type() {
                    return Ok(Made::OtherTypes);
                }
            }
            made.push(cast);
        }
        let exprs = exprs.zip(made).map(|(expr, cast)| cast.unwrap_or_else(|| expr.clone()));
        Ok(if changed { Made::New(exprs.collect()) } else { Made::Same })
    }
}

/// Whether it surely takes no cast: a column or a fixed value, perhaps under another name, or
/// conditions that some are there.
fn needs_none(expr: &Expr) -> bool {
    match expr {
        Expr::Alias(alias) => needs_none(&alias.expr),
        Expr::Column(_) | Expr::Literal(..) => true,
        expr => are_there(expr),
    }
}

fn are_there(expr: &Expr) -> bool {
    match expr {
        Expr::IsNull(of) | Expr::IsNotNull(of) => needs_none(of),
        Expr::BinaryExpr(both) if matches!(both.op, Operator::And | Operator::Or) => {
            are_there(&both.left) && are_there(&both.right)
        }
        _ => false,
    }
}

/// A node over inputs that are planned.
fn over(plan: &LogicalPlan, inputs: Vec<Arc<dyn ExecutionPlan>>) -> Result<LogicalPlan> {
    let schemas = plan.inputs().into_iter().map(|input| input.schema().clone());
    let inputs: Vec<LogicalPlan> = inputs
        .into_iter()
        .zip(schemas)
        .map(|(input, schema)| Planned::plan(input, schema))
        .collect();
    match inputs.is_empty() {
        true => Ok(plan.clone()),
        false => plan.with_new_exprs(plan.expressions(), inputs),
    }
}

/// Whether every operator has one partition, and none asks for rows in an order: whatever an
/// operator wants of its input then holds.
fn is_plain(plan: &Arc<dyn ExecutionPlan>) -> bool {
    plan.output_partitioning().partition_count() == 1
        && plan.required_input_ordering().iter().all(Option::is_none)
        && plan.children().into_iter().all(is_plain)
}
