//! Ends a search that has taken too long, also where an operator above takes all it can get.

use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{DataFusionError, Result};
use datafusion::execution::TaskContext;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties, SendableRecordBatchStream,
};
use futures::StreamExt;
use std::fmt;
use std::sync::Arc;
use std::time::Instant;

/// The plan with a look at the clock after each operator that can make many rows or that computes
/// long, and after those that only read, so that an operator that takes all it can get before it
/// gives anything is ended too.
pub(crate) fn with_deadline(
    plan: Arc<dyn ExecutionPlan>,
    deadline: Instant,
) -> Result<Arc<dyn ExecutionPlan>> {
    let watched = plan.transform_up(|node| {
        let long = ["Join", "Unnest", "Aggregate", "Window", "Sort", "Spl"];
        let reads = node.children().is_empty();
        if !reads && !long.iter().any(|part| node.name().contains(part)) {
            return Ok(Transformed::no(node));
        }
        Ok(Transformed::yes(Arc::new(DeadlineExec::new(node, deadline)) as _))
    })?;
    Ok(watched.data)
}

#[derive(Debug)]
struct DeadlineExec {
    input: Arc<dyn ExecutionPlan>,
    properties: Arc<PlanProperties>,
    deadline: Instant,
}

impl DeadlineExec {
    fn new(input: Arc<dyn ExecutionPlan>, deadline: Instant) -> Self {
        DeadlineExec { properties: input.properties().clone(), input, deadline }
    }

    fn over(&self, input: Arc<dyn ExecutionPlan>) -> Self {
        DeadlineExec::new(input, self.deadline)
    }
}

impl DisplayAs for DeadlineExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DeadlineExec")
    }
}

impl ExecutionPlan for DeadlineExec {
    over_one_input!("DeadlineExec");
    no_expressions!();

    fn execute(&self, part: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let deadline = self.deadline;
        let stream = self.input.execute(part, context)?;
        let checked = stream.map(move |batch| match Instant::now() < deadline {
            true => batch,
            false => Err(DataFusionError::Execution("the search took too long".to_owned())),
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(self.schema(), checked)))
    }
}
