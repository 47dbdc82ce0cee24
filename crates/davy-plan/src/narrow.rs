//! What the filters of a plan ask of the rows that it reads: rows that none of what comes before the
//! filter can bring through need not be kept for it. A filter on what rows are grouped by says the
//! same of the rows of a group, all of which agree in it.

use crate::hoist::settled;
use crate::node::{SequentialNode, SequentialOp, SortNode};
use crate::plan::column_expr;
use arrow::datatypes::{DataType, Field, Schema};
use datafusion_common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion_common::{Column, DFSchema, Result};
use datafusion_expr::{EmptyRelation, Expr, Extension, Filter, LogicalPlan, Operator, Projection};
use std::collections::HashSet;
use std::sync::Arc;

/// The number of the row that a row of [`Narrowing::plan`] comes from.
pub const ROW: &str = "__row";

/// The part of a plan on which it depends whether a row that is read has any effect.
#[derive(Debug)]
pub struct Narrowing {
    /// The columns of the table that it looks at.
    pub reads: Vec<String>,
    /// Over no rows as yet, of those columns and [`ROW`]: filters, projections and commands that
    /// handle each row by itself. A row has an effect only if its number is left.
    pub plan: LogicalPlan,
}

/// How often a plan reads a table of that name.
pub fn reads_of(plan: &LogicalPlan, table: &str) -> usize {
    let mut count = 0;
    let looked = plan.apply(|node| {
        count += usize::from(is_table(node, table));
        Ok(TreeNodeRecursion::Continue)
    });
    if looked.is_ok() { count } else { usize::MAX }
}

/// `None`: all rows may have an effect. `filtered`: the filters next to the table pass all that it
/// gives.
pub fn narrowing(plan: &LogicalPlan, table: &str, filtered: bool) -> Option<Narrowing> {
    let mut path = Vec::new();
    let mut at = plan;
    while !is_table(at, table) {
        path.push(at);
        at = at.inputs().into_iter().find(|input| reads_of(input, table) > 0)?;
    }
    let schema = at.schema();
    let clean = schema.fields().iter().map(|field| field.name().clone()).collect();
    let mut moves = Moves { clean, list: Vec::new(), passed: filtered };
    for node in path.into_iter().rev() {
        moves.add(node);
        if moves.clean.is_empty() {
            break;
        }
    }
    let reads = moves.prune()?;
    build(schema, reads, moves.list).ok()
}

/// Where a plan has the values of a column from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadAs {
    /// The column of the table.
    pub column: String,
    /// The text that stands for none.
    pub absent: Option<String>,
}

/// The column of a table that holds, in each row, what a column of the plan holds in all rows that
/// come of that row. `None` where rows have an effect on those that come of others.
pub fn read_as(plan: &LogicalPlan, table: &str, column: &str) -> Option<ReadAs> {
    let place =
        |plan: &LogicalPlan| plan.schema().fields().iter().position(|field| field.name() == column);
    let behind = |input: &LogicalPlan, expr: &Expr| match expr.clone().unalias_nested().data {
        Expr::Column(column) => read_as(input, table, &column.name),
        other => {
            let (column, text) = filled(&other)?;
            let below = read_as(input, table, column)?;
            Some(ReadAs { absent: below.absent.or_else(|| Some(text.to_owned())), ..below })
        }
    };
    match plan {
        _ if is_table(plan, table) => {
            place(plan).map(|_| ReadAs { column: column.to_owned(), absent: None })
        }
        LogicalPlan::Projection(node) if node.expr.iter().all(settled) => {
            behind(&node.input, node.expr.get(place(plan)?)?)
        }
        LogicalPlan::Filter(node) if settled(&node.predicate) => {
            read_as(&node.input, table, column)
        }
        LogicalPlan::Aggregate(node) => behind(&node.input, node.group_expr.get(place(plan)?)?),
        LogicalPlan::SubqueryAlias(node) => read_as(&node.input, table, column),
        LogicalPlan::Extension(Extension { node }) => {
            let node = node.as_any();
            if let Some(sort) = node.downcast_ref::<SortNode>() {
                return read_as(&sort.input, table, column).filter(|_| sort.fetch.is_none());
            }
            let walk = node.downcast_ref::<SequentialNode>()?;
            // Of several values in one field each may be in a row of its own.
            let passes = walk.op.parallel() && (walk.op.keeps(column) || walk.op.splits(column));
            read_as(&walk.input, table, column).filter(|_| passes)
        }
        _ => None,
    }
}

