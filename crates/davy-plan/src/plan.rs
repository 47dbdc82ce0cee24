//! Logical plans as commands see them.

use crate::column::{Builder, Column, Ty};
use crate::command::{Bound, BoundStage};
use crate::env::Env;
use crate::expr::Typed;
use crate::fields::{FieldSet, HIDDEN, REST, SEQ};
use crate::node::{SortKey, SortNode};
use crate::spec::Kind;
use crate::timerange::{Asked, TimeRange};
use crate::value::Val;
use arrow::array::{ArrayRef, RecordBatch};
use arrow::datatypes::{Field, Schema, SchemaRef};
use datafusion_common::{Column as DfColumn, DFSchema, DataFusionError};
use datafusion_expr::{
    Expr, ExprSchemable, Filter, LogicalPlan, LogicalPlanBuilder, Projection, cast,
};
use davy_diag::{Diagnostic, SourceMap, Span};
use std::sync::Arc;

/// Why a search could not be planned or run.
#[derive(Debug)]
pub enum Failed {
    /// The user's mistake, or a limit.
    Diagnostic(Box<Diagnostic>),
    Engine(DataFusionError),
}

impl From<DataFusionError> for Failed {
    fn from(error: DataFusionError) -> Self {
        Failed::Engine(error)
    }
}

impl From<arrow::error::ArrowError> for Failed {
    fn from(error: arrow::error::ArrowError) -> Self {
        Failed::Engine(error.into())
    }
}

impl From<Diagnostic> for Failed {
    fn from(diagnostic: Diagnostic) -> Self {
        Failed::Diagnostic(Box::new(diagnostic))
    }
}

/// Which events are read.
#[derive(Debug, Clone)]
pub struct Scan {
    pub needs: FieldSet,
    /// Seconds since the epoch; infinite where open.
    pub earliest: f64,
    pub latest: f64,
    /// What the base search says, for leaving out events by their shape.
    pub filter: Option<Arc<davy_spl::ast::SearchExpr>>,
    pub ordered: bool,
    /// Only the events of a data model's dataset, with its fields.
    pub dataset: Option<DatasetRef>,
}

/// A dataset of a data model.
#[derive(Debug, Clone, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct DatasetRef {
    pub model: String,
    pub dataset: String,
    /// The other fields of the events count too.
    pub loose: bool,
}

/// What planning asks of the engine: reading events, running what stands before a barrier, and the
/// knowledge objects. Calls block.
pub trait Engine {
    /// A plan whose columns are the names of `scan.needs`, `__seq` when ordered, and `__rest` when
    /// all fields are needed.
    fn scan(&self, scan: &Scan) -> Result<LogicalPlan, Failed>;
    fn table(&self, schema: SchemaRef, batches: Vec<RecordBatch>) -> Result<LogicalPlan, Failed>;
    fn collect(&self, plan: &LogicalPlan) -> Result<(SchemaRef, Vec<RecordBatch>), Failed>;
    /// A plan of the same rows that need not be worked out again; in their order, where it matters.
    fn hold(&self, plan: &LogicalPlan, ordered: bool) -> Result<LogicalPlan, Failed>;
    /// So many bytes will be held until the search ends.
    fn reserve(&self, bytes: usize) -> Result<(), Failed>;
    /// There is a limit to what the search may hold: what can go to disk must be able to.
    fn bounded(&self) -> bool;
    /// A note to the user that does not stop the search.
    fn warn(&self, diagnostic: Diagnostic);
    fn knowledge(&self) -> &dyn crate::knowledge::Knowledge;
    fn limits(&self) -> &Limits;
    /// Asked now and then by what computes long: an error where the search has taken too long.
    fn go_on(&self) -> Result<(), Failed>;
}

/// Splunk's limits, as `limits.conf` ships them.
#[derive(Debug, Clone)]
pub struct Limits {
    /// `[subsearch] maxout`
    pub subsearch_rows: usize,
    /// `[join] subsearch_maxout`
    pub join_rows: usize,
    /// `[searchresults] maxresultrows`: append, appendcols
    pub append_rows: usize,
    /// `list()` keeps this many values.
    pub list_values: usize,
    /// Rows that a command which needs all of them at once may hold.
    pub barrier_rows: usize,
    /// `map maxsearches`
    pub map_searches: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            subsearch_rows: 10_000,
            join_rows: 50_000,
            append_rows: 50_000,
            list_values: 100,
            barrier_rows: 10_000_000,
            map_searches: 10,
        }
    }
}

