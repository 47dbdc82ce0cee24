//! One search on its way through a session.

use crate::empty::gives_nothing;
use crate::held::{Held, Writing, in_order};
use crate::later::Planned;
use crate::memory::Memory;
use crate::operators::with_deadline;
use crate::prepared::Prepared;
use crate::session::{Answer, RunError, Session};
use crate::shapes::{Shapes, lock};
use crate::source::{EventSource, ReadRequest};
use crate::table::events_table;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::catalog::TableProvider;
use datafusion::common::{Column, DFSchema, DataFusionError};
use datafusion::datasource::{MemTable, provider_as_source};
use datafusion::logical_expr::{
    EmptyRelation, Expr, LogicalPlan, LogicalPlanBuilder, Projection, lit,
};
use datafusion::physical_plan::{SendableRecordBatchStream, execute_stream};
use davy_diag::Diagnostic;
use davy_plan::{
    Asked, Bound, Engine, Env, Failed, FieldSet, Knowledge, Limits, Plan, PlanCx, SEQ, Scan,
    plan_pipeline,
};
use futures::StreamExt;
use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

/// Whether running takes less than optimizing would.
fn are_few(kept: &[(ReadRequest, Vec<RecordBatch>)]) -> bool {
    const FEW: usize = 20_000;
    let rows = |batches: &[RecordBatch]| batches.iter().map(RecordBatch::num_rows).sum::<usize>();
    kept.iter().map(|(_, batches)| rows(batches)).sum::<usize>() <= FEW
}

const EVENTS: &str = "events";

/// A plan of these columns and no rows.
fn nothing(schema: &SchemaRef) -> Result<LogicalPlan, Failed> {
    Ok(LogicalPlan::EmptyRelation(EmptyRelation {
        produce_one_row: false,
        schema: Arc::new(DFSchema::try_from(schema.clone())?),
    }))
}

/// A table's columns as the fields that a request names; `_time` as a number, in its range.
fn columns_as_events(table: LogicalPlan, request: &ReadRequest) -> Result<LogicalPlan, Failed> {
    let plan = Plan::new(table);
    let mut names: Vec<String> = request.fields.iter().map(|n| n.to_string()).collect();
    if request.rest {
        let others = plan.names().into_iter().filter(|n| !names.contains(n));
        names.extend(others.collect::<Vec<_>>());
    }
    names.retain(|n| n != SEQ);
    let columns = names
        .iter()
        .map(|name| {
            let column = plan.column(name);
            let expr = match name.as_str() {
                "_time" => column.epoch(),
                _ => column.materialized(),
            };
            (name.clone(), expr)
        })
        .collect();
    let mut plan = plan.project(columns)?;
    if plan.has_column("_time") {
        if request.earliest > 0.0 {
            let time = plan.column("_time").expr;
            plan = plan.filter(time.gt_eq(lit(request.earliest)))?;
        }
        if request.latest.is_finite() {
            let time = plan.column("_time").expr;
            plan = plan.filter(time.lt(lit(request.latest)))?;
        }
    }
    Ok(plan.logical)
}

/// A search about to run: what was read, the world it sees, its events and its knowledge.
#[derive(Clone)]
pub struct Search<'a> {
    pub prepared: &'a Prepared,
    pub env: Arc<Env>,
    pub source: Option<Arc<dyn EventSource>>,
    pub knowledge: &'a dyn Knowledge,
    /// The fields wanted of the result; all unless a caller needs only some.
    pub out: FieldSet,
}