/// A column, and the text that is put where it has none.
fn filled(expr: &Expr) -> Option<(&str, &str)> {
    let Expr::Case(case) = expr else { return None };
    let ([(when, then)], None, Some(other)) =
        (case.when_then_expr.as_slice(), &case.expr, &case.else_expr)
    else {
        return None;
    };
    match (when.as_ref(), then.as_ref(), other.as_ref()) {
        (Expr::IsNull(tested), Expr::Literal(text, _), Expr::Column(column))
            if **tested == **other =>
        {
            Some((&column.name, text.try_as_str()??))
        }
        _ => None,
    }
}

fn is_table(node: &LogicalPlan, table: &str) -> bool {
    matches!(node, LogicalPlan::TableScan(scan) if scan.table_name.table() == table)
}

enum Move {
    Project(Vec<(String, Expr)>),
    Filter(Expr),
    Walk(Arc<dyn SequentialOp>, Vec<String>),
}

struct Moves {
    /// The columns whose values follow from the row that was read alone; none where rows before are
    /// no longer told apart.
    clean: HashSet<String>,
    list: Vec<Move>,
    /// Filters up to here are known to hold.
    passed: bool,
}

impl Moves {
    /// What a node asks, and what it leaves.
    fn add(&mut self, node: &LogicalPlan) {
        match node {
            LogicalPlan::Projection(node) => {
                let names = node.schema.fields().iter().map(|field| field.name().clone());
                let columns = names.zip(&node.expr).map(|(name, expr)| (name, bare(expr)));
                self.project(columns);
            }
            LogicalPlan::Filter(node) => {
                if let Ok(predicate) = bare(&node.predicate)
                    && !self.passed
                    && self.is_clean(&predicate)
                    && !is_trivial(&predicate)
                {
                    self.list.push(Move::Filter(predicate));
                }
            }
            LogicalPlan::Aggregate(node) => {
                self.passed = false;
                let names = node.schema.fields().iter().map(|field| field.name().clone());
                let keys = node.group_expr.iter().map(bare);
                let plain = |expr: &Expr| !matches!(expr, Expr::GroupingSet(_));
                match node.group_expr.iter().all(plain) {
                    true => self.project(names.zip(keys)),
                    false => self.clean.clear(),
                }
            }
            LogicalPlan::Extension(Extension { node }) => {
                let node = node.as_any();
                if let Some(sort) = node.downcast_ref::<SortNode>() {
                    if sort.fetch.is_some() {
                        self.clean.clear();
                    }
                } else if let Some(walk) = node.downcast_ref::<SequentialNode>() {
                    self.walk(walk);
                } else {
                    self.clean.clear();
                }
            }
            LogicalPlan::SubqueryAlias(_) | LogicalPlan::Repartition(_) => {}
            _ => self.clean.clear(),
        }
    }

    fn project(&mut self, columns: impl Iterator<Item = (String, Result<Expr>)>) {
        let columns: Vec<(String, Expr)> = columns
            .filter_map(|(name, expr)| Some((name, expr.ok()?)))
            .filter(|(_, expr)| self.is_clean(expr))
            .collect();
        self.clean = columns.iter().map(|(name, _)| name.clone()).collect();
        self.list.push(Move::Project(columns));
    }

