//! States of groups that are handed on as they come.
//!
//! DataFusion gathers 8,192 rows for each partition that rows go to, whatever they weigh, and counts
//! none of them: a row that holds the values of a group can be of many megabytes. It gathers none of
//! an input that may never end (`RepartitionExecState::consume_input_streams` of DataFusion 55.2),
//! so that is what it is told of the states, and nobody behind it is.

use datafusion::arrow::datatypes::DataType;
use datafusion::common::Result;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::execution::TaskContext;
use datafusion::physical_plan::aggregates::{AggregateExec, AggregateMode};
use datafusion::physical_plan::execution_plan::{
    Boundedness, ChildrenPropertiesMode, ReplaceChildrenOptions,
};
use datafusion::physical_plan::repartition::RepartitionExec;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties, SendableRecordBatchStream,
};
use std::fmt;
use std::sync::Arc;

/// The plan with [`HeavyExec`] before and behind what spreads the states of groups over partitions,
/// where they can be large.
pub(super) fn as_they_come(plan: Arc<dyn ExecutionPlan>) -> Result<Arc<dyn ExecutionPlan>> {
    let changed = plan.transform_up(|node| {
        let Some(spread) = node.downcast_ref::<RepartitionExec>() else {
            return Ok(Transformed::no(node));
        };
        let states = spread.input().clone();
        if !states.downcast_ref::<AggregateExec>().is_some_and(has_heavy_states) {
            return Ok(Transformed::no(node));
        }
        let options = ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute);
        let endless = Boundedness::Unbounded { requires_infinite_memory: false };
        let states = Arc::new(HeavyExec::new(states, endless));
        let spread = node.replace_children(vec![states], options)?;
        Ok(Transformed::yes(Arc::new(HeavyExec::new(spread, Boundedness::Bounded)) as _))
    })?;
    Ok(changed.data)
}

/// Whether a state may hold texts or lists.
fn has_heavy_states(groups: &AggregateExec) -> bool {
    let keys = groups.group_expr().expr().len();
    let light = |of: &DataType| of.is_primitive() || *of == DataType::Boolean;
    *groups.mode() == AggregateMode::Partial
        && groups.schema().fields().iter().skip(keys).any(|field| !light(field.data_type()))
}

/// Hands rows on, and says whether they may never end.
#[derive(Debug)]
struct HeavyExec {
    input: Arc<dyn ExecutionPlan>,
    properties: Arc<PlanProperties>,
}

impl HeavyExec {
    fn new(input: Arc<dyn ExecutionPlan>, boundedness: Boundedness) -> Self {
        let properties = PlanProperties::clone(input.properties()).with_boundedness(boundedness);
        HeavyExec { input, properties: Arc::new(properties) }
    }

    fn over(&self, input: Arc<dyn ExecutionPlan>) -> Self {
        HeavyExec::new(input, self.properties.boundedness)
    }
}

impl DisplayAs for HeavyExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HeavyExec")
    }
}

impl ExecutionPlan for HeavyExec {
    over_one_input!("HeavyExec");
    no_expressions!();

    fn execute(&self, part: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        self.input.execute(part, context)
    }
}
