//! A session: DataFusion set up for SPL, and searches run on it.

use crate::few::Few;
use crate::operators::SplQueryPlanner;
use crate::pool::Pool;
use crate::run::{Events, Run, Search};
use crate::shapes::Shapes;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::common::config::ConfigNonZeroUsize;
use datafusion::common::{DataFusionError, Result as DfResult};
use datafusion::execution::disk_manager::DiskManager;
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use datafusion::execution::{SessionState, SessionStateBuilder};
use datafusion::prelude::{SessionConfig, SessionContext};
use davy_diag::Diagnostic;
use davy_plan::{Env, Failed, Knowledge, Limits};
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::runtime::Runtime;

/// How a session runs its searches.
#[derive(Debug, Clone)]
pub struct Config {
    /// Threads that read and compute.
    pub partitions: usize,
    /// Rows in a batch.
    pub batch_size: usize,
    /// Bytes that searches may hold; sorts and groups spill to disk before that. `None` is no
    /// limit. Searches that compute at the same time have equal shares.
    pub memory: Option<usize>,
    /// As `memory`, where that is not given, for searches that would explode: nobody takes a way to
    /// disk that costs time for fear of it.
    pub guard: Option<usize>,
    /// Bytes of rows that wait in memory for the commands of their search while a hunt reads; more
    /// waits on disk. At most a quarter of `memory`.
    pub waiting: usize,
    /// How long a search may compute; `None` is no limit. The one reading of many searches is not
    /// counted.
    pub timeout: Option<Duration>,
    pub limits: Limits,
}

impl Default for Config {
    fn default() -> Self {
        let partitions = std::thread::available_parallelism().map_or(2, |n| n.get());
        Config {
            partitions,
            batch_size: 8192,
            memory: None,
            guard: None,
            waiting: 16 << 20,
            timeout: None,
            limits: Limits::default(),
        }
    }
}

#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The user's mistake or a limit, to be shown with the search.
    #[error("{}", .0.message)]
    Diagnostic(Box<Diagnostic>),
    #[error("the search failed: {0}")]
    Engine(DataFusionError),
    #[error("cannot start: {0}")]
    Start(String),
}

impl From<DataFusionError> for RunError {
    fn from(error: DataFusionError) -> Self {
        match davy_plan::mistake_in(&error) {
            Some(diagnostic) => RunError::Diagnostic(Box::new(diagnostic)),
            None => RunError::Engine(error),
        }
    }
}

impl From<Failed> for RunError {
    fn from(failed: Failed) -> Self {
        match failed {
            Failed::Diagnostic(diagnostic) => RunError::Diagnostic(diagnostic),
            Failed::Engine(error) => error.into(),
        }
    }
}

/// The result of a search.
#[derive(Debug, Clone)]
pub struct Answer {
    pub schema: SchemaRef,
    pub batches: Vec<RecordBatch>,
    /// What the user should know: limits that cut, files that were missing.
    pub notes: Vec<Diagnostic>,
}

/// The files that a session's searches have on disk.
#[derive(Debug)]
pub struct OnDisk(Arc<DiskManager>);

impl OnDisk {
    /// Removes them; searches that still run fail.
    pub fn remove(&self) {
        for folder in self.0.temp_dir_paths() {
            // A search that still runs may put one more file there meanwhile.
            let removed = |_: &usize| std::fs::remove_dir_all(&folder).is_ok() || !folder.exists();
            let _ = (0..100).find(removed);
        }
    }
}

/// DataFusion with davy's operators. Calls block; they must not come from async code.
pub struct Session {
    runtime: Runtime,
    context: SessionContext,
    /// For few rows in hand: one partition, and only the rules that a plan needs to run at all.
    few: Few,
    env: Arc<RuntimeEnv>,
    config: Config,
    shapes: Mutex<Vec<Arc<Shapes>>>,
    no_base: Arc<davy_knowledge::Base>,
}

impl Drop for Session {
    /// Results that are left to the end of the process would keep the folder of its files.
    fn drop(&mut self) {
        self.on_disk().remove();
    }
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("config", &self.config).finish()
    }
}

impl Answer {
    /// No rows, and nothing to say.
    pub(crate) fn is_silent(&self) -> bool {
        self.notes.is_empty() && self.batches.iter().all(|batch| batch.num_rows() == 0)
    }
}