/// What a command's `plan` may use.
#[derive(Clone)]
pub struct PlanCx<'a> {
    pub engine: &'a dyn Engine,
    pub env: &'a Arc<Env>,
    /// The range of times that the pipeline asks for.
    pub asked: Asked,
    pub sources: &'a SourceMap,
    /// Fields wanted after the command.
    pub out: &'a FieldSet,
    /// The order of the command's rows matters later.
    pub ordered: bool,
    /// The command.
    pub span: Span,
}

/// Rows to come: a logical plan, and whether it holds packed fields.
#[derive(Debug, Clone)]
pub struct Plan {
    pub logical: LogicalPlan,
}

/// Rows in hand.
#[derive(Debug, Clone, Default)]
pub struct Rows {
    pub names: Vec<String>,
    pub rows: Vec<Vec<Val<'static>>>,
}

impl Rows {
    pub fn column(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|n| n == name)
    }

    /// The column of that name, added with nulls when it is not there.
    pub fn column_or_add(&mut self, name: &str) -> usize {
        if let Some(at) = self.column(name) {
            return at;
        }
        self.names.push(name.to_owned());
        for row in &mut self.rows {
            row.push(Val::Null);
        }
        self.names.len() - 1
    }

    /// The column as an array of its kind.
    pub(crate) fn array(&self, column: usize) -> ArrayRef {
        let mut out = Builder::new(self.ty(column), self.rows.len());
        self.rows.iter().for_each(|row| out.push(row.get(column).unwrap_or(&Val::Null)));
        out.finish()
    }

    /// The kind of a column: numbers only, or texts.
    pub(crate) fn ty(&self, column: usize) -> Ty {
        self.rows.iter().fold(Ty::Null, |ty, row| {
            ty.unify(match row.get(column) {
                Some(Val::Num(_)) => Ty::Num,
                Some(Val::Bool(_)) | Some(Val::Str(_)) => Ty::Text,
                Some(Val::Null) | None => Ty::Null,
            })
        })
    }
}

impl Plan {
    pub fn new(logical: LogicalPlan) -> Self {
        Plan { logical }
    }

    /// Fields may hide in the packed column.
    pub fn open(&self) -> bool {
        self.has_column(REST)
    }

    /// The visible columns, in order.
    pub fn names(&self) -> Vec<String> {
        let fields = self.logical.schema().fields();
        fields.iter().map(|f| f.name().clone()).filter(|n| !n.starts_with(HIDDEN)).collect()
    }

    /// All columns, hidden ones too.
    pub fn all_names(&self) -> Vec<String> {
        self.logical.schema().fields().iter().map(|f| f.name().clone()).collect()
    }

    pub fn has_column(&self, name: &str) -> bool {
        self.logical.schema().fields().iter().any(|f| f.name() == name)
    }

    /// The column of that name; a null where there is none.
    pub fn column(&self, name: &str) -> Typed {
        match self.logical.schema().fields().iter().find(|f| f.name() == name) {
            Some(field) => Typed::new(column_expr(name), field.data_type()),
            None => Typed::null(),
        }
    }

    /// Exactly these columns.
    pub fn project(self, columns: Vec<(String, Expr)>) -> Result<Plan, Failed> {
        // The builder would look up each column again; names here are exact and have no table.
        let columns: Vec<Expr> =
            columns.into_iter().map(|(name, expr)| named(&name, expr)).collect();
        let schema = Arc::new(projected(self.logical.schema(), &columns)?);
        let input = Arc::new(self.logical);
        let projection = Projection::try_new_with_schema(columns, input, schema)?;
        Ok(Plan::new(LogicalPlan::Projection(projection)))
    }

    /// These columns and the hidden ones; a name that is not there becomes a null column.
    pub fn select(self, names: &[String]) -> Result<Plan, Failed> {
        let hidden = self.all_names().into_iter().filter(|n| n.starts_with(HIDDEN));
        let all: Vec<String> = names.iter().cloned().chain(hidden).collect();
        let columns =
            all.into_iter().map(|n| (n.clone(), self.column(&n).materialized())).collect();
        self.project(columns)
    }

