// Shared by the targets of functions and commands, which are reached through a search.
use arrow::array::{ArrayRef, RecordBatch, StringViewArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion_common::{DFSchema, DataFusionError};
use datafusion_expr::{EmptyRelation, LogicalPlan};
use davy_diag::{Diagnostic, Diagnostics, SourceMap, Span};
use davy_plan::{
    CommandGrammars, Engine, Env, Failed, FieldSet, Knowledge, Limits, NoKnowledge, Plan, PlanCx,
    Scan, SequentialNode,
};
use std::sync::{Arc, LazyLock};

/// The text as a literal of SPL.
#[allow(dead_code)]
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// The value of an eval expression, or why there is none.
#[allow(dead_code)]
fn value(expression: &str) -> Result<String, String> {
    davy_plan::eval_macro(expression, &[])
}

/// An engine that has no events and runs nothing.
struct Nothing;

static LIMITS: LazyLock<Limits> = LazyLock::new(Limits::default);

impl Engine for Nothing {
    fn scan(&self, _: &Scan) -> Result<LogicalPlan, Failed> {
        Err(DataFusionError::Internal("no events".to_owned()).into())
    }

    fn table(&self, _: SchemaRef, _: Vec<RecordBatch>) -> Result<LogicalPlan, Failed> {
        Err(DataFusionError::Internal("no tables".to_owned()).into())
    }

    fn collect(&self, _: &LogicalPlan) -> Result<(SchemaRef, Vec<RecordBatch>), Failed> {
        Err(DataFusionError::Internal("nothing runs".to_owned()).into())
    }

    fn hold(&self, plan: &LogicalPlan, _: bool) -> Result<LogicalPlan, Failed> {
        Ok(plan.clone())
    }

    fn reserve(&self, _: usize) -> Result<(), Failed> {
        Ok(())
    }

    fn bounded(&self) -> bool {
        false
    }

    fn go_on(&self) -> Result<(), Failed> {
        Ok(())
    }

    fn warn(&self, _: Diagnostic) {}

    fn knowledge(&self) -> &dyn Knowledge {
        &NoKnowledge
    }

    fn limits(&self) -> &Limits {
        &LIMITS
    }
}

/// Runs a command that handles each row by itself over rows whose field `x` is one of `texts`.
#[allow(dead_code)]
fn run(command: &str, texts: &[&str]) {
    let mut sources = SourceMap::default();
    let mut diags = Diagnostics::default();
    let file = sources.add("fuzz", format!("| {command}").as_str());
    let pipeline = davy_spl::parse(&sources, file, &CommandGrammars, &mut diags);
    let bound = davy_plan::bind(&pipeline, &sources, &mut diags);
    for diag in diags.list() {
        davy_diag::render::text(&sources, diag, false);
    }
    if diags.has_errors() {
        return;
    }
    let schema = Arc::new(Schema::new(vec![Field::new("x", DataType::Utf8View, true)]));
    let df = DFSchema::try_from(schema.as_ref().clone()).expect("a schema of one field");
    let empty = EmptyRelation { produce_one_row: false, schema: Arc::new(df) };
    let env = Arc::new(Env { regex_limit: 10_000, ..Env::default() });
    let out = FieldSet { all: true, ..FieldSet::default() };
    let span: Span = file.span(0..1);
    let cx = PlanCx {
        engine: &Nothing,
        env: &env,
        sources: &sources,
        out: &out,
        ordered: true,
        span,
    };
    let input = Plan::new(LogicalPlan::EmptyRelation(empty));
    let Ok(plan) = cx.pipe(&bound, input, &out, true) else { return };
    let texts: ArrayRef = Arc::new(StringViewArray::from_iter_values(texts));
    let batch = RecordBatch::try_new(schema, vec![texts]).expect("one column");
    step(&plan.logical, batch);
}

/// The rows of a plan of sequential nodes over one batch.
fn step(plan: &LogicalPlan, batch: RecordBatch) -> Vec<RecordBatch> {
    let LogicalPlan::Extension(extension) = plan else { return vec![batch] };
    let Some(node) = extension.node.as_any().downcast_ref::<SequentialNode>() else {
        return vec![batch];
    };
    let mut out = Vec::new();
    for batch in step(&node.input, batch) {
        let Ok(mut state) = node.op.start(batch.schema()) else { continue };
        out.extend(state.push(&batch).unwrap_or_default());
        out.extend(state.finish().unwrap_or_default());
    }
    out
}
