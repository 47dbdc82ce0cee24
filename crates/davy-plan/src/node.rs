//! Plan nodes that DataFusion does not have: rows in order, and commands that walk over them.

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion_common::{DFSchema, DFSchemaRef, DataFusionError, Result};
use datafusion_expr::{Expr, Extension, LogicalPlan, UserDefinedLogicalNodeCore};
use std::cmp::Ordering;
use std::collections::HashSet;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// A column to sort by.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd)]
pub struct SortKey {
    pub column: String,
    pub descending: bool,
    pub nulls_first: bool,
}

/// Rows in an order that lasts. DataFusion drops a sort whose order its own operators do not need;
/// in SPL the order of rows is part of the result, so this is a node that it cannot look into. Its
/// output is one partition.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd)]
pub struct SortNode {
    pub input: LogicalPlan,
    pub keys: Vec<SortKey>,
    pub fetch: Option<usize>,
}

impl SortNode {
    pub fn plan(input: LogicalPlan, keys: Vec<SortKey>, fetch: Option<usize>) -> LogicalPlan {
        LogicalPlan::Extension(Extension { node: Arc::new(SortNode { input, keys, fetch }) })
    }
}

impl UserDefinedLogicalNodeCore for SortNode {
    fn name(&self) -> &str {
        "SplSort"
    }

    fn inputs(&self) -> Vec<&LogicalPlan> {
        vec![&self.input]
    }

    fn schema(&self) -> &DFSchemaRef {
        self.input.schema()
    }

    fn expressions(&self) -> Vec<Expr> {
        Vec::new()
    }

    /// Without a limit, rows may as well be left out before they are sorted.
    fn prevent_predicate_push_down_columns(&self) -> HashSet<String> {
        match self.fetch {
            None => HashSet::new(),
            Some(_) => self.input.schema().fields().iter().map(|f| f.name().clone()).collect(),
        }
    }

    fn fmt_for_explain(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SplSort:")?;
        for key in &self.keys {
            write!(f, " {}{}", if key.descending { '-' } else { '+' }, key.column)?;
        }
        match self.fetch {
            Some(n) => write!(f, ", fetch={n}"),
            None => Ok(()),
        }
    }

    fn with_exprs_and_inputs(&self, _: Vec<Expr>, inputs: Vec<LogicalPlan>) -> Result<Self> {
        Ok(SortNode { input: one(inputs)?, keys: self.keys.clone(), fetch: self.fetch })
    }
}

fn one(inputs: Vec<LogicalPlan>) -> Result<LogicalPlan> {
    inputs
        .into_iter()
        .next()
        .ok_or_else(|| DataFusionError::Internal("a node lost its input".to_owned()))
}

/// A command that walks over rows in order, keeping what it must: `dedup`, `streamstats`, `head`,
/// `transaction`, `mvexpand`.
pub trait SequentialOp: fmt::Debug + Send + Sync {
    fn name(&self) -> &'static str;
    fn schema(&self, input: &Schema) -> Result<Schema>;
    fn start(&self, input: SchemaRef) -> Result<Box<dyn SequentialState>>;
    /// Each row is handled by itself, so partitions need not be put together.
    fn parallel(&self) -> bool {
        false
    }
    /// Of a parallel one: the values of that column go through as they are.
    fn keeps(&self, _column: &str) -> bool {
        false
    }
    /// Of a parallel one: a row with several values in that column becomes one row for each of them,
    /// any other stays as it is.
    fn splits(&self, _column: &str) -> bool {
        false
    }
    /// Of a parallel one: the columns from which all that it sets follows, where that is known.
    fn reads(&self) -> Option<Vec<&str>> {
        None
    }
    /// May make many rows, or large ones, of one; it is given few at a time.
    fn grows(&self) -> bool {
        false
    }
    /// Rows of different keys never meet, so that those of some keys can be walked over before those
    /// of others. Rows then have a last column [`SequentialNode::NUMBER`], and so have those that are
    /// made of them: their order among each other, never falling in what one walk makes.
    fn apart(&self) -> bool {
        false
    }
    /// What is held of a key grows with each row of it.
    fn keeps_rows(&self) -> bool {
        false
    }
}