    /// All columns, with these put in the place of those of the same name or added at the end.
    pub fn with_columns(self, set: Vec<(String, Typed)>) -> Result<Plan, Failed> {
        let mut columns: Vec<(String, Expr)> =
            self.all_names().into_iter().map(|n| (n.clone(), column_expr(&n))).collect();
        for (name, value) in set {
            let value = value.materialized();
            match columns.iter_mut().find(|(n, _)| *n == name) {
                Some(slot) => slot.1 = value,
                None => columns.push((name, value)),
            }
        }
        self.project(columns)
    }

    pub fn without_columns(self, drop: &[String]) -> Result<Plan, Failed> {
        if drop.is_empty() {
            return Ok(self);
        }
        let columns = self
            .all_names()
            .into_iter()
            .filter(|n| !drop.contains(n))
            .map(|n| (n.clone(), column_expr(&n)))
            .collect();
        self.project(columns)
    }

    pub fn filter(self, predicate: Expr) -> Result<Plan, Failed> {
        let filter = Filter::try_new(predicate, Arc::new(self.logical))?;
        Ok(Plan::new(LogicalPlan::Filter(filter)))
    }

    /// Events in the order that Splunk shows them: newest first.
    pub fn newest_first(self) -> Plan {
        let mut keys = Vec::new();
        for name in ["_time", SEQ] {
            if self.has_column(name) {
                keys.push(SortKey {
                    column: name.to_owned(),
                    descending: true,
                    nulls_first: false,
                });
            }
        }
        Plan::new(SortNode::plan(self.logical, keys, None))
    }
}

/// The columns that expressions give. What DataFusion works out besides, which columns follow from
/// which others, takes a text of every expression, and no search needs it.
pub(crate) fn projected<'e>(
    from: &DFSchema,
    exprs: impl IntoIterator<Item = &'e Expr>,
) -> Result<DFSchema, DataFusionError> {
    let column = |expr: &Expr| match expr {
        Expr::Column(column) if column.relation.is_none() => {
            from.fields().iter().find(|field| *field.name() == column.name)
        }
        _ => None,
    };
    let field = |expr: &Expr| {
        let known = match expr {
            Expr::Alias(alias) => column(&alias.expr)
                .map(|field| Arc::new(field.as_ref().clone().with_name(&alias.name))),
            expr => column(expr).cloned(),
        };
        known.map_or_else(|| expr.to_field(from), |field| Ok((None, field)))
    };
    let fields = exprs.into_iter().map(field).collect::<Result<_, _>>()?;
    DFSchema::new_with_metadata(fields, from.metadata().clone())
}

/// A column by its exact name (`col()` would lower-case it).
pub(crate) fn column_expr(name: &str) -> Expr {
    Expr::Column(DfColumn::new_unqualified(name))
}

/// `expr AS name`, unless it is the column of that name already.
pub(crate) fn named(name: &str, expr: Expr) -> Expr {
    match &expr {
        Expr::Column(c) if c.relation.is_none() && c.name == name => expr,
        _ => expr.alias(name),
    }
}

/// Rows of a batch of rows that a command makes.
const BATCH: usize = 8192;

