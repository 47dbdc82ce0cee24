//! The rows of a join's left side that may meet one of its right side, before they are grouped: what
//! a field by which rows are grouped may be says the same of each row of a group.

use super::{Join, Keys};
use crate::hoist::settled;
use crate::node::{SequentialNode, SortNode};
use crate::plan::{Plan, Rows, column_expr};
use crate::value::Val;
use arrow::array::{Array, ArrayRef, AsArray, BooleanArray};
use arrow::datatypes::DataType;
use datafusion_common::{Column, Result};
use datafusion_expr::{
    Aggregate, ColumnarValue, Expr, Extension, Filter, LogicalPlan, Projection, ScalarFunctionArgs,
    ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use davy_events::mv;
use foldhash::fast::RandomState;
use std::collections::HashSet;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// With more values than these, most rows meet one.
const MOST: usize = 10_000;

/// The left side without rows that cannot meet any of the right side; as it is, where nothing is
/// spared.
pub(super) fn narrowed(join: &Join, input: Plan, right: &Rows) -> Plan {
    if join.outer || right.rows.len() > MOST || matches!(join.keys, Keys::Pairs { .. }) {
        return input;
    }
    let mut input = input;
    for (left, name) in join.pairs(&input.names(), &right.names) {
        let Some(at) = right.column(&name).filter(|_| is_text(&input, &left)) else { continue };
        let values = right.rows.iter().filter_map(|row| row.get(at).and_then(Val::text));
        let values = Arc::new(values.map(|text| text.into_owned()).collect());
        if let Some((logical, true)) = among(&input.logical, &left, &values) {
            input = Plan::new(logical);
        }
    }
    input
}

fn is_text(plan: &Plan, name: &str) -> bool {
    plan.has_column(name) && plan.column(name).data_type == DataType::Utf8View
}

/// The plan with such a filter as near to its rows as may be, and whether anything is grouped after
/// it.
fn among(plan: &LogicalPlan, column: &str, values: &Arc<Values>) -> Option<(LogicalPlan, bool)> {
    let below = |input: &LogicalPlan, column: &str| among(input, column, values);
    Some(match plan {
        LogicalPlan::Projection(node) if node.expr.iter().all(settled) => {
            let at = node.schema.fields().iter().position(|field| field.name() == column)?;
            let (input, grouped) = match plain(node.expr.get(at)?) {
                Some(inner) => below(&node.input, &inner.name)?,
                None => return here(plan, column, values),
            };
            let (exprs, schema) = (node.expr.clone(), node.schema.clone());
            let node = Projection::try_new_with_schema(exprs, Arc::new(input), schema).ok()?;
            (LogicalPlan::Projection(node), grouped)
        }
        LogicalPlan::Filter(node) if settled(&node.predicate) => {
            let (input, grouped) = below(&node.input, column)?;
            let node = Filter::try_new(node.predicate.clone(), Arc::new(input)).ok()?;
            (LogicalPlan::Filter(node), grouped)
        }
        LogicalPlan::Aggregate(node) => {
            let at = node.schema.fields().iter().position(|field| field.name() == column)?;
            let Some(inner) = node.group_expr.get(at).and_then(plain) else {
                return here(plan, column, values);
            };
            let (input, _) = below(&node.input, &inner.name)?;
            let (groups, made) = (node.group_expr.clone(), node.aggr_expr.clone());
            let node = Aggregate::try_new(Arc::new(input), groups, made).ok()?;
            (LogicalPlan::Aggregate(node), true)
        }
        LogicalPlan::Extension(Extension { node }) => {
            let node = node.as_any();
            if let Some(sort) = node.downcast_ref::<SortNode>()
                && sort.fetch.is_none()
            {
                let (input, grouped) = below(&sort.input, column)?;
                return Some((SortNode::plan(input, sort.keys.clone(), None), grouped));
            }
            let walk = node.downcast_ref::<SequentialNode>();
            // Of several values in one field each may be in a group of its own.
            let passes = |walk: &&SequentialNode| {
                walk.op.parallel() && (walk.op.keeps(column) || walk.op.splits(column))
            };
            let Some(walk) = walk.filter(passes) else { return here(plan, column, values) };
            let (input, grouped) = below(&walk.input, column)?;
            let node = Arc::new(walk.over(input).ok()?);
            (LogicalPlan::Extension(Extension { node }), grouped)
        }
        _ => return here(plan, column, values),
    })
}

fn plain(expr: &Expr) -> Option<&Column> {
    match expr {
        Expr::Column(column) => Some(column),
        Expr::Alias(alias) => plain(&alias.expr),
        _ => None,
    }
}

fn here(plan: &LogicalPlan, column: &str, values: &Arc<Values>) -> Option<(LogicalPlan, bool)> {
    let own = plan.schema().columns().into_iter().find(|own| own.name == column);
    let column = own.map_or_else(|| column_expr(column), Expr::Column);
    let signature = Signature::user_defined(Volatility::Immutable);
    let function = AmongFunction { values: values.clone(), signature };
    let predicate = ScalarUDF::new_from_impl(function).call(vec![column]);
    let filter = Filter::try_new(predicate, Arc::new(plan.clone())).ok()?;
    Some((LogicalPlan::Filter(filter), false))
}

type Values = HashSet<String, RandomState>;

/// Whether a text is one of these, or several values that may hold one.
#[derive(Debug)]
struct AmongFunction {
    values: Arc<Values>,
    signature: Signature,
}

impl PartialEq for AmongFunction {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.values, &other.values)
    }
}

impl Eq for AmongFunction {}

impl Hash for AmongFunction {
    fn hash<H: Hasher>(&self, state: &mut H) {
        Arc::as_ptr(&self.values).hash(state);
    }
}

impl ScalarUDFImpl for AmongFunction {
    fn name(&self) -> &str {
        "among"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, arg_types: &[DataType]) -> Result<Vec<DataType>> {
        Ok(arg_types.to_vec())
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Boolean)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let Some(arg) = args.args.first() else {
            return datafusion_common::internal_err!("among takes one argument");
        };
        let column = arg.to_array(args.number_rows)?;
        let found: BooleanArray = match column.as_string_view_opt() {
            Some(texts) => texts
                .iter()
                .map(|text| Some(text.is_some_and(|t| mv::is_multi(t) || self.values.contains(t))))
                .collect(),
            None => vec![true; column.len()].into(),
        };
        Ok(ColumnarValue::Array(Arc::new(found) as ArrayRef))
    }
}
