//! `search`. Search Reference, search.

use crate::command::{Bound, Command};
use crate::example;
use crate::fields::{FieldSet, Fields};
use crate::plan::{Failed, Plan, PlanCx, Scan};
use crate::search;
use crate::spec::{CommandSpec, Kind, ParseCx, Support};
use crate::timerange;
use davy_diag::Span;
use davy_spl::ast::{Args, Grammar, SearchExpr};
use std::sync::Arc;

pub(super) static SPEC: CommandSpec = CommandSpec {
    name: "search",
    aliases: &[],
    kind: Kind::Streaming,
    grammar: Grammar::Search,
    syntax: "search <terms> [<field><op><value>] [<field> IN (<values>)] [NOT <expr>] [<expr> OR <expr>] [<time-modifiers>]",
    summary: "Reads events and keeps those that match; later in a pipeline, keeps the rows that match. Values are compared without regard to case, `*` stands for anything, OR binds tighter than AND.",
    examples: &[
        example!("| makeresults count=3 | streamstats count AS n | search n>1" => rows 2),
        example!("| makeresults | eval user=\"Admin\" | search user=adm*" => rows 1),
        example!("| makeresults | eval a=1, c=3 | search a=1 OR b=2 c=3" => rows 1),
    ],
    source: "Search Reference, search",
    support: Support::Full,
    parse,
};

#[derive(Debug)]
struct Search {
    expr: Option<Arc<SearchExpr>>,
    subs: Vec<Bound>,
    /// Reads events: the first command of its pipeline.
    base: bool,
}

fn parse(args: &Args, cx: &mut ParseCx<'_>) -> Option<Box<dyn Command>> {
    let Args::Search(expr) = args else { return None };
    let subs = match expr {
        Some(expr) => search::subsearches(expr).into_iter().map(|p| cx.bind(p)).collect(),
        None => Vec::new(),
    };
    if let Some(expr) = expr {
        timerange::check(expr, cx);
    }
    Some(Box::new(Search { expr: expr.clone().map(Arc::new), subs, base: cx.first }))
}

impl Command for Search {
    fn needs(&self, out: &FieldSet) -> FieldSet {
        let mut needs = out.clone();
        for (name, _) in self.reads() {
            needs.add(name);
        }
        if self.base && self.expr.as_deref().is_some_and(timerange::has_windows) {
            needs.add("_time");
        }
        // What searches in brackets give may name any field; a base search asks for those itself.
        needs.all |= !self.base && !self.subs.is_empty();
        needs
    }

    fn fields(&self, input: &Fields) -> Fields {
        if self.base { Fields::open() } else { input.clone() }
    }

    fn reads(&self) -> Vec<(String, Span)> {
        let mut reads = Vec::new();
        if let Some(expr) = &self.expr {
            search::reads(expr, &mut reads);
        }
        reads
    }

    fn subsearches(&self) -> Vec<&Bound> {
        self.subs.iter().collect()
    }

    fn makes_rows(&self) -> bool {
        false
    }

    fn plan(&self, input: Plan, cx: &PlanCx<'_>) -> Result<Plan, Failed> {
        let expr = match &self.expr {
            Some(expr) => Some(search::resolve(expr, &mut self.subs.iter(), cx)?),
            None => None,
        };
        if !self.base {
            let mut reads = Vec::new();
            expr.iter().for_each(|e| search::reads(e, &mut reads));
            let packed = input.open() && reads.iter().any(|(name, _)| !input.has_column(name));
            let input = if packed { cx.close(input)? } else { input };
            let condition = expr.as_ref().and_then(|e| search::condition(e, &input, false));
            return match condition {
                Some(condition) => input.filter(condition),
                None => Ok(input),
            };
        }
        let range = timerange::of(expr.as_ref(), cx)?;
        let expr = expr.map(|e| timerange::windows(e, cx)).transpose()?;
        let mut needs = self.needs(cx.out);
        if let Some(expr) = &expr {
            // What a search in brackets gave names fields of its own.
            let mut reads = Vec::new();
            search::reads(expr, &mut reads);
            needs = needs.with(reads.into_iter().map(|(name, _)| name));
        }
        let scan = Scan {
            needs,
            earliest: range.earliest,
            latest: range.latest,
            filter: expr.clone().map(Arc::new),
            ordered: cx.ordered,
            dataset: None,
        };
        let mut plan = Plan::new(cx.engine.scan(&scan)?);
        if let Some(condition) = expr.as_ref().and_then(|e| search::condition(e, &plan, true)) {
            plan = plan.filter(condition)?;
        }
        Ok(if cx.ordered { plan.newest_first() } else { plan })
    }
}