    fn walk(&mut self, node: &SequentialNode) {
        self.passed = false;
        if !node.op.parallel() {
            return self.clean.clear();
        }
        let known = node.input.schema().fields();
        let has = |name: &&str| known.iter().any(|field| field.name() == *name);
        let reads: Option<Vec<String>> =
            node.op.reads().map(|reads| reads.into_iter().filter(has).map(str::to_owned).collect());
        match reads.filter(|reads| reads.iter().all(|name| self.clean.contains(name))) {
            Some(reads) => {
                let set = node.schema.fields().iter().map(|field| field.name());
                self.clean.extend(set.filter(|name| !node.op.keeps(name)).cloned());
                self.list.push(Move::Walk(node.op.clone(), reads));
            }
            None => self.clean.retain(|name| node.op.keeps(name)),
        }
    }

    fn is_clean(&self, expr: &Expr) -> bool {
        settled(expr) && expr.column_refs().iter().all(|column| self.clean.contains(&column.name))
    }

    /// Leaves what filters need, and gives the columns that are read for it.
    fn prune(&mut self) -> Option<Vec<String>> {
        let last = self.list.iter().rposition(|made| matches!(made, Move::Filter(_)))?;
        self.list.truncate(last + 1);
        let mut needed: HashSet<String> = HashSet::new();
        let columns = |expr: &Expr| -> Vec<String> {
            expr.column_refs().into_iter().map(|column| column.name.clone()).collect()
        };
        let mut kept = Vec::new();
        for mut made in std::mem::take(&mut self.list).into_iter().rev() {
            match &mut made {
                Move::Filter(predicate) => needed.extend(columns(predicate)),
                Move::Project(list) => {
                    list.retain(|(name, _)| needed.contains(name));
                    needed = list.iter().flat_map(|(_, expr)| columns(expr)).collect();
                }
                Move::Walk(op, reads) => {
                    if needed.iter().all(|name| op.keeps(name)) {
                        continue;
                    }
                    needed.retain(|name| op.keeps(name));
                    needed.extend(reads.iter().cloned());
                }
            }
            kept.push(made);
        }
        kept.reverse();
        self.list = kept;
        let mut reads: Vec<String> = needed.into_iter().collect();
        reads.sort_unstable();
        (!reads.is_empty()).then_some(reads)
    }
}

/// Names have no table here.
fn bare(expr: &Expr) -> Result<Expr> {
    let made = expr.clone().transform(|part| {
        Ok(match part {
            Expr::Column(Column { relation: Some(_), name, .. }) => {
                Transformed::yes(column_expr(&name))
            }
            other => Transformed::no(other),
        })
    });
    Ok(match made?.data {
        Expr::Alias(alias) => *alias.expr,
        other => other,
    })
}

/// That a group has a name is asked of every row, and seldom says anything.
fn is_trivial(predicate: &Expr) -> bool {
    match predicate {
        Expr::IsNotNull(inner) => matches!(**inner, Expr::Column(_)),
        Expr::BinaryExpr(both) if both.op == Operator::And => {
            is_trivial(&both.left) && is_trivial(&both.right)
        }
        _ => false,
    }
}

fn build(table: &DFSchema, reads: Vec<String>, moves: Vec<Move>) -> Result<Narrowing> {
    let kind = |name: &String| -> Option<Arc<Field>> {
        table.fields().iter().find(|field| field.name() == name).cloned()
    };
    let mut fields: Vec<Arc<Field>> = reads.iter().filter_map(kind).collect();
    fields.push(Arc::new(Field::new(ROW, DataType::UInt32, false)));
    let schema = Arc::new(DFSchema::try_from(Schema::new(fields))?);
    let mut plan = LogicalPlan::EmptyRelation(EmptyRelation { produce_one_row: false, schema });
    for made in moves {
        plan = match made {
            Move::Project(columns) => {
                let columns = columns.into_iter().map(|(name, expr)| expr.alias(name));
                let columns = columns.chain([column_expr(ROW)]).collect();
                LogicalPlan::Projection(Projection::try_new(columns, Arc::new(plan))?)
            }
            Move::Filter(predicate) => {
                LogicalPlan::Filter(Filter::try_new(predicate, Arc::new(plan))?)
            }
            Move::Walk(op, _) => SequentialNode::plan(plan, op)?,
        };
    }
    Ok(Narrowing { reads, plan })
}
