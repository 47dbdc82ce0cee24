//! Searches in brackets whose result becomes part of the command around them: `where x > [search …
//! | return $y]`, `head [search … | return $n]`. Splunk puts the text that the search gives in the
//! place of the brackets before it reads the command, and so it is here, when the search is planned.
//! Search Manual, "Use subsearch to correlate events"; Search Reference, return.

use crate::codes;
use crate::command::{Bound, Command, Order};
use crate::commands::format_rows;
use crate::fields::{FieldSet, Fields};
use crate::inner::place;
use crate::parse::ParseCx;
use crate::plan::{Failed, Plan, PlanCx, Rows};
use crate::spec::CommandSpec;
use davy_diag::{Diagnostics, Severity, SourceMap, Span, Spanned};
use davy_spl::ast::{
    Arg, ArgKind, Args, Assignment, CallArgs, Expr, ExprKind, Grammar, Spanless, Stage,
};
use std::slice::Iter;

/// Commands for which a search in brackets is rows, not text.
const OWN: &[&str] =
    &["append", "appendcols", "appendpipe", "inputlookup", "join", "multisearch", "set", "union"];

/// Whether the command's searches in brackets stand for text.
pub(crate) fn wanted(spec: &CommandSpec, stage: &Stage) -> bool {
    matches!(spec.grammar, Grammar::Where | Grammar::Eval | Grammar::General)
        && !OWN.contains(&spec.name)
        && !stage.subsearches().is_empty()
}

/// The command without its texts: what it reads and makes is known only in part.
pub(crate) fn parse(cx: &mut ParseCx<'_>) -> Option<Box<dyn Command>> {
    let subs = cx.stage.subsearches().into_iter().map(|p| cx.bind(p)).collect();
    let shape = match &cx.stage.args {
        Args::General(_) => None,
        args => {
            let held = blank(args);
            Some((cx.spec.parse)(&held, cx)?)
        }
    };
    Some(Box::new(Spliced { spec: cx.spec, stage: cx.stage.clone(), subs, shape }))
}

#[derive(Debug)]
struct Spliced {
    spec: &'static CommandSpec,
    stage: Stage,
    subs: Vec<Bound>,
    /// The command with null in the place of each search.
    shape: Option<Box<dyn Command>>,
}

impl Command for Spliced {
    fn needs(&self, out: &FieldSet) -> FieldSet {
        // The text may name any field.
        let mut needs = self.shape.as_ref().map_or_else(|| out.clone(), |s| s.needs(out));
        needs.all = true;
        needs
    }

    fn fields(&self, input: &Fields) -> Fields {
        self.shape.as_ref().map_or_else(Fields::open, |s| s.fields(input))
    }

    fn reads(&self) -> Vec<(String, Span)> {
        self.shape.as_ref().map_or_else(Vec::new, |s| s.reads())
    }

    fn order(&self) -> Order {
        self.shape.as_ref().map_or(Order::Needs, |s| s.order())
    }

    fn subsearches(&self) -> Vec<&Bound> {
        self.subs.iter().collect()
    }

    fn plan(&self, input: Plan, cx: &PlanCx<'_>) -> Result<Plan, Failed> {
        let args = Splicer { subs: self.subs.iter(), cx }.args(&self.stage.args)?;
        let stage = Stage { args, ..self.stage.clone() };
        let mut diags = Diagnostics::default();
        let mut read = ParseCx {
            sources: cx.sources,
            diags: &mut diags,
            stage: &stage,
            spec: self.spec,
            first: false,
            depth: 1,
        };
        let command = (self.spec.parse)(&stage.args, &mut read);
        if let Some(error) = diags.list().iter().find(|d| d.severity == Severity::Error) {
            return Err(error.clone().into());
        }
        let Some(command) = command else { return Ok(input) };
        let packed = input.open() && command.reads().iter().any(|(n, _)| !input.has_column(n));
        let input = if packed { cx.close(input)? } else { input };
        command.plan(input, cx)
    }
}

