//! Takes the sort out of a plan: what needs few of the rows, or sorts them itself, need not have
//! all of them put in order before.

use crate::column::Ty;
use crate::node::{FirstNode, SequentialNode, SortKey, SortNode};
use crate::plan::{Failed, Plan, column_expr};
use datafusion_common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion_expr::{Expr, Extension, Filter, LogicalPlan, Projection, Volatility};
use std::sync::Arc;

impl Plan {
    /// Sorted by existing columns, ties in their present order, at most `fetch` rows kept. Where
    /// that order is a sort's, both are one.
    pub fn sort(self, keys: Vec<SortKey>, fetch: Option<usize>) -> Result<Plan, Failed> {
        let Some(hoisted) = hoist(&self) else {
            return Ok(Plan::new(SortNode::plan(self.logical, keys, fetch)));
        };
        // Rows that are alike in a column have no other order by it.
        let mut keys = keys;
        for key in hoisted.keys {
            if keys.iter().all(|k| k.column != key.column) {
                keys.push(key);
            }
        }
        let plan = Plan::new(SortNode::plan(hoisted.plan.logical, keys, fetch));
        plan.without_columns(&hoisted.extra)
    }

    /// Of rows in the order of a sort, those that may be the first of their combination of `by`;
    /// rows that lack a field of it are left out.
    pub(crate) fn firsts(self, by: &[String]) -> Result<Firsts, Failed> {
        let Some(Hoisted { plan, mut keys, mut extra }) = hoist(&self) else {
            return Ok(Firsts::Unknown(self));
        };
        let number = |key: &SortKey| plan.column(&key.column).ty == Ty::Num;
        if keys.len() > FirstNode::MOST_KEYS || !keys.iter().all(number) {
            return Ok(Firsts::Unknown(self));
        }
        let plan = Plan::new(FirstNode::plan(plan.logical, by.to_vec(), keys.clone())?);
        keys.push(SortKey {
            column: FirstNode::NUMBER.to_owned(),
            descending: false,
            nulls_first: false,
        });
        extra.push(FirstNode::NUMBER.to_owned());
        Ok(Firsts::Few { plan, keys, extra })
    }
}

/// What [`Plan::firsts`] gives.
pub(crate) enum Firsts {
    /// The rows that may be first, in no order; the order that they are to have; columns that are
    /// there for that order alone.
    Few { plan: Plan, keys: Vec<SortKey>, extra: Vec<String> },
    /// All rows: their order is not that of a sort by few numbers.
    Unknown(Plan),
}

/// The rows of a plan in no order, and the order that they had.
pub(crate) struct Hoisted {
    pub(crate) plan: Plan,
    pub(crate) keys: Vec<SortKey>,
    /// Columns that are there for `keys` alone.
    pub(crate) extra: Vec<String>,
}

/// `None`: the order of the rows is not that of a sort, or something between looks at it. Ties of
/// the sort are in the order in which the rows come.
pub(crate) fn hoist(plan: &Plan) -> Option<Hoisted> {
    let (logical, keys) = lift(&plan.logical)?;
    let extra = logical.schema().fields().iter().map(|f| f.name().clone());
    let extra = extra.filter(|n| !plan.has_column(n)).collect();
    Some(Hoisted { plan: Plan::new(logical), keys, extra })
}

fn lift(plan: &LogicalPlan) -> Option<(LogicalPlan, Vec<SortKey>)> {
    match plan {
        LogicalPlan::Filter(filter) if settled(&filter.predicate) => {
            let (input, keys) = lift(&filter.input)?;
            let filter = Filter::try_new(filter.predicate.clone(), Arc::new(input)).ok()?;
            Some((LogicalPlan::Filter(filter), keys))
        }
        LogicalPlan::Projection(projection) if projection.expr.iter().all(settled) => {
            let (input, mut keys) = lift(&projection.input)?;
            let mut exprs = projection.expr.clone();
            for key in &mut keys {
                key.column = carried(&mut exprs, &key.column);
            }
            let projection = Projection::try_new(exprs, Arc::new(input)).ok()?;
            Some((LogicalPlan::Projection(projection), keys))
        }
        LogicalPlan::Extension(extension) => {
            let node = extension.node.as_any();
            if let Some(sort) = node.downcast_ref::<SortNode>() {
                return sort.fetch.is_none().then(|| (sort.input.clone(), sort.keys.clone()));
            }
            let walk = node.downcast_ref::<SequentialNode>()?;
            let (input, keys) = lift(&walk.input)?;
            if !walk.op.parallel() || !keys.iter().all(|k| walk.op.keeps(&k.column)) {
                return None;
            }
            let node = walk.over(input).ok()?;
            Some((LogicalPlan::Extension(Extension { node: Arc::new(node) }), keys))
        }
        _ => None,
    }
}

/// The name under which a projection gives a column of its input, added where it does not.
fn carried(exprs: &mut Vec<Expr>, column: &str) -> String {
    for expr in exprs.iter() {
        match expr {
            Expr::Column(c) if c.name == column => return c.name.clone(),
            Expr::Alias(alias) if matches!(&*alias.expr, Expr::Column(c) if c.name == column) => {
                return alias.name.clone();
            }
            _ => {}
        }
    }
    let name = format!("__order{}", exprs.len());
    exprs.push(column_expr(column).alias(&name));
    name
}

/// What does not depend on when it is computed, nor in which order.
pub(crate) fn settled(expr: &Expr) -> bool {
    let mut settled = true;
    let looked = expr.apply(|part| {
        let free = match part {
            Expr::ScalarFunction(call) => call.func.signature().volatility == Volatility::Volatile,
            Expr::WindowFunction(_) | Expr::AggregateFunction(_) | Expr::Unnest(_) => true,
            _ => false,
        };
        settled &= !free;
        Ok(if free { TreeNodeRecursion::Stop } else { TreeNodeRecursion::Continue })
    });
    settled && looked.is_ok()
}