impl PlanCx<'_> {
    /// The range of times that the search in which the command stands asks for, of its own or by its
    /// caller: what `addinfo` tells and `timechart` covers.
    pub(crate) fn range(&self) -> TimeRange {
        self.asked.or(self.env)
    }

    /// Runs a plan and gives its visible columns as rows, packed fields included.
    pub fn rows(&self, plan: &Plan) -> Result<Rows, Failed> {
        let (schema, batches) = self.engine.collect(&plan.logical)?;
        let held: usize = batches.iter().map(RecordBatch::num_rows).sum();
        let limit = self.engine.limits().barrier_rows;
        if held > limit {
            return Err(crate::codes::TOO_MANY_ROWS
                .at(self.span, format!("{held} rows reach this command, which holds all rows at once; it may hold {limit}"))
                .help("narrow the search or aggregate before this command")
                .into());
        }
        // The texts of the rows are copies of those of the batches.
        self.engine.reserve(held * (schema.fields().len() * size_of::<Val<'_>>() + 24))?;
        rows_of(&schema, &batches)
    }

    /// A plan over rows in hand: a column of numbers only is a number column, all others text.
    pub fn plan_of(&self, rows: Rows) -> Result<Plan, Failed> {
        let (schema, batches) = self.batches_of(&rows)?;
        Ok(Plan::new(self.engine.table(schema, batches)?))
    }

    /// A plan that gives a row so many times, which takes the memory of one batch.
    pub(crate) fn plan_of_copies(&self, row: Rows, count: usize) -> Result<Plan, Failed> {
        let Rows { names, rows } = row;
        let rows = rows.into_iter().cycle().take(count.min(BATCH)).collect();
        let (schema, mut batches) = self.batches_of(&Rows { names, rows })?;
        if let [batch] = batches.as_slice() {
            let (whole, rest) = (count / BATCH, count % BATCH);
            batches = match whole {
                0 => batches,
                _ => (0..whole)
                    .map(|_| batch.clone())
                    .chain((rest > 0).then(|| batch.slice(0, rest)))
                    .collect(),
            };
        }
        Ok(Plan::new(self.engine.table(schema, batches)?))
    }

    fn batches_of(&self, rows: &Rows) -> Result<(SchemaRef, Vec<RecordBatch>), Failed> {
        let types: Vec<Ty> = (0..rows.names.len()).map(|c| rows.ty(c)).collect();
        let fields: Vec<Field> = rows
            .names
            .iter()
            .zip(&types)
            .map(|(name, ty)| Field::new(name, ty.data_type(), true))
            .collect();
        let schema: SchemaRef = Arc::new(Schema::new(fields));
        let mut batches = Vec::new();
        for chunk in rows.rows.chunks(BATCH) {
            self.engine.go_on()?;
            let arrays: Vec<ArrayRef> = types
                .iter()
                .enumerate()
                .map(|(c, ty)| {
                    let mut out = Builder::new(*ty, chunk.len());
                    for row in chunk {
                        out.push(row.get(c).unwrap_or(&Val::Null));
                    }
                    out.finish()
                })
                .collect();
            let options = arrow::array::RecordBatchOptions::new().with_row_count(Some(chunk.len()));
            batches.push(RecordBatch::try_new_with_options(schema.clone(), arrays, &options)?);
        }
        Ok((schema, batches))
    }

    /// Runs a plan so that its packed fields become columns and it need not run again.
    pub fn close(&self, plan: Plan) -> Result<Plan, Failed> {
        if !plan.open() {
            let (schema, batches) = self.engine.collect(&plan.logical)?;
            return Ok(Plan::new(self.engine.table(schema, batches)?));
        }
        let rows = self.rows(&plan)?;
        self.plan_of(rows)
    }

    /// Runs a plan so that it need not run again; hidden columns stay as they are, and rows in their
    /// order where it matters.
    pub fn hold(&self, plan: &Plan, ordered: bool) -> Result<Plan, Failed> {
        Ok(Plan::new(self.engine.hold(&plan.logical, ordered)?))
    }

    /// The commands of a search in brackets over rows that are there.
    pub fn pipe(
        &self,
        bound: &Bound,
        input: Plan,
        out: &FieldSet,
        ordered: bool,
    ) -> Result<Plan, Failed> {
        let demands = bound.demands(out, ordered);
        let mut plan = input;
        for (stage, demand) in bound.stages.iter().zip(&demands) {
            let BoundStage { command, span, .. } = stage;
            let cx =
                PlanCx { out: &demand.out, ordered: demand.ordered, span: *span, ..self.clone() };
            self.engine.go_on()?;
            plan = command.plan(plan, &cx)?;
            self.asked.settle(self.env);
        }
        Ok(plan)
    }

    /// The plan of a search in brackets, as part of this search.
    pub fn subplan(&self, bound: &Bound, out: &FieldSet, ordered: bool) -> Result<Plan, Failed> {
        plan_pipeline(bound, out, ordered, self)
    }

    /// The rows of a search in brackets, at most `limit` of them; a cut is told to the user.
    pub fn subrows(&self, bound: &Bound, out: &FieldSet, limit: usize) -> Result<Rows, Failed> {
        let plan = self.subplan(bound, out, true)?;
        let plan =
            Plan::new(LogicalPlanBuilder::from(plan.logical).limit(0, Some(limit + 1))?.build()?);
        let mut rows = self.rows(&plan)?;
        if rows.rows.len() > limit {
            rows.rows.truncate(limit);
            let rows_word = if limit == 1 { "row" } else { "rows" };
            self.engine.warn(
                crate::codes::SUBSEARCH_CUT
                    .at(self.span, format!("the search in brackets was cut at {limit} {rows_word}"))
                    .help("narrow it, or aggregate in it, so that it gives fewer rows"),
            );
        }
        Ok(rows)
    }
}

/// Plans a whole pipeline: fields walk backwards, plans forwards.
pub fn plan_pipeline(
    bound: &Bound,
    out: &FieldSet,
    ordered: bool,
    cx: &PlanCx<'_>,
) -> Result<Plan, Failed> {
    // A command that makes rows puts its own in the place of this one. To any other there is no
    // row before it: `| stats count` is 0 (Search Reference, geom, "Testing geometric features").
    let makes = bound.stages.first().is_some_and(|s| s.spec.kind == Kind::Generating);
    let empty = LogicalPlanBuilder::empty(makes).build()?;
    let own = PlanCx { asked: Asked::default(), ..cx.clone() };
    own.pipe(bound, Plan::new(empty), out, ordered)
}

/// Record batches as rows: hidden columns left out, packed fields as columns.
pub fn rows_of(schema: &SchemaRef, batches: &[RecordBatch]) -> Result<Rows, Failed> {
    let visible: Vec<usize> = (0..schema.fields().len())
        .filter(|i| !schema.field(*i).name().starts_with(HIDDEN))
        .collect();
    let rest = schema.index_of(REST).ok();
    let mut rows = Rows {
        names: visible.iter().map(|i| schema.field(*i).name().clone()).collect(),
        rows: Vec::new(),
    };
    let mut index: std::collections::HashMap<String, usize> =
        rows.names.iter().enumerate().map(|(i, n)| (n.clone(), i)).collect();
    for batch in batches {
        let columns =
            visible.iter().map(|i| Column::new(batch.column(*i))).collect::<Result<Vec<_>, _>>()?;
        let packed = rest.map(|i| Column::new(batch.column(i))).transpose()?;
        for r in 0..batch.num_rows() {
            let mut row: Vec<Val<'static>> =
                columns.iter().map(|c| c.get(r).into_owned()).collect();
            if let Some(Val::Str(text)) = packed.as_ref().map(|c| c.get(r)) {
                for (name, value) in davy_events::rest::iter(&text) {
                    let at = *index.entry(name.to_owned()).or_insert_with(|| {
                        rows.names.push(name.to_owned());
                        rows.names.len() - 1
                    });
                    row.resize(row.len().max(at + 1), Val::Null);
                    row[at] = Val::str(value.to_owned());
                }
            }
            rows.rows.push(row);
        }
    }
    let width = rows.names.len();
    for row in &mut rows.rows {
        row.resize(width, Val::Null);
    }
    drop_empty_columns(&mut rows, rest.is_some());
    Ok(rows)
}

/// With open fields, a column that no row fills was only asked for, and does not exist.
fn drop_empty_columns(rows: &mut Rows, open: bool) {
    if !open {
        return;
    }
    let keep: Vec<bool> =
        (0..rows.names.len()).map(|c| rows.rows.iter().any(|row| !row[c].is_null())).collect();
    let mut at = 0;
    rows.names.retain(|_| {
        at += 1;
        keep[at - 1]
    });
    for row in &mut rows.rows {
        let mut at = 0;
        row.retain(|_| {
            at += 1;
            keep[at - 1]
        });
    }
}

/// Both plans with the same columns in the same order and of the same kinds, for appending.
pub(crate) fn align(a: Plan, b: Plan) -> Result<(Plan, Plan), Failed> {
    let mut names = a.all_names();
    for name in b.all_names() {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let mut left = Vec::new();
    let mut right = Vec::new();
    for name in names {
        let (x, y) = (a.column(&name), b.column(&name));
        let ty = x.ty.unify(y.ty);
        // Whole numbers and others meet as `Float64`.
        let same = x.data_type == y.data_type;
        let to = |t: Typed| match ty {
            Ty::Num if !same && t.ty == Ty::Num => cast(t.expr, Ty::Num.data_type()),
            _ => t.into_ty(ty).expr,
        };
        left.push((name.clone(), to(x)));
        right.push((name, to(y)));
    }
    Ok((a.project(left)?, b.project(right)?))
}