/// The text that a search in brackets gives: what `return` or `format` made of its rows, or what
/// `format` would. `None`: no rows.
pub(crate) fn text_of(rows: &Rows) -> Option<String> {
    if let ([name], [row]) = (rows.names.as_slice(), rows.rows.as_slice())
        && (name == "search" || name == "query")
    {
        return row.first().and_then(|v| v.text()).map(|t| t.into_owned());
    }
    (!rows.rows.is_empty()).then(|| format_rows(rows))
}

/// The text of a bound search.
pub(crate) fn run(bound: &Bound, cx: &PlanCx<'_>) -> Result<Option<String>, Failed> {
    let rows = cx.subrows(bound, &FieldSet::all(), cx.engine.limits().subsearch_rows)?;
    Ok(text_of(&rows))
}

/// Arguments with null for each search.
fn blank(args: &Args) -> Args {
    fn null(expr: &mut Expr) {
        if matches!(expr.kind, ExprKind::Subsearch(_)) {
            expr.kind = null_call(expr.span.0);
            return;
        }
        children(expr).into_iter().for_each(null);
    }
    let mut args = args.clone();
    match &mut args {
        Args::Where(expr) => null(expr),
        Args::Eval(list) => list.iter_mut().for_each(|a| null(&mut a.value)),
        _ => {}
    }
    args
}

fn null_call(span: Span) -> ExprKind {
    ExprKind::Call { name: Spanned::new("null".to_owned(), span), args: Vec::new() }
}

fn children(expr: &mut Expr) -> Vec<&mut Expr> {
    match &mut expr.kind {
        ExprKind::Call { args, .. } => args.iter_mut().collect(),
        ExprKind::Negate(e) | ExprKind::Plus(e) | ExprKind::Not(e) => vec![e],
        ExprKind::Binary { left, right, .. } => vec![left, right],
        ExprKind::Chain { first, rest } => {
            std::iter::once(&mut **first).chain(rest.iter_mut().map(|(_, e)| e)).collect()
        }
        ExprKind::In { value, list } => std::iter::once(&mut **value).chain(list).collect(),
        ExprKind::Between { value, low, high } => vec![value, low, high],
        ExprKind::Field(_)
        | ExprKind::Str(_)
        | ExprKind::Num(..)
        | ExprKind::Bool(_)
        | ExprKind::Unread
        | ExprKind::Subsearch(_) => Vec::new(),
    }
}

/// Puts texts in the place of searches, in the order of `Stage::subsearches`.
struct Splicer<'a> {
    subs: Iter<'a, Bound>,
    cx: &'a PlanCx<'a>,
}