impl Session {
    pub fn new(config: Config) -> Result<Session, RunError> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(config.partitions.max(1))
            .enable_time()
            .build()
            .map_err(|e| RunError::Start(e.to_string()))?;
        let mut env = RuntimeEnvBuilder::new();
        if let Some(bytes) = config.memory {
            env = env.with_memory_pool(Arc::new(Pool::new(bytes, config.partitions)));
        }
        let env = env.build_arc()?;
        let context = SessionContext::new_with_state(state_of(
            &config,
            config.partitions.max(1),
            &env,
            Rules::All,
        )?);
        // DataFusion makes room for a whole batch in every column of every filter.
        let small = Config { batch_size: config.batch_size.min(FEW_BATCH), ..config.clone() };
        let few = Few::new(state_of(&small, 1, &env, Rules::None)?);
        let shapes = Mutex::new(Vec::new());
        let no_base = Arc::new(davy_knowledge::Base::empty());
        Ok(Session { runtime, context, few, env, config, shapes, no_base })
    }

    /// What searches have on disk, for whoever ends the process before they do.
    pub fn on_disk(&self) -> OnDisk {
        OnDisk(self.env.disk_manager.clone())
    }

    /// Leaves what is known of shapes to the end of the process, which frees it in no time: for a
    /// command that is about to end.
    pub fn leave_shapes(&self) {
        let mut shapes = self.shapes.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::forget(std::mem::take(&mut *shapes));
    }

    /// What is known of events, kept from one search to the next.
    pub(crate) fn shapes_of(&self, knowledge: &dyn Knowledge, env: &Env) -> Arc<Shapes> {
        let mut kept = self.shapes.lock().unwrap_or_else(PoisonError::into_inner);
        let base = match knowledge.base() {
            Some(base) => base,
            None => &self.no_base,
        };
        if let Some(shapes) = kept.iter().find(|s| s.is_of(base, env)) {
            return shapes.clone();
        }
        let env = Env { now: env.now, zone: env.zone.clone(), ..Env::default() };
        let shapes = Arc::new(Shapes::new(base.clone(), Arc::new(env)));
        kept.truncate(3);
        kept.insert(0, shapes.clone());
        shapes
    }

    pub fn config(&self) -> &Config {
        &self.config
    }

    pub(crate) fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.block_on(future)
    }

    /// For few rows.
    pub(crate) fn few(&self) -> &Few {
        &self.few
    }

    pub(crate) fn context(&self) -> &SessionContext {
        &self.context
    }

    pub(crate) fn runtime_env(&self) -> &RuntimeEnv {
        &self.env
    }

    pub(crate) fn state(&self) -> SessionState {
        self.context.state()
    }

    /// Runs a search to its end.
    pub fn run(&self, search: &Search<'_>) -> Result<Answer, RunError> {
        let run = Run::new(self, search, Events::Source);
        run.answer()
    }

    /// Runs a search and hands each batch over as it comes; `Break` ends it.
    pub fn stream(
        &self,
        search: &Search<'_>,
        give: &mut dyn FnMut(&RecordBatch) -> ControlFlow<()>,
    ) -> Result<Answer, RunError> {
        Run::new(self, search, Events::Source).stream(give)
    }

    /// The plans of a search as text, without running it: logical, then physical. Stages before a
    /// barrier are run, since the plan behind it depends on their result.
    pub fn explain(&self, search: &Search<'_>) -> Result<(String, String), RunError> {
        let run = Run::new(self, search, Events::Source);
        let plan = run.plan()?;
        self.runtime.block_on(async {
            let state = self.context.state();
            let optimized = state.optimize(&plan.logical)?;
            let physical = state.create_physical_plan(&optimized).await?;
            let shown = datafusion::physical_plan::displayable(physical.as_ref());
            Ok((optimized.display_indent().to_string(), shown.indent(false).to_string()))
        })
    }
}

/// Which of DataFusion's optimizer rules run.
enum Rules {
    All,
    None,
}

fn state_of(
    config: &Config,
    partitions: usize,
    env: &Arc<RuntimeEnv>,
    rules: Rules,
) -> DfResult<SessionState> {
    let mut settings = SessionConfig::new()
        .with_target_partitions(partitions)
        .with_batch_size(config.batch_size.max(1))
        // Rows that are in order must stay so.
        .with_round_robin_repartition(false);
    settings.options_mut().execution.parquet.pushdown_filters = true;
    if let Some(memory) = config.memory {
        // What each sort keeps free for merging what it spilled must leave it something to sort in.
        let execution = &mut settings.options_mut().execution;
        let most = memory / (16 * partitions);
        let kept = execution.sort_spill_reservation_bytes;
        execution.sort_spill_reservation_bytes = kept.min(most);
        // Each batch that rows between partitions put on disk gets a file of its own. With files
        // of several, a reader waits for more of the oldest while its rows are in a newer, and all
        // who write wait for the reader: https://github.com/apache/datafusion/issues/24883, fixed
        // after DataFusion 55.2.
        execution.max_spill_file_size_bytes = ConfigNonZeroUsize::try_new(1)?;
    }
    let mut builder = SessionStateBuilder::new()
        .with_config(settings)
        .with_runtime_env(env.clone())
        .with_default_features()
        .with_query_planner(Arc::new(SplQueryPlanner));
    if matches!(rules, Rules::None) {
        builder =
            builder.with_optimizer_rules(Vec::new()).with_physical_optimizer_rules(Vec::new());
    }
    Ok(builder.build())
}

/// Rows of a batch where there are few.
const FEW_BATCH: usize = 512;