pub trait SequentialState: Send {
    fn push(&mut self, batch: &RecordBatch) -> Result<Vec<RecordBatch>>;
    fn finish(&mut self) -> Result<Vec<RecordBatch>> {
        Ok(Vec::new())
    }
    /// No row to come can change the result.
    fn done(&self) -> bool {
        false
    }
    /// Bytes held from row to row, roughly.
    fn size(&self) -> usize {
        0
    }
    /// Of a command that walks over keys apart: for each row a hash of its key, or `None` where
    /// something of that key is held already and the row can be pushed with little more held.
    fn apart(&self, batch: &RecordBatch) -> Result<Vec<Option<u64>>> {
        Ok(vec![None; batch.num_rows()])
    }
    /// Some of these rows will be walked over later, in a state of their own.
    fn put_off(&mut self, _: &RecordBatch) -> Result<()> {
        Ok(())
    }
    /// The state for rows that were put off; `None` where it is that of a start.
    fn part(&self) -> Option<Box<dyn SequentialState>> {
        None
    }
}

#[derive(Debug, Clone)]
pub struct SequentialNode {
    pub input: LogicalPlan,
    pub op: Arc<dyn SequentialOp>,
    pub schema: DFSchemaRef,
}

impl SequentialNode {
    /// The column of the rows' numbers; see [`SequentialOp::apart`].
    pub const NUMBER: &str = "__walked";

    pub fn plan(input: LogicalPlan, op: Arc<dyn SequentialOp>) -> Result<LogicalPlan> {
        let schema = op.schema(input.schema().as_arrow())?;
        let schema = Arc::new(DFSchema::try_from(schema)?);
        Ok(LogicalPlan::Extension(Extension {
            node: Arc::new(SequentialNode { input, op, schema }),
        }))
    }

    /// The same command over other rows.
    pub(crate) fn over(&self, input: LogicalPlan) -> Result<Self> {
        let schema = Arc::new(DFSchema::try_from(self.op.schema(input.schema().as_arrow())?)?);
        Ok(SequentialNode { input, op: self.op.clone(), schema })
    }
}

impl PartialEq for SequentialNode {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.op, &other.op) && self.input == other.input
    }
}

impl Eq for SequentialNode {}

impl Hash for SequentialNode {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.op.name().hash(state);
        self.input.hash(state);
    }
}

impl PartialOrd for SequentialNode {
    fn partial_cmp(&self, _: &Self) -> Option<Ordering> {
        None
    }
}

impl UserDefinedLogicalNodeCore for SequentialNode {
    fn name(&self) -> &str {
        "SplSequential"
    }

    fn inputs(&self) -> Vec<&LogicalPlan> {
        vec![&self.input]
    }

    fn schema(&self) -> &DFSchemaRef {
        &self.schema
    }

    fn expressions(&self) -> Vec<Expr> {
        Vec::new()
    }

    fn fmt_for_explain(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Spl: {}", self.op.name())
    }

    fn with_exprs_and_inputs(&self, _: Vec<Expr>, inputs: Vec<LogicalPlan>) -> Result<Self> {
        self.over(one(inputs)?)
    }
}

/// The rows that may be the first of their group in an order of numbers, and perhaps others: those
/// of a group after which a better one came are left out where that is cheap to know. Rows that lack
/// a field of the group are left out. What is left stays in the order in which it came, and its last
/// column holds each row's number in that order.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct FirstNode {
    pub input: LogicalPlan,
    pub by: Vec<String>,
    pub keys: Vec<SortKey>,
    schema: DFSchemaRef,
}

