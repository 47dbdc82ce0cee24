//! Searches that are text until a plan is made: the templates of `foreach` and `map`, saved
//! searches, conditions in quotes. Their places mean nothing to the user, so mistakes in them are
//! told at the command that holds them.

use crate::bind::{CommandGrammars, bind_at};
use crate::codes;
use crate::command::Bound;
use crate::fields::FieldSet;
use crate::parse::ParseCx;
use crate::plan::{Engine, Failed, Limits, Plan, PlanCx, Scan, plan_pipeline};
use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion_expr::LogicalPlan;
use davy_diag::{Diagnostic, Diagnostics, Severity, SourceMap, Span};
use davy_spl::Grammars;
use davy_spl::ast::{Expr, ExprKind, SearchExpr, Spanless};

/// A pipeline read from a text, and the texts that its places point into.
#[derive(Debug)]
pub(crate) struct InnerSearch {
    sources: SourceMap,
    bound: Bound,
    span: Span,
}

/// Reads a search; macros in it are replaced.
pub(crate) fn search(text: &str, cx: &PlanCx<'_>) -> Result<InnerSearch, Failed> {
    read(text, true, cx)
}

fn read(text: &str, leads: bool, cx: &PlanCx<'_>) -> Result<InnerSearch, Failed> {
    let mut sources = SourceMap::default();
    let mut diags = Diagnostics::default();
    let file = sources.add("search", text);
    let macros = cx.engine.knowledge().macros();
    let expanded =
        davy_spl::expand_with(&mut sources, file, macros, &crate::eval_macro, &mut diags);
    let pipeline = davy_spl::parse(&sources, expanded, &CommandGrammars, &mut diags);
    let bound = bind_at(&pipeline, &sources, &mut diags, 1, leads);
    if let Some(error) = diags.list().iter().find(|d| d.severity == Severity::Error) {
        return Err(moved(error.clone(), cx.span, text).into());
    }
    Ok(InnerSearch { sources, bound, span: cx.span })
}

/// A search in brackets that starts with a command's name, with the bar that a search outside
/// needs before it.
pub(crate) fn piped(text: &str) -> String {
    let trimmed = text.trim();
    let end = trimmed.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let (word, rest) = trimmed.split_at(end.unwrap_or(trimmed.len()));
    let next = rest.trim_start();
    let compares = next.starts_with(['=', '<', '>', '!']);
    let apart = rest.is_empty() || rest.starts_with([' ', '\n', '\t', '\r', '(', '[', '"']);
    match CommandGrammars.grammar(&word.to_ascii_lowercase()).is_some() && apart && !compares {
        true => format!("| {trimmed}"),
        false => text.to_owned(),
    }
}

/// Reads commands that follow others: `eval x=1 | where x>0`.
pub(crate) fn commands(text: &str, cx: &PlanCx<'_>) -> Result<InnerSearch, Failed> {
    // A leading bar keeps a first word that is a command's name from being searched for.
    let text = text.trim();
    match text.starts_with('|') {
        true => read(text, false, cx),
        false => read(&format!("| {text}"), false, cx),
    }
}

impl InnerSearch {
    pub(crate) fn bound(&self) -> &Bound {
        &self.bound
    }

    /// The plan of a search on its own.
    pub(crate) fn plan(
        &self,
        out: &FieldSet,
        ordered: bool,
        cx: &PlanCx<'_>,
    ) -> Result<Plan, Failed> {
        let engine = MovedEngine { engine: cx.engine, span: self.span };
        let inner = PlanCx { engine: &engine, sources: &self.sources, out, ordered, ..cx.clone() };
        plan_pipeline(&self.bound, out, ordered, &inner).map_err(|e| self.failed(e))
    }

    /// The commands over the rows of `input`.
    pub(crate) fn plan_over(&self, input: Plan, cx: &PlanCx<'_>) -> Result<Plan, Failed> {
        let engine = MovedEngine { engine: cx.engine, span: self.span };
        let inner = PlanCx { engine: &engine, sources: &self.sources, ..cx.clone() };
        inner.pipe(&self.bound, input, cx.out, cx.ordered).map_err(|e| self.failed(e))
    }

    fn failed(&self, failed: Failed) -> Failed {
        match failed {
            Failed::Diagnostic(d) => moved(*d, self.span, "").into(),
            other => other,
        }
    }
}

