//! `inputlookup`. Search Reference, inputlookup.

use super::append::concat;
use crate::bind::CommandGrammars;
use crate::codes;
use crate::command::{Bound, Command, Order};
use crate::example;
use crate::fields::{FieldSet, Fields};
use crate::parse::{ArgReader, arg_text};
use crate::plan::{Failed, Plan, PlanCx, Rows};
use crate::search;
use crate::spec::{CommandSpec, Kind, ParseCx, Support};
use crate::tables::find_table;
use davy_diag::{Diagnostic, Severity, Span, Spanned};
use davy_spl::ast::{Arg, ArgKind, Args, Grammar, SearchExpr};

pub(super) static SPEC: CommandSpec = CommandSpec {
    name: "inputlookup",
    aliases: &[],
    kind: Kind::Generating,
    grammar: Grammar::General,
    syntax: "inputlookup [append=<bool>] [strict=<bool>] [start=<N>] [max=<N>] <table> [where <search>]",
    summary: "The rows of a lookup table; with `append=t`, after the rows that are there. Without such a table there are no rows and a warning; with `strict=t` it is an error.",
    examples: &[example!("| inputlookup users.csv where department=\"finance\"" => varies)],
    source: "Search Reference, inputlookup",
    support: Support::Full,
    parse,
};

#[derive(Debug)]
struct InputLookup {
    table: Spanned<String>,
    filter: Option<SearchExpr>,
    /// The searches in brackets of the filter.
    subs: Vec<Bound>,
    append: bool,
    /// A table that is not there is a mistake, also in a search in brackets.
    strict: bool,
    start: usize,
    max: usize,
}

fn parse(args: &Args, cx: &mut ParseCx<'_>) -> Option<Box<dyn Command>> {
    let Args::General(items) = args else { return None };
    let is_where = |a: &Arg| matches!(&a.kind, ArgKind::Word(w) if w.eq_ignore_ascii_case("where"));
    let at = items.iter().position(is_where);
    let (head, tail) = items.split_at(at.unwrap_or(items.len()));
    let names = ["append", "strict", "start", "max"];
    let (options, left) = ArgReader::of(head).options(&names, cx);
    let append = options.flag("append", false, cx) && !cx.first;
    let strict = options.flag("strict", false, cx);
    let start = options.count("start", cx).unwrap_or(0);
    let max = options.count("max", cx).unwrap_or(1_000_000_000);
    let mut table = None;
    for arg in left {
        match arg_text(arg) {
            Some(name) if table.is_none() => table = Some(Spanned::new(name, arg.span.0)),
            _ => return cx.bad(arg.span.0, "the name of one lookup is needed here"),
        }
    }
    let Some(table) = table else { return cx.missing("the name of a lookup") };
    let filter = match tail.split_first() {
        Some((word, _)) => {
            let mut span: Span = cx.span();
            span.start = word.span.0.end;
            let expr = davy_spl::parse_search_at(cx.sources, span, &CommandGrammars, cx.diags);
            if expr.is_none() {
                return cx.missing("a search after `where`");
            }
            expr
        }
        None => None,
    };
    let subs = match &filter {
        Some(filter) => search::subsearches(filter).into_iter().map(|p| cx.bind(p)).collect(),
        None => Vec::new(),
    };
    Some(Box::new(InputLookup { table, filter, subs, append, strict, start, max }))
}

impl Command for InputLookup {
    fn needs(&self, out: &FieldSet) -> FieldSet {
        if self.append { out.clone() } else { FieldSet::none() }
    }

    fn fields(&self, _: &Fields) -> Fields {
        Fields::open()
    }

    fn order(&self) -> Order {
        if self.append { Order::Keeps } else { Order::Makes }
    }

    fn subsearches(&self) -> Vec<&Bound> {
        self.subs.iter().collect()
    }

    fn plan(&self, input: Plan, cx: &PlanCx<'_>) -> Result<Plan, Failed> {
        let table = match find_table(&self.table, cx) {
            Ok(table) => table,
            Err(Failed::Diagnostic(missing)) if self.may_lack(&missing, cx) => {
                cx.engine.warn(Diagnostic { severity: Severity::Warning, ..*missing });
                return if self.append { Ok(input) } else { cx.plan_of(Rows::default()) };
            }
            Err(failed) => return Err(failed),
        };
        let mut rows = table.rows.clone();
        let filter = self.filter.as_ref();
        let filter = filter.map(|f| search::resolve(f, &mut self.subs.iter(), cx)).transpose()?;
        let filtered = filter.is_some();
        if !filtered {
            rows.rows = rows.rows.into_iter().skip(self.start).take(self.max).collect();
        }
        let mut plan = cx.plan_of(rows)?;
        if let Some(condition) =
            filter.as_ref().and_then(|expr| search::condition(expr, &plan, false))
        {
            plan = plan.filter(condition)?;
        }
        if filtered && (self.start > 0 || self.max < 1_000_000_000) {
            let mut rows = cx.rows(&plan)?;
            rows.rows = rows.rows.into_iter().skip(self.start).take(self.max).collect();
            plan = cx.plan_of(rows)?;
        }
        if !self.append {
            return Ok(plan);
        }
        // Nobody could know the table's fields, so any of them may be packed.
        let input = if input.open() { cx.close(input)? } else { input };
        Ok(concat(vec![input.clone(), plan])?.unwrap_or(input))
    }
}

impl InputLookup {
    /// Whether the search goes on without the table: there is no lookup of that name, and not one
    /// that cannot be read.
    fn may_lack(&self, missing: &Diagnostic, cx: &PlanCx<'_>) -> bool {
        let defined = || cx.engine.knowledge().lookup_names().contains(&self.table.value);
        !self.strict && missing.code.id == codes::NO_SUCH_LOOKUP.id && !defined()
    }
}
