//! Plans over few rows in hand: optimizing them takes longer than the rows do, so that they go
//! through no more of DataFusion than what a plan needs to run at all.

use crate::operators::{Planned, Step, StepsExec, operator};
use datafusion::common::Result;
use datafusion::execution::{SessionState, TaskContext};
use datafusion::logical_expr::expr::physical_name;
use datafusion::logical_expr::physical_planning_context::PhysicalPlanningContext;
use datafusion::logical_expr::{Aggregate, Expr, LogicalPlan};
use datafusion::optimizer::AnalyzerRule;
use datafusion::optimizer::analyzer::type_coercion::TypeCoercion;
use datafusion::physical_expr::aggregate::LoweredAggregateBuilder;
use datafusion::physical_expr::create_physical_expr;
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_optimizer::ensure_requirements::EnsureRequirements;
use datafusion::physical_plan::aggregates::{AggregateExec, AggregateMode, PhysicalGroupBy};
use datafusion::physical_plan::{ExecutionPlan, ExecutionPlanProperties};
use futures::future::BoxFuture;
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

    pub(crate) async fn physical(&self, plan: LogicalPlan) -> Result<Arc<dyn ExecutionPlan>> {
        let options = self.state.config_options();
        let plan = self.coerced(plan)?;
        let physical = self.planned(&plan).await?;
        match is_plain(&physical) {
            true => Ok(physical),
            false => EnsureRequirements::new().optimize(physical, options),
        }
    }

    fn planned<'p>(
        &'p self,
        plan: &'p LogicalPlan,
    ) -> BoxFuture<'p, Result<Arc<dyn ExecutionPlan>>> {
        Box::pin(async move {
            let mut steps = Vec::new();
            let mut at = plan;
            while let Some(step) = Step::of(at, self.state.execution_props())? {
                steps.push(step);
                let Some(input) = at.inputs().into_iter().next() else { break };
                at = input;
            }
            if !steps.is_empty() {
                steps.reverse();
                let input = self.planned(at).await?;
                return Ok(Arc::new(StepsExec::new(input, steps)) as _);
            }
            let mut inputs = Vec::new();
            for input in at.inputs() {
                inputs.push(self.planned(input).await?);
            }
            if let LogicalPlan::Extension(extension) = at
                && let Some(made) = operator(extension.node.as_ref(), &inputs)?
            {
                return Ok(made);
            }
            if let (LogicalPlan::Aggregate(node), [input]) = (at, inputs.as_slice())
                && !node.group_expr.iter().any(|expr| matches!(expr, Expr::GroupingSet(_)))
            {
                return self.aggregate(node, input.clone());
            }
            let at = over(at, inputs)?;
            self.state.query_planner().create_physical_plan(&at, &self.state).await
        })
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
        let groups = node.group_expr.iter().map(group).collect::<Result<Vec<_>>>()?;
        let (mut aggregates, mut filters) = (Vec::new(), Vec::new());
        for expr in &node.aggr_expr {
            let made =
                LoweredAggregateBuilder::new(expr, from, &schema, props, &context).build()?;
            aggregates.push(made.aggregate);
            filters.push(made.filter);
        }
        let groups = PhysicalGroupBy::new_single(groups);
        let mode = AggregateMode::Single;
        let made = AggregateExec::try_new(mode, groups, aggregates, filters, input, schema)?;
        Ok(Arc::new(made))
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