impl FirstNode {
    /// Of numbers; other orders are not looked into.
    pub const MOST_KEYS: usize = 2;
    /// The column of the rows' numbers.
    pub const NUMBER: &str = "__came";

    pub fn plan(input: LogicalPlan, by: Vec<String>, keys: Vec<SortKey>) -> Result<LogicalPlan> {
        let node = Arc::new(FirstNode::new(input, by, keys)?);
        Ok(LogicalPlan::Extension(Extension { node }))
    }

    fn new(input: LogicalPlan, by: Vec<String>, keys: Vec<SortKey>) -> Result<Self> {
        let mut fields: Vec<_> = input.schema().fields().iter().cloned().collect();
        fields.push(Arc::new(Field::new(Self::NUMBER, DataType::UInt64, false)));
        let schema = Arc::new(DFSchema::try_from(Schema::new(fields))?);
        Ok(FirstNode { input, by, keys, schema })
    }
}

impl PartialOrd for FirstNode {
    fn partial_cmp(&self, _: &Self) -> Option<Ordering> {
        None
    }
}

impl UserDefinedLogicalNodeCore for FirstNode {
    fn name(&self) -> &str {
        "SplFirst"
    }

    fn inputs(&self) -> Vec<&LogicalPlan> {
        vec![&self.input]
    }

    fn schema(&self) -> &DFSchemaRef {
        &self.schema
    }

    fn expressions(&self) -> Vec<Expr> {
        Vec::new()
    }

    fn fmt_for_explain(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SplFirst: by {}", self.by.join(", "))
    }

    fn with_exprs_and_inputs(&self, _: Vec<Expr>, inputs: Vec<LogicalPlan>) -> Result<Self> {
        FirstNode::new(one(inputs)?, self.by.clone(), self.keys.clone())
    }
}

/// One plan's rows after another's. Unlike a union, the order is kept; all inputs have the columns
/// of the first.
#[derive(Debug, Clone)]
pub struct ConcatNode {
    pub inputs: Vec<LogicalPlan>,
    schema: DFSchemaRef,
}

impl ConcatNode {
    pub fn plan(inputs: Vec<LogicalPlan>) -> Result<LogicalPlan> {
        let node = Arc::new(ConcatNode::new(inputs)?);
        Ok(LogicalPlan::Extension(Extension { node }))
    }

    fn new(inputs: Vec<LogicalPlan>) -> Result<Self> {
        let first = inputs
            .first()
            .ok_or_else(|| DataFusionError::Internal("nothing to put together".to_owned()))?;
        // A column that is never null in the first input may be so in the next.
        let fields: Vec<_> = first
            .schema()
            .fields()
            .iter()
            .map(|f| f.as_ref().clone().with_nullable(true))
            .collect();
        let schema = Arc::new(DFSchema::try_from(Schema::new(fields))?);
        Ok(ConcatNode { inputs, schema })
    }
}

impl PartialEq for ConcatNode {
    fn eq(&self, other: &Self) -> bool {
        self.inputs == other.inputs
    }
}

impl Eq for ConcatNode {}

impl Hash for ConcatNode {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.inputs.hash(state);
    }
}

impl PartialOrd for ConcatNode {
    fn partial_cmp(&self, _: &Self) -> Option<Ordering> {
        None
    }
}

impl UserDefinedLogicalNodeCore for ConcatNode {
    fn name(&self) -> &str {
        "SplConcat"
    }

    fn inputs(&self) -> Vec<&LogicalPlan> {
        self.inputs.iter().collect()
    }

    fn schema(&self) -> &DFSchemaRef {
        &self.schema
    }

    fn expressions(&self) -> Vec<Expr> {
        Vec::new()
    }

    fn fmt_for_explain(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SplConcat")
    }

    fn with_exprs_and_inputs(&self, _: Vec<Expr>, inputs: Vec<LogicalPlan>) -> Result<Self> {
        ConcatNode::new(inputs)
    }
}