/// Where a run's events come from.
pub(crate) enum Events<'a> {
    /// The search's own source.
    Source,
    /// Nowhere: what would be read is written down.
    Nothing(&'a Mutex<Vec<ReadRequest>>),
    /// As `Nothing`, and planning ends with the first of it.
    First(&'a Mutex<Vec<ReadRequest>>),
    /// A table of no rows, whose way through the plan is looked at.
    Planned(&'a Mutex<Planned>),
    /// What was kept for each request; the source for any other.
    Kept(&'a [(ReadRequest, Vec<RecordBatch>)]),
}

pub(crate) struct Run<'a> {
    session: &'a Session,
    search: &'a Search<'a>,
    events: Events<'a>,
    notes: Mutex<Vec<Diagnostic>>,
    /// Rows that wait until the run ends, where there is a limit.
    held: Mutex<Vec<Held>>,
    /// When it has taken too long.
    deadline: Option<Instant>,
    memory: Memory,
}

impl<'a> Run<'a> {
    pub(crate) fn new(session: &'a Session, search: &'a Search<'a>, events: Events<'a>) -> Self {
        let deadline = session.config().timeout.and_then(|t| Instant::now().checked_add(t));
        let (notes, held) = (Mutex::new(Vec::new()), Mutex::new(Vec::new()));
        let share = match events {
            Events::Source => 1,
            _ => session.config().partitions.max(1),
        };
        let bytes = session.config().memory.or(session.config().guard);
        let partitions = session.config().partitions;
        let memory = Memory::new(bytes.map(|bytes| bytes / share), partitions);
        Run { session, search, events, notes, held, deadline, memory }
    }

    /// Runs the search to its end.
    pub(crate) fn answer(self) -> Result<Answer, RunError> {
        let plan = self.plan()?;
        let (schema, batches) = self.collect(&plan.logical)?;
        Ok(Answer { schema, batches, notes: self.into_notes() })
    }

    /// Runs the search and hands each batch over as it comes; `Break` ends it.
    pub(crate) fn stream(
        self,
        give: &mut dyn FnMut(&RecordBatch) -> ControlFlow<()>,
    ) -> Result<Answer, RunError> {
        let plan = self.plan()?;
        let schema = Arc::new(plan.logical.schema().as_arrow().clone());
        self.session.block_on(async {
            let mut stream = self.start(false, &plan.logical).await?;
            while let Some(batch) = self.in_time(stream.next()).await? {
                if give(&batch.or_else(|e| self.late(e))?).is_break() {
                    break;
                }
            }
            Ok::<(), Failed>(())
        })?;
        Ok(Answer { schema, batches: Vec::new(), notes: self.into_notes() })
    }

    /// Runs a plan and gives each batch of its rows.
    async fn each(
        &self,
        plan: &LogicalPlan,
        mut give: impl FnMut(RecordBatch) -> Result<(), Failed>,
    ) -> Result<(), Failed> {
        let few = match self.events {
            Events::Nothing(_) | Events::First(_) | Events::Planned(_) => true,
            Events::Kept(kept) => are_few(kept),
            Events::Source => false,
        };
        let mut stream = self.start(few, plan).await?;
        while let Some(batch) = self.in_time(stream.next()).await? {
            give(batch.or_else(|e| self.late(e))?)?;
        }
        Ok(())
    }

    /// What is in hand is so until the run ends.
    fn keep(&self, held: Option<Held>) {
        self.held.lock().unwrap_or_else(PoisonError::into_inner).extend(held);
    }

    /// Starts a plan, with its time and its memory.
    async fn start(
        &self,
        few: bool,
        plan: &LogicalPlan,
    ) -> Result<SendableRecordBatchStream, Failed> {
        let session = self.session;
        let (mut physical, task) = match few {
            true => {
                let task = match self.memory.pool() {
                    None => session.few().task(),
                    Some(_) => Arc::new(self.memory.task(session.few().new_task())),
                };
                (session.few().physical(plan).await?, task)
            }
            false => {
                let frame = session.context().execute_logical_plan(plan.clone()).await?;
                let task = Arc::new(self.memory.task(frame.task_ctx()));
                (frame.create_physical_plan().await?, task)
            }
        };
        if let Some(deadline) = self.deadline {
            physical = with_deadline(physical, deadline)?;
        }
        Ok(execute_stream(physical, task)?)
    }

    /// Waits no longer than the search may take.
    async fn in_time<T>(&self, future: impl Future<Output = T>) -> Result<T, Failed> {
        let Some(deadline) = self.deadline else { return Ok(future.await) };
        tokio::time::timeout_at(deadline.into(), future).await.map_err(|_| self.too_long())
    }

    /// An error after the deadline is that the search took too long.
    fn late<T>(&self, error: DataFusionError) -> Result<T, Failed> {
        match self.deadline.is_some_and(|deadline| Instant::now() >= deadline) {
            true => Err(self.too_long()),
            false => Err(error.into()),
        }
    }

    fn too_long(&self) -> Failed {
        let limit = self.session.config().timeout.unwrap_or_default();
        davy_plan::codes::TIMED_OUT
            .bare(format!("the search took longer than {} s", limit.as_secs_f64()))
            .help("give it more with --timeout, or narrow the time range")
            .into()
    }

    pub(crate) fn plan(&self) -> Result<Plan, Failed> {
        self.plan_of(&self.search.prepared.bound, &self.search.out, true)
    }

    /// A pipeline of the search.
    pub(crate) fn plan_of(
        &self,
        bound: &Bound,
        out: &FieldSet,
        ordered: bool,
    ) -> Result<Plan, Failed> {
        let search = self.search;
        if let Some(error) =
            search.prepared.diags.list().iter().find(|d| d.severity == davy_diag::Severity::Error)
        {
            return Err(error.clone().into());
        }
        let cx = PlanCx {
            engine: self,
            env: &search.env,
            asked: Asked::default(),
            sources: &search.prepared.sources,
            out,
            ordered,
            span: search.prepared.pipeline.span.0,
        };
        plan_pipeline(bound, out, ordered, &cx)
    }

    pub(crate) fn shapes(&self) -> Arc<Shapes> {
        self.session.shapes_of(self.search.knowledge, &self.search.env)
    }

    fn into_notes(self) -> Vec<Diagnostic> {
        self.notes.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    fn scan_of(provider: Arc<dyn TableProvider>) -> Result<LogicalPlan, Failed> {
        let schema = provider.schema();
        Self::columns_of(provider, &schema)
    }

    /// Rows in hand; where their order does not matter, parts of them are read side by side.
    fn waiting(
        schema: SchemaRef,
        batches: Vec<RecordBatch>,
        ordered: bool,
    ) -> Result<LogicalPlan, Failed> {
        match ordered {
            true => Self::scan_of(Arc::new(in_order(schema, batches)?)),
            false => Self::scan_of(Arc::new(MemTable::try_new(schema, vec![batches])?)),
        }
    }

    /// A table's columns of this schema.
    fn columns_of(
        provider: Arc<dyn TableProvider>,
        wanted: &SchemaRef,
    ) -> Result<LogicalPlan, Failed> {
        Self::named_columns(EVENTS, provider, wanted)
    }

    fn named_columns(
        name: &str,
        provider: Arc<dyn TableProvider>,
        wanted: &SchemaRef,
    ) -> Result<LogicalPlan, Failed> {
        let source = provider_as_source(provider);
        let scan = LogicalPlanBuilder::scan(name, source, None)?.build()?;
        // Later commands name columns without a table.
        let (mut names, mut fields) = (Vec::new(), Vec::new());
        for (table, field) in scan.schema().iter() {
            if wanted.index_of(field.name()).is_ok() {
                let column = Expr::Column(Column::new(table.cloned(), field.name()));
                names.push(column.alias(field.name()));
                fields.push((None, field.clone()));
            }
        }
        let schema = Arc::new(DFSchema::new_with_metadata(fields, HashMap::new())?);
        let made = Projection::try_new_with_schema(names, Arc::new(scan), schema)?;
        Ok(LogicalPlan::Projection(made))
    }
}

impl Engine for Run<'_> {
    fn scan(&self, scan: &Scan) -> Result<LogicalPlan, Failed> {
        let request = match self.events {
            Events::Source => ReadRequest::new(scan),
            _ => ReadRequest::timed(scan),
        };
        let Some(source) = &self.search.source else {
            return Err(davy_plan::codes::NO_INPUT
                .at(self.search.prepared.pipeline.span.0, "this search reads events, and none were given")
                .help("name files or folders with -i PATH, or start with a command that makes rows, such as `| makeresults`")
                .into());
        };
        match &self.events {
            Events::Source => {}
            Events::Nothing(wanted) => {
                wanted.lock().unwrap_or_else(PoisonError::into_inner).push(request);
                return nothing(&ReadRequest::new(scan).schema());
            }
            Events::First(wanted) => {
                wanted.lock().unwrap_or_else(PoisonError::into_inner).push(request);
                let known = "what is read is known".to_owned();
                return Err(DataFusionError::Execution(known).into());
            }
            Events::Planned(planned) => {
                if !lock(planned).asks(&request) {
                    return Err(Planned::other());
                }
                let table = Arc::new(MemTable::try_new(request.schema(), vec![Vec::new()])?);
                let asked = ReadRequest::new(scan).schema();
                return Self::named_columns(Planned::TABLE, table, &asked);
            }
            Events::Kept(kept) => {
                if let Some((_, batches)) = kept.iter().find(|(known, _)| *known == request) {
                    let asked = ReadRequest::new(scan);
                    if batches.is_empty() {
                        return nothing(&asked.schema());
                    }
                    let table = MemTable::try_new(request.schema(), vec![batches.clone()])?;
                    return Self::columns_of(Arc::new(table), &asked.schema());
                }
            }
        }
        let request = ReadRequest::new(scan);
        if let Some(table) = source.table() {
            return columns_as_events(Self::scan_of(table)?, &request);
        }
        let parts = self.session.config().partitions.max(1);
        let table = events_table(source.clone(), request, self.shapes(), parts)?;
        Self::scan_of(Arc::new(table))
    }

    fn table(&self, schema: SchemaRef, batches: Vec<RecordBatch>) -> Result<LogicalPlan, Failed> {
        Self::scan_of(Arc::new(in_order(schema, batches)?))
    }

    fn collect(&self, plan: &LogicalPlan) -> Result<(SchemaRef, Vec<RecordBatch>), Failed> {
        let session = self.session;
        let schema = Arc::new(plan.schema().as_arrow().clone());
        if let Events::Planned(_) = &self.events {
            return Err(Planned::other());
        }
        if gives_nothing(plan) {
            return Ok((schema, Vec::new()));
        }
        let mut held = self.memory.pool().map(Held::new);
        let mut batches = Vec::new();
        session.block_on(self.each(plan, |batch| {
            if let Some(held) = &mut held {
                held.add(&batch)?;
            }
            batches.push(batch);
            Ok(())
        }))?;
        self.keep(held);
        Ok((schema, batches))
    }

    fn hold(&self, plan: &LogicalPlan, ordered: bool) -> Result<LogicalPlan, Failed> {
        let schema: SchemaRef = Arc::new(plan.schema().as_arrow().clone());
        if let Events::Planned(planned) = &self.events {
            lock(planned).holds(plan);
            return Self::waiting(schema, Vec::new(), ordered);
        }
        let limit = self.memory.bytes().zip(self.memory.pool()).filter(|_| !gives_nothing(plan));
        let Some((memory, pool)) = limit else {
            let (schema, batches) = self.collect(plan)?;
            return Self::waiting(schema, batches, ordered);
        };
        let disks = &self.session.runtime_env().disk_manager;
        let mut held = Held::new(pool);
        let mut batches: Vec<RecordBatch> = Vec::new();
        let mut disk: Option<Writing> = None;
        self.session.block_on(self.each(plan, |batch| {
            if let Some(disk) = &mut disk {
                return Ok(disk.add(&batch)?);
            }
            let fits = held.fits(&batch) && held.bytes() <= memory / 4;
            batches.push(batch);
            if !fits {
                let mut out = Writing::new(disks, &schema)?;
                batches.drain(..).try_for_each(|batch| out.add(&batch))?;
                disk = Some(out);
                held = Held::new(pool);
            }
            Ok(())
        }))?;
        match disk {
            Some(disk) => Self::scan_of(Arc::new(disk.table(schema)?)),
            None => {
                self.keep(Some(held));
                Self::waiting(schema, batches, ordered)
            }
        }
    }

    fn reserve(&self, bytes: usize) -> Result<(), Failed> {
        if let Some(pool) = self.memory.pool() {
            let held = Held::new(pool);
            held.grow(bytes)?;
            self.keep(Some(held));
        }
        Ok(())
    }

    fn bounded(&self) -> bool {
        self.session.config().memory.is_some()
    }

    fn warn(&self, diagnostic: Diagnostic) {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner).push(diagnostic);
    }

    fn knowledge(&self) -> &dyn Knowledge {
        self.search.knowledge
    }

    fn limits(&self) -> &Limits {
        &self.session.config().limits
    }

    fn go_on(&self) -> Result<(), Failed> {
        match self.deadline.is_some_and(|deadline| Instant::now() >= deadline) {
            true => Err(self.too_long()),
            false => Ok(()),
        }
    }
}
