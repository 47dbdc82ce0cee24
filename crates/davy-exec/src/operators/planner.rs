//! From davy's plan nodes to its operators.

use super::concat::ConcatExec;
use super::first::FirstExec;
use super::heavy::as_they_come;
use super::planned::Planned;
use super::sequential::SequentialExec;
use super::sort::SplSortExec;
use async_trait::async_trait;
use datafusion::catalog::Session;
use datafusion::common::Result;
use datafusion::execution::context::QueryPlanner;
use datafusion::logical_expr::physical_planning_context::PhysicalPlanningContext;
use datafusion::logical_expr::{LogicalPlan, UserDefinedLogicalNode};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_planner::{DefaultPhysicalPlanner, ExtensionPlanner, PhysicalPlanner};
use davy_plan::{ConcatNode, FirstNode, SequentialNode, SortNode};
use std::sync::Arc;

#[derive(Debug)]
pub(crate) struct SplQueryPlanner;

#[async_trait]
impl QueryPlanner for SplQueryPlanner {
    async fn create_physical_plan(
        &self,
        logical_plan: &LogicalPlan,
        session: &dyn Session,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let planner = DefaultPhysicalPlanner::with_extension_planners(vec![Arc::new(SplPlanner)]);
        as_they_come(planner.create_physical_plan(logical_plan, session).await?)
    }
}

struct SplPlanner;

#[async_trait]
impl ExtensionPlanner for SplPlanner {
    async fn plan_extension(
        &self,
        _: &dyn PhysicalPlanner,
        node: &dyn UserDefinedLogicalNode,
        _: &[&LogicalPlan],
        inputs: &[Arc<dyn ExecutionPlan>],
        _: &dyn Session,
        _: &PhysicalPlanningContext,
    ) -> Result<Option<Arc<dyn ExecutionPlan>>> {
        operator(node, inputs)
    }
}

/// The operator of a node of davy's own.
pub(crate) fn operator(
    node: &dyn UserDefinedLogicalNode,
    inputs: &[Arc<dyn ExecutionPlan>],
) -> Result<Option<Arc<dyn ExecutionPlan>>> {
    if let Some(planned) = node.as_any().downcast_ref::<Planned>() {
        return Ok(Some(planned.physical.clone()));
    }
    if let Some(concat) = node.as_any().downcast_ref::<ConcatNode>() {
        debug_assert_eq!(concat.inputs.len(), inputs.len());
        return Ok(Some(Arc::new(ConcatExec::new(inputs.to_vec()))));
    }
    let Some(input) = inputs.first().cloned() else { return Ok(None) };
    if let Some(sort) = node.as_any().downcast_ref::<SortNode>() {
        let keys = sort.keys.clone();
        return Ok(Some(Arc::new(SplSortExec::new(input, keys, sort.fetch))));
    }
    if let Some(first) = node.as_any().downcast_ref::<FirstNode>() {
        let (by, keys) = (first.by.clone(), first.keys.clone());
        return Ok(Some(Arc::new(FirstExec::new(input, by, keys))));
    }
    if let Some(sequential) = node.as_any().downcast_ref::<SequentialNode>() {
        let schema = Arc::new(sequential.schema.as_arrow().clone());
        return Ok(Some(Arc::new(SequentialExec::new(input, sequential.op.clone(), schema))));
    }
    Ok(None)
}