/// The diagnostic at another place.
fn moved(diagnostic: Diagnostic, span: Span, text: &str) -> Diagnostic {
    let mut out = diagnostic;
    let label = match text {
        "" => "in the search that this command runs".to_owned(),
        text => format!("in the search `{}`", shortened(text)),
    };
    out.primary = Some(davy_diag::Label { span, text: label });
    out.others.clear();
    out
}

fn shortened(text: &str) -> String {
    let text = text.trim();
    match text.char_indices().nth(120) {
        Some((at, _)) => format!("{}…", text.get(..at).unwrap_or(text)),
        None => text.to_owned(),
    }
}

/// The engine, with notes told at the outer command.
struct MovedEngine<'a> {
    engine: &'a dyn Engine,
    span: Span,
}

impl Engine for MovedEngine<'_> {
    fn scan(&self, scan: &Scan) -> Result<LogicalPlan, Failed> {
        self.engine.scan(scan)
    }

    fn table(&self, schema: SchemaRef, batches: Vec<RecordBatch>) -> Result<LogicalPlan, Failed> {
        self.engine.table(schema, batches)
    }

    fn collect(&self, plan: &LogicalPlan) -> Result<(SchemaRef, Vec<RecordBatch>), Failed> {
        self.engine.collect(plan)
    }

    fn hold(&self, plan: &LogicalPlan, ordered: bool) -> Result<LogicalPlan, Failed> {
        self.engine.hold(plan, ordered)
    }

    fn reserve(&self, bytes: usize) -> Result<(), Failed> {
        self.engine.reserve(bytes)
    }

    fn bounded(&self) -> bool {
        self.engine.bounded()
    }

    fn warn(&self, diagnostic: Diagnostic) {
        self.engine.warn(moved(diagnostic, self.span, ""));
    }

    fn knowledge(&self) -> &dyn crate::knowledge::Knowledge {
        self.engine.knowledge()
    }

    fn limits(&self) -> &Limits {
        self.engine.limits()
    }

    fn go_on(&self) -> Result<(), Failed> {
        self.engine.go_on()
    }
}

/// An eval expression in a quoted text, all its places being `span`.
pub(crate) fn expr(text: &str, span: Span, cx: &mut ParseCx<'_>) -> Option<Expr> {
    let mut sources = SourceMap::default();
    let mut diags = Diagnostics::default();
    let file = sources.add("expression", text);
    let parsed = davy_spl::parse_expr_at(&sources, file.span(0..text.len()), &mut diags);
    if let Some(error) = diags.list().first() {
        cx.report(moved(error.clone(), span, ""));
        return None;
    }
    let mut expr = parsed?;
    place(&mut expr, span);
    cx.check(&expr);
    Some(expr)
}

/// A search expression in a quoted text. `None` also when it is mistaken, which is reported.
pub(crate) fn search_expr(text: &str, span: Span, cx: &mut ParseCx<'_>) -> Option<SearchExpr> {
    let mut sources = SourceMap::default();
    let mut diags = Diagnostics::default();
    let file = sources.add("search", text);
    let whole = file.span(0..text.len());
    let parsed = davy_spl::parse_search_at(&sources, whole, &CommandGrammars, &mut diags);
    if let Some(error) = diags.list().first() {
        cx.report(moved(error.clone(), span, ""));
        return None;
    }
    match parsed {
        Some(expr) => Some(expr),
        None => {
            cx.report(codes::MISSING_ARGUMENT.at(span, "a search is needed here"));
            None
        }
    }
}

pub(crate) fn place(expr: &mut Expr, span: Span) {
    expr.span = Spanless(span);
    match &mut expr.kind {
        ExprKind::Call { name, args } => {
            name.span = span;
            args.iter_mut().for_each(|a| place(a, span));
        }
        ExprKind::Negate(e) | ExprKind::Plus(e) | ExprKind::Not(e) => place(e, span),
        ExprKind::Binary { op, left, right } => {
            op.span = span;
            place(left, span);
            place(right, span);
        }
        ExprKind::Chain { first, rest } => {
            place(first, span);
            for (op, item) in rest {
                op.span = span;
                place(item, span);
            }
        }
        ExprKind::In { value, list } => {
            place(value, span);
            list.iter_mut().for_each(|a| place(a, span));
        }
        ExprKind::Between { value, low, high } => {
            [value, low, high].into_iter().for_each(|e| place(e, span));
        }
        _ => {}
    }
}
