//! Plans over few rows in hand: optimizing them takes longer than the rows do, so that they go
//! through no more of DataFusion than what a plan needs to run at all.

use datafusion::common::Result;
use datafusion::execution::{SessionState, TaskContext};
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_optimizer::ensure_requirements::EnsureRequirements;
use datafusion::physical_plan::{ExecutionPlan, ExecutionPlanProperties};
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

    pub(crate) async fn physical(&self, plan: LogicalPlan) -> Result<Arc<dyn ExecutionPlan>> {
        let options = self.state.config_options();
        let plan = self.state.analyzer().execute_and_check(plan, options, |_, _| {})?;
        let physical = self.state.query_planner().create_physical_plan(&plan, &self.state).await?;
        match is_plain(&physical) {
            true => Ok(physical),
            false => EnsureRequirements::new().optimize(physical, options),
        }
    }
}

/// Whether every operator has one partition, and none asks for rows in an order: whatever an
/// operator wants of its input then holds.
fn is_plain(plan: &Arc<dyn ExecutionPlan>) -> bool {
    plan.output_partitioning().partition_count() == 1
        && plan.required_input_ordering().iter().all(Option::is_none)
        && plan.children().into_iter().all(is_plain)
}
