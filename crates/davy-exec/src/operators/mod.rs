//! davy's plan nodes as DataFusion operators.

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