impl Splicer<'_> {
    fn args(&mut self, args: &Args) -> Result<Args, Failed> {
        Ok(match args {
            Args::Where(expr) => Args::Where(self.expr(expr.clone())?),
            Args::Eval(list) => {
                let mut out = Vec::new();
                for Assignment { target, value } in list {
                    let value = self.expr(value.clone())?;
                    out.push(Assignment { target: target.clone(), value });
                }
                Args::Eval(out)
            }
            Args::General(items) => Args::General(self.items(items)?),
            other => other.clone(),
        })
    }

    fn text(&mut self) -> Result<Option<String>, Failed> {
        match self.subs.next() {
            Some(bound) => run(bound, self.cx),
            None => Ok(None),
        }
    }

    fn expr(&mut self, mut expr: Expr) -> Result<Expr, Failed> {
        if matches!(expr.kind, ExprKind::Subsearch(_)) {
            let span = expr.span.0;
            let mut list = self.list(span)?;
            if list.len() == 1
                && let Some(only) = list.pop()
            {
                return Ok(only);
            }
            return Err(codes::BAD_ARGUMENT
                .at(span, "this search gives several values, and one is needed here")
                .help("end it with `| return $field`")
                .into());
        }
        match &mut expr.kind {
            ExprKind::Call { args, .. } => *args = self.exprs(args)?,
            ExprKind::In { value, list } => {
                **value = self.expr((**value).clone())?;
                *list = self.exprs(list)?;
            }
            _ => {
                for child in children(&mut expr) {
                    *child = self.expr(child.clone())?;
                }
            }
        }
        Ok(expr)
    }

    /// A search among them may give several: `IN ([search …])`.
    fn exprs(&mut self, list: &[Expr]) -> Result<Vec<Expr>, Failed> {
        let mut out = Vec::new();
        for expr in list {
            match expr.kind {
                ExprKind::Subsearch(_) => out.extend(self.list(expr.span.0)?),
                _ => out.push(self.expr(expr.clone())?),
            }
        }
        Ok(out)
    }

    /// What the next search gives, as expressions with commas between them; null when nothing.
    fn list(&mut self, span: Span) -> Result<Vec<Expr>, Failed> {
        let Some(text) = self.text()? else {
            return Ok(vec![Expr { kind: null_call(span), span: Spanless(span) }]);
        };
        let call = format!("f({text})");
        let mut sources = SourceMap::default();
        let mut diags = Diagnostics::default();
        let file = sources.add("subsearch", call.as_str());
        let parsed = davy_spl::parse_expr_at(&sources, file.span(0..call.len()), &mut diags);
        match parsed.map(|e| e.kind) {
            Some(ExprKind::Call { mut args, .. }) if diags.list().is_empty() => {
                args.iter_mut().for_each(|e| place(e, span));
                Ok(args)
            }
            _ => Err(unreadable(&text, span)),
        }
    }

    fn items(&mut self, items: &[Arg]) -> Result<Vec<Arg>, Failed> {
        let mut out = Vec::new();
        for item in items {
            let mut item = item.clone();
            match &mut item.kind {
                ArgKind::Subsearch(_) => {
                    out.extend(self.general(item.span.0)?);
                    continue;
                }
                ArgKind::Option { value, .. } => {
                    match self.items(std::slice::from_ref(&**value))?.as_slice() {
                        [only] => **value = only.clone(),
                        _ => {
                            return Err(codes::BAD_ARGUMENT
                                .at(value.span.0, "this search gives no value for the option")
                                .help("end it with `| return $field`")
                                .into());
                        }
                    }
                }
                ArgKind::Call { args: CallArgs::Items(list), .. } => *list = self.items(list)?,
                ArgKind::Call { args: CallArgs::Eval(expr), .. } => {
                    **expr = self.expr((**expr).clone())?;
                }
                _ => {}
            }
            out.push(item);
        }
        Ok(out)
    }

    /// What the next search gives, as words, options and calls.
    fn general(&mut self, span: Span) -> Result<Vec<Arg>, Failed> {
        let Some(text) = self.text()? else { return Ok(Vec::new()) };
        let search = format!("| table {text}");
        let mut sources = SourceMap::default();
        let mut diags = Diagnostics::default();
        let file = sources.add("subsearch", search.as_str());
        let mut parsed = davy_spl::parse(&sources, file, &crate::bind::CommandGrammars, &mut diags);
        match (parsed.stages.pop().map(|s| s.args), parsed.stages.is_empty()) {
            (Some(Args::General(mut items)), true) if diags.list().is_empty() => {
                items.iter_mut().for_each(|item| place_item(item, span));
                Ok(items)
            }
            _ => Err(unreadable(&text, span)),
        }
    }
}

fn place_item(item: &mut Arg, span: Span) {
    item.span = Spanless(span);
    match &mut item.kind {
        ArgKind::Option { key, value, .. } => {
            key.span = span;
            place_item(value, span);
        }
        ArgKind::Call { name, args } => {
            name.span = span;
            match args {
                CallArgs::Items(items) => items.iter_mut().for_each(|i| place_item(i, span)),
                CallArgs::Eval(expr) => place(expr, span),
            }
        }
        _ => {}
    }
}

fn unreadable(text: &str, span: Span) -> Failed {
    let shown: String = text.chars().take(80).collect();
    codes::BAD_ARGUMENT
        .at(span, format!("this search gives `{shown}`, which cannot stand here"))
        .help("end it with `| return $field` for the value alone")
        .into()
}
