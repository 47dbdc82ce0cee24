//! davy's plan nodes as DataFusion operators.

/// What `ExecutionPlan` asks of every operator over one `input`: it has a field for its `properties`
/// and is made anew over another input by `over`.
macro_rules! over_one_input {
    ($name:literal) => {
        fn name(&self) -> &str {
            $name
        }

        fn properties(&self) -> &std::sync::Arc<datafusion::physical_plan::PlanProperties> {
            &self.properties
        }

        fn children(&self) -> Vec<&std::sync::Arc<dyn ExecutionPlan>> {
            vec![&self.input]
        }

        fn with_new_children(
            self: std::sync::Arc<Self>,
            mut children: Vec<std::sync::Arc<dyn ExecutionPlan>>,
        ) -> datafusion::common::Result<std::sync::Arc<dyn ExecutionPlan>> {
            let input = children.pop().unwrap_or_else(|| self.input.clone());
            Ok(std::sync::Arc::new(self.over(input)))
        }
    };
}

/// An operator without expressions that DataFusion's rules should know of.
macro_rules! no_expressions {
    () => {
        fn apply_expressions(
            &self,
            _: &mut dyn FnMut(
                &std::sync::Arc<dyn datafusion::physical_expr::PhysicalExpr>,
            ) -> datafusion::common::Result<
                datafusion::common::tree_node::TreeNodeRecursion,
            >,
        ) -> datafusion::common::Result<datafusion::common::tree_node::TreeNodeRecursion> {
            Ok(datafusion::common::tree_node::TreeNodeRecursion::Continue)
        }
    };
}

mod apart;
mod concat;
mod deadline;
mod first;
mod group;
mod heavy;
mod planned;
mod planner;
mod sequential;
mod small;
mod sort;
mod steps;

pub(crate) use deadline::with_deadline;
pub(crate) use group::{GroupExec, Groups};
pub(crate) use planned::Planned;
pub(crate) use planner::{SplQueryPlanner, operator};
pub(crate) use steps::{Step, StepsExec};

use datafusion::arrow::datatypes::SchemaRef;
use datafusion::physical_expr::EquivalenceProperties;
use datafusion::physical_plan::execution_plan::{Boundedness, EmissionType};
use datafusion::physical_plan::{Partitioning, PlanProperties};
use std::sync::Arc;

/// Properties of an operator whose order the optimizer is not told of, so that it keeps off.
fn properties(schema: SchemaRef, partitions: usize, emission: EmissionType) -> Arc<PlanProperties> {
    Arc::new(PlanProperties::new(
        EquivalenceProperties::new(schema),
        Partitioning::UnknownPartitioning(partitions),
        emission,
        Boundedness::Bounded,
    ))
}
